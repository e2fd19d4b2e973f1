/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/meaning_impl.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

/* What lies above all classes and all rules. */
static size_t
reported_first(const struct meaning *meaning)
{
	return MEANING_CLASS_TRACELESS + meaning->policy->rule_count;
}

const struct meaning_reported *
meaning_reported_at(const struct meaning *meaning, uint32_t value)
{
	size_t first = reported_first(meaning);

	return value != DIAGRAM_NOWHERE && diagram_value(value) >= first
		   ? &meaning->reported.items[diagram_value(value) - first]
		   : NULL;
}

uint32_t
meaning_behind_reports(const struct meaning *meaning, uint32_t value)
{
	const struct meaning_reported *at;

	while ((at = meaning_reported_at(meaning, value)) != NULL)
		value = at->then;
	return value;
}

size_t
meaning_decider(const struct meaning *meaning, uint32_t terminal)
{
	return diagram_value(meaning_behind_reports(meaning, terminal));
}

bool
meaning_is_reported(const struct meaning *meaning, uint32_t terminal)
{
	return meaning_reported_at(meaning, terminal) != NULL;
}

uint32_t
meaning_report_before(struct meaning *meaning, size_t rule, uint32_t then)
{
	struct meaning_reported one = { (uint32_t)rule, then };
	size_t count = meaning->reported.count;

	for (size_t i = count; i-- > 0;)
		if (meaning->reported.items[i].rule == one.rule &&
		    meaning->reported.items[i].then == then)
			return meaning_terminal(reported_first(meaning) + i);
	int rc = count == MEANING_REPORTED_MAX
		     ? -E2BIG
		     : VEC_ADD(&meaning->reported, one);
	if (rc == 0)
		return meaning_terminal(reported_first(meaning) + count);
	if (meaning->space->diagram.rc == 0)
		meaning->space->diagram.rc = rc;
	return then;
}

/* A rule that is put before what is below it. */
struct placing {
	struct meaning *meaning;
	size_t rule;
	uint32_t self, class;
	bool report;
};

static bool
settle_list(void *context, uint32_t match, uint32_t rest, uint32_t *ret)
{
	const struct placing *placing = context;

	/* Where nothing decides there is no flow that could be reported. */
	if (match == DIAGRAM_EMPTY ||
	    (placing->report && rest == DIAGRAM_NOWHERE))
		*ret = rest;
	else if (match == DIAGRAM_ALL && !placing->report)
		*ret = placing->self;
	else if (match == DIAGRAM_ALL && diagram_is_terminal(rest))
		*ret = meaning_report_before(
		    placing->meaning, placing->rule, rest);
	else
		return false;
	return true;
}

static bool
settle_packets(void *context, uint32_t match, uint32_t rest, uint32_t *ret)
{
	const struct placing *placing = context;
	bool report = placing->report;

	if (match == MEANING_NO)
		*ret = rest;
	else if (!report && (match == MEANING_YES || rest == placing->class))
		*ret = placing->class;
	else if (match == MEANING_YES && diagram_is_terminal(rest))
		*ret = meaning_report_before(
		    placing->meaning, placing->rule, rest);
	else if (match == MEANING_MIGHT && diagram_is_terminal(rest))
		*ret = MEANING_MIXED;
	else
		return false;
	return true;
}

static struct placing
placing_of(struct meaning *meaning, size_t i)
{
	return (struct placing){ meaning, i, meaning_terminal(i),
		meaning->rules[i].class, meaning->policy->rules[i].report };
}

/* Rule i before `rest`, at the packet phase. */
static uint32_t
place_packets(struct meaning *meaning, size_t i, uint32_t rest)
{
	struct placing placing = placing_of(meaning, i);

	return diagram_apply(&meaning->space->diagram, settle_packets, &placing,
	    meaning_packet_match(meaning, i), rest);
}

static void
build_lists(struct meaning *meaning)
{
	struct diagram *d = &meaning->space->diagram;
	size_t count = meaning->policy->rule_count;

	meaning->lists[count] = DIAGRAM_NOWHERE;
	meaning->packets[count] = MEANING_MIXED;
	for (size_t i = count; i-- > 0 && space_rc(meaning->space) == 0;) {
		struct meaning_rule *rule = &meaning->rules[i];
		struct placing placing = placing_of(meaning, i);
		meaning->lists[i] = diagram_apply(d, settle_list, &placing,
		    rule->match, meaning->lists[i + 1]);
		meaning->packets[i] =
		    place_packets(meaning, i, meaning->packets[i + 1]);
	}
}

static void
find_ways(struct meaning *meaning)
{
	struct space *space = meaning->space;
	struct diagram *d = &space->diagram;
	const struct policy *policy = meaning->policy;
	unsigned which = meaning->which;
	uint32_t direct = space_mode(space, SPACE_DIRECT);
	uint32_t served =
	    space_from_zones(space, which, policy_listen_zones(policy));
	uint32_t carried = space_intercepted(space, which, true);
	uint32_t through = diagram_minus(d, direct,
	    space_to_zones(space, which, policy_zone_bit(ZONE_SELF)));

	meaning->explicit =
	    diagram_and(d, served, space_mode(space, SPACE_EXPLICIT));
	meaning->dialled =
	    diagram_and(d, carried, space_mode(space, SPACE_DIALLED));
	meaning->intercepted = diagram_and(d, carried, through);
	meaning->uncarried =
	    diagram_and(d, space_intercepted(space, which, false), through);
	meaning->listened = DIAGRAM_EMPTY;
	for (size_t i = 0; i < policy->listen_count; i++)
		meaning->listened = diagram_or(
		    d, meaning->listened, space_listener(space, which, i));
	meaning->uncalled = diagram_or(d, space_own_listeners(space, which),
	    space_unnamed_local(space, which));
	meaning->learned = diagram_and(
	    d, direct, space_from_zones(space, which, policy->learns));
	meaning->learned =
	    diagram_minus(d, meaning->learned, meaning->uncarried);
	meaning->no_zone =
	    space_from_zones(space, which, policy_zone_bit(ZONE_NONE));
	uint32_t asked = diagram_or(d, meaning->explicit, meaning->dialled);
	meaning->unserved =
	    diagram_minus(d, diagram_minus(d, DIAGRAM_ALL, direct), asked);
	meaning->flows = diagram_minus(d, space->universe, meaning->no_zone);
	meaning->flows = diagram_minus(d, meaning->flows, meaning->unserved);
	meaning->flows = diagram_minus(d, meaning->flows, meaning->listened);
}

bool
meaning_is_hideable(const void *context, size_t cell)
{
	const struct meaning *meaning = context;
	const struct space *space = meaning->space;
	const struct space_source *source = &space->sources.items[cell];
	uint8_t zone = source->zone[meaning->which];

	return zone < meaning->policy->zone_count &&
	       zone != meaning->policy->elsewhere &&
	       partition_has(&space->from.atoms, source->atom,
		   space->from.zones[meaning->which] + zone) &&
	       (partition_has(&space->from.atoms, source->atom, SPACE_IPV4) ||
		   partition_has(
		       &space->from.atoms, source->atom, SPACE_UNIQUE_LOCAL));
}

static void
find_masquerade(struct meaning *meaning)
{
	struct space *space = meaning->space;
	struct diagram *d = &space->diagram;
	uint32_t hideable =
	    space_cells(space, SPACE_SOURCE, meaning_is_hideable, meaning);

	meaning->masquerade = DIAGRAM_EMPTY;
	for (size_t i = 0; i < meaning->policy->masquerade_count; i++) {
		const struct policy_masquerade *one =
		    &meaning->policy->masquerades[i];
		meaning->masquerade = diagram_or(d, meaning->masquerade,
		    diagram_and(d,
			space_from_zones(space, meaning->which, one->from),
			space_to_zones(space, meaning->which, one->to)));
	}
	meaning->masquerade = diagram_and(d, meaning->masquerade, hideable);
}

int
meaning_init_rules(struct meaning *meaning, struct space *space, unsigned which)
{
	const struct policy *policy = space->policies[which];
	size_t count = policy->rule_count;

	*meaning = (struct meaning){
		.space = space, .which = which, .policy = policy
	};
	meaning->rules = calloc(count + 1, sizeof(*meaning->rules));
	if (meaning->rules == NULL)
		return -ENOMEM;
	find_ways(meaning);
	find_masquerade(meaning);
	meaning_find_opened(meaning);
	for (size_t i = 0; i < count && space->diagram.rc == 0; i++)
		meaning_rule_read(meaning, i);
	return space_rc(space);
}

/* The rules, and room for lists of them. */
static int
init_room(struct meaning *meaning, struct space *space, unsigned which)
{
	size_t room = space->policies[which]->rule_count + 1;
	int rc = meaning_init_rules(meaning, space, which);

	if (rc < 0)
		return rc;
	meaning->lists = calloc(room, sizeof(*meaning->lists));
	meaning->packets = calloc(room, sizeof(*meaning->packets));
	return meaning->lists != NULL && meaning->packets != NULL ? 0 : -ENOMEM;
}

int
meaning_init(struct meaning *meaning, struct space *space, unsigned which)
{
	int rc = init_room(meaning, space, which);

	if (rc < 0)
		return rc;
	build_lists(meaning);
	return space_rc(space);
}

static bool
has_reports(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].report)
			return true;
	return false;
}

/* What is reported hangs on all that is below: then from the last rule up. */
int
meaning_init_whole(struct meaning *meaning, struct space *space, unsigned which)
{
	int rc = init_room(meaning, space, which);

	if (rc < 0)
		return rc;
	if (has_reports(meaning->policy))
		build_lists(meaning);
	else
		meaning_build_whole(meaning);
	return space_rc(space);
}

void
meaning_fini(struct meaning *meaning)
{
	free(meaning->rules);
	free(meaning->lists);
	free(meaning->packets);
	free(meaning->reported.items);
	*meaning = (struct meaning){ 0 };
}
