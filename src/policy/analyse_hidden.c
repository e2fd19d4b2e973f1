/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/analyse_hidden.h"

/* Where flows of the zone leave under another address, as far as zones tell. */
static uint64_t
hidden_from(const struct policy *policy, uint8_t zone)
{
	uint64_t bit = policy_zone_bit(zone), hidden = 0;

	for (size_t i = 0; i < policy->masquerade_count; i++)
		if ((policy->masquerades[i].from & bit) != 0)
			hidden |= policy->masquerades[i].to;
	return hidden;
}

/* IPv6 is masqueraded only where it is of unique local addresses, so that a
 * zone that has any is not hidden. */
static bool
has_ipv6(const struct policy_zone *zone)
{
	for (size_t i = 0; i < address_set_count(&zone->prefixes); i++)
		if (address_set_range(&zone->prefixes, i).first.family ==
		    ADDRESS_IPV6)
			return true;
	return false;
}

static bool
is_hidden_everywhere(const struct policy *policy, uint8_t zone)
{
	uint64_t hidden = hidden_from(policy, zone);

	if (has_ipv6(&policy->zones[zone]))
		return false;
	for (uint8_t to = 0; to < policy->zone_count; to++)
		if (to != zone && (hidden & policy_zone_bit(to)) == 0)
			return false;
	return hidden != 0;
}

void
analyse_hidden(const struct policy *policy, struct report *report)
{
	for (size_t i = 0; i < policy->intercept_count; i++) {
		const struct policy_intercept *one = &policy->intercepts[i];
		for (uint8_t zone = 0;
		     one->keeps_source && zone < policy->zone_count; zone++) {
			if ((one->zones & policy_zone_bit(zone)) == 0 ||
			    !is_hidden_everywhere(policy, zone))
				continue;
			report_warning(report, "hidden", one->keep_place,
			    "no server sees the sources that are kept: all "
			    "that leaves %.*s is masqueraded",
			    STR_ARG(policy_zone_name(policy, zone)));
		}
	}
}
