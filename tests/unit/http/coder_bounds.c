/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a coder stops: at the end of its coding and nowhere else, at bounds and
 * promises, and at so much memory.
 */
#include "http/coder.h"

#include <brotli/encode.h>
#include <zstd.h>

#include "contents.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const enum http_coding codings[] = { HTTP_CODING_GZIP, HTTP_CODING_BR,
	HTTP_CODING_ZSTD };

#define EACH_CODING(i) (size_t i = 0; i < COUNT_OF(codings); i++)

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_cut_short_is_an_error),
		cmocka_unit_test(what_goes_on_behind_the_end_is_an_error),
		cmocka_unit_test(a_wrong_checksum_is_an_error),
		cmocka_unit_test(no_content_decodes_to_none),
		cmocka_unit_test(a_bomb_is_given_up),
		cmocka_unit_test(a_length_is_a_promise),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(windows_of_senders_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
