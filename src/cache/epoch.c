/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/epoch: seats and the count of epochs.
 *
 * Waking up against retiring: the sleeper writes its seat and then reads the
 * epoch, the other counts the epoch and then reads the seats.  All four are
 * sequentially consistent, so either the seat is seen, and waited for, or the
 * new epoch is, and with it that something was unlinked.
 */
#include "cache/epoch.h"

#include "base/must.h"

#include <stddef.h>

void
cache_epoch_init(struct cache_epoch *epoch)
{
	atomic_init(&epoch->now, 1);
	atomic_init(&epoch->used, 0);
	(void)pthread_mutex_init(&epoch->lock, NULL);
	for (size_t i = 0; i < CACHE_SEATS_MAX; i++) {
		atomic_init(&epoch->seats[i].seen, 0);
		atomic_init(&epoch->seats[i].finds, 0);
		atomic_init(&epoch->seats[i].found, 0);
		epoch->seats[i].taken = false;
	}
}

void
cache_epoch_fini(struct cache_epoch *epoch)
{
	for (size_t i = 0; i < CACHE_SEATS_MAX; i++)
		must(!epoch->seats[i].taken);
	(void)pthread_mutex_destroy(&epoch->lock);
}

struct cache_seat *
cache_epoch_sit(struct cache_epoch *epoch)
{
	unsigned i = 0;

	(void)pthread_mutex_lock(&epoch->lock);
	while (i < CACHE_SEATS_MAX && epoch->seats[i].taken)
		i++;
	must(i < CACHE_SEATS_MAX);
	epoch->seats[i].taken = true;
	if (i >= atomic_load_explicit(&epoch->used, memory_order_relaxed))
		atomic_store(&epoch->used, i + 1);
	(void)pthread_mutex_unlock(&epoch->lock);
	cache_epoch_wake(epoch, &epoch->seats[i]);
	return &epoch->seats[i];
}

void
cache_epoch_stand(struct cache_epoch *epoch, struct cache_seat *seat)
{
	cache_epoch_sleep(seat);
	(void)pthread_mutex_lock(&epoch->lock);
	seat->taken = false;
	(void)pthread_mutex_unlock(&epoch->lock);
}

void
cache_epoch_sleep(struct cache_seat *seat)
{
	atomic_store_explicit(&seat->seen, 0, memory_order_release);
}

void
cache_epoch_wake(struct cache_epoch *epoch, struct cache_seat *seat)
{
	atomic_store(&seat->seen, atomic_load(&epoch->now));
	(void)atomic_load(&epoch->now); /* see above */
}

uint64_t
cache_epoch_next(struct cache_epoch *epoch)
{
	return atomic_fetch_add(&epoch->now, 1) + 1;
}

uint64_t
cache_epoch_seen(const struct cache_epoch *epoch)
{
	unsigned used = atomic_load(&epoch->used);
	uint64_t least = atomic_load(&epoch->now);

	for (unsigned i = 0; i < used; i++) {
		uint64_t seen = atomic_load(&epoch->seats[i].seen);
		if (seen != 0 && seen < least)
			least = seen;
	}
	return least;
}

void
cache_retire(struct cache_epoch *epoch, struct cache_retired_list *list,
    struct cache_retired *item)
{
	item->next = NULL;
	item->epoch = cache_epoch_next(epoch);
	if (list->last != NULL)
		list->last->next = item;
	else
		list->first = item;
	list->last = item;
}

struct cache_retired *
cache_retired_take(struct cache_retired_list *list, uint64_t seen)
{
	struct cache_retired *item = list->first;

	if (item == NULL || item->epoch > seen)
		return NULL;
	list->first = item->next;
	if (list->first == NULL)
		list->last = NULL;
	return item;
}
