/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/membership_impl: how a membership is built; for its own files.
 */
#ifndef GATEHOUSE_POLICY_MEMBERSHIP_IMPL_H
#define GATEHOUSE_POLICY_MEMBERSHIP_IMPL_H

#include "policy/membership.h"

#include "base/map.h"

#define MEMBERSHIP_EMPTY 0 /* the id of the set without groups */

/* A combination of groups that changes, ascending. */
struct membership_groups {
	uint32_t *items;
	size_t count, room;
};

struct membership_build {
	struct membership *membership;
	struct map known; /* the bytes of a combination to its set */
	struct membership_groups groups;
	const struct policy_group *const *from;
	size_t from_count;
};

/* They stay sorted, each once.  0 or -ENOMEM. */
int membership_groups_add(struct membership_groups *groups, uint32_t group);
void membership_groups_remove(struct membership_groups *groups, uint32_t group);

/* The set of the build's combination as it is now.  0 or -ENOMEM. */
int membership_intern(struct membership_build *build, uint32_t *ret_set);

/* Of all groups in build->from.  0 or -ENOMEM. */
int membership_build_names(struct membership_build *build);
int membership_build_addresses(struct membership_build *build);

#endif
