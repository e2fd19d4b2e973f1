/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space_sets: the cells of each set and zone of the policies, once for
 * all.
 *
 * A partition knows the sets of an atom; rules and words ask for the atoms of a
 * set.  With ten thousand rules nobody can look at all cells for each of them,
 * so they are turned round here, SETS_AT_ONCE sets at a time.
 */
#include "policy/space_impl.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define SETS_AT_ONCE 64 /* a word of the partition's bits, or all zones */
_Static_assert(SPACE_ZONES == SETS_AT_ONCE, "zones are turned at once");

struct cells {
	size_t *items;
	size_t count, room;
};

/* Cells to be listed by the sets that `sets_of` says of each, a bit a set. */
struct turning {
	struct space *space;
	enum space_dimension dimension;
	uint64_t (*sets_of)(const struct turning *turning, size_t cell);
	const struct partition *atoms; /* and a word of its bits */
	size_t word;
	unsigned which; /* policy, of zones */
	struct cells lists[SETS_AT_ONCE];
};

const struct partition *
space_partition(const struct space *space, enum space_dimension dimension)
{
	if (space_is_free(space, dimension))
		return NULL;
	switch ((unsigned)dimension) {
	case SPACE_SOURCE:
		return &space->from.atoms;
	case SPACE_DESTINATION:
		return &space->to.atoms;
	case SPACE_NAME:
		return &space->names;
	case SPACE_TIME:
		return &space->times;
	case SPACE_PATH:
		return &space->paths;
	case SPACE_TYPE:
		return &space->types;
	default:
		return NULL;
	}
}

size_t
space_atom(
    const struct space *space, enum space_dimension dimension, size_t cell)
{
	switch ((unsigned)dimension) {
	case SPACE_SOURCE:
		return space->sources.items[cell].atom;
	case SPACE_DESTINATION:
		return space->destinations.items[cell].atom;
	default:
		return cell;
	}
}

/* The cells of `count` sets, by one look at each cell. */
static void
turn_round(struct turning *turning, size_t count, uint32_t *ret)
{
	struct space *space = turning->space;
	const struct space_axis *axis = &space->axes[turning->dimension];

	for (size_t i = 0; i < SETS_AT_ONCE; i++)
		turning->lists[i].count = 0;
	for (size_t cell = 0; cell < axis->count; cell++)
		for (uint64_t sets = turning->sets_of(turning, cell); sets != 0;
		     sets &= sets - 1)
			if (VEC_ADD(&turning->lists[__builtin_ctzll(sets)],
				cell) < 0)
				space_fail(space, -ENOMEM);
	for (size_t i = 0; i < count && i < SETS_AT_ONCE; i++)
		ret[i] = diagram_list(&space->diagram, axis->first, axis->bits,
		    turning->lists[i].items, turning->lists[i].count);
}

static void
fini_turning(struct turning *turning)
{
	for (size_t i = 0; i < SETS_AT_ONCE; i++)
		free(turning->lists[i].items);
}

static uint64_t
word_of(const struct turning *turning, size_t cell)
{
	const struct partition *atoms = turning->atoms;
	size_t atom = space_atom(turning->space, turning->dimension, cell);

	return atoms->bits.items[atom * atoms->words + turning->word];
}

static void
turn_partition(struct space *space, enum space_dimension dimension,
    const struct partition *atoms)
{
	struct turning turning = { space, dimension, word_of, .atoms = atoms };
	struct space_axis *axis = &space->axes[dimension];

	axis->sets = calloc(atoms->sets + 1, sizeof(*axis->sets));
	axis->named = calloc(atoms->sets + 1, sizeof(*axis->named));
	if (axis->sets == NULL || axis->named == NULL)
		space_fail(space, -ENOMEM);
	for (size_t set = 0; set < atoms->sets && space_rc(space) == 0;
	     set += SETS_AT_ONCE) {
		turning.word = set / SETS_AT_ONCE;
		turn_round(&turning, atoms->sets - set, axis->sets + set);
	}
	fini_turning(&turning);
}

/* Conditions that are variables are met where the variable is true. */
static void
make_free(struct space *space, enum space_dimension dimension)
{
	struct space_axis *axis = &space->axes[dimension];

	axis->sets = calloc(axis->bits + 1, sizeof(*axis->sets));
	if (axis->sets == NULL)
		space_fail(space, -ENOMEM);
	for (size_t i = 0; i < axis->bits && space_rc(space) == 0; i++)
		axis->sets[i] = diagram_node(&space->diagram,
		    axis->first + (uint32_t)i, DIAGRAM_EMPTY, DIAGRAM_ALL);
}

static void
make_axis(struct space *space, enum space_dimension dimension)
{
	const struct partition *atoms = space_partition(space, dimension);
	struct space_axis *axis = &space->axes[dimension];

	if (space_is_free(space, dimension)) {
		axis->all = DIAGRAM_ALL;
		make_free(space, dimension);
		return;
	}
	axis->all = diagram_interval(
	    &space->diagram, axis->first, axis->bits, 0, axis->count - 1);
	if (atoms != NULL)
		turn_partition(space, dimension, atoms);
}

static uint64_t
zone_from(const struct turning *turning, size_t cell)
{
	const struct space_source *source =
	    &turning->space->sources.items[cell];

	return policy_zone_bit(source->zone[turning->which]);
}

static uint64_t
zone_to(const struct turning *turning, size_t cell)
{
	const struct space_destination *destination =
	    &turning->space->destinations.items[cell];

	return policy_zone_bit(destination->zone[turning->which]);
}

static uint64_t
zone_own(const struct turning *turning, size_t cell)
{
	const struct space_destination *destination =
	    &turning->space->destinations.items[cell];

	return destination->own
		   ? policy_zone_bit(destination->own_zone[turning->which])
		   : 0;
}

static void
make_zones(struct space *space, unsigned which)
{
	struct space_zone_cells *ret = &space->zone_cells[which];
	struct turning turning = { space, SPACE_SOURCE, zone_from,
		.which = which };

	turn_round(&turning, SPACE_ZONES, ret->from);
	turning.dimension = SPACE_DESTINATION;
	turning.sets_of = zone_to;
	turn_round(&turning, SPACE_ZONES, ret->to);
	turning.sets_of = zone_own;
	turn_round(&turning, SPACE_ZONES, ret->own);
	fini_turning(&turning);
}

static void
note_name(struct space_axis *axis, size_t set, size_t index)
{
	if (set != 0)
		axis->named[set - 1] = (uint32_t)index + 1;
}

static void
note_names(struct space *space)
{
	for (size_t i = 0; i < space->named.count; i++) {
		const struct space_name *one = &space->named.items[i];
		for (unsigned p = 0; p < space->policy_count; p++) {
			note_name(&space->axes[SPACE_SOURCE], one->from[p], i);
			note_name(
			    &space->axes[SPACE_DESTINATION], one->to[p], i);
			note_name(&space->axes[SPACE_NAME], one->names[p], i);
		}
	}
}

void
space_make_sets(struct space *space)
{
	for (unsigned i = 0; i < SPACE_DIMENSION_COUNT; i++)
		make_axis(space, (enum space_dimension)i);
	for (unsigned p = 0; p < space->policy_count; p++)
		make_zones(space, p);
	if (space_rc(space) == 0)
		note_names(space);
}
