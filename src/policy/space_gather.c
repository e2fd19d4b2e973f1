/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space_gather: what the policies ask for, each once: sets of addresses
 * and names, words, hours, conditions on header fields.
 */
#include "policy/space_impl.h"

#include "base/vec.h"
#include "policy/own_listener.h"

#include <errno.h>

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

static void
add_words(struct space *space, struct space_words *to, const struct str *words,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!str_is_one_of(words[i], to->items, to->count) &&
		    VEC_ADD(to, words[i]) < 0)
			space_fail(space, -ENOMEM);
}

static bool
has_each(const struct str *words, size_t count, const struct str *in,
    size_t in_count)
{
	for (size_t i = 0; i < count; i++)
		if (!str_is_one_of(words[i], in, in_count))
			return false;
	return true;
}

static bool
is_same_header(const struct policy_header *a, const struct policy_header *b)
{
	return str_eq_nocase(a->name, b->name) &&
	       has_each(a->values, a->value_count, b->values, b->value_count) &&
	       has_each(b->values, b->value_count, a->values, a->value_count);
}

size_t
space_header_index(
    const struct space *space, const struct policy_header *header)
{
	size_t i = 0;

	while (i < space->headers.count &&
	       !is_same_header(space->headers.items[i], header))
		i++;
	return i;
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
	if (space->policy_count > 1 && space->headers.count > SPACE_HEADERS_MAX)
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

/* The unspecified address leads to a loopback one (policy/own_listener). */
static int
add_places(struct address_set *set, struct address at)
{
	struct address_range range = { at, at };
	int rc = address_set_add(set, &range);

	if (rc < 0 || !policy_own_is_loopback(at))
		return rc;
	range.first = range.last = (struct address){ .family = at.family };
	return address_set_add(set, &range);
}

static void
add_listener(struct space *space, struct address at)
{
	struct address_set set = { 0 };

	if (add_places(&set, at) < 0 || VEC_ADD(&space->listeners, set) < 0) {
		address_set_fini(&set);
		space_fail(space, -ENOMEM);
	}
}

static void
add_listeners(struct space *space)
{
	struct policy_own_listener own;

	for (unsigned p = 0; p < space->policy_count; p++) {
		space->listener_sets[p] =
		    space->to.sets.count + space->listeners.count;
		for (size_t i = 0;
		     policy_own_listener(space->policies[p], i, &own); i++)
			add_listener(space, own.at.address);
	}
	for (size_t i = 0; i < space->listeners.count; i++)
		add_set(space, &space->to, &space->listeners.items[i]);
}

static void
add_named_local(struct space *space)
{
	space->named_local_set = space->to.sets.count;
	for (unsigned p = 0; p < space->policy_count; p++)
		add_set(space, &space->to, &space->policies[p]->named_local);
}

void
space_gather(struct space *space)
{
	make_base(space);
	add_side(space, &space->from);
	add_side(space, &space->to);
	add_rules(space);
	add_hours(space);
	add_listeners(space);
	add_named_local(space);
	find_named(space);
}
