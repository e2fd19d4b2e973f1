/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/hours: a part of the week, as a set of its minutes.
 *
 * The week begins on Monday at 00:00 and has 10,080 minutes, each of which is
 * in or out: 1,260 bytes, in which union, look-up and comparison are exact and
 * a span over midnight or over the end of the week is nothing special.
 */
#ifndef GATEHOUSE_POLICY_HOURS_H
#define GATEHOUSE_POLICY_HOURS_H

#include "base/text.h"

#define HOURS_DAY_MINUTES  1440
#define HOURS_WEEK_MINUTES (7 * HOURS_DAY_MINUTES)
#define HOURS_WORDS        ((HOURS_WEEK_MINUTES + 63) / 64)

struct hours {
	uint64_t minutes[HOURS_WORDS];
};

/* "mon" to "sun" as 0 to 6; false if it is none. */
bool hours_day_find(struct str word, unsigned *ret);
const char *hours_day_word(unsigned day);

/* "08:30" as minutes since midnight; 24:00 is an end only.  False if none. */
bool hours_time_parse(struct str text, unsigned *ret);

/*
 * "mon-fri" or "mon" as a mask of days, Monday the lowest bit; "fri-mon" goes
 * over the end of the week.  0, or -EINVAL with *reterr_why.
 */
int hours_days_parse(struct str text, uint8_t *ret, const char **reterr_why);

/*
 * "08:00-18:00", the end not included; "22:00-06:00" ends on the next day.
 * 0, or -EINVAL with *reterr_why.
 */
int hours_span_parse(struct str text, unsigned *ret_first, unsigned *ret_end,
    const char **reterr_why);

/* Whether these are days or times, where their name may be wanted. */
bool hours_looks_like(struct str text);

/*
 * What was probably meant by wrong days, as "mon-fri" for "Monday-Friday", and
 * by wrong times, as "08:00-18:00" for "8-18"; false: nothing known.
 */
#define HOURS_MEANT_BYTES 12
bool hours_days_meant(struct str text, char ret[static HOURS_MEANT_BYTES]);
bool hours_span_meant(struct str text, char ret[static HOURS_MEANT_BYTES]);

/* Adds the span on each of the days. */
void hours_add(struct hours *hours, uint8_t on, unsigned first, unsigned end);
void hours_add_all(struct hours *hours, const struct hours *from);

/* minute is below HOURS_WEEK_MINUTES. */
bool hours_has(const struct hours *hours, unsigned minute);

/* Whether the same minutes of two days (0 to 6) are in. */
bool hours_days_are_alike(const struct hours *hours, unsigned a, unsigned b);

/* The minute of the week at this time (clock_wall), in local time. */
unsigned hours_minute_of(int64_t wall);

/* How far local time is ahead of UTC at this time. */
int hours_utc_offset_minutes(int64_t wall);

/* "mon 09:30" */
void hours_minute_add(unsigned minute, struct text *out);

#endif
