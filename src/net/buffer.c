/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/buffer.h"

#include "base/must.h"

#include <errno.h>
#include <stdlib.h>

/* What a kept piece holds while nobody uses it. */
struct buffer_piece {
	struct buffer_piece *next;
};

#ifdef GATEHOUSE_ARENA_PIECEWISE
#define KEPT_BYTES_MAX ((size_t)0)
#else
#define KEPT_BYTES_MAX BUFFER_POOL_BYTES_MAX
#endif

/* The class whose pieces are `room` bytes; CLASSES when there is none. */
static size_t
class_of(size_t room)
{
	size_t class = 1;

	if (room == BUFFER_SMALL_BYTES)
		return 0;
	while (class < BUFFER_PIECE_CLASSES && room != BUFFER_PIECE_BYTES
							   << (class - 1))
		class ++;
	return class;
}

static void *
pool_take(struct buffer_pool *pool, size_t room)
{
	size_t class = class_of(room);
	struct buffer_piece *piece;

	if (class < BUFFER_PIECE_CLASSES && pool->kept[class] != NULL) {
		piece = pool->kept[class];
		pool->kept[class] = piece->next;
		pool->kept_bytes -= room;
	} else {
		piece = malloc(room);
	}
	if (piece != NULL)
		pool->lent_bytes += room;
	return piece;
}

static void
pool_give(struct buffer_pool *pool, void *bytes, size_t room)
{
	size_t class = class_of(room);
	struct buffer_piece *piece = bytes;

	pool->lent_bytes -= room;
	if (class == BUFFER_PIECE_CLASSES ||
	    pool->kept_bytes + room > KEPT_BYTES_MAX) {
		free(bytes);
		return;
	}
	piece->next = pool->kept[class];
	pool->kept[class] = piece;
	pool->kept_bytes += room;
}

void
buffer_pool_init(struct buffer_pool *pool)
{
	*pool = (struct buffer_pool){ 0 };
}

void
buffer_pool_fini(struct buffer_pool *pool)
{
	must(pool->lent_bytes == 0);
	for (size_t class = 0; class < BUFFER_PIECE_CLASSES; class ++) {
		while (pool->kept[class] != NULL) {
			struct buffer_piece *piece = pool->kept[class];
			pool->kept[class] = piece->next;
			free(piece);
		}
	}
	pool->kept_bytes = 0;
}

void
buffer_init(struct buffer *buffer, struct buffer_pool *pool, size_t bytes_max)
{
	*buffer = (struct buffer){ .pool = pool, .bytes_max = bytes_max };
}

/* Also what a compiler would see is never read again. */
static void
wipe(const struct buffer *buffer, size_t from, size_t count)
{
	if (buffer->secret && count > 0)
		explicit_bzero(buffer->bytes + from, count);
}

static void
give_back(struct buffer *buffer)
{
	bool secret = buffer->secret;

	wipe(buffer, buffer->at, buffer->len);
	if (buffer->bytes != NULL)
		pool_give(buffer->pool, buffer->bytes, buffer->room);
	buffer_init(buffer, buffer->pool, buffer->bytes_max);
	buffer->secret = secret;
}

void
buffer_keep_secret(struct buffer *buffer)
{
	buffer->secret = true;
}

void
buffer_fini(struct buffer *buffer)
{
	give_back(buffer);
}

struct str
buffer_peek(const struct buffer *buffer)
{
	if (buffer->len == 0)
		return (struct str){ NULL, 0 };
	return (struct str){ buffer->bytes + buffer->at, buffer->len };
}

size_t
buffer_left(const struct buffer *buffer)
{
	return buffer->bytes_max - buffer->len;
}

/* The smallest piece that holds `size` bytes; 0 when none can. */
static size_t
piece_for(size_t size)
{
	size_t room = BUFFER_PIECE_BYTES;

	if (size <= BUFFER_SMALL_BYTES)
		return BUFFER_SMALL_BYTES;
	while (room < size && room <= SIZE_MAX / 2)
		room *= 2;
	return room >= size ? room : 0;
}

static void
compact(struct buffer *buffer)
{
	size_t end = buffer->at + buffer->len;

	memmove(buffer->bytes, buffer->bytes + buffer->at, buffer->len);
	buffer->at = 0;
	wipe(buffer, buffer->len, end - buffer->len);
}

static int
grow(struct buffer *buffer, size_t need)
{
	size_t room = piece_for(need);
	char *bytes = room > 0 ? pool_take(buffer->pool, room) : NULL;

	if (bytes == NULL)
		return -ENOMEM;
	if (buffer->len > 0)
		memcpy(bytes, buffer->bytes + buffer->at, buffer->len);
	wipe(buffer, buffer->at, buffer->len);
	if (buffer->bytes != NULL)
		pool_give(buffer->pool, buffer->bytes, buffer->room);
	buffer->bytes = bytes;
	buffer->at = 0;
	buffer->room = room;
	return 0;
}

/*
 * Moving the bytes to the front is worth it once half of the piece has been
 * consumed; before that a larger piece keeps the cost per byte constant.  At
 * the limit there is no larger one.
 */
static bool
may_compact(const struct buffer *buffer, size_t need)
{
	return need <= buffer->room && (buffer->at >= buffer->room / 2 ||
					   buffer->room >= buffer->bytes_max);
}

static int
make_room(struct buffer *buffer, size_t want)
{
	size_t need = buffer->len + want;

	if (buffer->room - buffer->at >= need)
		return 0;
	if (may_compact(buffer, need)) {
		compact(buffer);
		return 0;
	}
	/* Doubling, so that many small appends cost no more than one. */
	return grow(buffer, need > buffer->room ? need : buffer->room + 1);
}

int
buffer_reserve(struct buffer *buffer, size_t want, struct buffer_span *ret)
{
	size_t left = buffer_left(buffer);
	int error;

	if (left == 0)
		return -ENOBUFS;
	error = make_room(buffer, want < left ? want : left);
	if (error < 0)
		return error;
	size_t tail = buffer->room - buffer->at - buffer->len;
	*ret = (struct buffer_span){
		.at = buffer->bytes + buffer->at + buffer->len,
		.len = tail < left ? tail : left,
	};
	return 0;
}

void
buffer_added(struct buffer *buffer, size_t count)
{
	must(count <= buffer->room - buffer->at - buffer->len);
	buffer->len += count;
	if (buffer->len == 0)
		give_back(buffer);
}

int
buffer_append(struct buffer *buffer, struct str s)
{
	struct buffer_span span;
	int error;

	if (s.len == 0)
		return 0;
	if (s.len > buffer_left(buffer))
		return -ENOBUFS;
	error = buffer_reserve(buffer, s.len, &span);
	if (error < 0)
		return error;
	memcpy(span.at, s.at, s.len);
	buffer_added(buffer, s.len);
	return 0;
}

void
buffer_consume(struct buffer *buffer, size_t count)
{
	must(count <= buffer->len);
	wipe(buffer, buffer->at, count);
	buffer->at += count;
	buffer->len -= count;
	if (buffer->len == 0)
		give_back(buffer);
}
