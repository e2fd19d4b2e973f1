/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/diff_impl.h"

#include "policy/diff_statement.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

struct comparison {
	struct diff *diff;
	uint32_t comparable; /* flows that both policies can meet */
	size_t classes_max;
	struct diff_sharing sharing;
	struct diff_changes changes;
	uint32_t *order; /* of the changes, as they are told */
	uint32_t *rank;  /* of each change, the place in that order */
	int rc;
};

/*
 * Who enforces a verdict and what hides its source are told only where that
 * alone changes; else they would cut a class in parts that read the same.
 */
static void
level(struct meaning_outcome *a, struct meaning_outcome *b)
{
	if (meaning_verdict(a) == meaning_verdict(b) && a->rule != NULL &&
	    b->rule != NULL && a->carriage != b->carriage)
		return;
	if (a->rule != NULL)
		a->carriage = MEANING_PACKETS;
	if (b->rule != NULL)
		b->carriage = MEANING_PACKETS;
}

static uint32_t
change_of(struct comparison *comparison, struct meaning_outcome a,
    struct meaning_outcome b)
{
	struct diff *diff = comparison->diff;

	level(&a, &b);
	if (memcmp(a.reports, b.reports, sizeof(a.reports)) == 0) {
		meaning_outcome_forget_reports(&diff->before, &a);
		meaning_outcome_forget_reports(&diff->after, &b);
	}
	struct diff_change change = {
		meaning_outcome_terminal(&diff->before, &a),
		meaning_outcome_terminal(&diff->after, &b),
	};
	long index = diff_changes_add(&comparison->changes, change);
	if (index >= 0)
		return DIAGRAM_TERMINAL | (uint32_t)index;
	comparison->rc = -ENOMEM;
	return DIAGRAM_NOWHERE;
}

static bool
settle_change(void *context, uint32_t before, uint32_t after, uint32_t *ret)
{
	struct comparison *comparison = context;

	if (before == DIAGRAM_NOWHERE || after == DIAGRAM_NOWHERE) {
		*ret = DIAGRAM_NOWHERE;
		return true;
	}
	if (!diagram_is_terminal(before) || !diagram_is_terminal(after))
		return false;
	struct meaning_outcome a =
	    meaning_outcome(&comparison->diff->before, before);
	struct meaning_outcome b =
	    meaning_outcome(&comparison->diff->after, after);
	*ret = meaning_outcome_same(&a, &b) &&
		       diff_shares_alike(&comparison->sharing, &a, &b)
		   ? DIAGRAM_NOWHERE
		   : change_of(comparison, a, b);
	return true;
}

static int
add_class(struct diff *diff, struct diff_class class, const struct text *line)
{
	class.line_at = diff->lines.len;
	class.line_bytes = line->len;
	text_add(&diff->lines, text_str(line));
	return diff->lines.full || line->full ? -ENOMEM
					      : VEC_ADD(&diff->classes, class);
}

/* The classes of flows that fare so, and how many ways are not told. */
static int
cut_change(struct comparison *comparison, uint32_t set, size_t place)
{
	struct diff *diff = comparison->diff;
	const struct diff_change *change =
	    &comparison->changes.items[comparison->order[place]];
	struct diff_class class = {
		.before = meaning_outcome(&diff->before, change->before),
		.after = meaning_outcome(&diff->after, change->after),
	};
	struct text line = TEXT_EMPTY;
	uint32_t rest = set;
	int rc = space_rc(&diff->space);

	while (rest != DIAGRAM_EMPTY && rc == 0) {
		if (diff->classes.count == comparison->classes_max) {
			diff->untold = comparison->changes.count - place;
			break;
		}
		rc = region_cut(&diff->space, set, comparison->comparable,
		    &rest, &class.region, &line);
		if (rc == 0)
			rc = add_class(diff, class, &line);
	}
	text_fini(&line);
	return rc;
}

/* Places in the order of changes, from one to before another. */
struct stretch {
	size_t first, end;
};

static bool
settle_stretch(void *context, uint32_t place, uint32_t unused, uint32_t *ret)
{
	const struct stretch *stretch = context;

	(void)unused;
	if (!diagram_is_terminal(place))
		return false;
	*ret = place != DIAGRAM_NOWHERE &&
		       diagram_value(place) >= stretch->first &&
		       diagram_value(place) < stretch->end
		   ? place
		   : DIAGRAM_NOWHERE;
	return true;
}

/*
 * Halves the changes until each is alone, so that none is looked for among all:
 * ten thousand of them in a diagram would be looked at ten thousand times.
 */
static int
cut_stretch(
    struct comparison *comparison, uint32_t places, struct stretch stretch)
{
	struct diff *diff = comparison->diff;
	struct diagram *d = &diff->space.diagram;
	size_t middle = stretch.first + (stretch.end - stretch.first) / 2;
	struct stretch halves[] = { { stretch.first, middle },
		{ middle, stretch.end } };
	int rc = 0;

	if (stretch.end - stretch.first == 1)
		return cut_change(comparison,
		    diagram_is(
			d, places, DIAGRAM_TERMINAL | (uint32_t)stretch.first),
		    stretch.first);
	for (size_t i = 0; i < 2 && rc == 0 && diff->untold == 0; i++)
		rc = cut_stretch(comparison,
		    diagram_apply(
			d, settle_stretch, &halves[i], places, DIAGRAM_EMPTY),
		    halves[i]);
	return rc;
}

/* By the rules that decide; what none decides comes last. */
static int
by_rule(const struct policy_rule *a, const struct policy_rule *b)
{
	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);
	return (a > b) - (a < b);
}

/* What opens stands before what closes, and both before what fares otherwise
 * under the same verdict. */
static int
by_weight(const struct diff *diff, struct diff_change change)
{
	struct meaning_outcome before =
	    meaning_outcome(&diff->before, change.before);
	struct meaning_outcome after =
	    meaning_outcome(&diff->after, change.after);
	bool was = meaning_verdict(&before) == POLICY_VERDICT_ALLOW;
	bool is = meaning_verdict(&after) == POLICY_VERDICT_ALLOW;

	return was == is ? 2 : was;
}

/* What opens first; then by rules, of the new policy first; then as they were
 * met. */
static int
by_rules(const void *a, const void *b, void *context)
{
	const uint32_t *x = a, *y = b;
	const struct comparison *comparison = context;
	const struct meaning *before = &comparison->diff->before;
	const struct meaning *after = &comparison->diff->after;
	struct diff_change one = comparison->changes.items[*x];
	struct diff_change other = comparison->changes.items[*y];
	int order = by_weight(comparison->diff, one) -
		    by_weight(comparison->diff, other);

	if (order == 0)
		order = by_rule(meaning_outcome(after, one.after).rule,
		    meaning_outcome(after, other.after).rule);
	if (order == 0)
		order = by_rule(meaning_outcome(before, one.before).rule,
		    meaning_outcome(before, other.before).rule);
	return order != 0 ? order : (*x > *y) - (*x < *y);
}

static int
sort_changes(struct comparison *comparison)
{
	size_t count = comparison->changes.count;

	comparison->order = calloc(count + 1, sizeof(uint32_t));
	comparison->rank = calloc(count + 1, sizeof(uint32_t));
	if (comparison->order == NULL || comparison->rank == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		comparison->order[i] = (uint32_t)i;
	if (count > 1)
		qsort_r(comparison->order, count, sizeof(uint32_t), by_rules,
		    comparison);
	for (size_t i = 0; i < count; i++)
		comparison->rank[comparison->order[i]] = (uint32_t)i;
	return 0;
}

static bool
settle_rank(void *context, uint32_t change, uint32_t unused, uint32_t *ret)
{
	const struct comparison *comparison = context;

	(void)unused;
	if (!diagram_is_terminal(change))
		return false;
	*ret = change == DIAGRAM_NOWHERE
		   ? change
		   : DIAGRAM_TERMINAL | comparison->rank[diagram_value(change)];
	return true;
}

static bool
enters_by_one(const void *context, size_t cell)
{
	const struct space *space = context;
	const struct space_source *source = &space->sources.items[cell];

	return source->unprefixed &&
	       (source->zone[0] == ZONE_NONE || source->zone[1] == ZONE_NONE);
}

/*
 * What only one policy can meet is no change of its own.  Where an interface
 * or a listener comes or goes, that is said of the interface, or of the flows
 * to the listener, and of the flows that are intercepted no more.
 */
static uint32_t
comparable(struct diff *diff)
{
	struct space *space = &diff->space;
	struct diagram *d = &space->diagram;
	uint32_t set = diagram_minus(d, space->universe,
	    space_cells(space, SPACE_SOURCE, enters_by_one, space));

	set = diagram_minus(d, set, diff->before.unserved);
	return diagram_minus(d, set, diff->after.unserved);
}

static bool
has_limits(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (meaning_is_limited(&policy->rules[i]))
			return true;
	return false;
}

/* Which change each flow undergoes, or NOWHERE. */
static uint32_t
find_changes(struct comparison *comparison)
{
	struct diff *diff = comparison->diff;
	struct diagram *d = &diff->space.diagram;
	uint32_t before = meaning_outcomes(&diff->before);
	uint32_t after = meaning_outcomes(&diff->after);

	comparison->comparable = comparable(diff);
	before = diagram_where(d, comparison->comparable, before);
	if (has_limits(diff->before.policy) && has_limits(diff->after.policy))
		(void)diagram_apply(d, diff_sharing_settle,
		    &comparison->sharing, before, after);
	return diagram_apply(d, settle_change, comparison, before, after);
}

static int
tell_changes(struct comparison *comparison)
{
	struct diagram *d = &comparison->diff->space.diagram;
	uint32_t changes = find_changes(comparison);
	struct stretch all = { 0, comparison->changes.count };

	if (comparison->rc < 0 || d->rc < 0)
		return comparison->rc < 0 ? comparison->rc : d->rc;
	if (all.end == 0)
		return 0;
	int rc = sort_changes(comparison);
	if (rc < 0)
		return rc;
	uint32_t places =
	    diagram_apply(d, settle_rank, comparison, changes, DIAGRAM_EMPTY);
	rc = cut_stretch(comparison, places, all);
	return rc < 0 ? rc : d->rc;
}

static int
compare_flows(struct diff *diff, size_t classes_max)
{
	struct comparison comparison = { .diff = diff,
		.classes_max = classes_max };
	int rc = diff_sharing_init(&comparison.sharing, diff);

	if (rc == 0)
		rc = tell_changes(&comparison);
	diff_sharing_fini(&comparison.sharing);
	diff_changes_fini(&comparison.changes);
	free(comparison.order);
	free(comparison.rank);
	return rc;
}

static void
count_statement(void *context, struct str statement, bool is_new)
{
	size_t *count = context;

	(void)statement;
	(void)is_new;
	(*count)++;
}

int
policy_diff_within(const struct policy *before, const struct policy *after,
    const struct diff_bounds *bounds, struct diff *ret)
{
	const struct policy *const policies[] = { before, after };

	*ret = (struct diff){ 0 };
	int rc = space_init(&ret->space, policies, 2);

	ret->space.diagram.deadline = bounds->deadline;
	if (rc == 0)
		rc = meaning_init_whole(&ret->before, &ret->space, 0);
	if (rc == 0)
		rc = meaning_init_whole(&ret->after, &ret->space, 1);
	if (rc == 0)
		rc = diff_interfaces(ret);
	if (rc == 0)
		rc = statement_diff(
		    before, after, count_statement, &ret->statements);
	if (rc == 0)
		rc = compare_flows(ret, bounds->classes_max);
	return rc;
}

int
policy_diff(
    const struct policy *before, const struct policy *after, struct diff *ret)
{
	struct diff_bounds bounds = { .classes_max = DIFF_CLASSES_MAX };
	int rc = policy_diff_within(before, after, &bounds, ret);

	return rc == 0 && ret->untold > 0 ? -E2BIG : rc;
}

void
diff_fini(struct diff *diff)
{
	meaning_fini(&diff->before);
	meaning_fini(&diff->after);
	space_fini(&diff->space);
	free(diff->interfaces.items);
	free(diff->classes.items);
	text_fini(&diff->lines);
	*diff = (struct diff){ 0 };
}

bool
diff_is_empty(const struct diff *diff)
{
	return diff->interfaces.count == 0 && diff->statements == 0 &&
	       diff->classes.count == 0 && diff->untold == 0;
}
