/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/map: names to things.
 *
 * Open addressing with linear probing, at most three quarters full.  Keys are
 * lent and must outlive the map; values are plain pointers.  Entries are not
 * removed one by one.  One thread at a time.
 */
#ifndef GATEHOUSE_BASE_MAP_H
#define GATEHOUSE_BASE_MAP_H

#include "base/str.h"

struct map_entry {
	struct str key; /* at == NULL: free */
	void *value;
};

struct map {
	struct map_entry *entries;
	size_t count;
	size_t room; /* a power of two, or 0 */
	uint64_t seed;
};

void map_init(struct map *map, uint64_t seed);
void map_fini(struct map *map);

/* The value, or NULL. */
void *map_get(const struct map *map, struct str key);

/* 0; -EEXIST if the key is there (unchanged); -ENOMEM. */
int map_put(struct map *map, struct str key, void *value);

#endif
