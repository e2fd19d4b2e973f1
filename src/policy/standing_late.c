/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/standing_late: rules that stand too low in the list.
 *
 * Such a rule is about a few destinations, or a few requests, and a broader one
 * above it does the opposite with all of them.  It may still decide something,
 * of other services or of flows that nobody has in mind, and so is no idle
 * rule; but what it was written for never comes down to it.
 *
 * That is asked of each service that the rule names; of one that is about any,
 * of the web's.  Flows are thrown as in standing.c.
 */
#include "policy/standing_impl.h"

#define PORT_HTTP  80
#define PORT_HTTPS 443

/* Names, lists and literals, and no zone as a whole. */
static bool
is_few(const struct policy_endpoint *endpoint)
{
	return endpoint->zones == 0 && endpoint->own == 0 &&
	       endpoint->group_count > 0;
}

/* Where the flows go that somebody had in mind: what has a name lives
 * elsewhere, and an address that is the gateway's own is so by accident. */
static uint32_t
meant_of(struct standing *standing, const struct policy_rule *rule)
{
	struct space *space = standing->space;
	struct diagram *d = &space->diagram;
	uint32_t set = space_to_zones(
	    space, 0, policy_zone_bit(standing->policy->elsewhere));

	if (!is_few(&rule->to))
		return set;
	if (policy_endpoint_has_domains(&rule->to))
		set = diagram_or(
		    d, set, space_addresses(space, 0, rule, &rule->to));
	else
		set = DIAGRAM_ALL;
	return diagram_minus(d, set, space_self(space, SPACE_DESTINATION));
}

/* The cells of a service that need not be one that the policy names. */
static uint32_t
cells_of(struct space *space, const struct policy_service *service)
{
	const struct space_axis *axis = &space->axes[SPACE_SERVICE];
	const struct space_service *items = space->services.items;
	size_t first, end;

	space_protocol(space, service->protocol, &first, &end);
	while (first < end && items[first].last < service->first)
		first++;
	size_t last = first;
	while (last + 1 < end && items[last + 1].first <= service->last)
		last++;
	if (first >= end)
		return DIAGRAM_EMPTY;
	return diagram_interval(
	    &space->diagram, axis->first, axis->bits, first, last);
}

/* Of the flows from the same sources at the same times, rule j takes some that
 * rule i does not ask for. */
static bool
is_broader(struct standing *standing, size_t j, size_t i, uint32_t service)
{
	const struct policy_rule *rule = &standing->policy->rules[i];
	struct space *space = standing->space;
	struct diagram *d = &space->diagram;
	uint32_t set = diagram_and(d, standing->asked[j], service);

	set = diagram_and(d, set, space_sources(space, 0, &rule->from));
	set = diagram_and(d, set, space_rule_times(space, rule));
	return diagram_minus(d, set, standing->asked[i]) != DIAGRAM_EMPTY;
}

typedef bool takes_fn(const struct policy_rule *rule);

static bool
allows(const struct policy_rule *rule)
{
	return rule->verdict == POLICY_VERDICT_ALLOW;
}

static bool
opens(const struct policy_rule *rule)
{
	return rule->inspect;
}

/* How the flows of a set, which rule i asks for of the services, fare above
 * it. */
struct fate {
	bool all;     /* none comes down to it */
	bool broader; /* and a broader rule of that kind takes some */
};

static struct fate
look_above(struct standing *standing, size_t i, uint32_t set, uint32_t services,
    takes_fn *takes, uint8_t *marks)
{
	const struct policy_rule *rules = standing->policy->rules;
	struct diagram *d = &standing->space->diagram;
	struct fate fate = { true, false };

	while (set != DIAGRAM_EMPTY && d->rc == 0) {
		struct meeting_flow flow = standing_throw(standing, set);
		size_t first = standing_taker(standing, &flow, 0, false);
		if (first >= i)
			return (struct fate){ false, false };
		set = diagram_minus(d, set, standing->asked[first]);
		if (!takes(&rules[first]) ||
		    !is_broader(standing, first, i, services))
			continue;
		marks[first] = 1;
		fate.broader = true;
	}
	return fate;
}

/* Whether a rule could stand too low at all. */
static bool
is_special(const struct policy_rule *rule)
{
	return !rule->report && rule->verdict != POLICY_VERDICT_ALLOW &&
	       (is_few(&rule->to) || policy_rule_reads_head(rule));
}

/* Rule i refuses some of the set that a rule below it would allow. */
static bool
is_needed(struct standing *standing, size_t i, uint32_t set)
{
	struct diagram *d = &standing->space->diagram;

	while (set != DIAGRAM_EMPTY && d->rc == 0) {
		struct meeting_flow flow = standing_throw(standing, set);
		size_t next = standing_taker(standing, &flow, 0, false);
		if (next >= i)
			next = standing_taker(standing, &flow, i + 1, false);
		if (next > i && allows(&standing->policy->rules[next]))
			return true;
		set = diagram_minus(d, set, standing->asked[next]);
	}
	return false;
}

/* Of a rule about anybody: too late for a zone, and of no use to the others. */
static bool
is_late_for_some(struct standing *standing, size_t i, uint32_t set,
    uint32_t services, uint8_t *marks)
{
	const struct policy *policy = standing->policy;
	struct diagram *d = &standing->space->diagram;
	bool late = false;

	for (uint8_t zone = 0; zone < policy->zone_count; zone++) {
		if (zone == policy->elsewhere)
			continue;
		uint32_t part = diagram_and(d, set,
		    space_from_zones(
			standing->space, 0, policy_zone_bit(zone)));
		struct fate fate =
		    look_above(standing, i, part, services, allows, marks);
		if (!fate.all && is_needed(standing, i, part))
			return false;
		late |= fate.all && fate.broader;
	}
	return late;
}

bool
standing_is_late(struct standing *standing, size_t i,
    const struct policy_service *service, uint8_t *marks)
{
	const struct policy_rule *rule = &standing->policy->rules[i];
	struct diagram *d = &standing->space->diagram;

	if (!is_special(rule))
		return false;
	standing_begin(standing);
	uint32_t services = cells_of(standing->space, service);
	uint32_t set = diagram_and(d, standing->asked[i], services);
	set = diagram_and(d, set, meant_of(standing, rule));
	bool late;
	if (rule->from.zones == POLICY_ZONES_ANY) {
		late = is_late_for_some(standing, i, set, services, marks);
	} else {
		struct fate fate =
		    look_above(standing, i, set, services, allows, marks);
		late = fate.all && fate.broader;
	}
	return standing_end(standing) && late;
}

/* It allows something that another rule's `inspect` may have opened. */
static bool
may_spare(const struct policy_rule *rule)
{
	return !rule->report && rule->verdict == POLICY_VERDICT_ALLOW &&
	       !rule->inspect && !rule->publish && is_few(&rule->to);
}

bool
standing_is_late_to_spare(struct standing *standing, size_t i, uint8_t *marks)
{
	const struct policy_rule *rule = &standing->policy->rules[i];
	struct space *space = standing->space;
	struct diagram *d = &space->diagram;

	if (!standing->policy->inspects || !may_spare(rule))
		return false;
	standing_begin(standing);
	uint32_t set =
	    diagram_and(d, standing->asked[i], standing->meaning.opened);
	set = diagram_and(d, set, meant_of(standing, rule));
	uint32_t closed =
	    diagram_and(d, standing->asked[i], standing->meaning.hidden);
	struct fate fate = look_above(
	    standing, i, set, standing->meaning.opened, opens, marks);
	return standing_end(standing) && set != DIAGRAM_EMPTY && fate.all &&
	       fate.broader && closed == DIAGRAM_EMPTY;
}
