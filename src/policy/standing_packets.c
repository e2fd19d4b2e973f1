/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/standing_packets: what a rule means to the packet phase.
 *
 * A rule that decides nothing may still keep flows out of the proxy, or in it.
 * The list is walked twice from the top, with the rule and without it, of the
 * flows that it notices and no others; see policy/evaluate for the walk of one
 * flow, of which this is the same for many.  Before that, throws find what has
 * been decided above the rule, which is often all.
 */
#include "policy/standing_impl.h"

#include "policy/evaluate.h"

/*
 * A state of the walk: nothing met yet; sure not to be sure; of a class so far;
 * decided by a class.
 */
enum {
	WALK_START,
	WALK_MIXED,
	WALK_SO_FAR,
	WALK_DECIDED
};

static uint32_t
state(unsigned kind, uint32_t class)
{
	return DIAGRAM_TERMINAL | (diagram_value(class) * 4 + kind);
}

static bool
is_done(uint32_t state)
{
	unsigned kind = diagram_value(state) % 4;

	return state == DIAGRAM_NOWHERE || kind == WALK_MIXED ||
	       kind == WALK_DECIDED;
}

struct step {
	uint32_t class;
	bool report;
	bool traced; /* it alone is of its class */
};

/*
 * The rule is met, for sure or perhaps.  What is of no other rule's class can
 * only be sure at once: the last rule would be of another one.
 */
static uint32_t
meet(const struct step *step, uint32_t before, bool sure)
{
	bool first = before == state(WALK_START, DIAGRAM_TERMINAL);

	if (first && step->report && sure)
		return before;
	if (step->report || (step->traced && !sure) ||
	    (!first && before != state(WALK_SO_FAR, step->class)))
		return state(WALK_MIXED, DIAGRAM_TERMINAL);
	return state(sure ? WALK_DECIDED : WALK_SO_FAR, step->class);
}

static bool
settle_step(void *context, uint32_t match, uint32_t before, uint32_t *ret)
{
	if (match == MEANING_NO ||
	    (diagram_is_terminal(before) && is_done(before)))
		*ret = before;
	else if (diagram_is_terminal(match) && diagram_is_terminal(before))
		*ret = meet(context, before, match == MEANING_YES);
	else
		return false;
	return true;
}

static uint32_t
take_step(struct standing *standing, uint32_t before, size_t i)
{
	struct meaning *meaning = &standing->meaning;
	const struct policy_rule *rule = &standing->policy->rules[i];
	struct step step = { meaning->rules[i].class, rule->report,
		policy_rule_leaves_trace(rule) };

	return diagram_apply(&standing->space->diagram, settle_step, &step,
	    meaning_packet_match(meaning, i), before);
}

static bool
settle_open(void *context, uint32_t state, uint32_t unused, uint32_t *ret)
{
	(void)context;
	(void)unused;
	if (!diagram_is_terminal(state))
		return false;
	*ret = is_done(state) ? DIAGRAM_EMPTY : DIAGRAM_ALL;
	return true;
}

/* Where the walk is not over yet. */
static uint32_t
keep_open(struct standing *standing, uint32_t walk)
{
	struct diagram *d = &standing->space->diagram;
	uint32_t open =
	    diagram_apply(d, settle_open, NULL, walk, DIAGRAM_EMPTY);

	return diagram_where(d, open, walk);
}

/* What ends the walk of a flow for certain, whatever else it meets. */
struct ending {
	struct standing *standing;
	size_t first; /* rule that might match, of a class that others share */
	uint32_t set; /* that ends in the same way */
};

/* The flow meets rule j, for sure or perhaps; true if the walk has ended. */
static bool
end_at(struct ending *ending, size_t j, bool sure)
{
	const struct meaning_rule *rules = ending->standing->meaning.rules;
	const struct policy_rule *rule = &ending->standing->policy->rules[j];
	size_t none = ending->standing->policy->rule_count;
	struct diagram *d = &ending->standing->space->diagram;
	uint32_t here = sure ? rules[j].yes : rules[j].might;

	if (rule->report && sure && ending->first == none)
		return false;
	if (rule->report ? !sure : sure || policy_rule_leaves_trace(rule)) {
		ending->set = here;
		return true;
	}
	if (ending->first == none) {
		ending->first = j;
		return false;
	}
	if (!rule->report && rules[j].class == rules[ending->first].class)
		return false;
	ending->set = diagram_and(d, here, rules[ending->first].might);
	return true;
}

/* Where rule i is met, one of its class or surer was met in the same way. */
static bool
is_same_again(const struct standing *standing, size_t i, size_t j)
{
	const struct meaning_rule *rules = standing->meaning.rules;
	const struct policy_rule *earlier = &standing->policy->rules[j];

	return !earlier->report && !standing->policy->rules[i].report &&
	       rules[i].yes == rules[j].yes &&
	       rules[i].might == rules[j].might &&
	       (rules[i].class == rules[j].class ||
		   rules[j].might == DIAGRAM_EMPTY ||
		   policy_rule_leaves_trace(earlier));
}

/* Whether the flow of `values` is done before rule i, and all like it. */
static bool
find_ending(struct standing *standing, size_t i, struct ending *ret)
{
	const struct diagram *d = &standing->space->diagram;
	const struct meeting *packets = &standing->packets;
	struct meeting_flow flow = meeting_flow(packets, standing->values);

	*ret = (struct ending){ standing, standing->policy->rule_count,
		DIAGRAM_EMPTY };
	for (size_t j = meeting_next(packets, &flow, 0); j < i;
	     j = meeting_next(packets, &flow, j + 1)) {
		const struct meaning_rule *rule = &standing->meaning.rules[j];
		if (is_same_again(standing, i, j)) {
			ret->set = standing->noticed[i];
			return true;
		}
		bool sure = diagram_has(d, rule->yes, standing->values);
		if ((sure || diagram_has(d, rule->might, standing->values)) &&
		    end_at(ret, j, sure))
			return true;
	}
	return false;
}

/* What rule i notices without what is done above it, as far as throws find. */
static uint32_t
minus_done(struct standing *standing, size_t i)
{
	struct diagram *d = &standing->space->diagram;
	uint32_t set = standing->noticed[i];
	struct ending ending;

	while (set != DIAGRAM_EMPTY && d->rc == 0) {
		(void)standing_throw(standing, set);
		if (!find_ending(standing, i, &ending))
			return set;
		set = diagram_minus(d, set, ending.set);
	}
	return DIAGRAM_EMPTY;
}

/* The walk of the set down to before rule i; NOWHERE if none comes so far. */
static uint32_t
walk_above(struct standing *standing, size_t i, uint32_t set)
{
	const struct meeting *packets = &standing->packets;
	struct diagram *d = &standing->space->diagram;
	uint32_t walk =
	    diagram_where(d, set, state(WALK_START, DIAGRAM_TERMINAL));

	for (size_t j = meeting_next_bit(packets, standing->met, 0);
	     j < i && walk != DIAGRAM_NOWHERE && d->rc == 0;
	     j = meeting_next_bit(packets, standing->met, j + 1))
		walk = keep_open(standing, take_step(standing, walk, j));
	return walk;
}

/*
 * From rule i down, with it and without it.  `clean` are the flows that meet
 * nothing above it and would meet something else without it: a report below
 * would be made of them then.
 */
static bool
walk_below(struct standing *standing, size_t i, uint32_t walk, uint32_t clean)
{
	const struct meeting *packets = &standing->packets;
	struct diagram *d = &standing->space->diagram;
	uint32_t with = take_step(standing, walk, i), without = walk;

	for (size_t j = meeting_next_bit(packets, standing->met, i + 1);
	     j < packets->count && with != without && d->rc == 0;
	     j = meeting_next_bit(packets, standing->met, j + 1)) {
		const struct meaning_rule *rule = &standing->meaning.rules[j];
		clean = diagram_minus(d, clean, rule->might);
		if (!standing->policy->rules[j].report)
			clean = diagram_minus(d, clean, rule->yes);
		else if (diagram_and(d, clean, rule->yes) != DIAGRAM_EMPTY)
			return false;
		with = take_step(standing, with, j);
		without = take_step(standing, without, j);
	}
	return with == without;
}

bool
standing_is_quiet(struct standing *standing, size_t i)
{
	struct diagram *d = &standing->space->diagram;
	const struct meaning_rule *rule = &standing->meaning.rules[i];

	if (!standing->is_proxied || standing->noticed[i] == DIAGRAM_EMPTY)
		return true;
	uint32_t set = minus_done(standing, i);
	if (set == DIAGRAM_EMPTY)
		return true;
	meeting_of(&standing->packets, i, standing->met);
	uint32_t walk = walk_above(standing, i, set);
	if (walk == DIAGRAM_NOWHERE)
		return true;
	uint32_t clean =
	    diagram_is(d, walk, state(WALK_START, DIAGRAM_TERMINAL));
	if (standing->policy->rules[i].report) {
		if (diagram_and(d, clean, rule->yes) != DIAGRAM_EMPTY)
			return false;
		clean = diagram_and(d, clean, rule->might);
	}
	return walk_below(standing, i, walk, clean);
}
