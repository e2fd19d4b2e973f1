/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/match: whether one rule means a flow, as far as a phase shows it.
 *
 * A condition is true, false or not yet known, so that a rule matches, does not
 * match, or might match.
 *
 * Pure functions of a frozen policy and a flow: any thread, no allocation.
 */
#ifndef GATEHOUSE_POLICY_MATCH_H
#define GATEHOUSE_POLICY_MATCH_H

#include "policy/policy.h"

enum policy_match {
	POLICY_MATCH_NO,
	POLICY_MATCH_MIGHT,
	POLICY_MATCH_YES,
};

/*
 * What this phase shows of a fact.  ABSENT: no phase that the flow can reach
 * will show it.  NOT_GIVEN: not yet, or the caller does not know.
 */
enum flow_known policy_fact_see(
    const struct flow *flow, enum policy_fact fact, enum policy_phase phase);

struct policy_matched {
	enum policy_match match;
	enum policy_fact fact; /* that settled it */
	bool by_name;          /* by the name that was asked for */
};

/* Called for each rule looked at, in order, with what settled the match. */
typedef void (*policy_trace_fn)(void *context, const struct policy_rule *rule,
    enum policy_match match, enum policy_fact fact);

struct policy_trace {
	policy_trace_fn step;
	void *context;
};

/* Of one rule, by itself. */
struct policy_matched policy_rule_match(const struct policy *policy,
    const struct policy_rule *rule, const struct flow *flow,
    enum policy_phase phase);

/* Whether the endpoint, without what is behind `except`, covers a name that the
 * flow is known to have. */
bool policy_endpoint_names(
    const struct policy_endpoint *endpoint, const struct flow *flow);

/* Whether one field of the request has the name and such a value. */
bool policy_header_is_in(
    const struct policy_header *header, const struct flow *flow);

#endif
