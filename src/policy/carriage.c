/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/carriage.h"

#include "policy/opening.h"

bool
policy_carriage(const struct policy *policy, const struct flow *flow,
    const struct policy_answer *answer, const struct policy_parent **ret)
{
	struct flow seen = *flow;

	*ret = NULL;
	if (answer->rule != NULL) {
		*ret = answer->rule->parent;
		return true;
	}
	if (flow->tls != FLOW_BARE)
		(void)policy_see_tls(policy, flow, &seen);
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		struct policy_matched matched =
		    policy_rule_match(policy, rule, &seen, seen.last);
		if (matched.match == POLICY_MATCH_NO)
			continue;
		if (matched.match == POLICY_MATCH_MIGHT &&
		    matched.fact != POLICY_FACT_TYPE &&
		    !(answer->opened != NULL &&
			policy_fact_is_inside(matched.fact)))
			return false;
		if (rule->report)
			continue;
		if (*ret == NULL && rule->verdict == POLICY_VERDICT_ALLOW)
			*ret = rule->parent;
		if (matched.match == POLICY_MATCH_YES)
			break;
	}
	return true;
}

bool
policy_carriage_fits(
    const struct policy_rule *rule, const struct policy_parent *used)
{
	return rule == NULL || rule->parent == NULL ||
	       policy_parent_same(rule->parent, used);
}
