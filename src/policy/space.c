/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/space.h"

#include "policy/space_impl.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

_Static_assert(POLICY_FACT_COUNT == 11, "a fact without a dimension");

/* A number for each group that a rule uses. */
#define SPACE_BYTES_MAX ((size_t)256 << 20)

struct base_range {
	enum space_base set;
	const char *text;
};

/* address_is_local_scope and what follows from it, as ranges. */
static const struct base_range base_ranges[] = {
	{ SPACE_IPV4, "0.0.0.0/0" },
	{ SPACE_IPV6, "::/0" },
	{ SPACE_LOCAL, "0.0.0.0/8" },
	{ SPACE_LOCAL, "127.0.0.0/8" },
	{ SPACE_LOCAL, "169.254.0.0/16" },
	{ SPACE_LOCAL, "224.0.0.0/4" },
	{ SPACE_LOCAL, "255.255.255.255" },
	{ SPACE_LOCAL, "::/127" },
	{ SPACE_LOCAL, "fe80::/10" },
	{ SPACE_LOCAL, "ff00::/8" },
	{ SPACE_UNPREFIXED, "0.0.0.0" }, /* a client of DHCP */
	{ SPACE_UNPREFIXED, "169.254.0.0/16" },
	{ SPACE_UNPREFIXED, "fe80::/10" },
	{ SPACE_UNIQUE_LOCAL, "fc00::/7" },
};

void
space_fail(struct space *space, int rc)
{
	if (space->rc == 0)
		space->rc = rc;
}

static void
make_base(struct space *space)
{
	for (size_t i = 0; i < sizeof(base_ranges) / sizeof(base_ranges[0]);
	     i++) {
		struct address_range range;
		const char *why;
		if (address_range_parse(
			str_of(base_ranges[i].text), &range, &why) < 0 ||
		    address_set_add(&space->base[base_ranges[i].set], &range) <
			0)
			space_fail(space, -ENOMEM);
	}
	for (size_t i = 0; i < SPACE_BASE_COUNT; i++)
		address_set_freeze(&space->base[i]);
}

static void
add_set(
    struct space *space, struct space_side *side, const struct address_set *set)
{
	struct partition_set one = { .addresses = set };

	if (VEC_ADD(&side->sets, one) < 0)
		space_fail(space, -ENOMEM);
}

/* A pointer to a group, where it stands, is the key of the group. */
static struct str
group_key(struct policy_group *const *group)
{
	return (struct str){ (const char *)group, sizeof(uintptr_t) };
}

size_t
space_index_of(const struct map *map, struct policy_group *const *group)
{
	const size_t *index = map_get(map, group_key(group));

	return index != NULL ? *index : 0;
}

static void
put_index(struct space *space, struct map *map, struct str key, size_t index)
{
	size_t *kept = arena_new(&space->arena, size_t);

	if (kept == NULL || map_put(map, key, kept) == -ENOMEM) {
		space_fail(space, -ENOMEM);
		return;
	}
	*kept = index;
}

static void
add_endpoint(struct space *space, struct space_side *side,
    const struct policy_endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->group_count; i++) {
		struct policy_group *const *group = &endpoint->groups[i];
		if (address_set_is_empty(&(*group)->addresses) ||
		    space_index_of(&side->groups, group) != 0)
			continue;
		add_set(space, side, &(*group)->addresses);
		put_index(
		    space, &side->groups, group_key(group), side->sets.count);
	}
}

static void
add_domains(struct space *space, const struct policy_endpoint *endpoint)
{
	for (size_t i = 0; i < endpoint->group_count; i++) {
		struct policy_group *const *group = &endpoint->groups[i];
		if ((*group)->domains.count == 0 ||
		    space_index_of(&space->name_index, group) != 0)
			continue;
		struct partition_set one = { .domains = &(*group)->domains };
		if (VEC_ADD(&space->name_sets, one) < 0)
			space_fail(space, -ENOMEM);
		put_index(space, &space->name_index, group_key(group),
		    space->name_sets.count);
	}
}

bool
space_has_word(const struct str *words, size_t count, struct str word)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(words[i], word))
			return true;
	return false;
}

static void
add_words(struct space *space, struct space_words *to, const struct str *words,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!space_has_word(to->items, to->count, words[i]) &&
		    VEC_ADD(to, words[i]) < 0)
			space_fail(space, -ENOMEM);
}

static void
add_headers(struct space *space, const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->header_count; i++) {
		const struct policy_header *header = &rule->headers[i];
		if (space_header_index(space, header) == space->headers.count &&
		    VEC_ADD(&space->headers, header) < 0)
			space_fail(space, -ENOMEM);
	}
	if (space->headers.count > SPACE_HEADERS_MAX)
		space_fail(space, -E2BIG);
}

static void
add_head(struct space *space, const struct policy_rule *rule)
{
	add_words(space, &space->methods, rule->methods, rule->method_count);
	add_words(space, &space->users, rule->users, rule->user_count);
	add_words(space, &space->path_patterns, rule->paths, rule->path_count);
	add_words(space, &space->type_patterns, rule->types, rule->type_count);
	add_headers(space, rule);
	space->has_schemes |= rule->schemes != 0;
}

/* The set of these minutes + 1. */
static size_t
add_hours_set(struct space *space, const struct hours *hours)
{
	struct partition_set one = { .hours = hours };

	for (size_t i = 0; i < space->hour_sets.count; i++)
		if (memcmp(space->hour_sets.items[i].hours, hours,
			sizeof(*hours)) == 0)
			return i + 1;
	if (VEC_ADD(&space->hour_sets, one) < 0)
		space_fail(space, -ENOMEM);
	return space->hour_sets.count;
}

static void
add_hours_name(
    struct space *space, unsigned p, const struct policy_hours *hours)
{
	struct space_hours one = { .name = hours->name };
	size_t i = 0;

	while (i < space->hours.count &&
	       !str_eq(space->hours.items[i].name, hours->name))
		i++;
	if (i == space->hours.count && VEC_ADD(&space->hours, one) < 0) {
		space_fail(space, -ENOMEM);
		return;
	}
	space->hours.items[i].set[p] = add_hours_set(space, &hours->hours);
}

/* What a rule holds during is made of these. */
static void
add_hours(struct space *space)
{
	for (unsigned p = 0; p < space->policy_count; p++) {
		const struct policy *policy = space->policies[p];
		for (size_t i = 0; i < policy->hours_count; i++)
			if (policy->hours[i].used)
				add_hours_name(space, p, &policy->hours[i]);
	}
}

static void
add_side(struct space *space, struct space_side *side)
{
	for (size_t i = 0; i < SPACE_BASE_COUNT; i++)
		add_set(space, side, &space->base[i]);
	for (unsigned p = 0; p < space->policy_count; p++) {
		side->zones[p] = side->sets.count;
		for (uint8_t z = 0; z < space->policies[p]->zone_count; z++)
			add_set(space, side,
			    &space->policies[p]->zones[z].prefixes);
	}
}

static void
add_sides(struct space *space, const struct policy_endpoint *from,
    const struct policy_endpoint *to)
{
	add_endpoint(space, &space->from, from);
	add_endpoint(space, &space->to, to);
	add_domains(space, to);
}

static void
add_rules(struct space *space)
{
	static const struct policy_endpoint none = { 0 };

	for (unsigned p = 0; p < space->policy_count; p++) {
		const struct policy *policy = space->policies[p];
		for (size_t i = 0; i < policy->rule_count; i++) {
			const struct policy_rule *rule = &policy->rules[i];
			add_sides(space, &rule->from, &rule->to);
			if (rule->from.except != NULL)
				add_sides(space, rule->from.except, &none);
			if (rule->to.except != NULL)
				add_sides(space, &none, rule->to.except);
			add_head(space, rule);
		}
	}
}

/* Names by their order in the policies; `known` finds those seen before. */
static void
add_named(struct space *space, struct map *known, unsigned p,
    struct policy_group *const *group)
{
	struct str name = (*group)->name;
	const size_t *index = map_get(known, name);

	if (index == NULL) {
		struct space_name one = { .name = name };
		if (VEC_ADD(&space->named, one) < 0) {
			space_fail(space, -ENOMEM);
			return;
		}
		put_index(space, known, name, space->named.count - 1);
		index = map_get(known, name);
	}
	if (index == NULL)
		return;
	struct space_name *named = &space->named.items[*index];
	named->from[p] = space_index_of(&space->from.groups, group);
	named->to[p] = space_index_of(&space->to.groups, group);
	named->names[p] = space_index_of(&space->name_index, group);
}

static void
find_named(struct space *space)
{
	struct map known;

	map_init(&known, 0);
	for (unsigned p = 0; p < space->policy_count; p++) {
		const struct policy *policy = space->policies[p];
		for (size_t i = 0; i < policy->group_count && space->rc == 0;
		     i++)
			add_named(space, &known, p, &policy->groups[i]);
	}
	map_fini(&known);
}

static void
add_listener(struct space *space, struct address at)
{
	struct address_range range = { at, at };
	struct address_set set = { 0 };

	if (address_set_add(&set, &range) < 0 ||
	    VEC_ADD(&space->listeners, set) < 0) {
		address_set_fini(&set);
		space_fail(space, -ENOMEM);
	}
}

static void
add_listeners(struct space *space)
{
	for (unsigned p = 0; p < space->policy_count; p++)
		for (size_t i = 0; i < space->policies[p]->listen_count; i++)
			add_listener(
			    space, space->policies[p]->listens[i].at.address);
	space->listener_set = space->to.sets.count;
	for (size_t i = 0; i < space->listeners.count; i++)
		add_set(space, &space->to, &space->listeners.items[i]);
}

/* Where the atom's addresses live in policy p. */
static uint8_t
home_of(const struct space *space, const struct space_side *side, size_t atom,
    unsigned p)
{
	const struct policy *policy = space->policies[p];

	if (partition_has(&side->atoms, atom, SPACE_LOCAL))
		return ZONE_SELF;
	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if (partition_has(&side->atoms, atom, side->zones[p] + zone))
			return zone;
	return policy->elsewhere;
}

static void
add_source(struct space *space, const struct space_source *source)
{
	if (VEC_ADD(&space->sources, *source) < 0)
		space_fail(space, -ENOMEM);
}

/*
 * The zone of what has no prefix and enters by an interface: of several zones
 * there, the one that holds all else, or the first.
 */
static uint8_t
zone_on(const struct policy *policy, struct str interface)
{
	uint8_t first = ZONE_NONE;

	for (uint8_t z = policy->zone_count; z-- > 0;) {
		if (!policy_zone_has_interface(&policy->zones[z], interface))
			continue;
		if (z == policy->elsewhere)
			return z;
		first = z;
	}
	return first;
}

static bool
has_unprefixed(const struct space *space, const struct space_source *wanted)
{
	for (size_t i = space->sources.count; i-- > 0;) {
		const struct space_source *source = &space->sources.items[i];
		if (source->atom != wanted->atom)
			break;
		if (memcmp(source->zone, wanted->zone, sizeof(wanted->zone)) ==
		    0)
			return true;
	}
	return false;
}

static void
add_unprefixed_by(struct space *space, size_t atom, struct str interface)
{
	struct space_source source = { .atom = atom, .unprefixed = true };

	for (unsigned p = 0; p < space->policy_count; p++)
		source.zone[p] = zone_on(space->policies[p], interface);
	if (!has_unprefixed(space, &source))
		add_source(space, &source);
}

/* One cell for each way in which the policies see an interface. */
static void
add_unprefixed(struct space *space, size_t atom)
{
	for (unsigned p = 0; p < space->policy_count; p++) {
		const struct policy *policy = space->policies[p];
		for (uint8_t z = 0; z < policy->zone_count; z++)
			for (size_t i = 0; i < policy->zones[z].interface_count;
			     i++)
				add_unprefixed_by(space, atom,
				    policy->zones[z].interfaces[i]);
	}
}

static void
make_sources(struct space *space)
{
	const struct partition *atoms = &space->from.atoms;

	for (size_t atom = 0; atom < atoms->count; atom++) {
		struct space_source source = { .atom = atom };
		if (partition_has(atoms, atom, SPACE_UNPREFIXED))
			add_unprefixed(space, atom);
		if (partition_has(atoms, atom, SPACE_LOCAL))
			continue;
		for (unsigned p = 0; p < space->policy_count; p++)
			source.zone[p] = home_of(space, &space->from, atom, p);
		add_source(space, &source);
	}
	for (size_t atom = 0; atom < atoms->count; atom++)
		add_source(space, &(struct space_source){ .atom = atom,
				      .self = true,
				      .zone = { ZONE_SELF, ZONE_SELF } });
}

static bool
is_listened(const struct space *space, size_t atom)
{
	for (size_t i = 0; i < space->listeners.count; i++)
		if (partition_has(
			&space->to.atoms, atom, space->listener_set + i))
			return true;
	return false;
}

static void
add_destination(struct space *space, size_t atom, bool own)
{
	struct space_destination destination = { .atom = atom, .own = own };

	for (unsigned p = 0; p < space->policy_count; p++) {
		uint8_t home = home_of(space, &space->to, atom, p);
		destination.zone[p] = own ? ZONE_SELF : home;
		destination.own_zone[p] = home;
	}
	if (VEC_ADD(&space->destinations, destination) < 0)
		space_fail(space, -ENOMEM);
}

/* Where the proxy listens is the gateway's own, and so is what is local. */
static void
make_destinations(struct space *space)
{
	const struct partition *atoms = &space->to.atoms;

	for (size_t atom = 0; atom < atoms->count; atom++)
		if (!partition_has(atoms, atom, SPACE_LOCAL) &&
		    !is_listened(space, atom))
			add_destination(space, atom, false);
	for (size_t atom = 0; atom < atoms->count; atom++)
		add_destination(space, atom, true);
}

/* Marks where a range begins, and behind its end. */
static void
mark_services(uint8_t *begins, enum policy_protocol protocol,
    const struct policy_services *services)
{
	for (size_t i = 0; i < services->count; i++) {
		const struct policy_service *item = &services->items[i];
		if (item->protocol != protocol)
			continue;
		begins[item->first] = 1;
		if (item->last < UINT16_MAX)
			begins[item->last + 1] = 1;
	}
}

static void
mark_policy(
    uint8_t *begins, enum policy_protocol protocol, const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		mark_services(begins, protocol, &policy->rules[i].services);
	for (size_t i = 0; i < policy->intercept_count; i++)
		mark_services(
		    begins, protocol, &policy->intercepts[i].services);
	for (size_t i = 0; i < policy->listen_count; i++) {
		begins[policy->listens[i].at.port] = 1;
		if (policy->listens[i].at.port < UINT16_MAX)
			begins[policy->listens[i].at.port + 1] = 1;
	}
}

static void
cut_services(
    struct space *space, const uint8_t *begins, enum policy_protocol protocol)
{
	struct space_service service = { .protocol = protocol };

	for (size_t port = 1; port <= UINT16_MAX + 1; port++) {
		if (port <= UINT16_MAX && begins[port] == 0)
			continue;
		service.last = (uint16_t)(port - 1);
		if (VEC_ADD(&space->services, service) < 0)
			space_fail(space, -ENOMEM);
		service.first = (uint16_t)port;
	}
}

/* Port 0 is cut off: nobody asks the proxy for it. */
static void
make_services(struct space *space)
{
	uint8_t *begins = malloc(UINT16_MAX + 1);

	if (begins == NULL) {
		space_fail(space, -ENOMEM);
		return;
	}
	for (unsigned i = 0; i < POLICY_PROTOCOL_COUNT; i++) {
		enum policy_protocol protocol = (enum policy_protocol)i;
		memset(begins, 0, UINT16_MAX + 1);
		begins[1] = policy_protocol_row(protocol)->has ==
			    POLICY_PROTOCOL_HAS_PORTS;
		/* Kinds of ICMP message that have no name are one. */
		if (policy_protocol_row(protocol)->has ==
		    POLICY_PROTOCOL_HAS_KINDS)
			memset(begins, 1, policy_icmp_kind_count + 1);
		for (unsigned p = 0; p < space->policy_count; p++)
			if (policy_protocol_row(protocol)->has !=
			    POLICY_PROTOCOL_HAS_NOTHING)
				mark_policy(
				    begins, protocol, space->policies[p]);
		cut_services(space, begins, protocol);
	}
	memset(begins, 0, UINT16_MAX + 1);
	cut_services(space, begins, POLICY_PROTOCOL_COUNT);
	free(begins);
}

/* Without the conditions that nobody has, one cell is all there is. */
static int
make_texts(struct space *space)
{
	int rc = partition_paths(&space->paths, space->path_patterns.items,
	    space->path_patterns.count);

	if (rc == 0)
		rc = partition_texts(&space->types, space->type_patterns.items,
		    space->type_patterns.count);
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
		rc = make_texts(space);
	if (rc < 0)
		space_fail(space, rc);
}

static void
make_axes(struct space *space)
{
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
		[SPACE_HEADER] = (size_t)1 << space->headers.count,
		[SPACE_TYPE] = space->types.count,
	};
	uint32_t first = 0;

	for (size_t i = 0; i < SPACE_DIMENSION_COUNT; i++) {
		struct space_axis *axis = &space->axes[i];
		axis->first = first;
		axis->count = counts[i];
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
	make_base(space);
	add_side(space, &space->from);
	add_side(space, &space->to);
	add_rules(space);
	add_hours(space);
	add_listeners(space);
	find_named(space);
	if (space->rc == 0)
		make_partitions(space);
	if (space->rc < 0)
		return space->rc;
	make_sources(space);
	make_destinations(space);
	make_services(space);
	if (space->rc == 0) {
		make_axes(space);
		space_make_sets(space);
	}
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
	free(space->zone_sets.items);
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

int
space_rc(const struct space *space)
{
	return space->rc < 0 ? space->rc : space->diagram.rc;
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
