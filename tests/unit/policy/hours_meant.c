/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy/hours: what was probably meant by days and times that are miswritten. */
#include "policy/hours.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ROWS(array) (sizeof(array) / sizeof((array)[0]))

static void
days(void **state)
{
	static const struct {
		const char *text;
		int mask; /* -1: refused */
		const char *meant;
	} rows[] = {
		{ "mon", 0x01, "mon" },
		{ "sun", 0x40, "sun" },
		{ "mon-fri", 0x1f, "mon-fri" },
		{ "fri-mon", 0x71, "fri-mon" },
		{ "mon-mon", 0x01, "mon-mon" },
		{ "Mon-Fri", -1, "mon-fri" },
		{ "monday", -1, "mon" },
		{ "thursday-Sunday", -1, "thu-sun" },
		{ "tues", -1, "tue" },
		{ "mo-fr", -1, "mon-fri" },
		{ "fry", -1, "fri" },
		{ "weekend", -1, "sat-sun" },
		{ "weekdays", -1, "mon-fri" },
		{ "mon-wed-fri", -1, NULL },
		{ "daily", -1, NULL },
		{ "mon-", -1, NULL },
		{ "-fri", -1, NULL },
		{ "-", -1, NULL },
		{ "", -1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct str text = str_of(rows[i].text);
		char meant[HOURS_MEANT_BYTES];
		const char *why = NULL;
		uint8_t mask = 0;
		int rc = hours_days_parse(text, &mask, &why);
		assert_int_equal(rc == 0 ? mask : -1, rows[i].mask);
		assert_true((why == NULL) == (rc == 0));
		bool known = hours_days_meant(text, meant);
		assert_true(known == (rows[i].meant != NULL));
		if (known)
			assert_string_equal(meant, rows[i].meant);
	}
}

static void
times(void **state)
{
	static const struct {
		const char *text;
		int first, end; /* -1: refused */
		const char *meant;
	} rows[] = {
		{ "08:00-18:00", 480, 1080, "08:00-18:00" },
		{ "22:00-06:00", 1320, 360, "22:00-06:00" },
		{ "00:00-24:00", 0, 1440, "00:00-24:00" },
		{ "8-18", -1, -1, "08:00-18:00" },
		{ "8:30-9", -1, -1, "08:30-09:00" },
		{ "08.00-18.15", -1, -1, "08:00-18:15" },
		{ "8h00-18h30", -1, -1, "08:00-18:30" },
		{ "24:00-06:00", -1, -1, "00:00-06:00" },
		{ "08:00-08:00", -1, -1, NULL },
		{ "24:00-00:00", -1, -1, NULL },
		{ "08:00-24:01", -1, -1, NULL },
		{ "08:60-09:00", -1, -1, NULL },
		{ "008-18", -1, -1, NULL },
		{ "8am-6pm", -1, -1, NULL },
		{ "8:-9:", -1, -1, NULL },
		{ "8-12-18", -1, -1, NULL },
		{ "08:00", -1, -1, NULL },
		{ "", -1, -1, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct str text = str_of(rows[i].text);
		char meant[HOURS_MEANT_BYTES];
		unsigned first = 0, end = 0;
		const char *why = NULL;
		int rc = hours_span_parse(text, &first, &end, &why);
		assert_int_equal(rc == 0 ? (int)first : -1, rows[i].first);
		assert_int_equal(rc == 0 ? (int)end : -1, rows[i].end);
		bool known = hours_span_meant(text, meant);
		assert_true(known == (rows[i].meant != NULL));
		if (known)
			assert_string_equal(meant, rows[i].meant);
	}
}

/* What is offered is right, so that nobody is told a second time. */
static void
what_is_meant_is_right(void **state)
{
	static const char *const texts[] = { "7-9", "Friday-sunday", "weekend",
		"23.30-5", "24:00-1" };

	(void)state;
	for (size_t i = 0; i < ROWS(texts); i++) {
		char meant[HOURS_MEANT_BYTES];
		struct str text = str_of(texts[i]);
		assert_false(hours_looks_like(text));
		assert_true(hours_days_meant(text, meant) ||
			    hours_span_meant(text, meant));
		assert_true(hours_looks_like(str_of(meant)));
	}
}

static unsigned
count(const struct hours *hours)
{
	unsigned minutes = 0;

	for (unsigned i = 0; i < HOURS_WEEK_MINUTES; i++)
		minutes += hours_has(hours, i);
	return minutes;
}

static void
minutes(void **state)
{
	struct hours night = { { 0 } }, all = { { 0 } };

	(void)state;
	hours_add(&night, 0x40, 1320, 360); /* sun 22:00-06:00 */
	assert_int_equal(count(&night), 480);
	assert_true(hours_has(&night, 6 * HOURS_DAY_MINUTES + 1320));
	assert_false(hours_has(&night, 6 * HOURS_DAY_MINUTES + 1319));
	assert_true(hours_has(&night, 359)); /* over the end of the week */
	assert_false(hours_has(&night, 360));
	hours_add(&night, 0x40, 1380, 120);
	assert_int_equal(count(&night), 480);
	hours_add(&all, 0x7f, 0, HOURS_DAY_MINUTES);
	assert_int_equal(count(&all), HOURS_WEEK_MINUTES);
	hours_add_all(&night, &all);
	assert_memory_equal(&night, &all, sizeof(all));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days),
		cmocka_unit_test(times),
		cmocka_unit_test(what_is_meant_is_right),
		cmocka_unit_test(minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
