/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zstd (RFC 8878, and RFC 9659 for its window) by libzstd.
 */
#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "http/coder_impl.h"

/* 512 KiB; tables are made no larger than the window asks for. */
#define WINDOW_BITS 19

/*
 * Levels from this one on would take tables for a window of 4 MiB and more
 * where the length is not known: as large as the window are enough.
 */
#define LEVEL_OF_LARGE_TABLES 9
#define HASH_BITS             WINDOW_BITS
#define CHAIN_BITS            (WINDOW_BITS + 1) /* two for each byte */

/* 8 MiB: more, nobody may ask of us (RFC 9659, 3). */
#define WINDOW_BITS_MAX 23

static int
error_of(size_t rc)
{
	return ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation ? -ENOMEM
								     : -EBADMSG;
}

static void
end_nothing(struct http_coder *coder)
{
	(void)coder;
}

/* ---- encoding ---- */

static int
create_encoder(struct http_coder *coder)
{
	coder->state = ZSTD_createCCtx();
	return coder->state != NULL ? 0 : -ENOMEM;
}

static void
destroy_encoder(struct http_coder *coder)
{
	(void)ZSTD_freeCCtx(coder->state);
}

static void
bound_tables(ZSTD_CCtx *encoder)
{
	(void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_hashLog, HASH_BITS);
	(void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_chainLog, CHAIN_BITS);
}

/* Memory for the parameters is taken with the first bytes. */
static int
begin_encoding(struct http_coder *coder, const struct http_coder_want *want)
{
	ZSTD_CCtx *encoder = coder->state;

	(void)ZSTD_CCtx_reset(encoder, ZSTD_reset_session_and_parameters);
	(void)ZSTD_CCtx_setParameter(
	    encoder, ZSTD_c_compressionLevel, want->level);
	(void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_windowLog, WINDOW_BITS);
	(void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_checksumFlag, 1);
	if (want->length >= 0)
		(void)ZSTD_CCtx_setPledgedSrcSize(
		    encoder, (unsigned long long)want->length);
	else if (want->level >= LEVEL_OF_LARGE_TABLES)
		bound_tables(encoder);
	return 0;
}

static ssize_t
encode(struct http_coder *coder, struct str *input, enum http_coder_flow flow,
    char *room, size_t room_bytes)
{
	static const ZSTD_EndDirective directives[] = {
		[HTTP_CODER_MORE] = ZSTD_e_continue,
		[HTTP_CODER_FLUSH] = ZSTD_e_flush,
		[HTTP_CODER_END] = ZSTD_e_end,
	};
	ZSTD_inBuffer in = { input->at, input->len, 0 };
	ZSTD_outBuffer out = { room, room_bytes, 0 };
	size_t rc =
	    ZSTD_compressStream2(coder->state, &out, &in, directives[flow]);

	if (ZSTD_isError(rc))
		return error_of(rc);
	*input = str_skip(*input, in.pos);
	coder->is_done = flow == HTTP_CODER_END && rc == 0;
	coder->is_pending =
	    flow == HTTP_CODER_MORE ? out.pos == out.size : rc > 0;
	return (ssize_t)out.pos;
}

static size_t
encoder_memory(const struct http_coder *coder)
{
	return ZSTD_sizeof_CCtx(coder->state);
}

/* ---- decoding ---- */

static int
create_decoder(struct http_coder *coder)
{
	coder->state = ZSTD_createDCtx();
	return coder->state != NULL ? 0 : -ENOMEM;
}

static void
destroy_decoder(struct http_coder *coder)
{
	(void)ZSTD_freeDCtx(coder->state);
}

static int
begin_decoding(struct http_coder *coder, const struct http_coder_want *want)
{
	(void)want;
	(void)ZSTD_DCtx_reset(coder->state, ZSTD_reset_session_only);
	(void)ZSTD_DCtx_setParameter(
	    coder->state, ZSTD_d_windowLogMax, WINDOW_BITS_MAX);
	return 0;
}

static ssize_t
decode(struct http_coder *coder, struct str *input, enum http_coder_flow flow,
    char *room, size_t room_bytes)
{
	ZSTD_inBuffer in = { input->at, input->len, 0 };
	ZSTD_outBuffer out = { room, room_bytes, 0 };
	size_t rc = ZSTD_decompressStream(coder->state, &out, &in);

	(void)flow;
	if (ZSTD_isError(rc))
		return error_of(rc);
	*input = str_skip(*input, in.pos);
	coder->is_done = rc == 0;
	coder->is_pending = rc > 0 && out.pos == out.size;
	return (ssize_t)out.pos;
}

static size_t
decoder_memory(const struct http_coder *coder)
{
	return ZSTD_sizeof_DCtx(coder->state);
}

const struct coder_ops coder_zstd[2] = {
	{
	    .create = create_encoder,
	    .destroy = destroy_encoder,
	    .begin = begin_encoding,
	    .end = end_nothing,
	    .step = encode,
	    .memory = encoder_memory,
	},
	{
	    .create = create_decoder,
	    .destroy = destroy_decoder,
	    .begin = begin_decoding,
	    .end = end_nothing,
	    .step = decode,
	    .memory = decoder_memory,
	},
};
