/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_element.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A line of more values is better off with sets of its own. */
#define LINE_ELEMENTS_MAX 64

/* ---- a line as elements ---- */

unsigned
element_width(uint8_t family)
{
	return family == ADDRESS_IPV4 ? 32 : 128;
}

/* What one side of a line asks for. */
struct blocks {
	struct {
		uint8_t bits; /* or SHAPE_NOTHING, SHAPE_RANGES */
		struct bound first, last;
	} items[LINE_ELEMENTS_MAX];
	size_t count;
};

static bool
add_block(
    struct blocks *blocks, uint8_t bits, struct bound first, struct bound last)
{
	if (blocks->count == LINE_ELEMENTS_MAX)
		return false;
	blocks->items[blocks->count].bits = bits;
	blocks->items[blocks->count].first = first;
	blocks->items[blocks->count++].last = last;
	return true;
}

static struct bound
last_of_prefix(struct bound first, unsigned bits, unsigned width)
{
	return bound_or(first, bound_low_bits(width - bits));
}

/* The shortest prefix that begins here and ends within. */
static unsigned
prefix_bits(struct bound first, struct bound last, unsigned width)
{
	unsigned bits = width;

	while (bits > 0) {
		struct bound low = bound_low_bits(width - bits + 1);
		struct bound end = bound_or(first, low);
		if ((first.high & low.high) != 0 ||
		    (first.low & low.low) != 0 || bound_cmp(end, last) > 0)
			break;
		bits--;
	}
	return bits;
}

static bool
add_prefixes(struct blocks *blocks, struct bound first, struct bound last,
    unsigned width)
{
	for (;;) {
		unsigned bits = prefix_bits(first, last, width);
		struct bound end = last_of_prefix(first, bits, width);
		if (!add_block(blocks, (uint8_t)bits, first, end))
			return false;
		if (bound_cmp(end, last) == 0)
			return true;
		first = bound_next(end);
	}
}

static bool
add_addresses(struct blocks *blocks, const struct address_set *set,
    uint8_t family, bool as_ranges)
{
	if ((family == ADDRESS_IPV4 ? set->v4.count : set->v6.count) >
	    LINE_ELEMENTS_MAX)
		return false;
	for (size_t i = 0; i < address_set_count(set); i++) {
		struct address_range range = address_set_range(set, i);
		struct bound first = bound_of_address(range.first);
		struct bound last = bound_of_address(range.last);
		if (range.first.family != family)
			continue;
		if (as_ranges) {
			if (!add_block(blocks, SHAPE_RANGES, first, last))
				return false;
		} else if (!add_prefixes(
			       blocks, first, last, element_width(family))) {
			return false;
		}
	}
	return true;
}

static bool
is_always(const struct match *match)
{
	return match->text.len == 0;
}

static bool
fill_blocks(struct blocks *blocks, const struct match *match, uint8_t family,
    bool as_ranges)
{
	static const struct bound zero = { 0, 0 };

	if (is_always(match))
		return add_block(blocks, SHAPE_NOTHING, zero, zero);
	return match->addresses != NULL &&
	       add_addresses(blocks, match->addresses, family, as_ranges);
}

static void
set_service(struct element *element, const struct policy_service *service)
{
	element->protocol = (uint8_t)service->protocol;
	if (service->first == 0 && service->last == UINT16_MAX) {
		element->shape.service = SHAPE_PROTOCOL;
		return;
	}
	element->shape.service =
	    service->first == service->last ? SHAPE_PORT : SHAPE_PORTS;
	element->first_port = service->first;
	element->last_port = service->last;
}

static int
add_services(struct elements *elements, struct element element,
    const struct match *services)
{
	int rc = 0;

	if (is_always(services))
		return VEC_ADD(elements, element);
	for (size_t i = 0; rc == 0 && i < services->service_count; i++) {
		set_service(&element, &services->services[i]);
		rc = VEC_ADD(elements, element);
	}
	return rc;
}

/* Each with each. */
static int
add_combinations(struct elements *elements, struct element element,
    const struct blocks *source, const struct blocks *destination,
    const struct match *services)
{
	size_t count = source->count * destination->count;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		size_t from = i / destination->count;
		size_t to = i % destination->count;
		element.shape.source = source->items[from].bits;
		element.shape.destination = destination->items[to].bits;
		element.source = source->items[from].first;
		element.destination = destination->items[to].first;
		if (element.shape.source == SHAPE_RANGES)
			element.destination = source->items[from].last;
		if (element.shape.destination == SHAPE_RANGES) {
			element.source = destination->items[to].first;
			element.destination = destination->items[to].last;
		}
		rc = add_services(elements, element, services);
	}
	return rc;
}

bool
elements_add(struct compiler *compiler, struct elements *elements,
    const struct match *const parts[static LINE_PARTS], uint32_t outcome,
    uint32_t line)
{
	const struct match *services = parts[3];
	struct element element = { .outcome = outcome, .line = line };
	struct blocks source, destination;

	source.count = destination.count = 0;
	element.shape.family =
	    parts[1]->family != 0 ? parts[1]->family : parts[2]->family;
	bool is_lone =
	    is_always(services) && is_always(parts[1]) != is_always(parts[2]);
	if (!is_always(parts[0]) ||
	    (is_always(parts[1]) && is_always(parts[2]) &&
		is_always(services)) ||
	    (!is_always(services) && services->service_count == 0) ||
	    !fill_blocks(&source, parts[1], element.shape.family, is_lone) ||
	    !fill_blocks(&destination, parts[2], element.shape.family, is_lone))
		return false;
	size_t each = is_always(services) ? 1 : services->service_count;
	if (source.count * destination.count * each > LINE_ELEMENTS_MAX)
		return false;
	if (add_combinations(
		elements, element, &source, &destination, services) < 0)
		compiler->rc = -ENOMEM;
	return true;
}

/* ---- in their order ---- */

/* So few lengths of prefixes are a hash each: faster than a tree of ranges. */
#define LENGTHS_MAX 3

/* Which lengths the ranges of one side and family have. */
struct lengths {
	bool has[129];
	bool is_odd; /* one of them is no prefix */
};

static struct lengths *
lengths_of(struct lengths all[static 4], const struct shape *shape)
{
	bool is_source = shape->source == SHAPE_RANGES;

	if (!is_source && shape->destination != SHAPE_RANGES)
		return NULL;
	return &all[2 * is_source + (shape->family == ADDRESS_IPV4)];
}

/* -1: no prefix. */
static int
range_bits(const struct element *element)
{
	struct address_range range = {
		bound_address(element->source, element->shape.family),
		bound_address(element->destination, element->shape.family),
	};

	return address_range_prefix(&range);
}

static bool
are_few(const struct lengths *lengths)
{
	size_t count = 0;

	for (size_t i = 0; i < sizeof(lengths->has); i++)
		count += lengths->has[i];
	return !lengths->is_odd && count <= LENGTHS_MAX;
}

static void
make_prefix(struct element *element)
{
	uint8_t bits = (uint8_t)range_bits(element);

	if (element->shape.source == SHAPE_RANGES) {
		element->shape.source = bits;
		element->destination = (struct bound){ 0, 0 };
	} else {
		element->shape.destination = bits;
		element->destination = element->source;
		element->source = (struct bound){ 0, 0 };
	}
}

static void
part_ranges(struct elements *elements)
{
	struct lengths all[4] = { 0 };

	for (size_t i = 0; i < elements->count; i++) {
		struct element *element = &elements->items[i];
		struct lengths *lengths = lengths_of(all, &element->shape);
		if (lengths == NULL)
			continue;
		int bits = range_bits(element);
		if (bits < 0)
			lengths->is_odd = true;
		else
			lengths->has[bits] = true;
	}
	for (size_t i = 0; i < elements->count; i++) {
		struct element *element = &elements->items[i];
		struct lengths *lengths = lengths_of(all, &element->shape);
		if (lengths != NULL && are_few(lengths))
			make_prefix(element);
	}
}

bool
shape_eq(const struct shape *a, const struct shape *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool
shape_is_apart(const struct shape *a, unsigned a_protocols,
    const struct shape *b, unsigned b_protocols)
{
	if (a->family != 0 && b->family != 0 && a->family != b->family)
		return true;
	return a->service != SHAPE_ANY_SERVICE &&
	       b->service != SHAPE_ANY_SERVICE &&
	       (a_protocols & b_protocols) == 0;
}

int
element_cmp_rest(const struct element *a, const struct element *b)
{
	int order = memcmp(&a->shape, &b->shape, sizeof(a->shape));

	if (order == 0)
		order = (int)a->protocol - (int)b->protocol;
	if (order == 0)
		order = bound_cmp(a->source, b->source);
	if (order == 0)
		order = bound_cmp(a->destination, b->destination);
	return order;
}

int
element_cmp(const struct element *a, const struct element *b)
{
	int order = element_cmp_rest(a, b);

	if (order == 0)
		order = (int)a->first_port - (int)b->first_port;
	if (order == 0)
		order = (int)a->last_port - (int)b->last_port;
	return order;
}

static int
by_value(const void *a, const void *b)
{
	const struct element *x = a, *y = b;
	int order = element_cmp(x, y);

	if (order != 0)
		return order;
	return x->outcome < y->outcome ? -1 : x->outcome > y->outcome;
}

void
elements_sort(struct elements *elements)
{
	part_ranges(elements);
	if (elements->count > 0)
		qsort(elements->items, elements->count,
		    sizeof(*elements->items), by_value);
}
