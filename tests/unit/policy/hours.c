/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/hours: parts of the week, to the minute.
 *
 * Beside the tables a naive reading of spans is asked about every minute: it
 * counts from the last midnight and knows of no bits.
 */
#include "policy/hours.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

enum {
	MON = 1,
	TUE = 2,
	WED = 4,
	THU = 8,
	FRI = 16,
	SAT = 32,
	SUN = 64,
	ALL = 127
};

static void
days(void **state)
{
	static const struct {
		const char *text;
		uint8_t days; /* 0: refused */
	} rows[] = {
		{ "mon", MON },
		{ "sun", SUN },
		{ "mon-fri", MON | TUE | WED | THU | FRI },
		{ "sat-sun", SAT | SUN },
		{ "tue-tue", TUE },
		{ "fri-mon", FRI | SAT | SUN | MON },
		{ "sun-mon", SUN | MON },
		{ "tue-mon", ALL },
		{ "mon-sun", ALL },
		{ "", 0 },
		{ "-", 0 },
		{ "mon-", 0 },
		{ "-mon", 0 },
		{ "mon-tue-wed", 0 },
		{ "Mon", 0 },
		{ "monday", 0 },
		{ "mo", 0 },
		{ "mon fri", 0 },
		{ "mon\xe2\x80\x93"
		  "fri",
		    0 },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		uint8_t mask = 0xff;
		const char *why = NULL;
		int rc = hours_days_parse(str_of(rows[i].text), &mask, &why);
		assert_int_equal(rc, rows[i].days == 0 ? -EINVAL : 0);
		assert_int_equal(mask, rows[i].days == 0 ? 0xff : rows[i].days);
		assert_true((why != NULL) == (rows[i].days == 0));
	}
}

static void
day_words(void **state)
{
	static const char *const words[] = { "mon", "tue", "wed", "thu", "fri",
		"sat", "sun" };
	unsigned day;

	(void)state;
	for (unsigned i = 0; i < ROWS(words); i++) {
		assert_string_equal(hours_day_word(i), words[i]);
		assert_true(hours_day_find(str_of(words[i]), &day));
		assert_int_equal(day, i);
	}
	assert_false(hours_day_find(STR(""), &day));
	assert_false(hours_day_find(STR("SUN"), &day));
}

#define NO_TIME 9999u

static void
times(void **state)
{
	static const struct {
		const char *text;
		unsigned minute;
	} rows[] = {
		{ "00:00", 0 },
		{ "00:01", 1 },
		{ "08:30", 510 },
		{ "09:09", 549 },
		{ "23:59", 1439 },
		{ "24:00", 1440 },
		{ "24:01", NO_TIME },
		{ "25:00", NO_TIME },
		{ "99:99", NO_TIME },
		{ "08:60", NO_TIME },
		{ "8:30", NO_TIME },
		{ "08:3", NO_TIME },
		{ "008:30", NO_TIME },
		{ "08-30", NO_TIME },
		{ "08:30 ", NO_TIME },
		{ "+8:30", NO_TIME },
		{ " 8:30", NO_TIME },
		{ "08:3/", NO_TIME },
		{ "08:3:", NO_TIME },
		{ "", NO_TIME },
		{ ":", NO_TIME },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		unsigned minute = NO_TIME;
		bool good = hours_time_parse(str_of(rows[i].text), &minute);
		assert_true(good == (rows[i].minute != NO_TIME));
		assert_int_equal(minute, rows[i].minute);
	}
}

static void
spans(void **state)
{
	static const struct {
		const char *text;
		unsigned first, end; /* equal: refused */
	} rows[] = {
		{ "08:00-18:00", 480, 1080 },
		{ "22:00-06:00", 1320, 360 },
		{ "00:00-24:00", 0, 1440 },
		{ "23:59-24:00", 1439, 1440 },
		{ "23:59-00:00", 1439, 0 },
		{ "00:01-00:00", 1, 0 },
		{ "08:00-08:00", 0, 0 },
		{ "00:00-00:00", 0, 0 },
		{ "24:00-24:00", 0, 0 },
		{ "24:00-08:00", 0, 0 },
		{ "08:00", 0, 0 },
		{ "08:00-", 0, 0 },
		{ "-18:00", 0, 0 },
		{ "08:00-18:00-19:00", 0, 0 },
		{ "8:00-18:00", 0, 0 },
		{ "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		bool refused = rows[i].first == rows[i].end;
		unsigned first = 0, end = 0;
		const char *why = NULL;
		int rc =
		    hours_span_parse(str_of(rows[i].text), &first, &end, &why);
		assert_int_equal(rc, refused ? -EINVAL : 0);
		assert_int_equal(first, rows[i].first);
		assert_int_equal(end, rows[i].end);
		assert_true((why != NULL) == refused);
	}
}

/* One span; the minutes in it are written as those at its edges. */
static void
edges(void **state)
{
	static const struct {
		uint8_t days;
		unsigned first, end;
		unsigned count; /* of minutes */
		unsigned in[4]; /* of the week */
		unsigned out[4];
	} rows[] = {
		{ MON, 480, 1080, 600, { 480, 1079, 600, 700 },
		    { 479, 1080, 480 + 1440, 0 } },
		/* Over midnight, into a day that is not named. */
		{ FRI, 1320, 360, 480,
		    { 4 * 1440 + 1320, 5 * 1440, 5 * 1440 + 359, 5 * 1440 - 1 },
		    { 4 * 1440 + 1319, 5 * 1440 + 360, 4 * 1440 + 359,
			5 * 1440 + 1320 } },
		/* Over the end of the week, into Monday. */
		{ SUN, 1320, 360, 480, { 6 * 1440 + 1320, 10079, 0, 359 },
		    { 6 * 1440 + 1319, 360, 1320, 5 * 1440 + 1320 } },
		{ SUN, 1439, 1440, 1, { 10079, 10079, 10079, 10079 },
		    { 10078, 0, 1439, 1440 } },
		{ SUN, 1439, 1, 2, { 10079, 0, 0, 0 }, { 10078, 1, 1440, 2 } },
		/* All but a minute of each day are all but seven. */
		{ ALL, 1, 0, 10080 - 7, { 1, 1439, 1441, 10079 },
		    { 0, 1440, 2880, 6 * 1440 } },
		{ WED, 0, 1440, 1440,
		    { 2 * 1440, 3 * 1440 - 1, 2 * 1440 + 1, 2 * 1440 + 720 },
		    { 2 * 1440 - 1, 3 * 1440, 0, 10079 } },
		{ 0, 0, 1440, 0, { 0 }, { 0, 1, 1440, 10079 } },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct hours hours = { { 0 } };
		unsigned count = 0;
		hours_add(&hours, rows[i].days, rows[i].first, rows[i].end);
		for (unsigned m = 0; m < HOURS_WEEK_MINUTES; m++)
			count += hours_has(&hours, m);
		assert_int_equal(count, rows[i].count);
		for (size_t j = 0; j < 4; j++) {
			assert_true(
			    count == 0 || hours_has(&hours, rows[i].in[j]));
			assert_false(hours_has(&hours, rows[i].out[j]));
		}
	}
}

/* ---- the naive twin ---- */

struct span {
	unsigned days, first, end;
};

static bool
is_on(const struct span *span, unsigned day)
{
	return (span->days >> day & 1) != 0;
}

static bool
naive_span_has(const struct span *span, unsigned minute)
{
	unsigned day = minute / 1440, before = (day + 6) % 7,
		 at = minute % 1440;

	if (span->first < span->end)
		return is_on(span, day) && at >= span->first && at < span->end;
	return (is_on(span, day) && at >= span->first) ||
	       (is_on(span, before) && at < span->end);
}

static unsigned
below(uint64_t *random, unsigned bound)
{
	*random = *random * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*random >> 33) % bound;
}

/* Near midnight, on whole hours, or anywhere. */
static unsigned
some_minute(uint64_t *random)
{
	static const unsigned odd[] = { 0, 1, 2, 63, 64, 719, 720, 1438, 1439 };

	switch (below(random, 3)) {
	case 0:
		return odd[below(random, ROWS(odd))];
	case 1:
		return 60 * below(random, 24);
	default:
		return below(random, 1440);
	}
}

static struct span
some_span(uint64_t *random)
{
	struct span span = { below(random, 128), some_minute(random), 0 };

	do {
		span.end = below(random, 5) == 0 ? 1440 : some_minute(random);
	} while (span.end == span.first);
	return span;
}

static void
every_minute_of_random_spans(void **state)
{
	uint64_t random = 20261126;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct hours hours = { { 0 } }, others = { { 0 } };
		struct span spans_of[4];
		unsigned count = 1 + below(&random, 4);
		for (unsigned i = 0; i < count; i++) {
			spans_of[i] = some_span(&random);
			hours_add(i % 2 == 0 ? &hours : &others,
			    (uint8_t)spans_of[i].days, spans_of[i].first,
			    spans_of[i].end);
		}
		hours_add_all(&hours, &others);
		for (unsigned m = 0; m < HOURS_WEEK_MINUTES; m++) {
			bool has = false;
			for (unsigned i = 0; i < count; i++)
				has |= naive_span_has(&spans_of[i], m);
			assert_true(hours_has(&hours, m) == has);
		}
	}
}

/* ---- the clock ---- */

static void
set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

/* The zones are written as POSIX has it: hours west of Greenwich. */
static void
the_minute_and_the_offset(void **state)
{
	static const struct {
		const char *zone;
		int64_t seconds; /* since 1970, a Thursday */
		unsigned minute;
		int offset;
	} rows[] = {
		{ "UTC0", 0, 3 * 1440, 0 },
		{ "UTC0", 59, 3 * 1440, 0 },
		{ "UTC0", 60, 3 * 1440 + 1, 0 },
		{ "UTC0", 4 * 86400 - 1, 10079, 0 },
		{ "UTC0", 4 * 86400, 0, 0 },
		{ "LOC-5:30", 0, 3 * 1440 + 330, 330 },
		{ "LOC+3:30", 0, 3 * 1440 - 210, -210 },
		{ "LOC-14", 4 * 86400 - 14 * 3600, 0, 840 },
		{ "LOC+12", 4 * 86400, 6 * 1440 + 720, -720 },
		/* Summer time begins at 01:00 UTC and ends so. */
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 1774745999, 6 * 1440 + 119,
		    60 },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 1774746000, 6 * 1440 + 180,
		    120 },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 1792889999, 6 * 1440 + 179,
		    120 },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", 1792890000, 6 * 1440 + 120,
		    60 },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t wall = rows[i].seconds * CLOCK_SECOND;
		set_zone(rows[i].zone);
		assert_int_equal(hours_minute_of(wall), rows[i].minute);
		assert_int_equal(
		    hours_minute_of(wall + CLOCK_SECOND - 1), rows[i].minute);
		assert_int_equal(
		    hours_utc_offset_minutes(wall), rows[i].offset);
	}
	set_zone("UTC0");
}

static void
written_minutes(void **state)
{
	struct text out = TEXT_EMPTY;

	(void)state;
	hours_minute_add(0, &out);
	text_addz(&out, ", ");
	hours_minute_add(4 * 1440 + 9 * 60 + 5, &out);
	text_addz(&out, ", ");
	hours_minute_add(10079, &out);
	text_addz(&out, "");
	assert_string_equal(out.at, "mon 00:00, fri 09:05, sun 23:59");
	text_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days),
		cmocka_unit_test(day_words),
		cmocka_unit_test(times),
		cmocka_unit_test(spans),
		cmocka_unit_test(edges),
		cmocka_unit_test(every_minute_of_random_spans),
		cmocka_unit_test(the_minute_and_the_offset),
		cmocka_unit_test(written_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
