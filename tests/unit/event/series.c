/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clock that goes on, jumps and is set back; and a naive series that keeps
 * every point by its number beside ours.
 */
#include "event/series.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEP  (10 * CLOCK_SECOND)
#define COUNT 16
#define TIMES 4096

static uint64_t state = UINT64_C(0x13198a2e03707344);

static int64_t
chance(int64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (int64_t)(state % (uint64_t)below);
}

/* All that was ever counted, by number of its point. */
struct twin {
	uint64_t flows[TIMES];
	int64_t newest;
};

static bool
twin_add(struct twin *twin, int64_t number, uint64_t flows)
{
	bool fits = twin->newest >= 0 && twin->newest - number < COUNT &&
		    number - twin->newest < COUNT;

	if (!fits)
		memset(twin->flows, 0, sizeof(twin->flows));
	if (!fits || number > twin->newest)
		twin->newest = number;
	twin->flows[number] += flows;
	return !fits;
}

static void
check(const struct twin *twin, const struct series *series)
{
	for (int64_t number = 0; number < TIMES; number++) {
		const struct series_point *point =
		    series_at(series, number * STEP + chance(STEP));
		bool has =
		    number <= twin->newest && twin->newest - number < COUNT;
		assert_int_equal(point != NULL, has);
		if (has)
			assert_int_equal(point->figures[SERIES_ALLOWED],
			    twin->flows[number]);
	}
}

static int64_t
move(int64_t wall)
{
	static const int64_t far[] = { 1, 1, 1, 2, COUNT - 1, COUNT, COUNT + 1,
		3 * COUNT };
	int64_t by = far[chance(8)] * STEP - chance(2) * chance(STEP);
	int64_t to = chance(4) == 0 ? wall - by : wall + by;

	return to < 0 || to >= TIMES * STEP ? wall : to;
}

static void
whatever_the_clock_does(void **context)
{
	static struct twin twin;
	struct series_point point = { { 0 } };
	struct series series;

	(void)context;
	for (unsigned round = 0; round < 50; round++) {
		int64_t wall = chance(TIMES * STEP);
		assert_int_equal(series_init(&series, STEP, COUNT), 0);
		memset(&twin, 0, sizeof(twin));
		twin.newest = -1;
		for (unsigned i = 0; i < 300; i++) {
			point.figures[SERIES_ALLOWED] = (uint64_t)chance(100);
			bool anew = series_add(&series, wall, &point);
			assert_int_equal(
			    anew, twin_add(&twin, wall / STEP,
				      point.figures[SERIES_ALLOWED]));
			if (i % 10 == 0)
				check(&twin, &series);
			wall = move(wall);
		}
		series_fini(&series);
	}
}

static void
nothing_is_there_before_something_happens(void **context)
{
	struct series series;

	(void)context;
	assert_int_equal(series_init(&series, STEP, COUNT), 0);
	assert_null(series_at(&series, 0));
	assert_null(series_at(&series, clock_wall()));
	series_fini(&series);
}

/* A host without a battery begins in 1970, or before. */
static void
a_time_before_all(void **context)
{
	struct series_point one = { { [SERIES_SAVED] = 1 } };
	struct series series;

	(void)context;
	assert_int_equal(series_init(&series, STEP, COUNT), 0);
	assert_true(series_add(&series, -5 * STEP, &one));
	assert_false(series_add(&series, STEP / 2, &one));
	assert_int_equal(series_at(&series, 0)->figures[SERIES_SAVED], 2);
	assert_true(series_add(&series, clock_wall(), &one));
	assert_null(series_at(&series, 0));
	assert_true(series_add(&series, 0, &one));
	assert_int_equal(series_at(&series, 0)->figures[SERIES_SAVED], 1);
	assert_null(series_at(&series, clock_wall()));
	series_fini(&series);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_the_clock_does),
		cmocka_unit_test(nothing_is_there_before_something_happens),
		cmocka_unit_test(a_time_before_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
