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

	if (axis->bits == 0)
		return set == DIAGRAM_EMPTY ? set : DIAGRAM_ALL;
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
		if (space->axes[growth[i]].bits == 0)
			continue; /* one cell is all there is */
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

/*
 * First among what can be; what cannot be comes second, because it must not
 * keep what can be out.  A NULL `within`: the seed is all that can be.
 */
static struct region
grow_from(struct space *space, const struct region *seed, uint32_t set,
    uint32_t allowed, const enum space_dimension *growth,
    const uint32_t *within)
{
	struct region region = *seed;

	if (within != NULL)
		grow(space, &region, allowed, growth, within);
	grow(space, &region, allowed, growth, NULL);
	find_least(space, &region, set);
	return region;
}

/* Takes the other one and its line if that is shorter. */
static int
choose_shorter(struct space *space, struct region *best,
    const struct region *other, struct text *line)
{
	struct text words = TEXT_EMPTY;
	int rc = 0;

	if (memcmp(other->most, best->most, sizeof(best->most)) != 0)
		rc = region_describe(space, other, REGION_PARTS, &words);
	if (rc == 0 && words.len > 0 && words.len < line->len) {
		*best = *other;
		text_clear(line);
		text_add(line, text_str(&words));
	}
	text_fini(&words);
	return rc;
}

int
region_cut(struct space *space, uint32_t set, uint32_t possible, uint32_t *rest,
    struct region *ret, struct text *line)
{
	struct diagram *d = &space->diagram;
	uint32_t within[SPACE_DIMENSION_COUNT];
	struct region region;

	struct region seed = sow(space, set, *rest, within);
	uint32_t allowed =
	    diagram_or(d, set, diagram_minus(d, DIAGRAM_ALL, possible));
	const uint32_t *first = within;
	if (diagram_implies(
		d, product(space, within, SPACE_DIMENSION_COUNT), allowed)) {
		/* The set is a region, as most are: it grows to all of it. */
		memcpy(seed.most, within, sizeof(within));
		first = NULL;
	}
	*ret = grow_from(space, &seed, set, allowed, growths[0], first);
	text_clear(line);
	int rc = region_describe(space, ret, REGION_PARTS, line);
	region = grow_from(space, &seed, set, allowed, growths[1], first);
	if (rc == 0)
		rc = choose_shorter(space, ret, &region, line);
	*rest = diagram_minus(d, *rest, region_flows(space, ret));
	return rc;
}

uint32_t
region_flows(struct space *space, const struct region *region)
{
	return product(space, region->most, SPACE_DIMENSION_COUNT);
}
