/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/parents: which servers of parents are down.
 *
 * One for each policy, shared by all workers: what one of them found out spares
 * all others the same time-out.  A server that could not be reached is
 * passed over for PROXY_PARENT_BACKOFF, then tried again; whoever reaches it
 * before says so.  Nothing is asked of a server only to see how it is.
 *
 * And with whom TLS is spoken: what is trusted, and the sessions to resume.
 *
 * Any thread.
 */
#ifndef GATEHOUSE_PROXY_PARENTS_H
#define GATEHOUSE_PROXY_PARENTS_H

#include "net/tls.h"
#include "policy/policy.h"

struct parents;

/* All are up; with one reference.  NULL: no memory. */
struct parents *parents_create(const struct policy *policy);
struct parents *parents_ref(struct parents *parents);
void parents_unref(struct parents *parents); /* NULL is fine */

/* Takes over what is known of the same servers in another policy. */
void parents_follow(struct parents *parents, const struct policy *policy,
    const struct parents *before, const struct policy *policy_before);

/*
 * Makes ready what TLS needs, of the servers that parents_follow has brought
 * nothing of.  0, or a negative errno and the reason in words.
 */
int parents_secure(struct parents *parents, const struct policy *policy,
    struct text *reterr_why);

/* Lent; NULL for a server without TLS, or before parents_secure. */
struct tls_peer *parents_peer(const struct parents *parents, size_t nth);

/* `nth` is that of struct policy_parent_server, `now` of clock_now. */
bool parents_is_down(const struct parents *parents, size_t nth, int64_t now);
void parents_note_down(struct parents *parents, size_t nth, int64_t now);
void parents_note_up(struct parents *parents, size_t nth);

#endif
