/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/moment: a point in time as people say it.
 *
 *	10m 2h 7d		so long ago
 *	14:30 14:30:05		the last time that the clock said so
 *	now today yesterday	days begin at midnight
 *	mon ... sun		the last such day, today included
 *	2026-11-27		that day
 *	2026-11-27T10:00	seconds and a fraction may follow, and Z or
 *				+01:00; without these it is local time
 *
 * A day may be followed by a time: `yesterday 14:30`.
 *
 * Pure but for the time zone of the process.
 */
#ifndef GATEHOUSE_CLI_MOMENT_H
#define GATEHOUSE_CLI_MOMENT_H

#include "base/str.h"

/* The moment as of `now` (clock_wall).  0, or -EINVAL. */
int moment_parse(struct str text, int64_t now, int64_t *ret);

/* Whether the text is a day, which a time of that day may follow. */
bool moment_is_day(struct str text);

/* Whether it is a time of the day, like 14:30. */
bool moment_is_time(struct str text);

/* What a moment may look like, for those who wrote it otherwise. */
extern const char moment_forms[];

#endif
