/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/object: one stored response (RFC 9111, 3), as the memory store holds it.
 *
 * An object never changes once it is in the store; a response that freshens it
 * (4.3.4) makes a new object with the same body.  Key, secondary key and head
 * lie behind the struct in the same piece of memory, and a small body too.
 *
 * Reading without a lock: what cache_find lends is valid until the thread next
 * calls cache_rest, which each worker does once a round of its loop.  Whoever
 * needs it longer takes a reference.
 */
#ifndef GATEHOUSE_CACHE_OBJECT_H
#define GATEHOUSE_CACHE_OBJECT_H

#include "base/str.h"
#include "cache/body.h"
#include "cache/meta.h"

struct cache_object;

/* What an object is made of; all lent, and copied by cache_object_create. */
struct cache_parts {
	struct str key;  /* cache_key */
	struct str vary; /* cache_vary_key: empty if the response does not vary */
	/*
	 * The end-to-end field lines ("name: value\r\n" each) that were checked
	 * and written by http/write, without framing, Age and Via.
	 */
	struct str head;
	struct cache_meta meta;
	struct cache_body *body; /* a reference is taken */
};

/* With one reference, the caller's.  NULL: no memory. */
struct cache_object *cache_object_create(const struct cache_parts *parts);

struct cache_object *cache_object_ref(struct cache_object *object);
void cache_object_unref(struct cache_object *object); /* NULL is fine */

struct str cache_object_key(const struct cache_object *object);
struct str cache_object_vary(const struct cache_object *object);
struct str cache_object_head(const struct cache_object *object);
const struct cache_meta *cache_object_meta(const struct cache_object *object);
struct cache_body *cache_object_body(const struct cache_object *object);

#endif
