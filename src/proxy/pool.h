/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/pool: connections to servers that wait for another request.
 *
 * Kept by where they lead, which the policy admits anew for each request, so
 * that a kept connection is never a way to a place that a new one could not
 * reach: an address and port, or a server of a parent and what it was asked
 * for.  The newest is taken first; what waits for longer than
 * PROXY_POOL_TIMEOUT, or says anything, or ends, is closed.
 *
 * Each thread has a pool of its own, and one that finds nothing there takes
 * from those of the others: it is the same process, with the same privileges,
 * and the policy that admitted the request is the same.  Only bare connections
 * change thread, not what a transport of its own carries (TLS).  PROXY_POOL_MAX
 * and PROXY_POOL_PER_SERVER_MAX hold for all pools together.
 *
 * A pool and its calls belong to the thread of its loop.
 */
#ifndef GATEHOUSE_PROXY_POOL_H
#define GATEHOUSE_PROXY_POOL_H

#include "base/address.h"
#include "net/stream.h"
#include "proxy/limits.h"
#include "proxy/slots.h"

struct pool;
struct pools;

struct pool_key {
	struct address_port server; /* family NONE: through a parent */
	struct address from;        /* family NONE: as the kernel chose */
	struct str
	    through; /* all of it, exactly: the parent, or for whom TLS is
		      * spoken; empty: neither */
	/* The client that it is kept for, which has proved by it who it is
	 * (http/authentication); 0: anybody. */
	uint64_t owner;
};

bool pool_key_eq(struct pool_key a, struct pool_key b);

/* The pools of a process, none yet.  NULL: no memory. */
struct pools *pools_create(void);

/* After all of its pools; NULL is fine. */
void pools_destroy(struct pools **pools);

/*
 * One more of them, PROXY_WORKERS_MAX at most, before any of their threads
 * runs.  NULL: no memory.
 */
struct pool *pool_create(struct loop *loop, struct pools *pools);

/* Closes all that waits, once no other thread runs any more; NULL is fine. */
void pool_destroy(struct pool **pool);

/* What waits: a connection, and the slot at the server that it holds. */
struct pool_kept {
	struct stream *stream;
	struct slot *slot; /* NULL: it is not counted */
};

/* A connection to it, the caller's now, and true; or false. */
bool pool_take(struct pool *pool, struct pool_key key, struct pool_kept *ret);

/*
 * Takes both; the stream, on which nothing is under way, is closed at once when
 * there is no room, or when the server has said or ended something.
 */
void pool_put(struct pool *pool, struct pool_key key, struct pool_kept *kept);

/*
 * Ends a connection to the server, of whatever key, the oldest, and hands out
 * the slot that it held; NULL: there is none.
 */
struct slot *pool_take_slot(struct pool *pool, struct address_port server);

/* How many wait in this one. */
size_t pool_count(struct pool *pool);

#endif
