/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space_sets: which cells each set of addresses or names covers, and
 * each zone.  A rule of some sets is the union of theirs: ten thousand rules do
 * not ask every cell.
 */
#include "policy/space_impl.h"

#include <errno.h>
#include <stdlib.h>

/* The cells of one dimension, and the atoms that they lie in. */
struct cells {
	struct space *space;
	enum space_dimension dimension;
	const struct partition *atoms;
	size_t (*atom_of)(const struct space *space, size_t cell);
	size_t *found; /* room for each cell */
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

static uint32_t
cells_of_set(const struct cells *cells, size_t set)
{
	const struct space_axis *axis = &cells->space->axes[cells->dimension];
	size_t count = 0;

	for (size_t cell = 0; cell < axis->count; cell++)
		if (partition_has(
			cells->atoms, cells->atom_of(cells->space, cell), set))
			cells->found[count++] = cell;
	return diagram_list(&cells->space->diagram, axis->first, axis->bits,
	    cells->found, count);
}

static void
make_sets(struct cells *cells, size_t count, uint32_t **ret)
{
	struct space *space = cells->space;
	size_t room = space->axes[cells->dimension].count;

	cells->found = calloc(room + 1, sizeof(*cells->found));
	*ret = calloc(count + 1, sizeof(**ret));
	if (cells->found == NULL || *ret == NULL)
		space_fail(space, -ENOMEM);
	for (size_t set = 0; set < count && space_rc(space) == 0; set++)
		(*ret)[set] = cells_of_set(cells, set);
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
		NULL };
	struct cells types = { space, SPACE_TYPE, &space->types, atom_of_itself,
		NULL };

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
		atom_of_source, NULL };
	struct cells to = { space, SPACE_DESTINATION, &space->to.atoms,
		atom_of_destination, NULL };
	struct cells names = { space, SPACE_NAME, &space->names, atom_of_itself,
		NULL };

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
