/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/membership_address: the ranges of all groups as one table.
 *
 * Each range is two edges: there its group begins, and behind its end it ends.
 * All edges of a family are sorted and passed once; where the groups change, a
 * range of the table begins.  An end at the end of the space has no edge.
 */
#include "policy/membership_impl.h"

#include "base/vec.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

/* IPv4 in the lower word. */
struct edge {
	uint64_t at[2];
	uint32_t group;
	bool begins;
};

struct edges {
	struct edge *items;
	size_t count, room;
};

static void
to_words(struct address address, uint64_t ret[static 2])
{
	if (address.family == ADDRESS_IPV4) {
		uint32_t word;
		memcpy(&word, address.bytes, sizeof(word));
		ret[0] = 0;
		ret[1] = be32toh(word);
		return;
	}
	memcpy(ret, address.bytes, sizeof(address.bytes));
	ret[0] = be64toh(ret[0]);
	ret[1] = be64toh(ret[1]);
}

static int
add_range(
    struct edges *edges, const struct address_range *range, uint32_t group)
{
	struct edge begin = { .group = group, .begins = true };
	struct edge end = { .group = group };
	struct address behind;

	to_words(range->first, begin.at);
	if (VEC_ADD(edges, begin) < 0)
		return -ENOMEM;
	if (!address_next(range->last, &behind))
		return 0;
	to_words(behind, end.at);
	return VEC_ADD(edges, end);
}

static int
gather(
    const struct membership_build *build, uint8_t family, struct edges *edges)
{
	int rc = 0;

	for (size_t i = 0; i < build->from_count; i++) {
		const struct address_set *set = &build->from[i]->addresses;
		size_t count = address_set_count(set);
		for (size_t j = 0; rc == 0 && j < count; j++) {
			struct address_range range = address_set_range(set, j);
			if (range.first.family == family)
				rc = add_range(edges, &range, (uint32_t)i);
		}
	}
	return rc;
}

static int
by_place(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	if (x->at[0] != y->at[0])
		return x->at[0] < y->at[0] ? -1 : 1;
	return (x->at[1] > y->at[1]) - (x->at[1] < y->at[1]);
}

static int
add4(struct membership *membership, const uint64_t at[2], uint32_t set)
{
	struct membership_range4 range = { (uint32_t)at[1], set };

	return VEC_ADD(&membership->v4, range);
}

static int
add6(struct membership *membership, const uint64_t at[2], uint32_t set)
{
	struct membership_range6 range = { { at[0], at[1] }, set };

	return VEC_ADD(&membership->v6, range);
}

/* A group's ranges do not touch, so no edge of it meets another one. */
static int
pass_edge(struct membership_build *build, const struct edge *edge)
{
	if (edge->begins)
		return membership_groups_add(&build->groups, edge->group);
	membership_groups_remove(&build->groups, edge->group);
	return 0;
}

static int
pass(struct membership_build *build, const struct edges *edges,
    int (*add)(struct membership *, const uint64_t[2], uint32_t))
{
	uint32_t set = MEMBERSHIP_EMPTY, last = MEMBERSHIP_EMPTY;
	int rc = 0;

	build->groups.count = 0;
	for (size_t i = 0; rc == 0 && i < edges->count; i++) {
		const struct edge *edge = &edges->items[i];
		rc = pass_edge(build, edge);
		if (rc < 0 ||
		    (i + 1 < edges->count && by_place(edge, edge + 1) == 0))
			continue;
		rc = membership_intern(build, &set);
		if (rc == 0 && set != last)
			rc = add(build->membership, edge->at, set);
		last = set;
	}
	return rc;
}

static int
build_family(struct membership_build *build, uint8_t family,
    int (*add)(struct membership *, const uint64_t[2], uint32_t))
{
	struct edges edges = { 0 };
	int rc = gather(build, family, &edges);

	if (rc == 0 && edges.count > 0) {
		qsort(edges.items, edges.count, sizeof(*edges.items), by_place);
		rc = pass(build, &edges, add);
	}
	free(edges.items);
	return rc;
}

int
membership_build_addresses(struct membership_build *build)
{
	struct membership *membership = build->membership;
	int rc = build_family(build, ADDRESS_IPV4, add4);

	if (rc == 0)
		rc = build_family(build, ADDRESS_IPV6, add6);
	if (rc == 0 && membership->v4.count > 0)
		rank4_init(&membership->v4.rank, &membership->v4.items->first,
		    sizeof(*membership->v4.items) / sizeof(uint32_t),
		    membership->v4.count);
	if (rc == 0 && membership->v6.count > 0)
		rank6_init(&membership->v6.rank, membership->v6.items->first,
		    sizeof(*membership->v6.items) / sizeof(uint64_t),
		    membership->v6.count);
	return rc;
}
