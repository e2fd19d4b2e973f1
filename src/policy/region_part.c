/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region_part: one thing after the other that a side of a region is made
 * of: the broadest word that says no more than it may, or a single cell.
 *
 * The words are looked for from the cells that must be said, and sets are
 * compared as diagrams: what it costs grows with what is said and not with what
 * the policies can tell apart.
 */
#include "policy/region_impl.h"

static size_t
count_cells(const struct side *side, uint32_t set)
{
	return diagram_count(
	    &side->space->diagram, set, side->axis->first, side->axis->bits);
}

/* Of names that say as much, the first in the policies. */
static bool
is_better(const struct wording *wording, size_t gained,
    const struct wording *best, size_t best_gained)
{
	return gained > best_gained || (gained == best_gained && gained > 0 &&
					   wording->kind == WORDING_GROUP &&
					   best->kind == WORDING_GROUP &&
					   wording->number < best->number);
}

bool
region_best_wording(const struct side *side, size_t cell, uint32_t left,
    uint32_t most, struct wording *ret)
{
	struct diagram *d = &side->space->diagram;
	struct wording wording;
	size_t best = 0, at = 0;

	while (region_wording_next(side, cell, &at, &wording)) {
		if (!diagram_implies(d, wording.cells, most))
			continue;
		size_t gained =
		    count_cells(side, diagram_and(d, wording.cells, left));
		if (is_better(&wording, gained, ret, best)) {
			best = gained;
			*ret = wording;
		}
	}
	return best > 0;
}

uint32_t
region_without_cell(const struct side *side, size_t cell, uint32_t left)
{
	struct diagram *d = &side->space->diagram;
	enum space_dimension dimension = side->dimension;

	left = diagram_minus(
	    d, left, space_one_cell(side->space, dimension, cell));
	if (dimension != SPACE_DESTINATION ||
	    side->space->destinations.items[cell].own)
		return left;
	size_t own = space_self_first(side->space, dimension) +
		     space_atom(side->space, dimension, cell);
	return diagram_minus(
	    d, left, space_one_cell(side->space, dimension, own));
}

/* Atoms rise up to the first cell of the gateway's own. */
static size_t
cell_of_atom(const struct side *side, size_t atom)
{
	const struct space_destination *items = side->space->destinations.items;
	size_t from = 0, end = space_self_first(side->space, side->dimension);

	while (from < end) {
		size_t at = from + (end - from) / 2;
		if (items[at].atom < atom)
			from = at + 1;
		else
			end = at;
	}
	return from;
}

/* It is said with the same address that is not the gateway's own. */
static bool
is_said_before(const struct side *side, size_t cell, uint32_t left)
{
	const struct space_destination *items = side->space->destinations.items;

	if (side->dimension != SPACE_DESTINATION || !items[cell].own)
		return false;
	size_t other = cell_of_atom(side, items[cell].atom);
	return !items[other].own && items[other].atom == items[cell].atom &&
	       region_next(side, left, other) == other;
}

/* No node is made for it: that would be many for each of many classes. */
size_t
region_count_left(const struct side *side, uint32_t left)
{
	size_t count = 0;

	for (size_t cell = region_next(side, left, 0); cell < side->axis->count;
	     cell = region_next(side, left, cell + 1))
		count += !is_said_before(side, cell, left);
	return count;
}

static bool
is_said_enough(const struct side *side, const struct region_said *said)
{
	return said->words + said->cells >= said->max ||
	       (said->len_max > 0 && side->out->len >= said->len_max);
}

/* The next part of `left`, whose first cell is given; returns the rest. */
static uint32_t
say_part(const struct side *side, size_t cell, uint32_t left, uint32_t most,
    struct region_said *said)
{
	struct wording wording;

	if (region_best_wording(side, cell, left, most, &wording)) {
		region_wording_add(side, &wording);
		said->words++;
		return diagram_minus(
		    &side->space->diagram, left, wording.cells);
	}
	region_cell_say(side, cell);
	said->cells++;
	said->vague |= region_cell_is_vague(side, cell);
	return region_without_cell(side, cell, left);
}

uint32_t
region_say_parts(const struct side *side, uint32_t left, uint32_t most,
    struct region_said *said)
{
	for (;;) {
		size_t cell = region_next(side, left, 0);
		if (cell >= side->axis->count || is_said_enough(side, said))
			return left;
		if (said->words + said->cells > 0)
			text_addz(side->out, ", ");
		left = say_part(side, cell, left, most, said);
	}
}

void
region_say_bounded(const struct side *side, uint32_t left, uint32_t most)
{
	struct region_said said = { .max = side->parts_max };

	left = region_say_parts(side, left, most, &said);
	if (left != DIAGRAM_EMPTY)
		region_more(side, region_count_left(side, left));
}

uint32_t
region_excluded(
    const struct side *side, uint32_t whole, uint32_t *ret_excludable)
{
	struct diagram *d = &side->space->diagram;

	*ret_excludable =
	    diagram_minus(d, DIAGRAM_ALL, diagram_and(d, side->least, whole));
	return diagram_minus(d, whole, side->most);
}
