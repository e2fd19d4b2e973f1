/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/choice: what the policy says of how the proxy works, as HTTP has it.
 *
 * The policy knows codings and whom to tell of as words; http knows what they
 * are on the wire.  Neither knows the other.
 */
#ifndef GATEHOUSE_PROXY_CHOICE_H
#define GATEHOUSE_PROXY_CHOICE_H

#include "http/coding.h"
#include "http/write.h"
#include "policy/policy.h"

/* What may be made, the preferred one first; how many. */
size_t choice_codings(const struct policy *policy,
    enum http_coding ret[static HTTP_CODING_COUNT]);

/* For content on its way; where none is said, the swift one, and it is ours. */
int choice_level(const struct policy *policy, enum http_coding coding);
bool choice_level_is_ours(const struct policy *policy, enum http_coding coding);

/*
 * What the server is told of the client and of us: takes fields out of the
 * request (`private`), sets `via` and `forwarded_for` of the options.  Once the
 * policy has judged the request: its conditions hold of what the client wrote.
 * 0 or -ENOMEM: then it must not be sent.
 */
int choice_tell(const struct policy *policy, struct address client,
    struct str via, struct arena *arena, struct http_request *request,
    struct http_request_options *options);

#endif
