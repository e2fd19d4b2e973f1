/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/heap_keeper: gives back what lies free in the proxy's heap.
 *
 * What goes out of the cache leaves holes of all lengths between what stays,
 * and what the allocator gives back by itself is only the end of the heap: so
 * for hours a proxy would seem to grow whose books say that it does not.  Once
 * a minute the whole pages among the holes go back to the kernel.
 *
 * Who allocates waits meanwhile: 0.1 ms with a cache of 24 MiB, 0.9 with one of
 * a GiB.  Where it takes longer it is done as much more seldom: never more than
 * the ten thousandth part of the time.  By the thread of the loop, which is no
 * worker.
 */
#ifndef GATEHOUSE_DAEMON_HEAP_KEEPER_H
#define GATEHOUSE_DAEMON_HEAP_KEEPER_H

#include "net/loop.h"

struct heap_keeper {
	struct loop_timer timer;
};

void heap_keeper_start(struct heap_keeper *keeper, struct loop *loop);
void heap_keeper_stop(struct heap_keeper *keeper); /* all zero is fine */

#endif
