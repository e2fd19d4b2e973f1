/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole contents through a coder, in pieces of any size on both sides, and
 * contents to put through.
 */
#ifndef GATEHOUSE_TESTS_HTTP_CONTENTS_H
#define GATEHOUSE_TESTS_HTTP_CONTENTS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "http/coder.h"

#define ROOM_MAX 65536

struct pieces {
	size_t in, out;
};

static const struct pieces pieces_whole = { SIZE_MAX, ROOM_MAX };

/* 0 or the coder's error; what came out is added to *out in any case. */
static inline int
code_piece(struct http_coder *coder, struct str input,
    enum http_coder_flow flow, size_t room_bytes, struct text *out)
{
	char *room = malloc(room_bytes);
	ssize_t made;

	assert_non_null(room);
	do {
		size_t before = input.len;
		bool pended = http_coder_is_pending(coder);
		made = http_coder_code(coder, &input, flow, room, room_bytes);
		if (made < 0)
			break;
		assert_true((size_t)made <= room_bytes);
		text_add(out, (struct str){ room, (size_t)made });
		/* It goes on, or is at its end. */
		assert_true(made > 0 || input.len < before ||
			    (pended && !http_coder_is_pending(coder)) ||
			    (input.len == 0 && !http_coder_is_pending(coder)));
	} while (input.len > 0 || http_coder_is_pending(coder));
	free(room);
	return made < 0 ? (int)made : 0;
}

static inline int
code_all(struct http_coder *coder, struct str input, struct pieces pieces,
    struct text *out)
{
	int rc = 0;

	while (rc == 0 && input.len > pieces.in) {
		rc = code_piece(coder, (struct str){ input.at, pieces.in },
		    HTTP_CODER_MORE, pieces.out, out);
		input = str_skip(input, pieces.in);
	}
	return rc < 0
		   ? rc
		   : code_piece(coder, input, HTTP_CODER_END, pieces.out, out);
}

/* Opens, codes all of it, closes. */
static inline int
code_once(struct http_coder_pool *pool, const struct http_coder_want *want,
    struct str input, struct pieces pieces, struct text *out)
{
	struct http_coder *coder = NULL;

	assert_int_equal(http_coder_open(pool, want, &coder), 0);
	int rc = code_all(coder, input, pieces, out);
	assert_true(rc < 0 || http_coder_is_done(coder));
	http_coder_close(&coder);
	assert_null(coder);
	return rc;
}

static inline void
encode_once(struct http_coder_pool *pool, enum http_coding coding,
    struct str input, struct text *out)
{
	struct http_coder_want want = { .coding = coding,
		.length = (int64_t)input.len };

	assert_int_equal(code_once(pool, &want, input, pieces_whole, out), 0);
}

static inline int
decode_once(struct http_coder_pool *pool, enum http_coding coding,
    struct str input, struct pieces pieces, struct text *out)
{
	struct http_coder_want want = { .coding = coding, .decode = true };

	return code_once(pool, &want, input, pieces, out);
}

/* Text as pages have it: the same words in an order that does not repeat. */
static inline void
add_page(size_t bytes, struct text *out)
{
	static const char *const words[] = { "<div class=\"", "row", "cell",
		"\">", "</div>\n", "<a href=\"/", ".html\">", "</a>", "gate",
		"house", "policy", "the ", "of ", "and ", "17", "2026" };
	uint64_t state = 1;

	bytes += out->len;
	while (out->len < bytes) {
		state = state * UINT64_C(6364136223846793005) + 1;
		text_addz(out, words[state >> 60]);
	}
	text_cut(out, bytes);
}

static inline void
add_noise(size_t bytes, struct text *out)
{
	uint64_t state = 7;

	for (size_t i = 0; i < bytes; i++) {
		state = state * UINT64_C(6364136223846793005) + 1;
		text_addc(out, (char)(state >> 56));
	}
}

#endif
