/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/tracking.h"

static bool
may_meet(const struct import_rule *rule, const struct import_rule *untracks)
{
	struct box box = rule->match, other = untracks->match;

	if (other.in == BOX_LOOPBACK || other.out == BOX_LOOPBACK)
		return false;
	/* Where it goes is not known yet. */
	box.out = other.out = UINT64_MAX;
	return box_meet(&box, &other);
}

static bool
is_untracked(const struct import_ruleset *rules, const struct import_rule *rule)
{
	for (size_t i = 0; i < rules->chains.count; i++) {
		const struct import_chain *chain = rules->chains.items[i];
		for (size_t j = 0; j < chain->count; j++)
			if (chain->items[j].untracks &&
			    may_meet(rule, &chain->items[j]))
				return true;
	}
	return false;
}

static void
settle(const struct import_ruleset *rules, struct import_rule *rule)
{
	if ((!rule->stated && !rule->untracked) || !is_untracked(rules, rule))
		return;
	if (rule->untracked)
		rule->late = false;
	import_rule_inexact(rule, "of some flows no state is kept");
}

static bool
any_untracks(const struct import_ruleset *rules)
{
	for (size_t i = 0; i < rules->chains.count; i++)
		for (size_t j = 0; j < rules->chains.items[i]->count; j++)
			if (rules->chains.items[i]->items[j].untracks)
				return true;
	return false;
}

void
import_tracking_settle(struct import_ruleset *rules)
{
	if (!any_untracks(rules))
		return;
	for (size_t i = 0; i < rules->chains.count; i++)
		for (size_t j = 0; j < rules->chains.items[i]->count; j++)
			settle(rules, &rules->chains.items[i]->items[j]);
}
