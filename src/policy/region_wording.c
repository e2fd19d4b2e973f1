/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region_wording: what many cells of a region can be called at once: a
 * zone, a group, hours, or another word of the policies.
 *
 * Words are found from a cell, by the sets that it lies in: a policy may have
 * thousands of names, and a cell few.
 */
#include "policy/region_impl.h"

#include <stdint.h>

/* Cells in each of the policies' sets that there are. */
static uint32_t
in_all(struct space *space, enum space_dimension dimension,
    const size_t sets[static SPACE_POLICIES_MAX])
{
	const struct space_axis *axis = &space->axes[dimension];
	uint32_t cells = axis->all;

	for (unsigned p = 0; p < SPACE_POLICIES_MAX; p++)
		if (sets[p] != 0)
			cells = diagram_and(
			    &space->diagram, cells, axis->sets[sets[p] - 1]);
	return cells;
}

static uint32_t
in_zone(const struct side *side, enum wording_kind kind, unsigned which,
    uint8_t zone)
{
	uint64_t zones = policy_zone_bit(zone);

	if (kind == WORDING_SELF_IN)
		return space_own(side->space, which, zones);
	return side->dimension == SPACE_SOURCE
		   ? space_from_zones(side->space, which, zones)
		   : space_to_zones(side->space, which, zones);
}

/* The zone, in each policy that has one of its name. */
static bool
zone_wording(const struct side *side, enum wording_kind kind, unsigned which,
    uint8_t zone, struct wording *ret)
{
	const struct space *space = side->space;
	uint8_t there;

	if (zone >= space->policies[which]->zone_count)
		return false;
	*ret = (struct wording){ .kind = kind,
		.name = space->policies[which]->zones[zone].name,
		.cells = side->axis->all };
	for (unsigned p = 0; p < space->policy_count; p++)
		if (policy_zone_find(space->policies[p], ret->name, &there))
			ret->cells = diagram_and(&side->space->diagram,
			    ret->cells, in_zone(side, kind, p, there));
	return true;
}

/* Places of an endpoint: four of zones, then one for each set, then more. */
enum {
	PLACE_ZONES = 2 * SPACE_POLICIES_MAX,
	PLACE_SELF = 0, /* behind the sets */
	PLACE_IPV4,
	PLACE_IPV6,
	PLACE_END
};

static bool
zone_at(const struct side *side, size_t cell, size_t at, struct wording *ret)
{
	const struct space *space = side->space;
	unsigned which = (unsigned)at / 2;

	if (which >= space->policy_count)
		return false;
	if (side->dimension == SPACE_SOURCE)
		return at % 2 == 0 &&
		       zone_wording(side, WORDING_ZONE, which,
			   space->sources.items[cell].zone[which], ret);
	const struct space_destination *to = &space->destinations.items[cell];
	return at % 2 == 0 ? zone_wording(side, WORDING_ZONE, which,
				 to->zone[which], ret)
			   : to->own && zone_wording(side, WORDING_SELF_IN,
					    which, to->own_zone[which], ret);
}

static bool
family_at(const struct side *side, size_t at, struct wording *ret)
{
	if (at == PLACE_SELF)
		*ret = (struct wording){ .kind = WORDING_SELF,
			.name = STR("self"),
			.cells = space_self(side->space, side->dimension) };
	else
		*ret = (struct wording){ .kind = WORDING_FAMILY,
			.name =
			    at == PLACE_IPV4 ? STR("0.0.0.0/0") : STR("::/0"),
			.cells =
			    side->axis->sets[at == PLACE_IPV4 ? SPACE_IPV4
							      : SPACE_IPV6] };
	return true;
}

/* The set's name, if it has one. */
static bool
group_wording(const struct side *side, size_t set, struct wording *ret)
{
	size_t number = side->axis->named[set];

	if (number-- == 0)
		return false;
	const struct space_name *one = &side->space->named.items[number];
	*ret = (struct wording){ .kind = WORDING_GROUP,
		.name = one->name,
		.number = number,
		.cells = in_all(side->space, side->dimension,
		    side->dimension == SPACE_SOURCE        ? one->from
		    : side->dimension == SPACE_DESTINATION ? one->to
							   : one->names) };
	return true;
}

/* The next set from `set` on that holds the cell, or their number. */
static size_t
next_set(const struct side *side, size_t cell, size_t set)
{
	const struct partition *atoms =
	    space_partition(side->space, side->dimension);
	const uint64_t *bits =
	    atoms->bits.items +
	    space_atom(side->space, side->dimension, cell) * atoms->words;

	while (set < atoms->sets) {
		uint64_t word = bits[set / 64] >> set % 64;
		if (word != 0)
			return set + (size_t)__builtin_ctzll(word);
		set = (set / 64 + 1) * 64;
	}
	return atoms->sets;
}

/* Moves *at along the sets that hold the cell, which begin at place `first`. */
static bool
set_at(const struct side *side, size_t cell, size_t first, size_t *at,
    size_t *ret_set)
{
	size_t end = space_partition(side->space, side->dimension)->sets;

	if (*at - first >= end)
		return false;
	*ret_set = next_set(side, cell, *at - first);
	*at = first + *ret_set;
	return *ret_set < end;
}

static bool
endpoint_next(
    const struct side *side, size_t cell, size_t *at, struct wording *ret)
{
	size_t set;

	for (; *at < PLACE_ZONES; (*at)++)
		if (zone_at(side, cell, *at, ret))
			return true;
	while (set_at(side, cell, PLACE_ZONES, at, &set)) {
		if (group_wording(side, set, ret))
			return true;
		(*at)++;
	}
	size_t rest = *at - PLACE_ZONES -
		      space_partition(side->space, side->dimension)->sets;
	return rest < PLACE_END && family_at(side, rest, ret);
}

static bool
name_next(const struct side *side, size_t cell, size_t *at, struct wording *ret)
{
	size_t set;

	for (; set_at(side, cell, 0, at, &set); (*at)++)
		if (group_wording(side, set, ret))
			return true;
	return false;
}

static bool
pattern_next(
    const struct side *side, size_t cell, size_t *at, struct wording *ret)
{
	bool path = side->dimension == SPACE_PATH;
	const struct space *space = side->space;
	size_t set;

	if (!set_at(side, cell, 0, at, &set))
		return false;
	*ret = (struct wording){ .kind = path ? WORDING_PATH : WORDING_TYPE,
		.name = path ? space->path_patterns.items[set]
			     : space->type_patterns.items[set],
		.number = set,
		.cells = side->axis->sets[set] };
	return true;
}

static bool
hours_next(const struct side *side, size_t *at, struct wording *ret)
{
	const struct space *space = side->space;

	if (*at >= space->hours.count)
		return false;
	*ret = (struct wording){ .kind = WORDING_HOURS,
		.name = space->hours.items[*at].name,
		.number = *at,
		.cells = in_all(
		    side->space, SPACE_TIME, space->hours.items[*at].set) };
	return true;
}

/* Cell 0 is none of the words; each other one is one of them. */
static bool
word_next(const struct side *side, size_t cell, size_t *at, struct wording *ret)
{
	const struct space *space = side->space;

	if (*at > 0 || cell == 0)
		return false;
	*ret = (struct wording){ .number = cell - 1,
		.cells = space_one_cell(side->space, side->dimension, cell) };
	if (side->dimension == SPACE_SCHEME) {
		ret->kind = WORDING_SCHEME;
		ret->name =
		    str_of(policy_scheme_word((enum policy_scheme)(cell - 1)));
	} else if (side->dimension == SPACE_METHOD) {
		ret->kind = WORDING_METHOD;
		ret->name = space->methods.items[cell - 1];
	} else {
		ret->kind = WORDING_USER;
		ret->name = space->users.items[cell - 1];
	}
	return true;
}

static bool
header_next(const struct side *side, size_t *at, struct wording *ret)
{
	const struct space *space = side->space;

	if (*at >= space->headers.count)
		return false;
	*ret = (struct wording){ .kind = WORDING_HEADER,
		.name = space->headers.items[*at]->name,
		.number = *at,
		.cells = side->axis->sets[*at] };
	return true;
}

static bool
any_next(const struct side *side, size_t cell, size_t *at, struct wording *ret)
{
	switch (side->dimension) {
	case SPACE_SOURCE:
	case SPACE_DESTINATION:
		return endpoint_next(side, cell, at, ret);
	case SPACE_NAME:
		return name_next(side, cell, at, ret);
	case SPACE_TIME:
		return hours_next(side, at, ret);
	case SPACE_SCHEME:
	case SPACE_METHOD:
	case SPACE_USER:
		return word_next(side, cell, at, ret);
	case SPACE_PATH:
	case SPACE_TYPE:
		return pattern_next(side, cell, at, ret);
	case SPACE_HEADER:
		return header_next(side, at, ret);
	case SPACE_MODE:
	case SPACE_SERVICE:
	case SPACE_DIMENSION_COUNT:
		break;
	}
	return false;
}

bool
region_wording_next(
    const struct side *side, size_t cell, size_t *at, struct wording *ret)
{
	while (any_next(side, cell, at, ret)) {
		(*at)++;
		if (region_next(side, ret->cells, cell) == cell)
			return true;
	}
	return false;
}

bool
region_header_meets(const struct space *space, size_t cell, size_t header)
{
	return (cell >> (space->axes[SPACE_HEADER].bits - 1 - header) & 1) != 0;
}

/* User-Agent "*curl*", "*wget*" */
void
region_header_add(const struct side *side, size_t number)
{
	const struct policy_header *header = side->space->headers.items[number];

	text_add(side->out, header->name);
	for (size_t i = 0; i < header->value_count; i++)
		text_addf(side->out, "%s \"%.*s\"", i > 0 ? "," : "",
		    STR_ARG(header->values[i]));
}

void
region_wording_add(const struct side *side, const struct wording *wording)
{
	if (wording->kind == WORDING_SELF_IN)
		text_addf(side->out, "self in %.*s", STR_ARG(wording->name));
	else if (wording->kind == WORDING_PATH)
		text_addf(side->out, "\"%.*s\"", STR_ARG(wording->name));
	else if (wording->kind == WORDING_HEADER)
		region_header_add(side, wording->number);
	else
		text_add(side->out, wording->name);
}
