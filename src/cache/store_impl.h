/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/store: what its own files share (shard, lead, purge).
 *
 * Locks, from the outermost: `purges.lock`; one shard's; one body's.
 */
#ifndef GATEHOUSE_CACHE_STORE_IMPL_H
#define GATEHOUSE_CACHE_STORE_IMPL_H

#include "cache/store.h"

#include "cache/body_impl.h"
#include "cache/hash.h"
#include "cache/purge.h"
#include "cache/queue.h"
#include "cache/table.h"

/*
 * A shard is a small store of its own, with its lock and its share of memory.
 * More of them let threads put without meeting; but the largest object must
 * find room in a share without emptying it.
 */
#define CACHE_SHARDS_MAX    16
#define CACHE_SHARE_OBJECTS 8

/* Lists of leads in a shard; each has a few, of the misses of the moment. */
#define CACHE_LEAD_LISTS 64
/* Keys of a shard for which nobody waits: as many as are in demand at once. */
#define CACHE_ALONE_MAX 256

struct cache_alone {
	uint32_t hash;
	int64_t until;
};

struct cache_shard {
	_Alignas(64) pthread_mutex_t lock;
	struct cache_table table;
	struct cache_queue queue;
	struct cache_retired_list retired; /* objects */
	size_t retired_count;
	uint64_t retired_bytes;
	uint64_t puts, evicted, purged, collapsed;
	struct cache_lead *leads[CACHE_LEAD_LISTS];
	struct cache_alone alone[CACHE_ALONE_MAX];
};

struct cache {
	struct cache_epoch epoch;
	struct cache_hash_key hash_key;
	_Atomic uint64_t object_bytes_max;
	size_t shard_count;      /* a power of two */
	struct cache_disk *disk; /* NULL: none */
	struct cache_purges purges;
	struct cache_shard shards[CACHE_SHARDS_MAX];
};

/* Of the URL alone: who dialled what (cache/key) is in one chain with it. */
uint64_t cache_key_hash(const struct cache *cache, struct str key);

/* The shard takes bits that its table does not look at. */
static inline struct cache_shard *
cache_shard_of(struct cache *cache, uint64_t hash)
{
	return &cache->shards[hash >> 32 & (cache->shard_count - 1)];
}

/* The shard of the hash, with its lock held until cache_shard_leave. */
struct cache_shard *cache_shard_lock(struct cache *cache, uint64_t hash);

/* Unlocks, and frees what nobody can be looking at any more. */
void cache_shard_leave(struct cache *cache, struct cache_shard *shard);

/* ---- with the lock of the shard ---- */

/* What the request selects under the key, lent while the lock is held; or
 * NULL. */
struct cache_object *cache_shard_find(struct cache *cache,
    struct cache_shard *shard, uint32_t hash, struct str key,
    const struct http_request *request);

/* Something could be kept under the key after all. */
void cache_alone_end(struct cache_shard *shard, uint64_t hash);

/* Takes an object that is in it out of it. */
void cache_shard_remove(struct cache *cache, struct cache_shard *shard,
    struct cache_object *object);

/* It is in no table and no queue any more: frees it when nobody looks. */
void cache_shard_retire(struct cache *cache, struct cache_shard *shard,
    struct cache_object *object, uint64_t charge);

/* Throws out what is too much. */
void cache_shard_evict(struct cache *cache, struct cache_shard *shard);

#endif
