/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/purge.h"

#include "cache/disk_impl.h"

#include <errno.h>
#include <stdlib.h>

/* ---- what a purge is of ---- */

/* Behind the URL stands whom the client dialled (cache/key). */
static struct str
url_of(struct str key)
{
	return (struct str){ key.at, str_find(key, '\n') };
}

/* "scheme://host:port/...": a host of IPv6 has colons in its brackets. */
static struct str
host_of(struct str key)
{
	struct str url = url_of(key), host;

	(void)str_cut(&url, ':');
	if (!str_starts(url, STR("//")))
		return STR("");
	url = str_skip(url, 2);
	host = (struct str){ url.at, str_find(url, '/') };
	while (host.len > 0 && ascii_is_digit(host.at[host.len - 1]))
		host.len--;
	if (host.len > 0 && host.at[host.len - 1] == ':')
		host.len--;
	return host;
}

static bool
has_tag(struct str tags, struct str tag)
{
	while (tags.at != NULL) {
		struct str one = str_cut(&tags, ' ');
		if (one.len > 0 && str_eq(one, tag))
			return true;
	}
	return false;
}

bool
cache_purge_is_of(enum cache_purge_kind kind, struct str what, struct str key,
    struct str tags)
{
	switch (kind) {
	case CACHE_PURGE_KEY:
		return str_eq(url_of(key), url_of(what));
	case CACHE_PURGE_PREFIX:
		return str_starts(url_of(key), what);
	case CACHE_PURGE_HOST:
		return str_eq(host_of(key), what);
	case CACHE_PURGE_TAG:
		return has_tag(tags, what);
	case CACHE_PURGE_ALL:
		break;
	}
	return true;
}

static bool
is_of(const struct cache_purge *purge, const struct cache_object *object)
{
	return cache_purge_is_of(purge->kind, purge->what,
	    cache_object_key(object), cache_object_tags(object));
}

/* ---- the list ---- */

/* Numbers go round: four billion purges while an object is on its way would
 * make it look younger. */
static bool
is_later(uint32_t number, uint32_t stamp)
{
	return (int32_t)(number - stamp) > 0;
}

void
cache_purges_init(struct cache_purges *purges)
{
	(void)pthread_mutex_init(&purges->lock, NULL);
}

static struct cache_purge *
older_than(const struct cache_purge *purge)
{
	return atomic_load_explicit(&purge->older, memory_order_acquire);
}

static struct cache_purge *
newest_of(const struct cache_purges *purges)
{
	return atomic_load_explicit(&purges->newest, memory_order_acquire);
}

static void
reclaim(struct cache_purges *purges, uint64_t seen)
{
	struct cache_retired *item;

	while ((item = cache_retired_take(&purges->old, seen)) != NULL)
		free((struct cache_purge *)(void *)item);
}

void
cache_purges_fini(struct cache_purges *purges)
{
	struct cache_purge *purge = newest_of(purges);

	while (purge != NULL) {
		struct cache_purge *older = older_than(purge);
		free(purge);
		purge = older;
	}
	reclaim(purges, UINT64_MAX);
	(void)pthread_mutex_destroy(&purges->lock);
}

static bool
listed(const struct cache_purges *purges, const struct cache_object *object)
{
	struct cache_purge *purge = newest_of(purges);

	for (; purge != NULL; purge = older_than(purge)) {
		if (!is_later(purge->number, object->stamp))
			return false;
		if (is_of(purge, object))
			return true;
	}
	return false;
}

bool
cache_purges_cover(
    struct cache_purges *purges, const struct cache_object *object)
{
	if (atomic_load_explicit(&purges->walking, memory_order_acquire) == 0)
		return false;
	return listed(purges, object);
}

static _Atomic uint32_t *
key_slot(struct cache_purges *purges, uint64_t hash)
{
	return &purges->keys[hash % CACHE_PURGE_KEYS_MAX];
}

bool
cache_purges_forbid(struct cache_purges *purges,
    const struct cache_object *object, uint64_t hash)
{
	if (is_later(atomic_load(key_slot(purges, hash)), object->stamp))
		return true;
	if (!is_later(atomic_load(&purges->last), object->stamp))
		return false;
	return is_later(atomic_load(&purges->forgotten), object->stamp) ||
	       listed(purges, object);
}

/*
 * Forbid, forget, count: from the first on nothing that is older is put, in
 * memory or into the disk's index; after the second the index has nothing that
 * is older; and who has the number, by the third, asked after that.
 */
static void
add_key(struct cache *cache, uint64_t hash)
{
	struct cache_purges *purges = &cache->purges;

	(void)pthread_mutex_lock(&purges->lock);
	uint32_t number = atomic_load(&purges->last) + 1;
	atomic_store(key_slot(purges, hash), number);
	if (cache->disk != NULL)
		cache_disk_forget_key(cache->disk, hash);
	atomic_store(&purges->last, number);
	(void)pthread_mutex_unlock(&purges->lock);
}

static struct cache_purge *
make(enum cache_purge_kind kind, struct str what)
{
	struct cache_purge *purge = malloc(sizeof(*purge) + what.len);

	if (purge == NULL)
		return NULL;
	char *text = (char *)(purge + 1);
	if (what.len > 0)
		memcpy(text, what.at, what.len);
	purge->kind = kind;
	purge->what = (struct str){ text, what.len };
	return purge;
}

/* The oldest; its readers may be on it still. */
static void
forget_one(struct cache_purges *purges, struct cache_epoch *epoch)
{
	struct cache_purge *purge = newest_of(purges);

	while (older_than(older_than(purge)) != NULL)
		purge = older_than(purge);
	struct cache_purge *last = older_than(purge);
	atomic_store(&purges->forgotten, last->number);
	atomic_store(&purge->older, NULL);
	purges->count--;
	cache_retire(epoch, &purges->old, &last->retired);
}

static void
add(struct cache *cache, struct cache_purge *purge)
{
	struct cache_purges *purges = &cache->purges;

	(void)pthread_mutex_lock(&purges->lock);
	purge->number = atomic_load(&purges->last) + 1;
	atomic_init(&purge->older, newest_of(purges));
	(void)atomic_fetch_add(&purges->walking, 1);
	atomic_store(&purges->newest, purge);
	atomic_store(&purges->last, purge->number);
	if (++purges->count > CACHE_PURGES_MAX)
		forget_one(purges, &cache->epoch);
	reclaim(purges, cache_epoch_seen(&cache->epoch));
	(void)pthread_mutex_unlock(&purges->lock);
}

/* ---- the walk ---- */

/* Chains that are looked at before others may have the lock: 0.1 ms. */
#define STEP 512

struct walk {
	struct cache *cache;
	struct cache_shard *shard;
	enum cache_purge_kind kind;
	struct str what;
	int64_t count; /* thrown away */
};

static void
walk_chain(struct walk *walk, struct cache_object *object)
{
	while (object != NULL) {
		struct cache_object *next = cache_table_next(object);
		if (cache_purge_is_of(walk->kind, walk->what,
			cache_object_key(object), cache_object_tags(object))) {
			cache_shard_remove(walk->cache, walk->shard, object);
			walk->shard->purged++;
			walk->count++;
		}
		object = next;
	}
}

/* Chains from `at` on, with the lock; where to go on.  A table that has grown
 * has what was in chain n in n and n + half. */
static size_t
walk_step(struct walk *walk, size_t at)
{
	struct cache_chains *chains = atomic_load_explicit(
	    &walk->shard->table.chains, memory_order_relaxed);
	size_t end = at + STEP;

	for (; at < end && at <= chains->mask; at++)
		walk_chain(walk, atomic_load_explicit(
				     &chains->first[at], memory_order_relaxed));
	return at <= chains->mask ? at : SIZE_MAX;
}

/* A table that grows meanwhile puts nothing before the place where we are. */
static void
walk_shard(struct walk *walk)
{
	for (size_t at = 0; at != SIZE_MAX;) {
		(void)pthread_mutex_lock(&walk->shard->lock);
		at = walk_step(walk, at);
		cache_shard_leave(walk->cache, walk->shard);
	}
}

static int64_t
purge_key(struct cache *cache, struct str what)
{
	uint64_t hash = cache_key_hash(cache, what);
	struct walk walk = {
		.cache = cache, .kind = CACHE_PURGE_KEY, .what = what
	};

	add_key(cache, hash);
	walk.shard = cache_shard_lock(cache, hash);
	walk_chain(
	    &walk, cache_table_first(&walk.shard->table, (uint32_t)hash));
	if (cache->disk != NULL)
		cache_disk_purge_key(cache->disk, hash);
	cache_shard_leave(cache, walk.shard);
	return walk.count;
}

int64_t
cache_purge(struct cache *cache, enum cache_purge_kind kind, struct str what)
{
	struct walk walk = { .cache = cache, .kind = kind, .what = what };

	if (what.len > CACHE_TEXT_BYTES_MAX)
		return -EFBIG;
	if (kind == CACHE_PURGE_KEY)
		return purge_key(cache, what);
	struct cache_purge *purge = make(kind, what);
	if (purge == NULL)
		return -ENOMEM;
	struct cache_disk_purge *disk_purge = NULL;
	if (cache->disk != NULL)
		disk_purge = cache_disk_purge_begin(cache->disk, kind, what);
	add(cache, purge);
	for (size_t i = 0; i < cache->shard_count; i++) {
		walk.shard = &cache->shards[i];
		walk_shard(&walk);
	}
	(void)atomic_fetch_sub(&cache->purges.walking, 1);
	if (cache->disk != NULL)
		cache_disk_purge_end(cache->disk, disk_purge);
	return walk.count;
}

uint32_t
cache_stamp(const struct cache *cache)
{
	return atomic_load(&cache->purges.last);
}

bool
cache_stamp_holds(struct cache *cache, uint32_t stamp, struct str key)
{
	struct cache_purges *purges = &cache->purges;
	const struct cache_purge *newest = newest_of(purges);

	return !is_later(
		   atomic_load(key_slot(purges, cache_key_hash(cache, key))),
		   stamp) &&
	       !is_later(atomic_load(&purges->forgotten), stamp) &&
	       (newest == NULL || !is_later(newest->number, stamp));
}
