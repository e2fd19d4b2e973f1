/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/clock: the two clocks, and the text of a time. */
#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void
formatting(void **state)
{
	static const struct {
		int64_t wall;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ 999, "1970-01-01T00:00:00.000000Z" },
		{ 1000, "1970-01-01T00:00:00.000001Z" },
		/* Cut, not rounded: a time never shows one not yet there. */
		{ 999999999, "1970-01-01T00:00:00.999999Z" },
		{ CLOCK_SECOND, "1970-01-01T00:00:01.000000Z" },
		{ 951782400 * CLOCK_SECOND, "2000-02-29T00:00:00.000000Z" },
		{ 1772366400 * CLOCK_SECOND + 123456000,
		    "2026-03-01T12:00:00.123456Z" },
		{ INT64_MAX, "2262-04-11T23:47:16.854775Z" },
	};
	char text[CLOCK_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		clock_format(rows[i].wall, text);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(strlen(text) + 1, CLOCK_TEXT_BYTES);
	}
}

static void
parsing(void **state)
{
	static const struct {
		const char *text;
		int rc;
		int64_t wall;
	} rows[] = {
		{ "1970-01-01T00:00:00.000000Z", 0, 0 },
		{ "1970-01-01T00:00:00.000001Z", 0, 1000 },
		{ "2000-02-29T23:59:59.999999Z", 0,
		    951868799 * CLOCK_SECOND + 999999000 },
		{ "2026-03-01T12:00:00.123456Z", 0,
		    1772366400 * CLOCK_SECOND + 123456000 },
		{ "2262-04-11T23:47:15.999999Z", 0,
		    9223372035 * CLOCK_SECOND + 999999000 },
		/* Behind what nanoseconds can tell. */
		{ "2262-04-11T23:47:16.000000Z", -EINVAL, 0 },
		{ "9999-12-31T23:59:59.999999Z", -EINVAL, 0 },
		{ "1969-12-31T23:59:59.999999Z", -EINVAL, 0 },
		/* Days and hours that are none. */
		{ "2026-02-29T00:00:00.000000Z", -EINVAL, 0 },
		{ "2026-04-31T00:00:00.000000Z", -EINVAL, 0 },
		{ "2026-13-01T00:00:00.000000Z", -EINVAL, 0 },
		{ "2026-00-01T00:00:00.000000Z", -EINVAL, 0 },
		{ "2026-03-01T24:00:00.000000Z", -EINVAL, 0 },
		{ "2026-03-01T00:60:00.000000Z", -EINVAL, 0 },
		{ "2026-03-01T00:00:60.000000Z", -EINVAL, 0 },
		/* Other forms. */
		{ "", -EINVAL, 0 },
		{ "2026-03-01T12:00:00.123456", -EINVAL, 0 },
		{ "2026-03-01T12:00:00.123456+", -EINVAL, 0 },
		{ "2026-03-01T12:00:00.1234567Z", -EINVAL, 0 },
		{ "2026-03-01T12:00:00.12345Z ", -EINVAL, 0 },
		{ "2026-03-01 12:00:00.123456Z", -EINVAL, 0 },
		{ "2026/03/01T12:00:00.123456Z", -EINVAL, 0 },
		{ "2026-03-01t12:00:00.123456z", -EINVAL, 0 },
		{ "2026-03-01T12:00:00,123456Z", -EINVAL, 0 },
		{ "2026-03- 1T12:00:00.123456Z", -EINVAL, 0 },
		{ "2026-03--1T12:00:00.123456Z", -EINVAL, 0 },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaa", -EINVAL, 0 },
		{ "999999999999999999999999999", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t wall = 4711;
		int rc = clock_parse(str_of(rows[i].text), &wall);
		if (rc != rows[i].rc)
			fail_msg("'%s': %d", rows[i].text, rc);
		assert_true(wall == (rc == 0 ? rows[i].wall : 4711));
	}
}

static void
running(void **state)
{
	int64_t before = clock_now(), wall = clock_wall();

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		int64_t now = clock_now();
		assert_true(now >= before);
		before = now;
	}
	/* The wall clock is that of time(), give or take the second. */
	int64_t apart = wall / CLOCK_SECOND - (int64_t)time(NULL);
	assert_in_range(apart + 2, 0, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formatting),
		cmocka_unit_test(parsing),
		cmocka_unit_test(running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
