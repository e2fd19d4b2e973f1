/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/region.h"

static uint32_t
end_of(const struct space_axis *axis)
{
	return axis->first + axis->bits;
}

/* Only what the set says of one dimension. */
static uint32_t
project(struct space *space, uint32_t set, enum space_dimension dimension)
{
	const struct space_axis *axis = &space->axes[dimension];

	set = diagram_forget(&space->diagram, set, end_of(axis), UINT32_MAX);
	return diagram_forget(&space->diagram, set, 0, axis->first);
}

static uint32_t
product(struct space *space, const uint32_t *sets, unsigned without)
{
	uint32_t ret = DIAGRAM_ALL;

	for (unsigned i = SPACE_DIMENSION_COUNT; i-- > 0;)
		if (i != without)
			ret = diagram_and(&space->diagram, ret, sets[i]);
	return ret;
}

/*
 * What is asked of requests grows first, so that a line says no more of them
 * than it must; then services, then the endpoints, one or the other first.
 */
#define GROWTHS 2

static const enum space_dimension growths[GROWTHS][SPACE_DIMENSION_COUNT] = {
	{ SPACE_TYPE, SPACE_HEADER, SPACE_USER, SPACE_PATH, SPACE_METHOD,
	    SPACE_SCHEME, SPACE_NAME, SPACE_TIME, SPACE_SERVICE,
	    SPACE_DESTINATION, SPACE_SOURCE, SPACE_MODE },
	{ SPACE_TYPE, SPACE_HEADER, SPACE_USER, SPACE_PATH, SPACE_METHOD,
	    SPACE_SCHEME, SPACE_NAME, SPACE_TIME, SPACE_SERVICE, SPACE_SOURCE,
	    SPACE_DESTINATION, SPACE_MODE },
};

static void
grow(struct space *space, struct region *region, uint32_t allowed,
    const enum space_dimension *growth, const uint32_t *within)
{
	struct diagram *d = &space->diagram;

	for (size_t i = 0; i < SPACE_DIMENSION_COUNT; i++) {
		uint32_t others = product(space, region->most, growth[i]);
		uint32_t bad = diagram_minus(d, others, allowed);
		uint32_t good = diagram_minus(
		    d, DIAGRAM_ALL, project(space, bad, growth[i]));
		region->most[growth[i]] =
		    within != NULL ? diagram_and(d, good, within[growth[i]])
				   : good;
	}
}

static void
find_least(struct space *space, struct region *region, uint32_t set)
{
	uint32_t real =
	    diagram_and(&space->diagram, region_flows(space, region), set);

	for (unsigned i = 0; i < SPACE_DIMENSION_COUNT; i++)
		region->least[i] =
		    project(space, real, (enum space_dimension)i);
}

/* A single flow, and what it may grow to while only what can be counts. */
static struct region
sow(struct space *space, uint32_t set, uint32_t rest,
    uint32_t within[static SPACE_DIMENSION_COUNT])
{
	struct region region;
	struct space_cell seed;

	(void)space_pick(space, rest, &seed);
	for (unsigned i = 0; i < SPACE_DIMENSION_COUNT; i++)
		region.most[i] =
		    space_one_cell(space, (enum space_dimension)i, seed.at[i]);
	set = diagram_and(&space->diagram, set, region.most[SPACE_MODE]);
	for (unsigned i = 0; i < SPACE_DIMENSION_COUNT; i++)
		within[i] = project(space, set, (enum space_dimension)i);
	return region;
}

static size_t
length_of(const struct space *space, const struct region *region)
{
	struct text line = TEXT_EMPTY;

	(void)region_describe(space, region, &line);
	size_t length = line.len;
	text_fini(&line);
	return length;
}

/*
 * First among what can be; what cannot be comes second, because it must not
 * keep what can be out.
 */
struct region
region_cut(struct space *space, uint32_t set, uint32_t possible, uint32_t *rest)
{
	struct diagram *d = &space->diagram;
	uint32_t within[SPACE_DIMENSION_COUNT];
	struct region best = { 0 };
	size_t best_length = SIZE_MAX;

	struct region seed = sow(space, set, *rest, within);
	uint32_t allowed =
	    diagram_or(d, set, diagram_minus(d, DIAGRAM_ALL, possible));
	for (size_t i = 0; i < GROWTHS; i++) {
		struct region region = seed;
		grow(space, &region, allowed, growths[i], within);
		grow(space, &region, allowed, growths[i], NULL);
		find_least(space, &region, set);
		bool same = i > 0 && memcmp(region.most, best.most,
					 sizeof(region.most)) == 0;
		size_t length = same ? SIZE_MAX : length_of(space, &region);
		if (length >= best_length)
			continue;
		best = region;
		best_length = length;
	}
	*rest = diagram_minus(d, *rest, region_flows(space, &best));
	return best;
}

uint32_t
region_flows(struct space *space, const struct region *region)
{
	return product(space, region->most, SPACE_DIMENSION_COUNT);
}
