/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/object: the memory of an object and its body.
 *
 *	body | links | lengths, times | (wide) | key vary head tags | (bytes)
 *
 * An object costs at most 128 bytes beside its text and bytes: 100 of the
 * struct, 8 of the allocator and on average 8 of its rounding, 4 to 8 of the
 * table.  So the body is the object's beginning and shares its count, times
 * have 32 bits, and whatever is only needed while it is filling lies apart
 * (cache_fill) and goes with the last byte.
 *
 * Who may write: `used` anyone, without order (a lost hit is no matter);
 * `next`, `queued`, `place` and `stored` the one with the lock of the shard;
 * what is of the body see body_impl.h; all else is as it was made.
 */
#ifndef GATEHOUSE_CACHE_OBJECT_IMPL_H
#define GATEHOUSE_CACHE_OBJECT_IMPL_H

#include "cache/object.h"

#include <assert.h>
#include <stddef.h>

#include "cache/epoch.h"

enum cache_body_kind {
	CACHE_BODY_INLINE,
	CACHE_BODY_PIECES,
	CACHE_BODY_SHARED, /* of the object in `more` */
};

struct cache_body {
	_Atomic uint32_t refs; /* of the object */
	_Atomic uint8_t state;
	uint8_t kind;
	_Atomic uint8_t used; /* hits since it was last looked at */
	uint8_t place;        /* enum cache_place */
	_Atomic uint64_t bytes;
	/*
	 * INLINE: struct cache_fill until it has ended, then NULL; PIECES:
	 * struct cache_pieces; SHARED: struct cache_object.
	 */
	_Atomic(void *) more;
};

/* Where an object stands among those that may be evicted (cache/queue). */
enum cache_place {
	CACHE_PLACE_NONE,
	CACHE_PLACE_WINDOW,
	CACHE_PLACE_MAIN,
};

struct cache_links {
	struct cache_object *older, *newer;
};

struct cache_object {
	struct cache_body body; /* the first: a body is its object */
	_Atomic(struct cache_object *) next; /* in the chain of the table */
	union {
		struct cache_links queued;
		struct cache_retired retired;
	};
	uint32_t hash;
	uint32_t stamp;
	uint16_t key_len, vary_len, head_len, tags_len;
	/* struct cache_meta, packed. */
	uint32_t response_time, date, last_modified; /* 0: HTTP_UNSAID */
	uint32_t corrected_age, lifetime;
	uint32_t content;
	uint16_t stale_while_revalidate, stale_if_error; /* pack_span */
	uint16_t etag_at, etag_len;
	uint16_t status;
	uint16_t flags; /* of meta, and CACHE_OBJECT_... */
	char text[];
};

#define CACHE_OBJECT_WIDE   0x8000u
#define CACHE_OBJECT_STORED 0x4000u /* it was read from the disk */
#define CACHE_OBJECT_FLAGS  (CACHE_OBJECT_WIDE | CACHE_OBJECT_STORED)

static_assert(offsetof(struct cache_object, text) == 100,
    "overhead must stay under 128 bytes");

/* Room for the bytes of an inline body, behind the text. */
char *cache_object_bytes(struct cache_object *object);

/* As strchr does: who lends something const knows whether it is. */
static inline void *
cache_lent(const void *lent)
{
	void *ret;

	memcpy(&ret, &lent, sizeof(ret));
	return ret;
}

static inline struct cache_object *
cache_object_of(const struct cache_body *body)
{
	return cache_lent(body);
}

/* What it takes of memory, as the store has it in its books. */
uint64_t cache_object_charge(struct cache_object *object);

static inline struct cache_object *
cache_object_retired(struct cache_retired *item)
{
	return (struct cache_object *)(void *)((char *)item -
					       offsetof(struct cache_object,
						   retired));
}

/* Beyond all counts of hits: it was dropped, and does not come back. */
#define CACHE_OBJECT_DROPPED 0xff

static inline bool
cache_object_is_dropped(const struct cache_object *object)
{
	return atomic_load(&object->body.used) == CACHE_OBJECT_DROPPED;
}

/* Whole, and in pieces as those are made whose length is not known. */
bool cache_object_is_loose(const struct cache_object *object);

/* The same, made as one whose length is known.  0 or -ENOMEM. */
int cache_object_settle(
    const struct cache_object *object, struct cache_object **ret);

#endif
