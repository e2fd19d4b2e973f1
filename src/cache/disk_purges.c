/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/disk_purges: purges by prefix, host and tag, and of all.
 *
 * The index knows hashes only, so whether a record was purged is found out when
 * it is read: by those purges that were written behind it.  A purge is
 * forgotten when the segments before it have gone.
 */
#include "cache/disk_impl.h"

#include <stdlib.h>

void
cache_disk_purges_init(struct cache_disk_purges *purges)
{
	*purges = (struct cache_disk_purges){ .count = 0 };
	(void)pthread_mutex_init(&purges->lock, NULL);
}

/* With the lock: this one and all older ones. */
static void
free_from(struct cache_disk_purges *purges, struct cache_disk_purge **link)
{
	while (*link != NULL) {
		struct cache_disk_purge *purge = *link;
		*link = purge->next;
		free(purge);
		purges->count--;
	}
}

void
cache_disk_purges_fini(struct cache_disk_purges *purges)
{
	free_from(purges, &purges->newest);
	(void)pthread_mutex_destroy(&purges->lock);
}

static void
raise_floor(struct cache_disk_purges *purges, struct cache_position floor)
{
	if (cache_is_before(purges->floor, floor))
		purges->floor = floor;
}

static bool
is_placed(const struct cache_disk_purge *purge)
{
	return purge->at.number != UINT64_MAX;
}

/* The oldest half, that are written, become a floor. */
static void
merge_old(struct cache_disk_purges *purges)
{
	struct cache_disk_purge **link = &purges->newest;

	for (size_t i = 0; i < purges->count / 2 && *link != NULL; i++)
		link = &(*link)->next;
	while (*link != NULL && !is_placed(*link))
		link = &(*link)->next;
	for (struct cache_disk_purge *p = *link; p != NULL; p = p->next)
		if (is_placed(p))
			raise_floor(purges, p->at);
		else
			return; /* it is of all anyway: later */
	free_from(purges, link);
}

struct cache_disk_purge *
cache_disk_purge_add(struct cache_disk_purges *purges,
    enum cache_purge_kind kind, struct str what)
{
	struct cache_disk_purge *purge = malloc(sizeof(*purge) + what.len);

	if (purge == NULL)
		return NULL;
	char *text = (char *)(purge + 1);
	if (what.len > 0)
		memcpy(text, what.at, what.len);
	*purge = (struct cache_disk_purge){ .at = { UINT64_MAX, 0 },
		.kind = kind,
		.what = { text, what.len } };
	(void)pthread_mutex_lock(&purges->lock);
	if (purges->count >= CACHE_DISK_PURGES_MAX)
		merge_old(purges);
	purge->next = purges->newest;
	purges->newest = purge;
	purges->count++;
	(void)pthread_mutex_unlock(&purges->lock);
	return purge;
}

void
cache_disk_purge_place(struct cache_disk_purges *purges,
    struct cache_disk_purge *purge, struct cache_position at)
{
	(void)pthread_mutex_lock(&purges->lock);
	purge->at = at;
	(void)pthread_mutex_unlock(&purges->lock);
}

void
cache_disk_purges_raise(
    struct cache_disk_purges *purges, struct cache_position floor)
{
	(void)pthread_mutex_lock(&purges->lock);
	raise_floor(purges, floor);
	(void)pthread_mutex_unlock(&purges->lock);
}

void
cache_disk_purges_expire(
    struct cache_disk_purges *purges, uint64_t oldest_number)
{
	(void)pthread_mutex_lock(&purges->lock);
	struct cache_disk_purge **link = &purges->newest;
	while (*link != NULL) {
		struct cache_disk_purge *purge = *link;
		if (!is_placed(purge) || purge->at.number >= oldest_number) {
			link = &purge->next;
			continue;
		}
		*link = purge->next;
		free(purge);
		purges->count--;
	}
	(void)pthread_mutex_unlock(&purges->lock);
}

bool
cache_disk_purges_cover(struct cache_disk_purges *purges,
    struct cache_position at, struct str key, struct str tags)
{
	(void)pthread_mutex_lock(&purges->lock);
	bool covered = cache_is_before(at, purges->floor);
	const struct cache_disk_purge *purge = purges->newest;
	for (; purge != NULL && !covered; purge = purge->next)
		covered =
		    cache_is_before(at, purge->at) &&
		    cache_purge_is_of(purge->kind, purge->what, key, tags);
	(void)pthread_mutex_unlock(&purges->lock);
	return covered;
}
