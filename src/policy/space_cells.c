/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space_cells: sources, destinations and services, cut into cells.
 */
#include "policy/space_impl.h"

#include "base/vec.h"
#include "policy/own_listener.h"

#include <errno.h>
#include <stdlib.h>

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
			&space->to.atoms, atom, space->listener_sets[0] + i))
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
mark_port(uint8_t *begins, uint16_t port)
{
	begins[port] = 1;
	if (port < UINT16_MAX)
		begins[port + 1] = 1;
}

static void
mark_policy(
    uint8_t *begins, enum policy_protocol protocol, const struct policy *policy)
{
	struct policy_own_listener own;

	for (size_t i = 0; i < policy->rule_count; i++)
		mark_services(begins, protocol, &policy->rules[i].services);
	for (size_t i = 0; i < policy->intercept_count; i++)
		mark_services(
		    begins, protocol, &policy->intercepts[i].services);
	for (size_t i = 0; policy_own_listener(policy, i, &own); i++)
		mark_port(begins, own.at.port);
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

void
space_make_cells(struct space *space)
{
	make_sources(space);
	make_destinations(space);
	make_services(space);
}
