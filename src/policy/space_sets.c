/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space_sets: the cells of each set of the policies, once for all.
 *
 * A partition knows the sets of an atom; rules and words ask for the atoms of a
 * set.  With ten thousand rules nobody can look at all cells for each of them,
 * so they are turned round here, SETS_AT_ONCE sets at a time.
 */
#include "policy/space_impl.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define SETS_AT_ONCE 64 /* a word of the partition's bits */

struct cells {
	size_t *items;
	size_t count, room;
};

const struct partition *
space_partition(const struct space *space, enum space_dimension dimension)
{
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

/* The cells of the sets of one word, in ascending order. */
static void
gather(struct space *space, enum space_dimension dimension,
    const struct partition *atoms, size_t word,
    struct cells lists[static SETS_AT_ONCE])
{
	for (size_t i = 0; i < SETS_AT_ONCE; i++)
		lists[i].count = 0;
	for (size_t cell = 0; cell < space->axes[dimension].count; cell++) {
		size_t atom = space_atom(space, dimension, cell);
		uint64_t bits = atoms->bits.items[atom * atoms->words + word];
		for (; bits != 0; bits &= bits - 1)
			if (VEC_ADD(&lists[__builtin_ctzll(bits)], cell) < 0)
				space_fail(space, -ENOMEM);
	}
}

static void
turn_round(struct space *space, enum space_dimension dimension,
    const struct partition *atoms)
{
	struct space_axis *axis = &space->axes[dimension];
	struct cells lists[SETS_AT_ONCE] = { 0 };

	for (size_t set = 0; set < atoms->sets && space->rc == 0; set++) {
		size_t at = set % SETS_AT_ONCE;
		if (at == 0)
			gather(
			    space, dimension, atoms, set / SETS_AT_ONCE, lists);
		axis->sets[set] = diagram_list(&space->diagram, axis->first,
		    axis->bits, lists[at].items, lists[at].count);
	}
	for (size_t i = 0; i < SETS_AT_ONCE; i++)
		free(lists[i].items);
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
	for (unsigned i = 0; i < SPACE_DIMENSION_COUNT; i++) {
		enum space_dimension dimension = (enum space_dimension)i;
		const struct partition *atoms =
		    space_partition(space, dimension);
		struct space_axis *axis = &space->axes[i];
		axis->all = diagram_interval(&space->diagram, axis->first,
		    axis->bits, 0, axis->count - 1);
		if (atoms == NULL)
			continue;
		axis->sets = calloc(atoms->sets + 1, sizeof(*axis->sets));
		axis->named = calloc(atoms->sets + 1, sizeof(*axis->named));
		if (axis->sets == NULL || axis->named == NULL) {
			space_fail(space, -ENOMEM);
			return;
		}
		turn_round(space, dimension, atoms);
	}
	note_names(space);
}
