/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/shard: one part of the store, under its lock.
 */
#include "cache/store_impl.h"

#include "cache/vary.h"

/* What was taken out is freed in batches, for it costs a look at all seats. */
#define RETIRED_COUNT 32
#define RETIRED_BYTES ((uint64_t)16 << 10)

uint64_t
cache_key_hash(const struct cache *cache, struct str key)
{
	const char *end = key.len > 0 ? memchr(key.at, '\n', key.len) : NULL;

	if (end != NULL)
		key.len = (size_t)(end - key.at);
	return cache_hash(&cache->hash_key, key);
}

struct cache_shard *
cache_shard_lock(struct cache *cache, uint64_t hash)
{
	struct cache_shard *shard = cache_shard_of(cache, hash);

	(void)pthread_mutex_lock(&shard->lock);
	return shard;
}

/* Those of the shard whose epoch has passed, as a list. */
static struct cache_retired *
take_free(struct cache *cache, struct cache_shard *shard)
{
	struct cache_retired *list = NULL, *item;

	if (shard->retired_count < RETIRED_COUNT &&
	    shard->retired_bytes < RETIRED_BYTES)
		return NULL;
	uint64_t seen = cache_epoch_seen(&cache->epoch);
	while ((item = cache_retired_take(&shard->retired, seen)) != NULL) {
		shard->retired_count--;
		shard->retired_bytes -=
		    cache_object_charge(cache_object_retired(item));
		item->next = list;
		list = item;
	}
	cache_table_reclaim(&shard->table, seen);
	return list;
}

void
cache_shard_leave(struct cache *cache, struct cache_shard *shard)
{
	struct cache_retired *list = take_free(cache, shard);

	(void)pthread_mutex_unlock(&shard->lock);
	while (list != NULL) {
		struct cache_object *object = cache_object_retired(list);
		struct cache_retired *next = list->next;
		if (object->body.kind != CACHE_BODY_SHARED)
			cache_body_forget(&object->body);
		cache_object_unref(object);
		list = next;
	}
}

void
cache_shard_retire(struct cache *cache, struct cache_shard *shard,
    struct cache_object *object, uint64_t charge)
{
	if (object->body.kind != CACHE_BODY_SHARED)
		cache_body_let_go(&object->body);
	cache_retire(&cache->epoch, &shard->retired, &object->retired);
	shard->retired_count++;
	shard->retired_bytes += charge;
}

void
cache_shard_remove(
    struct cache *cache, struct cache_shard *shard, struct cache_object *object)
{
	uint64_t charge = cache_object_charge(object);

	cache_table_unlink(&shard->table, object);
	cache_queue_remove(&shard->queue, object, charge);
	cache_shard_retire(cache, shard, object, charge);
}

static bool
is_asked_for(const struct cache_object *object, uint32_t hash, struct str key,
    const struct http_request *request)
{
	return object->hash == hash && str_eq(cache_object_key(object), key) &&
	       (object->vary_len == 0 ||
		   cache_vary_selects(cache_object_vary(object),
		       cache_object_head(object), request)) &&
	       cache_body_state(cache_object_body(object)) != CACHE_BODY_BROKEN;
}

struct cache_object *
cache_shard_find(struct cache *cache, struct cache_shard *shard, uint32_t hash,
    struct str key, const struct http_request *request)
{
	struct cache_object *object = cache_table_first(&shard->table, hash);

	for (; object != NULL; object = cache_table_next(object))
		if (is_asked_for(object, hash, key, request) &&
		    !cache_purges_cover(&cache->purges, object))
			return object;
	return NULL;
}

void
cache_shard_evict(struct cache *cache, struct cache_shard *shard)
{
	struct cache_object *victim;

	while ((victim = cache_queue_victim(&shard->queue)) != NULL) {
		cache_shard_remove(cache, shard, victim);
		shard->evicted++;
	}
}
