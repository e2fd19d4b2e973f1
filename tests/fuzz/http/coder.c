/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contents in a coding.  The first byte of the input chooses the coding and the
 * sizes of the pieces, the rest is taken for coded, and then for plain.  Must
 * hold:
 *
 * - in pieces and as a whole it is coded or it is not, and what comes out is
 *   the same;
 * - each call takes a byte, makes one or ends what was pending;
 * - nothing comes out past the bounds;
 * - plain content that is coded, with flushes between, decodes to itself.
 */
#include "http/coder.h"

#include <errno.h>

#include "base/text.h"
#include "pieces.h"

#define OUT_MAX ((size_t)256 << 10)

static const struct http_coder_bounds bounds = { OUT_MAX, OUT_MAX, UINT32_MAX };

struct sizes {
	size_t in, out;
};

/* From its own memory into memory of the exact size; 0 or an error. */
static int
code_piece(struct http_coder *coder, struct str piece,
    enum http_coder_flow flow, size_t room_bytes, struct text *out)
{
	struct str copy = piece_copy(piece), rest = copy;
	ssize_t made;

	do {
		char *room = malloc(room_bytes);
		size_t before = rest.len;
		bool pended = http_coder_is_pending(coder);
		must(room != NULL);
		made = http_coder_code(coder, &rest, flow, room, room_bytes);
		must(made <= (ssize_t)room_bytes && rest.len <= before);
		must(made != 0 || rest.len < before || before == 0 || pended);
		text_add(
		    out, (struct str){ room, made > 0 ? (size_t)made : 0 });
		free(room);
	} while (made >= 0 && (rest.len > 0 || http_coder_is_pending(coder)));
	piece_free(copy);
	return made < 0 ? (int)made : 0;
}

static int
code(struct http_coder_pool *pool, const struct http_coder_want *want,
    struct str bytes, struct sizes sizes, struct text *out)
{
	struct http_coder *coder;
	int rc = 0;

	must(http_coder_open(pool, want, &coder) == 0);
	while (rc == 0 && bytes.len > sizes.in) {
		enum http_coder_flow flow =
		    bytes.len % 3 == 0 ? HTTP_CODER_FLUSH : HTTP_CODER_MORE;
		rc = code_piece(coder, (struct str){ bytes.at, sizes.in }, flow,
		    sizes.out, out);
		bytes = str_skip(bytes, sizes.in);
	}
	if (rc == 0)
		rc = code_piece(coder, bytes, HTTP_CODER_END, sizes.out, out);
	must(rc < 0 || http_coder_is_done(coder));
	http_coder_close(&coder);
	return rc;
}

static void
check_coded(struct http_coder_pool *pool, enum http_coding coding,
    struct str bytes, struct sizes sizes)
{
	struct http_coder_want want = {
		.coding = coding, .decode = true, .bounds = &bounds
	};
	struct sizes whole_sizes = { SIZE_MAX, 4096 };
	struct text whole = TEXT_EMPTY, pieces = TEXT_EMPTY;

	int rc = code(pool, &want, bytes, whole_sizes, &whole);
	int other = code(pool, &want, bytes, sizes, &pieces);
	must(whole.len <= OUT_MAX && pieces.len <= OUT_MAX);
	must(rc == 0 || rc == -EBADMSG || rc == -EFBIG);
	/* An error may be seen before or behind the bounds. */
	must(rc == other || rc == -EFBIG || other == -EFBIG);
	must(
	    rc < 0 || other < 0 || str_eq(text_str(&whole), text_str(&pieces)));
	text_fini(&whole);
	text_fini(&pieces);
}

static void
check_plain(struct http_coder_pool *pool, enum http_coding coding,
    struct str bytes, struct sizes sizes)
{
	struct http_coder_want want = { .coding = coding,
		.level = 1 + (int)(bytes.len % 6),
		.length = bytes.len % 2 == 0 ? (int64_t)bytes.len : -1 };
	struct text coded = TEXT_EMPTY, again = TEXT_EMPTY;

	must(code(pool, &want, bytes, sizes, &coded) == 0);
	want = (struct http_coder_want){ .coding = coding, .decode = true };
	must(code(pool, &want, text_str(&coded), sizes, &again) == 0);
	must(str_eq(text_str(&again), bytes));
	text_fini(&coded);
	text_fini(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_coder_pool *pool;
	static const enum http_coding codings[] = { HTTP_CODING_GZIP,
		HTTP_CODING_BR, HTTP_CODING_ZSTD };
	struct str bytes = { (const char *)data, size };
	unsigned directions = piece_directions(&bytes);
	enum http_coding coding = codings[directions % 3];
	struct sizes sizes = { piece_step(size) + directions / 3 % 7,
		64 + directions };

	if (pool == NULL)
		pool = http_coder_pool_create();
	must(pool != NULL);
	check_coded(pool, coding, bytes, sizes);
	check_plain(pool, coding, bytes, sizes);
	return 0;
}
