/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/pool: connections to servers that wait for another request.
 *
 * Kept by address and port, which the policy admits anew for each request, so
 * that a kept connection is never a way to a place that a new one could not
 * reach.  The newest is taken first; what waits for longer than
 * PROXY_POOL_TIMEOUT, or says anything, or ends, is closed.
 *
 * All belongs to the thread of the loop.
 */
#ifndef GATEHOUSE_PROXY_POOL_H
#define GATEHOUSE_PROXY_POOL_H

#include "base/address.h"
#include "net/stream.h"

struct pool;

/* NULL: no memory. */
struct pool *pool_create(struct loop *loop);

/* Closes all that waits; NULL is fine. */
void pool_destroy(struct pool **pool);

/* A connection to it, the caller's now, or NULL. */
struct stream *pool_take(struct pool *pool, struct address_port server);

/*
 * Takes the stream, on which nothing is under way; it is closed at once when
 * there is no room, or when the server has said or ended something.
 */
void pool_put(
    struct pool *pool, struct address_port server, struct stream **stream);

/* How many wait. */
size_t pool_count(const struct pool *pool);

#endif
