/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/address_set.h"

#include "base/vec.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

void
address_set_fini(struct address_set *set)
{
	rank4_fini(&set->v4.rank);
	rank6_fini(&set->v6.rank);
	free(set->v4.items);
	free(set->v6.items);
	*set = (struct address_set){ 0 };
}

static uint32_t
to_word(struct address address)
{
	uint32_t word;

	memcpy(&word, address.bytes, sizeof(word));
	return be32toh(word);
}

static struct address
from_word(uint32_t word)
{
	word = htobe32(word);
	return address_from_bytes(ADDRESS_IPV4, &word);
}

static void
to_words(struct address address, uint64_t ret[static 2])
{
	memcpy(ret, address.bytes, sizeof(address.bytes));
	ret[0] = be64toh(ret[0]);
	ret[1] = be64toh(ret[1]);
}

static struct address
from_words(const uint64_t words[static 2])
{
	uint64_t big[2] = { htobe64(words[0]), htobe64(words[1]) };
	struct address address = { .family = ADDRESS_IPV6 };

	memcpy(address.bytes, big, sizeof(address.bytes));
	return address;
}

int
address_set_add(struct address_set *set, const struct address_range *range)
{
	struct range6 item;

	if (range->first.family == ADDRESS_IPV4)
		return VEC_ADD(&set->v4, (struct range4){ to_word(range->first),
					     to_word(range->last) });
	to_words(range->first, item.first);
	to_words(range->last, item.last);
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
cmp_words(const uint64_t a[static 2], const uint64_t b[static 2])
{
	if (a[0] != b[0])
		return a[0] < b[0] ? -1 : 1;
	return (a[1] > b[1]) - (a[1] < b[1]);
}

static int
by_first6(const void *a, const void *b)
{
	return cmp_words(((const struct range6 *)a)->first,
	    ((const struct range6 *)b)->first);
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
	uint64_t behind[2] = { top->last[0], top->last[1] + 1 };

	if (cmp_words(next->first, top->last) <= 0)
		return true;
	/* Nothing begins behind the end of the space. */
	if (behind[1] == 0 && ++behind[0] == 0)
		return false;
	return cmp_words(next->first, behind) == 0;
}

static size_t
fold6(struct range6 *items, size_t count)
{
	size_t kept = 0;

	for (size_t i = 1; i < count; i++) {
		struct range6 *top = &items[kept];
		if (!touches6(top, &items[i]))
			items[++kept] = items[i];
		else if (cmp_words(items[i].last, top->last) > 0)
			memcpy(top->last, items[i].last, sizeof(top->last));
	}
	return kept + 1;
}

/* Gives back what is free behind them; where that fails, they stay. */
static void *
trim(void *items, size_t count, size_t size, size_t *room)
{
	void *trimmed = count > 0 ? realloc(items, count * size) : NULL;

	if (trimmed == NULL)
		return items;
	*room = count;
	return trimmed;
}

static void
freeze4(struct address_set *set)
{
	struct range4 *items = set->v4.items;
	size_t count = set->v4.count;

	if (count > 1) {
		qsort(items, count, sizeof(*items), by_first4);
		count = fold4(items, count);
	}
	items = trim(items, count, sizeof(*items), &set->v4.room);
	set->v4.items = items;
	set->v4.count = count;
	rank4_fini(&set->v4.rank);
	rank4_init(&set->v4.rank, count > 0 ? &items->first : NULL,
	    sizeof(*items) / sizeof(items->first), count);
}

static void
freeze6(struct address_set *set)
{
	struct range6 *items = set->v6.items;
	size_t count = set->v6.count;

	if (count > 1) {
		qsort(items, count, sizeof(*items), by_first6);
		count = fold6(items, count);
	}
	items = trim(items, count, sizeof(*items), &set->v6.room);
	set->v6.items = items;
	set->v6.count = count;
	rank6_fini(&set->v6.rank);
	rank6_init(&set->v6.rank, count > 0 ? items->first : NULL,
	    sizeof(*items) / sizeof(items->first[0]), count);
}

void
address_set_freeze(struct address_set *set)
{
	freeze4(set);
	freeze6(set);
}

static bool
has4(const struct address_set *set, uint32_t word)
{
	size_t at = rank4_find(&set->v4.rank, word);

	return at != RANK_NONE && word <= set->v4.items[at].last;
}

static bool
has6(const struct address_set *set, struct address address)
{
	uint64_t words[2];

	to_words(address, words);
	size_t at = rank6_find(&set->v6.rank, words);
	return at != RANK_NONE && cmp_words(words, set->v6.items[at].last) <= 0;
}

bool
address_set_is_whole(const struct address_set *set, uint8_t family)
{
	const struct range4 *r4 = set->v4.items;
	const struct range6 *r6 = set->v6.items;

	if (family == ADDRESS_IPV4)
		return set->v4.count == 1 && r4->first == 0 &&
		       r4->last == UINT32_MAX;
	return set->v6.count == 1 && (r6->first[0] | r6->first[1]) == 0 &&
	       (r6->last[0] & r6->last[1]) == UINT64_MAX;
}

bool
address_set_has(const struct address_set *set, struct address address)
{
	switch (address.family) {
	case ADDRESS_IPV4:
		return has4(set, to_word(address));
	case ADDRESS_IPV6:
		return has6(set, address);
	default:
		return address_set_is_whole(set, ADDRESS_IPV4) ||
		       address_set_is_whole(set, ADDRESS_IPV6);
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
	range.first = from_words(r6->first);
	range.last = from_words(r6->last);
	return range;
}

/* The first range that does not end before the address; the count: none. */
static size_t
find_not_before(const struct address_set *set, struct address address)
{
	size_t low = 0, high = address_set_count(set);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct address_range range = address_set_range(set, middle);
		if (address_cmp(range.last, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Of two ranges that have something in common, the first of it. */
static struct address
first_shared(const struct address_range *x, const struct address_range *y)
{
	return address_cmp(x->first, y->first) > 0 ? x->first : y->first;
}

/* Each range of the small one is looked for in the large one. */
static bool
overlap_by_search(const struct address_set *small,
    const struct address_set *large, struct address *ret)
{
	for (size_t i = 0; i < address_set_count(small); i++) {
		struct address_range x = address_set_range(small, i);
		size_t at = find_not_before(large, x.first);
		if (at == address_set_count(large))
			return false;
		struct address_range y = address_set_range(large, at);
		if (address_cmp(y.first, x.last) > 0)
			continue;
		*ret = first_shared(&x, &y);
		return true;
	}
	return false;
}

/* Both ascend: walk them side by side, dropping what ends first. */
static bool
overlap_by_walk(const struct address_set *a, const struct address_set *b,
    struct address *ret)
{
	size_t i = 0, j = 0;

	while (i < address_set_count(a) && j < address_set_count(b)) {
		struct address_range x = address_set_range(a, i);
		struct address_range y = address_set_range(b, j);
		if (address_cmp(x.last, y.first) < 0) {
			i++;
		} else if (address_cmp(y.last, x.first) < 0) {
			j++;
		} else {
			*ret = first_shared(&x, &y);
			return true;
		}
	}
	return false;
}

/* So many times larger, a search in it costs less than a walk through it. */
#define SEARCH_FROM 32

bool
address_set_overlap(const struct address_set *a, const struct address_set *b,
    struct address *ret)
{
	size_t in_a = address_set_count(a), in_b = address_set_count(b);

	if (in_a / SEARCH_FROM >= in_b)
		return overlap_by_search(b, a, ret);
	if (in_b / SEARCH_FROM >= in_a)
		return overlap_by_search(a, b, ret);
	return overlap_by_walk(a, b, ret);
}
