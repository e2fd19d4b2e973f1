/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/waiter, for the things of this part that are waited for.
 *
 * A thing that is waited for has a lock and a list of waiters.  `armed` and
 * `posted` are under that lock; `silent` is only for the loop's thread, which
 * both cancels and delivers.
 */
#ifndef GATEHOUSE_CACHE_WAITER_IMPL_H
#define GATEHOUSE_CACHE_WAITER_IMPL_H

#include "cache/waiter.h"

#include <pthread.h>

struct cache_waiter {
	struct loop_message message; /* the first: a message is its waiter */
	struct loop *loop;
	cache_waiter_fn fn;
	void *context;
	pthread_mutex_t *lock;      /* lives longer than the waiter */
	struct cache_waiter *next;  /* armed: in the list */
	struct cache_waiter **link; /* NULL: not armed */
	bool posted;
	bool silent;
	bool again; /* lives on after it was called */
};

/* NULL: no memory. */
struct cache_waiter *cache_waiter_create(pthread_mutex_t *lock,
    struct loop *loop, cache_waiter_fn fn, void *context);

/* The following with the lock. */

/* Does nothing to one that is armed or posted. */
void cache_waiter_arm(struct cache_waiter *waiter, struct cache_waiter **list);

/* Calls it whether it was armed or not; not if it is posted already. */
void cache_waiter_post(struct cache_waiter *waiter);

/* Calls all; how many. */
size_t cache_waiter_post_all(struct cache_waiter **list);

#endif
