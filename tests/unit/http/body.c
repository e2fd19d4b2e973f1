/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bodies.  Each case is decoded as a whole, byte by byte, and cut in two and in
 * three at every place, from memory of the exact size; all must agree.
 */
#include "http/body.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/limits.h"

struct outcome {
	size_t used;
	bool done;
	int error;
	enum http_fault fault;
	struct text content;
};

/* Decodes one piece, from its own memory; false when there is no more to do. */
static bool
decode_piece(struct http_body *body, struct str piece, struct outcome *outcome)
{
	char *copy = malloc(piece.len > 0 ? piece.len : 1);
	struct str rest = { copy, piece.len };

	assert_non_null(copy);
	memcpy(copy, piece.at, piece.len);
	while (rest.len > 0 && !http_body_is_done(body)) {
		struct str content;
		ssize_t used =
		    http_body_decode(body, rest, &content, &outcome->fault);
		outcome->error = used < 0 ? (int)used : 0;
		if (used < 0)
			break;
		assert_true(used > 0 && (size_t)used <= rest.len);
		assert_true(content.len == 0 ||
			    (content.at >= rest.at &&
				content.at + content.len == rest.at + used));
		text_add(&outcome->content, content);
		outcome->used += (size_t)used;
		rest = str_skip(rest, (size_t)used);
	}
	free(copy);
	outcome->done = http_body_is_done(body);
	return outcome->error == 0 && !outcome->done;
}

/* Cuts before `first` and before `second`; each may be at an end. */
static void
decode_cut(enum http_framing framing, int64_t length, struct str bytes,
    size_t first, size_t second, struct outcome *outcome)
{
	struct http_body body;
	struct text content = outcome->content;

	text_clear(&content);
	*outcome = (struct outcome){ .content = content };
	http_body_init(&body, framing, length);
	outcome->done = http_body_is_done(&body);
	if (decode_piece(&body, (struct str){ bytes.at, first }, outcome) &&
	    decode_piece(&body,
		(struct str){ bytes.at + first, second - first }, outcome))
		(void)decode_piece(&body, str_skip(bytes, second), outcome);
	assert_int_equal(body.content, outcome->content.len);
}

static void
decode_bytewise(enum http_framing framing, int64_t length, struct str bytes,
    struct outcome *outcome)
{
	struct http_body body;

	text_clear(&outcome->content);
	*outcome = (struct outcome){ .content = outcome->content };
	http_body_init(&body, framing, length);
	outcome->done = http_body_is_done(&body);
	for (size_t i = 0; i < bytes.len; i++)
		if (!decode_piece(
			&body, (struct str){ bytes.at + i, 1 }, outcome))
			break;
}

/* A fault leaves `used` open: how much was taken before it says nothing. */
static void
expect_same(const struct outcome *a, const struct outcome *b, struct str bytes)
{
	if (a->error != b->error || a->done != b->done ||
	    (a->error < 0 && a->fault != b->fault) ||
	    (a->error == 0 && a->used != b->used) ||
	    !str_eq(text_str(&a->content), text_str(&b->content)))
		fail_msg("pieces of '%.*s' give another result",
		    (int)(bytes.len < 200 ? bytes.len : 200), bytes.at);
}

static void
decode_all_ways(enum http_framing framing, int64_t length, struct str bytes,
    struct outcome *whole)
{
	struct outcome other = { 0 };

	decode_cut(framing, length, bytes, bytes.len, bytes.len, whole);
	decode_bytewise(framing, length, bytes, &other);
	expect_same(whole, &other, bytes);
	for (size_t first = 0; first <= bytes.len && bytes.len < 256; first++) {
		for (size_t second = first; second <= bytes.len; second++) {
			decode_cut(
			    framing, length, bytes, first, second, &other);
			expect_same(whole, &other, bytes);
		}
	}
	text_fini(&other.content);
}

static void
content_ends_where_its_framing_says(void **state)
{
	static const struct {
		enum http_framing framing;
		bool done;
		int64_t length;
		const char *bytes, *content;
		size_t used;
	} cases[] = {
		{ HTTP_FRAMING_NONE, true, -1, "", "", 0 },
		{ HTTP_FRAMING_NONE, true, -1, "GET /", "", 0 },
		{ HTTP_FRAMING_LENGTH, true, 0, "GET /", "", 0 },
		{ HTTP_FRAMING_LENGTH, true, 5, "hello", "hello", 5 },
		{ HTTP_FRAMING_LENGTH, true, 5, "helloGET /", "hello", 5 },
		{ HTTP_FRAMING_LENGTH, false, 5, "hell", "hell", 4 },
		{ HTTP_FRAMING_LENGTH, false, INT64_MAX, "hell", "hell", 4 },
		{ HTTP_FRAMING_UNTIL_CLOSE, false, -1, "0\r\n\r\n", "0\r\n\r\n",
		    5 },
		{ HTTP_FRAMING_UNTIL_CLOSE, false, -1, "", "", 0 },
	};
	struct outcome outcome = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		decode_all_ways(cases[i].framing, cases[i].length,
		    str_of(cases[i].bytes), &outcome);
		assert_int_equal(outcome.error, 0);
		assert_int_equal(outcome.used, cases[i].used);
		assert_int_equal(outcome.done, cases[i].done);
		assert_true(str_eq(
		    text_str(&outcome.content), str_of(cases[i].content)));
	}
	text_fini(&outcome.content);
}

#define LAST "0\r\n\r\n"

static void
chunks_are_put_together(void **state)
{
	/* `left` bytes belong to the next message. */
	static const struct {
		const char *bytes, *content;
		size_t left;
		bool done;
	} cases[] = {
		{ LAST, "", 0, true },
		{ LAST "GET /", "", 5, true },
		{ LAST "\r\n", "", 2, true },
		{ "5\r\nhello\r\n" LAST, "hello", 0, true },
		{ "5\r\nhello\r\n" LAST "x", "hello", 1, true },
		{ "1\r\na\r\n2\r\nbc\r\n" LAST, "abc", 0, true },
		{ "a\r\n0123456789\r\nA\r\n0123456789\r\n" LAST,
		    "01234567890123456789", 0, true },
		{ "00005\r\nhello\r\n000\r\n\r\n", "hello", 0, true },
		{ "0000000000000005\r\nhello\r\n" LAST, "hello", 0, true },
		{ "0000000000000000\r\n\r\n", "", 0, true },
		{ "5\r\n\r\n0\r\n\r\n" LAST, "\r\n0\r\n", 0, true },
		/* Extensions are read and dropped. */
		{ "5;a\r\nhello\r\n" LAST, "hello", 0, true },
		{ "5;\r\nhello\r\n" LAST, "hello", 0, true },
		{ "5;a=b;c=d\r\nhello\r\n0;e\r\n\r\n", "hello", 0, true },
		{ "5 ; a = b\r\nhello\r\n" LAST, "hello", 0, true },
		{ "5 \t;a\r\nhello\r\n" LAST, "hello", 0, true },
		{ "5;a=\"b;c\\\"d\"\r\nhello\r\n" LAST, "hello", 0, true },
		{ "5;a=\"\\\\\"\r\nhello\r\n" LAST, "hello", 0, true },
		{ "5;\xc3\xbc\r\nhello\r\n" LAST, "hello", 0, true },
		/* Trailers are read and dropped. */
		{ "5\r\nhello\r\n0\r\nX: y\r\n\r\n", "hello", 0, true },
		{ "0\r\nX: y\r\nZ:\r\n\r\nGET", "", 3, true },
		{ "0\r\nContent-Length: 5\r\n\r\nhello", "", 5, true },
		{ "0\r\nTransfer-Encoding: chunked\r\n\r\n", "", 0, true },
		{ "0\r\nX:\ty \xff z\t\r\n\r\n", "", 0, true },
		/* Not there yet. */
		{ "", "", 0, false },
		{ "5", "", 0, false },
		{ "5\r\nhel", "hel", 0, false },
		{ "5\r\nhello", "hello", 0, false },
		{ "5\r\nhello\r\n", "hello", 0, false },
		{ "0\r\n", "", 0, false },
		{ "0\r\n\r", "", 0, false },
		{ "0\r\nX: y\r\n", "", 0, false },
		{ "7fffffffffffffff\r\nx", "x", 0, false },
	};
	struct outcome outcome = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str bytes = str_of(cases[i].bytes);
		decode_all_ways(HTTP_FRAMING_CHUNKED, -1, bytes, &outcome);
		if (outcome.error < 0)
			fail_msg("'%s': %s", cases[i].bytes,
			    http_fault_word(outcome.fault));
		assert_int_equal(outcome.done, cases[i].done);
		assert_int_equal(outcome.used, bytes.len - cases[i].left);
		assert_true(str_eq(
		    text_str(&outcome.content), str_of(cases[i].content)));
	}
	text_fini(&outcome.content);
}

#define BAD(bytes, fault)                                                      \
	{                                                                      \
		STR_INIT(bytes), HTTP_FAULT_##fault                            \
	}

static const struct {
	struct str bytes;
	enum http_fault want;
} bad_chunks[] = {
	/* The size. */
	BAD("\r\n", CHUNK_SIZE),
	BAD("\n", CHUNK_SIZE),
	BAD(" 5\r\nhello\r\n" LAST, CHUNK_SIZE),
	BAD("\t5\r\nhello\r\n" LAST, CHUNK_SIZE),
	BAD("+5\r\nhello\r\n" LAST, CHUNK_SIZE),
	BAD("-5\r\nhello\r\n" LAST, CHUNK_SIZE),
	BAD("0x5\r\nhello\r\n" LAST, CHUNK_SIZE),
	BAD("5h\r\nhello\r\n" LAST, CHUNK_SIZE),
	BAD("g\r\n", CHUNK_SIZE),
	BAD("5_0\r\n", CHUNK_SIZE),
	BAD("\0"
	    "5\r\n",
	    CHUNK_SIZE),
	BAD("5\0\r\n", CHUNK_SIZE),
	BAD("5.\r\n", CHUNK_SIZE),
	BAD("5 \r\nhello\r\n" LAST, CHUNK_SIZE),
	BAD("5\t\r\nhello\r\n" LAST, CHUNK_SIZE),
	BAD("5 5\r\nhello\r\n" LAST, CHUNK_SIZE),
	BAD("5 a\r\n", CHUNK_SIZE),
	BAD(";a\r\n", CHUNK_SIZE),
	BAD("\"5\"\r\n", CHUNK_SIZE),
	BAD("\xef\xbc\x95\r\n", CHUNK_SIZE),
	BAD("00000000000000005\r\n", CHUNK_SIZE_LARGE),
	BAD("00000000000000000\r\n", CHUNK_SIZE_LARGE),
	BAD("8000000000000000\r\n", CHUNK_SIZE_LARGE),
	BAD("ffffffffffffffff\r\n", CHUNK_SIZE_LARGE),
	BAD("FFFFFFFFFFFFFFFE\r\n", CHUNK_SIZE_LARGE),
	BAD("10000000000000005\r\nhello\r\n" LAST, CHUNK_SIZE_LARGE),
	BAD("100000000000000000000000000000005\r\n", CHUNK_SIZE_LARGE),
	/* Line ends. */
	BAD("5\nhello\r\n" LAST, BARE_LF),
	BAD("5\rhello\r\n" LAST, BARE_CR),
	BAD("5\r\r\nhello\r\n" LAST, BARE_CR),
	BAD("0\n\r\n", BARE_LF),
	BAD("0\r\r\n", BARE_CR),
	BAD("0\r\n\n", TRAILER),
	BAD("0\r\n\rX", BARE_CR),
	BAD("0\r\n\r\r\n", BARE_CR),
	/* What follows the data. */
	BAD("5\r\nhello" LAST, CHUNK_END),
	BAD("5\r\nhello\n" LAST, CHUNK_END),
	BAD("5\r\nhello\r" LAST, CHUNK_END),
	BAD("5\r\nhello\r\r\n" LAST, CHUNK_END),
	BAD("5\r\nhello!\r\n" LAST, CHUNK_END),
	BAD("5\r\nhelloworld\r\n" LAST, CHUNK_END),
	BAD("5\r\nhello \r\n" LAST, CHUNK_END),
	BAD("5\r\nhello\r\n\r\n" LAST, CHUNK_SIZE),
	BAD("5\r\nhell\r\n" LAST, CHUNK_END),
	/* Extensions. */
	BAD("5;a\nhello\r\n" LAST, BARE_LF),
	BAD("5;a\rhello\r\n" LAST, BARE_CR),
	BAD("5;a\0\r\n", CHUNK_EXTENSION),
	BAD("5;a\x01\r\n", CHUNK_EXTENSION),
	BAD("5;a\x7f\r\n", CHUNK_EXTENSION),
	BAD("5;a=\"\r\n\"\r\nhello\r\n" LAST, CHUNK_EXTENSION),
	BAD("5;a=\"\n\"\r\nhello\r\n" LAST, CHUNK_EXTENSION),
	BAD("5;a=\"\r\"\r\nhello\r\n" LAST, CHUNK_EXTENSION),
	BAD("5;a=\"\\\r\n\"\r\nhello\r\n" LAST, CHUNK_EXTENSION),
	BAD("5;a=\"\\\n\"\r\nhello\r\n" LAST, CHUNK_EXTENSION),
	BAD("5;a=\"\0\"\r\n", CHUNK_EXTENSION),
	BAD("5;a=\"b\r\nhello\r\n" LAST, CHUNK_EXTENSION),
	BAD("0;a\n\r\n", BARE_LF),
	/* Trailers. */
	BAD("0\r\nX\r\n\r\n", TRAILER),
	BAD("0\r\n: y\r\n\r\n", TRAILER),
	BAD("0\r\n X: y\r\n\r\n", TRAILER),
	BAD("0\r\nX : y\r\n\r\n", TRAILER),
	BAD("0\r\nX: y\r\n z\r\n\r\n", TRAILER),
	BAD("0\r\nX: y\n\r\n", BARE_LF),
	BAD("0\r\nX: y\rz\r\n\r\n", BARE_CR),
	BAD("0\r\nX: y\0\r\n\r\n", TRAILER),
	BAD("0\r\nX: \x7f\r\n\r\n", TRAILER),
	BAD("0\r\nX\nY: z\r\n\r\n", TRAILER),
	BAD("0\r\nGET / HTTP/1.1\r\n", TRAILER),
	BAD("0\r\n\0\r\n", TRAILER),
};

static void
bad_chunks_are_refused(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad_chunks) / sizeof(bad_chunks[0]);
	     i++) {
		decode_all_ways(
		    HTTP_FRAMING_CHUNKED, -1, bad_chunks[i].bytes, &outcome);
		if (outcome.error != -EBADMSG ||
		    outcome.fault != bad_chunks[i].want)
			fail_msg("'%.*s': %d, %s", STR_ARG(bad_chunks[i].bytes),
			    outcome.error,
			    outcome.error < 0 ? http_fault_word(outcome.fault)
					      : "none");
	}
	text_fini(&outcome.content);
}

/* A fault is final: no later byte makes the body good again. */
static void
a_fault_stays(void **state)
{
	struct http_body body;
	struct str content;
	enum http_fault fault;

	(void)state;
	http_body_init(&body, HTTP_FRAMING_CHUNKED, -1);
	assert_int_equal(
	    http_body_decode(&body, STR("g"), &content, &fault), -EBADMSG);
	for (int i = 0; i < 3; i++) {
		fault = HTTP_FAULT_COUNT;
		assert_int_equal(
		    http_body_decode(&body, STR(LAST), &content, &fault),
		    -EBADMSG);
		assert_int_equal(fault, HTTP_FAULT_CHUNK_SIZE);
		assert_int_equal(http_body_end(&body, &fault), -EBADMSG);
		assert_int_equal(fault, HTTP_FAULT_CHUNK_SIZE);
		assert_int_equal(http_body_due(&body), 0);
		assert_false(http_body_is_done(&body));
	}
}

static void
the_end_of_the_connection_ends_only_what_has_no_other(void **state)
{
	static const struct {
		enum http_framing framing;
		int error;
		int64_t length;
		const char *bytes;
	} cases[] = {
		{ HTTP_FRAMING_NONE, 0, -1, "" },
		{ HTTP_FRAMING_LENGTH, 0, 0, "" },
		{ HTTP_FRAMING_LENGTH, 0, 2, "ab" },
		{ HTTP_FRAMING_LENGTH, -EBADMSG, 2, "a" },
		{ HTTP_FRAMING_LENGTH, -EBADMSG, 2, "" },
		{ HTTP_FRAMING_UNTIL_CLOSE, 0, -1, "" },
		{ HTTP_FRAMING_UNTIL_CLOSE, 0, -1, "abc" },
		{ HTTP_FRAMING_CHUNKED, 0, -1, LAST },
		{ HTTP_FRAMING_CHUNKED, -EBADMSG, -1, "" },
		{ HTTP_FRAMING_CHUNKED, -EBADMSG, -1, "5\r\nhel" },
		{ HTTP_FRAMING_CHUNKED, -EBADMSG, -1, "5\r\nhello\r\n" },
		{ HTTP_FRAMING_CHUNKED, -EBADMSG, -1, "0\r\n" },
	};
	struct outcome outcome = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_body body;
		enum http_fault fault = HTTP_FAULT_COUNT;
		http_body_init(&body, cases[i].framing, cases[i].length);
		(void)decode_piece(&body, str_of(cases[i].bytes), &outcome);
		assert_int_equal(http_body_end(&body, &fault), cases[i].error);
		assert_int_equal(http_body_is_done(&body), cases[i].error == 0);
		if (cases[i].error < 0)
			assert_int_equal(fault, HTTP_FAULT_TRUNCATED);
	}
	text_fini(&outcome.content);
}

/* What is due may go another way (splice), as if it had been decoded. */
static void
content_may_move_past_the_decoder(void **state)
{
	struct http_body body;
	struct str content;
	enum http_fault fault;

	(void)state;
	http_body_init(&body, HTTP_FRAMING_LENGTH, 10);
	assert_int_equal(http_body_due(&body), 10);
	http_body_moved(&body, 0);
	http_body_moved(&body, 4);
	assert_int_equal(http_body_due(&body), 6);
	assert_int_equal(
	    http_body_decode(&body, STR("ab"), &content, &fault), 2);
	http_body_moved(&body, 4);
	assert_true(http_body_is_done(&body));
	assert_int_equal(http_body_due(&body), 0);
	assert_int_equal(body.content, 10);

	http_body_init(&body, HTTP_FRAMING_CHUNKED, -1);
	assert_int_equal(http_body_due(&body), 0);
	assert_int_equal(
	    http_body_decode(&body, STR("10000\r\n"), &content, &fault), 7);
	assert_int_equal(http_body_due(&body), 0x10000);
	http_body_moved(&body, 0x10000);
	assert_int_equal(http_body_due(&body), 0);
	assert_int_equal(
	    http_body_decode(&body, STR("\r\n" LAST), &content, &fault), 7);
	assert_true(http_body_is_done(&body));

	http_body_init(&body, HTTP_FRAMING_UNTIL_CLOSE, -1);
	assert_int_equal(http_body_due(&body), UINT64_MAX);
	http_body_moved(&body, UINT64_C(1) << 40);
	assert_int_equal(http_body_due(&body), UINT64_MAX);
	assert_int_equal(body.content, UINT64_C(1) << 40);
}

static void
a_done_body_takes_nothing(void **state)
{
	struct http_body body;
	struct str content = STR("old");
	enum http_fault fault;

	(void)state;
	http_body_init(&body, HTTP_FRAMING_NONE, -1);
	assert_int_equal(
	    http_body_decode(&body, STR("abc"), &content, &fault), 0);
	assert_int_equal(content.len, 0);
	http_body_init(&body, HTTP_FRAMING_CHUNKED, -1);
	assert_int_equal(http_body_decode(&body, STR(""), &content, &fault), 0);
	assert_int_equal(content.len, 0);
}

/* One body made of pieces: prefix, `count` copies, suffix. */
static void
make_body(struct text *out, const char *prefix, const char *piece, size_t count,
    const char *suffix)
{
	text_clear(out);
	text_addz(out, prefix);
	for (size_t i = 0; i < count; i++)
		text_addz(out, piece);
	text_addz(out, suffix);
}

static void
extensions_and_trailers_are_bounded(void **state)
{
	static const struct {
		const char *prefix, *piece, *suffix;
		size_t count;
		enum http_fault fault; /* COUNT: none */
	} cases[] = {
		{ "0;", "x", "\r\n\r\n", HTTP_CHUNK_EXTENSION_BYTES_MAX,
		    HTTP_FAULT_COUNT },
		{ "0;", "x", "\r\n\r\n", HTTP_CHUNK_EXTENSION_BYTES_MAX + 1,
		    HTTP_FAULT_CHUNK_EXTENSION_LONG },
		{ "0;\"", "x", "\"\r\n\r\n", HTTP_CHUNK_EXTENSION_BYTES_MAX,
		    HTTP_FAULT_CHUNK_EXTENSION_LONG },
		{ "0;\"", "\\x", "\"\r\n\r\n", HTTP_CHUNK_EXTENSION_BYTES_MAX,
		    HTTP_FAULT_CHUNK_EXTENSION_LONG },
		{ "0", " ", ";\r\n\r\n", HTTP_CHUNK_EXTENSION_BYTES_MAX,
		    HTTP_FAULT_COUNT },
		{ "0", " ", ";\r\n\r\n", HTTP_CHUNK_EXTENSION_BYTES_MAX + 1,
		    HTTP_FAULT_CHUNK_EXTENSION_LONG },
		/* Over many chunks, too. */
		{ "", "1;x\r\na\r\n", LAST, HTTP_CHUNK_EXTENSION_BYTES_MAX,
		    HTTP_FAULT_COUNT },
		{ "", "1;x\r\na\r\n", LAST, HTTP_CHUNK_EXTENSION_BYTES_MAX + 1,
		    HTTP_FAULT_CHUNK_EXTENSION_LONG },
		{ "0\r\nX:", "y", "\r\n\r\n", HTTP_TRAILER_BYTES_MAX - 3,
		    HTTP_FAULT_COUNT },
		{ "0\r\nX:", "y", "\r\n\r\n", HTTP_TRAILER_BYTES_MAX - 2,
		    HTTP_FAULT_TRAILER_LARGE },
		{ "0\r\n", "n", ":\r\n\r\n", HTTP_TRAILER_BYTES_MAX,
		    HTTP_FAULT_TRAILER_LARGE },
		{ "0\r\n", "X: y\r\n", "\r\n", HTTP_TRAILER_BYTES_MAX,
		    HTTP_FAULT_TRAILER_LARGE },
	};
	struct outcome outcome = { 0 };
	struct text bytes = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make_body(&bytes, cases[i].prefix, cases[i].piece,
		    cases[i].count, cases[i].suffix);
		decode_all_ways(
		    HTTP_FRAMING_CHUNKED, -1, text_str(&bytes), &outcome);
		if (cases[i].fault == HTTP_FAULT_COUNT) {
			assert_int_equal(outcome.error, 0);
			assert_true(outcome.done);
		} else {
			assert_int_equal(outcome.error, -EBADMSG);
			assert_int_equal(outcome.fault, cases[i].fault);
		}
	}
	text_fini(&bytes);
	text_fini(&outcome.content);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_ends_where_its_framing_says),
		cmocka_unit_test(chunks_are_put_together),
		cmocka_unit_test(bad_chunks_are_refused),
		cmocka_unit_test(a_fault_stays),
		cmocka_unit_test(
		    the_end_of_the_connection_ends_only_what_has_no_other),
		cmocka_unit_test(content_may_move_past_the_decoder),
		cmocka_unit_test(a_done_body_takes_nothing),
		cmocka_unit_test(extensions_and_trailers_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
