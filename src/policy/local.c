/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/local.h"

#include "policy/flow.h"

/* Not a range that has local addresses among others. */
static int
add_local_of(struct address_set *named, const struct address_set *set)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < address_set_count(set); i++) {
		struct address_range range = address_set_range(set, i);
		if (address_range_is_local_scope(&range))
			rc = address_set_add(named, &range);
	}
	return rc;
}

static int
add_named_by(struct address_set *named, const struct policy_rule *rule)
{
	int rc = 0;

	if (rule->verdict != POLICY_VERDICT_ALLOW)
		return 0;
	for (size_t i = 0; rc == 0 && i < rule->to.group_count; i++)
		rc = add_local_of(named, &rule->to.groups[i]->addresses);
	return rc;
}

int
policy_find_named_local(struct policy *policy)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < policy->rule_count; i++)
		rc = add_named_by(&policy->named_local, &policy->rules[i]);
	address_set_freeze(&policy->named_local);
	return rc;
}

bool
policy_is_unnamed_local(const struct policy *policy, const struct flow *flow)
{
	return flow->known[POLICY_FACT_DESTINATION] == FLOW_KNOWN &&
	       (flow->way == FLOW_EXPLICIT || flow->way == FLOW_INTERCEPTED) &&
	       address_is_local_scope(flow->destination) &&
	       !address_set_has(&policy->named_local, flow->destination);
}
