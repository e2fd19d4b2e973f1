/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/bans.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

void
bans_fini(struct bans *bans)
{
	free(bans->items);
	*bans = BANS_EMPTY;
}

static bool
is_prefix(const struct address_range *range)
{
	return !address_eq(range->first, range->last);
}

bool
ban_is_prefix(const struct ban *ban)
{
	return is_prefix(&ban->range);
}

static bool
contains(const struct address_range *a, const struct address_range *b)
{
	return address_range_has(a, b->first) && address_range_has(a, b->last);
}

/* Of two prefixes one lies in the other, or they have nothing in common. */
bool
ban_touches(const struct ban *ban, const struct address_range *range)
{
	return contains(&ban->range, range) || contains(range, &ban->range);
}

static int
cmp_ranges(const struct address_range *a, const struct address_range *b)
{
	int order = address_cmp(a->first, b->first);

	return order != 0 ? order : address_cmp(b->last, a->last);
}

/* Where the range is, or would be. */
static size_t
place_of(const struct bans *bans, const struct address_range *range)
{
	size_t low = 0, high = bans->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (cmp_ranges(&bans->items[middle].range, range) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct ban *
bans_find(const struct bans *bans, const struct address_range *range)
{
	size_t at = place_of(bans, range);

	if (at == bans->count || cmp_ranges(&bans->items[at].range, range) != 0)
		return NULL;
	return &bans->items[at];
}

static int
insert(struct bans *bans, const struct ban *ban)
{
	size_t at = place_of(bans, &ban->range);
	bool prefix = ban_is_prefix(ban);

	if (bans->count >= BANS_MAX ||
	    (prefix && bans->prefixes >= BANS_PREFIXES_MAX))
		return -ENOSPC;
	if (VEC_ADD(bans, *ban) < 0)
		return -ENOMEM;
	memmove(&bans->items[at + 1], &bans->items[at],
	    (bans->count - 1 - at) * sizeof(*bans->items));
	bans->items[at] = *ban;
	bans->prefixes += prefix;
	return 0;
}

int
bans_put(struct bans *bans, const struct ban *ban)
{
	bool had_one = bans_find(bans, &ban->range) != NULL;
	int rc = had_one ? 1 : insert(bans, ban);

	if (had_one)
		bans->items[place_of(bans, &ban->range)] = *ban;
	bans->changes += rc >= 0;
	return rc;
}

const struct ban *
bans_cover(const struct bans *bans, struct address address)
{
	for (size_t i = 0; i < bans->count; i++)
		if (address_range_has(&bans->items[i].range, address))
			return &bans->items[i];
	return NULL;
}

bool
bans_remove(struct bans *bans, const struct address_range *range)
{
	const struct ban *ban = bans_find(bans, range);

	if (ban == NULL)
		return false;
	size_t at = (size_t)(ban - bans->items);
	bans->prefixes -= ban_is_prefix(ban);
	bans->count--;
	memmove(&bans->items[at], &bans->items[at + 1],
	    (bans->count - at) * sizeof(*bans->items));
	bans->changes++;
	return true;
}

const struct ban *
bans_first_to_end(const struct bans *bans)
{
	const struct ban *first = NULL;

	for (size_t i = 0; i < bans->count; i++) {
		const struct ban *ban = &bans->items[i];
		if (ban->ends != 0 &&
		    (first == NULL || ban->ends < first->ends))
			first = ban;
	}
	return first;
}

static int64_t
later(int64_t a, int64_t b)
{
	if (a == 0 || b == 0)
		return 0;
	return a > b ? a : b;
}

/* The sorting has each outer one before those that lie in it. */
void
bans_ranges(const struct bans *bans, bool prefixes_only, bans_range_fn each,
    void *context)
{
	struct address_range outer = { 0 };
	int64_t ends = 0;
	bool has_outer = false;

	for (size_t i = 0; i < bans->count; i++) {
		const struct ban *ban = &bans->items[i];
		if (prefixes_only && !ban_is_prefix(ban))
			continue;
		if (has_outer && contains(&outer, &ban->range)) {
			ends = later(ends, ban->ends);
			continue;
		}
		if (has_outer)
			each(context, &outer, ends);
		has_outer = true;
		outer = ban->range;
		ends = ban->ends;
	}
	if (has_outer)
		each(context, &outer, ends);
}
