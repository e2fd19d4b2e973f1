/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns/forwarder: answers from the store, and else from others.
 *
 * Who asks what is being asked already waits for the same answer.  What is in
 * the store and not too old is given without asking; of what is nearly over a
 * new one is fetched meanwhile.  What is stale is given when nobody answers, or
 * not soon enough (RFC 8767, 5), and then for a while without asking again.
 *
 * One a worker, with its loop; the store is that of all.
 */
#ifndef GATEHOUSE_DNS_FORWARDER_H
#define GATEHOUSE_DNS_FORWARDER_H

#include "dns/store.h"
#include "dns/upstream.h"

/* Questions that are under way, of one worker: each has a socket. */
#define DNS_FORWARDER_ASKS_MAX 1024

/* RFC 8767, 5: the client response timer. */
#define DNS_STALE_PATIENCE (1800 * CLOCK_MS)

struct dns_forward;
struct dns_forwarder;

/* The answer, lent; NULL: no memory.  It waits no more. */
typedef void (*dns_forward_fn)(
    struct dns_forward *forward, struct dns_answer *answer, bool stale);

/* Who waits; the caller's memory, zero but for fn and context. */
struct dns_forward {
	dns_forward_fn fn;
	void *context;
	struct dns_forward *next, **at; /* at == NULL: it does not wait */
};

/* NULL: no memory. */
struct dns_forwarder *dns_forwarder_create(
    struct loop *loop, struct dns_store *store);

/* Nobody waits; NULL is fine. */
void dns_forwarder_destroy(struct dns_forwarder *forwarder);

/* Whom it asks from now on; no wish: the host's own servers, as they change.
 * 0, or -ENOMEM and it asks nobody: to be told again; the host's it finds by
 * itself. */
int dns_forwarder_use(struct dns_forwarder *forwarder,
    const struct dns_server_wish *wishes, size_t count,
    struct dns_ttl_limits limits);

/*
 * What there is and needs no asking, with a reference; NULL: none.  *ret_stale:
 * its time is over, and those who know are not to be asked again yet.
 */
struct dns_answer *dns_forwarder_find(struct dns_forwarder *forwarder,
    const struct dns_key *key, bool *ret_stale);

/* Has fn called, once, from the loop.  0; -ENOBUFS; -ENOMEM. */
int dns_forwarder_ask(struct dns_forwarder *forwarder,
    const struct dns_key *key, struct dns_forward *forward);

/* Does nothing to one that does not wait. */
void dns_forward_cancel(struct dns_forward *forward);

#endif
