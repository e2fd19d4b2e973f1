/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space_universe: which flows can be.
 */
#include "policy/space_impl.h"

static bool
is_any_cell(const void *context, size_t cell)
{
	(void)context;
	(void)cell;
	return true;
}

/* Numbers that stand for a cell, in every dimension. */
static uint32_t
all_cells(struct space *space)
{
	uint32_t set = DIAGRAM_ALL;

	for (unsigned i = 0; i < SPACE_DIMENSION_COUNT; i++)
		set = diagram_and(&space->diagram, set,
		    space_cells(
			space, (enum space_dimension)i, is_any_cell, NULL));
	return set;
}

static uint32_t
one_family(struct space *space)
{
	struct diagram *d = &space->diagram;

	return diagram_or(d,
	    diagram_and(d, space_from_base(space, SPACE_IPV4),
		space_to_base(space, SPACE_IPV4)),
	    diagram_and(d, space_from_base(space, SPACE_IPV6),
		space_to_base(space, SPACE_IPV6)));
}

static bool
is_kind_of_other(const void *context, size_t cell)
{
	const struct question *ask = context;
	const struct space_service *service = &ask->space->services.items[cell];

	if (service->protocol != POLICY_PROTOCOL_ICMP ||
	    service->first >= policy_icmp_kind_count)
		return false;
	const struct policy_icmp_kind *kind =
	    &policy_icmp_kinds[service->first];
	return (ask->set == SPACE_IPV4 ? kind->type4 : kind->type6) < 0;
}

/* Messages of ICMP that the family does not have. */
static uint32_t
no_such_kind(struct space *space, enum space_base family)
{
	struct question ask = { space, .set = family };

	return diagram_and(&space->diagram,
	    space_cells(space, SPACE_SERVICE, is_kind_of_other, &ask),
	    space_to_base(space, family));
}

static bool
is_asked_for(const void *context, size_t cell)
{
	const struct question *ask = context;
	const struct space_service *service = &ask->space->services.items[cell];

	return service->protocol == POLICY_PROTOCOL_TCP && service->first > 0;
}

static bool
is_connect(const void *context, size_t cell)
{
	const struct question *ask = context;

	return cell > 0 &&
	       str_is(ask->space->methods.items[cell - 1], "CONNECT");
}

static bool
is_some_path(const void *context, size_t cell)
{
	(void)context;
	return cell > 0;
}

/* Requests to the explicit proxy: a tunnel tells no path. */
static uint32_t
requests(struct space *space)
{
	struct diagram *d = &space->diagram;
	struct question ask = { .space = space };
	uint32_t from = DIAGRAM_EMPTY;

	for (unsigned p = 0; p < space->policy_count; p++)
		from = diagram_or(d, from,
		    space_from_zones(
			space, p, policy_listen_zones(space->policies[p])));
	uint32_t tunnels_with_path =
	    diagram_and(d, space_cells(space, SPACE_METHOD, is_connect, &ask),
		space_cells(space, SPACE_PATH, is_some_path, &ask));
	from = diagram_and(
	    d, from, space_cells(space, SPACE_SERVICE, is_asked_for, &ask));
	from = diagram_and(d, from, space_mode(space, SPACE_EXPLICIT));
	return diagram_minus(d, from, tunnels_with_path);
}

/* What was intercepted and leads where no packet of the client went. */
static uint32_t
dialled(struct space *space)
{
	struct diagram *d = &space->diagram;
	uint32_t set = DIAGRAM_EMPTY, own = DIAGRAM_EMPTY;

	for (unsigned p = 0; p < space->policy_count; p++) {
		set = diagram_or(d, set, space_intercepted(space, p, true));
		own = diagram_or(d, own,
		    space_to_zones(space, p, policy_zone_bit(ZONE_SELF)));
	}
	set = diagram_and(d, set, space_mode(space, SPACE_DIALLED));
	return diagram_minus(d, set, diagram_minus(d, one_family(space), own));
}

void
space_make_universe(struct space *space)
{
	struct diagram *d = &space->diagram;
	uint32_t set =
	    diagram_and(d, one_family(space), space_mode(space, SPACE_DIRECT));

	set = diagram_minus(d, set, no_such_kind(space, SPACE_IPV4));
	set = diagram_minus(d, set, no_such_kind(space, SPACE_IPV6));
	set = diagram_or(d, set, requests(space));
	set = diagram_or(d, set, dialled(space));
	space->universe = diagram_and(d, all_cells(space), set);
}
