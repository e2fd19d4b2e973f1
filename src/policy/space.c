/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/space.h"

#include "policy/space_impl.h"

#include <errno.h>
#include <stdlib.h>

_Static_assert(POLICY_FACT_COUNT == 11, "a fact without a dimension");

/* A number for each group that a rule uses. */
#define SPACE_BYTES_MAX ((size_t)256 << 20)

/* Of so many patterns like `*x*` it is not tried to list what meets. */
#define PATTERNS_LISTED 8

static bool
may_meet_freely(const struct space_words *patterns)
{
	size_t count = 0;

	for (size_t i = 0; i < patterns->count; i++) {
		struct str pattern = patterns->items[i];
		count += pattern.len > 0 && pattern.at[0] == '*' &&
			 pattern.at[pattern.len - 1] == '*';
	}
	return count > PATTERNS_LISTED;
}

/* Two policies are put into words, cell by cell, and have no free patterns. */
static int
make_texts(const struct space *space, const struct space_words *patterns,
    int (*list)(struct partition *, const struct str *, size_t),
    struct partition *ret, bool *ret_free)
{
	bool alone = space->policy_count == 1;
	int rc = -E2BIG;

	if (!alone || !may_meet_freely(patterns))
		rc = list(ret, patterns->items, patterns->count);
	*ret_free = rc == -E2BIG && alone;
	return *ret_free ? 0 : rc;
}

/* Without the conditions that nobody has, one cell is all there is. */
static int
make_request_partitions(struct space *space)
{
	int rc = make_texts(space, &space->path_patterns, partition_paths,
	    &space->paths, &space->paths_are_free);

	if (rc == 0)
		rc = make_texts(space, &space->type_patterns, partition_texts,
		    &space->types, &space->types_are_free);
	if (rc == 0)
		rc = partition_times(&space->times, space->hour_sets.items,
		    space->hour_sets.count);
	return rc;
}

static void
make_partitions(struct space *space)
{
	int rc = partition_addresses(
	    &space->from.atoms, space->from.sets.items, space->from.sets.count);

	if (rc == 0)
		rc = partition_addresses(&space->to.atoms, space->to.sets.items,
		    space->to.sets.count);
	if (rc == 0)
		rc = partition_names(&space->names, space->name_sets.items,
		    space->name_sets.count);
	if (rc == 0)
		rc = make_request_partitions(space);
	if (rc < 0)
		space_fail(space, rc);
}

/* Of conditions of which any may be met together, each is a variable. */
static struct space_axis
free_axis(size_t conditions)
{
	return (struct space_axis){ .bits = (unsigned)conditions,
		.count = conditions < SIZE_WIDTH ? (size_t)1 << conditions
						 : SIZE_MAX };
}

static void
make_axes(struct space *space)
{
	const size_t conditions[SPACE_DIMENSION_COUNT] = {
		[SPACE_HEADER] = space->headers.count,
		[SPACE_PATH] = space->path_patterns.count,
		[SPACE_TYPE] = space->type_patterns.count,
	};
	const size_t counts[SPACE_DIMENSION_COUNT] = {
		[SPACE_MODE] = SPACE_MODE_COUNT,
		[SPACE_SOURCE] = space->sources.count,
		[SPACE_DESTINATION] = space->destinations.count,
		[SPACE_SERVICE] = space->services.count,
		[SPACE_TIME] = space->times.count,
		[SPACE_NAME] = space->names.count,
		[SPACE_SCHEME] =
		    space->has_schemes ? POLICY_SCHEME_COUNT + 1 : 1,
		[SPACE_METHOD] = space->methods.count + 1,
		[SPACE_PATH] = space->paths.count,
		[SPACE_USER] = space->users.count + 1,
		[SPACE_TYPE] = space->types.count,
	};
	uint32_t first = 0;

	for (size_t i = 0; i < SPACE_DIMENSION_COUNT; i++) {
		struct space_axis *axis = &space->axes[i];
		if (space_is_free(space, (enum space_dimension)i))
			*axis = free_axis(conditions[i]);
		else
			axis->count = counts[i];
		axis->first = first;
		while (axis->bits < 32 && (size_t)1 << axis->bits < axis->count)
			axis->bits++;
		first += axis->bits;
	}
}

int
space_init(
    struct space *space, const struct policy *const *policies, unsigned count)
{
	*space = (struct space){ .policy_count = count };
	for (unsigned p = 0; p < count; p++)
		space->policies[p] = policies[p];
	arena_init(&space->arena, SPACE_BYTES_MAX);
	diagram_init(&space->diagram);
	space_gather(space);
	if (space->rc == 0)
		make_partitions(space);
	if (space->rc == 0)
		space_make_cells(space);
	if (space->rc == 0)
		make_axes(space);
	if (space->rc == 0)
		space_make_sets(space);
	if (space->rc == 0)
		space_make_universe(space);
	return space_rc(space);
}

static void
fini_side(struct space_side *side)
{
	free(side->sets.items);
	map_fini(&side->groups);
	partition_fini(&side->atoms);
}

void
space_fini(struct space *space)
{
	diagram_fini(&space->diagram);
	fini_side(&space->from);
	fini_side(&space->to);
	for (size_t i = 0; i < SPACE_BASE_COUNT; i++)
		address_set_fini(&space->base[i]);
	for (size_t i = 0; i < space->listeners.count; i++)
		address_set_fini(&space->listeners.items[i]);
	free(space->listeners.items);
	free(space->sources.items);
	free(space->destinations.items);
	free(space->services.items);
	free(space->name_sets.items);
	map_fini(&space->name_index);
	arena_fini(&space->arena);
	free(space->named.items);
	for (size_t i = 0; i < SPACE_DIMENSION_COUNT; i++) {
		free(space->axes[i].sets);
		free(space->axes[i].named);
	}
	partition_fini(&space->names);
	free(space->hour_sets.items);
	free(space->hours.items);
	partition_fini(&space->times);
	free(space->methods.items);
	free(space->users.items);
	free(space->path_patterns.items);
	free(space->type_patterns.items);
	partition_fini(&space->paths);
	partition_fini(&space->types);
	free(space->headers.items);
	*space = (struct space){ 0 };
}

/* One path to ALL; what it does not ask is 0. */
bool
space_pick(const struct space *space, uint32_t set, struct space_cell *ret)
{
	*ret = (struct space_cell){ 0 };
	if (set == DIAGRAM_EMPTY)
		return false;
	for (size_t i = 0; i < SPACE_DIMENSION_COUNT; i++) {
		const struct space_axis *axis = &space->axes[i];
		for (unsigned bit = 0; bit < axis->bits; bit++) {
			uint32_t low = diagram_at(
			    &space->diagram, set, axis->first + bit, 1, 0);
			bool high = low == DIAGRAM_EMPTY;
			set = high ? diagram_at(&space->diagram, set,
					 axis->first + bit, 1, 1)
				   : low;
			ret->at[i] = ret->at[i] * 2 + high;
		}
	}
	return true;
}

bool
space_has(
    const struct space *space, uint32_t set, const struct space_cell *cell)
{
	for (size_t i = 0; i < SPACE_DIMENSION_COUNT; i++)
		set = diagram_at(&space->diagram, set, space->axes[i].first,
		    space->axes[i].bits, cell->at[i]);
	return set == DIAGRAM_ALL;
}
