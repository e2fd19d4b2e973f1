/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/span_set.h"

#include <stdlib.h>

#define V4_FIRST 0xffff00000000U
#define V4_LAST  0xffffffffffffU

static const struct span whole = { { 0, 0 }, { UINT64_MAX, UINT64_MAX } };
static const struct span family4 = { { 0, V4_FIRST }, { 0, V4_LAST } };
static const struct span family6[] = {
	{ { 0, 0 }, { 0, V4_FIRST - 1 } },
	{ { 0, V4_LAST + 1 }, { UINT64_MAX, UINT64_MAX } },
};

static int
key_cmp(struct key a, struct key b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return a.low == b.low ? 0 : a.low < b.low ? -1 : 1;
}

static struct key
key_next(struct key key)
{
	return (struct key){ key.high + (key.low == UINT64_MAX), key.low + 1 };
}

static struct key
key_prev(struct key key)
{
	return (struct key){ key.high - (key.low == 0), key.low - 1 };
}

struct span_set
span_set_all(void)
{
	return (struct span_set){ &whole, 1 };
}

struct span_set
span_set_family(enum address_family family)
{
	if (family == ADDRESS_IPV4)
		return (struct span_set){ &family4, 1 };
	if (family == ADDRESS_IPV6)
		return (struct span_set){ family6, 2 };
	return span_set_all();
}

struct span_set
span_set_one(struct arena *arena, struct span span)
{
	struct span *at = arena_new(arena, struct span);

	if (at == NULL)
		return (struct span_set){ 0 };
	*at = span;
	return (struct span_set){ at, 1 };
}

static int
by_first(const void *a, const void *b)
{
	const struct span *one = a, *other = b;

	return key_cmp(one->first, other->first);
}

/* Whether b, which does not begin before a, leaves no gap behind it. */
static bool
is_touching(struct span a, struct span b)
{
	return key_cmp(b.first, a.last) <= 0 ||
	       key_cmp(b.first, key_next(a.last)) == 0;
}

struct span_set
span_set_make(struct arena *arena, struct span *spans, size_t count)
{
	struct span *at = arena_array(arena, count, sizeof(*at));
	size_t made = 0;

	if (at == NULL || count == 0)
		return (struct span_set){ 0 };
	qsort(spans, count, sizeof(*spans), by_first);
	for (size_t i = 0; i < count; i++) {
		if (made == 0 || !is_touching(at[made - 1], spans[i]))
			at[made++] = spans[i];
		else if (key_cmp(at[made - 1].last, spans[i].last) < 0)
			at[made - 1].last = spans[i].last;
	}
	return (struct span_set){ at, made };
}

static struct key
key_max(struct key a, struct key b)
{
	return key_cmp(a, b) < 0 ? b : a;
}

static struct key
key_min(struct key a, struct key b)
{
	return key_cmp(a, b) < 0 ? a : b;
}

struct span_set
span_set_and(struct arena *arena, struct span_set a, struct span_set b)
{
	struct span *at = arena_array(arena, a.count + b.count, sizeof(*at));
	size_t i = 0, j = 0, made = 0;

	while (at != NULL && i < a.count && j < b.count) {
		struct span both = { key_max(a.at[i].first, b.at[j].first),
			key_min(a.at[i].last, b.at[j].last) };
		if (key_cmp(both.first, both.last) <= 0)
			at[made++] = both;
		if (key_cmp(a.at[i].last, b.at[j].last) < 0)
			i++;
		else
			j++;
	}
	return (struct span_set){ at, made };
}

struct span_set
span_set_not(struct arena *arena, struct span_set set)
{
	struct span *at = arena_array(arena, set.count + 1, sizeof(*at));
	struct key from = whole.first;
	size_t made = 0;

	if (at == NULL)
		return (struct span_set){ 0 };
	for (size_t i = 0; i < set.count; i++) {
		if (key_cmp(from, set.at[i].first) < 0)
			at[made++] =
			    (struct span){ from, key_prev(set.at[i].first) };
		if (key_cmp(set.at[i].last, whole.last) == 0)
			return (struct span_set){ at, made };
		from = key_next(set.at[i].last);
	}
	at[made++] = (struct span){ from, whole.last };
	return (struct span_set){ at, made };
}

struct span_set
span_set_minus(struct arena *arena, struct span_set a, struct span_set b)
{
	return span_set_and(arena, a, span_set_not(arena, b));
}

struct span_set
span_set_or(struct arena *arena, struct span_set a, struct span_set b)
{
	size_t count = a.count + b.count;
	struct span *at = arena_array(arena, count, sizeof(*at));

	if (at == NULL)
		return (struct span_set){ 0 };
	if (a.count > 0)
		memcpy(at, a.at, a.count * sizeof(*at));
	if (b.count > 0)
		memcpy(at + a.count, b.at, b.count * sizeof(*at));
	return span_set_make(arena, at, count);
}

bool
span_set_meet(struct span_set a, struct span_set b)
{
	size_t i = 0, j = 0;

	while (i < a.count && j < b.count) {
		if (key_cmp(a.at[i].last, b.at[j].first) < 0)
			i++;
		else if (key_cmp(b.at[j].last, a.at[i].first) < 0)
			j++;
		else
			return true;
	}
	return false;
}

bool
span_set_eq(struct span_set a, struct span_set b)
{
	return a.count == b.count &&
	       (a.count == 0 ||
		   memcmp(a.at, b.at, a.count * sizeof(*a.at)) == 0);
}

bool
span_set_covers(struct span_set a, struct span_set b)
{
	size_t i = 0;

	for (size_t j = 0; j < b.count; j++) {
		while (i < a.count && key_cmp(a.at[i].last, b.at[j].first) < 0)
			i++;
		if (i == a.count || key_cmp(a.at[i].first, b.at[j].first) > 0 ||
		    key_cmp(a.at[i].last, b.at[j].last) < 0)
			return false;
	}
	return true;
}

static struct key
key_of(struct address address)
{
	unsigned width = address_width(address);
	struct key key = { 0, width == 4 ? 0xffff : 0 };

	for (unsigned i = 0; i < width; i++) {
		if (width == 16)
			key.high = key.high << 8 | key.low >> 56;
		key.low = key.low << 8 | address.bytes[i];
	}
	return key;
}

static struct address
key_to_address(struct key key, enum address_family family)
{
	struct address address = { .family = (uint8_t)family };
	unsigned width = address_width(address);

	for (unsigned i = width; i-- > 0;) {
		address.bytes[i] = (uint8_t)key.low;
		key.low = key.low >> 8 | key.high << 56;
		key.high >>= 8;
	}
	return address;
}

struct span
span_of_range(const struct address_range *range)
{
	return (struct span){ key_of(range->first), key_of(range->last) };
}

struct address_range
span_to_range(struct span span)
{
	struct span_set one = { &span, 1 };
	enum address_family family =
	    span_set_covers(span_set_family(ADDRESS_IPV4), one) ? ADDRESS_IPV4
								: ADDRESS_IPV6;

	return (struct address_range){ key_to_address(span.first, family),
		key_to_address(span.last, family) };
}
