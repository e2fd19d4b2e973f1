/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/body: what its own part knows of a body.
 *
 * While it is filling there is a cache_fill, under the body's lock: one of a
 * few that all bodies share, chosen by address.  It is the innermost lock: with
 * it nothing is called and no other lock is taken, but waiters are posted.
 *
 * A body whose length was not known, or is large, is in pieces.  They are
 * blocks that the network may read in place (cache/pages), but for the first
 * ones of a length that was not known, of 4 KiB, 12 and 48, so that a short one
 * wastes less than it has, and for the last one of a length that was.  They are
 * found by a ring of pointers that doubles; rings that were outgrown stay until
 * the body goes, because somebody may be reading them.
 */
#ifndef GATEHOUSE_CACHE_BODY_IMPL_H
#define GATEHOUSE_CACHE_BODY_IMPL_H

#include "cache/body.h"

#include "cache/object_impl.h"
#include "cache/pages.h"
#include "cache/waiter_impl.h"

/* Who is told of a body in the store, by the thread that fills it. */
enum cache_body_news {
	CACHE_BODY_GREW, /* it takes more memory than before */
	CACHE_BODY_ENDED,
	CACHE_BODY_BROKE,
};

typedef void (*cache_keeper_fn)(
    void *context, struct cache_object *object, enum cache_body_news news);

struct cache_fill {
	int64_t length; /* or HTTP_UNSAID */
	bool kept;      /* in the store */
	/* Somebody may just have found it there, and not have a reader yet:
	 * nothing is freed. */
	bool sought;
	struct cache_reader *readers;
	struct cache_waiter *waiting; /* readers at the end */
	struct cache_waiter *filler;  /* waits for room */
	cache_keeper_fn keeper;       /* NULL: none */
	void *context;
};

struct cache_ring {
	struct cache_ring *before; /* outgrown */
	size_t room;               /* a power of two */
	_Atomic(char *) slots[];   /* piece n is in slot n % room */
};

struct cache_pieces {
	_Atomic(struct cache_ring *) ring;
	struct cache_fill *fill;  /* NULL: it has ended */
	uint64_t first, end;      /* pieces that there are */
	uint64_t length;          /* the last one is cut there; or UINT64_MAX */
	_Atomic uint32_t sent;    /* times, as far as it matters */
	_Atomic uint64_t memory;  /* taken by all of it */
	_Atomic uint64_t charged; /* by the store, with the shard's lock */
};

/* Linked while the body is filling. */
struct cache_reader {
	struct cache_object *object; /* a reference */
	uint64_t at;
	struct cache_waiter *waiter;
	struct cache_reader *next, **link; /* link NULL: not linked */
};

/* 0 or -ENOMEM. */
int cache_body_begin(
    struct cache_body *body, enum cache_body_kind kind, int64_t length);
void cache_body_fini(struct cache_body *body);

pthread_mutex_t *cache_body_lock(const struct cache_body *body);

/* With the lock; NULL: it has ended. */
struct cache_fill *cache_body_fill(const struct cache_body *body);

/*
 * The store has it now and tells `keeper`, which holds a reference to the
 * object until it was told of the end; false: it has ended already.
 */
bool cache_body_keep(
    struct cache_body *body, cache_keeper_fn keeper, void *context);

/* The store does not have it any more: the filler must wait for readers. */
void cache_body_let_go(struct cache_body *body);

/* And nobody can have found it there: what they have read is freed. */
void cache_body_forget(struct cache_body *body);

/* ---- for its readers, with the lock ---- */

/* A reader has moved or left: what all have read of a passing body goes, and
 * the filler may go on. */
void cache_body_pass(struct cache_body *body, struct cache_fill *fill);

/* What is before it has gone. */
uint64_t cache_body_begins(const struct cache_body *body);

/* Whole, in pieces, and its length was not known from the beginning. */
bool cache_body_is_loose(const struct cache_body *body);

/* Beside the object: as it was charged last, and as it is. */
uint64_t cache_body_charge(const struct cache_body *body);
uint64_t cache_body_charge_anew(struct cache_body *body);

/* ---- pieces (cache/pieces) ---- */

/* length: HTTP_UNSAID if it is not known.  NULL: no memory. */
struct cache_pieces *cache_pieces_create(int64_t length);
void cache_pieces_destroy(struct cache_pieces *pieces);

/*
 * Room from `at` on in the piece where it lies, made if need be.  0; -ENOMEM.
 * With the body's lock, as cache_pieces_free.
 */
int cache_pieces_room(
    struct cache_pieces *pieces, uint64_t at, char **ret, size_t *ret_len);

/* What lies at `at` in its piece, which is there. */
char *cache_pieces_at(
    const struct cache_pieces *pieces, uint64_t at, size_t *ret_len);

/* Frees those that end before `at`. */
void cache_pieces_free(struct cache_pieces *pieces, uint64_t at);

/* Where the first one begins that is there. */
uint64_t cache_pieces_begin(const struct cache_pieces *pieces);

/* Whether their length was known from the beginning. */
bool cache_pieces_are_cut(const struct cache_pieces *pieces);

/* The memory that they will take, as far as it is known. */
uint64_t cache_pieces_need(const struct cache_pieces *pieces);

#endif
