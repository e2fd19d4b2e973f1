/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/moment: every way to say a time, in a zone that is not UTC and over a
 * change to summer time, and what is none.
 */
#include "cli/moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Friday 2026-11-27 10:20:30 in Berlin, an hour ahead of UTC. */
#define NOW (1795771230 * CLOCK_SECOND)

static int
in_berlin(void **state)
{
	(void)state;
	int rc = setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return rc;
}

static void
moments(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "now", "2026-11-27T09:20:30.000000Z" },
		{ "0s", "2026-11-27T09:20:30.000000Z" },
		{ "10m", "2026-11-27T09:10:30.000000Z" },
		{ "2h", "2026-11-27T07:20:30.000000Z" },
		{ "7d", "2026-11-20T09:20:30.000000Z" },
		/* The last time that the clock said so. */
		{ "10:20", "2026-11-27T09:20:00.000000Z" },
		{ "10:21", "2026-11-26T09:21:00.000000Z" },
		{ "00:00", "2026-11-26T23:00:00.000000Z" },
		{ "10:20:30.5", "2026-11-26T09:20:30.500000Z" },
		{ "today", "2026-11-26T23:00:00.000000Z" },
		{ "yesterday", "2026-11-25T23:00:00.000000Z" },
		{ "yesterday 14:30", "2026-11-26T13:30:00.000000Z" },
		{ "fri", "2026-11-26T23:00:00.000000Z" },
		{ "sat", "2026-11-20T23:00:00.000000Z" },
		{ "mon 09:30", "2026-11-23T08:30:00.000000Z" },
		{ "2026-11-27", "2026-11-26T23:00:00.000000Z" },
		{ "2026-11-27T10:00", "2026-11-27T09:00:00.000000Z" },
		{ "2026-11-27 10:00:01", "2026-11-27T09:00:01.000000Z" },
		{ "2026-11-27T10:00Z", "2026-11-27T10:00:00.000000Z" },
		{ "2026-11-27T10:00:00.123456Z",
		    "2026-11-27T10:00:00.123456Z" },
		{ "2026-11-27T10:00+05:30", "2026-11-27T04:30:00.000000Z" },
		{ "2026-11-27T10:00-01:00", "2026-11-27T11:00:00.000000Z" },
		/* In summer the same clock is two hours ahead. */
		{ "2026-07-01T10:00", "2026-07-01T08:00:00.000000Z" },
		{ "2024-02-29", "2024-02-28T23:00:00.000000Z" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char got[CLOCK_TEXT_BYTES];
		int64_t wall;
		if (moment_parse(str_of(rows[i].text), NOW, &wall) < 0)
			fail_msg("'%s' is no moment", rows[i].text);
		clock_format(wall, got);
		assert_string_equal(got, rows[i].want);
	}
}

static void
no_moments(void **state)
{
	static const char *const rows[] = { "", "10", "m", "-10m", "10 m",
		"24:00", "10:60", "1:30", "10:20:", "10:20 ", "10:20:30.",
		"tomorrow", "today 25:00", "today ", "today 10:00Z",
		"2026-13-01", "2026-02-29", "2026-1-1", "2026-11-27T",
		"2026-11-27T10:00+5", "2026-11-27T10:00x", "1969-12-31",
		"2026-11-27 ", "monday" };

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t wall;
		if (moment_parse(str_of(rows[i]), NOW, &wall) == 0)
			fail_msg("'%s' is a moment", rows[i]);
	}
}

static void
days_and_times(void **state)
{
	(void)state;
	assert_true(moment_is_day(STR("yesterday")));
	assert_true(moment_is_day(STR("sun")));
	assert_true(moment_is_day(STR("2026-11-27")));
	assert_false(moment_is_day(STR("2026-11-27T10:00")));
	assert_false(moment_is_day(STR("10m")));
	assert_true(moment_is_time(STR("14:30")));
	assert_false(moment_is_time(STR("14:30x")));
	assert_false(moment_is_time(STR("today")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moments),
		cmocka_unit_test(no_moments),
		cmocka_unit_test(days_and_times),
	};

	return cmocka_run_group_tests(tests, in_berlin, NULL);
}
