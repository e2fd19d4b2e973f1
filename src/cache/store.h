/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/store: the objects of one proxy in memory, for all its threads.
 *
 * A look-up takes no lock and writes to nothing that another core waits for:
 * tables are read as they are, and what was taken out of them is freed when
 * each thread has said that it holds nothing (cache_rest).  Storing, evicting
 * and purging lock one of CACHE_SHARDS parts.
 *
 * Under one key there may be several objects that differ in their secondary
 * key (RFC 9111, 4.1), at most CACHE_VARIANTS_MAX; one more throws the one out
 * that was stored first.
 *
 * With a disk (cache/disk) what is whole is also written there, and what is
 * only there is read into memory by cache_take_turn, as if another request had
 * brought it.
 */
#ifndef GATEHOUSE_CACHE_STORE_H
#define GATEHOUSE_CACHE_STORE_H

#include "cache/object.h"
#include "http/message.h"

#define CACHE_VARIANTS_MAX 16

struct cache;
struct cache_disk;
struct cache_seat;

struct cache_limits {
	uint64_t bytes_max;        /* all in all, overhead included */
	uint64_t object_bytes_max; /* of one object */
};

/* 0 or -ENOMEM. */
int cache_create(const struct cache_limits *limits, struct cache **ret);

/* All threads have left; takes the disk as well. */
void cache_destroy(struct cache **cache);

/* It becomes smaller or larger, at once. */
void cache_resize(struct cache *cache, const struct cache_limits *limits);

/* ---- the threads ---- */

/* A thread that uses the cache: the caller's memory, the fields the store's. */
struct cache_user {
	struct cache *cache;
	struct cache_seat *seat;
};

/* Before the thread's first call below, and after its last. */
void cache_enter(struct cache *cache, struct cache_user *user);
void cache_leave(struct cache_user *user);

/* Once a round: nothing is held of what was lent.  A load and a compare. */
void cache_rest(struct cache_user *user);

/* Around a wait of unknown length, and holding nothing: nobody waits for this
 * thread meanwhile. */
void cache_sleep(struct cache_user *user);
void cache_wake(struct cache_user *user);

/* ---- objects ---- */

/*
 * The object that was stored last of those that the request selects, lent; or
 * NULL.  It may still be filling, and may be stale: cache/reuse.
 */
struct cache_object *cache_find(struct cache_user *user, struct str key,
    const struct http_request *request);

/* For cache_parts: the purges that have been until now. */
uint32_t cache_stamp(const struct cache *cache);

/* Whether what is stored under the key may be as old as the stamp: nothing has
 * purged it since, nor anything but single keys. */
bool cache_stamp_holds(struct cache *cache, uint32_t stamp, struct str key);

/*
 * Takes the place of the object with the same key and secondary key; takes its
 * own reference.  By the thread that fills the body, before or after it ends; a
 * body that breaks takes its object out.  0; -EFBIG: larger than an object may
 * be; -ESTALE: purged since its stamp, or the body is not all there; -EBUSY: it
 * shares a body that is still filling.
 */
int cache_put(struct cache_user *user, struct cache_object *object);

/* The object, if it is still the one that is in the store; also on the disk.
 * Whether it was. */
bool cache_drop(struct cache_user *user, struct cache_object *object);

/* ---- one request for all who ask for the same ---- */

/*
 * The first who asks leads and must call cache_lead_end, once, whatever comes
 * of it, and as soon as it is known: an object is put with the head, not with
 * the last byte.  The others wait and are then called in their own loop to look
 * again (cache_find, and take a turn if there is still nothing).
 *
 * Requests are the same if the keys are, and the secondary keys as far as they
 * are known from what is stored under the key.  A lead that has not ended after
 * CACHE_LEAD_PATIENCE is not waited for by those who come later: the next one
 * leads beside it.  Who waits longer than he likes cancels and goes on alone.
 */
#define CACHE_LEAD_PATIENCE (5 * CLOCK_SECOND)
/* How long nobody waits for a key whose response could not be kept. */
#define CACHE_ALONE_TIME (120 * CLOCK_SECOND)

struct cache_lead;

enum cache_turn {
	CACHE_TURN_FOUND, /* it has come meanwhile: look again now */
	CACHE_TURN_LEAD,  /* *ret_lead is the caller's */
	CACHE_TURN_WAIT,  /* *ret_waiter; fn is called once */
	CACHE_TURN_ALONE, /* no use in waiting: what came last could not be
			     kept, or no memory; go on without */
};

/* Lent for the call, but for loop and context. */
struct cache_wish {
	struct str key;
	const struct http_request *request;
	/* What cache_find gave and the caller cannot use as it is (stale), or
	 * NULL; FOUND is anything else than that. */
	const struct cache_object *known;
	/* It has waited before, so that what a disk has of the URL has been
	 * read; it was for those who dialled another address under its name,
	 * and would be read for ever. */
	bool again;
	/* In which it is called to look again. */
	struct loop *loop;
	cache_waiter_fn fn;
	void *context;
};

enum cache_turn cache_take_turn(struct cache_user *user,
    const struct cache_wish *wish, struct cache_lead **ret_lead,
    struct cache_waiter **ret_waiter);

/*
 * Another lead for what is in the store and stale: one request validates it
 * (stale-while-revalidate) while all others are served.  NULL: somebody leads
 * already, or no memory.
 */
struct cache_lead *cache_lead_begin(struct cache_user *user, struct str key,
    const struct http_request *request);

enum cache_lead_result {
	CACHE_LEAD_KEPT,     /* an object was put; it may still be filling */
	CACHE_LEAD_NOT_KEPT, /* nobody waits for this key for a while */
	CACHE_LEAD_GONE,     /* nothing is known; the next one leads */
};

/* All who waited are called.  *lead becomes NULL; NULL is fine. */
void cache_lead_end(struct cache_user *user, struct cache_lead **lead,
    enum cache_lead_result result);

/* ---- purging: at once and for all threads ---- */

enum cache_purge_kind {
	CACHE_PURGE_KEY,    /* all variants of one URL */
	CACHE_PURGE_PREFIX, /* of the URL */
	CACHE_PURGE_HOST,   /* exactly, any port */
	CACHE_PURGE_TAG,    /* a surrogate key of the object */
	CACHE_PURGE_ALL,
};

/*
 * From the moment of the call on nobody finds what it covers, nor what was
 * asked for before.  Then all objects are walked to throw it away (none, for
 * KEY), 0.1 s a million: not from a loop, but for KEY.  How many were thrown
 * away, of those in memory; -ENOMEM; -EFBIG: a text longer than a key can be.
 */
int64_t cache_purge(
    struct cache *cache, enum cache_purge_kind kind, struct str what);

struct cache_stats {
	uint64_t objects, bytes, bytes_max;
	uint64_t finds, found, puts, evicted, purged;
	uint64_t collapsed; /* who waited for another's request */
};
void cache_stats(struct cache *cache, struct cache_stats *ret);

#endif
