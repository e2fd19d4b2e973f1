/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/analyse: what it costs to know a whole policy.
 *
 *	analyse FILE...
 *
 * Prints for each policy how long the exact analysis of `check` takes, how
 * long `diff` takes against the same policy without its middle rule, and how
 * long `fmt` takes: the median of ROUNDS rounds, in CPU time of this thread.
 */
#include "policy/analyse.h"
#include "policy/diff.h"
#include "policy/format.h"

#include "stopwatch.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 5

static void
analyse(const struct policy *policy)
{
	struct report report;

	report_init(&report);
	if (policy_analyse_list(policy, false, &report) < 0)
		(void)fputs("not analysed\n", stderr);
	report_fini(&report);
}

/* The rules stay the old one's: only the array is another. */
static void
compare(const struct policy *policy)
{
	size_t count = policy->rule_count, middle = count / 2;
	struct policy without = *policy;
	struct diff diff;

	without.rules = calloc(count, sizeof(*without.rules));
	if (without.rules == NULL)
		exit(1);
	memcpy(without.rules, policy->rules, middle * sizeof(*policy->rules));
	memcpy(without.rules + middle, policy->rules + middle + 1,
	    (count - middle - 1) * sizeof(*policy->rules));
	without.rule_count = count - 1;
	if (policy_diff(policy, &without, &diff) < 0)
		(void)fputs("not compared\n", stderr);
	diff_fini(&diff);
	free(without.rules);
}

static void
format(const struct policy *policy)
{
	struct text form = TEXT_EMPTY;
	struct report report;

	report_init(&report);
	if (policy_format(&policy->source, &report, &form) < 0)
		(void)fputs("not formatted\n", stderr);
	report_fini(&report);
	text_fini(&form);
}

static void
bench(const char *what, const struct policy *policy,
    void (*run)(const struct policy *))
{
	int64_t times[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		int64_t start = cpu_now();
		run(policy);
		times[i] = cpu_now() - start;
	}
	(void)printf(
	    "  %-8s %10.1f ms\n", what, (double)median(times, ROUNDS) / 1e6);
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		(void)fputs("usage: analyse FILE...\n", stderr);
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		struct policy *policy = load_policy(argv[i]);
		(void)printf(
		    "%s: %zu rules\n", argv[i], policy->rule_count - 1);
		bench("analyse", policy, analyse);
		bench("diff", policy, compare);
		bench("fmt", policy, format);
		policy_unref(policy);
	}
	return 0;
}
