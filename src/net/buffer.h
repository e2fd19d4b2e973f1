/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/buffer: bytes that wait in a connection.
 *
 * A queue whose content is one contiguous span, because a parser wants to see
 * a whole head.  It takes memory when bytes come and gives it back with the
 * last of them: an idle connection has no buffers.
 *
 *	bytes            bytes + at       bytes + at + len     bytes + room
 *	| consumed       | waiting        | free               |
 *
 * Memory comes in pieces of 2, 16, 32 and 64 KiB from the pool of the loop
 * (more than that from malloc), and grows by doubling up to the buffer's own
 * limit.  The small ones are for heads that are made here, of which there are
 * many where one connection has many requests: larger pieces, whose first lines
 * alone are written to, would be in one another's way in the processor's cache.
 * The pool is there because malloc is dear in just this pattern: 64 pieces
 * taken and given back cost 10 us each, since the heap's top is returned to
 * the kernel and faulted in again, against 12 ns from the pool.
 *
 * One thread: pool and buffers belong to the thread of their loop.  With
 * -Dpiecewise=true the pool keeps nothing, so that ASan sees a late use.
 */
#ifndef GATEHOUSE_NET_BUFFER_H
#define GATEHOUSE_NET_BUFFER_H

#include "base/str.h"

#define BUFFER_SMALL_BYTES   ((size_t)2 << 10)
#define BUFFER_PIECE_BYTES   ((size_t)16 << 10) /* a TLS record, most heads */
#define BUFFER_PIECE_CLASSES 4                  /* 2, 16, 32 and 64 KiB */

/* What a pool keeps for the next user: 256 connections that are busy at once.
 * Above it pieces go back to malloc. */
#define BUFFER_POOL_BYTES_MAX ((size_t)4 << 20)

struct buffer_piece;

struct buffer_pool {
	struct buffer_piece *kept[BUFFER_PIECE_CLASSES];
	size_t kept_bytes;
	size_t lent_bytes; /* in buffers now, malloc's share included */
};

void buffer_pool_init(struct buffer_pool *pool);

/* Every buffer of the pool has been fini'd or is empty. */
void buffer_pool_fini(struct buffer_pool *pool);

struct buffer {
	struct buffer_pool *pool;
	char *bytes; /* NULL while empty */
	size_t at;
	size_t len;
	size_t room;
	size_t bytes_max;
	bool secret; /* what was in it is wiped when it is there no more */
};

/* Room to write into. */
struct buffer_span {
	char *at;
	size_t len;
};

void buffer_init(
    struct buffer *buffer, struct buffer_pool *pool, size_t bytes_max);
void buffer_fini(struct buffer *buffer);

/* From now on: for what may hold passwords. */
void buffer_keep_secret(struct buffer *buffer);

/* All that waits, lent until the buffer is next changed. */
struct str buffer_peek(const struct buffer *buffer);

/* How many bytes still fit under bytes_max. */
size_t buffer_left(const struct buffer *buffer);

/*
 * Room for `want` bytes, or as many as bytes_max lets in, or more, behind
 * those that wait; what is then written there counts from buffer_added on,
 * which must follow (with 0 if nothing was written) before any other call.
 * 0, -ENOBUFS when the buffer is full, -ENOMEM.
 */
int buffer_reserve(struct buffer *buffer, size_t want, struct buffer_span *ret);
void buffer_added(struct buffer *buffer, size_t count);

/* All of s or nothing.  0, -ENOBUFS, -ENOMEM. */
int buffer_append(struct buffer *buffer, struct str s);

/* Forgets the first `count` bytes, which are there. */
void buffer_consume(struct buffer *buffer, size_t count);

#endif
