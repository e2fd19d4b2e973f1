/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/disk_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 16

/* ---- an entry's words ---- */

/*
 * The first word: unit (22), the upper part of the slot (10 of 12).  The
 * second: its lower part (2), length (8), used (1), taken (1), variant (20).
 */
#define TAKEN        ((uint32_t)1 << 31)
#define USED         ((uint32_t)1 << 30)
#define VARIANT_MASK (((uint32_t)1 << 20) - 1)

static struct cache_index_entry
pack(uint64_t hash, uint32_t variant, const struct cache_place_on_disk *place)
{
	return (struct cache_index_entry){
		.tag = (uint32_t)hash,
		.words = { place->unit | (uint32_t)(place->slot >> 2) << 22,
		    TAKEN | (uint32_t)(place->slot & 3) << 28 |
			(uint32_t)place->length << 20 |
			(variant & VARIANT_MASK) },
	};
}

static struct cache_place_on_disk
place_of(const struct cache_index_entry *entry)
{
	return (struct cache_place_on_disk){
		.slot = (uint16_t)(entry->words[0] >> 22 << 2 |
				   (entry->words[1] >> 28 & 3)),
		.unit = entry->words[0] & (CACHE_DISK_UNITS_MAX - 1),
		.length = (uint8_t)(entry->words[1] >> 20),
	};
}

static bool
is_taken(const struct cache_index_entry *entry)
{
	return (entry->words[1] & TAKEN) != 0;
}

static bool
is_of(const struct cache_index_entry *entry, uint64_t hash, uint32_t variant)
{
	return entry->tag == (uint32_t)hash &&
	       (variant == CACHE_VARIANT_ANY ||
		   ((entry->words[1] ^ variant) & VARIANT_MASK) == 0);
}

static bool
is_at(const struct cache_index_entry *entry,
    const struct cache_place_on_disk *place)
{
	struct cache_place_on_disk at = place_of(entry);

	return place == NULL ||
	       (at.slot == place->slot && at.unit == place->unit);
}

/* ---- a shard ---- */

static struct cache_index_shard *
lock_shard(struct cache_index *index, uint64_t hash)
{
	struct cache_index_shard *shard =
	    &index->shards[hash >> 32 & (CACHE_INDEX_SHARDS - 1)];

	(void)pthread_mutex_lock(&shard->lock);
	return shard;
}

static void
unlock(struct cache_index_shard *shard)
{
	(void)pthread_mutex_unlock(&shard->lock);
}

static size_t
home_of(const struct cache_index_shard *shard, uint32_t tag)
{
	return (size_t)((uint64_t)tag * shard->room >> 32);
}

static size_t
after(const struct cache_index_shard *shard, size_t i)
{
	return i + 1 < shard->room ? i + 1 : 0;
}

static void
insert(struct cache_index_shard *shard, const struct cache_index_entry *entry)
{
	size_t i = home_of(shard, entry->tag);

	while (is_taken(&shard->entries[i]))
		i = after(shard, i);
	shard->entries[i] = *entry;
	shard->count++;
}

static int
move(struct cache_index_shard *shard, size_t room)
{
	struct cache_index_shard old = *shard;

	shard->room = room;
	shard->entries = calloc(shard->room, sizeof(*shard->entries));
	if (shard->entries == NULL) {
		shard->entries = old.entries;
		shard->room = old.room;
		return -ENOMEM;
	}
	shard->count = 0;
	for (size_t i = 0; i < old.room; i++)
		if (is_taken(&old.entries[i]))
			insert(shard, &old.entries[i]);
	free(old.entries);
	return 0;
}

static int
grow(struct cache_index_shard *shard)
{
	size_t room = shard->room;

	if (shard->count + 1 <= room * 17 / 20)
		return 0;
	return move(shard, room < ROOM_FIRST ? ROOM_FIRST : room + room / 3);
}

/* What stands behind moves up, unless it is at home where it is. */
static void
remove_at(struct cache_index_shard *shard, size_t hole)
{
	size_t i = after(shard, hole);

	for (; is_taken(&shard->entries[i]); i = after(shard, i)) {
		size_t home = home_of(shard, shard->entries[i].tag);
		size_t from_home = (i + shard->room - home) % shard->room;
		size_t from_hole = (i + shard->room - hole) % shard->room;
		if (from_home < from_hole)
			continue;
		shard->entries[hole] = shard->entries[i];
		hole = i;
	}
	shard->entries[hole] = (struct cache_index_entry){ .tag = 0 };
	shard->count--;
}

static size_t
remove_all(struct cache_index_shard *shard, uint64_t hash, uint32_t variant,
    const struct cache_place_on_disk *place)
{
	size_t gone = 0;

	if (shard->room == 0)
		return 0;
	size_t i = home_of(shard, (uint32_t)hash);
	while (is_taken(&shard->entries[i])) {
		if (is_of(&shard->entries[i], hash, variant) &&
		    is_at(&shard->entries[i], place)) {
			remove_at(shard, i);
			gone++;
		} else {
			i = after(shard, i);
		}
	}
	return gone;
}

/* ---- the index ---- */

void
cache_index_init(struct cache_index *index)
{
	*index = (struct cache_index){ .shards = { { .room = 0 } } };
	for (size_t i = 0; i < CACHE_INDEX_SHARDS; i++)
		(void)pthread_mutex_init(&index->shards[i].lock, NULL);
}

void
cache_index_fini(struct cache_index *index)
{
	cache_index_clear(index);
	for (size_t i = 0; i < CACHE_INDEX_SHARDS; i++)
		(void)pthread_mutex_destroy(&index->shards[i].lock);
}

void
cache_index_expect(struct cache_index *index, size_t count)
{
	size_t room = count / CACHE_INDEX_SHARDS / 4 * 5 + ROOM_FIRST;

	for (size_t i = 0; i < CACHE_INDEX_SHARDS; i++) {
		struct cache_index_shard *shard = &index->shards[i];
		(void)pthread_mutex_lock(&shard->lock);
		if (shard->room < room)
			(void)move(shard, room); /* else it grows */
		unlock(shard);
	}
}

int
cache_index_put(struct cache_index *index, uint64_t hash, uint32_t variant,
    const struct cache_place_on_disk *place, bool (*may)(void *context),
    void *context)
{
	struct cache_index_entry entry = pack(hash, variant, place);
	struct cache_index_shard *shard = lock_shard(index, hash);
	int rc = 0;

	if (may == NULL || may(context)) {
		(void)remove_all(shard, hash, variant, NULL);
		rc = grow(shard);
		if (rc == 0)
			insert(shard, &entry);
	}
	unlock(shard);
	return rc;
}

void
cache_index_move(struct cache_index *index, uint64_t hash, uint32_t variant,
    const struct cache_place_on_disk *from,
    const struct cache_place_on_disk *to)
{
	struct cache_index_entry entry = pack(hash, variant, to);
	struct cache_index_shard *shard = lock_shard(index, hash);

	if (remove_all(shard, hash, variant, from) > 0)
		insert(shard, &entry);
	unlock(shard);
}

size_t
cache_index_find(struct cache_index *index, uint64_t hash, uint32_t variant,
    struct cache_place_on_disk *ret, size_t most)
{
	struct cache_index_shard *shard = lock_shard(index, hash);
	size_t count = 0;

	if (shard->room > 0) {
		size_t i = home_of(shard, (uint32_t)hash);
		for (; is_taken(&shard->entries[i]) && count < most;
		     i = after(shard, i))
			if (is_of(&shard->entries[i], hash, variant)) {
				shard->entries[i].words[1] |= USED;
				ret[count++] = place_of(&shard->entries[i]);
			}
	}
	unlock(shard);
	return count;
}

bool
cache_index_has(struct cache_index *index, uint64_t hash, uint32_t variant,
    const struct cache_place_on_disk *place, bool *ret_used)
{
	struct cache_index_shard *shard = lock_shard(index, hash);
	bool found = false;

	if (shard->room > 0) {
		size_t i = home_of(shard, (uint32_t)hash);
		for (; is_taken(&shard->entries[i]); i = after(shard, i)) {
			struct cache_index_entry *entry = &shard->entries[i];
			if (!is_of(entry, hash, variant) ||
			    !is_at(entry, place))
				continue;
			*ret_used = (entry->words[1] & USED) != 0;
			found = true;
			break;
		}
	}
	unlock(shard);
	return found;
}

size_t
cache_index_remove(struct cache_index *index, uint64_t hash, uint32_t variant,
    const struct cache_place_on_disk *place)
{
	struct cache_index_shard *shard = lock_shard(index, hash);
	size_t gone = remove_all(shard, hash, variant, place);

	unlock(shard);
	return gone;
}

/* A table without holes is written anew; the order of what stays is kept. */
static void
remove_slot(struct cache_index_shard *shard, uint16_t slot)
{
	for (size_t i = 0; i < shard->room;) {
		if (is_taken(&shard->entries[i]) &&
		    place_of(&shard->entries[i]).slot == slot)
			remove_at(shard, i); /* another may have come here */
		else
			i++;
	}
}

void
cache_index_remove_segment(struct cache_index *index, uint16_t slot)
{
	for (size_t i = 0; i < CACHE_INDEX_SHARDS; i++) {
		struct cache_index_shard *shard = &index->shards[i];
		(void)pthread_mutex_lock(&shard->lock);
		remove_slot(shard, slot);
		unlock(shard);
	}
}

void
cache_index_clear(struct cache_index *index)
{
	for (size_t i = 0; i < CACHE_INDEX_SHARDS; i++) {
		struct cache_index_shard *shard = &index->shards[i];
		(void)pthread_mutex_lock(&shard->lock);
		free(shard->entries);
		shard->entries = NULL;
		shard->room = 0;
		shard->count = 0;
		unlock(shard);
	}
}

size_t
cache_index_count(struct cache_index *index, size_t *ret_bytes)
{
	size_t count = 0, bytes = 0;

	for (size_t i = 0; i < CACHE_INDEX_SHARDS; i++) {
		struct cache_index_shard *shard = &index->shards[i];
		(void)pthread_mutex_lock(&shard->lock);
		count += shard->count;
		bytes += shard->room * sizeof(*shard->entries);
		unlock(shard);
	}
	*ret_bytes = bytes;
	return count;
}

/* ---- lengths ---- */

/* Five bits of exponent, three of mantissa, of units of 64 bytes. */
uint8_t
cache_length_class(uint64_t length)
{
	uint64_t units = (length + CACHE_DISK_UNIT - 1) / CACHE_DISK_UNIT;
	unsigned exponent = 0;

	while (units >= 16) {
		units = (units + 1) / 2;
		exponent++;
	}
	if (exponent == 0 && units < 8)
		return (uint8_t)units;
	return (uint8_t)((exponent + 1) << 3 | (units - 8));
}

uint64_t
cache_length_of_class(uint8_t class)
{
	unsigned exponent = class >> 3;
	uint64_t units = class & 7;

	if (exponent == 0)
		return units * CACHE_DISK_UNIT;
	return (units + 8) << (exponent - 1) << 6;
}
