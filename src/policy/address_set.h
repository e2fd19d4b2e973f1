/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/address_set: many addresses of both families, asked for membership.
 *
 * Ranges are added in any order, then the set is frozen: sorted, overlaps and
 * neighbours folded, so that what remains is disjoint and ascending.  A frozen
 * set is read by any thread.  With its index a range takes 8.6 bytes of IPv4
 * and 34.3 of IPv6 (policy/rank).  What is added later needs another freeze.
 */
#ifndef GATEHOUSE_POLICY_ADDRESS_SET_H
#define GATEHOUSE_POLICY_ADDRESS_SET_H

#include "policy/rank.h"

#include "base/address.h"

/* In host order; of IPv6 the higher word first. */
struct range4 {
	uint32_t first, last;
};

struct range6 {
	uint64_t first[2], last[2];
};

struct address_set {
	struct {
		struct range4 *items;
		size_t count, room;
		struct rank4 rank;
	} v4;
	struct {
		struct range6 *items;
		size_t count, room;
		struct rank6 rank;
	} v6;
};

void address_set_fini(struct address_set *set);

/* 0 or -ENOMEM. */
int address_set_add(struct address_set *set, const struct address_range *range);
int address_set_add_all(
    struct address_set *set, const struct address_set *from);

void address_set_freeze(struct address_set *set);

/*
 * Of a frozen set.  An address of no family is one that nothing of the policy
 * holds; only a set that holds all of IPv4 or all of IPv6 has it.
 */
bool address_set_has(const struct address_set *set, struct address address);

/* Whether it holds all of IPv4, or of IPv6. */
bool address_set_is_whole(const struct address_set *set, uint8_t family);

bool address_set_is_empty(const struct address_set *set);
size_t address_set_count(const struct address_set *set);

/* The i-th range: IPv4 first, ascending. */
struct address_range address_set_range(const struct address_set *set, size_t i);

/*
 * Of frozen sets: whether two share an address, and then the first one.
 */
bool address_set_overlap(const struct address_set *a,
    const struct address_set *b, struct address *ret);

#endif
