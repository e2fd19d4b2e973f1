/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static int64_t
read_clock(clockid_t id)
{
	struct timespec t;

	(void)clock_gettime(id, &t); /* cannot fail for these two clocks */
	return (int64_t)t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

int64_t
clock_now(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t
clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

void
clock_format(int64_t wall, char ret[static CLOCK_TEXT_BYTES])
{
	time_t seconds = (time_t)(wall / CLOCK_SECOND);
	struct tm tm;
	char day[20];

	(void)gmtime_r(&seconds, &tm);
	(void)strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(ret, CLOCK_TEXT_BYTES, "%s.%06uZ", day,
	    (unsigned)(wall % CLOCK_SECOND / 1000) % 1000000u);
}

/* The number in text[from..to), 0 where it is none: the text is read again. */
static int
field(struct str text, size_t from, size_t to)
{
	int value = 0;

	for (size_t i = from; i < to; i++)
		if (ascii_is_digit(text.at[i]))
			value = value * 10 + (text.at[i] - '0');
	return value;
}

/*
 * Reads the fields and writes the time again: only what comes out the same
 * had its digits and marks in place, and a day that the calendar has.
 */
int
clock_parse(struct str text, int64_t *ret)
{
	char again[CLOCK_TEXT_BYTES];

	if (text.len != CLOCK_TEXT_BYTES - 1)
		return -EINVAL;
	struct tm tm = {
		.tm_year = field(text, 0, 4) - 1900,
		.tm_mon = field(text, 5, 7) - 1,
		.tm_mday = field(text, 8, 10),
		.tm_hour = field(text, 11, 13),
		.tm_min = field(text, 14, 16),
		.tm_sec = field(text, 17, 19),
	};
	int64_t seconds = timegm(&tm);
	if (seconds < 0 || seconds >= INT64_MAX / CLOCK_SECOND)
		return -EINVAL;
	int64_t wall =
	    seconds * CLOCK_SECOND + (int64_t)field(text, 20, 26) * 1000;
	clock_format(wall, again);
	if (!str_is(text, again))
		return -EINVAL;
	*ret = wall;
	return 0;
}
