/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/pool, for its own files: pool.c keeps and takes, pool_others.c looks
 * into the pools of other threads, pool_room.c ends what is in the way.
 *
 * Two chains through every entry: its bucket, newest first, and all entries by
 * age, so that the timer only ever looks at the oldest.
 *
 * The lock of a pool guards both, and what is left behind; its streams, its
 * timer and its loop are its own thread's.  Nobody ever holds two locks.
 */
#ifndef GATEHOUSE_PROXY_POOL_IMPL_H
#define GATEHOUSE_PROXY_POOL_IMPL_H

#include "proxy/pool.h"

#include <pthread.h>
#include <stdatomic.h>

#define POOL_BUCKETS 256 /* a power of two */

struct pool_entry {
	struct pool *pool;
	struct stream *stream; /* its own thread's */
	struct slot *slot;     /* goes with the connection */
	int fd;                /* the stream's; -1: it cannot change thread */
	struct pool_key key;   /* its text stands behind the entry */
	int64_t since;
	bool left;                       /* another thread has the connection */
	struct pool_entry *next, **link; /* in the bucket, or left behind */
	struct pool_entry *newer, *older;
};

struct pool_bucket {
	struct pool_entry *newest;
	_Atomic unsigned count; /* written under the lock, read without */
};

struct pool {
	struct pools *pools;
	struct loop *loop;
	pthread_mutex_t lock;
	struct pool_bucket buckets[POOL_BUCKETS];
	struct pool_entry *newest, *oldest;
	size_t count;
	struct pool_entry *left;    /* by those who took the connection */
	bool told;                  /* the message is on its way */
	struct loop_message behind; /* look what was left */
	struct loop_timer timer;
};

/* All pools of the process. */
struct pools {
	struct pool *members[PROXY_WORKERS_MAX];
	size_t member_count;
	_Atomic unsigned count;
	/* How many wait in each bucket of all pools: who finds none need not
	 * look, and who counts need not ask. */
	_Atomic unsigned buckets[POOL_BUCKETS];
};

size_t pool_bucket_of(struct pool_key key);

/* Under the lock of its pool: it is in no chain any more. */
void pool_unlink(struct pool_entry *entry);

/* How many wait for it in all pools.  No lock is held. */
size_t pools_count_to(struct pools *pools, struct pool_key key);

/*
 * The connection of another thread that waits for it: a descriptor that is the
 * caller's, as its slot is, or -ENOENT.  No lock is held.
 */
int pools_take_from_others(
    struct pool *pool, struct pool_key key, struct slot **ret_slot);

/* Under the lock of the entry's pool, which another thread has: the slot is the
 * caller's.  Whether that thread must be told, by the message. */
bool pool_leave_behind(struct pool_entry *entry, struct slot **ret_slot);

/* The message: frees what other threads have left behind. */
void pool_clear_left(struct loop *loop, struct loop_message *message);

#endif
