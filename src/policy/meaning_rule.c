/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/meaning_rule: what one rule asks for, as sets of flows: those that it
 * matches once all is known, and those of which the packet phase is sure or
 * must leave open whether it matches.
 */
#include "policy/meaning_impl.h"

#include "policy/evaluate.h"

_Static_assert(POLICY_FACT_COUNT == 11, "a fact without a condition");

/* Of rules by one parent that leave no trace the first stands for all. */
static size_t
first_by_parent(const struct policy *policy, const struct policy_rule *rule)
{
	size_t first = 0;

	while (!policy_outcome_same(&policy->rules[first], rule))
		first++;
	return first;
}

/* Two rules have one class if and only if policy_outcome_same. */
static uint32_t
class_of(const struct policy *policy, size_t index)
{
	const struct policy_rule *rule = &policy->rules[index];

	if (policy_rule_leaves_trace(rule))
		return meaning_terminal(MEANING_CLASS_TRACELESS + index);
	if (rule->parent != NULL)
		return meaning_terminal(
		    MEANING_CLASS_TRACELESS + first_by_parent(policy, rule));
	return meaning_terminal(
	    MEANING_CLASS_FIRST + (size_t)rule->verdict * 2 + rule->direct);
}

/* What a name may open: POLICY_VERDICT_ALLOW leads only elsewhere. */
static uint32_t
opened_by_name(struct meaning *meaning, const struct policy_rule *rule)
{
	const struct policy *policy = meaning->policy;
	uint64_t zones = policy_zone_bit(ZONE_NONE);

	if (rule->verdict != POLICY_VERDICT_ALLOW || rule->parent != NULL)
		return DIAGRAM_ALL;
	return space_to_zones(meaning->space, meaning->which,
	    zones | policy_zone_bit(policy->elsewhere));
}

/* What a rule asks for, along the dimensions; `basis` is what packets show. */
struct parts {
	const struct policy_rule *rule;
	uint32_t source, address, basis, name, opened, head;
	uint32_t out_address, out_name; /* behind `except` */
};

/* From whom and when. */
static uint32_t
sources_of(struct meaning *meaning, const struct policy_rule *rule)
{
	struct space *space = meaning->space;
	struct diagram *d = &space->diagram;
	uint32_t set = space_sources(space, meaning->which, &rule->from);

	if (rule->from.except != NULL)
		set = diagram_minus(d, set,
		    space_sources(space, meaning->which, rule->from.except));
	return diagram_and(d, set, space_rule_times(space, rule));
}

static struct parts
take_apart(struct meaning *meaning, const struct policy_rule *rule)
{
	struct space *space = meaning->space;
	struct diagram *d = &space->diagram;
	unsigned which = meaning->which;
	struct parts parts = { .rule = rule,
		.out_address = DIAGRAM_EMPTY,
		.out_name = DIAGRAM_EMPTY };

	parts.source = sources_of(meaning, rule);
	parts.address = space_addresses(space, which, rule, &rule->to);
	parts.basis = diagram_and(
	    d, parts.source, space_services(space, &rule->services));
	parts.name = space_names(space, &rule->to);
	if (rule->to.except != NULL) {
		parts.out_address =
		    space_addresses(space, which, rule, rule->to.except);
		parts.out_name = space_names(space, rule->to.except);
	}
	parts.opened = policy_endpoint_has_domains(&rule->to)
			   ? opened_by_name(meaning, rule)
			   : DIAGRAM_EMPTY;
	parts.head = space_rule_head(space, rule);
	return parts;
}

uint32_t
meaning_proxied(struct meaning *meaning)
{
	struct diagram *d = &meaning->space->diagram;

	return diagram_or(d, meaning->dialled,
	    diagram_or(d, meaning->explicit, meaning->intercepted));
}

/* From whom, to where, of which service: names only where they are `seen`. */
static uint32_t
outside_of(struct meaning *meaning, const struct parts *parts, uint32_t seen)
{
	struct diagram *d = &meaning->space->diagram;
	uint32_t named = diagram_and(d, parts->name, parts->opened);

	named = diagram_and(d, named, seen);
	uint32_t to = diagram_or(d, parts->address, named);
	uint32_t out = diagram_or(
	    d, parts->out_address, diagram_and(d, parts->out_name, seen));
	return diagram_and(d, parts->basis, diagram_minus(d, to, out));
}

uint32_t
meaning_rule_outside(struct meaning *meaning, const struct policy_rule *rule)
{
	struct parts parts = take_apart(meaning, rule);
	uint32_t proxied = meaning_proxied(meaning);

	return diagram_and(&meaning->space->diagram,
	    outside_of(meaning, &parts, proxied), proxied);
}

/* Once all is known: methods and paths only where the proxy looks, names there
 * and where they are learned. */
static uint32_t
match_of(struct meaning *meaning, const struct parts *parts)
{
	struct diagram *d = &meaning->space->diagram;
	uint32_t proxied = meaning_proxied(meaning);
	uint32_t match = outside_of(
	    meaning, parts, diagram_or(d, proxied, meaning->learned));

	if (policy_rule_reads_head(parts->rule))
		match = diagram_and(d, match,
		    diagram_and(d, proxied,
			meaning_head_seen(meaning, parts->rule, parts->head)));
	if (policy_rule_needs_proxy(parts->rule))
		match = diagram_and(d, match, proxied);
	return diagram_minus(d, match, meaning->listened);
}

/* Of packets on their way to a server. */
static uint32_t
packets_on_way(
    struct meaning *meaning, const struct parts *parts, bool for_sure)
{
	struct diagram *d = &meaning->space->diagram;
	const struct policy_endpoint *except = parts->rule->to.except;
	uint32_t to = parts->address;

	if (for_sure &&
	    (policy_rule_reads_head(parts->rule) ||
		(except != NULL && policy_endpoint_has_domains(except))))
		return DIAGRAM_EMPTY;
	if (!for_sure)
		to = diagram_or(d, to, parts->opened);
	uint32_t set = diagram_and(
	    d, parts->basis, diagram_minus(d, to, parts->out_address));
	/* What cannot be carried goes by no parent, and is left open; and it
	 * is not counted. */
	bool carried = for_sure && policy_rule_needs_proxy(parts->rule);
	return diagram_and(d, set,
	    carried ? meaning->intercepted
		    : diagram_or(d, meaning->intercepted, meaning->uncarried));
}

static bool
covers_some(const struct policy_endpoint *to)
{
	return to->zones != 0 || to->own != 0 ||
	       policy_endpoint_has_addresses(to) ||
	       policy_endpoint_has_domains(to);
}

/* Packets to a listener say who asks and nothing of what. */
static uint32_t
packets_to_listener(
    struct meaning *meaning, const struct parts *parts, bool for_sure)
{
	const struct policy_endpoint *to = &parts->rule->to;
	struct diagram *d = &meaning->space->diagram;
	bool any_address = to->zones == POLICY_ZONES_ANY;

	if (for_sure ? !any_address || parts->rule->services.count > 0 ||
			   policy_rule_reads_head(parts->rule) ||
			   (to->except != NULL && covers_some(to->except))
		     : !covers_some(to))
		return DIAGRAM_EMPTY;
	if (to->except != NULL && to->except->zones == POLICY_ZONES_ANY)
		return DIAGRAM_EMPTY;
	return diagram_and(d, parts->source,
	    diagram_or(d, meaning->explicit, meaning->listened));
}

void
meaning_rule_read(struct meaning *meaning, size_t index)
{
	const struct policy_rule *rule = &meaning->policy->rules[index];
	struct diagram *d = &meaning->space->diagram;
	struct parts parts = take_apart(meaning, rule);
	struct meaning_rule *ret = &meaning->rules[index];

	ret->class = class_of(meaning->policy, index);
	uint32_t at_listener = packets_to_listener(meaning, &parts, true);
	ret->yes =
	    diagram_or(d, packets_on_way(meaning, &parts, true), at_listener);
	ret->might = diagram_minus(d,
	    diagram_or(d, packets_on_way(meaning, &parts, false),
		packets_to_listener(meaning, &parts, false)),
	    ret->yes);
	ret->match = diagram_or(d, match_of(meaning, &parts),
	    diagram_and(d, at_listener, meaning->listened));
}

uint32_t
meaning_packet_match(struct meaning *meaning, size_t i)
{
	const struct meaning_rule *rule = &meaning->rules[i];
	struct diagram *d = &meaning->space->diagram;
	uint32_t yes = diagram_where(d, rule->yes, MEANING_YES);
	uint32_t might = diagram_where(d, rule->might, MEANING_MIGHT);

	return diagram_over(d, diagram_over(d, yes, might), MEANING_NO);
}
