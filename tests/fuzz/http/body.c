/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bodies.  The first byte of the input says framing, length and the size of
 * the pieces, the rest is what was sent.  Must hold:
 *
 * - in pieces and as a whole the content, the end and the fault are the same;
 * - a call takes between one byte and all, and lends only bytes it took;
 * - content that is chunked again decodes to itself.
 */
#include "http/body.h"

#include "http/chunk.h"
#include "pieces.h"

struct outcome {
	size_t used;
	bool done;
	bool failed;
	enum http_fault fault;
	struct text content;
};

/* Decodes one piece from its own memory. */
static void
decode_piece(struct http_body *body, struct str piece, struct outcome *outcome)
{
	struct str copy = piece_copy(piece), rest = copy;

	while (rest.len > 0 && !http_body_is_done(body) && !outcome->failed) {
		uint64_t due = http_body_due(body);
		struct str content;
		ssize_t used =
		    http_body_decode(body, rest, &content, &outcome->fault);
		outcome->failed = used < 0;
		if (used < 0)
			break;
		must(used > 0 && (size_t)used <= rest.len);
		must(content.len <= (size_t)used);
		must(content.len == 0 ||
		     content.at + content.len == rest.at + used);
		must(due == 0 || content.len == (size_t)used);
		text_add(&outcome->content, content);
		outcome->used += (size_t)used;
		rest = str_skip(rest, (size_t)used);
	}
	outcome->done = http_body_is_done(body);
	piece_free(copy);
}

static void
decode(enum http_framing framing, int64_t length, struct str bytes, size_t step,
    struct outcome *ret)
{
	struct http_body body;

	http_body_init(&body, framing, length);
	ret->done = http_body_is_done(&body);
	while (bytes.len > 0 && !ret->done && !ret->failed) {
		size_t len = bytes.len < step ? bytes.len : step;
		decode_piece(&body, (struct str){ bytes.at, len }, ret);
		bytes = str_skip(bytes, len);
	}
	must(ret->failed || body.content == ret->content.len);
}

static void
check_again(struct str content, size_t step)
{
	struct text wire = TEXT_EMPTY;
	struct outcome again = { 0 };
	struct str rest = content;

	while (rest.len > 0) {
		size_t len = rest.len < step ? rest.len : step;
		http_chunk_add((struct str){ rest.at, len }, &wire);
		rest = str_skip(rest, len);
	}
	text_add(&wire, HTTP_CHUNK_LAST);
	decode(HTTP_FRAMING_CHUNKED, 0, text_str(&wire), wire.len, &again);
	must(again.done && again.used == wire.len);
	must(str_eq(text_str(&again.content), content));
	text_fini(&wire);
	text_fini(&again.content);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	unsigned directions = piece_directions(&bytes);
	/* Most inputs are chunked, which is where something can be wrong. */
	enum http_framing framing =
	    directions & 3 ? HTTP_FRAMING_CHUNKED
			   : (enum http_framing)(directions >> 2 & 3);
	int64_t length = directions >> 4;
	size_t step = directions % 11 + 1;
	struct outcome whole = { 0 }, pieces = { 0 };

	decode(framing, length, bytes, SIZE_MAX, &whole);
	decode(framing, length, bytes, step, &pieces);
	must(whole.done == pieces.done && whole.failed == pieces.failed);
	must(!whole.failed || whole.fault == pieces.fault);
	must(whole.failed || whole.used == pieces.used);
	must(str_eq(text_str(&whole.content), text_str(&pieces.content)));
	check_again(text_str(&whole.content), step);
	text_fini(&whole.content);
	text_fini(&pieces.content);
	return 0;
}
