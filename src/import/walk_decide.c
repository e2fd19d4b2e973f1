/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/walk_decide: what becomes of the flows that come to a rule that
 * decides.
 */
#include "import/walk_impl.h"

#include "import/service.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

/* One rule after another, for as long as something is left of the box. */
#define PIECES_MAX 64

static void
not_translated(struct import_item *item, const char *why)
{
	if (item->line != NULL && item->line->why == NULL)
		item->line->why = why;
}

/* What a LOG before it saw of all of these flows. */
static void
find_witness(struct walker *walker, struct import_entry *entry)
{
	for (size_t i = walker->witnesses.count; i-- > 0;) {
		struct witness *witness = &walker->witnesses.items[i];
		if (!box_covers(&witness->box, &entry->box))
			continue;
		witness->used = true;
		entry->log = true;
		if (entry->name.len == 0)
			entry->name = witness->name;
		return;
	}
}

/* From here on what is allowed of these flows is allowed by its names. */
static void
refuse_unnamed(struct walker *walker, const struct box *box)
{
	if (VEC_ADD(&walker->unnamed, *box) < 0)
		walker->walk->rules->failed = true;
}

static bool
is_unnamed_refused(const struct walker *walker, const struct box *box)
{
	struct box any = *box;

	any.service = span_set_all();
	for (size_t i = 0; i < walker->unnamed.count; i++)
		if (box_meet(&walker->unnamed.items[i], &any))
			return true;
	return false;
}

static void
say(struct walker *walker, struct import_item *item,
    const struct import_entry *entry)
{
	struct import_walk *walk = walker->walk;
	bool refuses = entry->verdict != IMPORT_ACCEPT, part;
	struct import_said said = { 0 };
	bool sayable = import_sentence_print(walk->rules, entry, walk->family,
	    refuses || !is_unnamed_refused(walker, &entry->box), &said, &part);

	if (refuses && (!sayable || part))
		refuse_unnamed(walker, &entry->box);
	if (!sayable)
		not_translated(item, "no word for this protocol");
	else if (!refuses && part)
		not_translated(item, "only of the protocols that have a word");
	if ((said.plain.at != NULL || said.strict.at != NULL) &&
	    VEC_ADD(item, said) < 0)
		walk->rules->failed = true;
}

static bool
has_kinds(const struct box *box, enum service_line line)
{
	struct span all = service_span(line, 0, UINT8_MAX);

	return span_set_meet(box->service, (struct span_set){ &all, 1 });
}

static bool
has_all_kinds(const struct box *box, enum service_line line)
{
	struct span all = service_span(line, 0, UINT8_MAX);

	return span_set_covers(box->service, (struct span_set){ &all, 1 });
}

/* A word for a kind means it in both families: so they are parted. */
static bool
is_of_one_mind(const struct box *box)
{
	if (import_box_family(box) != ADDRESS_NONE)
		return true;
	if (!has_kinds(box, SERVICE_ICMP4) && !has_kinds(box, SERVICE_ICMP6))
		return true;
	return has_all_kinds(box, SERVICE_ICMP4) &&
	       has_all_kinds(box, SERVICE_ICMP6);
}

static void
note_decision(struct walker *walker, const struct import_entry *entry)
{
	struct import_decision decision = { .verdict = entry->verdict,
		.box = entry->box,
		.plain = entry->hours.len == 0 && entry->limit.len == 0,
		.early = walker->early };

	if (VEC_ADD(&walker->walk->decisions, decision) < 0)
		walker->walk->rules->failed = true;
}

/* One rule above takes all of it already. */
static bool
is_decided(const struct walker *walker, const struct box *box)
{
	const struct import_decisions *above = &walker->walk->decisions;

	for (size_t i = 0; i < above->count; i++)
		if (above->items[i].plain && !above->items[i].translated &&
		    box_covers(&above->items[i].box, box))
			return true;
	return false;
}

static void
say_by_family(struct walker *walker, struct import_item *item,
    const struct import_entry *entry)
{
	static const enum address_family families[] = { ADDRESS_IPV4,
		ADDRESS_IPV6 };
	struct arena *arena = walker->walk->rules->arena;

	if (is_decided(walker, &entry->box))
		return;
	note_decision(walker, entry);
	if (is_of_one_mind(&entry->box)) {
		say(walker, item, entry);
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		struct import_entry half = *entry;
		half.box.src = span_set_and(
		    arena, half.box.src, span_set_family(families[i]));
		half.box.dst = span_set_and(
		    arena, half.box.dst, span_set_family(families[i]));
		if (!box_is_empty(&half.box))
			say(walker, item, &half);
	}
}

/* One of each kind: a rate, and a number of connections. */
static bool
add_limit(struct arena *arena, struct import_entry *entry, struct str limit)
{
	struct str both = import_words(
	    arena, "%.*s%.*s", STR_ARG(entry->limit), STR_ARG(limit));
	bool has = str_starts(limit, STR(" limit"))
		       ? str_starts(entry->limit, STR(" limit"))
		       : entry->limit.len > 0 &&
			     memmem(entry->limit.at, entry->limit.len,
				 "connections", 11) != NULL;

	entry->limit = both;
	return !has;
}

/*
 * What several bounds hold is cut to the piece that they all do, and what is
 * left comes later.  False: one of them limits another rule already, and two
 * rules with a limit each would be twice as much.
 */
static bool
take_bounds(
    struct walker *walker, struct import_entry *entry, struct boxes *rest)
{
	struct arena *arena = walker->walk->rules->arena;
	bool good = true;

	for (size_t i = 0; i < walker->bounds.count; i++) {
		struct bound *bound = &walker->bounds.items[i];
		struct box left[BOX_CUTS];
		if (!box_meet(&bound->box, &entry->box))
			continue;
		size_t count = box_minus(arena, &entry->box, &bound->box, left);
		for (size_t j = 0; j < count; j++)
			if (VEC_ADD(rest, left[j]) < 0)
				walker->walk->rules->failed = true;
		good &= !bound->used;
		entry->box = box_and(arena, &entry->box, &bound->box);
		good &= add_limit(arena, entry, bound->limit);
		bound->used = true;
	}
	return good;
}

static void
say_allowed(struct walker *walker, struct import_item *item,
    const struct import_entry *whole)
{
	struct boxes rest = { 0 };

	if (VEC_ADD(&rest, whole->box) < 0)
		walker->walk->rules->failed = true;
	for (size_t i = 0; i < rest.count; i++) {
		struct import_entry entry = *whole;
		if (i == PIECES_MAX) {
			not_translated(item, "too many limits above it");
			break;
		}
		entry.box = rest.items[i];
		if (take_bounds(walker, &entry, &rest)) {
			find_witness(walker, &entry);
			say_by_family(walker, item, &entry);
		} else {
			not_translated(item, "a limit above it holds for "
					     "several rules together");
		}
	}
	free(rest.items);
}

static void
say_refused(
    struct walker *walker, struct import_item *item, struct import_entry *entry)
{
	find_witness(walker, entry);
	say_by_family(walker, item, entry);
}

struct boxes
walk_cut(
    struct walker *walker, const struct boxes *boxes, const struct box *out)
{
	struct boxes next = { 0 };

	for (size_t i = 0; i < boxes->count; i++) {
		struct box pieces[BOX_CUTS];
		size_t count = box_minus(
		    walker->walk->rules->arena, &boxes->items[i], out, pieces);
		for (size_t k = 0; k < count; k++)
			if (VEC_ADD(&next, pieces[k]) < 0)
				walker->walk->rules->failed = true;
	}
	return next;
}

/* Without what an earlier table has accepted: it is not asked again here. */
static void
cut_passed(struct walker *walker, struct boxes *left)
{
	for (size_t i = 0; i < walker->passed.count; i++) {
		struct boxes next =
		    walk_cut(walker, left, &walker->passed.items[i]);
		free(left->items);
		*left = next;
	}
	walker->steps += left->count;
}

static void
refuse(struct walker *walker, struct import_item *item,
    const struct import_entry *whole)
{
	struct boxes left = { 0 };

	if (VEC_ADD(&left, whole->box) < 0)
		walker->walk->rules->failed = true;
	cut_passed(walker, &left);
	for (size_t i = 0; i < left.count; i++) {
		struct import_entry entry = *whole;
		entry.box = left.items[i];
		say_refused(walker, item, &entry);
	}
	free(left.items);
}

static void
bound_above(struct walker *walker, struct import_item *item,
    const struct import_rule *rule, const struct box *box)
{
	struct bound bound = { .box = *box, .limit = rule->limit };

	if (VEC_ADD(&walker->bounds, bound) < 0)
		walker->walk->rules->failed = true;
	if (item->note == NULL)
		item->note = "what is allowed of it below is limited";
}

static void
allow(struct walker *walker, struct import_item *item,
    const struct import_rule *rule, const struct context *context,
    const struct import_entry *entry)
{
	const char *why = rule->why != NULL ? rule->why : context->why;

	if (rule->above)
		why = "what is beyond a limit cannot be allowed";
	if (why != NULL) {
		not_translated(item, why);
	} else if (walker->last) {
		say_allowed(walker, item, entry);
	} else if (entry->hours.len > 0 || entry->limit.len > 0) {
		not_translated(item, "another table refuses as well");
	} else {
		if (VEC_ADD(&walker->passed, entry->box) < 0)
			walker->walk->rules->failed = true;
		item->note = "the next table decides";
	}
}

/* With the doubt about it, a refusal refuses more than it did. */
static void
refuse_more(struct walker *walker, struct import_item *item, const char *why)
{
	struct str words = import_words(
	    walker->walk->rules->arena, "%s; the rule below refuses more", why);

	not_translated(item, words.at);
}

void
walk_decide(struct walker *walker, struct import_item *item,
    const struct import_rule *rule, const struct context *context)
{
	struct import_entry entry = { .part = walker->walk->part,
		.verdict = rule->action,
		.hours = rule->hours.len > 0 ? rule->hours : context->hours,
		.name = rule->name,
		.log = rule->log };
	const char *why = rule->why != NULL ? rule->why : context->why;

	entry.box =
	    box_and(walker->walk->rules->arena, &context->box, &rule->match);
	if (box_is_empty(&entry.box))
		return;
	if (rule->hours.len > 0 && context->hours.len > 0 &&
	    !str_eq(rule->hours, context->hours)) {
		why = "hours within hours have no word";
		entry.hours = (struct str){ 0 };
	}
	if (rule->action == IMPORT_ACCEPT) {
		struct context doubtful = *context;
		entry.limit = rule->limit;
		doubtful.why = why;
		allow(walker, item, rule, &doubtful, &entry);
		return;
	}
	if (rule->above && why == NULL && entry.hours.len == 0) {
		bound_above(walker, item, rule, &entry.box);
		return;
	}
	if (rule->limit.len > 0 && why == NULL)
		why = "it refuses only so many";
	if (why != NULL) {
		entry.hours = (struct str){ 0 };
		refuse_more(walker, item, why);
	}
	refuse(walker, item, &entry);
}
