/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/pool_room: a server is full, and some of it only waits.
 *
 * Of many names at one address each has connections of its own, which hold
 * slots of the server while nobody asks by them.
 */
#include "proxy/pool_impl.h"

#include <stdlib.h>

static bool
is_to(const struct pool_entry *entry, struct address_port server)
{
	return entry->slot != NULL && entry->key.server.port == server.port &&
	       address_eq(entry->key.server.address, server.address);
}

static struct pool_entry *
find(struct pool *pool, struct address_port server)
{
	struct pool_entry *entry = pool->oldest;

	while (entry != NULL && !is_to(entry, server))
		entry = entry->newer;
	return entry;
}

static struct slot *
take_own(struct pool *pool, struct address_port server)
{
	(void)pthread_mutex_lock(&pool->lock);
	struct pool_entry *entry = find(pool, server);
	if (entry != NULL)
		pool_unlink(entry);
	(void)pthread_mutex_unlock(&pool->lock);
	if (entry == NULL)
		return NULL;
	struct slot *slot = entry->slot;
	stream_close(&entry->stream);
	free(entry);
	return slot;
}

/* Its thread closes the connection a moment later. */
static struct slot *
take_from(struct pool *pool, struct address_port server)
{
	struct slot *slot = NULL;
	bool must_tell = false;

	(void)pthread_mutex_lock(&pool->lock);
	struct pool_entry *entry = find(pool, server);
	if (entry != NULL)
		must_tell = pool_leave_behind(entry, &slot);
	(void)pthread_mutex_unlock(&pool->lock);
	if (must_tell)
		loop_post(pool->loop, &pool->behind);
	return slot;
}

struct slot *
pool_take_slot(struct pool *pool, struct address_port server)
{
	struct pools *pools = pool->pools;
	struct slot *slot = take_own(pool, server);

	for (size_t i = 0; slot == NULL && i < pools->member_count; i++)
		if (pools->members[i] != pool)
			slot = take_from(pools->members[i], server);
	return slot;
}
