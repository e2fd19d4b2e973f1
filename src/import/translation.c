/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/translation.h"

#include "import/nat.h"
#include "import/tracking.h"
#include "import/zones.h"
#include "policy/limits.h"

#include <errno.h>

/* How far ahead a twin of the other family is looked for. */
#define TWIN_DISTANCE 64

static const char *const headings[] = {
	[IMPORT_PART_FROM_SELF] = "What the gateway itself sends.",
	[IMPORT_PART_TO_SELF] = "What comes to the gateway itself.",
	[IMPORT_PART_THROUGH] = "What passes through.",
};

static void
print_item(struct import_ruleset *rules, const struct import_item *item,
    bool strict, struct text *out)
{
	/* What nothing came of is said once, in whichever chain it is met. */
	if (item->count == 0 && item->line != NULL && item->line->shown)
		return;
	/* Of a line that was several rules it stands above the first. */
	if (item->line != NULL && item->line != rules->printed) {
		item->line->shown = false;
		import_line_print(item->line, item->note, out);
	}
	if (item->line == NULL && item->note != NULL)
		text_addf(out, "# %s\n", item->note);
	rules->printed = item->line;
	for (size_t i = 0; i < item->count; i++) {
		struct str words =
		    strict ? item->items[i].strict : item->items[i].plain;
		if (words.at != NULL)
			text_addf(out, "%.*s\n", STR_ARG(words));
	}
}

/* The same is said of both families. */
static bool
is_twin(const struct import_item *a, const struct import_item *b)
{
	bool marked = (a->line != NULL && a->line->why != NULL) ||
		      (b->line != NULL && b->line->why != NULL);

	if (a->count != b->count || (marked && a->line != b->line))
		return false;
	if (a->count == 0 && a->line != b->line &&
	    (a->line == NULL || b->line == NULL ||
		!str_eq(a->line->text, b->line->text)))
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].plain.at == NULL ||
		    b->items[i].plain.at == NULL ||
		    !str_eq(a->items[i].plain, b->items[i].plain))
			return false;
	return true;
}

/* Nothing came of the line here, but there. */
static bool
is_said_by(const struct import_walk *other, const struct import_item *item)
{
	if (item->count > 0 || item->line == NULL)
		return false;
	for (size_t i = 0; i < other->items.count; i++)
		if (other->items.items[i]->line == item->line &&
		    other->items.items[i]->count > 0)
			return true;
	return false;
}

/* What the twin's line says in other words stands above it as well. */
static void
print_twin_line(const struct import_item *item, const struct import_item *twin,
    struct text *out)
{
	struct import_line *line = twin->line;

	if (line == NULL || line == item->line)
		return;
	if (item->line == NULL || !str_eq(line->text, item->line->text))
		import_line_print(line, NULL, out);
	line->shown = true;
}

/* A rule without a family means both: it is said once for its twins. */
static void
print_both(const struct import_walk *four, const struct import_walk *six,
    struct text *out)
{
	size_t next = 0;

	for (size_t i = 0; i < four->items.count; i++) {
		const struct import_item *item = four->items.items[i];
		size_t twin = next;
		while (twin < six->items.count && twin < next + TWIN_DISTANCE &&
		       !is_twin(item, six->items.items[twin]))
			twin++;
		if (twin == six->items.count || twin == next + TWIN_DISTANCE) {
			if (!is_said_by(six, item))
				print_item(four->rules, item, true, out);
			continue;
		}
		while (next < twin)
			print_item(
			    six->rules, six->items.items[next++], true, out);
		print_twin_line(item, six->items.items[next], out);
		print_item(four->rules, item, false, out);
		next++;
	}
	while (next < six->items.count)
		print_item(six->rules, six->items.items[next++], true, out);
}

static void
print_one(const struct import_walk *walk, struct text *out)
{
	for (size_t i = 0; i < walk->items.count; i++)
		print_item(walk->rules, walk->items.items[i], false, out);
}

static void
print_hours(const struct import_ruleset *rules, struct text *out)
{
	for (size_t i = 0; i < rules->hours_count; i++)
		text_addf(out, "hours %.*s = %.*s\n",
		    STR_ARG(rules->hours[i].name),
		    STR_ARG(rules->hours[i].spans));
}

static void
print_top(const struct import_ruleset *rules, struct text *out)
{
	text_addz(out,
	    "# Written by `gatehouse import`.  Above each rule stands the line "
	    "that it comes\n# from; what has no rule here says why.\n\n"
	    "# What lives behind an interface is what the rules and addresses "
	    "told: read\n# it, and add what is missing.\n");
	import_zones_print(rules, out);
	text_addc(out, '\n');
	print_hours(rules, out);
	text_addc(out, '\n');
}

/* Whose rules nobody gave has none. */
static void
print_silence(const struct import_ruleset *rules, struct text *out)
{
	if (rules->family4 && !rules->family6)
		text_addz(out, "\n# Of IPv6 nothing was said.\n"
			       "drop ::/0 -> any\n");
	else if (rules->family6 && !rules->family4)
		text_addz(out, "\n# Of IPv4 nothing was said.\n"
			       "drop 0.0.0.0/0 -> any\n");
}

static void
print_rest(const struct import_ruleset *rules, struct text *out)
{
	bool any = false;

	for (size_t i = 0; i < rules->lines.count; i++) {
		struct import_line *line = rules->lines.items[i];
		if (line->shown)
			continue;
		if (!any)
			text_addz(out, "\n\n# What decides nothing here.\n\n");
		any = true;
		import_line_print(line, "no packet comes to it", out);
	}
}

/* The lists of one family, or of both in one. */
struct lists {
	struct import_walk walks[IMPORT_PART_COUNT];
};

static void
lists_run(struct lists *lists, struct import_ruleset *rules,
    enum address_family family)
{
	for (int part = 0; part < IMPORT_PART_COUNT; part++) {
		import_walk_init(
		    &lists->walks[part], rules, family, (enum import_part)part);
		import_walk_run(&lists->walks[part]);
	}
}

static void
lists_fini(struct lists *lists)
{
	for (int part = 0; part < IMPORT_PART_COUNT; part++)
		import_walk_fini(&lists->walks[part]);
}

static void
print_parts(struct import_ruleset *rules, const struct lists *four,
    const struct lists *six, struct text *out)
{
	struct import_nat_lists lists[] = {
		{ &four->walks[IMPORT_PART_THROUGH],
		    &four->walks[IMPORT_PART_TO_SELF] },
		{ &six->walks[IMPORT_PART_THROUGH],
		    &six->walks[IMPORT_PART_TO_SELF] },
	};

	struct text elsewhere = TEXT_EMPTY;

	import_nat_print(rules, out);
	print_silence(rules, out);
	for (int part = 0; part < IMPORT_PART_COUNT; part++) {
		text_addf(out, "\n\n# %s\n\n", headings[part]);
		if (part == IMPORT_PART_FROM_SELF)
			import_nat_own_print(rules, out);
		else if (part == IMPORT_PART_TO_SELF)
			import_published_print(rules, lists, out, &elsewhere);
		else
			text_add(out, text_str(&elsewhere));
		if (!rules->family6)
			print_one(&four->walks[part], out);
		else if (!rules->family4)
			print_one(&six->walks[part], out);
		else
			print_both(&four->walks[part], &six->walks[part], out);
	}
	if (elsewhere.full)
		out->full = true;
	text_fini(&elsewhere);
}

int
import_translate(struct import_ruleset *rules, struct text *out)
{
	struct lists four, six;

	import_zones_settle(rules);
	import_tracking_settle(rules);
	lists_run(&four, rules, ADDRESS_IPV4);
	lists_run(&six, rules, ADDRESS_IPV6);
	print_top(rules, out);
	print_parts(rules, &four, &six, out);
	print_rest(rules, out);
	lists_fini(&four);
	lists_fini(&six);
	if (rules->failed || rules->arena->full || out->full)
		return -ENOMEM;
	return rules->too_large || out->len > POLICY_FILE_BYTES_MAX ? -E2BIG
								    : 0;
}
