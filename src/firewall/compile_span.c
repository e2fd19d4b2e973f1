/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/compile_span.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
bound_cmp(struct bound a, struct bound b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return a.low < b.low ? -1 : a.low > b.low;
}

struct bound
bound_next(struct bound a)
{
	return (struct bound){ a.high + (a.low == UINT64_MAX), a.low + 1 };
}

static struct bound
bound_prev(struct bound a)
{
	return (struct bound){ a.high - (a.low == 0), a.low - 1 };
}

struct bound
bound_or(struct bound a, struct bound b)
{
	return (struct bound){ a.high | b.high, a.low | b.low };
}

static uint64_t
low_bits(unsigned bits)
{
	return bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}

struct bound
bound_low_bits(unsigned bits)
{
	return (struct bound){ bits > 64 ? low_bits(bits - 64) : 0,
		low_bits(bits) };
}

static uint64_t
read_word(const uint8_t *bytes, size_t count)
{
	uint64_t word = 0;

	for (size_t i = 0; i < count; i++)
		word = word << 8 | bytes[i];
	return word;
}

struct bound
bound_of_address(struct address address)
{
	if (address.family == ADDRESS_IPV4)
		return (struct bound){ 0, read_word(address.bytes, 4) };
	return (struct bound){ read_word(address.bytes, 8),
		read_word(address.bytes + 8, 8) };
}

/* Not address_from_bytes: it would take a mask for an IPv4-mapped address. */
struct address
bound_address(struct bound bound, uint8_t family)
{
	size_t count = family == ADDRESS_IPV4 ? 4 : 16;
	struct address address = { .family = family };

	for (size_t i = count; i-- > 0;) {
		size_t up = count - 1 - i;
		uint64_t word = up < 8 ? bound.low : bound.high;
		address.bytes[i] = (uint8_t)(word >> up % 8 * 8);
	}
	return address;
}

void
spans_fini(struct spans *spans)
{
	free(spans->items);
	*spans = (struct spans){ 0 };
}

int
spans_add(struct spans *spans, struct span span)
{
	return VEC_ADD(spans, span);
}

static int
by_first(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	int order = bound_cmp(x->first, y->first);

	if (order != 0)
		return order;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

/* Those that have begun, the lowest rule on top: a binary heap. */
struct begun {
	const struct span **items;
	size_t count;
};

static void
push(struct begun *begun, const struct span *span)
{
	size_t at = begun->count++;

	while (at > 0 && begun->items[(at - 1) / 2]->rule > span->rule) {
		begun->items[at] = begun->items[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	begun->items[at] = span;
}

static void
pop(struct begun *begun)
{
	const struct span *last = begun->items[--begun->count];
	size_t at = 0, down = 1;

	while (down < begun->count) {
		if (down + 1 < begun->count &&
		    begun->items[down + 1]->rule < begun->items[down]->rule)
			down++;
		if (begun->items[down]->rule >= last->rule)
			break;
		begun->items[at] = begun->items[down];
		at = down;
		down = 2 * at + 1;
	}
	begun->items[at] = last;
}

static int
add_piece(
    struct spans *ret, struct bound first, struct bound last, uint32_t rule)
{
	struct span *before =
	    ret->count > 0 ? &ret->items[ret->count - 1] : NULL;

	if (before != NULL && before->rule == rule &&
	    bound_cmp(bound_next(before->last), first) == 0) {
		before->last = last;
		return 0;
	}
	return spans_add(ret, (struct span){ first, last, rule });
}

/* From one bound to the next at which another rule may be the first. */
static int
sweep(const struct spans *spans, struct begun *begun, struct spans *ret)
{
	struct bound at = spans->items[0].first;
	size_t next = 0;
	int rc = 0;

	while (rc == 0 && (next < spans->count || begun->count > 0)) {
		if (begun->count == 0)
			at = spans->items[next].first;
		while (next < spans->count &&
		       bound_cmp(spans->items[next].first, at) <= 0)
			push(begun, &spans->items[next++]);
		while (begun->count > 0 &&
		       bound_cmp(begun->items[0]->last, at) < 0)
			pop(begun);
		if (begun->count == 0)
			continue;
		struct bound last = begun->items[0]->last;
		if (next < spans->count &&
		    bound_cmp(spans->items[next].first, last) <= 0)
			last = bound_prev(spans->items[next].first);
		rc = add_piece(ret, at, last, begun->items[0]->rule);
		at = bound_next(last);
		if (at.high == 0 && at.low == 0)
			break; /* the last address that there is */
	}
	return rc;
}

int
spans_cut(struct spans *spans, struct spans *ret)
{
	struct begun begun = { 0 };

	if (spans->count == 0)
		return 0;
	begun.items = calloc(spans->count, sizeof(struct span *));
	if (begun.items == NULL)
		return -ENOMEM;
	qsort(spans->items, spans->count, sizeof(*spans->items), by_first);
	int rc = sweep(spans, &begun, ret);
	free(begun.items);
	return rc;
}
