/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/coder.h"

#include <brotli/encode.h>
#include <zstd.h>

#include "contents.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const enum http_coding codings[] = { HTTP_CODING_GZIP, HTTP_CODING_BR,
	HTTP_CODING_ZSTD };

#define EACH_CODING(i) (size_t i = 0; i < COUNT_OF(codings); i++)

static void
check_return(struct http_coder_pool *pool, const struct http_coder_want *want,
    struct str content, struct pieces pieces)
{
	struct text coded = TEXT_EMPTY, again = TEXT_EMPTY;

	assert_int_equal(code_once(pool, want, content, pieces, &coded), 0);
	assert_int_equal(
	    decode_once(pool, want->coding, text_str(&coded), pieces, &again),
	    0);
	assert_true(str_eq(text_str(&again), content));
	text_fini(&coded);
	text_fini(&again);
}

/* Whatever the sizes of the pieces that go in and come out. */
static void
what_was_coded_comes_back(void **state)
{
	static const struct pieces all[] = { { SIZE_MAX, ROOM_MAX },
		{ 4096, 1000 }, { 7, 13 }, { 1, 1 } };
	static const size_t sizes[] = { 0, 1, 255, 5000, 70000 };
	struct http_coder_pool *pool = http_coder_pool_create();
	struct text page = TEXT_EMPTY;

	(void)state;
	assert_non_null(pool);
	add_page(35000, &page);
	add_noise(35000, &page);
	for
		EACH_CODING(i)
		{
			for (size_t j = 0; j < COUNT_OF(all) * COUNT_OF(sizes);
			     j++) {
				size_t bytes = sizes[j % COUNT_OF(sizes)];
				struct http_coder_want want = {
					.coding = codings[i], .length = -1
				};
				struct str content = { page.at, bytes };
				struct pieces pieces = all[j / COUNT_OF(sizes)];
				check_return(pool, &want, content, pieces);
				want.length = (int64_t)bytes;
				check_return(pool, &want, content, pieces);
			}
		}
	text_fini(&page);
	http_coder_pool_destroy(&pool);
}

static void
every_level_is_a_level(void **state)
{
	struct http_coder_pool *pool = http_coder_pool_create();
	struct text page = TEXT_EMPTY;

	(void)state;
	assert_non_null(pool);
	add_page(100000, &page);
	for
		EACH_CODING(i)
		{
			const struct http_coding_row *row =
			    http_coding_row(codings[i]);
			size_t first = 0, last = 0;
			for (int level = row->level_first;
			     level <= row->level_last; level++) {
				struct http_coder_want want = { .coding =
								    codings[i],
					.level = level,
					.length = (int64_t)page.len };
				struct text coded = TEXT_EMPTY,
					    again = TEXT_EMPTY;
				assert_int_equal(
				    code_once(pool, &want, text_str(&page),
					pieces_whole, &coded),
				    0);
				assert_int_equal(
				    decode_once(pool, codings[i],
					text_str(&coded), pieces_whole, &again),
				    0);
				assert_true(
				    str_eq(text_str(&again), text_str(&page)));
				first = level == row->level_first ? coded.len
								  : first;
				last = coded.len;
				text_fini(&coded);
				text_fini(&again);
			}
			assert_true(last < first);
			assert_in_range(row->level_swift, row->level_first,
			    row->level_last);
			assert_in_range(row->level_thorough, row->level_swift,
			    row->level_last);
		}
	text_fini(&page);
	http_coder_pool_destroy(&pool);
}

/* As other programs write them. */
static void
what_others_coded_is_read(void **state)
{
	static const struct {
		enum http_coding coding;
		struct str coded;
		const char *content;
	} rows[] = {
		{ HTTP_CODING_GZIP,
		    STR_INIT("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48"
			     "\xcd\xc9\xc9\xe7\x02\x00\x20\x30\x3a\x36\x06\x00"
			     "\x00\x00"),
		    "hello\n" },
		/* Stored, with a name (FNAME), twice. */
		{ HTTP_CODING_GZIP,
		    STR_INIT("\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x03"
			     "n\x00\x01\x06\x00\xf9\xffhello\n\x20\x30\x3a\x36"
			     "\x06\x00\x00\x00"
			     "\x1f\x8b\x08\x08\x00\x00\x00\x00\x00\x03"
			     "n\x00\x01\x06\x00\xf9\xffhello\n\x20\x30\x3a\x36"
			     "\x06\x00\x00\x00"),
		    "hello\nhello\n" },
		{ HTTP_CODING_BR, STR_INIT("\x8b\x02\x80hello\n\x03"),
		    "hello\n" },
		/* The empty one, and one of a window of 16 bits. */
		{ HTTP_CODING_BR, STR_INIT("\x06"), "" },
		{ HTTP_CODING_ZSTD,
		    STR_INIT("\x28\xb5\x2f\xfd\x20\x06\x31\x00\x00hello\n"),
		    "hello\n" },
		/* A frame to skip, then two. */
		{ HTTP_CODING_ZSTD,
		    STR_INIT("\x50\x2a\x4d\x18\x02\x00\x00\x00xx"
			     "\x28\xb5\x2f\xfd\x20\x06\x31\x00\x00hello\n"
			     "\x28\xb5\x2f\xfd\x20\x06\x31\x00\x00hello\n"),
		    "hello\nhello\n" },
	};
	struct http_coder_pool *pool = http_coder_pool_create();

	(void)state;
	assert_non_null(pool);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t piece = 1; piece < 40; piece++) {
			struct text content = TEXT_EMPTY;
			struct pieces pieces = { piece, piece };
			assert_int_equal(decode_once(pool, rows[i].coding,
					     rows[i].coded, pieces, &content),
			    0);
			assert_true(
			    str_is(text_str(&content), rows[i].content));
			text_fini(&content);
		}
	}
	http_coder_pool_destroy(&pool);
}

/* What was flushed can be read before anything else comes. */
static void
a_flush_lets_all_be_read(void **state)
{
	struct http_coder_pool *pool = http_coder_pool_create();
	struct text page = TEXT_EMPTY;

	(void)state;
	assert_non_null(pool);
	add_page(20000, &page);
	for
		EACH_CODING(i)
		{
			struct http_coder_want put = { .coding = codings[i],
				.length = -1 };
			struct http_coder_want take = { .coding = codings[i],
				.decode = true };
			struct text coded = TEXT_EMPTY, again = TEXT_EMPTY;
			struct http_coder *encoder, *decoder;
			size_t given = 0;
			assert_int_equal(
			    http_coder_open(pool, &put, &encoder), 0);
			assert_int_equal(
			    http_coder_open(pool, &take, &decoder), 0);
			for (size_t bytes = 1; given + bytes <= page.len;
			     bytes *= 3) {
				struct str piece = { page.at + given, bytes };
				text_clear(&coded);
				assert_int_equal(
				    code_piece(encoder, piece, HTTP_CODER_FLUSH,
					64, &coded),
				    0);
				assert_true(coded.len > 0);
				assert_int_equal(
				    code_piece(decoder, text_str(&coded),
					HTTP_CODER_MORE, ROOM_MAX, &again),
				    0);
				given += bytes;
				assert_true(str_eq(text_str(&again),
				    (struct str){ page.at, given }));
			}
			http_coder_close(&encoder);
			http_coder_close(&decoder);
			text_fini(&coded);
			text_fini(&again);
		}
	text_fini(&page);
	http_coder_pool_destroy(&pool);
}

/* Cut at any place: all of it is taken, and the end is an error. */
static void
what_is_cut_short_is_an_error(void **state)
{
	struct http_coder_pool *pool = http_coder_pool_create();
	struct text page = TEXT_EMPTY;

	(void)state;
	assert_non_null(pool);
	add_page(2000, &page);
	for
		EACH_CODING(i)
		{
			struct text coded = TEXT_EMPTY;
			encode_once(pool, codings[i], text_str(&page), &coded);
			for (size_t len = 1; len < coded.len; len++) {
				struct text again = TEXT_EMPTY;
				struct str cut = { coded.at, len };
				assert_int_equal(decode_once(pool, codings[i],
						     cut, pieces_whole, &again),
				    -EBADMSG);
				assert_true(again.len <= page.len);
				assert_memory_equal(
				    again.at != NULL ? again.at : "", page.at,
				    again.len);
				text_fini(&again);
			}
			text_fini(&coded);
		}
	text_fini(&page);
	http_coder_pool_destroy(&pool);
}

static void
what_goes_on_behind_the_end_is_an_error(void **state)
{
	static const struct str tails[] = { STR_INIT("\0"), STR_INIT("x"),
		STR_INIT("\0\0\0\0\0\0\0\0"), STR_INIT("\x1f"),
		STR_INIT("\x1f\x8b\x08"), STR_INIT("<html>") };
	struct http_coder_pool *pool = http_coder_pool_create();

	(void)state;
	assert_non_null(pool);
	for
		EACH_CODING(i)
		{
			for (size_t j = 0; j < COUNT_OF(tails) * 2; j++) {
				struct text coded = TEXT_EMPTY,
					    again = TEXT_EMPTY;
				struct pieces pieces = { j % 2 ? 1 : SIZE_MAX,
					100 };
				encode_once(
				    pool, codings[i], STR("hello\n"), &coded);
				text_add(&coded, tails[j / 2]);
				assert_int_equal(
				    decode_once(pool, codings[i],
					text_str(&coded), pieces, &again),
				    -EBADMSG);
				text_fini(&coded);
				text_fini(&again);
			}
		}
	http_coder_pool_destroy(&pool);
}

/* One bit of the content's checksum, or of its length, is another. */
static void
a_wrong_checksum_is_an_error(void **state)
{
	struct http_coder_pool *pool = http_coder_pool_create();
	struct text page = TEXT_EMPTY;

	(void)state;
	assert_non_null(pool);
	add_page(3000, &page);
	for (size_t byte = 1; byte <= 8; byte++) {
		struct text coded = TEXT_EMPTY, again = TEXT_EMPTY;
		encode_once(pool, HTTP_CODING_GZIP, text_str(&page), &coded);
		coded.at[coded.len - byte] ^= 1;
		assert_int_equal(decode_once(pool, HTTP_CODING_GZIP,
				     text_str(&coded), pieces_whole, &again),
		    -EBADMSG);
		text_clear(&coded);
		encode_once(pool, HTTP_CODING_ZSTD, text_str(&page), &coded);
		coded.at[coded.len - (byte + 1) / 2] ^= 1;
		assert_int_equal(decode_once(pool, HTTP_CODING_ZSTD,
				     text_str(&coded), pieces_whole, &again),
		    -EBADMSG);
		text_fini(&coded);
		text_fini(&again);
	}
	text_fini(&page);
	http_coder_pool_destroy(&pool);
}

/* Content of length 0 in a coding is seen in the wild, and is nothing. */
static void
no_content_decodes_to_none(void **state)
{
	struct http_coder_pool *pool = http_coder_pool_create();
	struct text again = TEXT_EMPTY;

	(void)state;
	assert_non_null(pool);
	for
		EACH_CODING(i)
	assert_int_equal(
	    decode_once(pool, codings[i], STR(""), pieces_whole, &again), 0);
	assert_int_equal(again.len, 0);
	text_fini(&again);
	http_coder_pool_destroy(&pool);
}

/* 64 MiB of zeros. */
static void
encode_zeros(
    struct http_coder_pool *pool, enum http_coding coding, struct text *out)
{
	static const char zeros[1 << 16];
	struct http_coder_want want = { .coding = coding, .length = -1 };
	struct http_coder *coder;

	assert_int_equal(http_coder_open(pool, &want, &coder), 0);
	for (unsigned i = 0; i < 1024; i++)
		assert_int_equal(
		    code_piece(coder, (struct str){ zeros, sizeof(zeros) },
			i < 1023 ? HTTP_CODER_MORE : HTTP_CODER_END, ROOM_MAX,
			out),
		    0);
	http_coder_close(&coder);
}

static void
a_bomb_is_given_up(void **state)
{
	static const struct http_coder_bounds wide = { UINT64_MAX, 0,
		UINT32_MAX };
	static const struct http_coder_bounds absolute = { 1 << 20, UINT64_MAX,
		UINT32_MAX };
	struct http_coder_pool *pool = http_coder_pool_create();

	(void)state;
	assert_non_null(pool);
	for
		EACH_CODING(i)
		{
			struct http_coder_want want = { .coding = codings[i],
				.decode = true };
			struct text bomb = TEXT_EMPTY, out = TEXT_EMPTY;
			encode_zeros(pool, codings[i], &bomb);
			struct pieces pieces = { 64, 4096 };
			assert_int_equal(code_once(pool, &want, text_str(&bomb),
					     pieces, &out),
			    -EFBIG);
			/* What came is little more than may come of what was taken. */
			assert_true(
			    out.len <= (1 << 20) + bomb.len * 256 + 4096);
			want.bounds = &absolute;
			text_clear(&out);
			assert_int_equal(code_once(pool, &want, text_str(&bomb),
					     pieces, &out),
			    -EFBIG);
			/* All of the piece that went past it is left out. */
			assert_in_range(out.len, (1 << 20) - 4096, 1 << 20);
			want.bounds = &wide;
			text_clear(&out);
			assert_int_equal(code_once(pool, &want, text_str(&bomb),
					     pieces, &out),
			    0);
			assert_int_equal(out.len, 64 << 20);
			text_fini(&bomb);
			text_fini(&out);
		}
	http_coder_pool_destroy(&pool);
}

static void
a_length_is_a_promise(void **state)
{
	struct http_coder_pool *pool = http_coder_pool_create();

	(void)state;
	assert_non_null(pool);
	for
		EACH_CODING(i)
		{
			struct text out = TEXT_EMPTY;
			struct pieces pieces = { 3, 100 };
			for (int64_t length = 0; length < 12; length++) {
				struct http_coder_want want = {
					.coding = codings[i], .length = length
				};
				assert_int_equal(
				    code_once(pool, &want, STR("hello\n"),
					pieces, &out),
				    length == 6 ? 0 : -EBADMSG);
			}
			text_fini(&out);
		}
	http_coder_pool_destroy(&pool);
}

/* Of content whose length it does not know; the most that it ever was. */
static size_t
memory_of(struct http_coder_pool *pool, const struct http_coder_want *want,
    struct str content, struct text *out)
{
	struct http_coder *coder;
	size_t most = 0;

	assert_int_equal(http_coder_open(pool, want, &coder), 0);
	for (;;) {
		size_t len = content.len < 60000 ? content.len : 60000;
		content.len -= len;
		assert_int_equal(
		    code_piece(coder, (struct str){ content.at, len },
			content.len > 0 ? HTTP_CODER_MORE : HTTP_CODER_END,
			ROOM_MAX, out),
		    0);
		content.at += len;
		size_t now = http_coder_memory(coder);
		most = now > most ? now : most;
		if (content.len == 0)
			break;
	}
	http_coder_close(&coder);
	return most;
}

static void
memory_is_bounded(void **state)
{
	static const struct {
		enum http_coding coding;
		size_t swift_kib, thorough_kib, decoding_kib;
	} rows[] = {
		{ HTTP_CODING_GZIP, 264, 264, 48 },
		{ HTTP_CODING_BR, 4096, 8192, 1024 },
		{ HTTP_CODING_ZSTD, 5120, 8192, 1024 },
	};
	struct http_coder_pool *pool = http_coder_pool_create();
	struct text page = TEXT_EMPTY;

	(void)state;
	assert_non_null(pool);
	/* The windows are passed over a few times. */
	add_page(1200 << 10, &page);
	add_noise(300 << 10, &page);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_coder_want want = { .coding = rows[i].coding,
			.length = -1 };
		struct text coded = TEXT_EMPTY, again = TEXT_EMPTY;
		size_t swift = memory_of(pool, &want, text_str(&page), &coded);
		want.level = http_coding_row(rows[i].coding)->level_thorough;
		size_t thorough =
		    memory_of(pool, &want, text_str(&page), &again);
		want.decode = true;
		text_clear(&again);
		size_t decoding =
		    memory_of(pool, &want, text_str(&coded), &again);
		assert_in_range(swift, 1, rows[i].swift_kib << 10);
		assert_in_range(thorough, 1, rows[i].thorough_kib << 10);
		assert_in_range(decoding, 1, rows[i].decoding_kib << 10);
		text_fini(&coded);
		text_fini(&again);
	}
	text_fini(&page);
	http_coder_pool_destroy(&pool);
}

/* 20 MiB in the largest window of br. */
static void
add_wide_brotli(struct text *out)
{
	struct text noise = TEXT_EMPTY;
	size_t room = 30 << 20;
	char *coded = malloc(room);

	assert_non_null(coded);
	add_noise(20 << 20, &noise);
	assert_true(BrotliEncoderCompress(2, 24, BROTLI_MODE_GENERIC, noise.len,
	    (const uint8_t *)noise.at, &room, (uint8_t *)coded));
	text_add(out, (struct str){ coded, room });
	text_fini(&noise);
	free(coded);
}

/* Of one block that says how large its window is. */
static void
add_wide_zstd(int bits, struct text *out)
{
	struct text noise = TEXT_EMPTY;
	char room[4096];
	ZSTD_CCtx *encoder = ZSTD_createCCtx();
	size_t left;

	add_noise(1 << 16, &noise);
	ZSTD_inBuffer in = { noise.at, noise.len, 0 };
	ZSTD_outBuffer to = { room, sizeof(room), 0 };
	(void)ZSTD_CCtx_setParameter(encoder, ZSTD_c_windowLog, bits);
	do {
		to.pos = 0;
		left = ZSTD_compressStream2(encoder, &to, &in,
		    in.pos < in.size ? ZSTD_e_flush : ZSTD_e_end);
		assert_false(ZSTD_isError(left));
		text_add(out, (struct str){ room, to.pos });
	} while (left > 0 || in.pos < in.size);
	(void)ZSTD_freeCCtx(encoder);
	text_fini(&noise);
}

/* 16 MiB of br and 8 MiB of zstd are read, in bounded memory; more of zstd is
 * refused (RFC 9659). */
static void
windows_of_senders_are_bounded(void **state)
{
	struct http_coder_pool *pool = http_coder_pool_create();
	struct http_coder_want want = { .coding = HTTP_CODING_BR,
		.decode = true };
	struct text out = TEXT_EMPTY, coded = TEXT_EMPTY;

	(void)state;
	assert_non_null(pool);
	add_wide_brotli(&coded);
	size_t most = memory_of(pool, &want, text_str(&coded), &out);
	assert_in_range(most, 16 << 20, 26 << 20);
	assert_int_equal(out.len, 20 << 20);
	want.coding = HTTP_CODING_ZSTD;
	text_clear(&coded);
	add_wide_zstd(23, &coded);
	most = memory_of(pool, &want, text_str(&coded), &out);
	assert_in_range(most, 8 << 20, 10 << 20);
	text_clear(&coded);
	add_wide_zstd(24, &coded);
	assert_int_equal(
	    code_once(pool, &want, text_str(&coded), pieces_whole, &out),
	    -EBADMSG);
	text_fini(&out);
	text_fini(&coded);
	http_coder_pool_destroy(&pool);
}

static void
what_was_used_is_used_again(void **state)
{
	struct http_coder_pool *pool = http_coder_pool_create();
	struct text page = TEXT_EMPTY;

	(void)state;
	assert_non_null(pool);
	add_page(5000, &page);
	for
		EACH_CODING(i)
		{
			struct http_coder_want want = { .coding = codings[i],
				.length = -1 };
			struct http_coder *first, *other;
			struct text a = TEXT_EMPTY, b = TEXT_EMPTY;
			/* Given up in the middle of a content, at another level. */
			want.level = http_coding_row(codings[i])->level_last;
			assert_int_equal(
			    http_coder_open(pool, &want, &first), 0);
			assert_int_equal(code_piece(first, text_str(&page),
					     HTTP_CODER_MORE, 100, &a),
			    0);
			struct http_coder *kept = first;
			http_coder_close(&first);
			text_clear(&a);
			want.level = 1;
			assert_int_equal(
			    http_coder_open(pool, &want, &first), 0);
			if (codings[i] != HTTP_CODING_ZSTD)
				assert_ptr_equal(first, kept);
			assert_int_equal(
			    http_coder_open(pool, &want, &other), 0);
			assert_ptr_not_equal(first, other);
			/* The same as one that is new. */
			assert_int_equal(
			    code_all(first, text_str(&page), pieces_whole, &a),
			    0);
			assert_int_equal(
			    code_all(other, text_str(&page), pieces_whole, &b),
			    0);
			assert_true(str_eq(text_str(&a), text_str(&b)));
			http_coder_close(&first);
			http_coder_close(&other);
			text_fini(&a);
			text_fini(&b);
		}
	text_fini(&page);
	http_coder_pool_destroy(&pool);
	assert_null(pool);
	http_coder_pool_destroy(&pool);
}

/* Takes `left` bytes, then no more. */
struct sink {
	struct text text;
	size_t left;
};

static int
take(void *context, struct str bytes)
{
	struct sink *sink = context;

	assert_true(bytes.len > 0);
	if (bytes.len > sink->left)
		return -ENOBUFS;
	sink->left -= bytes.len;
	text_add(&sink->text, bytes);
	return 0;
}

static void
a_sink_gets_all_that_comes(void **state)
{
	struct http_coder_pool *pool = http_coder_pool_create();
	struct text page = TEXT_EMPTY;

	(void)state;
	assert_non_null(pool);
	add_page(200000, &page);
	for
		EACH_CODING(i)
		{
			struct http_coder_want want = { .coding = codings[i],
				.length = -1 };
			struct sink coded = { .left = SIZE_MAX };
			struct sink again = { .left = SIZE_MAX };
			struct sink small = { .left = 100000 };
			struct http_coder *coder;
			assert_int_equal(
			    http_coder_open(pool, &want, &coder), 0);
			assert_int_equal(http_coder_pass(coder, text_str(&page),
					     HTTP_CODER_MORE, take, &coded),
			    0);
			assert_int_equal(http_coder_pass(coder, STR(""),
					     HTTP_CODER_END, take, &coded),
			    0);
			http_coder_close(&coder);
			want.decode = true;
			assert_int_equal(
			    http_coder_open(pool, &want, &coder), 0);
			assert_int_equal(
			    http_coder_pass(coder, text_str(&coded.text),
				HTTP_CODER_END, take, &again),
			    0);
			assert_true(
			    str_eq(text_str(&again.text), text_str(&page)));
			http_coder_close(&coder);
			assert_int_equal(
			    http_coder_open(pool, &want, &coder), 0);
			assert_int_equal(
			    http_coder_pass(coder, text_str(&coded.text),
				HTTP_CODER_END, take, &small),
			    -ENOBUFS);
			http_coder_close(&coder);
			assert_int_equal(
			    http_coder_open(pool, &want, &coder), 0);
			assert_int_equal(http_coder_pass(coder, text_str(&page),
					     HTTP_CODER_END, take, &small),
			    -EBADMSG);
			http_coder_close(&coder);
			text_fini(&coded.text);
			text_fini(&again.text);
			text_fini(&small.text);
		}
	text_fini(&page);
	http_coder_pool_destroy(&pool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_coded_comes_back),
		cmocka_unit_test(every_level_is_a_level),
		cmocka_unit_test(what_others_coded_is_read),
		cmocka_unit_test(a_flush_lets_all_be_read),
		cmocka_unit_test(what_is_cut_short_is_an_error),
		cmocka_unit_test(what_goes_on_behind_the_end_is_an_error),
		cmocka_unit_test(a_wrong_checksum_is_an_error),
		cmocka_unit_test(no_content_decodes_to_none),
		cmocka_unit_test(a_bomb_is_given_up),
		cmocka_unit_test(a_length_is_a_promise),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(windows_of_senders_are_bounded),
		cmocka_unit_test(what_was_used_is_used_again),
		cmocka_unit_test(a_sink_gets_all_that_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
