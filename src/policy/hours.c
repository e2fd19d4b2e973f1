/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/hours.h"

#include "base/clock.h"
#include "base/nearest.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

static const char *const days[] = { "mon", "tue", "wed", "thu", "fri", "sat",
	"sun" };

#define DAYS 7

bool
hours_day_find(struct str word, unsigned *ret)
{
	for (unsigned i = 0; i < DAYS; i++) {
		if (str_is(word, days[i])) {
			*ret = i;
			return true;
		}
	}
	return false;
}

const char *
hours_day_word(unsigned day)
{
	return days[day];
}

/* Two digits each, so that a time has one spelling. */
bool
hours_time_parse(struct str text, unsigned *ret)
{
	if (text.len != 5 || text.at[2] != ':')
		return false;
	for (size_t i = 0; i < 5; i++)
		if (i != 2 && !ascii_is_digit(text.at[i]))
			return false;
	unsigned hour =
	    (unsigned)(text.at[0] - '0') * 10 + (unsigned)(text.at[1] - '0');
	unsigned minute =
	    (unsigned)(text.at[3] - '0') * 10 + (unsigned)(text.at[4] - '0');
	if (minute > 59 || hour > 24 || (hour == 24 && minute > 0))
		return false;
	*ret = hour * 60 + minute;
	return true;
}

int
hours_days_parse(struct str text, uint8_t *ret, const char **reterr_why)
{
	struct str last = text, first = str_cut(&last, '-');
	unsigned from, to;

	if (last.at == NULL)
		last = first;
	if (!hours_day_find(first, &from) || !hours_day_find(last, &to)) {
		*reterr_why = "days are mon, tue, wed, thu, fri, sat and sun, "
			      "a range of them mon-fri";
		return -EINVAL;
	}
	*ret = 0;
	for (unsigned day = from;; day = (day + 1) % DAYS) {
		*ret |= (uint8_t)(1u << day);
		if (day == to)
			return 0;
	}
}

/* By its first three letters, as in Monday, or the nearest; NULL: none. */
static const char *
day_meant(struct str text)
{
	struct str head = { text.at, text.len < 3 ? text.len : 3 };
	struct nearest nearest;

	for (unsigned i = 0; i < DAYS; i++)
		if (str_eq_nocase(head, str_of(days[i])))
			return days[i];
	nearest_begin(&nearest, text);
	for (unsigned i = 0; i < DAYS; i++)
		nearest_offer(&nearest, str_of(days[i]));
	return nearest.distance <= 1 ? nearest.best.at : NULL;
}

bool
hours_days_meant(struct str text, char ret[static HOURS_MEANT_BYTES])
{
	static const struct {
		const char *theirs;
		const char *ours;
	} spoken[] = { { "weekdays", "mon-fri" }, { "workdays", "mon-fri" },
		{ "weekend", "sat-sun" }, { "weekends", "sat-sun" } };
	struct str last = text, first = str_cut(&last, '-');
	const char *from = day_meant(first), *to = day_meant(last);

	for (size_t i = 0; i < sizeof(spoken) / sizeof(spoken[0]); i++) {
		if (!str_eq_nocase(text, str_of(spoken[i].theirs)))
			continue;
		(void)snprintf(ret, HOURS_MEANT_BYTES, "%s", spoken[i].ours);
		return true;
	}
	if (from == NULL || (last.at != NULL && to == NULL) ||
	    str_find(last, '-') < last.len)
		return false;
	(void)snprintf(
	    ret, HOURS_MEANT_BYTES, last.at != NULL ? "%s-%s" : "%s", from, to);
	return true;
}

/* One or two digits, at most max. */
static bool
take_digits(struct str *rest, unsigned max, unsigned *ret)
{
	size_t len = 0;

	for (*ret = 0; len < rest->len && ascii_is_digit(rest->at[len]); len++)
		if (len < 2)
			*ret = *ret * 10 + (unsigned)(rest->at[len] - '0');
	*rest = str_skip(*rest, len);
	return len > 0 && len <= 2 && *ret <= max;
}

/* "9", "9:30", "09.30", "9h30": an hour, and perhaps minutes. */
static bool
time_meant(struct str text, unsigned *ret)
{
	unsigned hour, minute = 0;

	if (!take_digits(&text, 24, &hour))
		return false;
	if (text.len > 0) {
		bool parted = strchr(":.h", text.at[0]) != NULL;
		text = str_skip(text, 1);
		if (!parted || !take_digits(&text, 59, &minute) || text.len > 0)
			return false;
	}
	*ret = hour * 60 + minute;
	return *ret <= HOURS_DAY_MINUTES;
}

bool
hours_span_meant(struct str text, char ret[static HOURS_MEANT_BYTES])
{
	struct str end = text, first = str_cut(&end, '-');
	unsigned from, to;

	if (end.at == NULL || !time_meant(first, &from) ||
	    !time_meant(end, &to))
		return false;
	from %= HOURS_DAY_MINUTES;
	if (from == to)
		return false;
	(void)snprintf(ret, HOURS_MEANT_BYTES, "%02u:%02u-%02u:%02u",
	    from / 60 % 100, from % 60, to / 60 % 100, to % 60);
	return true;
}

int
hours_span_parse(struct str text, unsigned *ret_first, unsigned *ret_end,
    const char **reterr_why)
{
	struct str end = text, first = str_cut(&end, '-');
	unsigned from, to;

	if (end.at == NULL || !hours_time_parse(first, &from) ||
	    !hours_time_parse(end, &to) || from == HOURS_DAY_MINUTES) {
		*reterr_why = "times are written 08:00-18:00";
		return -EINVAL;
	}
	if (from == to) {
		*reterr_why = "this span is empty; a whole day is 00:00-24:00";
		return -EINVAL;
	}
	*ret_first = from;
	*ret_end = to;
	return 0;
}

bool
hours_looks_like(struct str text)
{
	unsigned first, end;
	const char *why;
	uint8_t on;

	return hours_days_parse(text, &on, &why) == 0 ||
	       hours_span_parse(text, &first, &end, &why) == 0;
}

static void
add_minutes(struct hours *hours, unsigned first, unsigned end)
{
	for (unsigned i = first; i < end; i++) {
		unsigned minute = i % HOURS_WEEK_MINUTES;
		hours->minutes[minute / 64] |= (uint64_t)1 << minute % 64;
	}
}

void
hours_add(struct hours *hours, uint8_t on, unsigned first, unsigned end)
{
	if (end < first)
		end += HOURS_DAY_MINUTES;
	for (unsigned day = 0; day < DAYS; day++)
		if ((on >> day & 1) != 0)
			add_minutes(hours, day * HOURS_DAY_MINUTES + first,
			    day * HOURS_DAY_MINUTES + end);
}

void
hours_add_all(struct hours *hours, const struct hours *from)
{
	for (size_t i = 0; i < HOURS_WORDS; i++)
		hours->minutes[i] |= from->minutes[i];
}

bool
hours_has(const struct hours *hours, unsigned minute)
{
	return (hours->minutes[minute / 64] >> minute % 64 & 1) != 0;
}

bool
hours_days_are_alike(const struct hours *hours, unsigned a, unsigned b)
{
	for (unsigned i = 0; i < HOURS_DAY_MINUTES; i++)
		if (hours_has(hours, a * HOURS_DAY_MINUTES + i) !=
		    hours_has(hours, b * HOURS_DAY_MINUTES + i))
			return false;
	return true;
}

unsigned
hours_minute_of(int64_t wall)
{
	time_t seconds = (time_t)(wall / CLOCK_SECOND);
	struct tm tm;

	/* A time that has no local form is Monday, 00:00. */
	if (localtime_r(&seconds, &tm) == NULL)
		return 0;
	unsigned day = (unsigned)(tm.tm_wday + DAYS - 1) % DAYS;
	return day * HOURS_DAY_MINUTES + (unsigned)tm.tm_hour * 60 +
	       (unsigned)tm.tm_min;
}

int
hours_utc_offset_minutes(int64_t wall)
{
	time_t seconds = (time_t)(wall / CLOCK_SECOND);
	struct tm tm;

	if (localtime_r(&seconds, &tm) == NULL)
		return 0;
	return (int)(tm.tm_gmtoff / 60);
}

void
hours_minute_add(unsigned minute, struct text *out)
{
	unsigned of_day = minute % HOURS_DAY_MINUTES;

	text_addf(out, "%s %02u:%02u", days[minute / HOURS_DAY_MINUTES],
	    of_day / 60, of_day % 60);
}
