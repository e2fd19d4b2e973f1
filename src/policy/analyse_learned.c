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
analyse_learned(const struct policy *policy, const struct policy_rule *rule,
    struct report *report)
{
	struct policy_endpoint zones = { .zones = analyse_learned_zones(
					     policy, rule) };
	struct text words = TEXT_EMPTY;

	if (zones.zones == 0)
		return;
	describe_endpoint(policy, &zones, &words);
	report_warning(report, "approximate", rule->place,
	    "from %.*s this rule knows names by their addresses: past the "
	    "proxy, whatever else is at such an address fares alike",
	    STR_ARG(text_str(&words)));
	text_fini(&words);
}
