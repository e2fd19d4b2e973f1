/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gzip (RFC 1952) by zlib.
 */
/* What it is lent to read is const then. */
#define ZLIB_CONST

#include <errno.h>
#include <zlib.h>

#include "http/coder_impl.h"

/* A window of 32 KiB, and gzip's head and tail around it. */
#define WINDOW_BITS (15 + 16)

/* zlib's usual; 9 takes 128 KiB more and was slower by a twentieth (bench). */
#define MEM_LEVEL 8

/* zlib counts in 32 bits. */
#define LENT_MAX ((size_t)1 << 30)

static void *
alloc_items(void *opaque, unsigned items, unsigned bytes)
{
	return coder_alloc(opaque, (size_t)items * bytes);
}

static z_stream *
create_stream(struct http_coder *coder)
{
	z_stream *stream = coder_alloc(coder, sizeof(*stream));

	if (stream == NULL)
		return NULL;
	*stream = (z_stream){
		.zalloc = alloc_items,
		.zfree = coder_free,
		.opaque = coder,
	};
	coder->state = stream;
	return stream;
}

static void
destroy_stream(struct http_coder *coder)
{
	coder_free(coder, coder->state);
	coder->state = NULL;
}

static void
end_nothing(struct http_coder *coder)
{
	(void)coder;
}

/* True if all of the input was lent. */
static bool
lend(z_stream *stream, struct str input, char *room, size_t room_bytes)
{
	stream->next_in = (const Bytef *)input.at;
	stream->avail_in =
	    (unsigned)(input.len < LENT_MAX ? input.len : LENT_MAX);
	stream->next_out = (Bytef *)room;
	stream->avail_out =
	    (unsigned)(room_bytes < LENT_MAX ? room_bytes : LENT_MAX);
	return stream->avail_in == input.len;
}

static ssize_t
take_back(z_stream *stream, struct str *input, const char *room)
{
	size_t used = (size_t)((const char *)stream->next_in - input->at);

	if (input->len > 0)
		*input = str_skip(*input, used);
	return (const char *)stream->next_out - room;
}

/* ---- encoding ---- */

static int
create_encoder(struct http_coder *coder)
{
	z_stream *stream = create_stream(coder);

	return stream != NULL &&
		       deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
			   WINDOW_BITS, MEM_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK
		   ? 0
		   : -ENOMEM;
}

static void
destroy_encoder(struct http_coder *coder)
{
	if (coder->state != NULL)
		(void)deflateEnd(coder->state);
	destroy_stream(coder);
}

static int
begin_encoding(struct http_coder *coder, const struct http_coder_want *want)
{
	z_stream *stream = coder->state;

	/* Right behind the reset, so that no block is written for it. */
	return deflateReset(stream) == Z_OK &&
		       deflateParams(stream, want->level, Z_DEFAULT_STRATEGY) ==
			   Z_OK
		   ? 0
		   : -ENOMEM;
}

static ssize_t
encode(struct http_coder *coder, struct str *input, enum http_coder_flow flow,
    char *room, size_t room_bytes)
{
	static const int flushes[] = {
		[HTTP_CODER_MORE] = Z_NO_FLUSH,
		[HTTP_CODER_FLUSH] = Z_SYNC_FLUSH,
		[HTTP_CODER_END] = Z_FINISH,
	};
	z_stream *stream = coder->state;
	bool all = lend(stream, *input, room, room_bytes);
	int rc = deflate(stream, all ? flushes[flow] : Z_NO_FLUSH);

	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return -EBADMSG;
	coder->is_done = rc == Z_STREAM_END;
	coder->is_pending = !coder->is_done &&
			    (flow == HTTP_CODER_END || stream->avail_out == 0);
	return take_back(stream, input, room);
}

/* ---- decoding ---- */

static int
create_decoder(struct http_coder *coder)
{
	z_stream *stream = create_stream(coder);

	return stream != NULL && inflateInit2(stream, WINDOW_BITS) == Z_OK
		   ? 0
		   : -ENOMEM;
}

static void
destroy_decoder(struct http_coder *coder)
{
	if (coder->state != NULL)
		(void)inflateEnd(coder->state);
	destroy_stream(coder);
}

static int
begin_decoding(struct http_coder *coder, const struct http_coder_want *want)
{
	(void)want;
	return inflateReset(coder->state) == Z_OK ? 0 : -ENOMEM;
}

/* Behind the end of one member the next one begins (RFC 1952, 2.2). */
static ssize_t
decode(struct http_coder *coder, struct str *input, enum http_coder_flow flow,
    char *room, size_t room_bytes)
{
	z_stream *stream = coder->state;

	(void)flow;
	if (coder->is_done)
		(void)inflateReset(stream);
	(void)lend(stream, *input, room, room_bytes);
	int rc = inflate(stream, Z_NO_FLUSH);
	if (rc == Z_MEM_ERROR)
		return -ENOMEM;
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return -EBADMSG;
	coder->is_done = rc == Z_STREAM_END;
	coder->is_pending = !coder->is_done && stream->avail_out == 0;
	return take_back(stream, input, room);
}

const struct coder_ops coder_gzip[2] = {
	{
	    .create = create_encoder,
	    .destroy = destroy_encoder,
	    .begin = begin_encoding,
	    .end = end_nothing,
	    .step = encode,
	},
	{
	    .create = create_decoder,
	    .destroy = destroy_decoder,
	    .begin = begin_decoding,
	    .end = end_nothing,
	    .step = decode,
	},
};
