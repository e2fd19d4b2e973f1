/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nat_visit: the chains of nat at one hook, down through jumps.
 */
#include "import/nat_impl.h"

#include "import/walk_impl.h"
#include "import/zones.h"

#include "base/vec.h"
#include "policy/limits.h"

#include <errno.h>
#include <stdlib.h>

/* As deep as chains of the filter. */
#define NAT_DEPTH_MAX 32

void
nat_refuse(struct import_rule *rule, const char *why)
{
	if (rule->line->why == NULL)
		rule->line->why = why;
}

bool
nat_is_said(struct import_rule *rule)
{
	if (rule->why != NULL)
		nat_refuse(rule, rule->why);
	if (rule->lost != NULL)
		nat_refuse(rule, rule->lost);
	return rule->why == NULL && rule->lost == NULL &&
	       rule->limit.len == 0 && rule->hours.len == 0;
}

/* So many rules of nat are kept in mind at most. */
#define TAKEN_MAX 1024

struct visit {
	struct walker walker;
	struct import_walk walk;
	struct boxes taken; /* decided in this chain or another one */
	nat_rule_fn *each;
	const void *with;
	struct text *out;
};

static bool
is_translating(enum import_action action)
{
	return action == IMPORT_MASQUERADE || action == IMPORT_SNAT ||
	       action == IMPORT_DNAT || action == IMPORT_REDIRECT;
}

/* What was decided in a chain is so for those who jumped there as well. */
static struct boxes
not_taken(struct visit *visit, const struct box *box)
{
	struct boxes left = { 0 };

	if (!box_is_empty(box) && VEC_ADD(&left, *box) < 0)
		visit->walk.rules->failed = true;
	for (size_t i = 0; i < visit->taken.count && left.count > 0; i++) {
		struct boxes next =
		    walk_cut(&visit->walker, &left, &visit->taken.items[i]);
		free(left.items);
		left = next;
	}
	return left;
}

static void
take(struct visit *visit, const struct context *context,
    const struct import_rule *rule)
{
	struct box box =
	    box_and(visit->walk.rules->arena, &context->box, &rule->match);

	if (box_is_empty(&box) || rule->why != NULL || rule->limit.len > 0 ||
	    rule->hours.len > 0 || context->why != NULL ||
	    context->whom != IMPORT_WHOMEVER || rule->whom != IMPORT_WHOMEVER ||
	    visit->taken.count == TAKEN_MAX)
		return;
	if (VEC_ADD(&visit->taken, box) < 0)
		visit->walk.rules->failed = true;
}

/* No flow goes from one family to the other: what is left of the box. */
static struct box
of_one_family(struct import_ruleset *rules, const struct box *box)
{
	static const enum address_family families[] = { ADDRESS_IPV4,
		ADDRESS_IPV6 };
	struct box left = *box;

	for (size_t i = 0; i < 2; i++) {
		struct span_set ours = span_set_family(families[i]);
		if (span_set_meet(box->src, ours) &&
		    span_set_meet(box->dst, ours))
			continue;
		left.src = span_set_minus(rules->arena, left.src, ours);
		left.dst = span_set_minus(rules->arena, left.dst, ours);
	}
	return left;
}

static void
visit_context(struct visit *visit, const struct context *context,
    const struct import_rule *rule)
{
	struct box met =
	    box_and(visit->walk.rules->arena, &context->box, &rule->match);
	struct boxes left = not_taken(visit, &met);

	for (size_t i = 0; i < left.count; i++) {
		struct import_rule one = *rule;
		one.match = of_one_family(visit->walk.rules, &left.items[i]);
		if (box_is_empty(&one.match))
			continue;
		if (context->why != NULL)
			import_rule_inexact(&one, context->why);
		if (visit->taken.count == TAKEN_MAX)
			import_rule_inexact(&one, "too many rules of nat");
		if (one.whom == IMPORT_WHOMEVER)
			one.whom = context->whom;
		visit->each(visit->walk.rules, &one, visit->with, visit->out);
	}
	free(left.items);
}

/* Those of several contexts are one rule each. */
static void
visit_rule(struct visit *visit, const struct contexts *list,
    const struct import_rule *rule)
{
	for (size_t i = 0; i < list->count; i++) {
		visit_context(visit, &list->items[i], rule);
		take(visit, &list->items[i], rule);
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
	if (to == NULL)
		return;
	walk_enter(&visit->walker, list, rule, &inside);
	visit->walker.depth++;
	if (visit->walker.depth > NAT_DEPTH_MAX)
		visit->walk.rules->too_large = true;
	else if (inside.count > 0)
		visit_chain(visit, to, &inside);
	visit->walker.depth--;
	free(inside.items);
}

static void
visit_plain(
    struct visit *visit, struct contexts *list, const struct import_rule *rule)
{
	/* What becomes of it there is not known: DROP is what has no word. */
	if (is_translating(rule->action) || rule->action == IMPORT_DROP) {
		visit_rule(visit, list, rule);
	} else {
		struct import_rule said = *rule;
		(void)nat_is_said(&said);
		import_line_print(rule->line, NULL, visit->out);
		for (size_t i = 0;
		     i < list->count && rule->action == IMPORT_ACCEPT; i++)
			take(visit, &list->items[i], rule);
		if (rule->action != IMPORT_RETURN &&
		    rule->action != IMPORT_ACCEPT)
			return;
	}
	walk_leave(&visit->walker, list, rule);
}

static void
visit_chain(struct visit *visit, const struct import_chain *chain,
    struct contexts *list)
{
	bool *too_large = &visit->walk.rules->too_large;

	for (size_t i = 0; i < chain->count && !*too_large; i++) {
		struct import_rule *rule = &chain->items[i];
		*too_large = visit->out->len > POLICY_FILE_BYTES_MAX;
		if (rule->action == IMPORT_JUMP || rule->action == IMPORT_GOTO)
			visit_jump(visit, chain, list, rule);
		else
			visit_plain(visit, list, rule);
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
		free(visit.taken.items);
	}
}
