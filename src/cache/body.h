/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/body: the content of a stored response, while it arrives and after.
 *
 * One thread fills it; any number of threads read what has been published, in
 * place and without a lock.
 *
 *	FILLING --cache_body_end--> WHOLE
 *	   `-------cache_body_break--> BROKEN
 *
 * A body is part of a cache_object (cache_object_body) and lives as long: who
 * holds a reference to the object may read the body.
 *
 * Kept or passing.  While the store has the object, all of the body stays and
 * the filler may go as fast as it likes.  A body that is not in the store (not
 * put yet, too large as it turned out, evicted or purged while it arrives) is
 * passing: what all followers have read is freed, and the filler stops when it
 * is CACHE_BODY_AHEAD_MAX ahead of the slowest (cache_body_room).
 *
 * So a body may come to its end and not begin any more.  Who wants to read one
 * asks cache_body_is_all, and opens a reader if it is not: in the round in
 * which the object was found that succeeds, later it may be too late.
 */
#ifndef GATEHOUSE_CACHE_BODY_H
#define GATEHOUSE_CACHE_BODY_H

#include "base/str.h"
#include "cache/waiter.h"

#include <sys/uio.h>

/* Of a passing body: a good window of a distant server. */
#define CACHE_BODY_AHEAD_MAX ((size_t)1 << 20)

struct cache_body;
struct cache_reader;

enum cache_body_state {
	CACHE_BODY_FILLING,
	CACHE_BODY_WHOLE,
	CACHE_BODY_BROKEN, /* no more comes, and it is not the whole */
};

/* ---- for the one who fills it, one thread ---- */

/*
 * Copies bytes to its end, publishes them and wakes who waits for them.  0;
 * -ENOMEM; -EFBIG past the length that was said.
 */
int cache_body_append(struct cache_body *body, struct str bytes);

/* It is whole, or it will never be.  An end before the length that was said
 * breaks it.  One of the two is called, once. */
void cache_body_end(struct cache_body *body);
void cache_body_break(struct cache_body *body);

/* How many bytes may be appended now: SIZE_MAX while it is kept. */
size_t cache_body_room(const struct cache_body *body);

/* Neither kept nor followed by anyone: the filler may stop and break it. */
bool cache_body_is_abandoned(const struct cache_body *body);

/*
 * Has fn called once, in the loop's thread and never from within this call,
 * when there is room, or nobody follows it any more.  0; -ENOMEM.
 */
int cache_body_await_room(struct cache_body *body, struct loop *loop,
    cache_waiter_fn fn, void *context, struct cache_waiter **ret);

/* ---- for readers, any thread ---- */

enum cache_body_state cache_body_state(const struct cache_body *body);

/* Whole, and nothing of it has gone: it can be read without a reader. */
bool cache_body_is_all(const struct cache_body *body);

uint64_t cache_body_bytes(const struct cache_body *body); /* published */

/* As it was said, or known since it is whole; or HTTP_UNSAID. */
int64_t cache_body_length(const struct cache_body *body);

/*
 * What is published from `at` on, at most `most` bytes, as spans: how many were
 * set.  They stay as they are as long as the object does; of a body that is
 * not whole, only for a reader that stands at `at` or before it, until it is
 * moved on.
 */
size_t cache_body_spans(const struct cache_body *body, uint64_t at,
    uint64_t most, struct iovec *ret, size_t room);

/*
 * It is sent once more.  Whether it is sent so often that its spans are to be
 * lent to the network.
 */
bool cache_body_send(struct cache_body *body);

/*
 * Lends what is in the span, to be read in place as long as anybody likes, and
 * whatever becomes of the body meanwhile (stream_lend_spans): nobody writes
 * there.  Of all of the span, or of nothing: false, it must be copied.
 */
bool cache_span_lend(const struct iovec *span);

/*
 * Follows a body that may still be filling, from `at` on.  A body that is all
 * there needs no reader.  All calls in the thread of the loop.  0; -ENOMEM;
 * -ESTALE: it is passing, and what is at `at` has gone.
 */
int cache_reader_open(struct cache_body *body, uint64_t at, struct loop *loop,
    cache_waiter_fn fn, void *context, struct cache_reader **ret);

/* What is before `at` is not needed any more by this reader. */
void cache_reader_advance(struct cache_reader *reader, uint64_t at);

/*
 * Has fn called once, never from within this call, as soon as more than what
 * is before the reader's place is published, or the body has come to its end.
 */
void cache_reader_wait(struct cache_reader *reader);

/* fn is not called any more; *reader becomes NULL, and NULL is fine. */
void cache_reader_close(struct cache_reader **reader);

#endif
