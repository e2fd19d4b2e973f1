/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/pool_impl.h"

#include "base/must.h"
#include "event/counter.h"

#include <stdlib.h>
#include <unistd.h>

bool
pool_key_eq(struct pool_key a, struct pool_key b)
{
	return a.owner == b.owner && a.server.port == b.server.port &&
	       address_eq(a.server.address, b.server.address) &&
	       address_eq(a.from, b.from) && str_eq(a.through, b.through);
}

size_t
pool_bucket_of(struct pool_key key)
{
	struct str bytes = { (const char *)key.server.address.bytes,
		sizeof(key.server.address.bytes) };

	if (key.through.len > 0)
		bytes = key.through;
	return (size_t)(str_hash(bytes, key.server.port) & (POOL_BUCKETS - 1));
}

/* ---- the chains, under the lock ---- */

static void
count_one(struct pool *pool, size_t bucket)
{
	pool->count++;
	(void)atomic_fetch_add_explicit(
	    &pool->buckets[bucket].count, 1, memory_order_relaxed);
	(void)atomic_fetch_add_explicit(
	    &pool->pools->buckets[bucket], 1, memory_order_relaxed);
}

static void
count_less(struct pool *pool, size_t bucket)
{
	pool->count--;
	(void)atomic_fetch_sub_explicit(
	    &pool->buckets[bucket].count, 1, memory_order_relaxed);
	(void)atomic_fetch_sub_explicit(
	    &pool->pools->buckets[bucket], 1, memory_order_relaxed);
	(void)atomic_fetch_sub_explicit(
	    &pool->pools->count, 1, memory_order_relaxed);
}

static void
link_entry(struct pool *pool, struct pool_entry *entry, size_t number)
{
	struct pool_bucket *bucket = &pool->buckets[number];

	entry->next = bucket->newest;
	entry->link = &bucket->newest;
	if (entry->next != NULL)
		entry->next->link = &entry->next;
	bucket->newest = entry;
	entry->older = pool->newest;
	if (pool->newest != NULL)
		pool->newest->newer = entry;
	else
		pool->oldest = entry;
	pool->newest = entry;
	count_one(pool, number);
}

void
pool_unlink(struct pool_entry *entry)
{
	struct pool *pool = entry->pool;

	*entry->link = entry->next;
	if (entry->next != NULL)
		entry->next->link = entry->link;
	if (entry->newer != NULL)
		entry->newer->older = entry->older;
	else
		pool->newest = entry->older;
	if (entry->older != NULL)
		entry->older->newer = entry->newer;
	else
		pool->oldest = entry->newer;
	count_less(pool, pool_bucket_of(entry->key));
}

static struct pool_entry *
find(struct pool *pool, struct pool_key key)
{
	struct pool_entry *entry = pool->buckets[pool_bucket_of(key)].newest;

	while (entry != NULL && !pool_key_eq(entry->key, key))
		entry = entry->next;
	return entry;
}

/* ---- entries that end ---- */

static void
close_entry(struct pool_entry *entry)
{
	stream_close(&entry->stream);
	slot_release(entry->slot);
	free(entry);
}

/* What another thread has is closed when its message comes. */
static void
discard(struct pool_entry *entry)
{
	struct pool *pool = entry->pool;

	(void)pthread_mutex_lock(&pool->lock);
	bool ours = !entry->left;
	if (ours)
		pool_unlink(entry);
	(void)pthread_mutex_unlock(&pool->lock);
	if (ours)
		close_entry(entry);
}

/* Nothing was asked, so whatever is said belongs to nobody. */
static void
on_stir(struct stream *stream, void *context)
{
	(void)stream;
	discard(context);
}

/* The oldest, or INT64_MAX. */
static int64_t
first_to_end(struct pool *pool)
{
	int64_t at = INT64_MAX;

	(void)pthread_mutex_lock(&pool->lock);
	if (pool->oldest != NULL)
		at = pool->oldest->since + PROXY_POOL_TIMEOUT;
	(void)pthread_mutex_unlock(&pool->lock);
	return at;
}

static void
arm(struct pool *pool)
{
	int64_t at = first_to_end(pool);

	if (at != INT64_MAX)
		loop_timer_arm(pool->loop, &pool->timer, at);
	else
		loop_timer_cancel(&pool->timer);
}

static struct pool_entry *
unlink_oldest(struct pool *pool, int64_t until)
{
	(void)pthread_mutex_lock(&pool->lock);
	struct pool_entry *entry = pool->oldest;
	if (entry != NULL && entry->since <= until)
		pool_unlink(entry);
	else
		entry = NULL;
	(void)pthread_mutex_unlock(&pool->lock);
	return entry;
}

static void
end_all_until(struct pool *pool, int64_t until)
{
	struct pool_entry *entry;

	while ((entry = unlink_oldest(pool, until)) != NULL)
		close_entry(entry);
}

static void
on_time(struct loop_timer *timer)
{
	struct pool *pool = timer->context;

	end_all_until(pool, loop_now(pool->loop) - PROXY_POOL_TIMEOUT);
	arm(pool);
}

/* ---- pools ---- */

struct pools *
pools_create(void)
{
	return calloc(1, sizeof(struct pools));
}

void
pools_destroy(struct pools **pools)
{
	free(*pools);
	*pools = NULL;
}

struct pool *
pool_create(struct loop *loop, struct pools *pools)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	must(pools->member_count < PROXY_WORKERS_MAX);
	pool->pools = pools;
	pool->loop = loop;
	(void)pthread_mutex_init(&pool->lock, NULL);
	pool->behind.fn = pool_clear_left;
	pool->timer = (struct loop_timer){ .fn = on_time, .context = pool };
	pools->members[pools->member_count++] = pool;
	return pool;
}

void
pool_destroy(struct pool **pool)
{
	struct pool *p = *pool;

	*pool = NULL;
	if (p == NULL)
		return;
	end_all_until(p, INT64_MAX);
	/* The message itself, if it is on its way, is told to nobody. */
	pool_clear_left(p->loop, &p->behind);
	loop_timer_cancel(&p->timer);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}

/* ---- taking ---- */

static bool
take_own(struct pool *pool, struct pool_key key, struct pool_kept *ret)
{
	(void)pthread_mutex_lock(&pool->lock);
	struct pool_entry *entry = find(pool, key);
	if (entry != NULL)
		pool_unlink(entry);
	(void)pthread_mutex_unlock(&pool->lock);
	if (entry == NULL)
		return false;
	*ret = (struct pool_kept){ entry->stream, entry->slot };
	free(entry);
	/* The entry is gone; nobody is told until the caller listens. */
	stream_use(ret->stream, NULL, NULL);
	return true;
}

static bool
take_others(struct pool *pool, struct pool_key key, struct pool_kept *ret)
{
	struct pool_kept kept;
	int fd = pools_take_from_others(pool, key, &kept.slot);

	if (fd < 0)
		return false;
	if (stream_create(pool->loop, fd, &stream_limits_usual, &kept.stream) <
	    0) {
		(void)close(fd);
		slot_release(kept.slot);
		return false;
	}
	counter_add(COUNTER_UPSTREAM_MOVED, 1);
	*ret = kept;
	return true;
}

bool
pool_take(struct pool *pool, struct pool_key key, struct pool_kept *ret)
{
	return take_own(pool, key, ret) || take_others(pool, key, ret);
}

/* ---- keeping ---- */

/* Counts it, if there may be one more in all pools. */
static bool
has_room_in_all(struct pools *pools)
{
	if (atomic_fetch_add_explicit(&pools->count, 1, memory_order_relaxed) <
	    PROXY_POOL_MAX)
		return true;
	(void)atomic_fetch_sub_explicit(&pools->count, 1, memory_order_relaxed);
	return false;
}

/* A bucket is seldom shared, so its entries are seldom looked at. */
static bool
are_too_many(struct pools *pools, struct pool_key key, size_t bucket)
{
	return atomic_load_explicit(&pools->buckets[bucket],
		   memory_order_relaxed) > PROXY_POOL_PER_SERVER_MAX &&
	       pools_count_to(pools, key) > PROXY_POOL_PER_SERVER_MAX;
}

static struct pool_entry *
create_entry(struct pool *pool, struct pool_key key)
{
	struct pool_entry *entry = malloc(sizeof(*entry) + key.through.len);

	if (entry == NULL)
		return NULL;
	*entry = (struct pool_entry){
		.pool = pool, .key = key, .since = loop_now(pool->loop)
	};
	if (key.through.len > 0)
		memcpy(entry + 1, key.through.at, key.through.len);
	entry->key.through.at = (const char *)(entry + 1);
	return entry;
}

void
pool_put(struct pool *pool, struct pool_key key, struct pool_kept *kept)
{
	struct pool_kept k = *kept;
	size_t bucket = pool_bucket_of(key);
	struct pool_entry *entry = NULL;

	*kept = (struct pool_kept){ 0 };
	if (stream_is_quiet(k.stream))
		entry = create_entry(pool, key);
	if (entry == NULL || !has_room_in_all(pool->pools)) {
		free(entry);
		stream_close(&k.stream);
		slot_release(k.slot);
		return;
	}
	entry->stream = k.stream;
	entry->slot = k.slot;
	entry->fd = stream_is_bare(k.stream) ? stream_fd(k.stream) : -1;
	/* From the first moment on that others can take it, it is not read. */
	stream_rest(entry->stream, on_stir, entry);
	(void)pthread_mutex_lock(&pool->lock);
	link_entry(pool, entry, bucket);
	(void)pthread_mutex_unlock(&pool->lock);
	if (!loop_timer_is_armed(&pool->timer))
		loop_timer_arm(pool->loop, &pool->timer,
		    loop_now(pool->loop) + PROXY_POOL_TIMEOUT);
	/* Counted first, so that two threads cannot both be the last one. */
	if (are_too_many(pool->pools, key, bucket))
		discard(entry);
}

size_t
pool_count(struct pool *pool)
{
	(void)pthread_mutex_lock(&pool->lock);
	size_t count = pool->count;
	(void)pthread_mutex_unlock(&pool->lock);
	return count;
}
