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

#include "stopwatch.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 21 /* odd: one is in the middle */
#define ASKS   20000

static void
bench_load(const char *path)
{
	int64_t times[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		int64_t start = cpu_now();
		policy_unref(load_policy(path));
		times[i] = cpu_now() - start;
	}
	(void)printf("%-60s %9.3f ms to read\n", path,
	    (double)median(times, ROUNDS) / 1e6);
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
	(void)printf("%-60s %9.0f ns %s\n", text,
	    (double)median(times, ROUNDS) / ASKS,
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
	struct policy *policy = load_policy(argv[1]);
	for (int i = 2; i < argc; i++)
		bench_flow(policy, argv[i]);
	policy_unref(policy);
	return 0;
}
