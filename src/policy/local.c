/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/local.h"

#include "policy/flow.h"

typedef int (*each_fn)(void *context, const struct address_range *local);

/* Each local range that the rule names, till one is answered by another number
 * than 0, which is returned.  Not a range that has others as well. */
static int
each_named(const struct policy_rule *rule, each_fn each, void *context)
{
	int rc = 0;

	if (rule->verdict != POLICY_VERDICT_ALLOW)
		return 0;
	for (size_t i = 0; i < rule->to.group_count; i++) {
		const struct address_set *set = &rule->to.groups[i]->addresses;
		for (size_t j = 0; j < address_set_count(set) && rc == 0; j++) {
			struct address_range range = address_set_range(set, j);
			if (address_range_is_local_scope(&range))
				rc = each(context, &range);
		}
	}
	return rc;
}

static int
is_there(void *context, const struct address_range *local)
{
	(void)context;
	(void)local;
	return 1;
}

bool
policy_names_local(const struct policy_rule *rule)
{
	return each_named(rule, is_there, NULL) != 0;
}

static int
add(void *context, const struct address_range *local)
{
	return address_set_add(context, local);
}

int
policy_find_named_local(struct policy *policy)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < policy->rule_count; i++)
		rc = each_named(&policy->rules[i], add, &policy->named_local);
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
