/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/walk_impl.h"

#include "import/zones.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

/* The kernel refuses loops; a file may have them all the same. */
#define DEPTH_MAX 32

/* What a few lines can be blown up to, by returns in chains of chains; five
 * thousand lines of a university come to half of it. */
#define STEPS_MAX 500000

void
import_walk_init(struct import_walk *walk, struct import_ruleset *rules,
    enum address_family family, enum import_part part)
{
	*walk = (struct import_walk){
		.rules = rules, .family = family, .part = part
	};
}

void
import_walk_fini(struct import_walk *walk)
{
	for (size_t i = 0; i < walk->items.count; i++)
		free(walk->items.items[i]->items);
	free(walk->items.items);
	free(walk->decisions.items);
}

void
walk_context_add(
    struct walker *walker, struct contexts *list, const struct context *context)
{
	if (box_is_empty(&context->box))
		return;
	if (++walker->steps > STEPS_MAX)
		walker->walk->rules->too_large = true;
	else if (VEC_ADD(list, *context) < 0)
		walker->walk->rules->failed = true;
}

/* Whether it matches all of the box, and surely so. */
static bool
is_exact(const struct import_rule *rule)
{
	return rule->why == NULL && rule->limit.len == 0 &&
	       rule->hours.len == 0;
}

void
walk_leave(struct walker *walker, struct contexts *list,
    const struct import_rule *rule)
{
	struct arena *arena = walker->walk->rules->arena;
	struct contexts rest = { 0 };

	for (size_t i = 0; i < list->count; i++) {
		struct context context = list->items[i];
		struct box pieces[BOX_CUTS];
		size_t count =
		    box_minus(arena, &context.box, &rule->match, pieces);
		for (size_t j = 0; j < count; j++) {
			context.box = pieces[j];
			walk_context_add(walker, &rest, &context);
		}
		if (is_exact(rule))
			continue;
		/* Perhaps they are gone, perhaps not. */
		context = list->items[i];
		context.box = box_and(arena, &context.box, &rule->match);
		if (context.why == NULL)
			context.why = "who comes so far is not known";
		walk_context_add(walker, &rest, &context);
	}
	free(list->items);
	*list = rest;
}

void
walk_enter(struct walker *walker, const struct contexts *list,
    const struct import_rule *rule, struct contexts *ret)
{
	for (size_t i = 0; i < list->count; i++) {
		struct context context = list->items[i];
		context.box = box_and(
		    walker->walk->rules->arena, &context.box, &rule->match);
		if (context.why == NULL)
			context.why = rule->why;
		if (context.why == NULL && rule->limit.len > 0)
			context.why = "it jumps only so often";
		if (rule->hours.len > 0 && context.hours.len > 0 &&
		    context.why == NULL)
			context.why = "hours within hours have no word";
		if (rule->hours.len > 0)
			context.hours = rule->hours;
		if (rule->whom != IMPORT_WHOMEVER)
			context.whom = rule->whom;
		walk_context_add(walker, ret, &context);
	}
}

static void walk_chain(struct walker *walker, const struct import_chain *chain,
    struct contexts *list);

static void
jump(struct walker *walker, const struct import_chain *from,
    struct contexts *list, const struct import_rule *rule)
{
	const struct import_chain *to = import_chain_find(
	    walker->walk->rules, from->family, from->table, rule->target);
	struct import_item *item = walk_item_add(walker->walk, rule->line);
	struct contexts inside = { 0 };

	if (to == NULL && item != NULL) {
		/* Nobody knows what it would have become of them there. */
		struct import_rule refusal = *rule;
		refusal.action = IMPORT_DROP;
		import_rule_inexact(&refusal, "there is no such chain");
		for (size_t i = 0; i < list->count; i++)
			walk_decide(walker, item, &refusal, &list->items[i]);
		return;
	}
	if (to == NULL || walker->depth == DEPTH_MAX) {
		walker->walk->rules->too_large = true;
		return;
	}
	if (item != NULL && rule->why != NULL && rule->line->why == NULL)
		rule->line->why = rule->why;
	walk_enter(walker, list, rule, &inside);
	walker->depth++;
	if (inside.count > 0)
		walk_chain(walker, to, &inside);
	walker->depth--;
	free(inside.items);
	if (rule->action == IMPORT_GOTO)
		walk_leave(walker, list, rule);
}

static void
witness(struct walker *walker, const struct contexts *list,
    const struct import_rule *rule)
{
	for (size_t i = 0; i < list->count; i++) {
		struct witness seen = { .name = rule->name,
			.line = rule->line,
			.box = box_and(walker->walk->rules->arena,
			    &list->items[i].box, &rule->match) };
		if (box_is_empty(&seen.box) || rule->why != NULL ||
		    rule->hours.len > 0)
			continue;
		if (VEC_ADD(&walker->witnesses, seen) < 0)
			walker->walk->rules->failed = true;
	}
}

static void
decide(struct walker *walker, const struct contexts *list,
    const struct import_rule *rule)
{
	struct import_item *item = walk_item_add(walker->walk, rule->line);

	if (item == NULL)
		return;
	for (size_t i = 0; i < list->count; i++)
		walk_decide(walker, item, rule, &list->items[i]);
	if (item->count == 0 && item->note == NULL && rule->line != NULL &&
	    rule->line->why == NULL)
		item->note = "no flow is left for it";
}

static void
walk_rule(struct walker *walker, const struct import_chain *chain,
    struct contexts *list, const struct import_rule *whole)
{
	struct import_rule narrowed = *whole, *rule = &narrowed;

	if (!walk_narrow_whom(walker, rule)) {
		walk_pass_by(
		    walker->walk, rule, "no flow of these is like that");
		return;
	}
	if (walk_is_beside(walker, list, rule))
		return;
	if (rule->action == IMPORT_JUMP || rule->action == IMPORT_GOTO) {
		jump(walker, chain, list, rule);
	} else if (rule->action == IMPORT_RETURN) {
		walk_pass_by(walker->walk, rule, "goes on behind the jump");
		if (!is_exact(rule) && rule->line->why == NULL)
			rule->line->why = rule->why != NULL
					      ? rule->why
					      : "it returns at times only";
		walk_leave(walker, list, rule);
	} else if (rule->action == IMPORT_LOG) {
		walk_pass_by(walker->walk, rule, NULL);
		witness(walker, list, rule);
	} else if (rule->action == IMPORT_ACCEPT ||
		   rule->action == IMPORT_DROP ||
		   rule->action == IMPORT_REJECT) {
		decide(walker, list, rule);
	} else if (rule->action != IMPORT_CLAMP) {
		walk_pass_by(walker->walk, rule, NULL);
		if (rule->line->why == NULL)
			rule->line->why = rule->why != NULL
					      ? rule->why
					      : "it decides nothing";
	}
}

/* So many return and all others are refused: that is a limit. */
static bool
is_bound(const struct import_rule *rule, const struct import_rule *next)
{
	return rule->action == IMPORT_RETURN && rule->limit.len > 0 &&
	       !rule->above && rule->why == NULL && rule->hours.len == 0 &&
	       rule->whom == IMPORT_WHOMEVER && next->whom == IMPORT_WHOMEVER &&
	       (next->action == IMPORT_DROP || next->action == IMPORT_REJECT) &&
	       is_exact(next) && !next->late &&
	       box_covers(&next->match, &rule->match);
}

static void
bound(struct walker *walker, struct contexts *list,
    const struct import_rule *rule)
{
	struct import_rule refusal = *rule, gone = *rule;

	refusal.action = IMPORT_DROP;
	refusal.above = true;
	gone.limit = (struct str){ 0 };
	decide(walker, list, &refusal);
	walk_leave(walker, list, &gone);
}

static void
walk_chain(struct walker *walker, const struct import_chain *chain,
    struct contexts *list)
{
	for (size_t i = 0; i < chain->count && !walker->walk->rules->too_large;
	     i++) {
		const struct import_rule *rule = &chain->items[i];
		if (i + 1 < chain->count && is_bound(rule, rule + 1))
			bound(walker, list, rule);
		else
			walk_rule(walker, chain, list, rule);
	}
}

static struct context
everybody(const struct import_walk *walk)
{
	uint64_t zones = import_zones_mask(walk->rules);
	struct context context = { .box = box_all() };

	context.box.src = span_set_family(walk->family);
	context.box.dst = span_set_family(walk->family);
	if (walk->part != IMPORT_PART_FROM_SELF)
		context.box.in = zones;
	if (walk->part != IMPORT_PART_TO_SELF)
		context.box.out = zones;
	return context;
}

/* A base chain, and at its end its policy. */
static void
walk_base(struct walker *walker, const struct import_chain *chain)
{
	struct context all = everybody(walker->walk);
	struct contexts list = { 0 };
	struct import_rule policy =
	    import_rule_begin(chain->line, chain->family);

	walker->early =
	    chain->hook == IMPORT_PREROUTING && chain->priority < IMPORT_DSTNAT;
	walk_context_add(walker, &list, &all);
	walk_chain(walker, chain, &list);
	free(list.items);
	policy.action = chain->policy;
	list = (struct contexts){ 0 };
	if (!walker->last && policy.action == IMPORT_ACCEPT)
		return;
	walk_context_add(walker, &list, &all);
	decide(walker, &list, &policy);
	free(list.items);
	walker->passed.count = 0;
}

static bool
is_base(const struct import_walk *walk, const struct import_chain *chain)
{
	static const enum import_hook hooks[] = {
		[IMPORT_PART_FROM_SELF] = IMPORT_OUTPUT,
		[IMPORT_PART_TO_SELF] = IMPORT_INPUT,
		[IMPORT_PART_THROUGH] = IMPORT_FORWARD,
	};
	enum import_hook hook = chain->hook;
	bool early =
	    walk->part != IMPORT_PART_FROM_SELF && hook == IMPORT_PREROUTING;
	bool late =
	    walk->part != IMPORT_PART_TO_SELF && hook == IMPORT_POSTROUTING;

	if (chain->nat || (hook != hooks[walk->part] && !early && !late))
		return false;
	if (hook != hooks[walk->part] && chain->count == 0)
		return false;
	return walk->family == ADDRESS_NONE || chain->family == ADDRESS_NONE ||
	       chain->family == walk->family;
}

/* Hooks follow each other, and at one hook the lower number is first. */
static int
by_order(const void *a, const void *b)
{
	const struct import_chain *one = *(struct import_chain *const *)a;
	const struct import_chain *other = *(struct import_chain *const *)b;

	if (one->hook != other->hook)
		return one->hook < other->hook ? -1 : 1;
	return (one->priority > other->priority) -
	       (one->priority < other->priority);
}

static bool
is_idle(const struct import_chain *chain)
{
	return chain->count == 0 && chain->policy == IMPORT_ACCEPT;
}

/* How much it says of what becomes of all others. */
static unsigned
weight(const struct import_chain *chain)
{
	return chain->hook == IMPORT_PREROUTING ? 0
	       : !is_idle(chain)                ? 3
	       : chain->line != NULL            ? 2
						: 1;
}

/* Tables that are there and say nothing, as long as one is left that decides
 * behind prerouting. */
static void
leave_out_idle(struct import_chains *bases)
{
	size_t kept = 0, last = SIZE_MAX;
	unsigned most = 0;

	for (size_t i = 0; i < bases->count; i++) {
		if (weight(bases->items[i]) <= most)
			continue;
		most = weight(bases->items[i]);
		last = i;
	}
	for (size_t i = 0; i < bases->count; i++)
		if (!is_idle(bases->items[i]) || i == last)
			bases->items[kept++] = bases->items[i];
	bases->count = kept;
}

/* Whether it is a firewall that was read: then a hook without a chain lets all
 * pass, as the kernel does. */
static bool
guards(const struct import_walk *walk)
{
	for (size_t i = 0; i < walk->rules->chains.count; i++) {
		const struct import_chain *chain = walk->rules->chains.items[i];
		bool fits = walk->family == ADDRESS_NONE ||
			    chain->family == ADDRESS_NONE ||
			    chain->family == walk->family;
		if (fits && !chain->nat && chain->hook == IMPORT_INPUT)
			return true;
	}
	return false;
}

/* Where nobody has said anything, nothing passes: but a firewall that says who
 * may come in does not forbid by silence what goes out. */
static void
say_nothing(struct walker *walker)
{
	struct import_rule rule = import_rule_begin(NULL, walker->walk->family);
	struct context all = everybody(walker->walk);
	struct contexts list = { 0 };

	walker->last = true;
	rule.action =
	    walker->walk->part == IMPORT_PART_FROM_SELF && guards(walker->walk)
		? IMPORT_ACCEPT
		: IMPORT_DROP;
	walk_context_add(walker, &list, &all);
	decide(walker, &list, &rule);
	free(list.items);
	if (walker->walk->items.count > 0)
		walker->walk->items.items[walker->walk->items.count - 1]->note =
		    rule.action == IMPORT_DROP
			? "No chain was given that decides this: it is refused."
			: "No chain was given that decides this.";
}

static void
walker_fini(struct walker *walker)
{
	for (size_t i = 0; i < walker->witnesses.count; i++) {
		const struct witness *seen = &walker->witnesses.items[i];
		bool used = seen->used;
		/* One line may have seen several boxes. */
		for (size_t j = 0; j < walker->witnesses.count; j++)
			used |= walker->witnesses.items[j].used &&
				walker->witnesses.items[j].line == seen->line;
		if (!used && seen->line->why == NULL)
			seen->line->why =
			    "what it logs is decided by several rules";
	}
	free(walker->witnesses.items);
	free(walker->bounds.items);
	free(walker->passed.items);
	free(walker->unnamed.items);
}

void
import_walk_run(struct import_walk *walk)
{
	struct walker walker = { .walk = walk };
	struct import_chains bases = { 0 };
	bool decided = false;

	for (size_t i = 0; i < walk->rules->chains.count; i++)
		if (is_base(walk, walk->rules->chains.items[i]) &&
		    VEC_ADD(&bases, walk->rules->chains.items[i]) < 0)
			walk->rules->failed = true;
	leave_out_idle(&bases);
	if (bases.count > 1)
		qsort(bases.items, bases.count, sizeof(struct import_chain *),
		    by_order);
	for (size_t i = 0; i < bases.count; i++) {
		/* Who is let in to the host has yet to be let anywhere. */
		walker.last = i + 1 == bases.count &&
			      bases.items[i]->hook != IMPORT_PREROUTING;
		walk_base(&walker, bases.items[i]);
		decided |= bases.items[i]->hook != IMPORT_PREROUTING;
	}
	if (!decided)
		say_nothing(&walker);
	free(bases.items);
	walker_fini(&walker);
}

enum import_action
import_walk_verdict(
    const struct import_walk *walk, const struct box *box, bool translated)
{
	for (size_t i = 0; i < walk->decisions.count; i++) {
		const struct import_decision *one = &walk->decisions.items[i];
		if ((one->translated && !translated) ||
		    !box_meet(&one->box, box))
			continue;
		return one->plain && box_covers(&one->box, box)
			   ? one->verdict
			   : IMPORT_NOTHING;
	}
	return IMPORT_DROP;
}
