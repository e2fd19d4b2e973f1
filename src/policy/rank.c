/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/rank.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LEAF  8  /* items under one sample: a line of pairs of IPv4 */
#define NODE4 16 /* keys of a node: a line */
#define NODE6 8  /* a line */
#define LINE  64

/*
 * Lays out the levels for so many items; how many keys there are in all.  A
 * level is filled up to whole nodes, so that a search never looks at its end.
 */
static size_t
lay_out(size_t items, size_t node, struct rank_level *levels, unsigned *ret)
{
	size_t count = items, at = 0, fewer = LEAF;
	unsigned level = 0;

	while (count > node && level < RANK_LEVELS_MAX) {
		count = (count + fewer - 1) / fewer;
		levels[level++] = (struct rank_level){ at, count };
		at += (count + node - 1) / node * node;
		fewer = node;
	}
	*ret = level;
	return at;
}

static const uint32_t *
key4(const struct rank4 *rank, size_t item)
{
	return rank->keys + item * rank->stride;
}

static const uint64_t *
key6(const struct rank6 *rank, size_t item)
{
	return rank->keys + item * rank->stride;
}

/* How many items one key of this level stands for. */
static size_t
reach_of(unsigned level, size_t node)
{
	size_t reach = LEAF;

	while (level-- > 0)
		reach *= node;
	return reach;
}

static void
sample4(struct rank4 *rank, unsigned level)
{
	size_t reach = reach_of(level, NODE4);
	uint32_t *to = rank->samples + rank->levels[level].at;

	for (size_t i = 0; i < rank->levels[level].count; i++)
		to[i] = *key4(rank, i * reach);
}

static void
sample6(struct rank6 *rank, unsigned level)
{
	size_t reach = reach_of(level, NODE6);
	uint64_t *to = rank->samples + rank->levels[level].at;

	for (size_t i = 0; i < rank->levels[level].count; i++)
		to[i] = *key6(rank, i * reach);
}

/* Filled up by the highest keys.  NULL if there is nothing to sample. */
static void *
make_samples(size_t bytes)
{
	void *samples;

	if (bytes == 0)
		return NULL;
	samples = aligned_alloc(LINE, (bytes + LINE - 1) / LINE * LINE);
	if (samples != NULL)
		memset(samples, 0xff, bytes);
	return samples;
}

void
rank4_init(
    struct rank4 *rank, const uint32_t *keys, size_t stride, size_t count)
{
	*rank =
	    (struct rank4){ .keys = keys, .stride = stride, .count = count };
	size_t samples =
	    lay_out(count, NODE4, rank->levels, &rank->level_count);

	rank->samples = make_samples(samples * sizeof(*rank->samples));
	if (rank->samples == NULL)
		rank->level_count = 0;
	for (unsigned level = 0; level < rank->level_count; level++)
		sample4(rank, level);
}

void
rank6_init(
    struct rank6 *rank, const uint64_t *keys, size_t stride, size_t count)
{
	*rank =
	    (struct rank6){ .keys = keys, .stride = stride, .count = count };
	size_t samples =
	    lay_out(count, NODE6, rank->levels, &rank->level_count);

	rank->samples = make_samples(samples * sizeof(*rank->samples));
	if (rank->samples == NULL)
		rank->level_count = 0;
	for (unsigned level = 0; level < rank->level_count; level++)
		sample6(rank, level);
}

void
rank4_fini(struct rank4 *rank)
{
	free(rank->samples);
	*rank = (struct rank4){ 0 };
}

void
rank6_fini(struct rank6 *rank)
{
	free(rank->samples);
	*rank = (struct rank6){ 0 };
}

static size_t
count4(const uint32_t *node, uint32_t x)
{
	size_t count = 0;

	for (size_t i = 0; i < NODE4; i++)
		count += node[i] <= x;
	return count;
}

static size_t
count6(const uint64_t *node, uint64_t high)
{
	size_t count = 0;

	for (size_t i = 0; i < NODE6; i++)
		count += node[i] <= high;
	return count;
}

/*
 * The child of a node: its first key is not above x, that is known.  What
 * fills up the level may not be above x either, but it is no child.
 */
static size_t
child_of(const struct rank_level *level, size_t at)
{
	return at < level->count ? at : level->count - 1;
}

struct rank_span {
	size_t from, to;
};

static struct rank_span
leaf_of(size_t sample, size_t count)
{
	size_t from = sample * LEAF;

	return (struct rank_span){ from,
		from + LEAF < count ? from + LEAF : count };
}

static struct rank_span
descend4(const struct rank4 *rank, uint32_t x)
{
	size_t at = 0;

	if (rank->level_count == 0)
		return (struct rank_span){ 0, rank->count };
	for (unsigned i = rank->level_count; i-- > 0;) {
		const struct rank_level *level = &rank->levels[i];
		const uint32_t *node = rank->samples + level->at + at * NODE4;
		at = child_of(level, at * NODE4 + count4(node, x) - 1);
	}
	return leaf_of(at, rank->count);
}

static struct rank_span
descend6(const struct rank6 *rank, uint64_t high)
{
	size_t at = 0;

	if (rank->level_count == 0)
		return (struct rank_span){ 0, rank->count };
	for (unsigned i = rank->level_count; i-- > 0;) {
		const struct rank_level *level = &rank->levels[i];
		const uint64_t *node = rank->samples + level->at + at * NODE6;
		at = child_of(level, at * NODE6 + count6(node, high) - 1);
	}
	return leaf_of(at, rank->count);
}

/* By the borrow of a subtraction: a branch would be guessed wrong. */
static bool
is_above6(const uint64_t *key, const uint64_t *x)
{
	unsigned long low, high;
	unsigned borrow = __builtin_sub_overflow(x[1], key[1], &low);
	unsigned above = __builtin_sub_overflow(x[0], key[0], &high);

	return (above | (borrow & (high == 0))) != 0;
}

/* The first key of the span is not above x.  Halves it down to a leaf. */
static struct rank_span
narrow4(const struct rank4 *rank, struct rank_span span, uint32_t x)
{
	while (span.to - span.from > LEAF) {
		size_t mid = span.from + (span.to - span.from) / 2;
		if (*key4(rank, mid) <= x)
			span.from = mid;
		else
			span.to = mid;
	}
	return span;
}

static struct rank_span
narrow6(const struct rank6 *rank, struct rank_span span, const uint64_t *x)
{
	while (span.to - span.from > LEAF) {
		size_t mid = span.from + (span.to - span.from) / 2;
		if (is_above6(key6(rank, mid), x))
			span.to = mid;
		else
			span.from = mid;
	}
	return span;
}

/*
 * The items under one sample are all looked at: their lines come at the same
 * time, while a binary search would wait for one after the other.
 */
size_t
rank4_find(const struct rank4 *rank, uint32_t x)
{
	if (rank->count == 0 || *rank->keys > x)
		return RANK_NONE;
	struct rank_span span = narrow4(rank, descend4(rank, x), x);
	size_t count = 0;
	for (size_t i = span.from; i < span.to; i++)
		count += *key4(rank, i) <= x;
	return span.from + count - 1;
}

size_t
rank6_find(const struct rank6 *rank, const uint64_t x[static 2])
{
	if (rank->count == 0 || is_above6(rank->keys, x))
		return RANK_NONE;
	struct rank_span span = descend6(rank, x[0]);
	/* Of samples with one high word the last was taken: go back. */
	if (is_above6(key6(rank, span.from), x))
		span = (struct rank_span){ 0, span.from };
	span = narrow6(rank, span, x);
	size_t count = 0;
	for (size_t i = span.from; i < span.to; i++)
		count += !is_above6(key6(rank, i), x);
	return span.from + count - 1;
}
