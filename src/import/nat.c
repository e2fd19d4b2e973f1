/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/nat.h"

#include "import/service.h"
#include "import/translation.h"
#include "import/walk_impl.h"
#include "import/zones.h"

#include <stdlib.h>

/* As deep as chains of the filter. */
#define NAT_DEPTH_MAX 32

static void
refuse_line(struct import_rule *rule, const char *why)
{
	if (rule->line->why == NULL)
		rule->line->why = why;
}

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

	if (rule->why != NULL || rule->limit.len > 0 || rule->hours.len > 0)
		refuse_line(rule,
		    rule->why != NULL ? rule->why : "it holds at times only");
	else if (!find_sources(rules, rule, &from))
		refuse_line(
		    rule, "only whole zones are masqueraded; see `snat`");
	else if (span_set_not(rules->arena, rule->match.service).count > 0 ||
		 !span_set_covers(rule->match.dst,
		     span_set_family(import_box_family(&rule->match))))
		refuse_line(rule, "a zone is masqueraded whatever it asks for");
	else if ((from &= rule->match.in & ~to) == 0 || to == 0)
		refuse_line(rule, "no zone is left for it");
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
	if (rule->why != NULL || rule->limit.len > 0 || rule->hours.len > 0)
		refuse_line(rule,
		    rule->why != NULL ? rule->why : "it holds at times only");
	else if (span_set_not(rules->arena, rule->match.service).count > 0 ||
		 !span_set_covers(rule->match.dst,
		     span_set_family(import_box_family(&rule->match))))
		refuse_line(rule, "a source is changed whatever it asks for");
	else if (to == 0 || entry.box.in == 0 ||
		 !span_set_meet(
		     import_zones_space(rules, entry.box.in), rule->match.src))
		refuse_line(rule, "no zone is left for it");
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
		refuse_line(rule, rule->why);
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

/* One rule of nat, as the flows that come to it make it. */
typedef void rule_fn(struct import_ruleset *rules, struct import_rule *rule,
    const void *with, struct text *out);

struct visit {
	struct walker walker;
	struct import_walk walk;
	rule_fn *each;
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
				refuse_line(rule, rule->why);
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

static void
visit_hook(struct import_ruleset *rules, enum import_hook hook, rule_fn *each,
    const void *with, struct text *out)
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
		refuse_line(rule, "a destination is not changed here");
		import_line_print(rule->line, NULL, out);
	}
}

void
import_nat_print(struct import_ruleset *rules, struct text *out)
{
	visit_hook(rules, IMPORT_POSTROUTING, print_source, NULL, out);
	for (size_t i = 0; i < rules->chains.count; i++) {
		struct import_chain *chain = rules->chains.items[i];
		for (size_t j = 0; j < chain->count; j++)
			if (chain->items[j].action == IMPORT_CLAMP)
				print_clamp(rules, &chain->items[j], out);
	}
}

/* The flows as the forward list sees them: at the server already. */
static struct box
translated_box(
    struct import_ruleset *rules, const struct import_rule *rule, uint64_t zone)
{
	struct box box = rule->match;
	struct span_set server =
	    span_set_one(rules->arena, span_of_range(&rule->to));

	box.in = zone;
	box.src = import_zones_space(rules, zone);
	box.src = span_set_and(rules->arena, box.src,
	    span_set_family((enum address_family)rule->to.first.family));
	box.dst = server;
	box.out = 0;
	for (size_t i = 0; i < rules->zone_count; i++)
		if (span_set_covers(rules->zones[i].space, server))
			box.out = UINT64_C(1) << i;
	if (rule->port_first != 0 && box.service.count == 1) {
		enum service_line line =
		    (enum service_line)(box.service.at[0].first.low >> 16);
		box.service = span_set_one(rules->arena,
		    service_span(line, rule->port_first, rule->port_last));
	}
	return box;
}

/* Ports of one protocol, and one of them if they become another. */
static bool
is_publishable(struct import_ruleset *rules, struct import_rule *rule)
{
	struct span_set ports = rule->match.service;
	uint64_t line;

	if (rule->why != NULL) {
		refuse_line(rule, rule->why);
		return false;
	}
	if (ports.count == 0 || ports.count > 16)
		return false;
	line = ports.at[0].first.low >> 16;
	for (size_t i = 0; i < ports.count; i++)
		if (ports.at[i].first.high != 0 || ports.at[i].last.high != 0 ||
		    ports.at[i].last.low >> 16 != line ||
		    (ports.at[i].first.low & UINT16_MAX) == 0)
			line = SERVICE_OTHER;
	if (line > SERVICE_SCTP)
		return false;
	/* From all of a family: `publish` asks nobody where he comes from; and
	 * what is only for one of the gateway's addresses is for all of them. */
	if (!span_set_covers(rule->match.dst,
		span_set_family((enum address_family)rule->to.first.family)) &&
	    (rule->match.dst.count != 1 ||
		address_is_local_scope(
		    span_to_range(rule->match.dst.at[0]).first)))
		return false;
	return span_set_covers(rule->match.src,
		   span_set_family(
		       (enum address_family)rule->to.first.family)) &&
	       (rule->port_first == 0 || ports.count == 1) &&
	       rule->limit.len == 0 && rule->hours.len == 0 &&
	       (rule->match.in & import_zones_mask(rules)) != 0;
}

static void
print_ports(
    const struct import_ruleset *rules, struct span_set set, struct text *out)
{
	bool part;

	(void)service_print(rules->arena, set, ADDRESS_NONE, out, &part);
}

/* Pieces of flows, and the room that they may take. */
#define PIECES_MAX 64

struct pieces {
	struct box items[PIECES_MAX];
	size_t count;
	bool full;
};

static void
add_piece(struct pieces *pieces, const struct box *box)
{
	if (pieces->count == PIECES_MAX)
		pieces->full = true;
	else if (!box_is_empty(box))
		pieces->items[pieces->count++] = *box;
}

/* What the list refuses of these flows; true if it allows some. */
static bool
find_refused(struct import_ruleset *rules, const struct import_walk *walk,
    const struct box *flows, bool translated, struct pieces *ret)
{
	struct pieces rest = { 0 };
	bool allows = false;

	add_piece(&rest, flows);
	for (size_t i = 0; i < walk->decisions.count; i++) {
		const struct import_decision *one = &walk->decisions.items[i];
		struct pieces next = { .full = rest.full };
		if (one->translated && !translated)
			continue;
		for (size_t j = 0; j < rest.count; j++) {
			struct box left[BOX_CUTS];
			struct box met =
			    box_and(rules->arena, &rest.items[j], &one->box);
			size_t count = box_minus(
			    rules->arena, &rest.items[j], &one->box, left);
			for (size_t k = 0; k < count; k++)
				add_piece(&next, &left[k]);
			if (box_is_empty(&met))
				continue;
			if (one->plain && one->verdict == IMPORT_ACCEPT)
				allows = true;
			else
				add_piece(ret, &met);
		}
		rest = next;
	}
	ret->full |= rest.full;
	return allows && rest.count == 0;
}

/* The same flows as the client wrote them: to the gateway. */
static struct box
before_translation(const struct import_rule *rule, const struct box *piece)
{
	struct box box = *piece;

	if (rule->port_first != 0)
		box.service = rule->match.service;
	box.out = UINT64_MAX;
	box.dst = span_set_family((enum address_family)rule->to.first.family);
	return box;
}

static void
print_refused(struct import_ruleset *rules, const struct box *box,
    enum import_action how, struct text *out)
{
	struct import_entry entry = {
		.part = IMPORT_PART_TO_SELF, .verdict = how, .box = *box
	};
	struct import_said said = { 0 };
	bool part;

	if (!import_sentence_print(
		rules, &entry, import_box_family(box), true, &said, &part) ||
	    said.plain.at == NULL)
		return;
	/* Of several zones each refuses the same ones. */
	if (out->len == 0 ||
	    memmem(out->at, out->len, said.plain.at, said.plain.len) == NULL)
		text_addf(out, "%.*s\n", STR_ARG(said.plain));
}

/*
 * Those whom the forward list refuses the server, from the zone itself and from
 * all others; false: it allows nobody.  *ret_answered: the gateway itself would
 * have answered some of them, and who is published to cannot be.
 */
static bool
refuse_others(struct import_ruleset *rules, const struct import_rule *rule,
    const struct import_nat_lists *lists, uint64_t zone, struct text *out,
    bool *ret_answered)
{
	for (size_t i = 0; i < rules->zone_count; i++) {
		uint64_t from = UINT64_C(1) << i;
		struct box flows = translated_box(rules, rule, from);
		struct pieces refused = { 0 };
		bool allows;
		/* Its own neighbours reach the server without us. */
		if (box_is_empty(&flows) || from == flows.out)
			continue;
		bool sent_on = (rule->match.in & from) != 0;
		allows = find_refused(
		    rules, lists->through, &flows, sent_on, &refused);
		if (refused.full || (from == zone && !allows))
			return false;
		for (size_t j = 0; j < refused.count; j++) {
			struct box box =
			    before_translation(rule, &refused.items[j]);
			enum import_action how =
			    import_walk_verdict(lists->to_self, &box, false);
			*ret_answered |= !sent_on && how != IMPORT_DROP &&
					 how != IMPORT_REJECT;
			print_refused(rules, &box,
			    how == IMPORT_REJECT ? how : IMPORT_DROP, out);
		}
	}
	return true;
}

static void
publish_in(struct import_ruleset *rules, struct import_rule *rule,
    const struct import_nat_lists *lists, size_t zone, struct text *out,
    bool *ret_answered)
{
	struct text ports = TEXT_EMPTY;
	char server[ADDRESS_TEXT_BYTES];

	if (!refuse_others(
		rules, rule, lists, UINT64_C(1) << zone, out, ret_answered)) {
		refuse_line(rule, "the forward list does not allow it");
		return;
	}
	print_ports(rules, rule->match.service, &ports);
	text_addf(out, "publish %.*s%.*s -> %s",
	    STR_ARG(rules->zones[zone].name), STR_ARG(text_str(&ports)),
	    address_format(rule->to.first, server));
	text_clear(&ports);
	if (rule->port_first != 0)
		print_ports(rules,
		    translated_box(rules, rule, UINT64_C(1) << zone).service,
		    &ports);
	text_addf(out, "%.*s\n", STR_ARG(text_str(&ports)));
	text_fini(&ports);
}

static void
publish(struct import_ruleset *rules, struct import_rule *rule,
    const void *with, struct text *out)
{
	const struct import_nat_lists *lists = with;
	struct text said = TEXT_EMPTY;
	bool answered = false;

	if (rule->action != IMPORT_DNAT)
		refuse_line(rule, "a source is not changed here");
	else if (!is_publishable(rules, rule))
		refuse_line(rule, "no word for what it sends on");
	for (size_t i = 0; i < rules->zone_count; i++) {
		uint64_t zone = UINT64_C(1) << i;
		/* A server has no need to reach itself by the gateway. */
		if (rule->line->why == NULL && (rule->match.in & zone) != 0 &&
		    translated_box(rules, rule, zone).out != zone)
			publish_in(rules, rule,
			    rule->to.first.family == ADDRESS_IPV6 ? &lists[1]
								  : &lists[0],
			    i, &said, &answered);
	}
	if (said.len == 0)
		refuse_line(rule, "it publishes nothing");
	import_line_print(rule->line,
	    answered ? "refused to those whom the gateway answered itself"
	    : rule->match.dst.count == 1 &&
		    span_set_not(rules->arena, rule->match.dst).count > 1 &&
		    !span_set_covers(
			rule->match.dst, span_set_family(ADDRESS_IPV4))
		? "whichever of the gateway's addresses is asked"
		: NULL,
	    out);
	if (rule->line->why == NULL)
		text_add(out, text_str(&said));
	text_fini(&said);
}

void
import_published_print(struct import_ruleset *rules,
    const struct import_nat_lists lists[static 2], struct text *out)
{
	visit_hook(rules, IMPORT_PREROUTING, publish, lists, out);
}
