/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base/clock: the two clocks, and the text of a time. */
#include "base/clock.h"

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
		cmocka_unit_test(running),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
