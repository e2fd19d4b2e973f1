/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/histogram.h"

#define SECOND INT64_C(1000000000)

static const struct {
	const char *name;
	const char *meaning;
} rows[HISTOGRAM_COUNT] = {
#define ROW(id, name, meaning) [HISTOGRAM_##id] = { name, meaning },
	HISTOGRAMS(ROW)
#undef ROW
};

/* The first whose bound is not less.  Past a day it is the last one anyhow, and
 * the product would not fit. */
static unsigned
bucket_of(int64_t duration)
{
	uint64_t shortest;

	if (duration <= 0)
		return 0;
	if (duration > 86400 * SECOND)
		return HISTOGRAM_BUCKETS - 1;
	/* In units of the first bound, rounded up. */
	shortest = (((uint64_t)duration << -HISTOGRAM_FIRST) + SECOND - 1) /
		   (uint64_t)SECOND;
	if (shortest <= 1)
		return 0;
	unsigned bucket = 64 - (unsigned)__builtin_clzll(shortest - 1);
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

void
histogram_add(enum histogram histogram, int64_t duration)
{
	counter_add_cell(HISTOGRAM_CELL(histogram, bucket_of(duration)), 1);
	if (duration > 0)
		counter_add_cell(
		    HISTOGRAM_CELL(histogram, HISTOGRAM_BUCKETS), duration);
}

const char *
histogram_name(enum histogram histogram)
{
	return rows[histogram].name;
}

const char *
histogram_meaning(enum histogram histogram)
{
	return rows[histogram].meaning;
}
