/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nat_visit: the chains of nat at one hook, down through jumps.
 */
#include "import/nat_impl.h"

#include "import/walk_impl.h"
#include "import/zones.h"

#include <stdlib.h>

/* As deep as chains of the filter. */
#define NAT_DEPTH_MAX 32

void
nat_refuse(struct import_rule *rule, const char *why)
{
	if (rule->line->why == NULL)
		rule->line->why = why;
}

struct visit {
	struct walker walker;
	struct import_walk walk;
	nat_rule_fn *each;
	const void *with;
	struct text *out;
};

static bool
is_translating(enum import_action action)
{
	return action == IMPORT_MASQUERADE || action == IMPORT_SNAT ||
	       action == IMPORT_DNAT;
}

/* Those of several contexts are one rule each. */
static void
visit_rule(struct visit *visit, const struct contexts *list,
    const struct import_rule *rule)
{
	for (size_t i = 0; i < list->count; i++) {
		struct import_rule one = *rule;
		one.match = box_and(visit->walk.rules->arena,
		    &list->items[i].box, &rule->match);
		if (list->items[i].why != NULL)
			import_rule_inexact(&one, list->items[i].why);
		if (!box_is_empty(&one.match))
			visit->each(
			    visit->walk.rules, &one, visit->with, visit->out);
	}
}

static void visit_chain(struct visit *visit, const struct import_chain *chain,
    struct contexts *list);

static void
visit_jump(struct visit *visit, const struct import_chain *chain,
    struct contexts *list, const struct import_rule *rule)
{
	const struct import_chain *to = import_chain_find(
	    visit->walk.rules, chain->family, chain->table, rule->target);
	struct contexts inside = { 0 };

	import_line_print(rule->line, NULL, visit->out);
	if (to == NULL || visit->walker.depth == NAT_DEPTH_MAX)
		return;
	walk_enter(&visit->walker, list, rule, &inside);
	visit->walker.depth++;
	visit_chain(visit, to, &inside);
	visit->walker.depth--;
	free(inside.items);
}

static void
visit_chain(struct visit *visit, const struct import_chain *chain,
    struct contexts *list)
{
	for (size_t i = 0; i < chain->count; i++) {
		struct import_rule *rule = &chain->items[i];
		if (visit->walk.too_large)
			return;
		if (rule->action == IMPORT_JUMP ||
		    rule->action == IMPORT_GOTO) {
			visit_jump(visit, chain, list, rule);
		} else if (is_translating(rule->action)) {
			visit_rule(visit, list, rule);
			walk_leave(&visit->walker, list, rule);
		} else {
			if (rule->why != NULL)
				nat_refuse(rule, rule->why);
			import_line_print(rule->line, NULL, visit->out);
			if (rule->action == IMPORT_RETURN ||
			    rule->action == IMPORT_ACCEPT ||
			    rule->action == IMPORT_DROP)
				walk_leave(&visit->walker, list, rule);
		}
	}
}

static struct context
all_of(const struct import_ruleset *rules, const struct import_chain *chain)
{
	struct context all = { .box = box_all() };

	all.box.in = all.box.out = import_zones_mask(rules);
	all.box.src = all.box.dst = span_set_family(chain->family);
	return all;
}

void
nat_visit(struct import_ruleset *rules, enum import_hook hook,
    nat_rule_fn *each, const void *with, struct text *out)
{
	for (size_t i = 0; i < rules->chains.count; i++) {
		const struct import_chain *chain = rules->chains.items[i];
		struct visit visit = { .each = each, .with = with, .out = out };
		struct contexts list = { 0 };
		struct context all = all_of(rules, chain);
		if (!chain->nat || chain->hook != hook)
			continue;
		import_walk_init(
		    &visit.walk, rules, chain->family, IMPORT_PART_THROUGH);
		visit.walker.walk = &visit.walk;
		walk_context_add(&visit.walker, &list, &all);
		visit_chain(&visit, chain, &list);
		free(list.items);
	}
}
