/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/date.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* 2026-01-02 */
#define NOW INT64_C(1767340800)

static void
three_forms_are_one_time(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} cases[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
		{ "Sun Nov  6 08:49:37 1994", 784111777 },
		{ "Sun Nov 06 08:49:37 1994", 784111777 },
		{ "Wed Nov 16 08:49:37 1994", 784975777 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Wed, 31 Dec 1969 23:59:58 GMT", -2 },
		{ "Mon, 01 Jan 1601 00:00:00 GMT", -11644473600 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
		{ "Tue, 19 Jan 2038 03:14:08 GMT", 2147483648 },
		{ "Thu, 29 Feb 2024 12:00:00 GMT", 1709208000 },
		{ "Tue, 29 Feb 2000 12:00:00 GMT", 951825600 },
		/* RFC 9111, 4.2: in any case. */
		{ "sUN, 06 nOV 1994 08:49:37 gmt", 784111777 },
		{ "SUNDAY, 06-NOV-94 08:49:37 Gmt", 784111777 },
		/* The date is meant, not the day of the week. */
		{ "Mon, 06 Nov 1994 08:49:37 GMT", 784111777 },
		{ "Monday, 06-Nov-94 08:49:37 GMT", 784111777 },
		/* A leap second. */
		{ "Sat, 31 Dec 2016 23:59:60 GMT", 1483228799 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t seconds = 1;
		if (http_date_parse(str_of(cases[i].text), NOW, &seconds) !=
			0 ||
		    seconds != cases[i].seconds)
			fail_msg(
			    "'%s' is %lld", cases[i].text, (long long)seconds);
	}
}

static void
all_else_is_no_date(void **state)
{
	static const char *const cases[] = { "", "0", "-1", "784111777",
		"Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 ",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		" Sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 CEST",
		"Sun, 06 Nov 1994 08:49:37 +0000",
		"Sun, 06 Nov 1994 08:49:37 GMT+1",
		"Sun, 06 Nov 94 08:49:37 GMT", "Sun 06 Nov 1994 08:49:37 GMT",
		"Sun,06 Nov 1994 08:49:37 GMT",
		"Sun, 06  Nov 1994 08:49:37 GMT",
		"Sun, 6 Nov 1994 08:49:37 GMT", "Sun,  6 Nov 1994 08:49:37 GMT",
		"Sun, 06-Nov-1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08.49.37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
		"Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
		"Sun, 06 Nov 1994 08:60:00 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Tue, 29 Feb 2023 08:49:37 GMT",
		"Tue, 29 Feb 1900 08:49:37 GMT",
		"Sun, 06 Nob 1994 08:49:37 GMT",
		"Sun, 0x Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 19x4 08:49:37 GMT",
		"Sun, 06 Nov 1994 0x:49:37 GMT",
		"Sun, 06 Nov 1994 08:x9:37 GMT",
		"Sun, 06 Nov 1994 08:49:3x GMT", "Sun, 06 Nov 1994 08:49:3",
		"Sunday, 06-Nov-9x 08:49:37 GMT",
		"Sunday, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06-Nov-94 08:49:37 GMT", "Xun, 06 Nov 1994 08:49:37 GMT",
		"Mon, 01 Jan 1600 00:00:00 GMT",
		"Mon, 01 Jan 10000 00:00:00 GMT", "Sun Nov 6 08:49:37 1994",
		"Sun Nov  6 08:49:37 1994 GMT", "Sun Nov  6 08:49:37 94",
		"06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t seconds;
		if (http_date_parse(str_of(cases[i]), NOW, &seconds) != -EINVAL)
			fail_msg("'%s' is a date", cases[i]);
	}
}

static void
two_digits_are_at_most_50_years_ahead(void **state)
{
	static const struct {
		const char *year;
		const char *date;
	} cases[] = {
		{ "26", "Thu, 01 Jan 2026 00:00:00 GMT" },
		{ "76", "Wed, 01 Jan 2076 00:00:00 GMT" },
		{ "77", "Sat, 01 Jan 1977 00:00:00 GMT" },
		{ "99", "Fri, 01 Jan 1999 00:00:00 GMT" },
		{ "00", "Sat, 01 Jan 2000 00:00:00 GMT" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[] = "Monday, 01-Jan-XX 00:00:00 GMT";
		char date[HTTP_DATE_BYTES];
		int64_t seconds;
		memcpy(strchr(text, 'X'), cases[i].year, 2);
		assert_int_equal(
		    http_date_parse(str_of(text), NOW, &seconds), 0);
		http_date_format(seconds, date);
		assert_string_equal(date, cases[i].date);
	}
	/* In 2090 the year 10 has come again. */
	int64_t seconds;
	assert_int_equal(http_date_parse(STR("Sunday, 01-Jan-10 00:00:00 GMT"),
			     INT64_C(3786912000), &seconds),
	    0);
	assert_int_equal(seconds, INT64_C(4417977600));
}

/* The C library's calendar is the twin. */
static void
what_is_written_is_the_calendar(void **state)
{
	(void)state;
	for (int64_t at = -11644473600; at < 253402300800;
	     at += INT64_C(86400) * 11 + 7919) {
		char date[HTTP_DATE_BYTES], want[64];
		time_t time = (time_t)at;
		struct tm tm;
		int64_t again;
		http_date_format(at, date);
		assert_non_null(gmtime_r(&time, &tm));
		assert_true(strftime(want, sizeof(want),
				"%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
		assert_string_equal(date, want);
		assert_int_equal(http_date_parse(str_of(date), NOW, &again), 0);
		assert_int_equal(again, at);
	}
}

static void
what_is_out_of_range_is_the_nearest(void **state)
{
	char date[HTTP_DATE_BYTES];

	(void)state;
	http_date_format(INT64_MIN, date);
	assert_string_equal(date, "Mon, 01 Jan 1601 00:00:00 GMT");
	http_date_format(INT64_MAX, date);
	assert_string_equal(date, "Fri, 31 Dec 9999 23:59:59 GMT");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_forms_are_one_time),
		cmocka_unit_test(all_else_is_no_date),
		cmocka_unit_test(two_digits_are_at_most_50_years_ahead),
		cmocka_unit_test(what_is_written_is_the_calendar),
		cmocka_unit_test(what_is_out_of_range_is_the_nearest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
