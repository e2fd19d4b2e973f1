/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Request heads, each fed in all ways (feed.h).
 */
#include "describe.h"
#include "feed.h"
#include "http/limits.h"
#include "samples.h"

static void
parse(struct str bytes, struct http_head_scan *scan, const void *context,
    struct arena *arena, struct outcome *outcome)
{
	struct http_request request;

	outcome->used = http_request_parse(
	    bytes, scan, context, arena, &request, &outcome->fault);
	if (outcome->used > 0)
		describe_request(&outcome->text, &request, true);
}

static const struct http_arrival to_proxy = { .scheme = HTTP_SCHEME_HTTP };
static const struct feed explicit = { parse, &to_proxy };

static void
good_heads_are_understood(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	for (size_t i = 0; i < REQUEST_SAMPLES; i++) {
		struct str bytes = str_of(request_samples[i].bytes);
		feed_all_ways(&explicit, bytes, &outcome);
		feed_expect_message(
		    &outcome, bytes, bytes.len, request_samples[i].want);
	}
	text_fini(&outcome.text);
}

/* What follows the head is another message's or content. */
static void
bytes_behind_the_head_are_left(void **state)
{
	static const char *const behind[] = { "x", "\r\n", "\n",
		"GET / HTTP/1.1\r\n\r\n", "\xff" };
	struct outcome outcome = { 0 };
	struct text bytes = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < sizeof(behind) / sizeof(behind[0]); i++) {
		text_clear(&bytes);
		text_addz(&bytes, request_samples[0].bytes);
		size_t head = bytes.len;
		text_addz(&bytes, behind[i]);
		feed_all_ways(&explicit, text_str(&bytes), &outcome);
		assert_int_equal(outcome.used, head);
	}
	text_fini(&bytes);
	text_fini(&outcome.text);
}

static void
unfinished_heads_need_more(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	for (size_t i = 0; i < REQUEST_SAMPLES; i++) {
		struct str bytes = str_of(request_samples[i].bytes);
		for (size_t len = 0; len < bytes.len; len++) {
			struct http_head_scan scan = { 0 };
			assert_int_equal(
			    feed_copy(&explicit, (struct str){ bytes.at, len },
				&scan, &outcome),
			    -EAGAIN);
		}
	}
	text_fini(&outcome.text);
}

#define GET  "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n" H
#define BAD(bytes, fault)                                                      \
	{                                                                      \
		STR_INIT(bytes), HTTP_FAULT_##fault                            \
	}

static const struct {
	struct str bytes;
	enum http_fault want;
} bad_heads[] = {
	/* Before the request line. */
	BAD("\r\n\r\n\r\nGET / HTTP/1.1\r\n" H E, BLANK_LINES),
	BAD("\nGET / HTTP/1.1\r\n" H E, START),
	BAD("\r\n\nGET / HTTP/1.1\r\n" H E, START),
	BAD("\rGET / HTTP/1.1\r\n" H E, BARE_CR),
	BAD(" GET / HTTP/1.1\r\n" H E, START),
	BAD("\tGET / HTTP/1.1\r\n" H E, START),
	BAD("\0GET / HTTP/1.1\r\n" H E, START),
	BAD("\xef\xbb\xbfGET / HTTP/1.1\r\n" H E, START),
	BAD("\r\n GET / HTTP/1.1\r\n" H E, START),
	/* Other protocols are told at once. */
	BAD("\x16\x03\x01", START),
	BAD("\x05\x01\x00", START),
	BAD("\x04\x01\x00\x50", START),
	BAD("{\"a\":1}", START),
	BAD("SSH-2.0-OpenSSH_9\r\n", START),
	BAD("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", VERSION),
	/* The method. */
	BAD("GET\t/ HTTP/1.1\r\n" H E, START),
	BAD("G(T / HTTP/1.1\r\n" H E, START),
	BAD("G\xc3\x8bT / HTTP/1.1\r\n" H E, START),
	BAD("GET: / HTTP/1.1\r\n" H E, START),
	BAD("\"GET\" / HTTP/1.1\r\n" H E, START),
	BAD("GET\r\n" H E, START),
	BAD("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456 / HTTP/1.1\r\n" H E,
	    METHOD_LONG),
	/* The request line. */
	BAD("GET  / HTTP/1.1\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP/1.1 \r\n" H E, REQUEST_LINE),
	BAD("GET /  HTTP/1.1\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP/1.1 x\r\n" H E, REQUEST_LINE),
	BAD("GET / x HTTP/1.1\r\n" H E, REQUEST_LINE),
	BAD("GET /a b HTTP/1.1\r\n" H E, REQUEST_LINE),
	BAD("GET /\tHTTP/1.1\r\n" H E, TARGET),
	BAD("GET / HTTP/1.1\t\r\n" H E, REQUEST_LINE),
	BAD("GET \r\n" H E, REQUEST_LINE),
	BAD("GET /\r\n" H E, VERSION),
	BAD("GET /\r\n\r\n", VERSION),
	BAD("GET / \r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP/\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP/1\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP/1.\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP/1.1.\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP/1.10\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP/01.1\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP/1,1\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP /1.1\r\n" H E, REQUEST_LINE),
	BAD("GET / http/1.1\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTPS/1.1\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP/ 1.1\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP/-1.1\r\n" H E, REQUEST_LINE),
	BAD("GET / XHTTP/1.1\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP/0.9\r\n" H E, VERSION),
	BAD("GET / HTTP/2.0\r\n" H E, VERSION),
	BAD("GET / HTTP/3.0\r\n" H E, VERSION),
	BAD("GET /\0 HTTP/1.1\r\n" H E, TARGET),
	BAD("GET /\x01 HTTP/1.1\r\n" H E, TARGET),
	BAD("GET /\x7f HTTP/1.1\r\n" H E, TARGET),
	BAD("GET /\xc3\xbc HTTP/1.1\r\n" H E, TARGET),
	BAD("GET / HTTP/1.1\n" H E, BARE_LF),
	BAD("GET /\nX HTTP/1.1\r\n" H E, BARE_LF),
	BAD("GET /\rX HTTP/1.1\r\n" H E, VERSION),
	BAD("GET / HTTP/1.1\rX\r\n" H E, REQUEST_LINE),
	BAD("GET / HTTP/1.1\r\r\n" H E, REQUEST_LINE),
	/* The target and its form. */
	BAD("GET * HTTP/1.1\r\n" H E, TARGET),
	BAD("OPTIONS ** HTTP/1.1\r\n" H E, TARGET),
	BAD("GET a HTTP/1.1\r\n" H E, TARGET),
	BAD("GET ?a HTTP/1.1\r\n" H E, TARGET),
	BAD("GET a.example:80 HTTP/1.1\r\n" H E, SCHEME),
	BAD("GET ftp://a.example/ HTTP/1.1\r\n" H E, SCHEME),
	BAD("GET http:/a.example/ HTTP/1.1\r\n" H E, SCHEME),
	BAD("GET http:// HTTP/1.1\r\n" H E, HOST),
	BAD("GET http:///x HTTP/1.1\r\n" H E, HOST),
	BAD("GET http://u@a.example/ HTTP/1.1\r\n" H E, USERINFO),
	BAD("GET http://a.example:0/ HTTP/1.1\r\n" H E, PORT),
	BAD("GET http://a.example:99999/ HTTP/1.1\r\n" H E, PORT),
	BAD("GET http://127.1/ HTTP/1.1\r\n" H E, HOST_NUMBER),
	BAD("GET http://a,b/ HTTP/1.1\r\n" H E, HOST),
	BAD("GET /#f HTTP/1.1\r\n" H E, PATH),
	BAD("GET http://a.example/#f HTTP/1.1\r\n" H E, PATH),
	BAD("CONNECT / HTTP/1.1\r\n" H E, HOST),
	BAD("CONNECT * HTTP/1.1\r\n" H E, HOST),
	BAD("CONNECT b.example HTTP/1.1\r\n" H E, PORT),
	BAD("CONNECT b.example: HTTP/1.1\r\n" H E, PORT),
	BAD("CONNECT :443 HTTP/1.1\r\n" H E, HOST),
	BAD("CONNECT b.example:0 HTTP/1.1\r\n" H E, PORT),
	BAD("CONNECT b.example:443/ HTTP/1.1\r\n" H E, PORT),
	BAD("CONNECT u@b.example:443 HTTP/1.1\r\n" H E, USERINFO),
	BAD("CONNECT http://b.example/ HTTP/1.1\r\n" H E, PORT),
	BAD("CONNECT 2130706433:80 HTTP/1.1\r\n" H E, HOST_NUMBER),
	BAD("CONNECT b.example:443 HTTP/1.1\r\n" H "Content-Length: 5\r\n" E,
	    CONNECT_CONTENT),
	BAD("CONNECT b.example:443 HTTP/1.1\r\n" H
	    "Transfer-Encoding: chunked\r\n" E,
	    CONNECT_CONTENT),
	/* Host. */
	BAD(GET E, HOST_MISSING),
	BAD("GET http://a.example/ HTTP/1.1\r\n" E, HOST_MISSING),
	BAD("CONNECT a.example:443 HTTP/1.1\r\n" E, HOST_MISSING),
	BAD("GET / HTTP/1.0\r\n" E, HOST_MISSING),
	BAD(GET H H E, HOST_MANY),
	BAD(GET H "X: y\r\nhost: b.example\r\n" E, HOST_MANY),
	BAD("GET http://a.example/ HTTP/1.1\r\n" H H E, HOST_MANY),
	BAD("GET / HTTP/1.0\r\n" H H E, HOST_MANY),
	BAD(GET "Host:\r\n" E, HOST),
	BAD(GET "Host: a.example, b.example\r\n" E, HOST),
	BAD(GET "Host: a.example b.example\r\n" E, HOST),
	BAD(GET "Host: a.example/x\r\n" E, HOST),
	BAD(GET "Host: http://a.example\r\n" E, PORT),
	BAD(GET "Host: u@a.example\r\n" E, USERINFO),
	BAD(GET "Host: a.example:x\r\n" E, PORT),
	BAD(GET "Host: 127.1\r\n" E, HOST_NUMBER),
	BAD("GET http://a.example/ HTTP/1.1\r\nHost: b@c\r\n" E, USERINFO),
	BAD("GET http://a.example/ HTTP/1.1\r\nHost: \r\n" E, HOST),
	BAD("CONNECT a.example:443 HTTP/1.1\r\nHost: a b\r\n" E, HOST),
	/* Field lines. */
	BAD(GET " X: y\r\n" H E, FIELD_FOLD),
	BAD(GET "\tX: y\r\n" H E, FIELD_FOLD),
	BAD(GET H " folded\r\n" E, FIELD_FOLD),
	BAD(GET H "X: y\r\n z\r\n" E, FIELD_FOLD),
	BAD(GET H "X: y\r\n\tz: w\r\n" E, FIELD_FOLD),
	BAD(GET H "X: y\r\n \r\n" E, FIELD_FOLD),
	BAD(GET H " \r\n" E, FIELD_FOLD),
	BAD(GET H "X : y\r\n" E, FIELD_BLANK),
	BAD(GET H "X\t: y\r\n" E, FIELD_BLANK),
	BAD(GET H "X y: z\r\n" E, FIELD_BLANK),
	BAD(GET H ": y\r\n" E, FIELD_NAME),
	BAD(GET H ":\r\n" E, FIELD_NAME),
	BAD(GET H "X\r\n" E, FIELD_COLON),
	BAD(GET "Host a.example\r\n" E, FIELD_BLANK),
	BAD(GET H "X(y): z\r\n" E, FIELD_NAME),
	BAD(GET H "\"X\": z\r\n" E, FIELD_NAME),
	BAD(GET H "X\0: z\r\n" E, FIELD_NAME),
	BAD(GET H "\0: z\r\n" E, FIELD_NAME),
	BAD(GET H "\xc3\xbc: z\r\n" E, FIELD_NAME),
	BAD(GET H "X\x7f: z\r\n" E, FIELD_NAME),
	BAD(GET H "X: a\0b\r\n" E, FIELD_VALUE),
	BAD(GET H "X: a\x01\r\n" E, FIELD_VALUE),
	BAD(GET H "X: a\x0b\r\n" E, FIELD_VALUE),
	BAD(GET H "X: a\x0c\r\n" E, FIELD_VALUE),
	BAD(GET H "X: a\x1b[0m\r\n" E, FIELD_VALUE),
	BAD(GET H "X: a\x7f\r\n" E, FIELD_VALUE),
	BAD(GET H "X: a\nY: b\r\n" E, BARE_LF),
	BAD(GET H "X: a\n" E, BARE_LF),
	BAD(GET H "\n", BARE_LF),
	BAD(GET H "X: y\n\r\n", BARE_LF),
	BAD(GET H "X: a\rY: b\r\n" E, BARE_CR),
	BAD(GET H "X: a\r\r\n" E, BARE_CR),
	BAD(GET H "X:\r\r\n" E, BARE_CR),
	BAD(GET H "\rX: y\r\n" E, FIELD_NAME),
	BAD(GET H "\r\r\n" E, FIELD_NAME),
	BAD(GET H "X\r: y\r\n" E, FIELD_COLON),
	/* Content-Length. */
	BAD(POST "Content-Length: 5\r\nContent-Length: 5\r\n" E, LENGTH_MANY),
	BAD(POST "Content-Length: 5\r\nContent-Length: 6\r\n" E, LENGTH_MANY),
	BAD(POST "Content-Length: 5\r\nX: y\r\ncontent-length: 5\r\n" E,
	    LENGTH_MANY),
	BAD(POST "Content-Length:\r\n" E, LENGTH),
	BAD(POST "Content-Length: ,\r\n" E, LENGTH),
	BAD(POST "Content-Length: 5, 5\r\n" E, LENGTH),
	BAD(POST "Content-Length: 5,6\r\n" E, LENGTH),
	BAD(POST "Content-Length: 5,\r\n" E, LENGTH),
	BAD(POST "Content-Length: +5\r\n" E, LENGTH),
	BAD(POST "Content-Length: -5\r\n" E, LENGTH),
	BAD(POST "Content-Length: -0\r\n" E, LENGTH),
	BAD(POST "Content-Length: 0x5\r\n" E, LENGTH),
	BAD(POST "Content-Length: 5 5\r\n" E, LENGTH),
	BAD(POST "Content-Length: 5.0\r\n" E, LENGTH),
	BAD(POST "Content-Length: 5e1\r\n" E, LENGTH),
	BAD(POST "Content-Length: 1_0\r\n" E, LENGTH),
	BAD(POST "Content-Length: \"5\"\r\n" E, LENGTH),
	BAD(POST "Content-Length: 5;\r\n" E, LENGTH),
	BAD(POST "Content-Length: five\r\n" E, LENGTH),
	BAD(POST "Content-Length: \xd9\xa5\r\n" E, LENGTH),
	BAD(POST "Content-Length: 9223372036854775808\r\n" E, LENGTH),
	BAD(POST "Content-Length: 18446744073709551615\r\n" E, LENGTH),
	BAD(POST "Content-Length: 18446744073709551621\r\n" E, LENGTH),
	BAD(POST "Content-Length: 99999999999999999999999999\r\n" E, LENGTH),
	BAD(POST "Content-Length : 5\r\n" E, FIELD_BLANK),
	BAD(POST " Content-Length: 5\r\n" E, FIELD_FOLD),
	BAD(POST "Content-Length: 5\r\n 5\r\n" E, FIELD_FOLD),
	BAD(POST "Content-Length:\r\n 5\r\n" E, FIELD_FOLD),
	BAD(POST "Content-Length\0: 5\r\n" E, FIELD_NAME),
	BAD(POST "Content-Length: 5\0\r\n" E, FIELD_VALUE),
	BAD(POST "Content-Length: \x0b"
		 "5\r\n" E,
	    FIELD_VALUE),
	BAD(POST "Content-Length: 5\x0c\r\n" E, FIELD_VALUE),
	BAD(POST "Content-Length: 5\r\r\n" E, BARE_CR),
	BAD(POST "Content_Length: 5\r\n" E, FIELD_NAME),
	BAD(POST "CONTENT_LENGTH: 5\r\n" E, FIELD_NAME),
	/* Transfer-Encoding. */
	BAD(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" E,
	    CODING_LENGTH),
	BAD(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" E,
	    CODING_LENGTH),
	BAD(POST "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n" E,
	    CODING_LENGTH),
	BAD(POST "Content-Length: 5\r\nTransfer-Encoding: identity\r\n" E,
	    CODING_LENGTH),
	BAD(POST "Content-Length: 5\r\nTransfer-Encoding:\r\n" E,
	    CODING_LENGTH),
	BAD(POST "Content-Length: 5\r\nTransfer-Encoding: x\r\n" E,
	    CODING_LENGTH),
	BAD(POST "Transfer-Encoding: chunked\r\n"
		 "Transfer-Encoding: chunked\r\n" E,
	    CODING_MANY),
	BAD(POST "Transfer-Encoding: chunked\r\n"
		 "Transfer-Encoding: identity\r\n" E,
	    CODING_MANY),
	BAD(POST "Transfer-Encoding: x\r\ntransfer-encoding: chunked\r\n" E,
	    CODING_MANY),
	BAD(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n" E,
	    CODING_MANY),
	BAD(POST "Transfer-Encoding: gzip, chunked\r\n" E, CODING_UNKNOWN),
	BAD(POST "Transfer-Encoding: gzip\r\n" E, CODING_UNKNOWN),
	BAD(POST "Transfer-Encoding: identity\r\n" E, CODING_UNKNOWN),
	BAD(POST "Transfer-Encoding: xchunked\r\n" E, CODING_UNKNOWN),
	BAD(POST "Transfer-Encoding: chunkedx\r\n" E, CODING_UNKNOWN),
	BAD(POST "Transfer-Encoding: chunke\r\n" E, CODING_UNKNOWN),
	BAD(POST "Transfer-Encoding: x-chunked\r\n" E, CODING_UNKNOWN),
	BAD(POST "Transfer-Encoding: identity, chunked\r\n" E, CODING_UNKNOWN),
	BAD(POST "Transfer-Encoding: chunked, gzip\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: chunked, chunked\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: chunked, identity\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: chunked,\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: ,chunked\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: , chunked\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: ,\r\n" E, CODING),
	BAD(POST "Transfer-Encoding:\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: \"chunked\"\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: 'chunked'\r\n" E, CODING_UNKNOWN),
	BAD(POST "Transfer-Encoding: chunked;q=1\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: chunked; x\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: chunked x\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: x chunked\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: [chunked]\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: chunked\xff\r\n" E, CODING),
	BAD(POST "Transfer-Encoding: \xa0"
		 "chunked\r\n" E,
	    CODING),
	BAD(POST "Transfer-Encoding: \x0b"
		 "chunked\r\n" E,
	    FIELD_VALUE),
	BAD(POST "Transfer-Encoding: chunked\0\r\n" E, FIELD_VALUE),
	BAD(POST "Transfer-Encoding: chunked\x0c\r\n" E, FIELD_VALUE),
	BAD(POST "Transfer-Encoding : chunked\r\n" E, FIELD_BLANK),
	BAD(POST "Transfer-Encoding\t: chunked\r\n" E, FIELD_BLANK),
	BAD(POST " Transfer-Encoding: chunked\r\n" E, FIELD_FOLD),
	BAD(POST "X: y\r\n Transfer-Encoding: chunked\r\n" E, FIELD_FOLD),
	BAD(POST "Transfer-Encoding:\r\n chunked\r\n" E, FIELD_FOLD),
	BAD(POST "Transfer-Encoding\r\n: chunked\r\n" E, FIELD_COLON),
	BAD(POST "X: y\nTransfer-Encoding: chunked\r\n" E, BARE_LF),
	BAD(POST "X: y\rTransfer-Encoding: chunked\r\n" E, BARE_CR),
	BAD(POST "Transfer_Encoding: chunked\r\n" E, FIELD_NAME),
	BAD(POST "\0Transfer-Encoding: chunked\r\n" E, FIELD_NAME),
	BAD("POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n" E,
	    CODING_VERSION),
	BAD("POST / HTTP/1.0\r\n" H "Transfer-Encoding: identity\r\n" E,
	    CODING_VERSION),
	/* Connection, Expect, Max-Forwards. */
	BAD(GET H "Connection: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q\r\n" E,
	    CONNECTION_MANY),
	BAD(GET H "Connection: a,b,c,d,e,f,g,h\r\n"
		  "Connection: i,j,k,l,m,n,o,p,q\r\n" E,
	    CONNECTION_MANY),
	BAD(POST "Content-Length: 5\r\nExpect: 200-ok\r\n" E, EXPECTATION),
	BAD(POST "Content-Length: 5\r\nExpect: 100-continue, x\r\n" E,
	    EXPECTATION),
	BAD(POST "Content-Length: 5\r\nExpect: y 100-continue\r\n" E,
	    EXPECTATION),
	BAD(POST "Expect: 100-continue\r\nExpect: x\r\n" E, EXPECTATION),
	BAD("TRACE / HTTP/1.1\r\n" H "Max-Forwards: -1\r\n" E, MAX_FORWARDS),
	BAD("OPTIONS * HTTP/1.1\r\n" H
	    "Max-Forwards: 99999999999999999999\r\n" E,
	    MAX_FORWARDS),
	BAD("TRACE / HTTP/1.1\r\n" H "Max-Forwards: 1\r\nMax-Forwards: 0\r\n" E,
	    MAX_FORWARDS),
};

static void
bad_heads_are_refused(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(bad_heads) / sizeof(bad_heads[0]); i++) {
		feed_all_ways(&explicit, bad_heads[i].bytes, &outcome);
		feed_expect_fault(
		    &outcome, bad_heads[i].bytes, bad_heads[i].want);
	}
	text_fini(&outcome.text);
}

/* Head: start line, then `count` copies of a field line, Host, end. */
static void
make_head(struct text *out, size_t path, const char *line, size_t count)
{
	text_clear(out);
	text_addz(out, "GET /");
	text_pad(out, 'p', path);
	text_addz(out, " HTTP/1.1\r\n" H);
	for (size_t i = 0; i < count; i++)
		text_addz(out, line);
	text_addz(out, "\r\n");
}

static void
limits_are_exact(void **state)
{
	size_t line_fixed = strlen("GET / HTTP/1.1\r\n");
	size_t path_max = HTTP_START_LINE_BYTES_MAX - line_fixed;
	struct outcome outcome = { 0 };
	struct text bytes = TEXT_EMPTY;

	(void)state;
	make_head(&bytes, path_max, "", 0);
	feed_all_ways(&explicit, text_str(&bytes), &outcome);
	assert_int_equal(outcome.used, bytes.len);
	make_head(&bytes, path_max + 1, "", 0);
	feed_all_ways(&explicit, text_str(&bytes), &outcome);
	feed_expect_fault(
	    &outcome, text_str(&bytes), HTTP_FAULT_START_LINE_LONG);

	make_head(&bytes, 0, "X: y\r\n", HTTP_FIELDS_MAX - 1);
	feed_all_ways(&explicit, text_str(&bytes), &outcome);
	assert_int_equal(outcome.used, bytes.len);
	make_head(&bytes, 0, "X: y\r\n", HTTP_FIELDS_MAX);
	feed_all_ways(&explicit, text_str(&bytes), &outcome);
	feed_expect_fault(&outcome, text_str(&bytes), HTTP_FAULT_FIELDS_MANY);
	text_fini(&bytes);
	text_fini(&outcome.text);
}

static void
the_head_is_bounded(void **state)
{
	struct outcome outcome = { 0 };
	struct text bytes = TEXT_EMPTY;

	(void)state;
	for (int over = 0; over < 2; over++) {
		text_clear(&bytes);
		text_addz(&bytes, GET H "X: ");
		text_pad(&bytes, 'v',
		    HTTP_HEAD_BYTES_MAX - bytes.len - 4 + (size_t)over);
		text_addz(&bytes, "\r\n\r\n");
		feed_pieces(&explicit, text_str(&bytes), 0, 1000, &outcome);
		if (over == 0) {
			assert_int_equal(outcome.used, HTTP_HEAD_BYTES_MAX);
			continue;
		}
		feed_expect_fault(
		    &outcome, text_str(&bytes), HTTP_FAULT_HEAD_LARGE);
	}
	/* A start line and a head that never end are told at the limit. */
	text_clear(&bytes);
	text_addz(&bytes, "GET /");
	text_pad(&bytes, 'p', HTTP_START_LINE_BYTES_MAX - bytes.len);
	struct http_head_scan scan = { 0 };
	assert_int_equal(
	    feed_copy(&explicit, (struct str){ bytes.at, bytes.len - 1 }, &scan,
		&outcome),
	    -EAGAIN);
	assert_int_equal(
	    feed_copy(&explicit, text_str(&bytes), &scan, &outcome), -EBADMSG);
	assert_int_equal(outcome.fault, HTTP_FAULT_START_LINE_LONG);
	text_fini(&bytes);
	text_fini(&outcome.text);
}

/* Names and values of 2^8 and 2^16 bytes keep their whole lengths. */
static void
lengths_are_not_cut_to_a_type(void **state)
{
	static const size_t lengths[] = { 255, 256, 257, 270, 4096, 32767,
		32768 };
	struct outcome outcome = { 0 };
	struct text bytes = TEXT_EMPTY, want = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct http_head_scan scan = { 0 };
		text_clear(&want);
		text_addz(&want, "\nX");
		text_pad(&want, 'n', lengths[i] / 2);
		text_addz(&want, ": v");
		text_pad(&want, 'v', lengths[i]);
		text_clear(&bytes);
		text_addz(&bytes, GET H);
		text_add(&bytes, str_skip(text_str(&want), 1));
		text_addz(&bytes, "\r\n\r\n");
		assert_int_equal(
		    feed_copy(&explicit, text_str(&bytes), &scan, &outcome),
		    bytes.len);
		assert_true(str_ends(text_str(&outcome.text), text_str(&want)));
	}
	text_fini(&bytes);
	text_fini(&want);
	text_fini(&outcome.text);
}

static void
fields_come_in_order_with_hop_marks(void **state)
{
	static const char bytes[] =
	    GET H "Connection: X-Hop, cookie\r\nx-HOP: 1\r\n"
		  "Cookie: c\r\nX-Ho:  a b \t\r\nEmpty:\r\n" E;
	struct outcome outcome = { 0 };
	struct http_head_scan scan = { 0 };

	(void)state;
	(void)feed_copy(&explicit, str_of(bytes), &scan, &outcome);
	assert_string_equal(outcome.text.at,
	    "GET origin http://a.example/ 1.1 none keep\n"
	    "Host: a.example\n"
	    "Connection: X-Hop, cookie\n"
	    "*x-HOP: 1\n"
	    "*Cookie: c\n"
	    "X-Ho: a b\n"
	    "Empty: ");
	text_fini(&outcome.text);
}

/* What the connection knows fills in what an origin-form leaves out. */
static void
interception_gives_scheme_and_address(void **state)
{
	static const struct {
		enum http_scheme scheme;
		const char *destination, *bytes, *want;
	} cases[] = {
		{ HTTP_SCHEME_HTTPS, "192.0.2.1:443", GET H E,
		    "GET origin https://a.example/ 1.1 none keep" },
		{ HTTP_SCHEME_HTTPS, "192.0.2.1:443",
		    GET "Host: a.example:80\r\n" E,
		    "GET origin https://a.example:80/ 1.1 none keep" },
		{ HTTP_SCHEME_HTTP, "192.0.2.1:80", "GET / HTTP/1.0\r\n" E,
		    "GET origin http://192.0.2.1/ 1.0 none" },
		{ HTTP_SCHEME_HTTP, "192.0.2.1:8080", "GET / HTTP/1.0\r\n" E,
		    "GET origin http://192.0.2.1:8080/ 1.0 none" },
		{ HTTP_SCHEME_HTTPS, "[2001:db8::1]:443",
		    "GET /x HTTP/1.0\r\n" E,
		    "GET origin https://[2001:db8::1]/x 1.0 none" },
		{ HTTP_SCHEME_HTTP, "192.0.2.1:80", "GET / HTTP/1.0\r\n" H E,
		    "GET origin http://a.example/ 1.0 none" },
	};
	struct outcome outcome = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_arrival arrival = { .scheme = cases[i].scheme };
		struct feed intercepted = { parse, &arrival };
		struct str bytes = str_of(cases[i].bytes);
		assert_int_equal(
		    address_port_parse(
			str_of(cases[i].destination), &arrival.destination),
		    0);
		feed_all_ways(&intercepted, bytes, &outcome);
		feed_expect_message(&outcome, bytes, bytes.len, cases[i].want);
	}
	text_fini(&outcome.text);
}

/* The address that was dialled is no excuse for HTTP/1.1. */
static void
interception_still_needs_host(void **state)
{
	struct http_arrival arrival = { .scheme = HTTP_SCHEME_HTTP };
	struct feed intercepted = { parse, &arrival };
	struct outcome outcome = { 0 };

	(void)state;
	(void)address_port_parse(STR("192.0.2.1:80"), &arrival.destination);
	feed_all_ways(&intercepted, STR(GET E), &outcome);
	feed_expect_fault(&outcome, STR(GET E), HTTP_FAULT_HOST_MISSING);
	text_fini(&outcome.text);
}

/* Two requests in one buffer, with one scan for both. */
static void
a_scan_serves_the_next_request(void **state)
{
	struct str bytes = STR(GET H E "\r\nHEAD /2 HTTP/1.1\r\n" H E "junk");
	struct http_head_scan scan = { 0 };
	struct outcome outcome = { 0 };

	(void)state;
	int used = feed_copy(&explicit, bytes, &scan, &outcome);
	assert_int_equal(used, strlen(GET H E));
	bytes = str_skip(bytes, (size_t)used);
	used = feed_copy(&explicit, bytes, &scan, &outcome);
	assert_int_equal(used, bytes.len - 4);
	assert_true(str_starts(
	    text_str(&outcome.text), STR("HEAD origin http://a.example/2 ")));
	text_fini(&outcome.text);
}

/* Every size of arena: told, nothing leaks, nothing half-made comes back. */
static void
a_full_arena_is_told(void **state)
{
	struct str bytes =
	    STR("GET HTTP://A.example?q HTTP/1.1\r\nHost: [::1]\r\n\r\n");
	size_t max = 0;
	int used;

	(void)state;
	do {
		struct http_head_scan scan = { 0 };
		struct http_request request;
		enum http_fault fault;
		struct arena arena;
		arena_init(&arena, max++);
		used = http_request_parse(
		    bytes, &scan, &to_proxy, &arena, &request, &fault);
		assert_true(used == -ENOMEM || used == (int)bytes.len);
		arena_fini(&arena);
	} while (used < 0 && max < 4096);
	assert_int_equal(used, bytes.len);
	assert_true(max > 100);
}

/* The worst that a head can ask of it: all fields, and a copied path. */
static void
any_head_fits_into_its_arena(void **state)
{
	struct http_head_scan scan = { 0 };
	struct text bytes = TEXT_EMPTY;
	struct http_request request;
	enum http_fault fault;
	struct arena arena;

	(void)state;
	text_addz(&bytes, "GET http://");
	for (int label = 0; label < 4; label++) {
		text_pad(&bytes, 'A', label < 3 ? 63 : 61);
		text_addc(&bytes, label < 3 ? '.' : '?');
	}
	text_pad(&bytes, 'q', HTTP_START_LINE_BYTES_MAX - bytes.len - 11);
	text_addz(&bytes, " HTTP/1.1\r\nHOST: ");
	text_pad(&bytes, 'A', 63);
	text_addz(&bytes, "\r\n");
	for (int i = 0; i < HTTP_FIELDS_MAX - 1; i++)
		text_addz(&bytes, "X: y\r\n");
	text_addz(&bytes, "\r\n");
	arena_init(&arena, HTTP_HEAD_ARENA_BYTES_MAX);
	assert_int_equal(http_request_parse(text_str(&bytes), &scan, &to_proxy,
			     &arena, &request, &fault),
	    bytes.len);
	assert_int_equal(request.fields.count, HTTP_FIELDS_MAX);
	assert_true(arena.bytes > HTTP_START_LINE_BYTES_MAX);
	arena_fini(&arena);
	text_fini(&bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_heads_are_understood),
		cmocka_unit_test(bytes_behind_the_head_are_left),
		cmocka_unit_test(unfinished_heads_need_more),
		cmocka_unit_test(bad_heads_are_refused),
		cmocka_unit_test(limits_are_exact),
		cmocka_unit_test(the_head_is_bounded),
		cmocka_unit_test(lengths_are_not_cut_to_a_type),
		cmocka_unit_test(fields_come_in_order_with_hop_marks),
		cmocka_unit_test(interception_gives_scheme_and_address),
		cmocka_unit_test(interception_still_needs_host),
		cmocka_unit_test(a_scan_serves_the_next_request),
		cmocka_unit_test(a_full_arena_is_told),
		cmocka_unit_test(any_head_fits_into_its_arena),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
