/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stopwatch.h"

#include "base/clock.h"
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int64_t
cpu_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int64_t
median(int64_t *times, size_t count)
{
	qsort(times, count, sizeof(*times), by_value);
	return times[count / 2];
}

struct policy *
load_policy(const char *path)
{
	struct policy *policy = NULL, *kept = NULL;
	struct text words = TEXT_EMPTY;
	struct report report;

	report_init(&report);
	if (policy_load(path, &policy_files, &report, &policy, &kept) < 0) {
		report_render(&report, false, &words);
		(void)fputs(words.at, stderr);
		exit(1);
	}
	report_fini(&report);
	return policy;
}
