/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/standing_impl.h"

#include <errno.h>
#include <stdlib.h>

/* Throws into one rule before it is weighed: a flow of an ordinary rule tells
 * at the first. */
#define THROWS 12

void
standing_begin(struct standing *standing)
{
	struct diagram *d = &standing->space->diagram;
	size_t budget = standing->spent < STANDING_NODES_ALL
			    ? STANDING_NODES_EACH
			    : STANDING_NODES_LATE;

	d->nodes_max = d->nodes.count + budget < DIAGRAM_NODES_MAX
			   ? d->nodes.count + budget
			   : DIAGRAM_NODES_MAX;
}

/* What was made for one rule is given back once there is much of it. */
bool
standing_end(struct standing *standing)
{
	struct diagram *d = &standing->space->diagram;
	size_t made = d->nodes.count - standing->kept;
	bool good = d->rc != -E2BIG;

	if (!good || made > STANDING_NODES_EACH) {
		standing->spent += made;
		diagram_rewind(d, standing->kept);
	}
	return good;
}

struct meeting_flow
standing_throw(struct standing *standing, uint32_t set)
{
	diagram_throw(&standing->space->diagram, set,
	    space_variables(standing->space), &standing->chance,
	    standing->values);
	return meeting_flow(&standing->meeting, standing->values);
}

size_t
standing_taker(const struct standing *standing, const struct meeting_flow *flow,
    size_t from, bool or_reports)
{
	size_t count = standing->policy->rule_count;

	for (size_t i = meeting_next(&standing->meeting, flow, from); i < count;
	     i = meeting_next(&standing->meeting, flow, i + 1))
		if ((or_reports || !standing->policy->rules[i].report) &&
		    diagram_has(&standing->space->diagram, standing->asked[i],
			standing->values))
			return i;
	return count;
}

/* What the rule at hand does, another one does as well. */
static bool
does_same(const struct standing *standing, size_t i, size_t other)
{
	const struct policy_rule *rules = standing->policy->rules;

	return meaning_rule_same(&rules[i], &rules[other]);
}

/* A last line that says what the built-in one says is good manners. */
static bool
is_last_word(const struct standing *standing, size_t i)
{
	return i + 2 == standing->policy->rule_count;
}

/* What single flows tell of a rule. */
enum told {
	TOLD_NOTHING,
	TOLD_REACHED,
	TOLD_USEFUL,
	TOLD_UNREACHED
};

/* That the rule decides the flow is known; would those below do the same? */
static enum told
tell_reached(
    const struct standing *standing, size_t i, const struct meeting_flow *flow)
{
	size_t next;

	if (standing->policy->rules[i].report || is_last_word(standing, i))
		return TOLD_USEFUL;
	next = standing_taker(standing, flow, i + 1, true);
	return does_same(standing, i, next) ? TOLD_REACHED : TOLD_USEFUL;
}

static enum told
tell(struct standing *standing, size_t i)
{
	struct diagram *d = &standing->space->diagram;
	enum told told = TOLD_NOTHING;

	for (unsigned n = 0; n < THROWS && told != TOLD_USEFUL; n++) {
		struct meeting_flow flow =
		    standing_throw(standing, standing->asked[i]);
		size_t first = standing_taker(standing, &flow, 0, false);
		if (first >= i)
			told = tell_reached(standing, i, &flow);
		else if (told == TOLD_NOTHING &&
			 diagram_minus(d, standing->asked[i],
			     standing->asked[first]) == DIAGRAM_EMPTY)
			return TOLD_UNREACHED;
	}
	return told;
}

uint32_t
standing_minus_above(struct standing *standing, uint32_t set, size_t i)
{
	const struct meeting *meeting = &standing->meeting;
	struct diagram *d = &standing->space->diagram;

	for (size_t j = meeting_next_bit(meeting, standing->met, 0);
	     j < i && set != DIAGRAM_EMPTY;
	     j = meeting_next_bit(meeting, standing->met, j + 1))
		if (!standing->policy->rules[j].report)
			set = diagram_minus(d, set, standing->asked[j]);
	return set;
}

/*
 * What the rule asks for and those below would treat otherwise, if it came to
 * them; what above takes of it does not count.
 */
static uint32_t
treated_otherwise(struct standing *standing, size_t i)
{
	const struct meeting *meeting = &standing->meeting;
	struct diagram *d = &standing->space->diagram;
	uint32_t rest = standing->asked[i], other = DIAGRAM_EMPTY;

	for (size_t j = meeting_next_bit(meeting, standing->met, i + 1);
	     j < meeting->count && rest != DIAGRAM_EMPTY;
	     j = meeting_next_bit(meeting, standing->met, j + 1)) {
		if (!does_same(standing, i, j))
			other = diagram_or(
			    d, other, diagram_and(d, rest, standing->asked[j]));
		if (!standing->policy->rules[j].report)
			rest = diagram_minus(d, rest, standing->asked[j]);
	}
	return other;
}

static bool
is_useful(struct standing *standing, size_t i)
{
	uint32_t other = treated_otherwise(standing, i);

	return standing_minus_above(standing, other, i) != DIAGRAM_EMPTY;
}

static bool
is_reached(struct standing *standing, size_t i)
{
	return standing_minus_above(standing, standing->asked[i], i) !=
	       DIAGRAM_EMPTY;
}

/* What no single flow told. */
static enum standing_kind
weigh(struct standing *standing, size_t i, bool reached)
{
	const struct policy_rule *rule = &standing->policy->rules[i];

	meeting_of(&standing->meeting, i, standing->met);
	if (!reached && !is_reached(standing, i))
		return STANDING_UNREACHED;
	return rule->report || is_last_word(standing, i) ||
		       is_useful(standing, i)
		   ? STANDING_USEFUL
		   : STANDING_REDUNDANT;
}

static enum standing_kind
find_kind(struct standing *standing, size_t i)
{
	enum told told;

	if (standing->asked[i] == DIAGRAM_EMPTY)
		return STANDING_UNREACHED;
	told = tell(standing, i);
	if (told == TOLD_USEFUL)
		return STANDING_USEFUL;
	return told == TOLD_UNREACHED
		   ? STANDING_UNREACHED
		   : weigh(standing, i, told == TOLD_REACHED);
}

enum standing_kind
standing_of(struct standing *standing, size_t i)
{
	standing_begin(standing);
	enum standing_kind kind = find_kind(standing, i);
	if (kind != STANDING_USEFUL && standing->space->diagram.rc == 0 &&
	    !standing_is_quiet(standing, i))
		kind = STANDING_USEFUL;
	return standing_end(standing) ? kind : STANDING_UNKNOWN;
}

bool
standing_is_possible(const struct standing *standing, size_t i)
{
	return standing->asked[i] != DIAGRAM_EMPTY;
}

static void
read_rules(struct standing *standing)
{
	struct space *space = standing->space;
	struct diagram *d = &space->diagram;

	for (size_t i = 0; i < standing->policy->rule_count; i++) {
		const struct meaning_rule *rule = &standing->meaning.rules[i];
		standing->asked[i] =
		    diagram_and(d, standing->meaning.flows, rule->match);
		if (standing->is_proxied)
			standing->noticed[i] = diagram_and(d, space->universe,
			    diagram_or(d, rule->yes, rule->might));
	}
}

static int
make_meetings(struct standing *standing)
{
	size_t count = standing->policy->rule_count;

	read_rules(standing);
	int rc = space_rc(standing->space);
	if (rc == 0)
		rc = meeting_init(&standing->meeting, standing->space,
		    standing->asked, count);
	if (rc == 0 && standing->is_proxied)
		rc = meeting_init(&standing->packets, standing->space,
		    standing->noticed, count);
	return rc;
}

int
standing_init(struct standing *standing, struct space *space)
{
	const struct policy *policy = space->policies[0];
	size_t count = policy->rule_count;

	*standing = (struct standing){ .space = space,
		.policy = policy,
		.is_proxied =
		    policy->listen_count > 0 || policy->intercept_count > 0,
		.chance = 1 };
	int rc = meaning_init_rules(&standing->meaning, space, 0);
	if (rc < 0)
		return rc;
	standing->asked = calloc(count, sizeof(*standing->asked));
	standing->noticed = calloc(count, sizeof(*standing->noticed));
	standing->met = calloc(2 * (count / 64 + 1), sizeof(*standing->met));
	standing->values = calloc(space_variables(space) + 1, 1);
	if (standing->asked == NULL || standing->noticed == NULL ||
	    standing->met == NULL || standing->values == NULL)
		return -ENOMEM;
	rc = make_meetings(standing);
	standing->kept = space->diagram.nodes.count;
	return rc;
}

void
standing_fini(struct standing *standing)
{
	meaning_fini(&standing->meaning);
	meeting_fini(&standing->meeting);
	meeting_fini(&standing->packets);
	free(standing->asked);
	free(standing->noticed);
	free(standing->met);
	free(standing->values);
	*standing = (struct standing){ 0 };
}
