/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/membership_name: what all groups say of each name, settled.
 *
 * First every name of every group is put into one table, and what a group says
 * of it is kept in a chain.  Then each name is settled, its parents first: the
 * groups that cover what is under the nearest parent, and what the chain says
 * besides.  While a name is not settled its data are 0 and the chain.
 */
#include "policy/membership_impl.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

/* Two words: sets plus one, of the name and of what is under it. */
#define DATA_BYTES (2 * sizeof(uint32_t))

/* What one group says of a name. */
struct saying {
	uint32_t group;
	uint32_t next; /* plus one; 0: the last one */
	enum domain_cover cover, except;
};

struct gather {
	struct membership_build *build;
	struct name_table names;
	struct {
		struct saying *items;
		size_t count, room;
	} sayings;
};

static int
gather_name(struct gather *gather, struct str name, struct saying saying)
{
	uint32_t sets[2];
	uint8_t *data;
	int rc = name_table_put(&gather->names, name, DATA_BYTES, &data);

	if (rc < 0)
		return rc;
	memcpy(sets, data, sizeof(sets));
	saying.next = sets[1];
	if (gather->sayings.count == UINT32_MAX ||
	    VEC_ADD(&gather->sayings, saying) < 0)
		return -ENOMEM;
	sets[1] = (uint32_t)gather->sayings.count;
	memcpy(data, sets, sizeof(sets));
	return 0;
}

static int
gather_group(struct gather *gather, uint32_t group)
{
	const struct domain_set *set = &gather->build->from[group]->domains;
	int rc =
	    name_table_reserve(&gather->names, set->count + set->exceptions);

	for (size_t i = 0; rc == 0 && i < set->room; i++) {
		struct saying saying = { .group = group };
		struct str name;
		bool covers = domain_set_entry(set, i, &name, &saying.cover);
		bool excepts =
		    domain_set_exception(set, i, &name, &saying.except);
		if (covers || excepts)
			rc = gather_name(gather, name, saying);
	}
	return rc;
}

/* The parent's groups, and of each saying what is about this cover. */
static int
combine(struct gather *gather, uint32_t inherited, uint32_t chain,
    enum domain_cover cover, uint32_t *ret_set)
{
	struct membership_build *build = gather->build;
	const struct membership_set *set =
	    build->membership->sets.items[inherited];
	int rc = 0;

	build->groups.count = 0;
	for (size_t i = 0; rc == 0 && i < set->count; i++)
		rc = VEC_ADD(&build->groups, set->groups[i]);
	while (rc == 0 && chain != 0) {
		const struct saying *saying = &gather->sayings.items[chain - 1];
		if ((saying->except & cover) != 0)
			membership_groups_remove(&build->groups, saying->group);
		else if ((saying->cover & cover) != 0)
			rc = membership_groups_add(
			    &build->groups, saying->group);
		chain = saying->next;
	}
	return rc < 0 ? rc : membership_intern(build, ret_set);
}

static int
settle_one(
    struct gather *gather, struct str name, uint8_t *data, uint32_t inherited)
{
	struct membership *membership = gather->build->membership;
	uint64_t depth = name_depth_bit(name_labels(name));
	uint32_t itself = MEMBERSHIP_EMPTY, under = MEMBERSHIP_EMPTY;
	uint32_t sets[2];

	memcpy(sets, data, sizeof(sets));
	int rc = combine(gather, inherited, sets[1], DOMAIN_ITSELF, &itself);
	if (rc == 0)
		rc = combine(gather, inherited, sets[1], DOMAIN_UNDER, &under);
	if (rc < 0)
		return rc;
	sets[0] = itself + 1;
	sets[1] = under + 1;
	memcpy(data, sets, sizeof(sets));
	membership->itself_depths |= depth;
	if (under != inherited)
		membership->under_depths |= depth;
	return 0;
}

/* The name and those of its parents that are not settled yet. */
static int
settle(struct gather *gather, struct str name)
{
	struct name_suffix suffixes[DOMAIN_LABELS_MAX];
	size_t count = name_suffixes(
	    gather->names.seed, name, UINT64_MAX, UINT64_MAX, suffixes);
	uint32_t inherited = MEMBERSHIP_EMPTY, sets[2];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct str part = name_suffix_text(name, suffixes[i]);
		uint8_t *data =
		    name_table_find(&gather->names, part, suffixes[i].hash);
		if (data == NULL)
			continue;
		memcpy(sets, data, sizeof(sets));
		if (sets[0] == 0)
			rc = settle_one(gather, part, data, inherited);
		memcpy(sets, data, sizeof(sets));
		inherited = sets[1] - 1;
	}
	return rc;
}

static int
gather_all(struct gather *gather)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < gather->build->from_count; i++)
		rc = gather_group(gather, (uint32_t)i);
	for (size_t i = 0; rc == 0 && i < gather->names.room; i++) {
		struct str name;
		if (name_table_slot(&gather->names, i, &name) != NULL)
			rc = settle(gather, name);
	}
	return rc;
}

int
membership_build_names(struct membership_build *build)
{
	struct gather gather = { .build = build };
	int rc = gather_all(&gather);

	if (rc == 0 && gather.names.count > 0)
		rc = name_index_build(&build->membership->names, &gather.names);
	name_table_fini(&gather.names);
	free(gather.sayings.items);
	return rc;
}
