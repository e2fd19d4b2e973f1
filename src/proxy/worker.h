/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/worker: a thread of the proxy, with a loop of its own.
 *
 * Each worker accepts from all listeners, keeps its own resolver, its own pool
 * of connections to servers and its own clients.  Shared are the generation,
 * the counters, who has a slot at which server, and what a pool holds that
 * another worker has use for.  The thread that creates the workers hands them a
 * new generation by message, and each changes over between two events.
 *
 * Fields are for the worker's own thread.
 */
#ifndef GATEHOUSE_PROXY_WORKER_H
#define GATEHOUSE_PROXY_WORKER_H

#include "base/arena.h"
#include "base/text.h"
#include "net/loop.h"
#include "net/resolver.h"
#include "proxy/generation.h"

struct client;
struct pool;
struct worker_listener;

struct worker {
	struct loop *loop;
	struct resolver *resolver;
	struct pool *pool;
	struct slots *slots;                 /* of all workers */
	struct proxy_generation *generation; /* NULL until the first */
	struct worker_listener *listeners;
	size_t listener_count;
	struct loop_timer accept_again;
	struct client *clients;
	struct arena_spare spare; /* for the clients' arenas */
	struct text scratch;      /* for what is written within one call */
};

struct workers;

/*
 * Starts so many threads, at most PROXY_WORKERS_MAX; from now on only calls of
 * `workers_` reach them.  0 or a negative errno.
 */
int workers_create(size_t count, struct workers **ret);

/* Has each use it from now on.  0, or -ENOMEM and then none does. */
int workers_use(struct workers *workers, struct proxy_generation *generation);

/* Has each end the connections of clients in the range.  0 or -ENOMEM. */
int workers_end(struct workers *workers, const struct address_range *range);

/* Ends all connections and threads; NULL is fine. */
void workers_destroy(struct workers **workers);

/*
 * The name that this proxy goes by in Via, made up at the start: so a chain of
 * several Gatehouses is not taken for a loop.  Any thread.
 */
struct str worker_via(void);

/* For proxy/client. */
void worker_add_client(struct worker *worker, struct client *client);
void worker_remove_client(struct worker *worker, struct client *client);

#endif
