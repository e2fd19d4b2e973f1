/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/evaluate: the one evaluator.
 *
 * At each phase a rule matches, does not match, or might match (policy/match).
 * The list is walked from the top: the first rule that matches decides; a rule
 * that might match decides only if every verdict still possible from there on
 * is the same one.  Kernel ruleset, proxy and explanation all mean what these
 * two files say.
 *
 * Pure functions of a frozen policy and a flow: any thread, no allocation.
 */
#ifndef GATEHOUSE_POLICY_EVALUATE_H
#define GATEHOUSE_POLICY_EVALUATE_H

#include "policy/match.h"

/* Of one flow; who tries out more rules at once is told of the first ones. */
#define POLICY_REPORTED_MAX 4

struct policy_answer {
	enum policy_verdict verdict;
	enum policy_phase phase;
	const struct policy_rule *rule; /* NULL: undecided, or by `reason` */
	enum policy_fact hangs_on;      /* undecided: on this */
	bool by_name; /* the rule matched by the name that was asked for */
	/* The rule that has TLS opened, if it is; see policy/opening. */
	const struct policy_rule *opened;
	/* The `report` rules above it that matched, in their order. */
	const struct policy_rule *reported[POLICY_REPORTED_MAX];
	unsigned reported_count;
	const char *reason; /* a refusal that no rule made; else NULL */
};

/* The answer at one phase; UNDECIDED sends the flow to the next. */
struct policy_answer policy_evaluate(const struct policy *policy,
    const struct flow *flow, enum policy_phase phase,
    const struct policy_trace *trace);

/*
 * The answer at the earliest phase that gives one.  UNDECIDED only if it hangs
 * on a fact that was not given.  Of TLS it sees what lies inside where that is
 * opened, and else nothing.
 */
struct policy_answer policy_decide(
    const struct policy *policy, const struct flow *flow);

/*
 * Whether a rule does more than give its verdict: logs, reports, translates,
 * limits.
 */
bool policy_rule_leaves_trace(const struct policy_rule *rule);

/*
 * Whether two rules leave the same traces in the world: verdict, logging,
 * translation and parent.  Only then may one stand for the other at an earlier
 * phase.
 */
bool policy_outcome_same(
    const struct policy_rule *a, const struct policy_rule *b);

#endif
