/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/standing_cover: which other rules make a rule idle, and which of the
 * other kind take a part of it.
 */
#include "policy/standing_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
clear(const struct standing *standing, uint8_t *marks)
{
	memset(marks, 0, standing->policy->rule_count);
}

/* One rule above i that takes all of it alone; false if none does. */
static bool
find_single_cover(struct standing *standing, size_t i, uint8_t *marks)
{
	struct diagram *d = &standing->space->diagram;

	for (size_t j = meeting_next_bit(&standing->meeting, standing->met, 0);
	     j < i && d->rc == 0;
	     j = meeting_next_bit(&standing->meeting, standing->met, j + 1)) {
		if (standing->policy->rules[j].report ||
		    diagram_minus(d, standing->asked[i], standing->asked[j]) !=
			DIAGRAM_EMPTY)
			continue;
		marks[j] = 1;
		return true;
	}
	return false;
}

/* What is left of the set behind each of the marked ones, from the top. */
static void
cut_down(struct standing *standing, uint32_t set, size_t end,
    const uint8_t *marks, uint32_t *ret)
{
	for (size_t j = 0; j < end; j++) {
		ret[j] = set;
		if (marks[j] != 0)
			set = diagram_minus(
			    &standing->space->diagram, set, standing->asked[j]);
	}
}

/*
 * From the last up, each is left out that those above it and those kept below
 * it make up for, so that broad rules high in the list are kept.
 */
static void
leave_out(
    struct standing *standing, size_t i, const uint32_t *before, uint8_t *marks)
{
	struct diagram *d = &standing->space->diagram;
	uint32_t kept = DIAGRAM_EMPTY;

	for (size_t j = i; j-- > 0;) {
		if (marks[j] == 0)
			continue;
		if (diagram_minus(d, before[j], kept) == DIAGRAM_EMPTY)
			marks[j] = 0;
		else
			kept = diagram_or(d, kept,
			    diagram_and(
				d, standing->asked[i], standing->asked[j]));
	}
}

static void
find_cover(struct standing *standing, size_t i, uint8_t *marks)
{
	uint32_t *before = calloc(i + 1, sizeof(*before));

	if (before == NULL) {
		standing->space->diagram.rc = -ENOMEM;
		return;
	}
	(void)standing_try(standing, i, marks, standing->marks);
	cut_down(standing, standing->asked[i], i, marks, before);
	leave_out(standing, i, before, marks);
	free(before);
}

bool
standing_cover(struct standing *standing, size_t i, uint8_t *marks)
{
	clear(standing, marks);
	standing_begin(standing);
	meeting_of(&standing->meeting, i, standing->met);
	if (!find_single_cover(standing, i, marks))
		find_cover(standing, i, marks);
	return standing_end(standing);
}

bool
standing_stand_in(struct standing *standing, size_t i, uint8_t *marks)
{
	clear(standing, marks);
	standing_begin(standing);
	(void)standing_try(standing, i, standing->marks, marks);
	return standing_end(standing);
}

static bool
is_opposite(const struct standing *standing, size_t i, size_t j)
{
	const struct policy_rule *rules = standing->policy->rules;

	return !rules[j].report &&
	       (rules[i].verdict == POLICY_VERDICT_ALLOW) !=
		   (rules[j].verdict == POLICY_VERDICT_ALLOW);
}

/* Whether rule j is the first to take a flow of the set, which it asks for. */
static bool
takes_some(struct standing *standing, size_t j, uint32_t set)
{
	struct diagram *d = &standing->space->diagram;

	while (set != DIAGRAM_EMPTY && d->rc == 0) {
		struct meeting_flow flow = standing_throw(standing, set);
		size_t first = standing_taker(standing, &flow, 0, false);
		if (first == j)
			return true;
		set = diagram_minus(d, set, standing->asked[first]);
	}
	return false;
}

bool
standing_overlaps(struct standing *standing, size_t i, uint8_t *marks)
{
	const struct meeting *meeting = &standing->meeting;
	struct diagram *d = &standing->space->diagram;

	clear(standing, marks);
	standing_begin(standing);
	meeting_of(meeting, i, standing->met);
	for (size_t j = meeting_next_bit(meeting, standing->met, 0);
	     j < i && d->rc == 0;
	     j = meeting_next_bit(meeting, standing->met, j + 1))
		if (is_opposite(standing, i, j))
			marks[j] = takes_some(standing, j,
			    diagram_and(
				d, standing->asked[i], standing->asked[j]));
	return standing_end(standing);
}
