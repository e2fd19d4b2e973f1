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
 * All belongs to the thread of the loop.
 */
#ifndef GATEHOUSE_PROXY_POOL_H
#define GATEHOUSE_PROXY_POOL_H

#include "base/address.h"
#include "net/stream.h"

struct pool;

struct pool_key {
	struct address_port server; /* family NONE: through a parent */
	struct str
	    through; /* all of it, exactly; empty: to the server itself */
};

/* NULL: no memory. */
struct pool *pool_create(struct loop *loop);

/* Closes all that waits; NULL is fine. */
void pool_destroy(struct pool **pool);

/* A connection to it, the caller's now, or NULL. */
struct stream *pool_take(struct pool *pool, struct pool_key key);

/*
 * Takes the stream, on which nothing is under way; it is closed at once when
 * there is no room, or when the server has said or ended something.
 */
void pool_put(struct pool *pool, struct pool_key key, struct stream **stream);

/* How many wait. */
size_t pool_count(const struct pool *pool);

#endif
