/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_name: what rules and names of the policy are called in the
 * kernel.
 */
#include "firewall/compile.h"

#include <stdio.h>

bool
firewall_hands_datagrams(const struct policy *policy)
{
	return policy->dns.intercepts != 0;
}

/* Two rules may stand on one line, parted by `;`, or on that of two files. */
void
firewall_counter_name(
    const struct policy_rule *rule, char ret[static FIREWALL_COUNTER_BYTES])
{
	if (rule->line == 0)
		(void)snprintf(ret, FIREWALL_COUNTER_BYTES, "rule.last");
	else if (rule->nth <= 1)
		(void)snprintf(
		    ret, FIREWALL_COUNTER_BYTES, "rule.%u", rule->line);
	else
		(void)snprintf(ret, FIREWALL_COUNTER_BYTES, "rule.%u.%u",
		    rule->line, rule->nth);
}

bool
firewall_group_is_long(const struct policy_group *group)
{
	return group->is_list ||
	       address_set_count(&group->addresses) > FIREWALL_NAME_RANGES_MAX;
}

void
firewall_group_set_name(const struct policy_group *group, uint8_t family,
    char ret[static FIREWALL_SET_NAME_BYTES])
{
	(void)snprintf(ret, FIREWALL_SET_NAME_BYTES, "%s.%.*s.%u",
	    group->is_list ? "list" : "name", STR_ARG(group->name), family);
}
