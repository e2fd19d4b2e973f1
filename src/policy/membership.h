/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/membership: which of many groups hold a name or an address.
 *
 * A policy with fifty lists asks each of them in turn, rule by rule.  This is
 * the index over all of them: one look-up gives the set of groups that hold
 * what is asked for, and a rule then looks for its own in that set.
 *
 *	names       one index of all names (policy/name_index), each with the
 *	            groups that cover it, and those that cover what is under it
 *	addresses   one table of disjoint ranges (policy/rank), each with the
 *	            groups that hold it
 *	sets        each combination of groups once: few, however many names
 *
 * Exceptions are settled when it is built: a name that some list takes out is
 * an entry without that list.  Groups are known by their place in what it was
 * built from.  It refers to nothing of the groups and is read by any thread.
 *
 * 1,000,000 names in 64 lists: 0.9 s to build, 28.5 bytes a name, 210 ns a
 * look-up as with one list, where asking each list takes 2,900 (bench/lists).
 */
#ifndef GATEHOUSE_POLICY_MEMBERSHIP_H
#define GATEHOUSE_POLICY_MEMBERSHIP_H

#include "policy/policy.h"

/*
 * All combinations of groups.  Thousands of groups that lie in each other could
 * have more than anybody needs; such a policy has no index.
 */
#define MEMBERSHIP_SETS_BYTES_MAX ((size_t)64 << 20)

struct membership_set {
	const uint32_t *groups; /* ascending */
	size_t count;
	uint32_t id;
};

/* Where a range begins that ends before the next one. */
struct membership_range4 {
	uint32_t first;
	uint32_t set;
};

struct membership_range6 {
	uint64_t first[2];
	uint64_t set;
};

struct membership {
	struct arena arena; /* of the sets */
	struct {
		const struct membership_set **items; /* by their id */
		size_t count, room;
	} sets;
	struct name_index names;
	uint64_t itself_depths, under_depths;
	struct {
		struct membership_range4 *items;
		size_t count, room;
		struct rank4 rank;
	} v4;
	struct {
		struct membership_range6 *items;
		size_t count, room;
		struct rank6 rank;
	} v6;
	uint32_t nowhere; /* the set of an address that is of no family */
};

/*
 * Of frozen sets.  0, -ENOMEM (too many combinations are that, too), or -E2BIG
 * as domain_set_add; then *ret is empty.
 */
int membership_init(struct membership *ret,
    const struct policy_group *const *groups, size_t count);
void membership_fini(struct membership *membership);

/* Lent.  What domain_set_covers and address_set_has would say, for each. */
const struct membership_set *membership_of_name(
    const struct membership *membership, struct str name);
const struct membership_set *membership_of_address(
    const struct membership *membership, struct address address);

bool membership_set_has(const struct membership_set *set, uint32_t group);

#endif
