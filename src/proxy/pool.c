/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two chains through every entry: its bucket, newest first, and all entries by
 * age, so that the timer only ever looks at the oldest.
 */
#include "proxy/pool.h"

#include "proxy/limits.h"

#include <stdlib.h>

#define BUCKETS 256 /* a power of two */

struct bucket {
	struct entry *newest;
	size_t count;
};

struct entry {
	struct pool *pool;
	struct stream *stream;
	struct pool_key key; /* its text stands behind the entry */
	int64_t since;
	struct entry *next, **link; /* in the bucket */
	struct entry *newer, *older;
};

struct pool {
	struct loop *loop;
	struct bucket buckets[BUCKETS];
	struct entry *newest, *oldest;
	struct loop_timer timer;
	size_t count;
};

static struct bucket *
bucket_of(struct pool *pool, struct pool_key key)
{
	struct str bytes = { (const char *)key.server.address.bytes,
		sizeof(key.server.address.bytes) };

	if (key.through.len > 0)
		bytes = key.through;
	return &pool->buckets[str_hash(bytes, key.server.port) & (BUCKETS - 1)];
}

static bool
is_to(const struct entry *entry, struct pool_key key)
{
	return entry->key.server.port == key.server.port &&
	       address_eq(entry->key.server.address, key.server.address) &&
	       str_eq(entry->key.through, key.through);
}

static void
link_entry(struct pool *pool, struct entry *entry)
{
	struct bucket *bucket = bucket_of(pool, entry->key);

	entry->next = bucket->newest;
	entry->link = &bucket->newest;
	if (entry->next != NULL)
		entry->next->link = &entry->next;
	bucket->newest = entry;
	bucket->count++;
	entry->older = pool->newest;
	if (pool->newest != NULL)
		pool->newest->newer = entry;
	else
		pool->oldest = entry;
	pool->newest = entry;
	pool->count++;
}

/* The stream stays open, with the caller; the entry is gone. */
static struct stream *
unlink_entry(struct entry *entry)
{
	struct pool *pool = entry->pool;
	struct stream *stream = entry->stream;

	bucket_of(pool, entry->key)->count--;
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
	pool->count--;
	free(entry);
	return stream;
}

static void
discard(struct entry *entry)
{
	struct stream *stream = unlink_entry(entry);

	stream_close(&stream);
}

/* Nothing was asked, so whatever is said belongs to nobody. */
static void
on_word(struct stream *stream, void *context)
{
	(void)stream;
	discard(context);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	discard(context);
}

static const struct stream_user waiting = {
	.data = on_word,
	.ended = on_word,
	.failed = on_failed,
};

static void
arm(struct pool *pool)
{
	if (pool->oldest != NULL)
		loop_timer_arm(pool->loop, &pool->timer,
		    pool->oldest->since + PROXY_POOL_TIMEOUT);
	else
		loop_timer_cancel(&pool->timer);
}

static void
on_time(struct loop_timer *timer)
{
	struct pool *pool = timer->context;
	int64_t now = loop_now(pool->loop);

	while (pool->oldest != NULL && /* discard unlinks, so oldest moves */
	       pool->oldest->since + PROXY_POOL_TIMEOUT <= now) /* NOLINT */
		discard(pool->oldest);
	arm(pool);
}

struct pool *
pool_create(struct loop *loop)
{
	struct pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->loop = loop;
	pool->timer = (struct loop_timer){ .fn = on_time, .context = pool };
	return pool;
}

void
pool_destroy(struct pool **pool)
{
	struct pool *p = *pool;

	*pool = NULL;
	if (p == NULL)
		return;
	while (p->oldest != NULL)
		discard(p->oldest); /* NOLINT: unlinked, so oldest moves */
	loop_timer_cancel(&p->timer);
	free(p);
}

struct stream *
pool_take(struct pool *pool, struct pool_key key)
{
	struct entry *entry = bucket_of(pool, key)->newest;

	while (entry != NULL && !is_to(entry, key))
		entry = entry->next;
	if (entry == NULL)
		return NULL;
	struct stream *stream = unlink_entry(entry);
	/* The entry is gone; nobody is told until the caller listens. */
	stream_use(stream, NULL, NULL);
	return stream;
}

/* A bucket is seldom shared, so its entries are seldom looked at. */
static bool
has_room_for(struct pool *pool, struct pool_key key)
{
	const struct bucket *bucket = bucket_of(pool, key);
	size_t count = 0;

	if (pool->count >= PROXY_POOL_MAX)
		return false;
	if (bucket->count < PROXY_POOL_PER_SERVER_MAX)
		return true;
	for (const struct entry *entry = bucket->newest; entry != NULL;
	     entry = entry->next)
		count += is_to(entry, key);
	return count < PROXY_POOL_PER_SERVER_MAX;
}

static struct entry *
create_entry(struct pool *pool, struct pool_key key)
{
	struct entry *entry = malloc(sizeof(*entry) + key.through.len);

	if (entry == NULL)
		return NULL;
	*entry = (struct entry){
		.pool = pool, .key = key, .since = loop_now(pool->loop)
	};
	if (key.through.len > 0)
		memcpy(entry + 1, key.through.at, key.through.len);
	entry->key.through.at = (const char *)(entry + 1);
	return entry;
}

void
pool_put(struct pool *pool, struct pool_key key, struct stream **stream)
{
	struct entry *entry = NULL;

	if (has_room_for(pool, key) && !stream_has_ended(*stream) &&
	    stream_input(*stream).len == 0)
		entry = create_entry(pool, key);
	if (entry == NULL) {
		stream_close(stream);
		return;
	}
	entry->stream = *stream;
	*stream = NULL;
	link_entry(pool, entry);
	stream_use(entry->stream, &waiting, entry);
	stream_read_start(entry->stream);
	if (!loop_timer_is_armed(&pool->timer))
		arm(pool);
}

size_t
pool_count(const struct pool *pool)
{
	return pool->count;
}
