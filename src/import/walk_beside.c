/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/walk_beside: rules that need none here, and those that no flow of a
 * part is asked.
 */
#include "import/walk_impl.h"

#include "base/vec.h"

#include <errno.h>

struct import_item *
walk_item_add(struct import_walk *walk, struct import_line *line)
{
	struct import_item *item =
	    arena_new(walk->rules->arena, struct import_item);

	if (item == NULL || VEC_ADD(&walk->items, item) < 0) {
		walk->rules->failed = true;
		return NULL;
	}
	item->line = line;
	return item;
}

void
walk_pass_by(
    struct import_walk *walk, const struct import_rule *rule, const char *note)
{
	struct import_item *item = walk_item_add(walk, rule->line);

	if (item != NULL)
		item->note = note;
}

/* It allows only what nat has sent on: that is what a policy publishes. */
static void
note_published(struct walker *walker, const struct contexts *list,
    const struct import_rule *rule)
{
	struct import_walk *walk = walker->walk;

	for (size_t i = 0; i < list->count; i++) {
		struct import_decision decision = { .verdict = rule->action,
			.box = box_and(walk->rules->arena, &list->items[i].box,
			    &rule->match),
			.plain =
			    rule->why == NULL && list->items[i].why == NULL,
			.translated = true };
		if (!box_is_empty(&decision.box) &&
		    VEC_ADD(&walk->decisions, decision) < 0)
			walk->rules->failed = true;
	}
}

bool
walk_is_beside(struct walker *walker, const struct contexts *list,
    const struct import_rule *rule)
{
	struct import_walk *walk = walker->walk;

	if (rule->late && rule->odd && rule->line->why == NULL)
		rule->line->why = "what a flow begins with is not asked for "
				  "its flags";
	if (rule->late) {
		walk_pass_by(walk, rule,
		    rule->action == IMPORT_ACCEPT
			? "needs no rule: replies are allowed"
			: "needs no rule: no flow begins like that");
		return true;
	}
	if (rule->match.in == BOX_LOOPBACK || rule->match.out == BOX_LOOPBACK) {
		if ((rule->action == IMPORT_DROP ||
			rule->action == IMPORT_REJECT) &&
		    rule->line->why == NULL)
			rule->line->why = "the gateway's own loopback is "
					  "always open";
		walk_pass_by(
		    walk, rule, "needs no rule: the gateway's own loopback");
		return true;
	}
	if (!rule->translated)
		return false;
	walk_pass_by(walk, rule, "needs no rule: what is published is allowed");
	note_published(walker, list, rule);
	return true;
}

bool
walk_narrow_whom(const struct walker *walker, struct import_rule *rule)
{
	struct arena *arena = walker->walk->rules->arena;
	bool to_self = walker->walk->part == IMPORT_PART_TO_SELF;
	struct span_set many =
	    span_set_or(arena, import_multicast(), import_broadcast());

	if (rule->whom == IMPORT_LOCAL)
		rule->match.dst = span_set_minus(arena, rule->match.dst, many);
	else if (rule->whom == IMPORT_FOREIGN && to_self)
		rule->match.dst = span_set_and(arena, rule->match.dst, many);
	bool none = rule->whom == IMPORT_LOCAL && !to_self;
	rule->whom = IMPORT_WHOMEVER;
	return !none;
}
