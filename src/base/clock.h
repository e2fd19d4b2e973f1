/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/clock: time as one integer type.
 *
 * Every time and duration is int64_t nanoseconds.  clock_now never goes back
 * and is for durations and timers; clock_wall is what people call the time.
 */
#ifndef GATEHOUSE_BASE_CLOCK_H
#define GATEHOUSE_BASE_CLOCK_H

#include "base/str.h"

#define CLOCK_MS     ((int64_t)1000000)
#define CLOCK_SECOND ((int64_t)1000000000)

int64_t clock_now(void);
int64_t clock_wall(void);

/* "2026-03-01T12:00:00.123456Z" (RFC 3339, UTC) and its NUL. */
#define CLOCK_TEXT_BYTES 28
void clock_format(int64_t wall, char ret[static CLOCK_TEXT_BYTES]);

/* The time that clock_format gives exactly this text for.  0 or -EINVAL. */
int clock_parse(struct str text, int64_t *ret);

#endif
