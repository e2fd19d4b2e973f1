/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/partition_name: which names a policy can tell apart.
 *
 * Every entry and exception of a set is asked for two names: itself, and one
 * below it that no set mentions.  Any other name is covered by just what covers
 * below its nearest parent with an entry, or by nothing.
 */
#include "policy/partition.h"

#include "base/map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* A name below needs a label that no set mentions, and a dot. */
#define CHILD_LABEL_BYTES   12
#define NAME_WITH_CHILD_MAX (DOMAIN_NAME_MAX - CHILD_LABEL_BYTES)

/* One set that has an entry of a name; those of one name hang on each other. */
struct mention {
	struct mention *next;
	uint32_t set;
	uint8_t cover;
};

struct collection {
	struct partition *partition;
	const struct partition_set *sets;
	struct map by_name;
	struct arena arena;
	uint64_t *members;
};

/* 64 bytes a mention at most, for 64 million of them. */
#define MENTIONS_BYTES_MAX ((size_t)4 << 30)

static int
collect_mention(struct collection *collection, struct str name, size_t set,
    enum domain_cover cover)
{
	struct mention *first = map_get(&collection->by_name, name);
	struct mention *mention = arena_new(&collection->arena, struct mention);

	if (mention == NULL)
		return -ENOMEM;
	mention->set = (uint32_t)set;
	mention->cover = (uint8_t)cover;
	if (first == NULL)
		return map_put(&collection->by_name, name, mention);
	mention->next = first->next;
	first->next = mention;
	return 0;
}

typedef int (*take_fn)(
    struct collection *, struct str name, size_t set, enum domain_cover cover);

/* One name may be both an entry and an exception of its set. */
static int
take_slot(struct collection *collection, size_t set, size_t slot, take_fn take)
{
	const struct domain_set *domains = collection->sets[set].domains;
	enum domain_cover cover, exception;
	struct str name;

	if (!domain_set_entry(domains, slot, &name, &cover))
		cover = 0;
	if (domain_set_exception(domains, slot, &name, &exception))
		cover |= exception;
	return cover != 0 ? take(collection, name, set, cover) : 0;
}

/* Calls for each entry and exception of every set, until one fails. */
static int
for_each_entry(struct collection *collection, take_fn take)
{
	for (size_t i = 0; i < collection->partition->sets; i++)
		for (size_t slot = 0; slot < collection->sets[i].domains->room;
		     slot++) {
			int rc = take_slot(collection, i, slot, take);
			if (rc < 0)
				return rc;
		}
	return 0;
}

/* Only a set that mentions the name or a parent of it can cover it. */
static void
find_members(struct collection *collection, struct str name)
{
	struct str at = name;

	memset(collection->members, 0,
	    collection->partition->words * sizeof(uint64_t));
	while (at.len > 0) {
		const struct mention *mention =
		    map_get(&collection->by_name, at);
		for (; mention != NULL; mention = mention->next)
			if (domain_set_covers(
				collection->sets[mention->set].domains, name))
				collection->members[mention->set / 64] |=
				    UINT64_C(1) << mention->set % 64;
		(void)str_cut(&at, '.');
	}
}

/* The atom of `asked`, which is the entry `name` or stands below it. */
static int
keep_name(struct collection *collection, struct str asked, struct str name,
    enum domain_cover cover)
{
	struct partition *partition = collection->partition;
	bool is_new;

	find_members(collection, asked);
	long atom = partition_add(
	    partition, collection->members, sizeof(struct name_atom), &is_new);
	if (atom < 0)
		return -ENOMEM;
	if (is_new)
		partition->of.names[atom] =
		    (struct name_atom){ name, cover, 0 };
	partition->of.names[atom].entry_count++;
	return 0;
}

/* A name below that no set mentions; the map answers within a few labels. */
static struct str
child_of(const struct collection *collection, struct str name,
    char buffer[static DOMAIN_NAME_MAX + 1])
{
	struct str child = { buffer, 0 };
	unsigned label = 0;

	do {
		child.len = (size_t)snprintf(buffer, DOMAIN_NAME_MAX + 1,
		    "_%u.%.*s", label++, STR_ARG(name));
	} while (map_get(&collection->by_name, child) != NULL);
	return child;
}

/*
 * Where no set says anything of the names below, these are what the names below
 * the next parent are.
 */
static bool
speaks_of_children(const struct mention *mention)
{
	while (mention != NULL && (mention->cover & DOMAIN_UNDER) == 0)
		mention = mention->next;
	return mention != NULL;
}

static int
keep_entry(struct collection *collection, struct str name, size_t set,
    enum domain_cover cover)
{
	const struct mention *first = map_get(&collection->by_name, name);
	char buffer[DOMAIN_NAME_MAX + 1];

	(void)cover;
	if (first->set != set)
		return 0; /* its name was seen in another set */
	int rc = keep_name(collection, name, name, DOMAIN_ITSELF);
	if (rc == 0 && speaks_of_children(first) &&
	    name.len <= NAME_WITH_CHILD_MAX)
		rc = keep_name(collection, child_of(collection, name, buffer),
		    name, DOMAIN_UNDER);
	return rc;
}

/* The atom of what no set covers is always there and always the first. */
static int
keep_all(struct collection *collection)
{
	static const struct str none = { NULL, 0 };
	int rc = keep_name(collection, none, none, DOMAIN_ITSELF);

	if (rc == 0)
		rc = for_each_entry(collection, collect_mention);
	return rc == 0 ? for_each_entry(collection, keep_entry) : rc;
}

int
partition_names(
    struct partition *partition, const struct partition_set *sets, size_t count)
{
	struct collection collection = { .partition = partition, .sets = sets };
	int rc = partition_init(partition, count);

	map_init(&collection.by_name, 0);
	arena_init(&collection.arena, MENTIONS_BYTES_MAX);
	collection.members =
	    calloc(partition->words, sizeof(*collection.members));
	if (collection.members == NULL)
		rc = -ENOMEM;
	if (rc == 0)
		rc = keep_all(&collection);
	free(collection.members);
	arena_fini(&collection.arena);
	map_fini(&collection.by_name);
	return rc;
}
