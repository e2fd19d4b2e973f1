/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space_universe: which flows can be.
 */
#include "policy/space_impl.h"

/* Numbers that stand for a cell, in every dimension. */
static uint32_t
all_cells(struct space *space)
{
	uint32_t set = DIAGRAM_ALL;

	for (unsigned i = SPACE_DIMENSION_COUNT; i-- > 0;)
		set = diagram_and(&space->diagram, set, space->axes[i].all);
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

/* Where no rule speaks of CONNECT, it is one of the others. */
static bool
may_be_connect(const void *context, size_t cell)
{
	const struct question *ask = context;
	const struct space_words *methods = &ask->space->methods;

	return cell == 0 ? !str_is_one_of(
			       STR("CONNECT"), methods->items, methods->count)
			 : is_connect(context, cell);
}

/* Cell 0 is what no condition finds, or nothing at all. */
static uint32_t
has_some(struct space *space, enum space_dimension dimension)
{
	return diagram_minus(
	    &space->diagram, DIAGRAM_ALL, space_one_cell(space, dimension, 0));
}

uint32_t
space_https(struct space *space)
{
	return space->has_schemes ? space_one_cell(space, SPACE_SCHEME,
					POLICY_SCHEME_HTTPS + 1)
				  : DIAGRAM_EMPTY;
}

/* Only where TLS may be opened there are any. */
static bool
opens_some(const struct space *space)
{
	for (unsigned p = 0; p < space->policy_count; p++)
		if (space->policies[p]->inspects)
			return true;
	return false;
}

static uint32_t
has_scheme(struct space *space, enum policy_scheme scheme)
{
	return space->has_schemes
		   ? space_one_cell(space, SPACE_SCHEME, (size_t)scheme + 1)
		   : DIAGRAM_ALL;
}

/*
 * Requests to the explicit proxy: a tunnel tells neither scheme nor path and
 * has no answer that could be looked at; all else is http, or lies inside TLS.
 */
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
	uint32_t plain = has_scheme(space, POLICY_SCHEME_HTTP);
	if (opens_some(space))
		plain = diagram_or(d, plain, space_https(space));
	plain = diagram_minus(
	    d, plain, space_cells(space, SPACE_METHOD, is_connect, &ask));
	uint32_t tunnels =
	    space_cells(space, SPACE_METHOD, may_be_connect, &ask);
	tunnels = diagram_and(d, tunnels, space_one_cell(space, SPACE_PATH, 0));
	tunnels =
	    diagram_and(d, tunnels, space_one_cell(space, SPACE_SCHEME, 0));
	tunnels = diagram_and(d, tunnels, space_one_cell(space, SPACE_TYPE, 0));
	from = diagram_and(
	    d, from, space_cells(space, SPACE_SERVICE, is_asked_for, &ask));
	from = diagram_and(d, from, space_mode(space, SPACE_EXPLICIT));
	return diagram_and(d, from, diagram_or(d, plain, tunnels));
}

/* What a request shows, and who asks. */
static uint32_t
shown(struct space *space)
{
	struct diagram *d = &space->diagram;
	uint32_t head = diagram_or(
	    d, has_some(space, SPACE_METHOD), has_some(space, SPACE_PATH));

	head = diagram_or(d, head, has_some(space, SPACE_HEADER));
	return diagram_or(d, head, has_some(space, SPACE_TYPE));
}

/*
 * What the proxy takes on its way and is no request shows its name at the most,
 * and a request is https only where TLS may be opened: nobody says there who
 * asks.
 * What only one of two policies takes shows the other one nothing anyway.
 */
static uint32_t
silent(struct space *space)
{
	struct diagram *d = &space->diagram;
	uint32_t set = DIAGRAM_EMPTY;

	if (!space->has_schemes)
		return set;
	uint32_t https = space_https(space);
	uint32_t head = diagram_minus(d, shown(space), https);
	head = diagram_or(d, head, has_some(space, SPACE_USER));
	if (!opens_some(space))
		head = diagram_or(d, head, https);
	for (unsigned p = 0; p < space->policy_count; p++)
		set = diagram_or(d, set, space_intercepted(space, p, true));
	set = diagram_minus(d, set, space_mode(space, SPACE_EXPLICIT));
	set = diagram_minus(d, set, has_scheme(space, POLICY_SCHEME_HTTP));
	return diagram_and(d, set, head);
}

static bool
is_udp(const void *context, size_t cell)
{
	const struct question *ask = context;

	return ask->space->services.items[cell].protocol == POLICY_PROTOCOL_UDP;
}

/* Of QUIC the proxy reads the name alone, and it has no scheme. */
static uint32_t
headless(struct space *space)
{
	struct diagram *d = &space->diagram;
	struct question ask = { .space = space };
	uint32_t set = DIAGRAM_EMPTY;

	for (unsigned p = 0; p < space->policy_count; p++)
		set = diagram_or(d, set, space_intercepted(space, p, true));
	set = diagram_and(
	    d, set, space_cells(space, SPACE_SERVICE, is_udp, &ask));
	uint32_t head =
	    diagram_or(d, shown(space), has_some(space, SPACE_USER));
	head = diagram_or(d, head, has_some(space, SPACE_SCHEME));
	return diagram_and(d, set, head);
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
	set = diagram_minus(d, set, silent(space));
	set = diagram_minus(d, set, headless(space));
	set = diagram_and(d, set, space_possible_conditions(space));
	space->universe = diagram_and(d, all_cells(space), set);
}
