/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boxes and sets of spans beside a naive copy: a small world of points, each of
 * which is in a set or not.  What is cut out of a box are boxes that do not
 * meet and have just the points that are left.
 */
#include "import/box.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define POINTS 12 /* on each line */
#define ROUNDS 2000

/* The last ones lie where the low half of a key overflows. */
static struct key
key_of_point(unsigned point)
{
	struct key key = { 0, point };

	if (point >= POINTS / 2) {
		key.high = point > POINTS / 2 + 1;
		key.low = point > POINTS / 2 + 1
			      ? point - POINTS / 2 - 2
			      : UINT64_MAX - 1 + (point - POINTS / 2);
	}
	return key;
}

static bool
has(struct span_set set, unsigned point)
{
	struct key key = key_of_point(point);
	struct span span = { key, key };

	return span_set_covers(set, (struct span_set){ &span, 1 });
}

static struct span_set
some_set(struct arena *arena, bool ret_in[POINTS])
{
	struct span spans[POINTS];
	size_t count = 0;

	for (unsigned i = 0; i < POINTS; i++) {
		ret_in[i] = rand() % 2 == 0;
		if (ret_in[i])
			spans[count++] =
			    (struct span){ key_of_point(i), key_of_point(i) };
	}
	return span_set_make(arena, spans, count);
}

static void
sets_are_as_their_points(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		bool in_a[POINTS], in_b[POINTS], meet = false, covers = true;
		struct arena arena;
		arena_init(&arena, 1 << 20);
		struct span_set a = some_set(&arena, in_a);
		struct span_set b = some_set(&arena, in_b);
		struct span_set both = span_set_and(&arena, a, b);
		struct span_set any = span_set_or(&arena, a, b);
		struct span_set less = span_set_minus(&arena, a, b);
		struct span_set not_a = span_set_not(&arena, a);
		for (unsigned i = 0; i < POINTS; i++) {
			assert_int_equal(has(a, i), in_a[i]);
			assert_int_equal(has(not_a, i), !in_a[i]);
			assert_int_equal(has(both, i), in_a[i] && in_b[i]);
			assert_int_equal(has(any, i), in_a[i] || in_b[i]);
			assert_int_equal(has(less, i), in_a[i] && !in_b[i]);
			meet |= in_a[i] && in_b[i];
			covers &= in_a[i] || !in_b[i];
		}
		assert_int_equal(span_set_meet(a, b), meet);
		assert_int_equal(span_set_covers(a, b), covers);
		assert_true(span_set_eq(span_set_not(&arena, not_a), a));
		arena_fini(&arena);
	}
}

static struct box
some_box(struct arena *arena)
{
	bool in[POINTS];

	return (struct box){ (uint64_t)rand() % 8, (uint64_t)rand() % 8,
		some_set(arena, in), some_set(arena, in), some_set(arena, in) };
}

static bool
box_has(const struct box *box, const unsigned point[5])
{
	return (box->in >> point[0] & 1) != 0 &&
	       (box->out >> point[1] & 1) != 0 && has(box->src, point[2]) &&
	       has(box->dst, point[3]) && has(box->service, point[4]);
}

static void
what_is_left_of_a_box_is_boxes(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct box left[BOX_CUTS];
		struct arena arena;
		arena_init(&arena, 1 << 20);
		struct box a = some_box(&arena), b = some_box(&arena);
		struct box both = box_and(&arena, &a, &b);
		size_t count = box_minus(&arena, &a, &b, left);
		for (int probe = 0; probe < 50; probe++) {
			unsigned point[5] = { (unsigned)rand() % 3,
				(unsigned)rand() % 3, (unsigned)rand() % POINTS,
				(unsigned)rand() % POINTS,
				(unsigned)rand() % POINTS };
			bool in_a = box_has(&a, point);
			bool in_b = box_has(&b, point);
			int times = 0;
			for (size_t i = 0; i < count; i++)
				times += box_has(&left[i], point);
			assert_int_equal(times, in_a && !in_b ? 1 : 0);
			assert_int_equal(box_has(&both, point), in_a && in_b);
			if (in_a && in_b)
				assert_true(box_meet(&a, &b));
		}
		assert_int_equal(box_meet(&a, &b), !box_is_empty(&both));
		if (!box_is_empty(&a))
			assert_int_equal(box_covers(&b, &a), count == 0);
		arena_fini(&arena);
	}
}

static void
addresses_are_keys_and_back(void **state)
{
	static const char *const texts[] = { "0.0.0.0", "192.0.2.1",
		"255.255.255.255", "::", "2001:db8::1",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct address_range range;
		const char *why;
		assert_int_equal(
		    address_range_parse(str_of(texts[i]), &range, &why), 0);
		struct span span = span_of_range(&range);
		struct address_range again = span_to_range(span);
		assert_true(address_eq(range.first, again.first));
		assert_true(address_eq(range.last, again.last));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_are_as_their_points),
		cmocka_unit_test(what_is_left_of_a_box_is_boxes),
		cmocka_unit_test(addresses_are_keys_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
