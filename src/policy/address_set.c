/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/address_set.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

void
address_set_fini(struct address_set *set)
{
	free(set->v4.items);
	free(set->v6.items);
	*set = (struct address_set){ 0 };
}

static uint32_t
to_word(struct address address)
{
	const uint8_t *b = address.bytes;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	       (uint32_t)b[2] << 8 | b[3];
}

static struct address
from_word(uint32_t word)
{
	uint8_t bytes[4] = { (uint8_t)(word >> 24), (uint8_t)(word >> 16),
		(uint8_t)(word >> 8), (uint8_t)word };

	return address_from_bytes(ADDRESS_IPV4, bytes);
}

int
address_set_add(struct address_set *set, const struct address_range *range)
{
	struct range6 item;

	if (range->first.family == ADDRESS_IPV4)
		return VEC_ADD(&set->v4, (struct range4){ to_word(range->first),
					     to_word(range->last) });
	memcpy(item.first, range->first.bytes, sizeof(item.first));
	memcpy(item.last, range->last.bytes, sizeof(item.last));
	return VEC_ADD(&set->v6, item);
}

int
address_set_add_all(struct address_set *set, const struct address_set *from)
{
	for (size_t i = 0; i < address_set_count(from); i++) {
		struct address_range range = address_set_range(from, i);
		if (address_set_add(set, &range) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int
by_first4(const void *a, const void *b)
{
	uint32_t x = ((const struct range4 *)a)->first;
	uint32_t y = ((const struct range4 *)b)->first;

	return (x > y) - (x < y);
}

static int
by_first6(const void *a, const void *b)
{
	return memcmp(((const struct range6 *)a)->first,
	    ((const struct range6 *)b)->first, 16);
}

static size_t
fold4(struct range4 *items, size_t count)
{
	size_t kept = 0;

	for (size_t i = 1; i < count; i++) {
		struct range4 *top = &items[kept];
		/* Neighbours fold too; the sum cannot wrap below the top. */
		if (top->last == UINT32_MAX ||
		    items[i].first <= top->last + 1) {
			if (items[i].last > top->last)
				top->last = items[i].last;
		} else {
			items[++kept] = items[i];
		}
	}
	return kept + 1;
}

static bool
touches6(const struct range6 *top, const struct range6 *next)
{
	struct address last = { .family = ADDRESS_IPV6 };

	if (memcmp(next->first, top->last, 16) <= 0)
		return true;
	memcpy(last.bytes, top->last, 16);
	return address_next(last, &last) &&
	       memcmp(next->first, last.bytes, 16) == 0;
}

static size_t
fold6(struct range6 *items, size_t count)
{
	size_t kept = 0;

	for (size_t i = 1; i < count; i++) {
		struct range6 *top = &items[kept];
		if (!touches6(top, &items[i]))
			items[++kept] = items[i];
		else if (memcmp(items[i].last, top->last, 16) > 0)
			memcpy(top->last, items[i].last, 16);
	}
	return kept + 1;
}

void
address_set_freeze(struct address_set *set)
{
	if (set->v4.count > 1) {
		qsort(set->v4.items, set->v4.count, sizeof(struct range4),
		    by_first4);
		set->v4.count = fold4(set->v4.items, set->v4.count);
	}
	if (set->v6.count > 1) {
		qsort(set->v6.items, set->v6.count, sizeof(struct range6),
		    by_first6);
		set->v6.count = fold6(set->v6.items, set->v6.count);
	}
}

static bool
has4(const struct address_set *set, uint32_t word)
{
	size_t low = 0, high = set->v4.count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (word > set->v4.items[mid].last)
			low = mid + 1;
		else if (word < set->v4.items[mid].first)
			high = mid;
		else
			return true;
	}
	return false;
}

static bool
has6(const struct address_set *set, const uint8_t bytes[static 16])
{
	size_t low = 0, high = set->v6.count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (memcmp(bytes, set->v6.items[mid].last, 16) > 0)
			low = mid + 1;
		else if (memcmp(bytes, set->v6.items[mid].first, 16) < 0)
			high = mid;
		else
			return true;
	}
	return false;
}

static bool
has_a_whole_family(const struct address_set *set)
{
	const struct range4 *r4 = set->v4.items;
	const struct range6 *r6 = set->v6.items;
	struct address past;

	if (set->v4.count == 1 && r4->first == 0 && r4->last == UINT32_MAX)
		return true;
	if (set->v6.count != 1)
		return false;
	struct address first = { .family = ADDRESS_IPV6 }, last = first;
	memcpy(first.bytes, r6->first, 16);
	memcpy(last.bytes, r6->last, 16);
	return !address_prev(first, &past) && !address_next(last, &past);
}

bool
address_set_has(const struct address_set *set, struct address address)
{
	switch (address.family) {
	case ADDRESS_IPV4:
		return has4(set, to_word(address));
	case ADDRESS_IPV6:
		return has6(set, address.bytes);
	default:
		return has_a_whole_family(set);
	}
}

bool
address_set_is_empty(const struct address_set *set)
{
	return address_set_count(set) == 0;
}

size_t
address_set_count(const struct address_set *set)
{
	return set->v4.count + set->v6.count;
}

struct address_range
address_set_range(const struct address_set *set, size_t i)
{
	struct address_range range;

	if (i < set->v4.count) {
		range.first = from_word(set->v4.items[i].first);
		range.last = from_word(set->v4.items[i].last);
		return range;
	}
	const struct range6 *r6 = &set->v6.items[i - set->v4.count];
	range.first = range.last = (struct address){ .family = ADDRESS_IPV6 };
	memcpy(range.first.bytes, r6->first, 16);
	memcpy(range.last.bytes, r6->last, 16);
	return range;
}

bool
address_set_overlap(const struct address_set *a, const struct address_set *b,
    struct address *ret)
{
	size_t i = 0, j = 0;

	/* Both ascend: walk them side by side, dropping what ends first. */
	while (i < address_set_count(a) && j < address_set_count(b)) {
		struct address_range x = address_set_range(a, i);
		struct address_range y = address_set_range(b, j);
		if (address_cmp(x.last, y.first) < 0) {
			i++;
		} else if (address_cmp(y.last, x.first) < 0) {
			j++;
		} else {
			*ret = address_cmp(x.first, y.first) > 0 ? x.first
								 : y.first;
			return true;
		}
	}
	return false;
}
