/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space_sets: which cells each set of addresses or names covers, and
 * each zone.  A rule of some sets is the union of theirs: ten thousand rules do
 * not ask every cell.
 */
#include "policy/space_impl.h"

#include <errno.h>
#include <stdlib.h>

/* Sets whose bits are one word of an atom's. */
#define SETS_AT_ONCE 64

/* The cells of one dimension, and the atoms that they lie in. */
struct cells {
	struct space *space;
	enum space_dimension dimension;
	const struct partition *atoms;
	size_t (*atom_of)(const struct space *space, size_t cell);
	size_t *found; /* of the sets at hand, one behind the other */
	size_t ends[SETS_AT_ONCE];
};

static size_t
atom_of_source(const struct space *space, size_t cell)
{
	return space->sources.items[cell].atom;
}

static size_t
atom_of_destination(const struct space *space, size_t cell)
{
	return space->destinations.items[cell].atom;
}

/* Names and texts: a cell is an atom. */
static size_t
atom_of_itself(const struct space *space, size_t cell)
{
	(void)space;
	return cell;
}

static uint64_t
bits_of(const struct cells *cells, size_t cell, size_t word)
{
	const struct partition *atoms = cells->atoms;

	return atoms->bits
	    .items[cells->atom_of(cells->space, cell) * atoms->words + word];
}

/* Where the cells of each set will begin; the number of all. */
static size_t
count_cells(struct cells *cells, size_t count, size_t word)
{
	size_t sizes[SETS_AT_ONCE] = { 0 }, all = 0;

	for (size_t cell = 0; cell < count; cell++)
		for (uint64_t bits = bits_of(cells, cell, word); bits != 0;
		     bits &= bits - 1)
			sizes[__builtin_ctzll(bits)]++;
	for (size_t i = 0; i < SETS_AT_ONCE; i++) {
		cells->ends[i] = all;
		all += sizes[i];
	}
	return all;
}

/* The cells of 64 sets, by one look at each cell. */
static int
find_cells(struct cells *cells, size_t word)
{
	size_t count = cells->space->axes[cells->dimension].count;
	size_t all = count_cells(cells, count, word);

	free(cells->found);
	cells->found = calloc(all + 1, sizeof(size_t));
	if (cells->found == NULL)
		return -ENOMEM;
	for (size_t cell = 0; cell < count; cell++)
		for (uint64_t bits = bits_of(cells, cell, word); bits != 0;
		     bits &= bits - 1)
			cells->found[cells->ends[__builtin_ctzll(bits)]++] =
			    cell;
	return 0;
}

static void
make_word(struct cells *cells, size_t word, size_t count, uint32_t *ret)
{
	struct space *space = cells->space;
	const struct space_axis *axis = &space->axes[cells->dimension];
	size_t begin = 0;

	if (find_cells(cells, word) < 0) {
		space_fail(space, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < SETS_AT_ONCE && word * SETS_AT_ONCE + i < count;
	     i++) {
		ret[word * SETS_AT_ONCE + i] =
		    diagram_list(&space->diagram, axis->first, axis->bits,
			cells->found + begin, cells->ends[i] - begin);
		begin = cells->ends[i];
	}
}

static void
make_sets(struct cells *cells, size_t count, uint32_t **ret)
{
	struct space *space = cells->space;

	*ret = calloc(count + 1, sizeof(**ret));
	if (*ret == NULL)
		space_fail(space, -ENOMEM);
	for (size_t word = 0;
	     word * SETS_AT_ONCE < count && space_rc(space) == 0; word++)
		make_word(cells, word, count, *ret);
	free(cells->found);
}

/* Patterns that are variables are met where the variable is true. */
static void
make_free(struct space *space, enum space_dimension dimension, size_t count,
    uint32_t **ret)
{
	*ret = calloc(count + 1, sizeof(**ret));
	if (*ret == NULL)
		space_fail(space, -ENOMEM);
	for (size_t i = 0; i < count && *ret != NULL; i++)
		(*ret)[i] = space_condition(space, dimension, i);
}

static void
make_texts(struct space *space)
{
	struct cells paths = { space, SPACE_PATH, &space->paths, atom_of_itself,
		NULL, { 0 } };
	struct cells types = { space, SPACE_TYPE, &space->types, atom_of_itself,
		NULL, { 0 } };

	if (space->paths_are_free)
		make_free(space, SPACE_PATH, space->path_patterns.count,
		    &space->path_cells);
	else
		make_sets(
		    &paths, space->path_patterns.count, &space->path_cells);
	if (space->types_are_free)
		make_free(space, SPACE_TYPE, space->type_patterns.count,
		    &space->type_cells);
	else
		make_sets(
		    &types, space->type_patterns.count, &space->type_cells);
}

static void
make_zones(struct space *space, unsigned which)
{
	for (unsigned zone = 0; zone < SPACE_ZONES; zone++) {
		uint64_t bit = UINT64_C(1) << zone;
		space->from.zone_cells[which][zone] =
		    space_from_zones(space, which, bit);
		space->to.zone_cells[which][zone] =
		    space_to_zones(space, which, bit);
	}
}

void
space_make_sets(struct space *space)
{
	struct cells from = { space, SPACE_SOURCE, &space->from.atoms,
		atom_of_source, NULL, { 0 } };
	struct cells to = { space, SPACE_DESTINATION, &space->to.atoms,
		atom_of_destination, NULL, { 0 } };
	struct cells names = { space, SPACE_NAME, &space->names, atom_of_itself,
		NULL, { 0 } };

	make_sets(&from, space->from.sets.count, &space->from.cells);
	make_sets(&to, space->to.sets.count, &space->to.cells);
	make_sets(&names, space->name_sets.count, &space->name_cells);
	make_texts(space);
	for (unsigned p = 0; p < space->policy_count; p++)
		make_zones(space, p);
}

uint32_t
space_zones(struct space *space, const struct space_side *side, unsigned which,
    uint64_t zones)
{
	uint32_t set = DIAGRAM_EMPTY;

	for (unsigned zone = 0; zone < SPACE_ZONES; zone++)
		if ((zones >> zone & 1) != 0)
			set = diagram_or(&space->diagram, set,
			    side->zone_cells[which][zone]);
	return set;
}

uint32_t
space_groups(struct space *space, const struct map *index,
    const uint32_t *cells, const struct policy_endpoint *endpoint)
{
	uint32_t set = DIAGRAM_EMPTY;

	for (size_t i = 0; i < endpoint->group_count; i++) {
		size_t found = space_index_of(index, &endpoint->groups[i]);
		if (found != 0)
			set =
			    diagram_or(&space->diagram, set, cells[found - 1]);
	}
	return set;
}
