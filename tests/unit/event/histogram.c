/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event/histogram: each bucket holds what is at most its bound, and only that. */
#include "event/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

/* Nanoseconds, rounded down: what takes no more has a place there. */
static int64_t
bound_of(unsigned bucket)
{
	int power = HISTOGRAM_FIRST + (int)bucket;

	return power < 0 ? SECOND >> -power : SECOND << power;
}

/* The bucket that has one more than before. */
static unsigned
bucket_of(int64_t duration)
{
	int64_t before[HISTOGRAM_BUCKETS];
	unsigned found = HISTOGRAM_BUCKETS;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		before[i] = counter_get_cell(HISTOGRAM_CELL(HISTOGRAM_DNS, i));
	histogram_add(HISTOGRAM_DNS, duration);
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (counter_get_cell(HISTOGRAM_CELL(HISTOGRAM_DNS, i)) ==
		    before[i])
			continue;
		assert_int_equal(found, HISTOGRAM_BUCKETS);
		found = i;
	}
	return found;
}

static void
bounds_are_powers_of_two(void **state)
{
	(void)state;
	for (unsigned i = 0; i + 1 < HISTOGRAM_BUCKETS; i++) {
		assert_int_equal(bucket_of(bound_of(i)), i);
		assert_int_equal(bucket_of(bound_of(i) + 1), i + 1);
	}
	assert_int_equal(bucket_of(0), 0);
	assert_int_equal(bucket_of(-5), 0);
	assert_int_equal(bucket_of(1), 0);
	assert_int_equal(bucket_of(INT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void
sums(void **state)
{
	unsigned cell = HISTOGRAM_CELL(HISTOGRAM_CONNECT, HISTOGRAM_BUCKETS);

	(void)state;
	histogram_add(HISTOGRAM_CONNECT, 5);
	histogram_add(HISTOGRAM_CONNECT, -3);
	histogram_add(HISTOGRAM_CONNECT, 7 * SECOND);
	assert_true(counter_get_cell(cell) == 7 * SECOND + 5);
	/* And nobody else's. */
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		assert_int_equal(counter_get((enum counter)i), 0);
	assert_int_equal(
	    counter_get_cell(HISTOGRAM_CELL(HISTOGRAM_REQUEST, 0)), 0);
}

static void
rows(void **state)
{
	(void)state;
	for (int i = 0; i < HISTOGRAM_COUNT; i++) {
		assert_true(strlen(histogram_name((enum histogram)i)) > 0);
		assert_true(strlen(histogram_meaning((enum histogram)i)) > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums),
		cmocka_unit_test(bounds_are_powers_of_two),
		cmocka_unit_test(rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
