/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields to text; more cases go through the gateway to an origin that keeps what
 * it is sent (tests/story/test_0211_http2_attacks.py).
 */
#include "http2/head.h"

#include "http/limits.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* "name value" each; expected: text, or the fault. */
struct row {
	const char *fields[8];
	const char *text;
	enum http_fault fault;
};

#define GET  ":method GET", ":scheme http", ":authority a.example", ":path /x"
#define LINE "GET http://a.example/x HTTP/2.0\r\nhost: a.example\r\n"

static const struct row requests[] = {
	{ { GET }, LINE "\r\n", 0 },
	{ { GET, "accept */*" }, LINE "accept: */*\r\n\r\n", 0 },
	{ { GET, "cookie a=1", "x y", "cookie b=2" },
	    LINE "x: y\r\ncookie: a=1; b=2\r\n\r\n", 0 },
	{ { GET, "te trailers" }, LINE "te: trailers\r\n\r\n", 0 },
	{ { GET, "host A.example" }, LINE "\r\n", 0 },
	{ { ":method OPTIONS", ":scheme http", ":authority a", ":path *" },
	    "OPTIONS http://a HTTP/2.0\r\nhost: a\r\n\r\n", 0 },
	{ { ":method CONNECT", ":authority a:443" },
	    "CONNECT a:443 HTTP/2.0\r\nhost: a:443\r\n\r\n", 0 },
	{ { ":method GET", ":scheme https", ":path /", "host b" },
	    "GET https://b/ HTTP/2.0\r\nhost: b\r\n\r\n", 0 },
	{ { GET, "x" }, LINE "x: \r\n\r\n", 0 },
	{ { GET, "X y" }, NULL, HTTP_FAULT_FIELD_NAME },
	{ { GET, "x: y" }, NULL, HTTP_FAULT_FIELD_NAME },
	{ { GET, "x y\r\nz: 1" }, NULL, HTTP_FAULT_FIELD_VALUE },
	{ { GET, "x y\n" }, NULL, HTTP_FAULT_FIELD_VALUE },
	{ { GET, "x  y" }, NULL, HTTP_FAULT_FIELD_VALUE },
	{ { GET, "connection close" }, NULL, HTTP_FAULT_HOP_FIELD },
	{ { GET, "transfer-encoding chunked" }, NULL, HTTP_FAULT_HOP_FIELD },
	{ { GET, "te gzip" }, NULL, HTTP_FAULT_HOP_FIELD },
	{ { GET, "host b.example" }, NULL, HTTP_FAULT_HOST_OTHER },
	{ { GET, "host a.example", "host a.example" }, NULL,
	    HTTP_FAULT_HOST_MANY },
	{ { GET, ":path /y" }, NULL, HTTP_FAULT_PSEUDO_FIELD },
	{ { GET, ":other y" }, NULL, HTTP_FAULT_PSEUDO_FIELD },
	{ { GET, ":status 200" }, NULL, HTTP_FAULT_PSEUDO_FIELD },
	{ { "x y", GET }, NULL, HTTP_FAULT_PSEUDO_FIELD },
	{ { ":method GET", ":scheme http", ":authority a" }, NULL,
	    HTTP_FAULT_PSEUDO_FIELD },
	{ { ":method GET", ":scheme http", ":authority a", ":path x" }, NULL,
	    HTTP_FAULT_PATH },
	{ { ":method GET", ":scheme http", ":authority a", ":path *" }, NULL,
	    HTTP_FAULT_PATH },
	{ { ":method GET", ":scheme http", ":authority a", ":path / b" }, NULL,
	    HTTP_FAULT_PATH },
	{ { ":method GET", ":scheme http", ":authority a/b", ":path /" }, NULL,
	    HTTP_FAULT_HOST },
	{ { ":method GET", ":scheme http", ":authority u@a", ":path /" }, NULL,
	    HTTP_FAULT_HOST },
	{ { ":method G T" }, NULL, HTTP_FAULT_REQUEST_LINE },
	{ { ":method GET", ":scheme a:", ":path /" }, NULL, HTTP_FAULT_SCHEME },
	{ { ":method CONNECT", ":protocol h2", ":scheme http", ":authority a",
	      ":path /" },
	    NULL, HTTP_FAULT_PROTOCOL },
	{ { GET, ":protocol websocket" }, NULL, HTTP_FAULT_PSEUDO_FIELD },
	{ { ":method CONNECT", ":authority a:1", ":path /" }, NULL,
	    HTTP_FAULT_PSEUDO_FIELD },
};

static const struct row responses[] = {
	{ { ":status 200", "x y" }, "HTTP/2.0 200 \r\nx: y\r\n\r\n", 0 },
	{ { ":status 103" }, "HTTP/2.0 103 \r\n\r\n", 0 },
	{ { ":status 101" }, NULL, HTTP_FAULT_STATUS_LINE },
	{ { ":status 2000" }, NULL, HTTP_FAULT_STATUS_LINE },
	{ { ":status 2x0" }, NULL, HTTP_FAULT_STATUS_LINE },
	{ { "x y" }, NULL, HTTP_FAULT_STATUS_LINE },
	{ { ":status 200", ":path /" }, NULL, HTTP_FAULT_STATUS_LINE },
	{ { ":status 200", "connection close" }, NULL, HTTP_FAULT_HOP_FIELD },
};

/* Only what means nothing to us, and nothing that is no trailer. */
static const struct row trailers[] = {
	{ { "grpc-status 0", "x y" }, "grpc-status: 0\r\nx: y\r\n", 0 },
	{ { "content-length 5", "x y", "set-cookie a", "cookie b", "host c",
	      "authorization d", "via e", "cache-control no-store" },
	    "x: y\r\n", 0 },
	{ { ":status 200", "x y" }, NULL, HTTP_FAULT_PSEUDO_FIELD },
	{ { ":path /", "x y" }, NULL, HTTP_FAULT_PSEUDO_FIELD },
	{ { "transfer-encoding chunked" }, NULL, HTTP_FAULT_HOP_FIELD },
	{ { "connection x" }, NULL, HTTP_FAULT_HOP_FIELD },
	{ { "X y" }, NULL, HTTP_FAULT_FIELD_NAME },
	{ { "x y\r\nz: 1" }, NULL, HTTP_FAULT_FIELD_VALUE },
};

enum kind {
	REQUEST,
	RESPONSE,
	TRAILERS,
};

static void
add_all(struct http2_head *head, const struct row *row)
{
	for (size_t i = 0; i < 8 && row->fields[i] != NULL; i++) {
		struct str field = str_of(row->fields[i]);
		struct str name = { field.at, str_find(field, ' ') };
		http2_head_add(head, name, str_skip(field, name.len + 1));
	}
}

static void
check(const struct row *row, enum kind kind)
{
	struct http2_head head = { 0 };
	struct text out = TEXT_EMPTY;
	enum http_fault fault = HTTP_FAULT_COUNT;
	unsigned status;
	int rc;

	add_all(&head, row);
	if (kind == REQUEST)
		rc = http2_head_write_request(&head, &out, &fault);
	else if (kind == RESPONSE)
		rc = http2_head_write_response(&head, &out, &status, &fault);
	else
		rc = http2_head_write_trailers(&head, &out, &fault);
	assert_int_equal(rc, row->text != NULL ? 0 : -EBADMSG);
	if (row->text != NULL)
		assert_string_equal(out.at, row->text);
	else
		assert_int_equal(fault, row->fault);
	text_fini(&out);
	http2_head_fini(&head);
}

static void
rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		check(&requests[i], REQUEST);
	for (size_t i = 0; i < sizeof(responses) / sizeof(responses[0]); i++)
		check(&responses[i], RESPONSE);
	for (size_t i = 0; i < sizeof(trailers) / sizeof(trailers[0]); i++)
		check(&trailers[i], TRAILERS);
}

/* RFC 8441, 5; a key of 16 bytes, ours and each time another. */
static void
a_websocket(void **state)
{
	static const struct row row = {
		{ ":method CONNECT", ":protocol websocket", ":scheme http",
		    ":authority a", ":path /c", "sec-websocket-key x",
		    "sec-websocket-version 13" },
		NULL, 0
	};
	struct text out[2] = { TEXT_EMPTY, TEXT_EMPTY };
	struct http2_head head = { 0 };
	enum http_fault fault;

	(void)state;
	for (int i = 0; i < 2; i++) {
		http2_head_clear(&head);
		add_all(&head, &row);
		assert_true(http2_head_opens_tunnel(&head));
		assert_int_equal(
		    http2_head_write_request(&head, &out[i], &fault), 0);
		assert_non_null(strstr(out[i].at,
		    "GET http://a/c HTTP/2.0\r\nhost: a\r\n"
		    "connection: upgrade\r\nupgrade: websocket\r\n"
		    "sec-websocket-key: "));
		assert_null(strstr(out[i].at, "key: x\r\n"));
		assert_non_null(strstr(out[i].at, "==\r\nsec-websocket-ver"));
	}
	assert_string_not_equal(out[0].at, out[1].at);
	text_fini(&out[0]);
	text_fini(&out[1]);
	http2_head_fini(&head);
}

static void
no_more_than_fits(void **state)
{
	struct http2_head head = { 0 };
	struct text out = TEXT_EMPTY;
	enum http_fault fault;

	(void)state;
	add_all(&head, &requests[0]);
	for (int i = 0; i < HTTP_FIELDS_MAX + 1; i++)
		http2_head_add(&head, STR("x"), STR("y"));
	assert_int_equal(
	    http2_head_write_request(&head, &out, &fault), -EBADMSG);
	assert_int_equal(fault, HTTP_FAULT_FIELDS_MANY);
	http2_head_clear(&head);
	add_all(&head, &requests[0]);
	struct text large = TEXT_EMPTY;
	text_pad(&large, 'y', 4000);
	for (int i = 0; i < 40; i++)
		http2_head_add(&head, STR("x"), text_str(&large));
	assert_int_equal(
	    http2_head_write_request(&head, &out, &fault), -EBADMSG);
	assert_int_equal(fault, HTTP_FAULT_HEAD_LARGE);
	assert_true(head.lines.len <= HTTP_HEAD_BYTES_MAX);
	text_fini(&large);
	text_fini(&out);
	http2_head_fini(&head);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(a_websocket),
		cmocka_unit_test(no_more_than_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
