/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/identities: who the proxy is at its listeners that speak TLS, and whose
 * certificates it takes there.
 *
 * One for a policy, made of what its files say; never changes, any thread.  The
 * keys of tickets are those of the policy before, for they are the process's.
 */
#ifndef GATEHOUSE_PROXY_IDENTITIES_H
#define GATEHOUSE_PROXY_IDENTITIES_H

#include "base/text.h"
#include "net/tls_accept.h"
#include "policy/policy.h"

struct identities;

/*
 * Of the policy with this number; *ret is NULL if none of its listeners speaks
 * TLS.  before may be NULL.  0 and one reference, -ENOMEM, or -EINVAL and why.
 */
int identities_create(const struct policy *policy, uint32_t number,
    const struct identities *before, struct identities **ret,
    struct text *reterr_why);

/* NULL is fine for both. */
struct identities *identities_ref(struct identities *identities);
void identities_unref(struct identities *identities);

/* Lent. */
struct tls_server *identities_server(const struct identities *identities);

/* Whether the listener speaks TLS; identities may be NULL. */
bool identities_are_at(
    const struct identities *identities, const struct address_port *listener);

/* Of a session, as text. */
#define IDENTITIES_SESSION_BYTES 80

/*
 * What a client is answered that says such a hello there; all of it is the
 * identities', but for `session`, which is written to the buffer.  False: the
 * listener speaks no TLS.
 */
bool identities_answer(const struct identities *identities,
    const struct address_port *listener, const struct hello *hello,
    char session[static IDENTITIES_SESSION_BYTES], struct tls_answer *ret);

#endif
