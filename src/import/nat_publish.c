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

	struct span to = span_of_range(&rule->to);

	if (!nat_is_said(rule) || rule->whom == IMPORT_FOREIGN)
		return false;
	if (span_set_meet(rules->own, (struct span_set){ &to, 1 })) {
		nat_refuse(rule, nat_inward);
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

/* Of what is left this decision takes its own. */
static void
sift(struct import_ruleset *rules, const struct import_decision *one,
    struct pieces *rest, struct pieces *ret_refused, bool *ret_allows)
{
	struct pieces next = { .full = rest->full };

	for (size_t j = 0; j < rest->count; j++) {
		struct box left[BOX_CUTS];
		struct box met =
		    box_and(rules->arena, &rest->items[j], &one->box);
		size_t count =
		    box_minus(rules->arena, &rest->items[j], &one->box, left);
		for (size_t k = 0; k < count; k++)
			add_piece(&next, &left[k]);
		if (box_is_empty(&met))
			continue;
		if (one->plain && one->verdict == IMPORT_ACCEPT)
			*ret_allows = true;
		else
			add_piece(ret_refused, &met);
	}
	*rest = next;
}

/* Where the gateway is asked for what the rule sends on. */
static struct span_set
asked_addresses(struct import_ruleset *rules, const struct import_rule *rule)
{
	struct span_set asked = rule->match.dst;

	if (span_set_meet(rules->own, asked))
		return span_set_and(rules->arena, rules->own, asked);
	for (size_t i = 0; i < rules->zone_count; i++)
		if (!rules->zones[i].elsewhere)
			asked = span_set_minus(
			    rules->arena, asked, rules->zones[i].space);
	return asked;
}

/*
 * What is refused before nat is asked, of flows as the client wrote them: as it
 * holds for the same ones at the server.  False: it does not.
 */
static bool
send_on(struct import_ruleset *rules, const struct import_rule *rule,
    const struct import_decision *early, struct import_decision *ret)
{
	*ret = *early;
	if (!early->early || early->verdict == IMPORT_ACCEPT ||
	    !span_set_meet(early->box.dst, asked_addresses(rules, rule)) ||
	    !span_set_meet(early->box.service, rule->match.service))
		return false;
	ret->box.dst = span_set_all();
	ret->box.out = UINT64_MAX;
	if (rule->port_first != 0)
		ret->box.service = span_set_all();
	return true;
}

/* What the lists refuse of these flows; true if they allow some. */
static bool
find_refused(struct import_ruleset *rules, const struct import_rule *rule,
    const struct import_nat_lists *lists, const struct box *flows,
    bool translated, struct pieces *ret)
{
	const struct import_decisions *early = &lists->to_self->decisions;
	const struct import_decisions *later = &lists->through->decisions;
	struct pieces rest = { 0 };
	bool allows = false;

	add_piece(&rest, flows);
	for (size_t i = 0; i < early->count; i++) {
		struct import_decision one;
		if (send_on(rules, rule, &early->items[i], &one))
			sift(rules, &one, &rest, ret, &allows);
	}
	for (size_t i = 0; i < later->count; i++)
		if (!later->items[i].early &&
		    (!later->items[i].translated || translated))
			sift(rules, &later->items[i], &rest, ret, &allows);
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

	nat_say(rules, &entry, out);
}

/* Its neighbours there reach the server without us. */
static bool
is_one_network(
    const struct import_ruleset *rules, size_t zone, const struct box *flows)
{
	struct span_set ours =
	    span_set_and(rules->arena, rules->zones[zone].space, flows->src);

	return !rules->zones[zone].elsewhere && ours.count == 1;
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
		if (box_is_empty(&flows) ||
		    (from == flows.out && is_one_network(rules, i, &flows)))
			continue;
		bool sent_on = (rule->match.in & from) != 0;
		allows =
		    find_refused(rules, rule, lists, &flows, sent_on, &refused);
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

struct publishing {
	const struct import_nat_lists *lists;
	struct text *through;
};

static void
publish_all(struct import_ruleset *rules, struct import_rule *rule,
    const struct import_nat_lists *lists, struct text *out, bool *ret_answered)
{
	for (size_t i = 0; i < rules->zone_count; i++) {
		uint64_t zone = UINT64_C(1) << i;
		/* A server has no need to reach itself by the gateway. */
		if (rule->line->why == NULL && (rule->match.in & zone) != 0 &&
		    translated_box(rules, rule, zone).out != zone)
			publish_in(rules, rule,
			    rule->to.first.family == ADDRESS_IPV6 ? &lists[1]
								  : &lists[0],
			    i, out, ret_answered);
	}
}

/* Nothing else is known, or the host has told that the address is its own. */
static bool
is_own(const struct import_ruleset *rules, const struct import_rule *rule)
{
	return rules->own.count == 0 ||
	       span_set_meet(rules->own, rule->match.dst);
}

/* Of one address of the gateway: `publish` has no word for which one. */
static bool
is_of_one_address(struct import_ruleset *rules, const struct import_rule *rule)
{
	return rule->match.dst.count == 1 && is_own(rules, rule) &&
	       span_set_not(rules->arena, rule->match.dst).count > 1 &&
	       !span_set_covers(rule->match.dst, span_set_family(ADDRESS_IPV4));
}

/* Whether the list allows some of these flows, so that they must be refused. */
static bool
is_allowed(const struct import_walk *walk, const struct import_rule *rule)
{
	struct box box = rule->match;

	box.out = UINT64_MAX;
	for (size_t i = 0; i < walk->decisions.count; i++)
		if (walk->decisions.items[i].verdict == IMPORT_ACCEPT &&
		    !walk->decisions.items[i].translated &&
		    box_meet(&walk->decisions.items[i].box, &box))
			return true;
	return false;
}

static bool
is_allowed_by(const struct publishing *publishing,
    const struct import_rule *rule, enum import_part part)
{
	for (size_t i = 0; i < 2; i++)
		if (is_allowed(part == IMPORT_PART_THROUGH
				   ? publishing->lists[i].through
				   : publishing->lists[i].to_self,
			rule))
			return true;
	return false;
}

static bool
passes_through(
    const struct publishing *publishing, const struct import_rule *rule)
{
	return rule->whom != IMPORT_LOCAL &&
	       is_allowed_by(publishing, rule, IMPORT_PART_THROUGH);
}

static void
refuse_through(struct import_ruleset *rules, struct import_rule *rule,
    const struct publishing *publishing)
{
	import_line_print(
	    rule->line, "nothing else is asked instead", publishing->through);
	nat_drop(rules, rule, IMPORT_PART_THROUGH, publishing->through);
}

/* What nothing is published of is refused, wherever it was to go. */
static void
refuse_instead(struct import_ruleset *rules, struct import_rule *rule,
    const struct publishing *publishing, struct text *out)
{
	bool through = passes_through(publishing, rule);
	bool to_self = rule->whom != IMPORT_FOREIGN &&
		       is_allowed_by(publishing, rule, IMPORT_PART_TO_SELF);

	if ((through || to_self) && rule->line->why != NULL)
		nat_refuses_more(rules, rule);
	import_line_print(
	    rule->line, "its own network asks the server itself", out);
	if (to_self)
		nat_drop(rules, rule, IMPORT_PART_TO_SELF, out);
	if (through)
		refuse_through(rules, rule, publishing);
}

static void
publish(struct import_ruleset *rules, struct import_rule *rule,
    const void *with, struct text *out)
{
	static const char none[] = "it publishes nothing";
	static const struct span loopback = { { 0, 0xffff7f000000 },
		{ 0, 0xffff7fffffff } };
	const struct publishing *publishing = with;
	struct text said = TEXT_EMPTY;
	bool answered = false, one = is_of_one_address(rules, rule);

	/* No packet comes in for those but the gateway's own. */
	if (span_set_covers(
		(struct span_set){ &loopback, 1 }, rule->match.dst)) {
		nat_refuse(rule, nat_own);
		import_line_print(rule->line, NULL, out);
		return;
	}
	if (rule->action == IMPORT_REDIRECT)
		nat_refuse(rule, nat_inward);
	else if (rule->action != IMPORT_DNAT)
		nat_refuse(
		    rule, rule->why != NULL ? rule->why : "it is not sent on");
	else if (!is_own(rules, rule))
		nat_refuse(rule, "it is asked for at an address that the "
				 "gateway has not");
	else if (!is_publishable(rules, rule))
		nat_refuse(rule, "no word for what it sends on");
	if (rule->line->why == none)
		rule->line->why = NULL;
	publish_all(rules, rule, publishing->lists, &said, &answered);
	rule->line->said |= said.len > 0;
	if (!rule->line->said)
		nat_refuse(rule, none);
	if (rule->line->why != NULL || said.len == 0) {
		refuse_instead(rules, rule, publishing, out);
		text_fini(&said);
		return;
	}
	import_line_print(rule->line,
	    answered ? "refused to those whom the gateway answered itself"
	    : one    ? "whichever of the gateway's addresses is asked"
		     : NULL,
	    out);
	text_add(out, text_str(&said));
	text_fini(&said);
	/* Whatever they asked for, they came to the server. */
	if (!one && passes_through(publishing, rule))
		refuse_through(rules, rule, publishing);
}

void
import_published_print(struct import_ruleset *rules,
    const struct import_nat_lists lists[static 2], struct text *out,
    struct text *ret_through)
{
	struct publishing publishing = { lists, ret_through };

	nat_visit(rules, IMPORT_PREROUTING, publish, &publishing, out);
}
