/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/standing_impl.h"

#include <errno.h>
#include <stdlib.h>

void
standing_begin(struct standing *standing)
{
	struct diagram *d = &standing->space->diagram;
	size_t budget = standing->spent < STANDING_NODES_ALL
			    ? standing->nodes_each
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

	if (!good || made > standing->nodes_each) {
		standing->spent += made;
		diagram_rewind(d, standing->kept);
	}
	return good;
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

/*
 * The set without the flows that rule i leaves to rule j, which does the same,
 * if rule i is taken out: none between them may treat them otherwise.
 */
static uint32_t
minus_alike(struct standing *standing, uint32_t set, size_t i, size_t j)
{
	const struct meeting *meeting = &standing->meeting;
	struct diagram *d = &standing->space->diagram;
	uint32_t alike = diagram_and(d, set, standing->asked[j]);

	for (size_t k = meeting_next_bit(meeting, standing->met, i + 1); k < j;
	     k = meeting_next_bit(meeting, standing->met, k + 1))
		if (!does_same(standing, i, k))
			alike = diagram_minus(d, alike, standing->asked[k]);
	return diagram_minus(d, set, alike);
}

/*
 * Flows are thrown into what is left of the rule, until one shows that it is of
 * use or nothing is left.  What a throw finds is taken out with all that fares
 * alike: broad rules are hit first, and narrow ones often never.
 */
enum standing_kind
standing_try(
    struct standing *standing, size_t i, uint8_t *above, uint8_t *below)
{
	struct diagram *d = &standing->space->diagram;
	uint32_t set = standing->asked[i];
	bool reached = false;

	while (set != DIAGRAM_EMPTY && d->rc == 0) {
		struct meeting_flow flow = standing_throw(standing, set);
		size_t first = standing_taker(standing, &flow, 0, false);
		if (first < i) {
			above[first] = 1;
			set = diagram_minus(d, set, standing->asked[first]);
			continue;
		}
		if (standing->policy->rules[i].report ||
		    is_last_word(standing, i))
			return STANDING_USEFUL;
		size_t next = standing_taker(standing, &flow, i + 1, true);
		if (!does_same(standing, i, next))
			return STANDING_USEFUL;
		if (!reached)
			meeting_of(&standing->meeting, i, standing->met);
		reached = true;
		below[next] = 1;
		set = minus_alike(standing, set, i, next);
	}
	return reached ? STANDING_REDUNDANT : STANDING_UNREACHED;
}

enum standing_kind
standing_of(struct standing *standing, size_t i)
{
	standing_begin(standing);
	enum standing_kind kind =
	    standing_try(standing, i, standing->marks, standing->marks);
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
		.nodes_each = STANDING_NODES_EACH,
		.chance = 1 };
	int rc = meaning_init_rules(&standing->meaning, space, 0);
	if (rc < 0)
		return rc;
	standing->asked = calloc(count, sizeof(*standing->asked));
	standing->noticed = calloc(count, sizeof(*standing->noticed));
	standing->met = calloc(2 * (count / 64 + 1), sizeof(*standing->met));
	standing->values = calloc(space_variables(space) + 1, 1);
	standing->marks = calloc(count, 1);
	if (standing->asked == NULL || standing->noticed == NULL ||
	    standing->met == NULL || standing->values == NULL ||
	    standing->marks == NULL)
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
	free(standing->marks);
	*standing = (struct standing){ 0 };
}
