/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/analyse_learned.h"

#include "policy/describe.h"
#include "policy/learning.h"

uint64_t
analyse_learned_zones(
    const struct policy *policy, const struct policy_rule *rule)
{
	uint64_t from = rule->from.zones, zones = 0;

	if (rule->from.group_count > 0)
		from = POLICY_ZONES_ANY;
	if (rule->to.asked == 0 &&
	    (rule->to.except == NULL || rule->to.except->asked == 0))
		return 0;
	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if ((from & policy_zone_bit(zone)) != 0 &&
		    policy_learns(policy, zone) &&
		    policy_rule_passes_proxy(policy, rule, zone))
			zones |= policy_zone_bit(zone);
	return zones;
}

void
analyse_learned(const struct policy *policy, struct report *report)
{
	const struct policy_rule *first = NULL;
	uint64_t zones = 0;
	struct text words = TEXT_EMPTY;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		uint64_t some = analyse_learned_zones(policy, rule);
		zones |= some;
		if (some != 0 && first == NULL)
			first = rule;
	}
	if (first == NULL)
		return;
	describe_zones(policy, zones, &words);
	report_warning(report, "approximate", first->place,
	    "from %.*s, past the proxy, names are known by their addresses: "
	    "what else is at one of them fares alike",
	    STR_ARG(text_str(&words)));
	for (size_t i = 0; i < policy->rule_count; i++)
		if (analyse_learned_zones(policy, &policy->rules[i]) != 0)
			report_by(report, policy->rules[i].line);
	text_fini(&words);
}
