/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Amounts as people write them, and periods of the calendar. */
#include "policy/quota.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void
numbers_with_a_unit(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes; /* 0: refused */
		const char *again;
	} rows[] = {
		{ "1k", 1024, "1k" },
		{ "500M", UINT64_C(500) << 20, "500M" },
		{ "10G", UINT64_C(10) << 30, "10G" },
		{ "2048M", UINT64_C(2) << 30, "2G" },
		{ "1T", UINT64_C(1) << 40, "1T" },
		{ "1000000T", UINT64_C(1000000) << 40, "1000000T" },
		{ "1000001T", 0, NULL },
		{ "0G", 0, NULL },
		{ "", 0, NULL },
		{ "G", 0, NULL },
		{ "10", 0, NULL },
		{ "10g", 0, NULL },
		{ "10GB", 0, NULL },
		{ "1.5G", 0, NULL },
		{ "-1G", 0, NULL },
		{ "18446744073709551616G", 0, NULL },
	};
	struct text out = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *why = NULL;
		uint64_t got = 0;
		int rc = policy_quota_parse(str_of(rows[i].text), &got, &why);
		assert_int_equal(got, rows[i].bytes);
		assert_int_equal(rc, rows[i].bytes > 0 ? 0 : -EINVAL);
		assert_int_equal(why != NULL, rc < 0);
		if (rc < 0)
			continue;
		text_clear(&out);
		policy_quota_add(got, &out);
		assert_string_equal(out.at, rows[i].again);
	}
	text_fini(&out);
}

/* In UTC, from RFC 3339 as clock_format has it. */
static int64_t
time_of(const char *text)
{
	int64_t time;

	assert_int_equal(clock_parse(str_of(text), &time), 0);
	return time;
}

#define AT(text) text ":00.000000Z"

/* Berlin: summer time from March 29 to October 25, 2026. */
static void
periods_are_those_of_the_calendar(void **state)
{
	static const struct {
		enum policy_period period;
		const char *now, *begin, *end;
	} rows[] = {
		{ POLICY_PERIOD_HOUR, AT("2026-01-15T12:34"),
		    AT("2026-01-15T12:00"), AT("2026-01-15T13:00") },
		{ POLICY_PERIOD_DAY, AT("2026-01-15T12:34"),
		    AT("2026-01-14T23:00"), AT("2026-01-15T23:00") },
		{ POLICY_PERIOD_DAY, AT("2026-01-14T23:00"),
		    AT("2026-01-14T23:00"), AT("2026-01-15T23:00") },
		{ POLICY_PERIOD_DAY, AT("2026-03-29T12:00"),
		    AT("2026-03-28T23:00"), AT("2026-03-29T22:00") },
		{ POLICY_PERIOD_DAY, AT("2026-10-25T12:00"),
		    AT("2026-10-24T22:00"), AT("2026-10-25T23:00") },
		/* Thursday; the week began on Monday. */
		{ POLICY_PERIOD_WEEK, AT("2026-01-15T12:34"),
		    AT("2026-01-11T23:00"), AT("2026-01-18T23:00") },
		/* Sunday is its last day. */
		{ POLICY_PERIOD_WEEK, AT("2026-01-18T12:00"),
		    AT("2026-01-11T23:00"), AT("2026-01-18T23:00") },
		{ POLICY_PERIOD_WEEK, AT("2026-03-25T12:00"),
		    AT("2026-03-22T23:00"), AT("2026-03-29T22:00") },
		{ POLICY_PERIOD_MONTH, AT("2026-03-31T12:00"),
		    AT("2026-02-28T23:00"), AT("2026-03-31T22:00") },
		{ POLICY_PERIOD_MONTH, AT("2026-12-31T22:59"),
		    AT("2026-11-30T23:00"), AT("2026-12-31T23:00") },
	};

	(void)state;
	(void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t begin, end;
		policy_period_of(
		    rows[i].period, time_of(rows[i].now), &begin, &end);
		assert_int_equal(begin, time_of(rows[i].begin));
		assert_int_equal(end, time_of(rows[i].end));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_with_a_unit),
		cmocka_unit_test(periods_are_those_of_the_calendar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
