/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/membership_set: sets of groups, each of them kept once.
 */
#include "policy/membership_impl.h"

#include "base/vec.h"

#include <errno.h>

/* Where the group is, or would go. */
static size_t
find_group(const uint32_t *groups, size_t count, uint32_t group)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (groups[mid] < group)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool
membership_set_has(const struct membership_set *set, uint32_t group)
{
	size_t at = find_group(set->groups, set->count, group);

	return at < set->count && set->groups[at] == group;
}

int
membership_groups_add(struct membership_groups *groups, uint32_t group)
{
	size_t at = find_group(groups->items, groups->count, group);

	if (at < groups->count && groups->items[at] == group)
		return 0;
	if (VEC_ADD(groups, group) < 0)
		return -ENOMEM;
	memmove(groups->items + at + 1, groups->items + at,
	    (groups->count - 1 - at) * sizeof(group));
	groups->items[at] = group;
	return 0;
}

void
membership_groups_remove(struct membership_groups *groups, uint32_t group)
{
	size_t at = find_group(groups->items, groups->count, group);

	if (at == groups->count || groups->items[at] != group)
		return;
	groups->count--;
	memmove(groups->items + at, groups->items + at + 1,
	    (groups->count - at) * sizeof(group));
}

static struct str
bytes_of(const struct membership_groups *groups)
{
	return (struct str){ (const char *)groups->items,
		groups->count * sizeof(*groups->items) };
}

static int
add_set(struct membership_build *build, const struct membership_set **ret)
{
	struct membership *membership = build->membership;
	struct membership_set *set =
	    arena_new(&membership->arena, struct membership_set);
	struct str key =
	    arena_str(&membership->arena, bytes_of(&build->groups));

	if (set == NULL || key.at == NULL)
		return -ENOMEM;
	set->groups = (const void *)key.at;
	set->count = build->groups.count;
	set->id = (uint32_t)membership->sets.count;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): of pointers, indeed. */
	if (VEC_ADD(&membership->sets, set) < 0 ||
	    map_put(&build->known, key, set) < 0)
		return -ENOMEM;
	*ret = set;
	return 0;
}

int
membership_intern(struct membership_build *build, uint32_t *ret_set)
{
	const struct membership_set *set =
	    map_get(&build->known, bytes_of(&build->groups));

	if (set == NULL && add_set(build, &set) < 0)
		return -ENOMEM;
	*ret_set = set->id;
	return 0;
}
