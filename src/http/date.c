/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A form is a pattern, and one function reads a text by it.  Days are counted
 * here and not by timegm and gmtime_r, which take the lock of the C library's
 * time zones for every call of every thread.
 */
#include "http/date.h"

#include <errno.h>

#define DAY_SECONDS 86400
#define YEAR_MIN    1601
#define YEAR_MAX    9999

static const char day_names[7][10] = { "Sunday", "Monday", "Tuesday",
	"Wednesday", "Thursday", "Friday", "Saturday" };
static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

struct date {
	unsigned year, month, day, hour, minute, second; /* month from 0 */
};

/*
 * Days since 1970-01-01 of a day in the Gregorian calendar.  A year begins in
 * March, so that the day that not every year has is its last.
 */
static int64_t
days_of(unsigned year, unsigned month, unsigned day)
{
	int64_t y = (int64_t)year - (month < 2);
	int64_t m = month < 2 ? month + 10 : month - 2;

	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day -
	       1 - 719468;
}

/*
 * Of a day that is not before YEAR_MIN.  400 years have 146097 days; the mean
 * is never past the year that it is, and at most one before.
 */
static unsigned
year_of(int64_t days)
{
	int64_t years = (days - days_of(YEAR_MIN, 0, 1)) * 400 / 146097;
	unsigned year = YEAR_MIN + (unsigned)years;

	return year + (days_of(year + 1, 0, 1) <= days);
}

static unsigned
days_in(unsigned year, unsigned month)
{
	unsigned next = (month + 1) % 12;

	return (unsigned)(days_of(year + (month == 11), next, 1) -
			  days_of(year, month, 1));
}

/* Takes a word off the head of *rest, in any case. */
static bool
take(struct str *rest, const char *word, size_t len)
{
	if (rest->len < len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (ascii_lower(rest->at[i]) != ascii_lower(word[i]))
			return false;
	*rest = str_skip(*rest, len);
	return true;
}

static bool
take_literal(struct str *rest, char literal)
{
	if (rest->len == 0 || ascii_lower(*rest->at) != ascii_lower(literal))
		return false;
	*rest = str_skip(*rest, 1);
	return true;
}

static bool
take_digits(struct str *rest, unsigned count, unsigned *ret)
{
	unsigned number = 0;

	for (unsigned i = 0; i < count; i++) {
		if (i >= rest->len || !ascii_is_digit(rest->at[i]))
			return false;
		number = number * 10 + (unsigned)(rest->at[i] - '0');
	}
	*rest = str_skip(*rest, count);
	*ret = number;
	return true;
}

static bool
take_month(struct str *rest, unsigned *ret)
{
	for (unsigned i = 0; i < 12; i++)
		if (take(rest, month_names[i], 3)) {
			*ret = i;
			return true;
		}
	return false;
}

/* The whole name, or its first three letters. */
static bool
take_day_name(struct str *rest, bool whole)
{
	for (unsigned i = 0; i < 7; i++)
		if (take(rest, day_names[i], whole ? strlen(day_names[i]) : 3))
			return true;
	return false;
}

/* The last year with these two digits that is not 50 years ahead. */
static unsigned
year_of_two_digits(unsigned digits, int64_t now)
{
	unsigned last = year_of(now < 0 ? 0 : now / DAY_SECONDS) + 50;
	unsigned year = last - last % 100 + digits;

	return year > last ? year - 100 : year;
}

/* One letter of a pattern; see http_date_parse. */
static bool
take_part(struct str *rest, char part, int64_t now, struct date *date)
{
	switch (part) {
	case 'w':
		return take_day_name(rest, false);
	case 'W':
		return take_day_name(rest, true);
	case 'b':
		return take_month(rest, &date->month);
	case 'd':
		return take_digits(rest, 2, &date->day);
	case 'e': /* 2DIGIT / ( SP 1DIGIT ) */
		return take_digits(
		    rest, take_literal(rest, ' ') ? 1 : 2, &date->day);
	case 'Y':
		return take_digits(rest, 4, &date->year);
	case 'y':
		if (!take_digits(rest, 2, &date->year))
			return false;
		date->year = year_of_two_digits(date->year, now);
		return true;
	case 'T':
		return take_digits(rest, 2, &date->hour) &&
		       take_literal(rest, ':') &&
		       take_digits(rest, 2, &date->minute) &&
		       take_literal(rest, ':') &&
		       take_digits(rest, 2, &date->second);
	default:
		return false;
	}
}

static bool
matches(struct str rest, const char *pattern, int64_t now, struct date *date)
{
	for (; *pattern != '\0'; pattern++) {
		bool taken = *pattern == '%'
				 ? take_part(&rest, *++pattern, now, date)
				 : take_literal(&rest, *pattern);
		if (!taken)
			return false;
	}
	return rest.len == 0;
}

/* Which of the three it can be: what stands behind three letters tells. */
static const char *
pattern_of(struct str text)
{
	if (text.len < 4)
		return "";
	if (text.at[3] == ',')
		return "%w, %d %b %Y %T GMT"; /* IMF-fixdate */
	if (text.at[3] == ' ')
		return "%w %b %e %T %Y"; /* asctime-date */
	return "%W, %d-%b-%y %T GMT";    /* rfc850-date */
}

static bool
exists(const struct date *date)
{
	return date->year >= YEAR_MIN && date->year <= YEAR_MAX &&
	       date->day >= 1 &&
	       date->day <= days_in(date->year, date->month) &&
	       date->hour <= 23 && date->minute <= 59 && date->second <= 60;
}

int
http_date_parse(struct str text, int64_t now, int64_t *ret)
{
	struct date date = { 0 };

	if (!matches(text, pattern_of(text), now, &date) || !exists(&date))
		return -EINVAL;
	/* RFC 9111, 4.2: what we cannot hold is the time before it. */
	if (date.second == 60)
		date.second = 59;
	*ret = days_of(date.year, date.month, date.day) * DAY_SECONDS +
	       (int64_t)date.hour * 3600 + (int64_t)date.minute * 60 +
	       date.second;
	return 0;
}

static struct date
date_of(int64_t days, int64_t second)
{
	struct date date = {
		.year = year_of(days),
		.hour = (unsigned)(second / 3600),
		.minute = (unsigned)(second / 60 % 60),
		.second = (unsigned)(second % 60),
	};

	while (date.month < 11 && days_of(date.year, date.month + 1, 1) <= days)
		date.month++;
	date.day = (unsigned)(days - days_of(date.year, date.month, 1)) + 1;
	return date;
}

static void
put_digits(char *at, unsigned count, unsigned number)
{
	for (unsigned i = count; i > 0; i--) {
		at[i - 1] = (char)('0' + number % 10);
		number /= 10;
	}
}

void
http_date_format(int64_t seconds, char ret[static HTTP_DATE_BYTES])
{
	int64_t first = days_of(YEAR_MIN, 0, 1) * DAY_SECONDS;
	int64_t end = days_of(YEAR_MAX + 1, 0, 1) * DAY_SECONDS;

	if (seconds < first)
		seconds = first;
	if (seconds >= end)
		seconds = end - 1;
	/* The first day is a Monday, and nothing here is negative. */
	int64_t since = seconds - first;
	int64_t days = (seconds - since % DAY_SECONDS) / DAY_SECONDS;
	struct date date = date_of(days, since % DAY_SECONDS);
	memcpy(ret, "Sun, 00 Jan 0000 00:00:00 GMT", HTTP_DATE_BYTES);
	memcpy(ret, day_names[(since / DAY_SECONDS + 1) % 7], 3);
	put_digits(ret + 5, 2, date.day);
	memcpy(ret + 8, month_names[date.month], 3);
	put_digits(ret + 12, 4, date.year);
	put_digits(ret + 17, 2, date.hour);
	put_digits(ret + 20, 2, date.minute);
	put_digits(ret + 23, 2, date.second);
}
