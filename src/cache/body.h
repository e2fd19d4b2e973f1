/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/body: the content of a stored response, while it arrives and after.
 *
 * One thread fills it; any number of threads read what has been published, in
 * place and without a lock.  A reader that has reached the end of what there is
 * and wants more leaves a waiter, which is called in the reader's own loop.
 *
 *	FILLING --cache_body_end--> WHOLE
 *	   `-------cache_body_break--> BROKEN
 *
 * Memory: of a known length in one piece up to 64 KiB (in the struct's own
 * piece of memory where it is known when it is made), else in pieces of 64 KiB,
 * the last one as small as it may be.
 */
#ifndef GATEHOUSE_CACHE_BODY_H
#define GATEHOUSE_CACHE_BODY_H

#include "base/str.h"
#include "net/loop.h"

#include <sys/uio.h>

struct cache_body;
struct cache_waiter;

enum cache_body_state {
	CACHE_BODY_FILLING,
	CACHE_BODY_WHOLE,
	CACHE_BODY_BROKEN, /* no more comes, and it is not the whole */
};

/* With one reference.  length: HTTP_UNSAID if unknown.  NULL: no memory. */
struct cache_body *cache_body_create(int64_t length);
struct cache_body *cache_body_ref(struct cache_body *body);
void cache_body_unref(struct cache_body *body); /* NULL is fine */

/* ---- for the one who fills it ---- */

/* Copies bytes to its end and publishes them.  0; -ENOMEM; -EFBIG past the
 * length that was said. */
int cache_body_append(struct cache_body *body, struct str bytes);

/* It is whole, or it will never be; wakes all waiters. */
void cache_body_end(struct cache_body *body);
void cache_body_break(struct cache_body *body);

/*
 * Bytes between the end of what is published and the foremost reader that said
 * where it is: for back-pressure on a body that is too large to be kept.
 * Readers say it by cache_body_wait.
 */

/* ---- for readers, any thread ---- */

enum cache_body_state cache_body_state(const struct cache_body *body);
uint64_t cache_body_bytes(const struct cache_body *body); /* published */
int64_t cache_body_length(const struct cache_body *body); /* or HTTP_UNSAID */

/*
 * What is published from `at` on, at most `most` bytes, as spans: how many were
 * set.  They stay valid as long as the body does.
 */
size_t cache_body_spans(const struct cache_body *body, uint64_t at,
    uint64_t most, struct iovec *ret, size_t room);

/* How readers of one loop are told. */
typedef void (*cache_waiter_fn)(void *context);

/*
 * Has fn called once, in the loop's thread and never from within this call, as
 * soon as there is more than `at` bytes, or the end.  NULL: no memory.
 */
struct cache_waiter *cache_body_wait(struct cache_body *body, uint64_t at,
    struct loop *loop, cache_waiter_fn fn, void *context);

/* Not called any more; *waiter becomes NULL.  After fn was called the waiter
 * is gone by itself. */
void cache_waiter_cancel(struct cache_waiter **waiter);

#endif
