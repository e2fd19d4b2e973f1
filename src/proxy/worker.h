/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/worker: a thread of the proxy, with a loop of its own.
 *
 * Each worker accepts from all listeners, keeps its own resolver, its own pool
 * of connections to servers and its own clients.  Shared are the generation,
 * the counters, who has a slot at which server, and what a pool holds that
 * another worker has use for.  They are
 * told what to do by proxy/workers, between two events.
 *
 * Fields are for the worker's own thread.
 */
#ifndef GATEHOUSE_PROXY_WORKER_H
#define GATEHOUSE_PROXY_WORKER_H

#include "base/arena.h"
#include "base/text.h"
#include "cache/store.h"
#include "event/tally.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "proxy/generation.h"
#include "proxy/learning.h"
#include "proxy/sources.h"

struct alias_datagram;
struct aliases;
struct banned;
struct callers;
struct client;
struct crowd;
struct dns_front;
struct fill;
struct learned_lesson;
struct learned_recent;
struct http_coder_pool;
struct pool;
struct sessions;
struct quic_flows;
struct recode;
struct refresh;
struct refusals;
struct thorough;
struct who;
struct worker_listener;

struct worker {
	struct loop *loop;
	struct resolver *resolver;
	const struct banned *banned; /* shared by all, as are callers */
	struct callers *callers;
	struct crowd *crowd;       /* of clients; of all workers */
	struct crowd *slow_heads;  /* so too */
	struct who *who;           /* of all workers, too */
	struct thorough *thorough; /* so too */
	struct refusals *refusals; /* so too */
	struct aliases *aliases;   /* of all workers, too */
	struct alias_datagram *datagrams;
	size_t datagram_count;
	struct pool *pool;
	struct sessions *sessions;           /* of HTTP/2, to servers */
	struct slots *slots;                 /* of all workers */
	struct sources *sources;             /* so too; NULL: none are made */
	struct learning *learning;           /* so too; NULL: nobody learns */
	struct learned_lesson *lessons;      /* (proxy/learned) */
	struct learned_recent *recent;       /* so too; NULL: none yet */
	struct proxy_generation *generation; /* NULL until the first */
	struct worker_listener *listeners;
	size_t listener_count;
	struct loop_timer accept_again;
	bool takes_datagrams; /* whose order counts: one of them alone does */
	bool drains;          /* each request is its connection's last */
	struct client *clients;
	struct dns_front *dns;
	struct cache_user cache; /* the cache is that of all workers */
	struct quic_flows *quic; /* NULL: none has come here */
	struct fill *fills;
	struct refresh *refreshes;
	struct recode *recodes;
	struct http_coder_pool *coders; /* NULL until one is needed */
	struct loop_timer coders_rest;
	struct arena_spare spare; /* for the clients' arenas */
	struct text scratch;      /* for what is written within one call */
	struct tally_slot tally;  /* of what it decides */
};

/*
 * The name that this proxy goes by in Via, made up at the start: so a chain of
 * several Gatehouses is not taken for a loop.  Any thread.
 */
struct str worker_via(void);

/* ---- for proxy/workers ---- */

/* Before there are threads. */
void worker_choose_via(void);

/* Uses it from now on; takes the reference. */
void worker_change_over(
    struct worker *worker, struct proxy_generation *generation);

/* Ends what the clients of the range have. */
void worker_ban(struct worker *worker, const struct address_range *range);

/* Ends the flows whose quota is used up. */
void worker_end_used_up(struct worker *worker);

/* Nobody is accepted any more; each client's next answer is its last. */
void worker_drain(struct worker *worker);

/* All that it has to do with others; its thread is about to end. */
void worker_end_all(struct worker *worker);

/* ---- for proxy/client ---- */

void worker_add_client(struct client **list, struct client *client);
void worker_remove_client(struct client *client);

#endif
