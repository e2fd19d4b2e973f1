/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/store_impl.h"

#include "base/must.h"
#include "cache/disk_impl.h"
#include "cache/vary.h"

#include <errno.h>
#include <stdlib.h>

/* ---- life ---- */

static size_t
shards_for(const struct cache_limits *limits)
{
	uint64_t share = limits->object_bytes_max * CACHE_SHARE_OBJECTS;
	size_t count = 1;

	while (count < CACHE_SHARDS_MAX &&
	       limits->bytes_max / (count * 2) >= share)
		count *= 2;
	return count;
}

static int
init_shard(struct cache_shard *shard, uint64_t bytes_max)
{
	(void)pthread_mutex_init(&shard->lock, NULL);
	shard->queue.bytes_max = bytes_max;
	return cache_table_init(&shard->table);
}

static void
fini_shard(struct cache_shard *shard)
{
	struct cache_retired *item;

	while ((item = cache_retired_take(&shard->retired, UINT64_MAX)) != NULL)
		cache_object_unref(cache_object_retired(item));
	cache_queue_fini(&shard->queue);
	cache_table_fini(&shard->table);
	(void)pthread_mutex_destroy(&shard->lock);
}

int
cache_create(const struct cache_limits *limits, struct cache **ret)
{
	struct cache *cache = aligned_alloc(64, sizeof(*cache));
	int rc = 0;

	if (cache == NULL)
		return -ENOMEM;
	memset(cache, 0, sizeof(*cache));
	cache_epoch_init(&cache->epoch);
	cache_purges_init(&cache->purges);
	cache->hash_key = cache_hash_key_random();
	atomic_init(&cache->object_bytes_max, limits->object_bytes_max);
	cache->shard_count = shards_for(limits);
	for (size_t i = 0; i < cache->shard_count; i++)
		if (init_shard(&cache->shards[i],
			limits->bytes_max / cache->shard_count) < 0)
			rc = -ENOMEM;
	if (rc < 0)
		cache_destroy(&cache);
	else
		*ret = cache;
	return rc;
}

void
cache_destroy(struct cache **cache)
{
	struct cache *c = *cache;

	*cache = NULL;
	if (c == NULL)
		return;
	cache_disk_close(&c->disk);
	for (size_t i = 0; i < c->shard_count; i++)
		fini_shard(&c->shards[i]);
	cache_purges_fini(&c->purges);
	cache_epoch_fini(&c->epoch);
	free(c);
}

void
cache_enter(struct cache *cache, struct cache_user *user)
{
	user->cache = cache;
	user->seat = cache_epoch_sit(&cache->epoch);
}

void
cache_leave(struct cache_user *user)
{
	cache_epoch_stand(&user->cache->epoch, user->seat);
}

void
cache_rest(struct cache_user *user)
{
	cache_epoch_rest(&user->cache->epoch, user->seat);
}

void
cache_sleep(struct cache_user *user)
{
	cache_epoch_sleep(user->seat);
}

void
cache_wake(struct cache_user *user)
{
	cache_epoch_wake(&user->cache->epoch, user->seat);
}

/* ---- finding ---- */

/* While a table grows, nothing may be found of what is there. */
static struct cache_object *
find_again(struct cache *cache, struct cache_shard *shard, uint32_t hash,
    struct str key, const struct http_request *request)
{
	(void)pthread_mutex_lock(&shard->lock);
	struct cache_object *object =
	    cache_shard_find(cache, shard, hash, key, request);
	(void)pthread_mutex_unlock(&shard->lock);
	return object;
}

static void
count(_Atomic uint64_t *counter)
{
	atomic_store_explicit(counter,
	    atomic_load_explicit(counter, memory_order_relaxed) + 1,
	    memory_order_relaxed);
}

struct cache_object *
cache_find(
    struct cache_user *user, struct str key, const struct http_request *request)
{
	struct cache *cache = user->cache;
	uint64_t hash = cache_key_hash(cache, key);
	struct cache_shard *shard = cache_shard_of(cache, hash);
	uint32_t moves = atomic_load(&shard->table.moves);
	struct cache_object *object =
	    cache_shard_find(cache, shard, (uint32_t)hash, key, request);

	if (object == NULL &&
	    ((moves & 1) != 0 || atomic_load(&shard->table.moves) != moves))
		object = find_again(cache, shard, (uint32_t)hash, key, request);
	count(&user->seat->finds);
	if (object == NULL)
		return NULL;
	count(&user->seat->found);
	cache_queue_hit(object);
	return object;
}

void
cache_resize(struct cache *cache, const struct cache_limits *limits)
{
	atomic_store(&cache->object_bytes_max, limits->object_bytes_max);
	for (size_t i = 0; i < cache->shard_count; i++) {
		struct cache_shard *shard = &cache->shards[i];
		(void)pthread_mutex_lock(&shard->lock);
		shard->queue.bytes_max = limits->bytes_max / cache->shard_count;
		cache_shard_evict(cache, shard);
		cache_shard_leave(cache, shard);
	}
}

/* ---- putting ---- */

static bool
is_too_large(const struct cache *cache, uint64_t charge)
{
	return charge > atomic_load_explicit(
			    &cache->object_bytes_max, memory_order_relaxed);
}

static uint64_t
hash_of(const struct cache *cache, const struct cache_object *object)
{
	return cache_key_hash(cache, cache_object_key(object));
}

/* With the lock: it takes more, or less, than it was charged. */
static void
charge_anew(
    struct cache *cache, struct cache_shard *shard, struct cache_object *object)
{
	uint64_t before = cache_object_charge(object);

	(void)cache_body_charge_anew(&object->body);
	uint64_t after = cache_object_charge(object);
	cache_queue_resize(&shard->queue, object, before, after);
	if (is_too_large(cache, after))
		cache_shard_remove(cache, shard, object);
}

/*
 * Of a length that was not known, and now is: an object in one piece of memory
 * takes its place.  Who reads the first goes on with that.
 */
static struct cache_object *
settle(
    struct cache *cache, struct cache_shard *shard, struct cache_object *object)
{
	struct cache_object *settled;

	if (cache_object_settle(object, &settled) < 0)
		return object;
	uint64_t before = cache_object_charge(object);
	uint64_t after = cache_object_charge(settled);
	settled->hash = object->hash;
	cache_table_replace(&shard->table, object, settled);
	cache_queue_replace(&shard->queue, object, before, settled, after);
	cache_shard_retire(cache, shard, object, before);
	return settled;
}

/* A freshened one is not written again for its head if it is long: the next
 * one that finds it on the disk has it validated once more. */
#define FRESHENED_BYTES_MAX ((uint64_t)64 << 10)

/* With the lock: one that is whole goes to the disk too. */
static void
write_behind(struct cache *cache, struct cache_object *object, uint64_t hash)
{
	const struct cache_body *body = cache_object_body(object);

	if (cache->disk == NULL || object->body.place == CACHE_PLACE_NONE ||
	    (object->flags & CACHE_OBJECT_STORED) != 0 ||
	    cache_body_state(body) != CACHE_BODY_WHOLE)
		return;
	if (object->body.kind != CACHE_BODY_SHARED ||
	    cache_body_bytes(body) <= FRESHENED_BYTES_MAX)
		cache_disk_put(cache->disk, object, hash);
}

/* By the thread that fills it. */
static void
on_news(void *context, struct cache_object *object, enum cache_body_news news)
{
	struct cache *cache = context;
	uint64_t hash = hash_of(cache, object);
	struct cache_shard *shard = cache_shard_lock(cache, hash);
	struct cache_object *kept = object;

	if (object->body.place == CACHE_PLACE_NONE)
		; /* evicted, purged or replaced meanwhile */
	else if (news == CACHE_BODY_BROKE)
		cache_shard_remove(cache, shard, object);
	else if (news == CACHE_BODY_ENDED && cache_object_is_loose(object))
		kept = settle(cache, shard, object);
	else
		charge_anew(cache, shard, object);
	write_behind(cache, kept, hash);
	cache_shard_evict(cache, shard);
	cache_shard_leave(cache, shard);
	if (news != CACHE_BODY_GREW)
		cache_object_unref(object);
}

static bool
is_same(const struct cache_object *a, const struct cache_object *b)
{
	return a->hash == b->hash &&
	       str_eq(cache_object_key(a), cache_object_key(b)) &&
	       str_eq(cache_object_vary(a), cache_object_vary(b));
}

/* Whether they are of one URL, by whatever address it was dialled. */
static bool
is_beside(const struct cache_object *a, const struct cache_object *b)
{
	return a->hash == b->hash &&
	       cache_purge_is_of(CACHE_PURGE_KEY, cache_object_key(a),
		   cache_object_key(b), STR(""));
}

/* If there are too many beside it, the oldest go. */
static void
make_way(struct cache *cache, struct cache_shard *shard,
    const struct cache_object *object)
{
	struct cache_object *other =
	    cache_table_first(&shard->table, object->hash);
	unsigned variants = 1;

	while (other != NULL) {
		struct cache_object *next = cache_table_next(other);
		if (other != object && is_beside(object, other) &&
		    ++variants > CACHE_VARIANTS_MAX)
			cache_shard_remove(cache, shard, other);
		other = next;
	}
}

static struct cache_object *
replaced_by(struct cache_shard *shard, const struct cache_object *object)
{
	struct cache_object *other =
	    cache_table_first(&shard->table, object->hash);

	while (other != NULL && !is_same(object, other))
		other = cache_table_next(other);
	return other;
}

/* The newest of its chain, in the queue at the other's place. */
static void
link_object(
    struct cache *cache, struct cache_shard *shard, struct cache_object *object)
{
	uint64_t charge = cache_object_charge(object);
	struct cache_object *other = replaced_by(shard, object);

	(void)cache_object_ref(object);
	if (other == NULL) {
		cache_queue_add(&shard->queue, object, charge);
	} else {
		uint64_t before = cache_object_charge(other);
		cache_table_unlink(&shard->table, other);
		cache_queue_replace(
		    &shard->queue, other, before, object, charge);
		cache_shard_retire(cache, shard, other, before);
	}
	/* What comes from the disk is older than what is here. */
	if ((object->flags & CACHE_OBJECT_STORED) != 0)
		cache_table_link_last(&shard->table, object);
	else
		cache_table_link(&shard->table, object);
	make_way(cache, shard, object);
	cache_table_grow(&shard->table, &cache->epoch);
}

static int
insert(struct cache *cache, struct cache_object *object, uint64_t hash)
{
	struct cache_shard *shard = cache_shard_lock(cache, hash);
	int rc = 0;

	must(object->body.place == CACHE_PLACE_NONE);
	object->hash = (uint32_t)hash;
	if (cache_purges_forbid(&cache->purges, object, hash)) {
		rc = -ESTALE;
	} else if ((object->flags & CACHE_OBJECT_STORED) != 0 &&
		   replaced_by(shard, object) != NULL) {
		rc = -EEXIST;
	} else {
		link_object(cache, shard, object);
		cache_alone_end(shard, hash);
		shard->puts++;
		write_behind(cache, object, hash);
		cache_shard_evict(cache, shard);
	}
	cache_shard_leave(cache, shard);
	return rc;
}

/* Whether all of it is there to be kept, or is on its way. */
static int
keep_body(struct cache *cache, struct cache_object *object)
{
	struct cache_body *body = cache_object_body(object);

	if (object->body.kind == CACHE_BODY_SHARED) {
		if (cache_body_state(body) == CACHE_BODY_FILLING)
			return -EBUSY;
	} else if (cache_body_state(body) == CACHE_BODY_FILLING) {
		if (!cache_body_keep(body, on_news, cache))
			return -ESTALE;
		(void)cache_object_ref(object);
		return 0;
	}
	return cache_body_is_all(body) ? 0 : -ESTALE;
}

int
cache_put(struct cache_user *user, struct cache_object *object)
{
	struct cache *cache = user->cache;

	if (object->body.kind != CACHE_BODY_SHARED)
		(void)cache_body_charge_anew(&object->body);
	if (is_too_large(cache, cache_object_charge(object)))
		return -EFBIG;
	int rc = keep_body(cache, object);
	if (rc < 0)
		return rc;
	rc = insert(cache, object, hash_of(cache, object));
	if (rc < 0 && object->body.kind != CACHE_BODY_SHARED)
		cache_body_let_go(&object->body);
	return rc;
}

bool
cache_drop(struct cache_user *user, struct cache_object *object)
{
	struct cache *cache = user->cache;
	uint64_t hash = hash_of(cache, object);
	struct cache_shard *shard = cache_shard_lock(cache, hash);

	bool was_there = object->body.place != CACHE_PLACE_NONE;
	if (was_there) {
		cache_shard_remove(cache, shard, object);
		atomic_store(&object->body.used, CACHE_OBJECT_DROPPED);
		if (cache->disk != NULL)
			cache_disk_drop(cache->disk, object, hash);
	}
	cache_shard_leave(cache, shard);
	return was_there;
}

/* ---- figures ---- */

void
cache_stats(struct cache *cache, struct cache_stats *ret)
{
	struct cache_stats stats = { 0 };

	for (size_t i = 0; i < cache->shard_count; i++) {
		struct cache_shard *shard = &cache->shards[i];
		(void)pthread_mutex_lock(&shard->lock);
		stats.objects += shard->table.count;
		stats.bytes += cache_queue_bytes(&shard->queue);
		stats.bytes_max += shard->queue.bytes_max;
		stats.puts += shard->puts;
		stats.evicted += shard->evicted;
		stats.purged += shard->purged;
		stats.collapsed += shard->collapsed;
		(void)pthread_mutex_unlock(&shard->lock);
	}
	for (size_t i = 0; i < CACHE_SEATS_MAX; i++) {
		stats.finds += atomic_load(&cache->epoch.seats[i].finds);
		stats.found += atomic_load(&cache->epoch.seats[i].found);
	}
	*ret = stats;
}
