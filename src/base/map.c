/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM_FIRST 16

void
map_init(struct map *map, uint64_t seed)
{
	*map = (struct map){ .seed = seed };
}

void
map_fini(struct map *map)
{
	free(map->entries);
	*map = (struct map){ .seed = map->seed };
}

/* The entry that holds key, or the free one where it would go. */
static struct map_entry *
probe(const struct map *map, struct str key)
{
	size_t mask = map->room - 1;
	size_t at = (size_t)str_hash(key, map->seed) & mask;

	while (map->entries[at].key.at != NULL &&
	       !str_eq(map->entries[at].key, key))
		at = (at + 1) & mask;
	return &map->entries[at];
}

void *
map_get(const struct map *map, struct str key)
{
	return map->room > 0 ? probe(map, key)->value : NULL;
}

static int
grow(struct map *map)
{
	struct map old = *map;

	map->room = old.room > 0 ? old.room * 2 : ROOM_FIRST;
	map->entries = calloc(map->room, sizeof(*map->entries));
	if (map->entries == NULL) {
		*map = old;
		return -ENOMEM;
	}
	for (size_t i = 0; i < old.room; i++)
		if (old.entries[i].key.at != NULL)
			*probe(map, old.entries[i].key) = old.entries[i];
	free(old.entries);
	return 0;
}

int
map_put(struct map *map, struct str key, void *value)
{
	if (map->count >= map->room / 4 * 3 && grow(map) < 0)
		return -ENOMEM;
	struct map_entry *entry = probe(map, key);
	if (entry->key.at != NULL)
		return -EEXIST;
	if (key.at == NULL) /* the empty str is a key; no address means free */
		key.at = "";
	*entry = (struct map_entry){ key, value };
	map->count++;
	return 0;
}
