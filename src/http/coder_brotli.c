/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * br (RFC 7932) by libbrotli, which makes a new coder for each content.
 *
 * The format has no checksum: what it cannot hold is found out, a changed
 * letter is not.
 */
#include <brotli/decode.h>
#include <brotli/encode.h>
#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>

#include "http/coder_impl.h"

/*
 * 256 KiB.  Text of the web gains 1 to 2 % from a window of 4 MiB, and each
 * client that waits would hold that much.
 */
#define WINDOW_BITS 18

/* ---- encoding ---- */

/* For what comes out. */
struct room {
	uint8_t *at;
	size_t bytes;
};

struct encoder {
	BrotliEncoderState *state; /* NULL between contents */
	jmp_buf *frame;            /* while the library works */
};

static int
create_encoder(struct http_coder *coder)
{
	coder->state = calloc(1, sizeof(struct encoder));
	return coder->state != NULL ? 0 : -ENOMEM;
}

static void
end_encoding(struct http_coder *coder)
{
	struct encoder *encoder = coder->state;

	if (encoder->state != NULL)
		BrotliEncoderDestroyInstance(encoder->state);
	encoder->state = NULL;
}

static void
destroy_encoder(struct http_coder *coder)
{
	if (coder->state != NULL)
		end_encoding(coder);
	free(coder->state);
}

/*
 * As it is built in distributions, the library ends the process where it gets
 * no memory (BROTLI_ENCODER_EXIT_ON_OOM).  So it never sees that: it is left
 * for good, and its memory is taken from it.
 */
static void *
alloc_or_leave(void *opaque, size_t bytes)
{
	const struct http_coder *coder = opaque;
	const struct encoder *encoder = coder->state;
	void *piece = coder_alloc(opaque, bytes);

	if (piece == NULL && encoder->frame != NULL)
		longjmp(*encoder->frame, 1);
	return piece;
}

/* A window that is larger than the content is memory for nothing. */
static uint32_t
window_bits(int64_t length)
{
	uint32_t bits = BROTLI_MIN_WINDOW_BITS;

	if (length < 0)
		return WINDOW_BITS;
	while (bits < WINDOW_BITS && ((int64_t)1 << bits) < length + 16)
		bits++;
	return bits;
}

static int
begin_encoding(struct http_coder *coder, const struct http_coder_want *want)
{
	BrotliEncoderState *encoder =
	    BrotliEncoderCreateInstance(alloc_or_leave, coder_free, coder);

	if (encoder == NULL)
		return -ENOMEM;
	((struct encoder *)coder->state)->state = encoder;
	(void)BrotliEncoderSetParameter(
	    encoder, BROTLI_PARAM_QUALITY, (uint32_t)want->level);
	(void)BrotliEncoderSetParameter(
	    encoder, BROTLI_PARAM_LGWIN, window_bits(want->length));
	if (want->length > 0 && want->length <= (int64_t)UINT32_MAX)
		(void)BrotliEncoderSetParameter(
		    encoder, BROTLI_PARAM_SIZE_HINT, (uint32_t)want->length);
	return 0;
}

/* Like BrotliEncoderCompressStream; false: no memory, and there is no state
 * any more. */
static bool
compress(struct http_coder *coder, BrotliEncoderOperation operation,
    struct str *input, struct room *room)
{
	struct encoder *encoder = coder->state;
	const uint8_t *in = (const uint8_t *)input->at;
	size_t left = input->len;
	jmp_buf frame;

	if (setjmp(frame) != 0) {
		coder_free_all(coder);
		encoder->state = NULL;
		encoder->frame = NULL;
		return false;
	}
	encoder->frame = &frame;
	bool good = BrotliEncoderCompressStream(encoder->state, operation,
	    &left, &in, &room->bytes, &room->at, NULL);
	encoder->frame = NULL;
	*input = str_skip(*input, input->len - left);
	return good;
}

static ssize_t
encode(struct http_coder *coder, struct str *input, enum http_coder_flow flow,
    char *room, size_t room_bytes)
{
	static const BrotliEncoderOperation operations[] = {
		[HTTP_CODER_MORE] = BROTLI_OPERATION_PROCESS,
		[HTTP_CODER_FLUSH] = BROTLI_OPERATION_FLUSH,
		[HTTP_CODER_END] = BROTLI_OPERATION_FINISH,
	};
	uint8_t *out = (uint8_t *)room;
	struct room left = { out, room_bytes };

	if (!compress(coder, operations[flow], input, &left))
		return -ENOMEM;
	BrotliEncoderState *encoder = ((struct encoder *)coder->state)->state;
	coder->is_done = BrotliEncoderIsFinished(encoder);
	coder->is_pending = BrotliEncoderHasMoreOutput(encoder) ||
			    (flow == HTTP_CODER_END && !coder->is_done);
	return (ssize_t)(room_bytes - left.bytes);
}

/* ---- decoding ---- */

static int
create_nothing(struct http_coder *coder)
{
	(void)coder;
	return 0;
}

static void
end_decoding(struct http_coder *coder)
{
	if (coder->state != NULL)
		BrotliDecoderDestroyInstance(coder->state);
	coder->state = NULL;
}

static int
begin_decoding(struct http_coder *coder, const struct http_coder_want *want)
{
	(void)want;
	coder->state =
	    BrotliDecoderCreateInstance(coder_alloc, coder_free, coder);
	return coder->state != NULL ? 0 : -ENOMEM;
}

static int
error_of(const BrotliDecoderState *decoder)
{
	BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(decoder);

	return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
		       code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
		   ? -ENOMEM
		   : -EBADMSG;
}

static ssize_t
decode(struct http_coder *coder, struct str *input, enum http_coder_flow flow,
    char *room, size_t room_bytes)
{
	BrotliDecoderState *decoder = coder->state;
	const uint8_t *in = (const uint8_t *)input->at;
	uint8_t *out = (uint8_t *)room;
	size_t left = input->len, free_bytes = room_bytes;

	(void)flow;
	if (coder->is_done)
		return -EBADMSG;
	BrotliDecoderResult result = BrotliDecoderDecompressStream(
	    decoder, &left, &in, &free_bytes, &out, NULL);
	if (result == BROTLI_DECODER_RESULT_ERROR)
		return error_of(decoder);
	*input = str_skip(*input, input->len - left);
	coder->is_done = result == BROTLI_DECODER_RESULT_SUCCESS;
	coder->is_pending = result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
	return (ssize_t)(room_bytes - free_bytes);
}

const struct coder_ops coder_brotli[2] = {
	{
	    .create = create_encoder,
	    .destroy = destroy_encoder,
	    .begin = begin_encoding,
	    .end = end_encoding,
	    .step = encode,
	},
	{
	    .create = create_nothing,
	    .destroy = end_decoding,
	    .begin = begin_decoding,
	    .end = end_decoding,
	    .step = decode,
	},
};
