/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/learned: what a client is about to learn of a name.
 *
 * Told before the answer goes out, so that whoever has to know which addresses
 * stand for which name (the kernel, for rules that ask for names) knows it when
 * the client's first packet comes.
 */
#ifndef GATEHOUSE_PROXY_LEARNED_H
#define GATEHOUSE_PROXY_LEARNED_H

#include "dns/answer.h"

struct worker;
struct proxy_generation;

struct learned_ticket;

/* It may go out. */
typedef void (*learned_fn)(struct learned_ticket *ticket);

/* The caller's, zero but for fn and context; lives until fn was called or the
 * ticket is cancelled. */
struct learned_ticket {
	learned_fn fn;
	void *context;
	struct learned_ticket *next, **at; /* at == NULL: it does not wait */
};

/* All of it is lent for the call. */
struct learned {
	const struct proxy_generation *generation; /* that it was judged by */
	uint8_t zone;                              /* of the client */
	struct address source;
	struct str name; /* that it asked for, as policies compare it */
	const struct dns_answer *answer; /* aliases, addresses, and TTL */
	bool stale;
};

/* False: nobody has to be told of this name for this zone, so no answer
 * waits. */
bool learned_may_wait(
    const struct proxy_generation *generation, uint8_t zone, struct str name);

/* True: the answer may go out at once.  False: the ticket's fn is called, from
 * the loop, when it may. */
bool learned_tell(struct worker *worker, const struct learned *learned,
    struct learned_ticket *ticket);

/* Does nothing to one that does not wait. */
void learned_cancel(struct learned_ticket *ticket);

/* The worker ends, and nobody waits with it any more. */
void learned_end(struct worker *worker);

#endif
