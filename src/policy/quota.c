/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/quota.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <time.h>

static const char *const periods[] = {
#define ROW(id, word) #word,
	POLICY_PERIODS(ROW)
#undef ROW
};

static const char units[] = { 'k', 'M', 'G', 'T' };

const char *
policy_period_word(enum policy_period period)
{
	return periods[period];
}

bool
policy_period_find(struct str word, enum policy_period *ret)
{
	for (unsigned i = 0; i < POLICY_PERIOD_COUNT; i++) {
		if (!str_is(word, periods[i]))
			continue;
		*ret = (enum policy_period)i;
		return true;
	}
	return false;
}

/* mktime brings days that are too many into the next month. */
static void
step(enum policy_period period, struct tm *tm)
{
	switch (period) {
	case POLICY_PERIOD_HOUR:
	case POLICY_PERIOD_COUNT:
		break;
	case POLICY_PERIOD_DAY:
		tm->tm_mday++;
		break;
	case POLICY_PERIOD_WEEK:
		tm->tm_mday += 7;
		break;
	case POLICY_PERIOD_MONTH:
		tm->tm_mon++;
		break;
	}
}

static void
go_back(enum policy_period period, struct tm *tm)
{
	tm->tm_hour = 0;
	if (period == POLICY_PERIOD_WEEK)
		tm->tm_mday -= (tm->tm_wday + 6) % 7;
	if (period == POLICY_PERIOD_MONTH)
		tm->tm_mday = 1;
}

static int64_t
wall_of(struct tm tm)
{
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm) * CLOCK_SECOND;
}

/*
 * Hours are as long as they are: the one that daylight saving repeats is two.
 * What has no local form is one period with all that is like it.
 */
void
policy_period_of(enum policy_period period, int64_t wall, int64_t *ret_begin,
    int64_t *ret_end)
{
	time_t seconds = (time_t)(wall / CLOCK_SECOND);
	struct tm tm;

	*ret_begin = 0;
	*ret_end = INT64_MAX;
	if (localtime_r(&seconds, &tm) == NULL)
		return;
	if (period == POLICY_PERIOD_HOUR) {
		int64_t into = tm.tm_min * 60 + tm.tm_sec;
		*ret_begin = ((int64_t)seconds - into) * CLOCK_SECOND;
		*ret_end = *ret_begin + 3600 * CLOCK_SECOND;
		return;
	}
	tm.tm_min = 0;
	tm.tm_sec = 0;
	go_back(period, &tm);
	*ret_begin = wall_of(tm);
	step(period, &tm);
	*ret_end = wall_of(tm);
}

int
policy_quota_parse(struct str text, uint64_t *ret, const char **reterr_why)
{
	struct str digits = text;
	uint64_t count = 0;
	unsigned shift = 0;

	digits.len -= digits.len > 0;
	for (unsigned i = 0; text.len > 0 && i < sizeof(units); i++)
		if (text.at[digits.len] == units[i])
			shift = (i + 1) * 10;
	if (shift == 0 || str_number(digits, UINT64_MAX, &count) < 0) {
		*reterr_why =
		    "a quota is a whole number and a unit, like 500M, "
		    "10G or 1T";
		return -EINVAL;
	}
	if (count == 0 || count > POLICY_QUOTA_MAX >> shift) {
		*reterr_why = "a quota is 1k to 1000000T";
		return -EINVAL;
	}
	*ret = count << shift;
	return 0;
}

_Static_assert(POLICY_QUOTA_MAX == UINT64_C(1000000) << 40, "the words say so");

void
policy_quota_add(uint64_t bytes, struct text *out)
{
	size_t i = sizeof(units);

	while (i > 1 && bytes % (UINT64_C(1) << i * 10) != 0)
		i--;
	text_addf(out, "%" PRIu64 "%c", bytes >> i * 10, units[i - 1]);
}

bool
policy_quota_count_is_good(const struct policy_quota_count *count)
{
	return count->period < POLICY_PERIOD_COUNT &&
	       (count->source.family == ADDRESS_NONE ||
		   count->source.family == ADDRESS_IPV4 ||
		   count->source.family == ADDRESS_IPV6);
}

bool
policy_quota_same(const struct policy_quota *a, const struct policy_quota *b)
{
	return a->bytes == b->bytes &&
	       (a->bytes == 0 ||
		   (a->period == b->period && a->per_source == b->per_source));
}
