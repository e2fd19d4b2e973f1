/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/early_plan.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * What the ruleset decides before the list comes into it (compile_entry): what
 * base/address calls local scope, and IPv4 in the clothes of IPv6.
 */
static const struct range4 not_listed4[] = {
	{ 0x00000000, 0x00ffffff },
	{ 0x7f000000, 0x7fffffff },
	{ 0xa9fe0000, 0xa9feffff },
	{ 0xe0000000, 0xefffffff },
	{ 0xffffffff, 0xffffffff },
};
static const struct range6 not_listed6[] = {
	{ { 0, 0 }, { 0, 1 } },
	{ { 0, 0x0000ffff00000000 }, { 0, 0x0000ffffffffffff } },
	{ { 0xfe80000000000000, 0 }, { 0xfebfffffffffffff, UINT64_MAX } },
	{ { 0xff00000000000000, 0 }, { UINT64_MAX, UINT64_MAX } },
};

/* ---- ranges without others; both ascending and disjoint ---- */

static int
subtract4(struct early_ranges4 *ranges, const struct range4 *cuts, size_t count)
{
	struct early_ranges4 left = { 0 };
	size_t at = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ranges->count; i++) {
		struct range4 rest = ranges->items[i];
		bool is_left = true;
		while (at < count && cuts[at].last < rest.first)
			at++;
		for (size_t j = at; rc == 0 && is_left && j < count &&
				    cuts[j].first <= rest.last;
		     j++) {
			if (cuts[j].first > rest.first)
				rc = VEC_ADD(&left, (struct range4){ rest.first,
							cuts[j].first - 1 });
			is_left = cuts[j].last < rest.last;
			rest.first = cuts[j].last + 1;
		}
		if (rc == 0 && is_left)
			rc = VEC_ADD(&left, rest);
	}
	free(ranges->items);
	*ranges = left;
	return rc;
}

static bool
is_below(const uint64_t a[static 2], const uint64_t b[static 2])
{
	return a[0] != b[0] ? a[0] < b[0] : a[1] < b[1];
}

/* to = from + 1, or - 1; the ends of the space are not asked for. */
static void
step(uint64_t to[static 2], const uint64_t from[static 2], bool up)
{
	to[1] = up ? from[1] + 1 : from[1] - 1;
	to[0] = from[0];
	if (up && to[1] == 0)
		to[0]++;
	else if (!up && from[1] == 0)
		to[0]--;
}

static int
subtract6(struct early_ranges6 *ranges, const struct range6 *cuts, size_t count)
{
	struct early_ranges6 left = { 0 };
	size_t at = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < ranges->count; i++) {
		struct range6 rest = ranges->items[i];
		bool is_left = true;
		while (at < count && is_below(cuts[at].last, rest.first))
			at++;
		for (size_t j = at; rc == 0 && is_left && j < count &&
				    !is_below(rest.last, cuts[j].first);
		     j++) {
			struct range6 before = rest;
			step(before.last, cuts[j].first, false);
			if (is_below(rest.first, cuts[j].first))
				rc = VEC_ADD(&left, before);
			is_left = is_below(cuts[j].last, rest.last);
			step(rest.first, cuts[j].last, true);
		}
		if (rc == 0 && is_left)
			rc = VEC_ADD(&left, rest);
	}
	free(ranges->items);
	*ranges = left;
	return rc;
}

static int
subtract(struct early_row *row, const struct address_set *set)
{
	int rc = 0;

	if (set->v4.count > 0)
		rc = subtract4(&row->v4, set->v4.items, set->v4.count);
	if (rc == 0 && set->v6.count > 0)
		rc = subtract6(&row->v6, set->v6.items, set->v6.count);
	return rc;
}

static int
subtract_groups(struct early_row *row, const struct policy_endpoint *endpoint)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < endpoint->group_count; i++)
		rc = subtract(row, &endpoint->groups[i]->addresses);
	return rc;
}

/* ---- rules ---- */

/* Whether a source of the zone can meet it whatever its address is. */
static bool
takes_zone(const struct policy_endpoint *from, uint8_t zone)
{
	return (from->zones & policy_zone_bit(zone)) != 0;
}

static bool
is_unconditional(const struct policy_rule *rule)
{
	return rule->services.count == 0 && !policy_rule_reads_head(rule) &&
	       rule->during == NULL && rule->limit.count == 0 &&
	       rule->connections == 0 && rule->ban.count == 0;
}

static bool
is_early(const struct policy_rule *rule, uint8_t zone)
{
	return rule->verdict == POLICY_VERDICT_DROP && !rule->publish &&
	       !rule->report && !rule->log && is_unconditional(rule) &&
	       rule->from.own == 0 &&
	       (rule->from.except == NULL ||
		   !takes_zone(rule->from.except, zone)) &&
	       rule->to.zones == POLICY_ZONES_ANY && rule->to.except == NULL;
}

static void *
copy(const void *items, size_t bytes)
{
	void *copied = malloc(bytes);

	if (copied != NULL)
		memcpy(copied, items, bytes);
	return copied;
}

static int
fill(struct early_row *row, const struct address_set *set)
{
	if (set->v4.count > 0) {
		row->v4.items =
		    copy(set->v4.items, set->v4.count * sizeof(*set->v4.items));
		if (row->v4.items == NULL)
			return -ENOMEM;
		row->v4.count = row->v4.room = set->v4.count;
	}
	if (set->v6.count > 0) {
		row->v6.items =
		    copy(set->v6.items, set->v6.count * sizeof(*set->v6.items));
		if (row->v6.items == NULL)
			return -ENOMEM;
		row->v6.count = row->v6.room = set->v6.count;
	}
	return 0;
}

/* Several lists of one rule may overlap; the set folds them. */
static int
fill_groups(struct early_row *row, const struct policy_endpoint *from)
{
	struct address_set all = { 0 };
	int rc = 0;

	if (from->group_count == 1)
		return fill(row, &from->groups[0]->addresses);
	for (size_t i = 0; rc == 0 && i < from->group_count; i++)
		rc = address_set_add_all(&all, &from->groups[i]->addresses);
	address_set_freeze(&all);
	if (rc == 0)
		rc = fill(row, &all);
	address_set_fini(&all);
	return rc;
}

/* What the ruleset decides before the rule is asked. */
static int
leave_out(const struct policy *policy, const struct address_set *own, bool ipv6,
    struct early_row *row)
{
	const struct policy_endpoint *from = &policy->rules[row->rule].from;
	int rc = subtract4(&row->v4, not_listed4,
	    sizeof(not_listed4) / sizeof(not_listed4[0]));

	if (!ipv6)
		row->v6.count = 0;
	if (rc == 0)
		rc = subtract6(&row->v6, not_listed6,
		    sizeof(not_listed6) / sizeof(not_listed6[0]));
	if (rc == 0)
		rc = subtract(row, own);
	for (uint8_t zone = 0; rc == 0 && zone < policy->zone_count; zone++)
		rc = subtract(row, &policy->zones[zone].prefixes);
	if (rc == 0 && from->except != NULL)
		rc = subtract_groups(row, from->except);
	for (size_t i = 0; rc == 0 && i < policy->listen_count; i++)
		if (policy->listens[i].behind != NULL)
			rc = subtract(
			    row, &policy->listens[i].behind->addresses);
	for (size_t i = 0; rc == 0 && i < row->rule; i++)
		rc = subtract_groups(row, &policy->rules[i].from);
	return rc;
}

static int
add_row(const struct policy *policy, size_t rule, const struct address_set *own,
    bool ipv6, struct early_plan *plan)
{
	struct early_row *row = &plan->rows[plan->row_count++];

	row->rule = rule;
	int rc = fill_groups(row, &policy->rules[rule].from);
	if (rc == 0)
		rc = leave_out(policy, own, ipv6, row);
	plan->range_count += row->v4.count + row->v6.count;
	return rc;
}

int
early_plan_make(const struct policy *policy, const struct address_set *own,
    bool ipv6, struct early_plan *ret)
{
	uint8_t zone = policy->elsewhere;
	int rc = 0;

	*ret = EARLY_PLAN_EMPTY;
	if (zone == ZONE_NONE)
		return 0;
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (takes_zone(&rule->from, zone) ||
		    i == EARLY_PLAN_RULES_MAX ||
		    ret->row_count == EARLY_PLAN_ROWS_MAX)
			break;
		if (rule->from.group_count > 0 && is_early(rule, zone))
			rc = add_row(policy, i, own, ipv6, ret);
		if (rc < 0)
			break;
	}
	return rc;
}

void
early_plan_fini(struct early_plan *plan)
{
	for (size_t i = 0; i < plan->row_count; i++) {
		free(plan->rows[i].v4.items);
		free(plan->rows[i].v6.items);
	}
	*plan = EARLY_PLAN_EMPTY;
}
