/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/zones.h"

#include "import/range.h"
#include "import/words.h"
#include "policy/limits.h"
#include "policy/words.h"

#include "base/vec.h"

/* A mask that negates has it, and so has one that names nothing. */
#define OPEN (UINT64_C(1) << 62)

/* What a host of unknown interfaces most likely has. */
#define USUAL_INTERFACES "eth* en* wl*"

static size_t
bit_index(uint64_t bit)
{
	return (size_t)__builtin_ctzll(bit);
}

static bool
is_one_interface(uint64_t mask)
{
	return mask != 0 && (mask & (mask - 1)) == 0 && mask != BOX_LOOPBACK;
}

/* What a rule says of what lives behind interfaces. */
static void
learn_from(struct import_ruleset *rules, const struct import_rule *rule)
{
	bool accepts = rule->action == IMPORT_ACCEPT;
	bool hides =
	    rule->action == IMPORT_MASQUERADE || rule->action == IMPORT_SNAT;

	if (rule->why != NULL && !hides)
		return;
	if (is_one_interface(rule->in) && accepts)
		import_zones_learn(rules, bit_index(rule->in), rule->match.src);
	if (is_one_interface(rule->out) && accepts)
		import_zones_learn(
		    rules, bit_index(rule->out), rule->match.dst);
	if (!hides)
		return;
	if (is_one_interface(rule->out))
		rules->outside |= rule->out;
	else if (is_one_interface(~rule->out & ~BOX_LOOPBACK))
		import_zones_learn(
		    rules, bit_index(~rule->out), rule->match.src);
}

/* Sources that are masqueraded live behind an interface that is not said. */
static struct span_set
masqueraded(const struct import_ruleset *rules)
{
	struct span_set all = { 0 };

	for (size_t i = 0; i < rules->chains.count; i++) {
		const struct import_chain *chain = rules->chains.items[i];
		for (size_t j = 0; j < chain->count; j++) {
			const struct import_rule *rule = &chain->items[j];
			if ((rule->action == IMPORT_MASQUERADE ||
				rule->action == IMPORT_SNAT) &&
			    is_one_interface(rule->out))
				all = span_set_or(
				    rules->arena, all, rule->match.src);
		}
	}
	return all;
}

static void
learn_from_rules(struct import_ruleset *rules)
{
	uint64_t known = rules->outside, inward = 0;

	for (size_t i = 0; i < rules->interface_count; i++)
		rules->interfaces[i].told =
		    rules->interfaces[i].behind.count > 0;

	for (size_t i = 0; i < rules->chains.count; i++) {
		const struct import_chain *chain = rules->chains.items[i];
		for (size_t j = 0; j < chain->count; j++) {
			const struct import_rule *rule = &chain->items[j];
			learn_from(rules, rule);
			if (rule->action == IMPORT_DNAT &&
			    is_one_interface(rule->in))
				inward |= rule->in;
		}
	}
	/* The default route tells best; then what is translated. */
	if (known != 0)
		rules->outside = known;
	if (rules->outside == 0)
		rules->outside = inward;
}

static bool
is_wildcard_of(struct str pattern, struct str name)
{
	return str_ends(pattern, STR("*")) && !str_eq(pattern, name) &&
	       str_starts(name, (struct str){ pattern.at, pattern.len - 1 });
}

/*
 * A pattern that interfaces by name fit stands for those: an interface is in
 * one zone, and what no rule names by itself is in none.
 */
static bool
is_only_pattern(const struct import_ruleset *rules, size_t index)
{
	for (size_t i = 0; i < rules->interface_count; i++)
		if (is_wildcard_of(rules->interfaces[index].name,
			rules->interfaces[i].name))
			return true;
	return false;
}

/* The one that nothing is known of is outside, if there is one such. */
static void
guess_outside(struct import_ruleset *rules)
{
	uint64_t unknown = 0;

	for (size_t i = 0; i < rules->interface_count; i++)
		if (rules->interfaces[i].behind.count == 0 &&
		    !is_only_pattern(rules, i))
			unknown |= UINT64_C(1) << i;
	if (rules->outside == 0 && is_one_interface(unknown))
		rules->outside = unknown;
	if (rules->outside == 0)
		rules->outside = unknown != 0 ? unknown & -unknown : 1;
}

/* What is masqueraded lives behind the only interface that it can. */
static void
guess_inside(struct import_ruleset *rules)
{
	struct span_set rest = masqueraded(rules);
	uint64_t unknown = 0;

	for (size_t i = 0; i < rules->interface_count; i++) {
		uint64_t bit = UINT64_C(1) << i;
		if ((rules->outside & bit) != 0 || is_only_pattern(rules, i))
			continue;
		rest = span_set_minus(
		    rules->arena, rest, rules->interfaces[i].behind);
		if (rules->interfaces[i].behind.count == 0)
			unknown |= bit;
	}
	if (is_one_interface(unknown))
		import_zones_learn(rules, bit_index(unknown), rest);
}

/* Letters, digits, '-' and '_', a letter first, and no word of the language. */
static struct str
zone_name(struct import_ruleset *rules, struct str interface)
{
	char name[POLICY_ZONE_NAME_MAX + 1];
	size_t len = 0;

	for (size_t i = 0; i < interface.len && len < 15; i++) {
		char c = interface.at[i];
		if (c == '*')
			continue;
		name[len++] =
		    (char)(ascii_is_alpha(c) || ascii_is_digit(c) ? c : '-');
	}
	struct str made = { name, len };
	bool plain = len > 0 && ascii_is_alpha(name[0]) &&
		     !policy_word_is_reserved(made) && !str_is(made, "inspect");
	for (size_t i = 0; i < rules->zone_count; i++)
		plain &= !str_eq(rules->zones[i].name, made);
	return plain ? arena_str(rules->arena, made)
		     : import_words(rules->arena, "z%zu-%.*s",
			   rules->zone_count, (int)len, name);
}

static size_t
add_zone(struct import_ruleset *rules, struct str name, struct span_set space)
{
	struct import_zone *zone = &rules->zones[rules->zone_count];

	*zone = (struct import_zone){ .name = name, .space = space };
	return rules->zone_count++;
}

static void
make_zones(struct import_ruleset *rules)
{
	struct span_set taken = { 0 };
	size_t elsewhere;

	for (size_t i = 0; i < rules->interface_count; i++) {
		struct import_interface *interface = &rules->interfaces[i];
		/* Zones do not overlap: what two have is the first one's. */
		struct span_set space =
		    span_set_minus(rules->arena, interface->behind, taken);
		interface->zone = IMPORT_NO_ZONE;
		if (is_only_pattern(rules, i) || space.count == 0 ||
		    (rules->outside & UINT64_C(1) << i) != 0)
			continue;
		taken = span_set_or(rules->arena, taken, space);
		interface->zone = (unsigned)add_zone(
		    rules, zone_name(rules, interface->name), space);
	}
	elsewhere =
	    add_zone(rules, STR("net"), span_set_not(rules->arena, taken));
	rules->zones[elsewhere].elsewhere = true;
	for (size_t i = 0; i < rules->interface_count; i++)
		if (rules->interfaces[i].zone == IMPORT_NO_ZONE &&
		    !is_only_pattern(rules, i))
			rules->interfaces[i].zone = (unsigned)elsewhere;
}

/* The zone of all others bears its interface's name, if it has but one. */
static void
name_elsewhere(struct import_ruleset *rules)
{
	struct import_zone *zone = &rules->zones[rules->zone_count - 1];
	size_t count = 0, last = 0;

	for (size_t i = 0; i < rules->interface_count; i++) {
		if (rules->interfaces[i].zone == rules->zone_count - 1) {
			last = i;
			count++;
		}
	}
	if (count == 1)
		zone->name = zone_name(rules, rules->interfaces[last].name);
}

static bool
is_meant(const struct import_ruleset *rules, uint64_t mask, size_t index)
{
	bool open = (mask & OPEN) != 0;
	bool meant = (mask & UINT64_C(1) << index) != 0;

	for (size_t i = 0; i < rules->interface_count; i++) {
		if (!is_wildcard_of(rules->interfaces[i].name,
			rules->interfaces[index].name))
			continue;
		if (open)
			meant &= (mask & UINT64_C(1) << i) != 0;
		else
			meant |= (mask & UINT64_C(1) << i) != 0;
	}
	return meant;
}

/* Interfaces as zones; *ret_exact: those, and nothing else. */
static uint64_t
zones_of(const struct import_ruleset *rules, uint64_t mask, bool *ret_exact)
{
	uint64_t in = 0, out = 0;

	if (mask == UINT64_MAX)
		return mask;
	for (size_t i = 0; i < rules->interface_count; i++) {
		if (rules->interfaces[i].zone == IMPORT_NO_ZONE)
			continue;
		uint64_t zone = UINT64_C(1) << rules->interfaces[i].zone;
		if (is_meant(rules, mask, i))
			in |= zone;
		else
			out |= zone;
	}
	*ret_exact &= (in & out) == 0;
	/* An interface that no rule names is in no zone, or in all of them. */
	return in | (mask & BOX_LOOPBACK);
}

static void
settle_rule(const struct import_ruleset *rules, struct import_rule *rule)
{
	bool exact = true;

	rule->match.in = zones_of(rules, rule->in, &exact);
	rule->match.out = zones_of(rules, rule->out, &exact);
	if (!exact)
		import_rule_inexact(rule,
		    "what lives behind its interface is not known: give the "
		    "output of `ip addr` as well");
}

void
import_zones_settle(struct import_ruleset *rules)
{
	learn_from_rules(rules);
	guess_outside(rules);
	guess_inside(rules);
	make_zones(rules);
	name_elsewhere(rules);
	for (size_t i = 0; i < rules->chains.count; i++)
		for (size_t j = 0; j < rules->chains.items[i]->count; j++)
			settle_rule(rules, &rules->chains.items[i]->items[j]);
}

uint64_t
import_zones_mask(const struct import_ruleset *rules)
{
	return (UINT64_C(1) << rules->zone_count) - 1;
}

struct span_set
import_zones_space(const struct import_ruleset *rules, uint64_t mask)
{
	struct span_set space = { 0 };

	for (size_t i = 0; i < rules->zone_count; i++)
		if ((mask & UINT64_C(1) << i) != 0)
			space = span_set_or(
			    rules->arena, space, rules->zones[i].space);
	return space;
}

/* The largest prefix that the range begins with. */
static struct address_range
first_prefix(struct address_range range)
{
	unsigned bits = address_width(range.first) * 8;
	struct address last;

	for (; bits > 0; bits--) {
		last = import_address_fill(range.first, bits, true);
		if (address_eq(import_address_fill(range.first, bits, false),
			range.first) &&
		    address_cmp(last, range.last) <= 0)
			break;
	}
	last = import_address_fill(range.first, bits, true);
	return (struct address_range){ range.first, last };
}

/* A zone is written by prefixes: those that a span is made of. */
static void
print_prefixes(struct span_set set, struct text *out)
{
	char word[ADDRESS_RANGE_TEXT_BYTES];

	for (size_t i = 0; i < set.count; i++) {
		struct address_range rest = span_to_range(set.at[i]), piece;
		do {
			piece = first_prefix(rest);
			text_addf(
			    out, " %s", address_range_format(&piece, word));
		} while (!address_eq(piece.last, rest.last) &&
			 address_next(piece.last, &rest.first));
	}
}

void
import_zones_print(const struct import_ruleset *rules, struct text *out)
{
	for (size_t z = 0; z < rules->zone_count; z++) {
		const struct import_zone *zone = &rules->zones[z];
		size_t interfaces = 0;
		text_addf(out, "zone %.*s =", STR_ARG(zone->name));
		for (size_t i = 0; i < rules->interface_count; i++) {
			if (rules->interfaces[i].zone != z)
				continue;
			text_addf(
			    out, " %.*s", STR_ARG(rules->interfaces[i].name));
			interfaces++;
		}
		if (interfaces == 0)
			text_addz(out, " " USUAL_INTERFACES);
		if (!zone->elsewhere)
			print_prefixes(zone->space, out);
		text_addc(out, '\n');
	}
}
