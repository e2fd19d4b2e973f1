/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space_ask: the sets that rules and policies ask for.
 */
#include "policy/space_impl.h"

#include "policy/own_listener.h"

uint32_t
space_cells(struct space *space, enum space_dimension dimension,
    diagram_has_fn has, const void *context)
{
	const struct space_axis *axis = &space->axes[dimension];

	return diagram_numbers(&space->diagram, axis->first, axis->bits,
	    axis->count, has, context);
}

uint32_t
space_one_cell(struct space *space, enum space_dimension dimension, size_t cell)
{
	const struct space_axis *axis = &space->axes[dimension];
	struct diagram *d = &space->diagram;
	uint32_t set = DIAGRAM_ALL;

	for (unsigned bit = 0; bit < axis->bits; bit++) {
		uint32_t var = axis->first + axis->bits - 1 - bit;
		set = bit < SIZE_WIDTH && (cell >> bit & 1) != 0
			  ? diagram_node(d, var, DIAGRAM_EMPTY, set)
			  : diagram_node(d, var, set, DIAGRAM_EMPTY);
	}
	return set;
}

/* The cells of the endpoint's groups. */
static uint32_t
groups_of(struct space *space, enum space_dimension dimension,
    const struct map *index, const struct policy_endpoint *endpoint)
{
	uint32_t ret = DIAGRAM_EMPTY;

	for (size_t i = 0; i < endpoint->group_count; i++) {
		size_t set = space_index_of(index, &endpoint->groups[i]);
		if (set != 0)
			ret = diagram_or(&space->diagram, ret,
			    space->axes[dimension].sets[set - 1]);
	}
	return ret;
}

uint32_t
space_sources(
    struct space *space, unsigned which, const struct policy_endpoint *from)
{
	return diagram_or(&space->diagram,
	    space_from_zones(space, which, from->zones),
	    groups_of(space, SPACE_SOURCE, &space->from.groups, from));
}

/* The gateway's own addresses, of families that the rule has a target for. */
static uint32_t
published(struct space *space, unsigned which, const struct policy_rule *rule,
    uint64_t zones)
{
	struct diagram *d = &space->diagram;
	uint32_t set = space_own(space, which, zones);

	if (rule->target4.family == ADDRESS_NONE)
		set = diagram_minus(d, set, space_to_base(space, SPACE_IPV4));
	if (rule->target6.family == ADDRESS_NONE)
		set = diagram_and(d, set, space_to_base(space, SPACE_IPV4));
	return set;
}

uint32_t
space_addresses(struct space *space, unsigned which,
    const struct policy_rule *rule, const struct policy_endpoint *to)
{
	struct diagram *d = &space->diagram;
	uint32_t set = diagram_or(d, space_to_zones(space, which, to->zones),
	    groups_of(space, SPACE_DESTINATION, &space->to.groups, to));

	return to->own == 0
		   ? set
		   : diagram_or(d, set, published(space, which, rule, to->own));
}

uint32_t
space_names(struct space *space, const struct policy_endpoint *to)
{
	return groups_of(space, SPACE_NAME, &space->name_index, to);
}

/* Each minute of a cell is in or out, so that its first one speaks for it. */
static bool
is_time(const void *context, size_t cell)
{
	const struct question *ask = context;
	const struct hours *minutes = &ask->space->times.of.times[cell].minutes;

	for (size_t i = 0; i < HOURS_WORDS; i++)
		if (minutes->minutes[i] != 0)
			return (minutes->minutes[i] &
				   ask->rule->during->minutes[i]) != 0;
	return false;
}

uint32_t
space_rule_times(struct space *space, const struct policy_rule *rule)
{
	struct question ask = { space, .rule = rule };

	if (rule->during == NULL)
		return DIAGRAM_ALL;
	return space_cells(space, SPACE_TIME, is_time, &ask);
}

/* Cell 0 is none of the words. */
static bool
is_word(const void *context, size_t cell)
{
	const struct question *ask = context;

	return cell > 0 && str_is_one_of(ask->patterns->items[cell - 1],
			       ask->words, ask->word_count);
}

/* Any of the words, or any at all where none is asked for. */
static uint32_t
words_of(struct space *space, enum space_dimension dimension,
    const struct space_words *all, const struct str *words, size_t count)
{
	struct question ask = { space, .patterns = all, .words = words,
		.word_count = count };

	return count == 0 ? DIAGRAM_ALL
			  : space_cells(space, dimension, is_word, &ask);
}

/* What any of the patterns matches, or all where none is asked for. */
static uint32_t
texts_of(struct space *space, enum space_dimension dimension,
    const struct space_words *all, const struct str *patterns, size_t count)
{
	const uint32_t *cells = space->axes[dimension].sets;
	uint32_t set = count == 0 ? DIAGRAM_ALL : DIAGRAM_EMPTY;

	for (size_t i = 0; i < all->count && count > 0; i++)
		if (str_is_one_of(all->items[i], patterns, count))
			set = diagram_or(&space->diagram, set, cells[i]);
	return set;
}

static bool
is_scheme(const void *context, size_t cell)
{
	const struct question *ask = context;

	return cell > 0 && (ask->rule->schemes >> (cell - 1) & 1) != 0;
}

static uint32_t
schemes_of(struct space *space, const struct policy_rule *rule)
{
	struct question ask = { space, .rule = rule };

	return rule->schemes == 0
		   ? DIAGRAM_ALL
		   : space_cells(space, SPACE_SCHEME, is_scheme, &ask);
}

uint32_t
space_rule_users(struct space *space, const struct policy_rule *rule)
{
	return words_of(
	    space, SPACE_USER, &space->users, rule->users, rule->user_count);
}

uint32_t
space_rule_headers(struct space *space, const struct policy_rule *rule)
{
	uint32_t set = DIAGRAM_ALL;

	for (size_t i = 0; i < rule->header_count; i++)
		set = diagram_and(&space->diagram, set,
		    space->axes[SPACE_HEADER]
			.sets[space_header_index(space, &rule->headers[i])]);
	return set;
}

uint32_t
space_rule_head(struct space *space, const struct policy_rule *rule)
{
	struct diagram *d = &space->diagram;

	uint32_t set = diagram_and(d, schemes_of(space, rule),
	    words_of(space, SPACE_METHOD, &space->methods, rule->methods,
		rule->method_count));
	set = diagram_and(d, set,
	    texts_of(space, SPACE_PATH, &space->path_patterns, rule->paths,
		rule->path_count));
	set = diagram_and(d, set, space_rule_users(space, rule));
	set = diagram_and(d, set, space_rule_headers(space, rule));
	return diagram_and(d, set,
	    texts_of(space, SPACE_TYPE, &space->type_patterns, rule->types,
		rule->type_count));
}

/* The first cell of the protocol that begins at the port or behind it. */
static size_t
service_cell(
    const struct space *space, enum policy_protocol protocol, uint32_t port)
{
	size_t from = 0, end = space->services.count;

	while (from < end) {
		size_t at = from + (end - from) / 2;
		const struct space_service *one = &space->services.items[at];
		if (one->protocol < protocol ||
		    (one->protocol == protocol && one->first < port))
			from = at + 1;
		else
			end = at;
	}
	return from;
}

void
space_protocol(const struct space *space, enum policy_protocol protocol,
    size_t *ret_first, size_t *ret_end)
{
	*ret_first = service_cell(space, protocol, 0);
	*ret_end = service_cell(space, protocol, UINT16_MAX + 1);
}

/* Cells were cut at each service, so that it is some of them, all of each. */
uint32_t
space_services(struct space *space, const struct policy_services *services)
{
	const struct space_axis *axis = &space->axes[SPACE_SERVICE];
	struct diagram *d = &space->diagram;
	uint32_t set = DIAGRAM_EMPTY;

	if (services->count == 0)
		return DIAGRAM_ALL;
	for (size_t i = 0; i < services->count; i++) {
		const struct policy_service *one = &services->items[i];
		size_t first = service_cell(space, one->protocol, one->first);
		size_t end =
		    service_cell(space, one->protocol, (uint32_t)one->last + 1);
		if (first < end)
			set = diagram_or(d, set,
			    diagram_interval(
				d, axis->first, axis->bits, first, end - 1));
	}
	return set;
}

/* Each of the zones has its set, made once. */
static uint32_t
zones_of(struct space *space, const uint32_t cells[SPACE_ZONES], uint64_t zones)
{
	uint32_t set = DIAGRAM_EMPTY;

	for (; zones != 0; zones &= zones - 1)
		set = diagram_or(
		    &space->diagram, set, cells[__builtin_ctzll(zones)]);
	return set;
}

uint32_t
space_from_zones(struct space *space, unsigned which, uint64_t zones)
{
	return zones_of(space, space->zone_cells[which].from, zones);
}

uint32_t
space_to_zones(struct space *space, unsigned which, uint64_t zones)
{
	return zones_of(space, space->zone_cells[which].to, zones);
}

uint32_t
space_own(struct space *space, unsigned which, uint64_t zones)
{
	return zones_of(space, space->zone_cells[which].own, zones);
}

size_t
space_self_first(const struct space *space, enum space_dimension dimension)
{
	return space->axes[dimension].count -
	       space_partition(space, dimension)->count;
}

uint32_t
space_self(struct space *space, enum space_dimension dimension)
{
	const struct space_axis *axis = &space->axes[dimension];

	return diagram_interval(&space->diagram, axis->first, axis->bits,
	    space_self_first(space, dimension), axis->count - 1);
}

static bool
is_mode(const void *context, size_t cell)
{
	return cell == *(const enum space_mode *)context;
}

uint32_t
space_mode(struct space *space, enum space_mode mode)
{
	return space_cells(space, SPACE_MODE, is_mode, &mode);
}

static bool
is_tcp(const void *context, size_t cell)
{
	const struct question *ask = context;
	const struct space_service *service = &ask->space->services.items[cell];

	return service->protocol == POLICY_PROTOCOL_TCP;
}

uint32_t
space_intercepted(struct space *space, unsigned which, bool is_carried)
{
	const struct policy *policy = space->policies[which];
	struct diagram *d = &space->diagram;
	struct question ask = { .space = space };
	uint32_t set = DIAGRAM_EMPTY, carried = DIAGRAM_EMPTY;
	uint32_t tcp = space_cells(space, SPACE_SERVICE, is_tcp, &ask);

	for (size_t i = 0; i < policy->intercept_count; i++) {
		const struct policy_intercept *one = &policy->intercepts[i];
		uint32_t all =
		    diagram_and(d, space_services(space, &one->services),
			space_from_zones(space, which, one->zones));
		set = diagram_or(d, set, all);
		carried = diagram_or(d, carried,
		    one->reads_quic ? all : diagram_and(d, all, tcp));
	}
	return is_carried ? carried : diagram_minus(d, set, carried);
}

uint32_t
space_from_base(struct space *space, enum space_base base)
{
	return space->axes[SPACE_SOURCE].sets[base];
}

uint32_t
space_to_base(struct space *space, enum space_base base)
{
	return space->axes[SPACE_DESTINATION].sets[base];
}

/* The address of the nth of the policy's. */
static uint32_t
place_of(const struct space *space, unsigned which, size_t nth)
{
	return space->axes[SPACE_DESTINATION]
	    .sets[space->listener_sets[which] + nth];
}

/* By TCP and UDP. */
static uint32_t
at_port(struct space *space, uint32_t place, uint16_t port)
{
	struct policy_service ports[] = {
		{ POLICY_PROTOCOL_TCP, port, port, { 0 } },
		{ POLICY_PROTOCOL_UDP, port, port, { 0 } },
	};
	struct policy_services services = { ports, 2 };

	return diagram_and(
	    &space->diagram, place, space_services(space, &services));
}

static uint32_t
own_listener(
    struct space *space, unsigned which, size_t nth, struct address_port at)
{
	enum space_base base =
	    at.address.family == ADDRESS_IPV4 ? SPACE_IPV4 : SPACE_IPV6;
	uint32_t place = place_of(space, which, nth);

	if (policy_own_is_everywhere(at.address))
		place = diagram_and(&space->diagram, space_to_base(space, base),
		    space_to_zones(space, which, policy_zone_bit(ZONE_SELF)));
	return at_port(space, place, at.port);
}

uint32_t
space_listener(struct space *space, unsigned which, size_t listen)
{
	const struct policy_listen *at =
	    &space->policies[which]->listens[listen];
	struct diagram *d = &space->diagram;

	uint32_t set =
	    at_port(space, place_of(space, which, listen), at->at.port);
	set = diagram_and(d, set, space_from_zones(space, which, at->zones));
	return diagram_and(d, set, space_mode(space, SPACE_DIRECT));
}

uint32_t
space_own_listeners(struct space *space, unsigned which)
{
	struct policy_own_listener own;
	struct diagram *d = &space->diagram;
	uint32_t set = DIAGRAM_EMPTY;

	for (size_t i = 0; policy_own_listener(space->policies[which], i, &own);
	     i++) {
		uint32_t closed =
		    diagram_minus(d, own_listener(space, which, i, own.at),
			space_from_zones(space, which, own.open_to));
		set = diagram_or(d, set, closed);
	}
	return diagram_minus(d, set, space_mode(space, SPACE_DIRECT));
}

uint32_t
space_unnamed_local(struct space *space, unsigned which)
{
	struct diagram *d = &space->diagram;
	uint32_t named =
	    space->axes[SPACE_DESTINATION].sets[space->named_local_set + which];
	uint32_t set =
	    diagram_minus(d, space_to_base(space, SPACE_LOCAL), named);

	return diagram_minus(d, set, space_mode(space, SPACE_DIRECT));
}
