/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/accept: which content codings a client takes (RFC 9110, 12.5.3).
 *
 * Weights are kept in thousandths.  A member that is malformed counts as
 * refused, and of two members for one coding the lower weight counts: what was
 * not clearly accepted is not sent.  Codings that we do not know are passed
 * over.
 *
 * Plain data, without memory or pointers.
 */
#ifndef GATEHOUSE_HTTP_ACCEPT_H
#define GATEHOUSE_HTTP_ACCEPT_H

#include "base/text.h"
#include "http/coding.h"
#include "http/fields.h"

struct http_accept {
	bool is_said;                       /* there is such a field */
	uint16_t weight[HTTP_CODING_COUNT]; /* 0: not taken; at most 1000 */
};

/* Without the field nothing but identity is taken for granted. */
struct http_accept http_accept_of(const struct http_fields *fields);

/*
 * The one of `ours` (in our order of preference) that the client likes best,
 * or IDENTITY where it likes that better or takes none of them.
 */
enum http_coding http_accept_choose(const struct http_accept *accept,
    const enum http_coding *ours, size_t count);

/*
 * Whether content in this coding may be sent as it is.  Without the field any
 * coding may be.
 */
bool http_accept_has(const struct http_accept *accept, enum http_coding coding);

/* Of the longest one: "br, zstd, gzip, identity;q=0". */
#define HTTP_ACCEPT_TEXT_BYTES_MAX 32

/*
 * The same wish in one spelling, as a value of the field: of `ours` those that
 * are taken, the liked ones first and among equals in our order.  Two clients
 * with the same text are served by the same variant, so it may stand in a
 * cache's secondary key and in the request to the server.  Empty if only
 * identity is taken.
 */
void http_accept_add(const struct http_accept *accept,
    const enum http_coding *ours, size_t count, struct text *out);

#endif
