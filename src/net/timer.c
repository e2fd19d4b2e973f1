/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/timer: a pairing heap (Fredman, Sedgewick, Sleator, Tarjan, 1986).
 *
 * Each timer holds its children as a list:
 *
 *	first -> child -> child's children ...
 *	           |next   ^prev of the first child is the parent
 *	           v
 *	         child ->  ...
 *
 * No function recurses: a peer that opens connections decides how deep and
 * how broad the heap becomes.
 */
#include "net/timer.h"

#include <stddef.h>

static bool
comes_before(const struct timer *a, const struct timer *b)
{
	if (a->deadline != b->deadline)
		return a->deadline < b->deadline;
	return a->order < b->order;
}

/* Joins two heaps, neither of which has siblings; either may be NULL. */
static struct timer *
meld(struct timer *a, struct timer *b)
{
	if (a == NULL)
		return b;
	if (b == NULL)
		return a;
	if (comes_before(b, a)) {
		struct timer *swap = a;
		a = b;
		b = swap;
	}
	b->prev = a;
	b->next = a->child;
	if (a->child != NULL)
		a->child->prev = b;
	a->child = b;
	return a;
}

/* Takes the head of a list of siblings off; it stands alone afterwards. */
static struct timer *
pop_sibling(struct timer **list)
{
	struct timer *timer = *list;

	if (timer == NULL)
		return NULL;
	*list = timer->next;
	timer->next = NULL;
	timer->prev = NULL;
	return timer;
}

/*
 * Makes one heap of a list of siblings: first neighbours from left to right,
 * then the pairs from right to left.  The two passes are what makes the cost
 * logarithmic; one pass would not.
 */
static struct timer *
meld_siblings(struct timer *list)
{
	struct timer *pairs = NULL, *whole = NULL, *pair;

	while (list != NULL) {
		pair = pop_sibling(&list);
		pair = meld(pair, pop_sibling(&list));
		pair->next = pairs;
		pairs = pair;
	}
	while ((pair = pop_sibling(&pairs)) != NULL)
		whole = meld(whole, pair);
	return whole;
}

void
timer_heap_add(struct timer_heap *heap, struct timer *timer)
{
	timer->order = heap->order++;
	timer->child = NULL;
	timer->next = NULL;
	timer->prev = NULL;
	heap->first = meld(heap->first, timer);
}

static void
unlink_from_siblings(struct timer *timer)
{
	if (timer->prev->child == timer)
		timer->prev->child = timer->next;
	else
		timer->prev->next = timer->next;
	if (timer->next != NULL)
		timer->next->prev = timer->prev;
}

void
timer_heap_remove(struct timer_heap *heap, struct timer *timer)
{
	struct timer *below = meld_siblings(timer->child);

	if (heap->first == timer) {
		heap->first = below;
	} else {
		unlink_from_siblings(timer);
		heap->first = meld(heap->first, below);
	}
	timer->child = NULL;
	timer->next = NULL;
	timer->prev = NULL;
}

static bool
children_are_sound(const struct timer *parent)
{
	const struct timer *before = parent;

	for (const struct timer *t = parent->child; t != NULL; t = t->next) {
		if (t->prev != before || comes_before(t, parent))
			return false;
		before = t;
	}
	return true;
}

/* The timer after this one when children are visited before siblings. */
static const struct timer *
successor(const struct timer *timer)
{
	if (timer->child != NULL)
		return timer->child;
	while (timer->next == NULL) {
		while (timer->prev != NULL && timer->prev->child != timer)
			timer = timer->prev;
		if (timer->prev == NULL)
			return NULL;
		timer = timer->prev;
	}
	return timer->next;
}

bool
timer_heap_validate(const struct timer_heap *heap)
{
	if (heap->first == NULL)
		return true;
	if (heap->first->prev != NULL || heap->first->next != NULL)
		return false;
	for (const struct timer *t = heap->first; t != NULL; t = successor(t))
		if (!children_are_sound(t))
			return false;
	return true;
}
