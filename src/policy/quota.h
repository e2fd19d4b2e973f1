/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/quota: how many bytes of a rule's flows pass in a period.
 *
 * An amount is a whole number and a unit: `500M`, `10G`, powers of 1,024 as
 * all sizes of the language; both directions count together.  A period is one
 * of the calendar, in local time: it begins with the full hour, at midnight,
 * on Monday, with the month; then all of it is there again.
 */
#ifndef GATEHOUSE_POLICY_QUOTA_H
#define GATEHOUSE_POLICY_QUOTA_H

#include "base/address.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define POLICY_PERIODS(ROW)                                                    \
	ROW(HOUR, hour)                                                        \
	ROW(DAY, day)                                                          \
	ROW(WEEK, week)                                                        \
	ROW(MONTH, month)

enum policy_period {
#define ROW(id, word) POLICY_PERIOD_##id,
	POLICY_PERIODS(ROW)
#undef ROW
	POLICY_PERIOD_COUNT
};

struct policy_quota {
	uint64_t bytes; /* 0: no quota */
	enum policy_period period;
	bool per_source;
};

/* More is a slip: a line of 400 Gbit/s passes less in a month. */
#define POLICY_QUOTA_MAX (UINT64_C(1000000) << 40)

const char *policy_period_word(enum policy_period period);
bool policy_period_find(struct str word, enum policy_period *ret);

/*
 * When the period began that `wall` (clock_wall) lies in, and when the next
 * one does.
 */
void policy_period_of(enum policy_period period, int64_t wall,
    int64_t *ret_begin, int64_t *ret_end);

/* 0 and bytes, or -EINVAL with *reterr_why. */
int policy_quota_parse(struct str text, uint64_t *ret, const char **reterr_why);

/* As short as it is exact: `10G`. */
void policy_quota_add(uint64_t bytes, struct text *out);

/*
 * What a source, or with family NONE all of them, has used of a quota in the
 * period that began then.  The id is the rule's (policy_quota_id).
 */
struct policy_quota_count {
	uint64_t id;
	uint64_t used;
	int64_t begin; /* wall clock */
	struct address source;
	uint8_t period; /* enum policy_period */
};

/* The period of a count that comes from outside is one of them. */
bool policy_quota_count_is_good(const struct policy_quota_count *count);

bool policy_quota_same(
    const struct policy_quota *a, const struct policy_quota *b);

#endif
