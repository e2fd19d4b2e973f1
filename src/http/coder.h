/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http/coder: content put into a coding, or taken out of it, as it flows.
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
 * The last input (it may be empty) is given with HTTP_CODER_END, and again
 * until nothing is pending; so HTTP_CODER_FLUSH, which makes all that was taken
 * readable to the other side, at the price of a few bytes.
 *
 * Memory for one coder, whatever passes through it, in KiB (a test holds it):
 *
 *		swift	thorough   decoding   window
 *	gzip	  264	     264	 48	  32
 *	br	 4096	    8192      26624	 256; the sender's, to 16384
 *	zstd	 5120	    8192      10240	 512; the sender's, to 8192
 *
 * br's levels 7 to 9 take 10, 18 and 34 MiB.  RFC 9659 bounds zstd's window.
 *
 * Decoding ends at the end of the coding and not before: what is cut short or
 * goes on behind it is an error, and so is a wrong checksum (br has none).  Of
 * gzip several members and of zstd several frames are one content (RFC 1952,
 * 2.2; RFC 8878, 3.1).  No content at all decodes to none.
 *
 * A coder belongs to a pool, and both to one thread.
 */
#ifndef GATEHOUSE_HTTP_CODER_H
#define GATEHOUSE_HTTP_CODER_H

#include "http/coding.h"

#include <sys/types.h>

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
	int level;      /* encoding only; 0: the swift one */
	int64_t length; /* encoding: of all input, a promise; or negative */
	const struct http_coder_bounds *bounds; /* decoding; NULL: the usual */
};

/*
 * What was used is kept for the next, some of each kind, and no more than so
 * much: of zstd one takes 4 MiB.  NULL: no memory.
 */
#define HTTP_CODER_IDLE_BYTES_MAX ((size_t)8 << 20)
struct http_coder_pool *http_coder_pool_create(void);
void http_coder_pool_destroy(struct http_coder_pool **pool);

/* Lets go those of which none was needed since it was called last: what a rush
 * has left. */
void http_coder_pool_rest(struct http_coder_pool *pool);

/* Bytes that it keeps. */
size_t http_coder_pool_memory(const struct http_coder_pool *pool);

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

/*
 * Gives all that comes of the input to the sink, in pieces; 0, or the error of
 * either.  For a sink that always takes what it is given: of one piece that is
 * decoded, more may come than a stream has room for.
 */
typedef int (*http_coder_sink_fn)(void *context, struct str bytes);
int http_coder_pass(struct http_coder *coder, struct str input,
    enum http_coder_flow flow, http_coder_sink_fn sink, void *context);

/* There is more to write out than there was room for. */
bool http_coder_is_pending(const struct http_coder *coder);

/* The end was written, or read. */
bool http_coder_is_done(const struct http_coder *coder);

/* What it holds of memory now, as far as the library tells. */
size_t http_coder_memory(const struct http_coder *coder);

#endif
