/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/moment.h"

#include "base/clock.h"
#include "policy/duration.h"
#include "policy/hours.h"

#include <errno.h>
#include <time.h>

const char moment_forms[] =
    "10m (ago), 14:30, today, yesterday, mon, 2026-11-27 and 2026-11-27T10:00";

/* A moment in parts, until it is known in which zone it was meant. */
struct parts {
	struct tm tm;
	int64_t fraction; /* nanoseconds */
	bool has_offset;
	int64_t offset; /* seconds ahead of UTC */
};

/* A number of exactly so many digits, cut off *rest. */
static bool
take_digits(struct str *rest, size_t count, int max, int *ret)
{
	int value = 0;

	if (rest->len < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!ascii_is_digit(rest->at[i]))
			return false;
		value = value * 10 + (rest->at[i] - '0');
	}
	*rest = str_skip(*rest, count);
	*ret = value;
	return value <= max;
}

static bool
take_char(struct str *rest, char c)
{
	if (rest->len == 0 || rest->at[0] != c)
		return false;
	*rest = str_skip(*rest, 1);
	return true;
}

/* ".123456", up to nanoseconds. */
static bool
take_fraction(struct str *rest, int64_t *ret)
{
	int64_t unit = CLOCK_SECOND;

	if (!take_char(rest, '.'))
		return true;
	if (rest->len == 0 || !ascii_is_digit(rest->at[0]))
		return false;
	for (; rest->len > 0 && ascii_is_digit(rest->at[0]);
	     *rest = str_skip(*rest, 1)) {
		unit /= 10;
		*ret += unit * (rest->at[0] - '0');
	}
	return true;
}

/* 14:30, 14:30:05 or 14:30:05.123 */
static bool
take_time(struct str *rest, struct parts *parts)
{
	if (!take_digits(rest, 2, 23, &parts->tm.tm_hour) ||
	    !take_char(rest, ':') ||
	    !take_digits(rest, 2, 59, &parts->tm.tm_min))
		return false;
	if (!take_char(rest, ':'))
		return true;
	return take_digits(rest, 2, 60, &parts->tm.tm_sec) &&
	       take_fraction(rest, &parts->fraction);
}

/* Z, +01:00 or nothing */
static bool
take_offset(struct str *rest, struct parts *parts)
{
	int sign, hours, minutes;

	if (rest->len == 0)
		return true;
	parts->has_offset = true;
	if (take_char(rest, 'Z'))
		return true;
	sign = rest->at[0] == '-' ? -1 : 1;
	if ((!take_char(rest, '+') && !take_char(rest, '-')) ||
	    !take_digits(rest, 2, 23, &hours) || !take_char(rest, ':') ||
	    !take_digits(rest, 2, 59, &minutes))
		return false;
	parts->offset = sign * (hours * 3600 + minutes * 60);
	return true;
}

static int
days_of(int month, int year)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };
	bool leaps = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leaps);
}

/* 2026-11-27 */
static bool
take_date(struct str *rest, struct parts *parts)
{
	int year, month, day;

	if (!take_digits(rest, 4, 9999, &year) || !take_char(rest, '-') ||
	    !take_digits(rest, 2, 12, &month) || !take_char(rest, '-') ||
	    !take_digits(rest, 2, 31, &day))
		return false;
	if (year < 1970 || year > 2200 || month < 1 || day < 1 ||
	    day > days_of(month, year))
		return false;
	parts->tm.tm_year = year - 1900;
	parts->tm.tm_mon = month - 1;
	parts->tm.tm_mday = day;
	return true;
}

/* today, yesterday, mon: its date. */
static bool
find_day(struct str word, int64_t now, struct parts *parts)
{
	time_t seconds = (time_t)(now / CLOCK_SECOND);
	unsigned day;
	struct tm tm;
	int back;

	(void)localtime_r(&seconds, &tm);
	if (str_is(word, "today"))
		back = 0;
	else if (str_is(word, "yesterday"))
		back = 1;
	else if (hours_day_find(word, &day))
		/* Monday is 0 there and 1 here. */
		back = (tm.tm_wday + 6 - (int)day) % 7;
	else
		return false;
	parts->tm.tm_year = tm.tm_year;
	parts->tm.tm_mon = tm.tm_mon;
	parts->tm.tm_mday = tm.tm_mday - back;
	return true;
}

/* A day, and a time of it behind a blank or a T. */
static bool
take_day(struct str text, int64_t now, struct parts *parts)
{
	struct str rest = text, word = str_cut(&rest, ' ');

	if (find_day(word, now, parts))
		return rest.at == NULL ||
		       (take_time(&rest, parts) && rest.len == 0);
	rest = text;
	if (!take_date(&rest, parts))
		return false;
	if (rest.len == 0)
		return true;
	return (take_char(&rest, 'T') || take_char(&rest, ' ')) &&
	       take_time(&rest, parts) && take_offset(&rest, parts) &&
	       rest.len == 0;
}

static int64_t
seconds_of(struct parts *parts)
{
	parts->tm.tm_isdst = -1;
	return parts->has_offset ? (int64_t)timegm(&parts->tm) - parts->offset
				 : (int64_t)mktime(&parts->tm);
}

/* Today's, or if that is still to come, yesterday's. */
static int64_t
last_time(const struct parts *time, int64_t now)
{
	for (int back = 0;; back++) {
		struct parts day = *time;
		(void)find_day(STR("today"), now, &day);
		day.tm.tm_mday -= back;
		int64_t wall = seconds_of(&day) * CLOCK_SECOND + day.fraction;
		if (wall <= now || back == 1)
			return wall;
	}
}

int
moment_parse(struct str text, int64_t now, int64_t *ret)
{
	struct parts parts = { 0 };
	struct str rest = text;
	const char *why;
	int64_t ago;

	if (str_is(text, "now")) {
		*ret = now;
	} else if (duration_parse(text, &ago, &why) == 0) {
		*ret = now - ago;
	} else if (take_time(&rest, &parts) && rest.len == 0) {
		*ret = last_time(&parts, now);
	} else {
		parts = (struct parts){ 0 };
		if (!take_day(text, now, &parts))
			return -EINVAL;
		*ret = seconds_of(&parts) * CLOCK_SECOND + parts.fraction;
	}
	return 0;
}

bool
moment_is_time(struct str text)
{
	struct parts parts = { 0 };

	return take_time(&text, &parts) && text.len == 0;
}

bool
moment_is_day(struct str text)
{
	struct parts parts = { 0 };
	struct str rest = text;

	return find_day(text, 0, &parts) ||
	       (take_date(&rest, &parts) && rest.len == 0);
}
