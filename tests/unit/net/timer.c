/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The heap of timers against a naive twin, and at the sizes of a busy proxy.
 */
#include "net/timer.h"
#include "harness.h"

#define TIMERS 64

static struct timer *
first_of(struct timer *const in[TIMERS])
{
	struct timer *first = NULL;

	for (size_t i = 0; i < TIMERS; i++)
		if (in[i] != NULL &&
		    (first == NULL || in[i]->deadline < first->deadline ||
			(in[i]->deadline == first->deadline &&
			    in[i]->order < first->order)))
			first = in[i];
	return first;
}

static void
agrees_with_a_naive_twin(void **state)
{
	struct timer timers[TIMERS], *in[TIMERS] = { NULL };
	struct timer_heap heap = { .first = NULL };
	unsigned short seed[3] = { 1, 2, 3 };

	(void)state;
	for (int step = 0; step < 20000; step++) {
		size_t i = (size_t)nrand48(seed) % TIMERS;
		if (in[i] != NULL) {
			timer_heap_remove(&heap, in[i]);
			in[i] = NULL;
		} else {
			/* Few deadlines, so that ties are common. */
			timers[i].deadline = nrand48(seed) % 16;
			timer_heap_add(&heap, &timers[i]);
			in[i] = &timers[i];
		}
		assert_ptr_equal(heap.first, first_of(in));
		assert_true(timer_heap_validate(&heap));
	}
}

/* All siblings of one parent at first, then one chain: the stack holds. */
static void
large_heaps_come_out_in_order(void **state)
{
	const size_t count = 200000;
	struct timer *timers = calloc(count, sizeof(*timers));

	(void)state;
	assert_non_null(timers);
	for (int pass = 0; pass < 2; pass++) {
		struct timer_heap heap = { .first = NULL };
		int64_t before = INT64_MIN;
		for (size_t i = 0; i < count; i++) {
			timers[i].deadline =
			    (int64_t)(pass == 0 ? i : count - i);
			timer_heap_add(&heap, &timers[i]);
		}
		for (size_t i = 0; i < count; i++) {
			struct timer *first = heap.first;
			assert_true(first->deadline >= before);
			before = first->deadline;
			timer_heap_remove(&heap, first);
		}
		assert_null(heap.first);
	}
	free(timers);
}

static void
validate_sees_a_broken_heap(void **state)
{
	struct timer timers[3] = { { .deadline = 1 }, { .deadline = 2 },
		{ .deadline = 3 } };
	struct timer_heap heap = { .first = NULL };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(timers); i++)
		timer_heap_add(&heap, &timers[i]);
	assert_true(timer_heap_validate(&heap));
	timers[2].deadline = 0;
	assert_false(timer_heap_validate(&heap));
	timers[2].deadline = 3;
	timers[1].prev = &timers[0];
	timers[2].prev = &timers[1];
	assert_false(timer_heap_validate(&heap));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_a_naive_twin),
		cmocka_unit_test(large_heaps_come_out_in_order),
		cmocka_unit_test(validate_sees_a_broken_heap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
