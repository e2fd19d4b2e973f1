/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Response heads, each fed in all ways (feed.h).
 */
#include "describe.h"
#include "feed.h"
#include "http/limits.h"
#include "samples.h"

static void
parse(struct str bytes, struct http_head_scan *scan, const void *context,
    struct arena *arena, struct outcome *outcome)
{
	const enum http_method *method = context;
	struct http_response response;

	outcome->used = http_response_parse(
	    bytes, scan, *method, arena, &response, &outcome->fault);
	if (outcome->used > 0)
		describe_response(&outcome->text, &response, true);
}

static const enum http_method get = HTTP_METHOD_GET;
static const struct feed to_get = { parse, &get };

static void
good_heads_are_understood(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	for (size_t i = 0; i < RESPONSE_SAMPLES; i++) {
		struct str bytes = str_of(response_samples[i].bytes);
		struct feed feed = { parse, &response_samples[i].method };
		feed_all_ways(&feed, bytes, &outcome);
		feed_expect_message(
		    &outcome, bytes, bytes.len, response_samples[i].want);
	}
	text_fini(&outcome.text);
}

#define OK "HTTP/1.1 200 OK\r\n"
#define BAD(bytes, fault)                                                      \
	{                                                                      \
		STR_INIT(bytes), HTTP_FAULT_##fault                            \
	}

static const struct {
	struct str bytes;
	enum http_fault want;
} bad_heads[] = {
	/* The start. */
	BAD("\r\n" OK E, BLANK_LINES),
	BAD("\n" OK E, STATUS_LINE),
	BAD(" " OK E, STATUS_LINE),
	BAD("ICY 200 OK\r\n" E, STATUS_LINE),
	BAD("<html>", STATUS_LINE),
	BAD("http/1.1 200 OK\r\n" E, STATUS_LINE),
	BAD("HTTP 200 OK\r\n" E, STATUS_LINE),
	BAD("0\r\n\r\n" OK E, STATUS_LINE),
	BAD("SSH-2.0-x\r\n", STATUS_LINE),
	BAD("\x15\x03\x01", STATUS_LINE),
	/* The status line. */
	BAD("HTTP/1 200 OK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.10 200 OK\r\n" E, STATUS_LINE),
	BAD("HTTP/01.1 200 OK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1200 OK\r\n" E, STATUS_LINE),
	BAD("HTTP/0.9 200 OK\r\n" E, VERSION),
	BAD("HTTP/2.0 200 OK\r\n" E, VERSION),
	BAD("HTTP/1.1  200 OK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1\t200 OK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 \r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 20\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 20 OK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 2000 OK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 099 OK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 000 OK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 2x0 OK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 -20 OK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 +20 OK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 200\tOK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 200OK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 200 O\0K\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 200 O\x7fK\r\n" E, STATUS_LINE),
	BAD("HTTP/1.1 200 O\rK\r\n" E, BARE_CR),
	BAD("HTTP/1.1 200 OK\r\r\n" E, BARE_CR),
	BAD("HTTP/1.1 200 OK\n" E, BARE_LF),
	BAD("HTTP/1.1 200 OK\n\n", BARE_LF),
	/* Field lines. */
	BAD(OK " X: y\r\n" E, FIELD_FOLD),
	BAD(OK "X: y\r\n z\r\n" E, FIELD_FOLD),
	BAD(OK "X : y\r\n" E, FIELD_BLANK),
	BAD(OK ": y\r\n" E, FIELD_NAME),
	BAD(OK "X y\r\n" E, FIELD_BLANK),
	BAD(OK "X\r\n" E, FIELD_COLON),
	BAD(OK "X: \x01\r\n" E, FIELD_VALUE),
	BAD(OK "X: y\0\r\n" E, FIELD_VALUE),
	BAD(OK "X: y\n" E, BARE_LF),
	BAD(OK "X: y\rz\r\n" E, BARE_CR),
	BAD(OK "\n", BARE_LF),
	/* Framing: as strict as for requests. */
	BAD(OK "Content-Length: 5\r\nContent-Length: 5\r\n" E, LENGTH_MANY),
	BAD(OK "Content-Length: 5, 5\r\n" E, LENGTH),
	BAD(OK "Content-Length: +5\r\n" E, LENGTH),
	BAD(OK "Content-Length: -1\r\n" E, LENGTH),
	BAD(OK "Content-Length:\r\n" E, LENGTH),
	BAD(OK "Content-Length: 9223372036854775808\r\n" E, LENGTH),
	BAD(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" E,
	    CODING_LENGTH),
	BAD(OK "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n" E,
	    CODING_LENGTH),
	BAD(OK "Transfer-Encoding: chunked\r\n"
	       "Transfer-Encoding: chunked\r\n" E,
	    CODING_MANY),
	BAD(OK "Transfer-Encoding: gzip, chunked\r\n" E, CODING_UNKNOWN),
	BAD(OK "Transfer-Encoding: identity\r\n" E, CODING_UNKNOWN),
	BAD(OK "Transfer-Encoding: chunked, gzip\r\n" E, CODING),
	BAD(OK "Transfer-Encoding: chunked,\r\n" E, CODING),
	BAD("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n" E,
	    CODING_VERSION),
	BAD(OK "Transfer_Encoding: chunked\r\n" E, FIELD_NAME),
	BAD(OK "Content_Length: 5\r\n" E, FIELD_NAME),
	BAD(OK "Connection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\r\n" E,
	    CONNECTION_MANY),
	BAD(OK "Host: a\r\nHost: b\r\n" E, HOST_MANY),
	/* Faulty framing is a fault even where there is no content. */
	BAD("HTTP/1.1 304 X\r\nContent-Length: x\r\n" E, LENGTH),
	BAD("HTTP/1.1 204 X\r\nContent-Length: 1\r\n"
	    "Transfer-Encoding: chunked\r\n" E,
	    CODING_LENGTH),
};

static void
bad_heads_are_refused(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad_heads) / sizeof(bad_heads[0]); i++) {
		feed_all_ways(&to_get, bad_heads[i].bytes, &outcome);
		feed_expect_fault(
		    &outcome, bad_heads[i].bytes, bad_heads[i].want);
	}
	text_fini(&outcome.text);
}

/* The same head answers each method in its own way (RFC 9112, 6.3). */
static void
the_method_decides_on_content(void **state)
{
	static const struct {
		enum http_method method;
		const char *want;
	} cases[] = {
		{ HTTP_METHOD_GET, "200 'OK' 1.1 length=5 keep" },
		{ HTTP_METHOD_OTHER, "200 'OK' 1.1 length=5 keep" },
		{ HTTP_METHOD_HEAD, "200 'OK' 1.1 none=5 keep" },
		{ HTTP_METHOD_CONNECT, "200 'OK' 1.1 none keep" },
	};
	struct outcome outcome = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str bytes = STR(OK "Content-Length: 5\r\n" E);
		struct feed feed = { parse, &cases[i].method };
		feed_all_ways(&feed, bytes, &outcome);
		feed_expect_message(&outcome, bytes, bytes.len, cases[i].want);
	}
	text_fini(&outcome.text);
}

static void
interim_and_final_come_one_by_one(void **state)
{
	struct str bytes =
	    STR("HTTP/1.1 100 Continue\r\n\r\n"
		"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
	static const unsigned want[] = { 100, 103, 200 };
	struct http_head_scan scan = { 0 };
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < 3; i++) {
		struct http_response response;
		enum http_fault fault;
		int used = http_response_parse(
		    bytes, &scan, HTTP_METHOD_PUT, &arena, &response, &fault);
		assert_true(used > 0);
		assert_int_equal(response.status, want[i]);
		bytes = str_skip(bytes, (size_t)used);
	}
	assert_true(str_is(bytes, "hi"));
	arena_fini(&arena);
}

static void
heads_are_bounded(void **state)
{
	struct outcome outcome = { 0 };
	struct text bytes = TEXT_EMPTY;

	(void)state;
	text_addz(&bytes, "HTTP/1.1 200 ");
	text_pad(&bytes, 'r', HTTP_START_LINE_BYTES_MAX);
	feed_pieces(&to_get, text_str(&bytes), 0, 100, &outcome);
	feed_expect_fault(
	    &outcome, text_str(&bytes), HTTP_FAULT_START_LINE_LONG);
	text_clear(&bytes);
	text_addz(&bytes, OK);
	for (int i = 0; i < HTTP_FIELDS_MAX + 1; i++)
		text_addz(&bytes, "X: y\r\n");
	feed_pieces(&to_get, text_str(&bytes), 0, 100, &outcome);
	feed_expect_fault(&outcome, text_str(&bytes), HTTP_FAULT_FIELDS_MANY);
	text_clear(&bytes);
	text_addz(&bytes, OK "X: ");
	text_pad(&bytes, 'v', HTTP_HEAD_BYTES_MAX);
	feed_pieces(&to_get, text_str(&bytes), 0, 1000, &outcome);
	feed_expect_fault(&outcome, text_str(&bytes), HTTP_FAULT_HEAD_LARGE);
	text_fini(&bytes);
	text_fini(&outcome.text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_heads_are_understood),
		cmocka_unit_test(bad_heads_are_refused),
		cmocka_unit_test(the_method_decides_on_content),
		cmocka_unit_test(interim_and_final_come_one_by_one),
		cmocka_unit_test(heads_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
