/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/rank: which of many ascending keys is the last one not above x.
 *
 *	level 2     |k0              |k256            |
 *	level 1     |k0|k16|k32| ... |k256| ...           one line a node
 *	level 0     every 8th key, sixteen a node
 *	items       key .. key .. key ..                  the caller's own
 *
 * Keys are fields of the caller's items, `stride` words apart.  Above them
 * stands a tree of samples without pointers, each node a line of the cache and
 * searched without a branch.  Of a million items the samples (1 MiB) stay in a
 * core's own cache, and one access to the items' memory remains, where a binary
 * search over the items waits for ten.
 *
 * Samples of IPv6 are the high words: whole keys were measured slower, for they
 * take twice the cache.  Where more than LEAF keys share a high word (many
 * hosts of one /64), a binary search settles it.
 *
 * Measured with 1,000,000 keys on a busy machine: IPv4 90 ns and IPv6 300, a
 * binary search over the same mix 340, whole keys as samples of IPv6 360.
 */
#ifndef GATEHOUSE_POLICY_RANK_H
#define GATEHOUSE_POLICY_RANK_H

#include <stddef.h>
#include <stdint.h>

#define RANK_LEVELS_MAX 8 /* 16^8 keys and more, or 8^8 */
#define RANK_NONE       SIZE_MAX

struct rank_level {
	size_t at, count; /* in the samples, in keys */
};

/* Keys are one word. */
struct rank4 {
	const uint32_t *keys; /* lent */
	size_t stride, count;
	uint32_t *samples;
	struct rank_level levels[RANK_LEVELS_MAX]; /* the lowest first */
	unsigned level_count;
};

/* Keys are two words, the higher first. */
struct rank6 {
	const uint64_t *keys; /* lent */
	size_t stride, count;
	uint64_t *samples;
	struct rank_level levels[RANK_LEVELS_MAX];
	unsigned level_count;
};

/*
 * The keys ascend strictly and outlive the rank.  Without memory for samples
 * it works all the same, by a binary search.
 */
void rank4_init(
    struct rank4 *rank, const uint32_t *keys, size_t stride, size_t count);
void rank6_init(
    struct rank6 *rank, const uint64_t *keys, size_t stride, size_t count);
void rank4_fini(struct rank4 *rank);
void rank6_fini(struct rank6 *rank);

/* The index of the last key that is not above x, or RANK_NONE. */
size_t rank4_find(const struct rank4 *rank, uint32_t x);
size_t rank6_find(const struct rank6 *rank, const uint64_t x[static 2]);

#endif
