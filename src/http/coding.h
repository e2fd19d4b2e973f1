/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/coding: content codings (RFC 9110, 8.4.1), made and taken away as the
 * content flows.
 *
 *	http_coder_open(pool, &want, &coder);
 *	do {
 *		ssize_t made = http_coder_code(
 *		    coder, &input, HTTP_CODER_MORE, room, sizeof(room));
 *		if (made < 0)
 *			...	decoding: what came is not in this coding
 *		...		send room[0..made)
 *	} while (input.len > 0 || http_coder_is_pending(coder));
 *	http_coder_close(&coder);
 *
 * Each call with room for a byte takes a byte, makes a byte, or ends the
 * pending.  The last input (it may be empty) is given with HTTP_CODER_END;
 * HTTP_CODER_FLUSH makes all that was taken readable to the other side, at the
 * price of a few bytes.
 *
 * Memory for one coder, whatever passes through it (a test holds it):
 *
 *		encoding    decoding
 *	gzip	   272 KiB     48 KiB	window 32 KiB
 *	br	     3 MiB     18 MiB	windows 256 KiB, up to 16 MiB
 *	zstd	     3 MiB     10 MiB	windows 512 KiB, up to 8 MiB (RFC 9659)
 *
 * (levels up to the swift ones; the thorough ones take more, see coding.c).
 *
 * A decoder checks the checksum of the coding; what is cut short or goes on
 * behind its end is an error.  Of gzip several members and of zstd several
 * frames are one content (RFC 1952, 2.2; RFC 8878, 3.1).
 *
 * A coder belongs to a pool and both to one thread.
 */
#ifndef GATEHOUSE_HTTP_CODING_H
#define GATEHOUSE_HTTP_CODING_H

#include "base/str.h"

#include <sys/types.h>

/* Name in fields, levels: of all, for content on its way, for one that is
 * kept. */
#define HTTP_CODINGS(ROW)                                                      \
	ROW(IDENTITY, "identity", 0, 0, 0, 0)                                  \
	ROW(GZIP, "gzip", 1, 9, 6, 9)                                          \
	ROW(BR, "br", 0, 11, 5, 11)                                            \
	ROW(ZSTD, "zstd", 1, 19, 3, 19)

enum http_coding {
#define ROW(id, word, least, most, swift, thorough) HTTP_CODING_##id,
	HTTP_CODINGS(ROW)
#undef ROW
	HTTP_CODING_COUNT,
	HTTP_CODING_OTHER = HTTP_CODING_COUNT, /* or several of them */
};

struct http_coding_row {
	const char *word;
	int level_min, level_max;
	int level_swift;    /* faster than the network that it goes to */
	int level_thorough; /* for what is made once and sent often */
};

const struct http_coding_row *http_coding_row(enum http_coding coding);

/* By token, in any case, `x-gzip` too (RFC 9110, 8.4.1.3); else OTHER. */
enum http_coding http_coding_find(struct str token);

/* ---- coders ---- */

struct http_coder;
struct http_coder_pool;

/*
 * Past these a decoder gives up: small content that becomes large is how a
 * server keeps a proxy busy.
 */
struct http_coder_bounds {
	uint64_t bytes_max;  /* of what comes out */
	uint64_t bytes_free; /* up to which no ratio counts */
	uint32_t ratio_max;  /* of what came out to what went in */
};

extern const struct http_coder_bounds http_coder_bounds_usual;

struct http_coder_want {
	enum http_coding coding; /* not IDENTITY, not OTHER */
	bool decode;
	int level;      /* encoding only */
	int64_t length; /* encoding: of all input, or HTTP_UNSAID; a promise */
	const struct http_coder_bounds *bounds; /* decoding; NULL: the usual */
};

/* What was used is kept for the next, some of each kind.  NULL: no memory. */
struct http_coder_pool *http_coder_pool_create(void);
void http_coder_pool_destroy(struct http_coder_pool **pool);

/* 0 or -ENOMEM. */
int http_coder_open(struct http_coder_pool *pool,
    const struct http_coder_want *want, struct http_coder **ret);
void http_coder_close(struct http_coder **coder); /* NULL is fine */

enum http_coder_flow {
	HTTP_CODER_MORE,
	HTTP_CODER_FLUSH, /* encoding only; else the same as MORE */
	HTTP_CODER_END,
};

/*
 * Takes from the front of *input and writes to room; returns how much it
 * wrote.  -EBADMSG: malformed, cut short, trailing bytes, wrong checksum, or
 * not of the length that was promised; -EFBIG: past the bounds; -ENOMEM.  After
 * an error only http_coder_close may be called.
 */
ssize_t http_coder_code(struct http_coder *coder, struct str *input,
    enum http_coder_flow flow, char *room, size_t room_bytes);

/* There is more to write out than there was room for. */
bool http_coder_is_pending(const struct http_coder *coder);

/* The end was written, or read. */
bool http_coder_is_done(const struct http_coder *coder);

/* What it holds of memory now, as far as the library tells. */
size_t http_coder_memory(const struct http_coder *coder);

#endif
