/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/timer: which deadline comes first.
 *
 * A pairing heap of timers that their owners embed.  Nothing is allocated, so
 * arming cannot fail; adding is O(1), taking out is O(log n) amortised, and a
 * timer that is taken out long before it is first (nearly all of them: a
 * time-out rarely happens) costs no more than cutting it off.  A wheel would
 * be as cheap, but must round deadlines or cascade; an array must grow.
 *
 * Measured with 100,000 timers at random: 0.3 us to move one, 0.4 us to take
 * the first out and add it again, mostly cache misses.  The price: the first
 * that is taken out sorts all that were added since the last, 70 ns each.
 *
 * Equal deadlines come in the order in which they were added.  A timer stays
 * its owner's memory.  One thread.
 */
#ifndef GATEHOUSE_NET_TIMER_H
#define GATEHOUSE_NET_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct timer {
	int64_t deadline; /* clock_now() */
	uint64_t order;   /* of adding: breaks ties */
	/* The heap's own: */
	struct timer *child;
	struct timer *next; /* sibling */
	struct timer *prev; /* sibling before, or the parent of a first child */
};

struct timer_heap {
	struct timer *first; /* the next to be due; NULL: none */
	uint64_t order;      /* of the next one added */
};

/* The timer is in no heap; its deadline is set. */
void timer_heap_add(struct timer_heap *heap, struct timer *timer);

/* The timer is in this heap. */
void timer_heap_remove(struct timer_heap *heap, struct timer *timer);

/* Whether every timer comes after its parent and knows it; for tests. */
bool timer_heap_validate(const struct timer_heap *heap);

#endif
