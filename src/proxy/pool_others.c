/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/pool_others: what waits in the pools of other threads.
 *
 * Only the descriptor changes thread, as a second one of the same connection:
 * the first is still watched by the loop that kept it, which hears of the
 * connection but reads nothing of it (stream_rest), and closes it when it
 * comes to the message.  So no thread ever touches the loop of another.
 */
#include "proxy/pool_impl.h"

#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static size_t
count_in(struct pool *pool, struct pool_key key)
{
	struct pool_bucket *bucket = &pool->buckets[pool_bucket_of(key)];
	size_t count = 0;

	(void)pthread_mutex_lock(&pool->lock);
	for (const struct pool_entry *entry = bucket->newest; entry != NULL;
	     entry = entry->next)
		count += pool_key_eq(entry->key, key);
	(void)pthread_mutex_unlock(&pool->lock);
	return count;
}

size_t
pools_count_to(struct pools *pools, struct pool_key key)
{
	size_t count = 0;

	for (size_t i = 0; i < pools->member_count; i++)
		count += count_in(pools->members[i], key);
	return count;
}

void
pool_clear_left(struct loop *loop, struct loop_message *message)
{
	struct pool *pool =
	    (struct pool *)((char *)message - offsetof(struct pool, behind));

	(void)loop;
	(void)pthread_mutex_lock(&pool->lock);
	struct pool_entry *entry = pool->left;
	pool->left = NULL;
	pool->told = false;
	(void)pthread_mutex_unlock(&pool->lock);
	while (entry != NULL) {
		struct pool_entry *next = entry->next;
		stream_close(&entry->stream);
		free(entry);
		entry = next;
	}
}

bool
pool_leave_behind(struct pool_entry *entry, struct slot **ret_slot)
{
	struct pool *pool = entry->pool;
	bool must_tell = !pool->told;

	pool_unlink(entry);
	entry->left = true;
	*ret_slot = entry->slot;
	entry->next = pool->left;
	pool->left = entry;
	pool->told = true;
	return must_tell;
}

static struct pool_entry *
find_bare(struct pool *pool, struct pool_key key)
{
	struct pool_entry *entry = pool->buckets[pool_bucket_of(key)].newest;

	while (
	    entry != NULL && (entry->fd < 0 || !pool_key_eq(entry->key, key)))
		entry = entry->next;
	return entry;
}

static int
take_one(struct pool *pool, struct pool_key key, struct slot **ret_slot)
{
	bool must_tell = false;
	int fd = -ENOENT;

	(void)pthread_mutex_lock(&pool->lock);
	struct pool_entry *entry = find_bare(pool, key);
	if (entry != NULL) {
		fd = fcntl(entry->fd, F_DUPFD_CLOEXEC, 0);
		/* Without descriptors it stays where it is. */
		if (fd < 0)
			fd = -ENOENT;
		else
			must_tell = pool_leave_behind(entry, ret_slot);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	if (must_tell)
		loop_post(pool->loop, &pool->behind);
	return fd;
}

/* Its own thread may not have looked yet. */
static bool
is_quiet(int fd)
{
	char byte;

	return socket_peek(fd, &byte, sizeof(byte)) == -EAGAIN;
}

static int
take_from(struct pool *pool, size_t bucket, struct pool_key key,
    struct slot **ret_slot)
{
	while (atomic_load_explicit(
		   &pool->buckets[bucket].count, memory_order_relaxed) > 0) {
		int fd = take_one(pool, key, ret_slot);
		if (fd < 0 || is_quiet(fd))
			return fd;
		(void)close(fd);
		slot_release(*ret_slot);
	}
	return -ENOENT;
}

static size_t
place_of(const struct pool *pool)
{
	size_t i = 0;

	while (pool->pools->members[i] != pool)
		i++;
	return i;
}

/* From the next one on, so that not all take from the first. */
int
pools_take_from_others(
    struct pool *pool, struct pool_key key, struct slot **ret_slot)
{
	struct pools *pools = pool->pools;
	size_t bucket = pool_bucket_of(key);

	if (atomic_load_explicit(
		&pools->buckets[bucket], memory_order_relaxed) == 0)
		return -ENOENT;
	size_t own = place_of(pool);
	for (size_t i = 1; i < pools->member_count; i++) {
		struct pool *other =
		    pools->members[(own + i) % pools->member_count];
		int fd = take_from(other, bucket, key, ret_slot);
		if (fd >= 0)
			return fd;
	}
	return -ENOENT;
}
