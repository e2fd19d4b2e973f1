/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/store: the objects of one proxy in memory, for all its threads.
 *
 * A look-up takes no lock and writes to nothing that another core waits for
 * (liburcu: a lock-free table whose readers say once a round that they hold
 * nothing).  Storing and evicting take one lock.
 *
 * Under one key there may be several objects that differ in their secondary
 * key (RFC 9111, 4.1), at most CACHE_VARIANTS_MAX.
 */
#ifndef GATEHOUSE_CACHE_STORE_H
#define GATEHOUSE_CACHE_STORE_H

#include "cache/object.h"
#include "http/message.h"

struct cache;

struct cache_limits {
	uint64_t bytes_max;        /* all in all, overhead included */
	uint64_t object_bytes_max; /* of one object */
};

/* 0 or -ENOMEM. */
int cache_create(const struct cache_limits *limits, struct cache **ret);
void cache_destroy(struct cache **cache); /* all threads have left */

/* It becomes smaller or larger, at once. */
void cache_resize(struct cache *cache, const struct cache_limits *limits);

/* Each thread that calls the functions below, before and after. */
void cache_thread_enter(struct cache *cache);
void cache_thread_leave(struct cache *cache);
/* Once a round: the thread holds nothing that was lent.  Cheap. */
void cache_rest(struct cache *cache);
/* Around a wait of unknown length: others need not wait for this thread. */
void cache_sleep(struct cache *cache);
void cache_wake(struct cache *cache);

/*
 * The object that was stored last of those that the request selects, lent; or
 * NULL.  Nothing is said of whether it is fresh: cache/reuse.  `purged` ones
 * are not found.
 */
struct cache_object *cache_find(struct cache *cache, struct str key,
    const struct http_request *request);

/*
 * Takes the place of the object with the same key and secondary key.  Takes
 * its own reference.  0; -EFBIG: larger than an object may be.
 */
int cache_put(struct cache *cache, struct cache_object *object);

/* The object, if it is still the one that is in the store. */
void cache_drop(struct cache *cache, struct cache_object *object);

/* ---- one request for all who ask for the same ---- */

/*
 * The first who asks leads and must call cache_lead_end, once, whatever comes
 * of it; the others wait and are then called in their own loop to look again.
 */
struct cache_lead;

enum cache_turn {
	CACHE_TURN_LEAD,  /* *ret_lead is the caller's */
	CACHE_TURN_WAIT,  /* *ret_waiter; fn is called once */
	CACHE_TURN_ALONE, /* no use in waiting: what came last could not be kept,
			     or no memory; go on without */
};

enum cache_turn cache_take_turn(struct cache *cache, struct str key,
    const struct http_request *request, struct loop *loop, cache_waiter_fn fn,
    void *context, struct cache_lead **ret_lead,
    struct cache_waiter **ret_waiter);

/* kept: an object was put for it (it may still be filling).  If not kept,
 * nobody waits for this key again for a while.  `gone`: nothing is known, the
 * next one leads.  *lead becomes NULL; NULL is fine. */
enum cache_lead_result { CACHE_LEAD_KEPT, CACHE_LEAD_NOT_KEPT, CACHE_LEAD_GONE };
void cache_lead_end(struct cache *cache, struct cache_lead **lead,
    enum cache_lead_result result);

/* ---- purging: at once and for all threads ---- */

enum cache_purge_kind {
	CACHE_PURGE_KEY,    /* all variants of one URL */
	CACHE_PURGE_PREFIX, /* of the URL */
	CACHE_PURGE_HOST,   /* exactly, any port */
	CACHE_PURGE_TAG,    /* a surrogate key of the object */
	CACHE_PURGE_ALL,
};

/* How many were thrown away, of those in memory. */
size_t cache_purge(
    struct cache *cache, enum cache_purge_kind kind, struct str what);

struct cache_stats {
	uint64_t objects, bytes, bytes_max;
	uint64_t finds, found, puts, evicted, purged;
};
void cache_stats(struct cache *cache, struct cache_stats *ret);

#endif
