/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/periods.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define LENGTH (300 * CLOCK_SECOND)
#define COUNT  4

static void
meet(struct periods *periods, int64_t wall, const char *name)
{
	struct tally_flow flow = { .name = str_of(name) };
	struct tally tally;

	assert_int_equal(tally_init(&tally), 0);
	tally_add(&tally, &flow);
	assert_int_equal(periods_add(periods, wall, &tally), 0);
	tally_fini(&tally);
}

static uint64_t
met(const struct periods *periods, int64_t from, int64_t to)
{
	struct heavy sum;
	uint64_t flows = 0;

	assert_int_equal(heavy_init(&sum, 16), 0);
	periods_sum(periods, from, to, TALLY_NAMES, &sum);
	for (size_t i = 0; i < sum.count; i++)
		flows += sum.entries[i].count.flows;
	heavy_fini(&sum);
	return flows;
}

static void
a_span_has_the_periods_that_it_touches(void **context)
{
	struct periods periods;

	(void)context;
	assert_int_equal(periods_init(&periods, LENGTH, COUNT), 0);
	assert_null(periods_at(&periods, 0));
	for (int64_t i = 10; i < 10 + COUNT; i++)
		meet(&periods, i * LENGTH, "www.example.com");
	assert_int_equal(met(&periods, 10 * LENGTH, 14 * LENGTH), 4);
	assert_int_equal(met(&periods, 11 * LENGTH - 1, 12 * LENGTH), 3);
	assert_int_equal(met(&periods, 12 * LENGTH, 12 * LENGTH), 1);
	assert_int_equal(met(&periods, 0, 9 * LENGTH), 0);
	/* The oldest makes room. */
	meet(&periods, 14 * LENGTH, "www.example.com");
	assert_null(periods_at(&periods, 10 * LENGTH));
	assert_int_equal(met(&periods, 0, 20 * LENGTH), 4);
	periods_fini(&periods);
}

static void
an_hour_that_comes_twice(void **context)
{
	struct periods periods;

	(void)context;
	assert_int_equal(periods_init(&periods, LENGTH, COUNT), 0);
	meet(&periods, 20 * LENGTH, "www.example.com");
	meet(&periods, 21 * LENGTH, "www.example.com");
	meet(&periods, 20 * LENGTH + 1, "www.example.com");
	assert_int_equal(met(&periods, 20 * LENGTH, 20 * LENGTH), 2);
	/* What is to come is not of a span that ends now. */
	assert_int_equal(met(&periods, 0, 20 * LENGTH), 2);
	meet(&periods, -LENGTH, "www.example.com");
	assert_int_equal(met(&periods, 0, 0), 1);
	periods_fini(&periods);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_span_has_the_periods_that_it_touches),
		cmocka_unit_test(an_hour_that_comes_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
