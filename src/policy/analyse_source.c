/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/analyse_source.h"

#include "policy/partition.h"

#include <stdlib.h>

/* The sets that tell a rule's sources apart, in this order. */
struct source_sets {
	const struct policy *policy;
	const struct policy_endpoint *from, *except;
	struct partition_set *items; /* all, zones, groups, groups behind it */
	size_t count;
	struct partition atoms;
};

static void
add_groups(struct source_sets *sets, const struct policy_endpoint *endpoint)
{
	for (size_t i = 0; endpoint != NULL && i < endpoint->group_count; i++)
		sets->items[sets->count++].addresses =
		    &endpoint->groups[i]->addresses;
}

static bool
has_atom(const struct source_sets *sets, const struct policy_endpoint *endpoint,
    size_t first, size_t atom, uint8_t zone)
{
	if (endpoint == NULL)
		return false;
	if ((endpoint->zones & policy_zone_bit(zone)) != 0)
		return true;
	for (size_t i = 0; i < endpoint->group_count; i++)
		if (partition_has(&sets->atoms, atom, first + i))
			return true;
	return false;
}

/* Where some of what the atoms hold is a source of the rule. */
static uint64_t
zones_of_atoms(const struct source_sets *sets)
{
	const struct policy *policy = sets->policy;
	size_t groups = 1 + policy->zone_count;
	uint64_t zones = 0;

	for (size_t atom = 0; atom < sets->atoms.count; atom++) {
		uint8_t zone = 0;
		while (zone < policy->zone_count &&
		       !partition_has(&sets->atoms, atom, 1 + zone))
			zone++;
		if (zone == policy->zone_count)
			zone = policy->elsewhere;
		if (has_atom(sets, sets->from, groups, atom, zone) &&
		    !has_atom(sets, sets->except,
			groups + sets->from->group_count, atom, zone))
			zones |= policy_zone_bit(zone);
	}
	return zones;
}

static int
add_all_addresses(struct address_set *all)
{
	static const char *const families[] = { "0.0.0.0/0", "::/0" };
	struct address_range range;
	const char *why;
	int rc = 0;

	for (size_t i = 0; i < 2 && rc == 0; i++) {
		(void)address_range_parse(str_of(families[i]), &range, &why);
		rc = address_set_add(all, &range);
	}
	address_set_freeze(all);
	return rc;
}

uint64_t
analyse_source_zones(
    const struct policy *policy, const struct policy_rule *rule)
{
	struct source_sets sets = { .policy = policy,
		.from = &rule->from,
		.except = rule->from.except };
	size_t behind = sets.except != NULL ? sets.except->group_count : 0;
	uint64_t zones = rule->from.zones;
	struct address_set all = { 0 };

	if (rule->from.group_count == 0 && sets.except == NULL)
		return zones;
	sets.items =
	    calloc(1 + policy->zone_count + rule->from.group_count + behind,
		sizeof(*sets.items));
	if (sets.items != NULL && add_all_addresses(&all) == 0) {
		sets.items[sets.count++].addresses = &all;
		for (uint8_t zone = 0; zone < policy->zone_count; zone++)
			sets.items[sets.count++].addresses =
			    &policy->zones[zone].prefixes;
		add_groups(&sets, sets.from);
		add_groups(&sets, sets.except);
		if (partition_addresses(&sets.atoms, sets.items, sets.count) ==
		    0)
			zones = zones_of_atoms(&sets);
		partition_fini(&sets.atoms);
	}
	free(sets.items);
	address_set_fini(&all);
	return zones;
}
