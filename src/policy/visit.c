/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/visit.h"

#include "policy/match.h"

struct rule_index_key
policy_visit_key(const struct flow *flow, enum policy_phase phase)
{
	enum flow_known name = policy_fact_see(flow, POLICY_FACT_NAME, phase);

	return (struct rule_index_key){
		.from_zone = flow->from_zone,
		.source = flow->source,
		.destination_known =
		    policy_fact_see(flow, POLICY_FACT_DESTINATION, phase) ==
		    FLOW_KNOWN,
		.to_zone = flow->to_zone,
		.own_zone = flow->own_zone,
		.destination = flow->destination,
		.name_known = name == FLOW_KNOWN,
		.name_open = name == FLOW_NOT_GIVEN,
		.name = flow->name,
		.service_known = !flow->any_port &&
				 policy_fact_see(flow, POLICY_FACT_SERVICE,
				     phase) == FLOW_KNOWN,
		.protocol = flow->protocol,
		.port = flow->port,
	};
}

void
policy_visit(const struct policy *policy, const struct flow *flow,
    enum policy_phase phase, policy_visit_fn visit, void *context)
{
	struct rule_index_key key = policy_visit_key(flow, phase);
	struct rule_index_walk left;
	size_t rule = 0;

	if (policy->index == NULL) {
		while (rule < policy->rule_count &&
		       !visit(context, &policy->rules[rule]))
			rule++;
		return;
	}
	rule_index_begin(policy->index, &key, &left);
	while (rule_index_next(&left, &rule) &&
	       !visit(context, &policy->rules[rule]))
		;
	rule_index_end(&left);
}
