/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/disk_index: which records may be of a URL, and where they are.
 *
 * An entry has 12 bytes: 32 bits of the URL's hash, 20 of that of the variant,
 * and the place.  It is a hint: one in a million is of another URL, and the
 * record itself says so.  Entries lie by nothing but their hash (linear
 * probing), in tables that grow by a third at 85 %.
 *
 * Any thread; one lock for each of CACHE_INDEX_SHARDS.
 */
#ifndef GATEHOUSE_CACHE_DISK_INDEX_H
#define GATEHOUSE_CACHE_DISK_INDEX_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A shard that grows holds its lock: 0.1 ms when there are 1,000,000 entries
 * all in all, 10 ms when there are a hundred times as many. */
#define CACHE_INDEX_SHARDS 256

/* Where a record stands. */
struct cache_place_on_disk {
	uint32_t unit;  /* of CACHE_DISK_UNIT bytes, 22 bits */
	uint16_t slot;  /* of the segment, below CACHE_DISK_SEGMENTS_MAX */
	uint8_t length; /* about: cache_length_class */
};

#define CACHE_DISK_UNIT         64
#define CACHE_DISK_SEGMENTS_MAX 4096
#define CACHE_DISK_UNITS_MAX    ((uint32_t)1 << 22) /* 256 MiB */

struct cache_index_entry {
	uint32_t tag;
	uint32_t words[2]; /* not one of 64 bits: it would be 16 bytes */
};

struct cache_index_shard {
	_Alignas(64) pthread_mutex_t lock;
	struct cache_index_entry *entries;
	size_t room, count;
};

struct cache_index {
	struct cache_index_shard shards[CACHE_INDEX_SHARDS];
};

void cache_index_init(struct cache_index *index);
void cache_index_fini(struct cache_index *index);

/* Room for so many all in all, so that it need not grow on the way to them. */
void cache_index_expect(struct cache_index *index, size_t count);

/*
 * In place of what has the same hashes, unless `may` (NULL: it may) says no: it
 * is asked with the lock, so that who forbids something and then removes it can
 * be sure that it does not come again.  0 or -ENOMEM.
 */
int cache_index_put(struct cache_index *index, uint64_t hash, uint32_t variant,
    const struct cache_place_on_disk *place, bool (*may)(void *context),
    void *context);

/* The record has another place; nothing, if it is not in the index any more. */
void cache_index_move(struct cache_index *index, uint64_t hash,
    uint32_t variant, const struct cache_place_on_disk *from,
    const struct cache_place_on_disk *to);

/* Any variant. */
#define CACHE_VARIANT_ANY UINT32_MAX

/* At most `most` places, which count as used from now on; how many. */
size_t cache_index_find(struct cache_index *index, uint64_t hash,
    uint32_t variant, struct cache_place_on_disk *ret, size_t most);

/* Whether this record is in it; and whether it was found since it was put. */
bool cache_index_has(struct cache_index *index, uint64_t hash, uint32_t variant,
    const struct cache_place_on_disk *place, bool *ret_used);

/* How many went.  place NULL: wherever it is. */
size_t cache_index_remove(struct cache_index *index, uint64_t hash,
    uint32_t variant, const struct cache_place_on_disk *place);

void cache_index_remove_segment(struct cache_index *index, uint16_t slot);
void cache_index_clear(struct cache_index *index);

/* Records; *ret_bytes is what they take of memory. */
size_t cache_index_count(struct cache_index *index, size_t *ret_bytes);

/* A length in 8 bits, rounded up by at most an eighth; and back. */
uint8_t cache_length_class(uint64_t length);
uint64_t cache_length_of_class(uint8_t class);

#endif
