/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/policy: what reading a policy and asking it costs.
 *
 *	policy FILE FLOW...
 *
 * Prints how long the policy takes to read, and for each flow how long one
 * answer takes: the median of ROUNDS rounds, each of ASKS answers, in CPU time
 * of this thread.
 */
#include "policy/evaluate.h"
#include "policy/flow_text.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 21 /* odd: one is in the middle */
#define ASKS   20000

static int64_t
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

static int64_t
median(int64_t times[ROUNDS])
{
	size_t middle = ROUNDS / 2;

	qsort(times, ROUNDS, sizeof(times[0]), by_value);
	return times[middle];
}

static struct policy *
load(const char *path)
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

static void
bench_load(const char *path)
{
	int64_t times[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		int64_t start = cpu_now();
		policy_unref(load(path));
		times[i] = cpu_now() - start;
	}
	(void)printf(
	    "%-60s %9.3f ms to read\n", path, (double)median(times) / 1e6);
}

static void
bench_flow(const struct policy *policy, const char *text)
{
	static const struct policy_own nothing = { NULL, 0 };
	struct source source = { .name = STR("flow"), .text = str_of(text) };
	int64_t times[ROUNDS];
	volatile unsigned sum = 0;
	struct report report;
	struct arena arena;
	struct flow flow;

	report_init(&report);
	arena_init(&arena, (size_t)1 << 20);
	if (flow_parse(&source, policy, &nothing, &arena, &report, &flow) < 0) {
		(void)fprintf(stderr, "not a flow: %s\n", text);
		exit(2);
	}
	for (size_t i = 0; i < ROUNDS; i++) {
		int64_t start = cpu_now();
		for (size_t j = 0; j < ASKS; j++)
			sum += policy_decide(policy, &flow).verdict;
		times[i] = cpu_now() - start;
	}
	(void)sum; /* written so that no answer can be left out */
	(void)printf("%-60s %9.0f ns %s\n", text, (double)median(times) / ASKS,
	    policy_verdict_word(policy_decide(policy, &flow).verdict));
	arena_fini(&arena);
	report_fini(&report);
}

int
main(int argc, char **argv)
{
	if (argc < 3) {
		(void)fputs("usage: policy FILE FLOW...\n", stderr);
		return 2;
	}
	bench_load(argv[1]);
	struct policy *policy = load(argv[1]);
	for (int i = 2; i < argc; i++)
		bench_flow(policy, argv[i]);
	policy_unref(policy);
	return 0;
}
