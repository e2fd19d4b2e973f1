/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_time: the hours of local time, as the kernel counts them.
 *
 * What is written is read again: for each minute of the local week the kernel's
 * minute is counted from the distance to UTC, and some line must hold then
 * exactly if the hours do, in the minute's first second and in its last.
 */
#include "firewall/compile_impl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* What one line says, as the kernel reads it. */
struct line {
	unsigned days;        /* a bit for each, Monday the lowest */
	unsigned first, last; /* seconds of the day, both in it */
};

static unsigned
read_days(const char *at, const char *end)
{
	static const char *const words[] = { "\"Monday\"", "\"Tuesday\"",
		"\"Wednesday\"", "\"Thursday\"", "\"Friday\"", "\"Saturday\"",
		"\"Sunday\"" };
	unsigned days = 0;

	for (unsigned i = 0; i < COUNT(words); i++) {
		const char *found = strstr(at, words[i]);
		if (found != NULL && found < end)
			days |= 1u << i;
	}
	return days;
}

static struct line
read_line(struct str text)
{
	struct line line = { 0x7f, 0, 86399 };
	unsigned h1, m1, s1, h2, m2, s2;
	char copy[256];

	assert_true(text.len < sizeof(copy));
	memcpy(copy, text.at, text.len);
	copy[text.len] = '\0';
	const char *hour = strstr(copy, "meta hour ");
	if (strncmp(copy, "meta day { ", 11) == 0)
		line.days = read_days(copy, strchr(copy, '}'));
	if (hour == NULL)
		return line;
	assert_int_equal(
	    sscanf(hour, "meta hour \"%2u:%2u:%2u\"-\"%2u:%2u:%2u\"", &h1, &m1,
		&s1, &h2, &m2, &s2),
	    6);
	line.first = h1 * 3600 + m1 * 60 + s1;
	line.last = h2 * 3600 + m2 * 60 + s2;
	/* The kernel's range has its smaller end first. */
	assert_true(line.first < line.last && line.last < 86400);
	return line;
}

static bool
holds(const struct line *lines, size_t count, unsigned second_of_week)
{
	unsigned day = second_of_week / 86400, second = second_of_week % 86400;

	for (size_t i = 0; i < count; i++)
		if ((lines[i].days >> day & 1) != 0 &&
		    lines[i].first <= second && second <= lines[i].last)
			return true;
	return false;
}

static void
compare_minutes(const struct hours *hours, int offset, const struct line *lines,
    size_t count)
{
	for (int minute = 0; minute < HOURS_WEEK_MINUTES; minute++) {
		int utc = (minute - offset + 2 * HOURS_WEEK_MINUTES) %
			  HOURS_WEEK_MINUTES;
		bool wanted = hours_has(hours, (unsigned)minute);
		bool first = holds(lines, count, (unsigned)utc * 60);
		bool last = holds(lines, count, (unsigned)utc * 60 + 59);
		if (first != wanted || last != wanted)
			fail_msg(
			    "minute %d at %d minutes from UTC", minute, offset);
	}
}

/* Writes the hours, reads them again, and returns how many lines it took. */
static size_t
try_hours(const struct hours *hours, int offset)
{
	static struct line lines[7 * 720];
	struct hours during = *hours;
	struct policy_rule rule = { .during = &during };
	struct firewall_host host = { .utc_offset_minutes = offset };
	struct compiler compiler = { .host = &host };

	arena_init(&compiler.scratch, 1 << 22);
	struct matches matches = match_time(&compiler, &rule);
	assert_int_equal(compiler.rc, 0);
	assert_in_range(matches.count, 0, COUNT(lines));
	for (size_t i = 0; i < matches.count; i++) {
		assert_int_equal(matches.items[i].family, 0);
		lines[i] = read_line(matches.items[i].text);
	}
	compare_minutes(hours, offset, lines, matches.count);
	size_t count = matches.count;
	arena_fini(&compiler.scratch);
	return count;
}

/* Both signs, half and quarter hours, and all that there are on a map. */
static const int offsets[] = { 0, 60, -60, 330, 345, -210, 570, 765, 840, -720,
	1, -1, 1439, -1439 };

#define ALL      0x7f
#define WORKDAYS 0x1f

static void
every_minute_at_every_distance(void **state)
{
	static const struct {
		uint8_t days;
		unsigned first, end;
	} rows[] = {
		{ WORKDAYS, 480, 1080 },
		{ WORKDAYS, 1320, 360 },
		{ ALL, 1320, 360 },
		{ ALL, 1, 0 },
		{ 0x40, 1320, 360 },  /* over the end of the week */
		{ 0x01, 0, 1 },       /* its first minute */
		{ 0x40, 1439, 1440 }, /* and its last */
		{ 0x08, 0, 1440 },
		{ 0x60, 0, 1440 },
		{ ALL, 719, 721 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hours hours = { { 0 } };
		hours_add(&hours, rows[i].days, rows[i].first, rows[i].end);
		for (size_t j = 0; j < COUNT(offsets); j++)
			assert_true(try_hours(&hours, offsets[j]) > 0);
	}
}

static void
random_minutes(void **state)
{
	uint64_t random = 4711;

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		struct hours hours = { { 0 } };
		for (unsigned i = 0; i < 3 + round; i++) {
			random = random * 6364136223846793005u +
				 1442695040888963407u;
			unsigned days = (unsigned)(random >> 57);
			unsigned first = (unsigned)(random >> 33) % 1440;
			unsigned length = (unsigned)(random >> 20) % 300 + 1;
			hours_add(&hours, (uint8_t)days, first,
			    (first + length) % 1440);
		}
		(void)try_hours(&hours, (int)(random >> 40) % 1680 - 840);
	}
}

/* As many lines as there can be: every other minute, each day another way. */
static void
as_many_spans_as_there_can_be(void **state)
{
	struct hours hours = { { 0 } };

	(void)state;
	for (unsigned m = 0; m < HOURS_WEEK_MINUTES; m += 2)
		hours.minutes[m / 64] |= (uint64_t)1 << m % 64;
	assert_int_equal(try_hours(&hours, 0), 720);
	for (unsigned day = 0; day < 7; day++)
		hours.minutes[day * 1440 / 64] ^= (uint64_t)2 << 8 * day;
	(void)try_hours(&hours, 330);
}

static void
the_whole_week_and_nothing(void **state)
{
	struct hours whole = { { 0 } }, nothing = { { 0 } };
	struct policy_rule rule = { .during = NULL };
	struct compiler compiler = { 0 };

	(void)state;
	hours_add(&whole, ALL, 0, 1440);
	for (size_t i = 0; i < COUNT(offsets); i++) {
		assert_int_equal(try_hours(&whole, offsets[i]), 1);
		assert_int_equal(try_hours(&nothing, offsets[i]), 0);
	}
	/* Whatever holds always asks for nothing, with hours or without. */
	struct firewall_host host = { .utc_offset_minutes = -210 };
	compiler.host = &host;
	arena_init(&compiler.scratch, 1 << 22);
	struct matches matches = match_time(&compiler, &rule);
	assert_true(match_is_always(&matches));
	rule.during = &whole;
	matches = match_time(&compiler, &rule);
	assert_true(match_is_always(&matches));
	arena_fini(&compiler.scratch);
}

/* The words themselves; days that are alike share a line. */
static void
what_is_written(void **state)
{
	static const struct {
		uint8_t days;
		unsigned first, end;
		int offset;
		const char *lines;
	} rows[] = {
		{ WORKDAYS, 480, 1080, 0,
		    "meta day { \"Monday\", \"Tuesday\", \"Wednesday\", "
		    "\"Thursday\", \"Friday\" } "
		    "meta hour \"08:00:00\"-\"17:59:59\"\n" },
		{ ALL, 480, 1080, 60, "meta hour \"07:00:00\"-\"16:59:59\"\n" },
		{ 0x01, 480, 1080, -330,
		    "meta day { \"Monday\" } "
		    "meta hour \"13:30:00\"-\"23:29:59\"\n" },
		/* A local Monday begins on the kernel's Sunday. */
		{ 0x01, 0, 1440, 60,
		    "meta day { \"Monday\" } "
		    "meta hour \"00:00:00\"-\"22:59:59\"\n"
		    "meta day { \"Sunday\" } "
		    "meta hour \"23:00:00\"-\"23:59:59\"\n" },
		{ 0x20, 0, 1440, 0, "meta day { \"Saturday\" }\n" },
	};
	struct text got = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hours hours = { { 0 } };
		struct policy_rule rule = { .during = &hours };
		struct firewall_host host = { .utc_offset_minutes =
						  rows[i].offset };
		struct compiler compiler = { .host = &host };
		arena_init(&compiler.scratch, 1 << 22);
		hours_add(&hours, rows[i].days, rows[i].first, rows[i].end);
		struct matches matches = match_time(&compiler, &rule);
		text_clear(&got);
		for (size_t j = 0; j < matches.count; j++)
			text_addf(
			    &got, "%.*s\n", STR_ARG(matches.items[j].text));
		text_addz(&got, "");
		assert_string_equal(got.at, rows[i].lines);
		arena_fini(&compiler.scratch);
	}
	text_fini(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_minute_at_every_distance),
		cmocka_unit_test(random_minutes),
		cmocka_unit_test(as_many_spans_as_there_can_be),
		cmocka_unit_test(the_whole_week_and_nothing),
		cmocka_unit_test(what_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
