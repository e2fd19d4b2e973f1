/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/purge: what was purged, and when.
 *
 * Purges are numbered, and an object knows the number that was the last when
 * its request was sent (cache_stamp): later ones are of it too.  Whoever puts
 * an object asks this list whether it was purged on its way; and while a purge
 * is walking through the store, whoever finds one asks as well, so that all
 * threads see its effect at once.
 *
 * Purges of one URL, which any POST may bring, are not in the list: they walk
 * through one chain, and leave their number with a few thousand others of the
 * like hash.  Two URLs that share it cost one of them a miss.
 *
 * The list keeps CACHE_PURGES_MAX; an object that is older than the last one
 * that was forgotten cannot be judged any more, and is not kept.
 */
#ifndef GATEHOUSE_CACHE_PURGE_H
#define GATEHOUSE_CACHE_PURGE_H

#include "cache/object_impl.h"
#include "cache/store.h"

#define CACHE_PURGES_MAX     1024
#define CACHE_PURGE_KEYS_MAX 4096

struct cache_purge {
	struct cache_retired retired;
	_Atomic(struct cache_purge *) older;
	uint32_t number;
	enum cache_purge_kind kind;
	struct str what; /* lies behind the struct */
};

struct cache_purges {
	_Atomic uint32_t last;    /* number */
	_Atomic unsigned walking; /* how many are on their way */
	_Atomic(struct cache_purge *) newest;
	_Atomic uint32_t keys[CACHE_PURGE_KEYS_MAX]; /* numbers */
	pthread_mutex_t lock; /* of what follows, and of writing */
	unsigned count;
	_Atomic uint32_t forgotten; /* number */
	struct cache_retired_list old;
};

void cache_purges_init(struct cache_purges *purges);
void cache_purges_fini(struct cache_purges *purges);

/* Whether the object is what the purge is of, whenever it was. */
bool cache_purge_is_of(enum cache_purge_kind kind, struct str what,
    struct str key, struct str tags);

/* While one is walking; the thread has a seat and is awake. */
bool cache_purges_cover(
    struct cache_purges *purges, const struct cache_object *object);

/* Whether it may not be put; with the shard's lock. */
bool cache_purges_forbid(struct cache_purges *purges,
    const struct cache_object *object, uint64_t hash);

#endif
