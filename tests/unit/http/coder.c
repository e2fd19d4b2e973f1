/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/coder.h"

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

/* However many were in use at once. */
static void
a_pool_keeps_no_more_than_its_bound(void **state)
{
	struct http_coder_pool *pool = http_coder_pool_create();
	const struct pieces pieces = { 1000, ROOM_MAX };
	struct http_coder *encoders[5];
	struct text page = TEXT_EMPTY, coded = TEXT_EMPTY;

	(void)state;
	assert_non_null(pool);
	add_page(20000, &page);
	for (size_t i = 0; i < 3 * COUNT_OF(codings); i++) {
		const struct http_coder_want want = {
			.coding = codings[i % COUNT_OF(codings)],
			.level = 9,
			.length = -1
		};
		for (size_t j = 0; j < COUNT_OF(encoders); j++)
			assert_int_equal(
			    http_coder_open(pool, &want, &encoders[j]), 0);
		for (size_t j = 0; j < COUNT_OF(encoders); j++) {
			assert_int_equal(code_all(encoders[j], text_str(&page),
					     pieces, &coded),
			    0);
			http_coder_close(&encoders[j]);
		}
		assert_true(http_coder_pool_memory(pool) > 0);
		assert_true(
		    http_coder_pool_memory(pool) <= HTTP_CODER_IDLE_BYTES_MAX);
	}
	text_fini(&page);
	text_fini(&coded);
	http_coder_pool_destroy(&pool);
}

static void
open_and_close(struct http_coder_pool *pool, size_t count)
{
	const struct http_coder_want want = { .coding = HTTP_CODING_ZSTD,
		.length = -1 };
	struct http_coder *encoders[4];

	for (size_t i = 0; i < count; i++)
		assert_int_equal(http_coder_open(pool, &want, &encoders[i]), 0);
	for (size_t i = 0; i < count; i++)
		http_coder_close(&encoders[i]);
}

static void
what_a_rush_has_left_is_let_go(void **state)
{
	struct http_coder_pool *pool = http_coder_pool_create();

	(void)state;
	assert_non_null(pool);
	open_and_close(pool, 4);
	size_t all = http_coder_pool_memory(pool);
	http_coder_pool_rest(pool);
	assert_int_equal(http_coder_pool_memory(pool), all);
	open_and_close(pool, 1);
	open_and_close(pool, 1);
	http_coder_pool_rest(pool);
	assert_int_equal(http_coder_pool_memory(pool), all / 4);
	open_and_close(pool, 2);
	http_coder_pool_rest(pool);
	assert_int_equal(http_coder_pool_memory(pool), all / 2);
	http_coder_pool_rest(pool);
	assert_int_equal(http_coder_pool_memory(pool), 0);
	http_coder_pool_rest(pool);
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
		cmocka_unit_test(a_pool_keeps_no_more_than_its_bound),
		cmocka_unit_test(what_a_rush_has_left_is_let_go),
		cmocka_unit_test(what_was_used_is_used_again),
		cmocka_unit_test(a_sink_gets_all_that_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
