/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/membership.h"

#include "policy/membership_impl.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

void
membership_fini(struct membership *membership)
{
	arena_fini(&membership->arena);
	free(membership->sets.items);
	name_index_fini(&membership->names);
	rank4_fini(&membership->v4.rank);
	rank6_fini(&membership->v6.rank);
	free(membership->v4.items);
	free(membership->v6.items);
	*membership = (struct membership){ 0 };
}

/* What holds the whole of a family holds what is of none, too. */
static int
build_nowhere(struct membership_build *build)
{
	const struct address none = { .family = ADDRESS_NONE };
	int rc = 0;

	build->groups.count = 0;
	for (size_t i = 0; rc == 0 && i < build->from_count; i++)
		if (address_set_has(&build->from[i]->addresses, none))
			rc = membership_groups_add(&build->groups, (uint32_t)i);
	return rc < 0 ? rc
		      : membership_intern(build, &build->membership->nowhere);
}

static int
build_all(struct membership_build *build)
{
	uint32_t empty;
	int rc = membership_intern(build, &empty);

	if (rc == 0)
		rc = build_nowhere(build);
	if (rc == 0)
		rc = membership_build_addresses(build);
	return rc < 0 ? rc : membership_build_names(build);
}

int
membership_init(struct membership *ret,
    const struct policy_group *const *groups, size_t count)
{
	struct membership_build build = {
		.membership = ret, .from = groups, .from_count = count
	};

	*ret = (struct membership){ 0 };
	arena_init(&ret->arena, MEMBERSHIP_SETS_BYTES_MAX);
	map_init(&build.known, 0);
	int rc = build_all(&build);
	map_fini(&build.known);
	free(build.groups.items);
	if (rc < 0)
		membership_fini(ret);
	return rc;
}

static uint32_t
set_of_data(const uint8_t *data, bool itself)
{
	uint32_t sets[2];

	memcpy(sets, data, sizeof(sets));
	return sets[itself ? 0 : 1] - 1;
}

const struct membership_set *
membership_of_name(const struct membership *membership, struct str name)
{
	struct name_suffix suffixes[DOMAIN_LABELS_MAX];
	size_t count = name_suffixes(membership->names.seed, name,
	    membership->itself_depths, membership->under_depths, suffixes);

	while (count-- > 0) {
		const uint8_t *data = name_index_find(&membership->names,
		    name_suffix_text(name, suffixes[count]),
		    suffixes[count].hash);
		if (data != NULL)
			return membership->sets.items[set_of_data(
			    data, suffixes[count].from == 0)];
	}
	return membership->sets.items[MEMBERSHIP_EMPTY];
}

static uint64_t
set_of_address4(const struct membership *membership, struct address address)
{
	uint32_t word;

	memcpy(&word, address.bytes, sizeof(word));
	size_t at = rank4_find(&membership->v4.rank, be32toh(word));
	return at == RANK_NONE ? MEMBERSHIP_EMPTY
			       : membership->v4.items[at].set;
}

static uint64_t
set_of_address6(const struct membership *membership, struct address address)
{
	uint64_t words[2];

	memcpy(words, address.bytes, sizeof(words));
	words[0] = be64toh(words[0]);
	words[1] = be64toh(words[1]);
	size_t at = rank6_find(&membership->v6.rank, words);
	return at == RANK_NONE ? MEMBERSHIP_EMPTY
			       : membership->v6.items[at].set;
}

const struct membership_set *
membership_of_address(
    const struct membership *membership, struct address address)
{
	uint64_t set = membership->nowhere;

	if (address.family == ADDRESS_IPV4)
		set = set_of_address4(membership, address);
	else if (address.family == ADDRESS_IPV6)
		set = set_of_address6(membership, address);
	return membership->sets.items[set];
}
