/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/nat_impl.h"

#include "import/service.h"
#include "import/zones.h"

/* Zones all of whose addresses are sources of the rule; false: it cuts one. */
static bool
find_sources(const struct import_ruleset *rules, const struct import_rule *rule,
    uint64_t *ret)
{
	struct span_set four = span_set_family(ADDRESS_IPV4);
	uint64_t zones = 0;

	for (size_t i = 0; i < rules->zone_count; i++) {
		struct span_set space = rules->zones[i].space;
		bool six = span_set_covers(
		    span_set_family(ADDRESS_IPV6), rule->match.src);
		if (!six)
			space = span_set_and(rules->arena, space, four);
		if (!span_set_meet(space, rule->match.src))
			continue;
		if (!span_set_covers(rule->match.src, space))
			return false;
		zones |= UINT64_C(1) << i;
	}
	*ret = zones;
	return true;
}

static void
print_masquerade(
    struct import_ruleset *rules, struct import_rule *rule, struct text *out)
{
	uint64_t to = rule->match.out & import_zones_mask(rules), from;

	if (!nat_is_said(rule))
		nat_refuse(rule, "it holds at times only");
	else if (!find_sources(rules, rule, &from))
		nat_refuse(
		    rule, "only whole zones are masqueraded; see `snat`");
	else if (span_set_not(rules->arena, rule->match.service).count > 0 ||
		 !span_set_covers(rule->match.dst,
		     span_set_family(import_box_family(&rule->match))))
		nat_refuse(rule, "a zone is masqueraded whatever it asks for");
	else if ((from &= rule->match.in & ~to) == 0 || to == 0)
		nat_refuse(rule, "no zone is left for it");
	import_line_print(rule->line, NULL, out);
	if (rule->line->why != NULL)
		return;
	/* Not `any`: what is masqueraded is named. */
	struct text left = TEXT_EMPTY, right = TEXT_EMPTY;
	for (size_t i = 0; i < rules->zone_count; i++) {
		struct text *side = (from & UINT64_C(1) << i) != 0 ? &left
				    : (to & UINT64_C(1) << i) != 0 ? &right
								   : NULL;
		if (side != NULL)
			text_addf(side, "%s %.*s", side->len > 0 ? "," : "",
			    STR_ARG(rules->zones[i].name));
	}
	text_addf(out, "masquerade%.*s ->%.*s\n", STR_ARG(text_str(&left)),
	    STR_ARG(text_str(&right)));
	text_fini(&left);
	text_fini(&right);
}

static void
print_snat(
    struct import_ruleset *rules, struct import_rule *rule, struct text *out)
{
	uint64_t to = rule->match.out & import_zones_mask(rules);
	struct import_entry entry = { .part = IMPORT_PART_THROUGH,
		.box = rule->match };
	char address[ADDRESS_TEXT_BYTES];

	entry.box.in &= import_zones_mask(rules) & ~to;
	if (!nat_is_said(rule))
		nat_refuse(rule, "it holds at times only");
	else if (span_set_not(rules->arena, rule->match.service).count > 0 ||
		 !span_set_covers(rule->match.dst,
		     span_set_family(import_box_family(&rule->match))))
		nat_refuse(rule, "a source is changed whatever it asks for");
	else if (to == 0 || entry.box.in == 0 ||
		 !span_set_meet(
		     import_zones_space(rules, entry.box.in), rule->match.src))
		nat_refuse(rule, "no zone is left for it");
	import_line_print(rule->line, NULL, out);
	if (rule->line->why != NULL)
		return;
	struct text left = TEXT_EMPTY, right = TEXT_EMPTY;
	struct span_set sources = span_set_and(rules->arena, rule->match.src,
	    import_zones_space(rules, entry.box.in));
	uint64_t whole;
	if (find_sources(rules, rule, &whole))
		import_zone_names_print(rules, whole & entry.box.in, &left);
	else
		import_addresses_print(rules->arena, sources, &left);
	import_zone_names_print(rules, to, &right);
	text_addf(out, "snat%.*s ->%.*s to %s\n", STR_ARG(text_str(&left)),
	    STR_ARG(text_str(&right)), address_format(rule->to.first, address));
	text_fini(&left);
	text_fini(&right);
}

static void
print_clamp(
    struct import_ruleset *rules, struct import_rule *rule, struct text *out)
{
	uint64_t zones = rule->match.out & import_zones_mask(rules);
	struct text names = TEXT_EMPTY;

	if (rule->why != NULL)
		nat_refuse(rule, rule->why);
	import_line_print(rule->line, NULL, out);
	if (rule->line->why == NULL && !rules->clamped) {
		/* All of them, by their names. */
		for (size_t i = 0; i < rules->zone_count; i++)
			if ((zones & UINT64_C(1) << i) != 0)
				text_addf(&names, "%s %.*s",
				    names.len > 0 ? "," : "",
				    STR_ARG(rules->zones[i].name));
		text_addf(out, "firewall {\n    clamp mss for%.*s\n}\n",
		    STR_ARG(text_str(&names)));
		rules->clamped = true;
	}
	text_fini(&names);
}

static void
print_source(struct import_ruleset *rules, struct import_rule *rule,
    const void *with, struct text *out)
{
	(void)with;
	if (rule->action == IMPORT_MASQUERADE) {
		print_masquerade(rules, rule, out);
	} else if (rule->action == IMPORT_SNAT) {
		print_snat(rules, rule, out);
	} else {
		nat_refuse(rule, "a destination is not changed here");
		import_line_print(rule->line, NULL, out);
	}
}

void
import_nat_print(struct import_ruleset *rules, struct text *out)
{
	nat_visit(rules, IMPORT_POSTROUTING, print_source, NULL, out);
	for (size_t i = 0; i < rules->chains.count; i++) {
		struct import_chain *chain = rules->chains.items[i];
		for (size_t j = 0; j < chain->count; j++)
			if (chain->items[j].action == IMPORT_CLAMP)
				print_clamp(rules, &chain->items[j], out);
	}
}
