/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/sentence.h"

#include "import/service.h"
#include "import/zones.h"
#include "policy/limits.h"

#include "base/utf8.h"

/* One side of a rule: who is meant, and what is taken out. */
struct side {
	struct text who, except;
	bool addresses; /* of a family, so that the other one is not meant */
};

static void
side_fini(struct side *side)
{
	text_fini(&side->who);
	text_fini(&side->except);
}

static void
print_spans(struct span_set set, struct text *out)
{
	char word[ADDRESS_RANGE_TEXT_BYTES];

	for (size_t i = 0; i < set.count; i++) {
		struct address_range range = span_to_range(set.at[i]);
		text_addf(out, "%s %s", out->len > 0 ? "," : "",
		    address_range_format(&range, word));
	}
}

/* A range is of one family; IPv6 goes on where IPv4 lies in it. */
void
import_addresses_print(
    struct arena *arena, struct span_set set, struct text *out)
{
	struct span_set all4 = span_set_family(ADDRESS_IPV4);
	struct span_set six =
	    span_set_and(arena, set, span_set_family(ADDRESS_IPV6));
	struct span_set joined = span_set_or(arena, six, all4);

	print_spans(span_set_and(arena, set, all4), out);
	print_spans(joined.count < six.count ? joined : six, out);
}

void
import_zone_names_print(
    const struct import_ruleset *rules, uint64_t mask, struct text *out)
{
	if ((~mask & import_zones_mask(rules)) == 0) {
		text_addz(out, " any");
		return;
	}
	for (size_t i = 0; i < rules->zone_count; i++)
		if ((mask & UINT64_C(1) << i) != 0)
			text_addf(out, "%s %.*s", out->len > 0 ? "," : "",
			    STR_ARG(rules->zones[i].name));
}

enum address_family
import_box_family(const struct box *box)
{
	static const enum address_family families[] = { ADDRESS_IPV4,
		ADDRESS_IPV6 };

	for (size_t i = 0; i < 2; i++) {
		struct span_set all = span_set_family(families[i]);
		if (span_set_covers(all, box->src) ||
		    span_set_covers(all, box->dst))
			return families[i];
	}
	return ADDRESS_NONE;
}

/* The gateway itself, or those of its addresses that are in the set. */
static void
print_self(const struct import_ruleset *rules, struct span_set set,
    enum address_family family, struct side *side)
{
	struct span_set rest =
	    span_set_minus(rules->arena, span_set_family(family), set);

	if (rest.count == 0 || rest.count <= set.count) {
		text_addz(&side->who, " self");
		import_addresses_print(rules->arena, rest, &side->except);
		return;
	}
	import_addresses_print(rules->arena, set, &side->who);
	side->addresses = true;
	/* Whatever lives in a zone is not the gateway's own. */
	for (size_t i = 0; i < rules->zone_count; i++)
		text_addf(&side->except, "%s %.*s",
		    side->except.len > 0 ? "," : "",
		    STR_ARG(rules->zones[i].name));
}

static size_t
count_meeting(
    const struct import_ruleset *rules, struct span_set set, uint64_t mask)
{
	size_t count = 0;

	for (size_t i = 0; i < rules->zone_count; i++)
		if ((mask & UINT64_C(1) << i) == 0 &&
		    span_set_meet(rules->zones[i].space, set))
			count++;
	return count;
}

/* Of several ways to say it, the one with the fewest words. */
static bool
print_zones(const struct import_ruleset *rules, uint64_t mask,
    struct span_set set, enum address_family family, struct side *side)
{
	struct arena *arena = rules->arena;
	struct span_set space = import_zones_space(rules, mask);
	struct span_set live = span_set_and(arena, set, space);
	struct span_set rest = span_set_minus(
	    arena, span_set_and(arena, space, span_set_family(family)), set);
	size_t others = count_meeting(rules, set, mask);

	if (rest.count == 0 || rest.count < live.count) {
		import_zone_names_print(rules, mask, &side->who);
		import_addresses_print(rules->arena, rest, &side->except);
	} else if (live.count <= set.count + others) {
		import_addresses_print(rules->arena, live, &side->who);
		side->addresses = true;
	} else {
		import_addresses_print(rules->arena, set, &side->who);
		side->addresses = true;
		for (size_t i = 0; i < rules->zone_count; i++)
			if ((mask & UINT64_C(1) << i) == 0 &&
			    span_set_meet(rules->zones[i].space, set))
				text_addf(&side->except, "%s %.*s",
				    side->except.len > 0 ? "," : "",
				    STR_ARG(rules->zones[i].name));
	}
	return live.count > 0;
}

/* One character, or a blank for what no name may hold. */
static size_t
add_character(struct text *out, struct str rest)
{
	size_t len = utf8_length(rest);

	if (len == 0 || !utf8_is_shown(rest) ||
	    (len == 1 && strchr("\\$`\"", rest.at[0]) != NULL)) {
		text_addc(out, ' ');
		return 1;
	}
	if (out->len + len <= POLICY_RULE_NAME_MAX)
		text_add(out, (struct str){ rest.at, len });
	return len;
}

struct str
import_name_clean(struct arena *arena, struct str name)
{
	struct text out = TEXT_EMPTY;

	name = str_trim(name);
	while (name.len > 0 && out.len < POLICY_RULE_NAME_MAX)
		name = str_skip(name, add_character(&out, name));
	struct str clean = str_trim(text_str(&out));
	/* Prefixes of a log end in what parts them from the rest. */
	while (clean.len > 0 && strchr(": -", clean.at[clean.len - 1]) != NULL)
		clean.len--;
	clean = arena_str(arena, clean);
	text_fini(&out);
	return clean;
}

static const char *
verdict_word(enum import_action verdict)
{
	return verdict == IMPORT_ACCEPT   ? "allow"
	       : verdict == IMPORT_REJECT ? "reject"
					  : "drop";
}

static void
print_side(const struct side *side, const char *also, struct text *out)
{
	text_add(out, text_str(&side->who));
	if (side->except.len == 0 && also == NULL)
		return;
	text_addz(out, " except");
	text_add(out, text_str(&side->except));
	if (also != NULL)
		text_addf(out, "%s %s", side->except.len > 0 ? "," : "", also);
}

static struct str
assemble(const struct import_ruleset *rules, const struct import_entry *entry,
    const struct side *from, const struct side *to, struct str service,
    const char *foreign)
{
	struct text out = TEXT_EMPTY;

	text_addz(&out, verdict_word(entry->verdict));
	print_side(from, foreign, &out);
	text_addz(&out, " ->");
	print_side(to, NULL, &out);
	text_add(&out, service);
	if (entry->hours.len > 0)
		text_addf(&out, " during %.*s", STR_ARG(entry->hours));
	text_add(&out, entry->limit);
	if (entry->log)
		text_addz(&out, " log");
	struct str name = import_name_clean(rules->arena, entry->name);
	if (name.len > 0)
		text_addf(&out, " as \"%.*s\"", STR_ARG(name));
	struct str made = arena_str(rules->arena, text_str(&out));
	if (out.full)
		rules->arena->full = true;
	text_fini(&out);
	return made;
}

static bool
print_sides(const struct import_ruleset *rules,
    const struct import_entry *entry, enum address_family family,
    struct side *from, struct side *to)
{
	const struct box *box = &entry->box;
	struct span_set ours = span_set_family(family);
	struct span_set src = span_set_and(rules->arena, box->src, ours);
	struct span_set dst = span_set_and(rules->arena, box->dst, ours);
	bool there = true;

	if (entry->part == IMPORT_PART_FROM_SELF)
		print_self(rules, src, family, from);
	else
		there &= print_zones(rules, box->in, src, family, from);
	if (entry->part == IMPORT_PART_TO_SELF)
		print_self(rules, dst, family, to);
	else
		there &= print_zones(rules, box->out, dst, family, to);
	return there;
}

/* Nobody of the other family lives on one of the sides. */
static bool
is_without(const struct import_ruleset *rules, const struct import_entry *entry,
    enum address_family family)
{
	struct span_set ours = span_set_family(family);

	return (entry->part != IMPORT_PART_FROM_SELF &&
		   span_set_covers(
		       ours, import_zones_space(rules, entry->box.in))) ||
	       (entry->part != IMPORT_PART_TO_SELF &&
		   span_set_covers(
		       ours, import_zones_space(rules, entry->box.out)));
}

bool
import_sentence_print(const struct import_ruleset *rules,
    const struct import_entry *entry, enum address_family family, bool every,
    struct import_said *ret, bool *ret_part)
{
	enum address_family ours = import_box_family(&entry->box);
	const char *foreign = ours == ADDRESS_IPV4   ? "::/0"
			      : ours == ADDRESS_IPV6 ? "0.0.0.0/0"
						     : NULL;
	struct side from = { 0 }, to = { 0 };
	struct span_set services = entry->box.service;
	struct text service = TEXT_EMPTY;

	if (!every)
		services =
		    span_set_and(rules->arena, services, service_known());
	bool sayable =
	    service_print(rules->arena, services, ours, &service, ret_part);
	if (sayable) {
		bool there = print_sides(rules, entry, ours, &from, &to);
		if (from.addresses || to.addresses ||
		    is_without(rules, entry, ours))
			foreign = NULL;
		ret->plain = assemble(
		    rules, entry, &from, &to, text_str(&service), NULL);
		ret->strict = ret->plain;
		if (foreign != NULL)
			ret->strict = assemble(rules, entry, &from, &to,
			    text_str(&service), foreign);
		if (!there)
			ret->strict = (struct str){ 0 };
		if (ours != family || from.who.len == 0 || to.who.len == 0)
			ret->plain = ret->strict;
	}
	side_fini(&from);
	side_fini(&to);
	text_fini(&service);
	return sayable;
}
