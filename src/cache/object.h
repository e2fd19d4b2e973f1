/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/object: one stored response (RFC 9111, 3), as the memory store has it.
 *
 * One piece of memory: the struct, then key, secondary key, head and tags, then
 * the body if its length was known and is at most CACHE_INLINE_BYTES_MAX; other
 * bodies lie in pieces.  An object but for its body never changes; a response
 * that freshens it (4.3.4) makes a new object that shares the body.
 *
 * Reading without a lock: what cache_find lends is valid until its thread next
 * calls cache_rest or cache_sleep.  Whoever needs it longer takes a reference.
 */
#ifndef GATEHOUSE_CACHE_OBJECT_H
#define GATEHOUSE_CACHE_OBJECT_H

#include "base/str.h"
#include "cache/body.h"
#include "cache/meta.h"

/* Longer ones have a block that need not be copied (cache/pages). */
#define CACHE_INLINE_BYTES_MAX (((size_t)64 << 10) - 1)

/* Key, secondary key, head and tags: each at most. */
#define CACHE_TEXT_BYTES_MAX ((size_t)65535)

struct cache_object;

/* What an object is made of; all lent, and copied by cache_object_create. */
struct cache_parts {
	struct str key; /* cache_key */
	struct str
	    vary; /* cache_vary_key: empty if the response does not vary */
	/*
	 * The end-to-end field lines ("name: value\r\n" each) that were checked
	 * and written by http/write, without framing, Age and Via.
	 */
	struct str head;
	/* Surrogate keys with a blank between them; empty: none. */
	struct str tags;
	struct cache_meta meta;
	/*
	 * cache_stamp, taken before the request was sent that this answers: a
	 * purge since then is of this object as well.
	 */
	uint32_t stamp;
	int64_t length; /* of the body to come; or HTTP_UNSAID */
	/* Whose body is shared, and length does not count; NULL: a new body. */
	struct cache_object *freshened;
};

/* With one reference, the caller's.  0; -ENOMEM; -EFBIG: a text is too long. */
int cache_object_create(
    const struct cache_parts *parts, struct cache_object **ret);

struct cache_object *cache_object_ref(struct cache_object *object);
void cache_object_unref(struct cache_object *object); /* NULL is fine */

/* Lent by the object. */
struct str cache_object_key(const struct cache_object *object);
struct str cache_object_vary(const struct cache_object *object);
struct str cache_object_head(const struct cache_object *object);
struct str cache_object_tags(const struct cache_object *object);
struct cache_body *cache_object_body(const struct cache_object *object);

uint32_t cache_object_stamp(const struct cache_object *object);

/* CACHE_META_PARTIAL: what is stored is not the whole. */
bool cache_object_is_part(const struct cache_object *object);

/*
 * A copy, because an object has it in a closer form: times are kept from 1970
 * to 2106, what lies beyond becomes the nearest of them.
 */
struct cache_meta cache_object_meta(const struct cache_object *object);

#endif
