/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/body: filling, and looking at what is there.
 */
#include "cache/body_impl.h"

#include "base/must.h"
#include "http/message.h"

#include <errno.h>
#include <stdlib.h>

/* ---- locks ---- */

#define LOCKS 64

struct body_lock {
	_Alignas(64) pthread_mutex_t mutex;
};

#define ONE                                                                    \
	{                                                                      \
		PTHREAD_MUTEX_INITIALIZER                                      \
	}
#define FOUR    ONE, ONE, ONE, ONE
#define SIXTEEN FOUR, FOUR, FOUR, FOUR

static struct body_lock locks[LOCKS] = { SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN };

pthread_mutex_t *
cache_body_lock(const struct cache_body *body)
{
	/* Pieces of memory are at least so far apart. */
	return &locks[(uintptr_t)body / 128 % LOCKS].mutex;
}

static void
lock(const struct cache_body *body)
{
	(void)pthread_mutex_lock(cache_body_lock(body));
}

static void
unlock(const struct cache_body *body)
{
	(void)pthread_mutex_unlock(cache_body_lock(body));
}

/* ---- its parts ---- */

static void *
more_of(const struct cache_body *body)
{
	return atomic_load_explicit(&body->more, memory_order_acquire);
}

static struct cache_pieces *
pieces_of(const struct cache_body *body)
{
	return body->kind == CACHE_BODY_PIECES ? more_of(body) : NULL;
}

struct cache_fill *
cache_body_fill(const struct cache_body *body)
{
	struct cache_pieces *pieces = pieces_of(body);

	return pieces != NULL ? pieces->fill : more_of(body);
}

int
cache_body_begin(
    struct cache_body *body, enum cache_body_kind kind, int64_t length)
{
	struct cache_fill *fill = calloc(1, sizeof(*fill));
	struct cache_pieces *pieces = NULL;

	if (fill == NULL)
		return -ENOMEM;
	if (kind == CACHE_BODY_PIECES)
		pieces = cache_pieces_create(length);
	if (kind == CACHE_BODY_PIECES && pieces == NULL) {
		free(fill);
		return -ENOMEM;
	}
	fill->length = length;
	if (pieces != NULL)
		pieces->fill = fill;
	body->kind = (uint8_t)kind;
	atomic_init(&body->state, CACHE_BODY_FILLING);
	atomic_init(&body->bytes, 0);
	atomic_init(&body->more, pieces != NULL ? (void *)pieces : fill);
	return 0;
}

/* One that never came to its end had no keeper. */
void
cache_body_fini(struct cache_body *body)
{
	struct cache_pieces *pieces = pieces_of(body);

	free(cache_body_fill(body));
	if (pieces != NULL)
		cache_pieces_destroy(pieces);
}

/* ---- passing ---- */

static uint64_t
slowest(const struct cache_body *body, const struct cache_fill *fill)
{
	uint64_t at = cache_body_bytes(body);

	for (struct cache_reader *r = fill->readers; r != NULL; r = r->next)
		if (r->at < at)
			at = r->at;
	return at;
}

static size_t
room_of(const struct cache_body *body, const struct cache_fill *fill)
{
	if (fill == NULL || fill->kept || body->kind == CACHE_BODY_INLINE)
		return SIZE_MAX;
	uint64_t from = fill->readers != NULL ? slowest(body, fill) : 0;
	uint64_t ahead = cache_body_bytes(body) - from;
	return ahead < CACHE_BODY_AHEAD_MAX
		   ? CACHE_BODY_AHEAD_MAX - (size_t)ahead
		   : 0;
}

static bool
is_abandoned(const struct cache_fill *fill)
{
	return fill != NULL && !fill->kept && fill->readers == NULL;
}

void
cache_body_pass(struct cache_body *body, struct cache_fill *fill)
{
	struct cache_pieces *pieces = pieces_of(body);

	if (fill->kept)
		return;
	if (pieces != NULL && !fill->sought)
		cache_pieces_free(pieces, slowest(body, fill));
	if (room_of(body, fill) > 0 || is_abandoned(fill))
		(void)cache_waiter_post_all(&fill->filler);
}

uint64_t
cache_body_begins(const struct cache_body *body)
{
	const struct cache_pieces *pieces = pieces_of(body);

	return pieces != NULL ? cache_pieces_begin(pieces) : 0;
}

bool
cache_body_keep(struct cache_body *body, cache_keeper_fn keeper, void *context)
{
	bool kept = false;

	lock(body);
	struct cache_fill *fill = cache_body_fill(body);
	if (fill != NULL && cache_body_begins(body) == 0) {
		fill->kept = true;
		fill->sought = true;
		fill->keeper = keeper;
		fill->context = context;
		kept = true;
	}
	unlock(body);
	return kept;
}

void
cache_body_let_go(struct cache_body *body)
{
	lock(body);
	struct cache_fill *fill = cache_body_fill(body);
	if (fill != NULL) {
		fill->kept = false;
		cache_body_pass(body, fill);
	}
	unlock(body);
}

void
cache_body_forget(struct cache_body *body)
{
	if (cache_body_state(body) != CACHE_BODY_FILLING)
		return;
	lock(body);
	struct cache_fill *fill = cache_body_fill(body);
	if (fill != NULL && !fill->kept) {
		fill->sought = false;
		cache_body_pass(body, fill);
	}
	unlock(body);
}

/* ---- filling ---- */

static char *
inline_bytes(const struct cache_body *body)
{
	return cache_object_bytes(cache_object_of(body));
}

static int
room_at(struct cache_body *body, uint64_t at, char **ret, size_t *ret_len)
{
	struct cache_pieces *pieces = pieces_of(body);
	int rc = 0;

	if (pieces == NULL) {
		*ret = inline_bytes(body) + at;
		*ret_len = PTRDIFF_MAX; /* its length was checked */
		return 0;
	}
	lock(body);
	rc = cache_pieces_room(pieces, at, ret, ret_len);
	unlock(body);
	return rc;
}

static int
copy(struct cache_body *body, struct str bytes)
{
	uint64_t at = cache_body_bytes(body);
	size_t len;
	char *to;

	while (bytes.len > 0) {
		if (room_at(body, at, &to, &len) < 0)
			return -ENOMEM;
		if (len > bytes.len)
			len = bytes.len;
		memcpy(to, bytes.at, len);
		bytes = str_skip(bytes, len);
		at += len;
		/* Release: who sees the count sees the bytes. */
		atomic_store_explicit(&body->bytes, at, memory_order_release);
	}
	return 0;
}

static void
tell(struct cache_body *body, const struct cache_fill *fill,
    enum cache_body_news news)
{
	if (fill->keeper != NULL)
		fill->keeper(fill->context, cache_object_of(body), news);
}

int
cache_body_append(struct cache_body *body, struct str bytes)
{
	struct cache_fill *fill = cache_body_fill(body); /* the filler's */
	const struct cache_pieces *pieces = pieces_of(body);

	must(fill != NULL);
	if (fill->length >= 0 &&
	    bytes.len > (uint64_t)fill->length - cache_body_bytes(body))
		return -EFBIG;
	uint64_t end = pieces != NULL ? pieces->end : 0;
	int rc = copy(body, bytes);
	lock(body);
	(void)cache_waiter_post_all(&fill->waiting);
	unlock(body);
	if (pieces != NULL && pieces->end != end && fill->length < 0)
		tell(body, fill, CACHE_BODY_GREW);
	return rc;
}

/* Readers that stay open find no cache_fill from here on. */
static void
forget_readers(struct cache_fill *fill)
{
	while (fill->readers != NULL) {
		struct cache_reader *reader = fill->readers;
		fill->readers = reader->next;
		reader->next = NULL;
		reader->link = NULL;
	}
}

static void
finish(struct cache_body *body, enum cache_body_state state)
{
	struct cache_pieces *pieces = pieces_of(body);

	lock(body);
	struct cache_fill *fill = cache_body_fill(body);
	must(fill != NULL);
	if (pieces != NULL)
		pieces->fill = NULL;
	else
		atomic_store_explicit(&body->more, NULL, memory_order_release);
	forget_readers(fill);
	/* The last thing that is done to what readers share: one who sees it
	 * need not take the lock any more. */
	atomic_store_explicit(
	    &body->state, (uint8_t)state, memory_order_release);
	(void)cache_waiter_post_all(&fill->waiting);
	(void)cache_waiter_post_all(&fill->filler);
	unlock(body);
	tell(body, fill,
	    state == CACHE_BODY_WHOLE ? CACHE_BODY_ENDED : CACHE_BODY_BROKE);
	free(fill);
}

void
cache_body_end(struct cache_body *body)
{
	const struct cache_fill *fill = cache_body_fill(body);

	must(fill != NULL);
	bool whole = fill->length < 0 ||
		     (uint64_t)fill->length == cache_body_bytes(body);
	finish(body, whole ? CACHE_BODY_WHOLE : CACHE_BODY_BROKEN);
}

void
cache_body_break(struct cache_body *body)
{
	finish(body, CACHE_BODY_BROKEN);
}

size_t
cache_body_room(const struct cache_body *body)
{
	lock(body);
	size_t count = room_of(body, cache_body_fill(body));
	unlock(body);
	return count;
}

bool
cache_body_is_abandoned(const struct cache_body *body)
{
	lock(body);
	bool abandoned = is_abandoned(cache_body_fill(body));
	unlock(body);
	return abandoned;
}

int
cache_body_await_room(struct cache_body *body, struct loop *loop,
    cache_waiter_fn fn, void *context, struct cache_waiter **ret)
{
	struct cache_waiter *waiter =
	    cache_waiter_create(cache_body_lock(body), loop, fn, context);

	if (waiter == NULL)
		return -ENOMEM;
	*ret = waiter;
	lock(body);
	struct cache_fill *fill = cache_body_fill(body);
	if (room_of(body, fill) > 0 || is_abandoned(fill))
		cache_waiter_post(waiter);
	else
		cache_waiter_arm(waiter, &fill->filler);
	unlock(body);
	return 0;
}

/* ---- looking ---- */

enum cache_body_state
cache_body_state(const struct cache_body *body)
{
	return atomic_load_explicit(&body->state, memory_order_acquire);
}

/* Pieces go only while it is filling, so what is seen then stays. */
bool
cache_body_is_all(const struct cache_body *body)
{
	return cache_body_state(body) == CACHE_BODY_WHOLE &&
	       cache_body_begins(body) == 0;
}

uint64_t
cache_body_bytes(const struct cache_body *body)
{
	return atomic_load_explicit(&body->bytes, memory_order_acquire);
}

int64_t
cache_body_length(const struct cache_body *body)
{
	int64_t length = HTTP_UNSAID;

	if (cache_body_state(body) == CACHE_BODY_FILLING) {
		lock(body);
		const struct cache_fill *fill = cache_body_fill(body);
		if (fill != NULL)
			length = fill->length;
		unlock(body);
	}
	if (cache_body_state(body) == CACHE_BODY_WHOLE)
		length = (int64_t)cache_body_bytes(body);
	return length;
}

static char *
bytes_at(const struct cache_body *body, uint64_t at, size_t *ret_len)
{
	const struct cache_pieces *pieces = pieces_of(body);

	if (pieces != NULL)
		return cache_pieces_at(pieces, at, ret_len);
	*ret_len = SIZE_MAX;
	return inline_bytes(body) + at;
}

size_t
cache_body_spans(const struct cache_body *body, uint64_t at, uint64_t most,
    struct iovec *ret, size_t room)
{
	uint64_t end = cache_body_bytes(body);
	size_t count = 0, len;

	if (at < end && most < end - at)
		end = at + most;
	while (at < end && count < room) {
		char *bytes = bytes_at(body, at, &len);
		if (len > end - at)
			len = (size_t)(end - at);
		ret[count++] = (struct iovec){ bytes, len };
		at += len;
	}
	return count;
}

/* From then on it was worth it (cache/pages), if it goes on like that. */
#define SENT_OFTEN 8

bool
cache_body_send(struct cache_body *body)
{
	struct cache_pieces *pieces = pieces_of(body);

	if (pieces == NULL)
		return false;
	if (atomic_load_explicit(&pieces->sent, memory_order_relaxed) >=
	    SENT_OFTEN)
		return true;
	(void)atomic_fetch_add_explicit(&pieces->sent, 1, memory_order_relaxed);
	return false;
}

bool
cache_span_lend(const struct iovec *span)
{
	return cache_pages_lend(span->iov_base);
}

bool
cache_body_is_loose(const struct cache_body *body)
{
	const struct cache_pieces *pieces = pieces_of(body);

	return pieces != NULL && !cache_pieces_are_cut(pieces) &&
	       cache_body_state(body) == CACHE_BODY_WHOLE;
}

uint64_t
cache_body_charge(const struct cache_body *body)
{
	const struct cache_pieces *pieces = pieces_of(body);

	if (pieces == NULL)
		return 0;
	return atomic_load_explicit(&pieces->charged, memory_order_relaxed);
}

uint64_t
cache_body_charge_anew(struct cache_body *body)
{
	struct cache_pieces *pieces = pieces_of(body);

	if (pieces == NULL)
		return 0;
	uint64_t charge = cache_pieces_need(pieces);
	atomic_store_explicit(&pieces->charged, charge, memory_order_relaxed);
	return charge;
}
