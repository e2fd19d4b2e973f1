/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region_wording: what many cells of a region can be called at once: a
 * zone, a group, hours, or another word of the policies.
 */
#include "policy/region_impl.h"

/* In each of the policies' sets that there are. */
static bool
in_all(const struct partition *atoms, size_t atom,
    const size_t sets[static SPACE_POLICIES_MAX])
{
	bool found = false;

	for (unsigned p = 0; p < SPACE_POLICIES_MAX; p++) {
		if (sets[p] == 0)
			continue;
		if (!partition_has(atoms, atom, sets[p] - 1))
			return false;
		found = true;
	}
	return found;
}

/* In the zone, in each policy that has one of its name. */
static bool
is_in_zone(const struct wording *wording,
    const uint8_t zone[static SPACE_POLICIES_MAX])
{
	for (unsigned p = 0; p < SPACE_POLICIES_MAX; p++)
		if (wording->zone[p] != ZONE_NONE &&
		    wording->zone[p] != zone[p])
			return false;
	return true;
}

static struct wording
zone_wording(const struct space *space, enum wording_kind kind, struct str name)
{
	struct wording wording = { kind, name, 0, { ZONE_NONE, ZONE_NONE } };

	for (unsigned p = 0; p < space->policy_count; p++)
		if (!policy_zone_find(
			space->policies[p], name, &wording.zone[p]))
			wording.zone[p] = ZONE_NONE;
	return wording;
}

static bool
covers_source(
    const struct space *space, const struct wording *wording, size_t cell)
{
	const struct space_source *source = &space->sources.items[cell];

	switch (wording->kind) {
	case WORDING_ZONE:
		return is_in_zone(wording, source->zone);
	case WORDING_SELF:
		return source->self;
	case WORDING_GROUP:
		return in_all(&space->from.atoms, source->atom,
		    space->named.items[wording->number].from);
	case WORDING_FAMILY:
		return partition_has(
		    &space->from.atoms, source->atom, wording->number);
	case WORDING_SELF_IN:
	case WORDING_HOURS:
	case WORDING_SCHEME:
	case WORDING_METHOD:
	case WORDING_PATH:
	case WORDING_USER:
	case WORDING_HEADER:
	case WORDING_TYPE:
	case WORDING_KIND_COUNT:
		break;
	}
	return false;
}

static bool
covers_destination(
    const struct space *space, const struct wording *wording, size_t cell)
{
	const struct space_destination *destination =
	    &space->destinations.items[cell];

	switch (wording->kind) {
	case WORDING_ZONE:
		return is_in_zone(wording, destination->zone);
	case WORDING_SELF:
		return destination->own;
	case WORDING_SELF_IN:
		return destination->own &&
		       is_in_zone(wording, destination->own_zone);
	case WORDING_GROUP:
		return in_all(&space->to.atoms, destination->atom,
		    space->named.items[wording->number].to);
	case WORDING_FAMILY:
		return partition_has(
		    &space->to.atoms, destination->atom, wording->number);
	case WORDING_HOURS:
	case WORDING_SCHEME:
	case WORDING_METHOD:
	case WORDING_PATH:
	case WORDING_USER:
	case WORDING_HEADER:
	case WORDING_TYPE:
	case WORDING_KIND_COUNT:
		break;
	}
	return false;
}

/* The kind of what can be said of a dimension, besides groups. */
static bool
is_kind_of(enum wording_kind kind, enum space_dimension dimension)
{
	static const enum space_dimension of[WORDING_KIND_COUNT] = {
		[WORDING_HOURS] = SPACE_TIME,
		[WORDING_SCHEME] = SPACE_SCHEME,
		[WORDING_METHOD] = SPACE_METHOD,
		[WORDING_PATH] = SPACE_PATH,
		[WORDING_USER] = SPACE_USER,
		[WORDING_HEADER] = SPACE_HEADER,
		[WORDING_TYPE] = SPACE_TYPE,
	};

	return kind >= WORDING_HOURS && of[kind] == dimension;
}

bool
region_header_meets(const struct space *space, size_t cell, size_t header)
{
	return (cell >> (space->axes[SPACE_HEADER].bits - 1 - header) & 1) != 0;
}

bool
region_wording_covers(
    const struct side *side, const struct wording *wording, size_t cell)
{
	const struct space *space = side->space;
	bool is_kind = is_kind_of(wording->kind, side->dimension);

	switch (side->dimension) {
	case SPACE_SOURCE:
		return covers_source(space, wording, cell);
	case SPACE_DESTINATION:
		return covers_destination(space, wording, cell);
	case SPACE_NAME:
		return wording->kind == WORDING_GROUP &&
		       in_all(&space->names, cell,
			   space->named.items[wording->number].names);
	case SPACE_TIME:
		return is_kind && in_all(&space->times, cell,
				      space->hours.items[wording->number].set);
	case SPACE_SCHEME:
	case SPACE_METHOD:
	case SPACE_USER:
		return is_kind && cell == wording->number + 1;
	case SPACE_PATH:
		return is_kind &&
		       partition_has(&space->paths, cell, wording->number);
	case SPACE_HEADER:
		return is_kind &&
		       region_header_meets(space, cell, wording->number);
	case SPACE_TYPE:
		return is_kind &&
		       partition_has(&space->types, cell, wording->number);
	case SPACE_MODE:
	case SPACE_SERVICE:
	case SPACE_DIMENSION_COUNT:
		break;
	}
	return false;
}

/* How many words there are of a kind that is asked of requests and times. */
static size_t
words_of_kind(const struct space *space, enum wording_kind kind)
{
	const size_t counts[WORDING_KIND_COUNT] = {
		[WORDING_HOURS] = space->hours.count,
		[WORDING_SCHEME] = space->has_schemes ? POLICY_SCHEME_COUNT : 0,
		[WORDING_METHOD] = space->methods.count,
		[WORDING_PATH] = space->path_patterns.count,
		[WORDING_USER] = space->users.count,
		[WORDING_HEADER] = space->headers.count,
		[WORDING_TYPE] = space->type_patterns.count,
	};

	return counts[kind];
}

static struct str
word_of_kind(const struct space *space, enum wording_kind kind, size_t number)
{
	switch ((unsigned)kind) {
	case WORDING_HOURS:
		return space->hours.items[number].name;
	case WORDING_SCHEME:
		return str_of(policy_scheme_word((enum policy_scheme)number));
	case WORDING_METHOD:
		return space->methods.items[number];
	case WORDING_PATH:
		return space->path_patterns.items[number];
	case WORDING_USER:
		return space->users.items[number];
	case WORDING_HEADER:
		return space->headers.items[number]->name;
	default:
		return space->type_patterns.items[number];
	}
}

static bool
asked_wording_at(const struct space *space, size_t k, struct wording *ret)
{
	for (unsigned i = WORDING_HOURS; i < WORDING_KIND_COUNT; i++) {
		enum wording_kind kind = (enum wording_kind)i;
		if (k < words_of_kind(space, kind)) {
			*ret = (struct wording){ .kind = kind,
				.name = word_of_kind(space, kind, k),
				.number = k };
			return true;
		}
		k -= words_of_kind(space, kind);
	}
	return false;
}

/* The k-th wording, broad ones first; false behind the last. */
bool
region_wording_at(const struct space *space, size_t k, struct wording *ret)
{
	static const char *const families[] = { "0.0.0.0/0", "::/0" };

	for (unsigned p = 0; p < space->policy_count; p++) {
		const struct policy *policy = space->policies[p];
		if (k < policy->zone_count) {
			*ret = zone_wording(
			    space, WORDING_ZONE, policy->zones[k].name);
			return true;
		}
		k -= policy->zone_count;
		if (k < policy->zone_count) {
			*ret = zone_wording(
			    space, WORDING_SELF_IN, policy->zones[k].name);
			return true;
		}
		k -= policy->zone_count;
	}
	if (k < space->named.count) {
		*ret = (struct wording){ .kind = WORDING_GROUP,
			.name = space->named.items[k].name,
			.number = k };
		return true;
	}
	k -= space->named.count;
	if (k > 2)
		return asked_wording_at(space, k - 3, ret);
	if (k == 0)
		*ret = (struct wording){
			.kind = WORDING_SELF, .name = STR("self"), .number = 0
		};
	else
		*ret = (struct wording){ .kind = WORDING_FAMILY,
			.name = str_of(families[k - 1]),
			.number = k - 1 };
	return true;
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
