/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/space_ask: the sets that rules and policies ask for.
 */
#include "policy/space_impl.h"

#include "base/vec.h"

#include <errno.h>

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

uint32_t
space_sources(
    struct space *space, unsigned which, const struct policy_endpoint *from)
{
	return diagram_or(&space->diagram,
	    space_zones(space, &space->from, which, from->zones),
	    space_groups(space, &space->from.groups, space->from.cells, from));
}

/* Own addresses in one of the endpoint's zones, with a target of the family. */
static bool
is_published(const void *context, size_t cell)
{
	const struct question *ask = context;
	const struct space_destination *destination =
	    &ask->space->destinations.items[cell];
	const struct partition *atoms = &ask->space->to.atoms;
	const struct policy_rule *rule = ask->rule;

	return destination->zone[ask->which] == ZONE_SELF &&
	       (ask->endpoint->own &
		   policy_zone_bit(destination->own_zone[ask->which])) != 0 &&
	       (partition_has(atoms, destination->atom, SPACE_IPV4)
		       ? rule->target4.family
		       : rule->target6.family) != ADDRESS_NONE;
}

uint32_t
space_addresses(struct space *space, unsigned which,
    const struct policy_rule *rule, const struct policy_endpoint *to)
{
	struct question ask = { space, which, .rule = rule, .endpoint = to };
	struct diagram *d = &space->diagram;

	uint32_t set =
	    diagram_or(d, space_zones(space, &space->to, which, to->zones),
		space_groups(space, &space->to.groups, space->to.cells, to));
	if (to->own != 0)
		set = diagram_or(d, set,
		    space_cells(space, SPACE_DESTINATION, is_published, &ask));
	return set;
}

uint32_t
space_names(struct space *space, const struct policy_endpoint *to)
{
	return space_groups(space, &space->name_index, space->name_cells, to);
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

	return cell > 0 && space_has_word(ask->words, ask->word_count,
			       ask->patterns->items[cell - 1]);
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
texts_of(struct space *space, const struct space_words *all,
    const uint32_t *cells, const struct str *patterns, size_t count)
{
	uint32_t set = count == 0 ? DIAGRAM_ALL : DIAGRAM_EMPTY;

	for (size_t i = 0; i < all->count && count > 0; i++)
		if (space_has_word(patterns, count, all->items[i]))
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

static bool
has_each(const struct str *words, size_t count, const struct str *in,
    size_t in_count)
{
	for (size_t i = 0; i < count; i++)
		if (!space_has_word(in, in_count, words[i]))
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

uint32_t
space_condition(
    struct space *space, enum space_dimension dimension, size_t number)
{
	return diagram_node(&space->diagram,
	    space->axes[dimension].first + (uint32_t)number, DIAGRAM_EMPTY,
	    DIAGRAM_ALL);
}

static uint32_t
headers_of(struct space *space, const struct policy_rule *rule)
{
	uint32_t set = DIAGRAM_ALL;

	for (size_t i = 0; i < rule->header_count; i++)
		set = diagram_and(&space->diagram, set,
		    space_condition(space, SPACE_HEADER,
			space_header_index(space, &rule->headers[i])));
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
	    texts_of(space, &space->path_patterns, space->path_cells,
		rule->paths, rule->path_count));
	set = diagram_and(d, set,
	    words_of(space, SPACE_USER, &space->users, rule->users,
		rule->user_count));
	set = diagram_and(d, set, headers_of(space, rule));
	return diagram_and(d, set,
	    texts_of(space, &space->type_patterns, space->type_cells,
		rule->types, rule->type_count));
}

/* The first cell of the protocol that ends at this port or behind it. */
static size_t
service_cell(
    const struct space *space, enum policy_protocol protocol, uint16_t port)
{
	size_t low = 0, high = space->services.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct space_service *at = &space->services.items[middle];
		if (at->protocol < protocol ||
		    (at->protocol == protocol && at->last < port))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Cells were cut at each service, so that it has all of a cell or nothing. */
uint32_t
space_services(struct space *space, const struct policy_services *services)
{
	const struct space_axis *axis = &space->axes[SPACE_SERVICE];
	uint32_t set = services->count == 0 ? DIAGRAM_ALL : DIAGRAM_EMPTY;

	for (size_t i = 0; i < services->count; i++) {
		const struct policy_service *item = &services->items[i];
		size_t first = service_cell(space, item->protocol, item->first);
		size_t last = service_cell(space, item->protocol, item->last);
		set = diagram_or(&space->diagram, set,
		    diagram_interval(
			&space->diagram, axis->first, axis->bits, first, last));
	}
	return set;
}

static bool
is_from_zone(const void *context, size_t cell)
{
	const struct question *ask = context;
	const struct space_source *source = &ask->space->sources.items[cell];

	return (ask->zones & policy_zone_bit(source->zone[ask->which])) != 0;
}

uint32_t
space_from_zones(struct space *space, unsigned which, uint64_t zones)
{
	struct question ask = { space, which, .zones = zones };

	return space_cells(space, SPACE_SOURCE, is_from_zone, &ask);
}

static bool
is_to_zone(const void *context, size_t cell)
{
	const struct question *ask = context;
	const struct space_destination *destination =
	    &ask->space->destinations.items[cell];

	return (ask->zones & policy_zone_bit(destination->zone[ask->which])) !=
	       0;
}

uint32_t
space_to_zones(struct space *space, unsigned which, uint64_t zones)
{
	struct question ask = { space, which, .zones = zones };

	return space_cells(space, SPACE_DESTINATION, is_to_zone, &ask);
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

/* What the proxy can carry, or not: nobody has a server at port 0. */
static bool
is_carriable(const void *context, size_t cell)
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
	uint32_t set = DIAGRAM_EMPTY;

	for (size_t i = 0; i < policy->intercept_count; i++) {
		const struct policy_intercept *one = &policy->intercepts[i];
		set = diagram_or(d, set,
		    diagram_and(d, space_services(space, &one->services),
			space_from_zones(space, which, one->zones)));
	}
	uint32_t carried =
	    space_cells(space, SPACE_SERVICE, is_carriable, &ask);
	return is_carried ? diagram_and(d, set, carried)
			  : diagram_minus(d, set, carried);
}

static bool
is_from_set(const void *context, size_t cell)
{
	const struct question *ask = context;

	return partition_has(&ask->space->from.atoms,
	    ask->space->sources.items[cell].atom, ask->set);
}

uint32_t
space_from_base(struct space *space, enum space_base base)
{
	struct question ask = { space, .set = base };

	return space_cells(space, SPACE_SOURCE, is_from_set, &ask);
}

static bool
is_to_set(const void *context, size_t cell)
{
	const struct question *ask = context;

	return partition_has(&ask->space->to.atoms,
	    ask->space->destinations.items[cell].atom, ask->set);
}

uint32_t
space_to_base(struct space *space, enum space_base base)
{
	struct question ask = { space, .set = base };

	return space_cells(space, SPACE_DESTINATION, is_to_set, &ask);
}

uint32_t
space_listener(struct space *space, unsigned which, size_t listen)
{
	const struct policy_listen *at =
	    &space->policies[which]->listens[listen];
	struct policy_service port = { .protocol = POLICY_PROTOCOL_TCP,
		.first = at->at.port,
		.last = at->at.port };
	struct policy_services services = { &port, 1 };
	struct question ask = { space, which,
		.set = space->listener_set + listen +
		       (which > 0 ? space->policies[0]->listen_count : 0) };
	struct diagram *d = &space->diagram;

	uint32_t set = diagram_and(d,
	    space_cells(space, SPACE_DESTINATION, is_to_set, &ask),
	    space_services(space, &services));
	set = diagram_and(d, set, space_from_zones(space, which, at->zones));
	return diagram_and(d, set, space_mode(space, SPACE_DIRECT));
}
