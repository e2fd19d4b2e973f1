/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/coding: what it costs to compress one content.
 *
 *	coding FILE CODING LEVEL SECONDS
 *
 * Prints CPU milliseconds for a MB (of 10^6 bytes) of the file, as it comes in
 * pieces of PIECE bytes, and how many bytes it becomes.  A coder is opened and
 * closed for each content, from one pool, as the proxy does.
 */
#include "base/file.h"
#include "http/coder.h"

#include "stopwatch.h"

#include <stdio.h>
#include <stdlib.h>

#define PIECE ((size_t)16 << 10)
#define BATCH 16

static void
fail(const char *what)
{
	(void)fprintf(stderr, "bench-coding: %s\n", what);
	exit(1);
}

static size_t
code_piece(
    struct http_coder *coder, struct str piece, enum http_coder_flow flow)
{
	static char room[1 << 16];
	size_t bytes = 0;

	do {
		ssize_t made =
		    http_coder_code(coder, &piece, flow, room, sizeof(room));
		if (made < 0)
			fail("the coder failed");
		bytes += (size_t)made;
	} while (piece.len > 0 || http_coder_is_pending(coder));
	return bytes;
}

static size_t
code_once(struct http_coder_pool *pool, const struct http_coder_want *want,
    struct str content)
{
	struct http_coder *coder;
	size_t bytes = 0;

	if (http_coder_open(pool, want, &coder) < 0)
		fail("no memory");
	for (; content.len > PIECE; content = str_skip(content, PIECE))
		bytes += code_piece(
		    coder, (struct str){ content.at, PIECE }, HTTP_CODER_MORE);
	bytes += code_piece(coder, content, HTTP_CODER_END);
	http_coder_close(&coder);
	return bytes;
}

static void
measure(const struct http_coder_want *want, struct str content, double seconds)
{
	struct http_coder_pool *pool = http_coder_pool_create();
	int64_t start, passed;
	size_t bytes, count = 0;

	if (pool == NULL)
		fail("no memory");
	bytes = code_once(pool, want, content);
	start = cpu_now();
	do {
		for (unsigned i = 0; i < BATCH; i++, count++)
			bytes = code_once(pool, want, content);
		passed = cpu_now() - start;
	} while ((double)passed < seconds * 1e9);
	(void)printf("%.3f %zu\n",
	    (double)passed / ((double)count * (double)content.len), bytes);
	http_coder_pool_destroy(&pool);
}

int
main(int argc, char **argv)
{
	struct text content = TEXT_EMPTY;

	if (argc != 5) {
		(void)fputs(
		    "usage: coding FILE CODING LEVEL SECONDS\n", stderr);
		return 2;
	}
	struct http_coder_want want = {
		.coding = http_coding_find(str_of(argv[2])),
		.level = atoi(argv[3]),
	};
	if (want.coding == HTTP_CODING_OTHER ||
	    want.coding == HTTP_CODING_IDENTITY)
		fail("no such coding");
	if (file_read(argv[1], (size_t)1 << 30, &content) < 0)
		fail("the file cannot be read");
	want.length = (int64_t)content.len;
	measure(&want, text_str(&content), atof(argv[4]));
	text_fini(&content);
	return 0;
}
