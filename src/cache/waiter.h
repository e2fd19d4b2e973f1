/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/waiter: somebody who is called in the loop of his own thread, once,
 * when another thread has brought what he waits for.
 *
 *	IDLE --arm--> ARMED --wake--> POSTED --(the loop's round)--> IDLE, fn
 *
 * Life cycle.  Made and cancelled in the thread of the loop; armed and woken by
 * whoever holds the lock of the thing that is waited for.  A waiter that was
 * cancelled while its message lay in the mailbox is silent and freed when the
 * message arrives, so a loop that ends takes its mail first (loop_deliver).
 */
#ifndef GATEHOUSE_CACHE_WAITER_H
#define GATEHOUSE_CACHE_WAITER_H

#include "net/loop.h"

struct cache_waiter;

typedef void (*cache_waiter_fn)(void *context);

/*
 * Not called any more; *waiter becomes NULL, and NULL is fine.  In the thread
 * of its loop.  One that was called is gone by itself: its owner forgets it.
 */
void cache_waiter_cancel(struct cache_waiter **waiter);

#endif
