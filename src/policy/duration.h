/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/duration: how long something takes, as people write it.
 *
 * A whole number and one unit: `30s`, `5m`, `12h`, `7d`.
 */
#ifndef GATEHOUSE_POLICY_DURATION_H
#define GATEHOUSE_POLICY_DURATION_H

#include "base/clock.h"
#include "base/text.h"

/* Longer is most likely a slip, and far below what 64 bits hold. */
#define DURATION_DAYS_MAX 365

/* 0 and nanoseconds, or -EINVAL with *reterr_why.  `0s` is a duration. */
int duration_parse(struct str text, int64_t *ret, const char **reterr_why);

/* As short as it is exact: 90 seconds are `90s`, 120 are `2m`. */
void duration_add(int64_t duration, struct text *out);

#endif
