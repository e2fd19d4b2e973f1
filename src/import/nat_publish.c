/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nat_publish: what dnat lets in from elsewhere, as `publish`.
 */
#include "import/nat_impl.h"

#include "import/service.h"
#include "import/zones.h"

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
		nat_refuse(rule, rule->why);
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
	/* All of a family: `publish` asks nobody where he comes from; and
	 * what is only for one of the gateway's addresses is for all. */
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
		nat_refuse(rule, "the forward list does not allow it");
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
		nat_refuse(rule, "a source is not changed here");
	else if (!is_publishable(rules, rule))
		nat_refuse(rule, "no word for what it sends on");
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
		nat_refuse(rule, "it publishes nothing");
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
	nat_visit(rules, IMPORT_PREROUTING, publish, lists, out);
}
