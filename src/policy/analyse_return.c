/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/analyse_return.h"

#include "policy/learning.h"
#include "policy/prospect.h"

/* Some of its IPv4 prefixes nobody has outside, whatever the zones are. */
static bool
is_private(const struct policy_zone *zone)
{
	static const struct policy nowhere = { .elsewhere = ZONE_NONE };

	for (size_t i = 0; i < address_set_count(&zone->prefixes); i++) {
		struct address_range range =
		    address_set_range(&zone->prefixes, i);
		if (range.first.family == ADDRESS_IPV4 &&
		    policy_is_inside(&nowhere, range.first))
			return true;
	}
	return false;
}

/* Whether what leaves the zone gets another source, as far as zones tell. */
static bool
is_translated(const struct policy *policy, uint8_t zone)
{
	uint64_t from = policy_zone_bit(zone);
	uint64_t to = policy_zone_bit(policy->elsewhere);

	for (size_t i = 0; i < policy->masquerade_count; i++)
		if ((policy->masquerades[i].from & from) != 0 &&
		    (policy->masquerades[i].to & to) != 0)
			return true;
	for (size_t i = 0; i < policy->snat_count; i++)
		if ((policy->snats[i].to & to) != 0 &&
		    ((policy->snats[i].from.zones & from) != 0 ||
			policy->snats[i].from.group_count > 0))
			return true;
	for (size_t i = 0; i < policy->map_count; i++)
		if (policy->maps[i].home == zone)
			return true;
	return false;
}

/* By which its packets leave past the proxy, which has a source of its own. */
static const struct policy_rule *
leaving_rule(const struct policy *policy, uint8_t zone)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (rule->verdict == POLICY_VERDICT_ALLOW && !rule->report &&
		    !rule->publish && !policy_rule_needs_proxy(rule) &&
		    (rule->from.zones & policy_zone_bit(zone)) != 0 &&
		    (rule->to.zones & policy_zone_bit(policy->elsewhere)) !=
			0 &&
		    policy_rule_passes_proxy(policy, rule, zone))
			return rule;
	}
	return NULL;
}

void
analyse_return(const struct policy *policy, struct report *report)
{
	if (policy->elsewhere == ZONE_NONE)
		return;
	struct str outside = policy_zone_name(policy, policy->elsewhere);
	for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
		const struct policy_rule *leaves = leaving_rule(policy, zone);
		struct str name = policy_zone_name(policy, zone);
		if (leaves == NULL || !is_private(&policy->zones[zone]) ||
		    is_translated(policy, zone))
			continue;
		report_note(report, "return", policy->zones[zone].place,
		    "%.*s has private addresses, to which nobody in %.*s can "
		    "answer",
		    STR_ARG(name), STR_ARG(outside));
		report_by(report, leaves->line);
		report_hint(report,
		    "masquerade %.*s -> %.*s, unless a router there does so",
		    STR_ARG(name), STR_ARG(outside));
	}
}
