/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Heads written anew: exact texts, and for all good heads the round trip
 * through the parser.
 */
#include "http/write.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "describe.h"
#include "samples.h"

/* arrival_scheme: of a target in origin-form. */
static void
parse_request(struct str bytes, enum http_scheme arrival_scheme,
    struct arena *arena, struct http_request *ret)
{
	struct http_arrival arrival = { .scheme = arrival_scheme };
	struct http_head_scan scan = { 0 };
	enum http_fault fault = HTTP_FAULT_COUNT;
	int used =
	    http_request_parse(bytes, &scan, &arrival, arena, ret, &fault);

	if (used != (int)bytes.len)
		fail_msg("'%.*s': %d, %s", STR_ARG(bytes), used,
		    used == -EBADMSG ? http_fault_word(fault) : "");
}

static void
parse_response(struct str bytes, enum http_method method, struct arena *arena,
    struct http_response *ret)
{
	struct http_head_scan scan = { 0 };
	enum http_fault fault = HTTP_FAULT_COUNT;
	int used =
	    http_response_parse(bytes, &scan, method, arena, ret, &fault);

	if (used != (int)bytes.len)
		fail_msg("'%.*s': %d, %s", STR_ARG(bytes), used,
		    used == -EBADMSG ? http_fault_word(fault) : "");
}

static const struct http_request_options origin = {
	.keep_alive = true,
	.via = STR_INIT("gatehouse"),
};
static const struct http_request_options origin_close = {
	.expect_continue = true,
};
static const struct http_request_options framed = {
	.keep_alive = true,
	.trailers = true,
};
static const struct http_request_options parent = {
	.to_parent = true,
	.keep_alive = true,
	.via = STR_INIT("gatehouse"),
	.proxy_authorization = STR_INIT("Basic eDp5"),
};
static const struct http_request_options telling = {
	.keep_alive = true,
	.forwarded_for = STR_INIT("10.0.0.4"),
};
static const struct http_request_options websocket = {
	.upgrade = STR_INIT("websocket"),
};

#define VIA         "Via: 1.1 gatehouse\r\n"
#define CREDENTIALS "Proxy-Authorization: Basic eDp5\r\n"

static void
requests_are_written_anew(void **state)
{
	static const struct {
		const struct http_request_options *options;
		const char *bytes, *want;
	} cases[] = {
		{ &origin, "GET /x HTTP/1.1\r\n" H E,
		    "GET /x HTTP/1.1\r\n" H VIA E },
		/* Whatever Host said, the target's host is written. */
		{ &origin,
		    "GET http://B.Example:80/x?y HTTP/1.1\r\nX: 1\r\n" H E,
		    "GET /x?y HTTP/1.1\r\nHost: b.example\r\nX: 1\r\n" VIA E },
		{ &origin, "GET http://b.example:81?q HTTP/1.1\r\n" H E,
		    "GET /?q HTTP/1.1\r\nHost: b.example:81\r\n" VIA E },
		{ &parent, "GET http://B.Example:80/x HTTP/1.1\r\n" H E,
		    "GET http://b.example/x HTTP/1.1\r\nHost: b.example\r\n" VIA
			CREDENTIALS E },
		{ &parent, "GET /x HTTP/1.1\r\n" H E,
		    "GET http://a.example/x HTTP/1.1\r\n" H VIA CREDENTIALS E },
		{ &parent, "CONNECT B.example:443 HTTP/1.1\r\n" H E,
		    "CONNECT b.example:443 HTTP/1.1\r\nHost: "
		    "b.example:443\r\n" VIA CREDENTIALS E },
		{ &origin, "GET http://[2001:DB8::1]:81/ HTTP/1.1\r\n" H E,
		    "GET / HTTP/1.1\r\nHost: [2001:db8::1]:81\r\n" VIA E },
		/* For whom: only where the client is told of. */
		{ &telling,
		    "GET / HTTP/1.1\r\n" H
		    "X-Forwarded-For: 192.0.2.1\r\nX: 1\r\n"
		    "x-forwarded-for: 192.0.2.2\r\n" E,
		    "GET / HTTP/1.1\r\n" H
		    "X: 1\r\nX-Forwarded-For: 192.0.2.1, 192.0.2.2, "
		    "10.0.0.4\r\n" E },
		{ &telling,
		    "GET / HTTP/1.1\r\n" H "Connection: X-Forwarded-For\r\n"
		    "X-Forwarded-For: 192.0.2.1\r\n" E,
		    "GET / HTTP/1.1\r\n" H "X-Forwarded-For: 10.0.0.4\r\n" E },
		{ &origin,
		    "GET / HTTP/1.1\r\n" H "X-Forwarded-For: 192.0.2.1\r\n" E,
		    "GET / HTTP/1.1\r\n" H
		    "X-Forwarded-For: 192.0.2.1\r\n" VIA E },
		/* OPTIONS for the server as a whole. */
		{ &origin, "OPTIONS http://b.example HTTP/1.1\r\n" H E,
		    "OPTIONS * HTTP/1.1\r\nHost: b.example\r\n" VIA E },
		{ &parent, "OPTIONS * HTTP/1.1\r\n" H E,
		    "OPTIONS http://a.example HTTP/1.1\r\n" H VIA CREDENTIALS
			E },
		/* What is for one hop is dropped. */
		{ &origin,
		    "GET / HTTP/1.1\r\n" H "TE: trailers\r\nTrailer: X\r\n"
		    "Keep-Alive: timeout=5\r\nProxy-Connection: close\r\n"
		    "Proxy-Authorization: Basic c2VjcmV0\r\n"
		    "Proxy-Authenticate: x\r\nUpgrade: h2c\r\n"
		    "HTTP2-Settings: x\r\nConnection: upgrade, X-Hop\r\n"
		    "X-Hop: 1\r\nX-Keep: 2\r\nx-hop: 3\r\n" E,
		    "GET / HTTP/1.1\r\n" H "X-Keep: 2\r\n" VIA E },
		{ &parent,
		    "GET / HTTP/1.1\r\n" H
		    "Proxy-Authorization: Basic c2VjcmV0\r\n" E,
		    "GET http://a.example/ HTTP/1.1\r\n" H VIA CREDENTIALS E },
		/* Naming them in Connection takes neither Host nor framing. */
		{ &origin,
		    "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n"
		    "Connection: Host, Content-Length, close\r\n" E,
		    "POST / HTTP/1.1\r\n" H VIA "Content-Length: 5\r\n" E },
		{ &origin,
		    "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n"
		    "Connection: Transfer-Encoding\r\n" E,
		    "POST / HTTP/1.1\r\n" H VIA
		    "Transfer-Encoding: chunked\r\n" E },
		/* One framing field, in one spelling. */
		{ &origin, "POST / HTTP/1.1\r\ncontent-length:  0005 \r\n" H E,
		    "POST / HTTP/1.1\r\n" H VIA "Content-Length: 5\r\n" E },
		{ &origin,
		    "POST / HTTP/1.1\r\nTRANSFER-ENCODING:\tCHUNKED\r\n" H E,
		    "POST / HTTP/1.1\r\n" H VIA
		    "Transfer-Encoding: chunked\r\n" E },
		{ &parent,
		    "CONNECT b.example:443 HTTP/1.1\r\n" H
		    "Content-Length: 0\r\n" E,
		    "CONNECT b.example:443 HTTP/1.1\r\nHost: "
		    "b.example:443\r\n" VIA CREDENTIALS E },
		/* It is for one hop: what we take is said by us. */
		{ &origin, "GET / HTTP/1.1\r\n" H "TE: trailers\r\n" E,
		    "GET / HTTP/1.1\r\n" H VIA E },
		{ &framed, "GET / HTTP/1.1\r\n" H "TE: gzip\r\n" E,
		    "GET / HTTP/1.1\r\n" H
		    "TE: trailers\r\nConnection: TE\r\n" E },
		/* Blanks around values go, inside they stay. */
		{ &origin, "GET / HTTP/1.1\r\n" H "X:  a \t b \r\nY:\r\n" E,
		    "GET / HTTP/1.1\r\n" H "X: a \t b\r\nY: \r\n" VIA E },
		{ &origin, "GET / HTTP/1.1\r\n" H "Via: 1.0 fred\r\n" E,
		    "GET / HTTP/1.1\r\n" H
		    "Via: 1.0 fred, 1.1 gatehouse\r\n" E },
		{ &origin, "GET / HTTP/1.0\r\n" H E,
		    "GET / HTTP/1.1\r\n" H "Via: 1.0 gatehouse\r\n" E },
		/* Expect and close are ours to say. */
		{ &origin_close,
		    "PUT / HTTP/1.1\r\n" H "Content-Length: 1\r\n"
		    "Expect: 100-continue\r\nConnection: keep-alive\r\n" E,
		    "PUT / HTTP/1.1\r\n" H "Expect: 100-continue\r\n"
		    "Content-Length: 1\r\nConnection: close\r\n" E },
		{ &origin,
		    "PUT / HTTP/1.1\r\n" H "Content-Length: 1\r\n"
		    "Expect: 100-continue\r\n" E,
		    "PUT / HTTP/1.1\r\n" H VIA "Content-Length: 1\r\n" E },
		{ &websocket,
		    "GET / HTTP/1.1\r\n" H "Connection: Upgrade\r\n"
		    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" E,
		    "GET / HTTP/1.1\r\n" H "Sec-WebSocket-Version: 13\r\n"
		    "Connection: upgrade\r\nUpgrade: websocket\r\n" E },
		/* Each hop counts one down; 0 is not ours to send. */
		{ &origin, "TRACE / HTTP/1.1\r\n" H "Max-Forwards: 10\r\n" E,
		    "TRACE / HTTP/1.1\r\n" H VIA "Max-Forwards: 9\r\n" E },
		{ &origin, "GET / HTTP/1.1\r\n" H "Max-Forwards: 10\r\n" E,
		    "GET / HTTP/1.1\r\n" H VIA E },
	};
	struct text out = TEXT_EMPTY;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_request request;
		parse_request(
		    str_of(cases[i].bytes), HTTP_SCHEME_HTTP, &arena, &request);
		text_clear(&out);
		assert_int_equal(
		    http_request_write(&request, cases[i].options, &out), 0);
		assert_string_equal(out.at, cases[i].want);
	}
	arena_fini(&arena);
	text_fini(&out);
}

static const struct http_response_options kept = {
	.client_minor = 1,
	.keep_alive = true,
	.via = STR_INIT("gatehouse"),
};
static const struct http_response_options closed = { .client_minor = 1 };
static const struct http_response_options old_kept = {
	.client_minor = 0,
	.keep_alive = true,
};
static const struct http_response_options old_closed = { .client_minor = 0 };
static const struct http_response_options challenge = {
	.client_minor = 1,
	.keep_alive = true,
	.proxy_authenticate = STR_INIT("Basic realm=\"x\""),
};
static const struct http_response_options switching = {
	.client_minor = 1,
	.upgrade = STR_INIT("websocket"),
};

static void
responses_are_written_anew(void **state)
{
	static const struct {
		const struct http_response_options *options;
		enum http_method method;
		const char *bytes, *want;
	} cases[] = {
		{ &kept, HTTP_METHOD_GET,
		    "HTTP/1.1 200 OK\r\ncontent-length: 05\r\nX: 1\r\n" E,
		    "HTTP/1.1 200 OK\r\nX: 1\r\n" VIA
		    "Content-Length: 5\r\n" E },
		{ &kept, HTTP_METHOD_GET,
		    "HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n" E,
		    "HTTP/1.1 200 OK\r\n" VIA
		    "Transfer-Encoding: chunked\r\n" E },
		{ &closed, HTTP_METHOD_GET,
		    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" E,
		    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		    "Connection: close\r\n" E },
		{ &old_kept, HTTP_METHOD_GET,
		    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" E,
		    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		    "Connection: keep-alive\r\n" E },
		{ &old_closed, HTTP_METHOD_GET,
		    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" E,
		    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		    "Connection: close\r\n" E },
		/* Each client gets a framing that it knows. */
		{ &kept, HTTP_METHOD_GET, "HTTP/1.0 200 OK\r\n" E,
		    "HTTP/1.1 200 OK\r\nVia: 1.0 gatehouse\r\n"
		    "Transfer-Encoding: chunked\r\n" E },
		{ &old_kept, HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\n" E,
		    "HTTP/1.1 200 OK\r\nConnection: close\r\n" E },
		{ &old_kept, HTTP_METHOD_GET,
		    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" E,
		    "HTTP/1.1 200 OK\r\nConnection: close\r\n" E },
		/* No content: no framing but what HEAD and 304 tell. */
		{ &kept, HTTP_METHOD_HEAD,
		    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" E,
		    "HTTP/1.1 200 OK\r\n" VIA "Content-Length: 5\r\n" E },
		{ &kept, HTTP_METHOD_HEAD,
		    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" E,
		    "HTTP/1.1 200 OK\r\n" VIA E },
		{ &kept, HTTP_METHOD_GET,
		    "HTTP/1.1 304 X\r\nContent-Length: 5\r\nETag: \"e\"\r\n" E,
		    "HTTP/1.1 304 X\r\nETag: \"e\"\r\n" VIA
		    "Content-Length: 5\r\n" E },
		{ &kept, HTTP_METHOD_GET,
		    "HTTP/1.1 204 X\r\nContent-Length: 0\r\n" E,
		    "HTTP/1.1 204 X\r\n" VIA E },
		{ &kept, HTTP_METHOD_HEAD,
		    "HTTP/1.1 204 X\r\nContent-Length: 7\r\n" E,
		    "HTTP/1.1 204 X\r\n" VIA E },
		{ &closed, HTTP_METHOD_GET,
		    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n" E,
		    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n" E },
		{ &kept, HTTP_METHOD_CONNECT,
		    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
		    "Transfer-Encoding: chunked\r\n" E,
		    "HTTP/1.1 200 OK\r\n" VIA E },
		/* What is for one hop is dropped; a challenge is ours. */
		{ &challenge, HTTP_METHOD_GET,
		    "HTTP/1.1 407 X\r\nProxy-Authenticate: Negotiate\r\n"
		    "Proxy-Authentication-Info: y\r\nKeep-Alive: 5\r\n"
		    "Connection: X-Hop\r\nX-Hop: 1\r\nTrailer: a\r\n"
		    "Upgrade: h2c\r\nContent-Length: 0\r\n" E,
		    "HTTP/1.1 407 X\r\nProxy-Authenticate: Basic "
		    "realm=\"x\"\r\n"
		    "Content-Length: 0\r\n" E },
		{ &switching, HTTP_METHOD_GET,
		    "HTTP/1.1 101 X\r\nConnection: upgrade\r\n"
		    "Upgrade: websocket\r\nSec-WebSocket-Accept: y\r\n" E,
		    "HTTP/1.1 101 X\r\nSec-WebSocket-Accept: y\r\n"
		    "Connection: upgrade\r\nUpgrade: websocket\r\n" E },
		/* Fields of one name keep their order and their lines. */
		{ &closed, HTTP_METHOD_GET,
		    "HTTP/1.1 200\r\nSet-Cookie: a\r\nX: y\r\n"
		    "Set-Cookie: b\r\nContent-Length: 0\r\n" E,
		    "HTTP/1.1 200 \r\nSet-Cookie: a\r\nX: y\r\n"
		    "Set-Cookie: b\r\nContent-Length: 0\r\n"
		    "Connection: close\r\n" E },
	};
	struct text out = TEXT_EMPTY;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_response response;
		parse_response(
		    str_of(cases[i].bytes), cases[i].method, &arena, &response);
		http_response_fit(&response, cases[i].options->client_minor);
		text_clear(&out);
		assert_int_equal(
		    http_response_write(&response, cases[i].options, &out), 0);
		assert_string_equal(out.at, cases[i].want);
	}
	arena_fini(&arena);
	text_fini(&out);
}

static void
our_own_answers_are_complete(void **state)
{
	struct http_response response;
	struct text out = TEXT_EMPTY;

	(void)state;
	response = http_response_own(403, HTTP_METHOD_HEAD, 12);
	assert_int_equal(http_response_write(&response, &kept, &out), 0);
	assert_string_equal(out.at,
	    "HTTP/1.1 403 Forbidden\r\n" VIA "Content-Length: 12\r\n\r\n");
	text_clear(&out);
	response = http_response_own(200, HTTP_METHOD_CONNECT, 0);
	assert_int_equal(http_response_write(&response, &closed, &out), 0);
	assert_string_equal(out.at, "HTTP/1.1 200 OK\r\n\r\n");
	/* Never a length where none may stand, whatever the model holds. */
	text_clear(&out);
	response = http_response_own(204, HTTP_METHOD_HEAD, 12);
	assert_int_equal(http_response_write(&response, &closed, &out), 0);
	assert_string_equal(
	    out.at, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
	text_clear(&out);
	response = http_response_own(100, HTTP_METHOD_HEAD, 12);
	assert_int_equal(http_response_write(&response, &closed, &out), 0);
	assert_string_equal(out.at, "HTTP/1.1 100 Continue\r\n\r\n");
	text_clear(&out);
	/* Nobody is left to wait for content that does not come. */
	response = (struct http_response){ .status = 302,
		.minor = 1,
		.method = HTTP_METHOD_GET,
		.content_length = HTTP_UNSAID };
	assert_int_equal(http_response_write(&response, &kept, &out), 0);
	assert_string_equal(
	    out.at, "HTTP/1.1 302 \r\n" VIA "Content-Length: 0\r\n\r\n");
	text_fini(&out);
}

/* What an origin-form says nothing of: the connection to the server knows. */
static enum http_scheme
scheme_of(const struct http_request *request)
{
	return request->uri.scheme != HTTP_SCHEME_NONE ? request->uri.scheme
						       : HTTP_SCHEME_HTTP;
}

/* What was written says the same, and written again it is the same bytes. */
static void
written_requests_parse_to_the_same(void **state)
{
	static const bool forms[] = { false, true };
	struct text once = TEXT_EMPTY, twice = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < 2 * REQUEST_SAMPLES; i++) {
		struct http_request a, b;
		struct arena arena;
		arena_init(&arena, 1 << 16);
		parse_request(str_of(request_samples[i / 2].bytes),
		    HTTP_SCHEME_HTTP, &arena, &a);
		struct http_request_options options = {
			.to_parent = forms[i % 2],
			.keep_alive = a.keep_alive,
			.expect_continue = a.expect_continue,
			.upgrade = a.upgrade,
		};
		/* It is counted down, and then it would differ. */
		a.max_forwards = HTTP_UNSAID;
		text_clear(&once);
		assert_int_equal(http_request_write(&a, &options, &once), 0);
		parse_request(text_str(&once), scheme_of(&a), &arena, &b);
		assert_int_equal(b.method, a.method);
		assert_true(str_eq(b.method_text, a.method_text));
		assert_int_equal(b.framing, a.framing);
		assert_int_equal(b.content_length, a.content_length);
		assert_int_equal(b.expect_continue, a.expect_continue);
		assert_int_equal(
		    b.keep_alive, a.keep_alive || a.upgrade.len > 0);
		assert_true(str_eq(b.upgrade, a.upgrade));
		assert_true(str_eq(b.uri.path, a.uri.path));
		assert_true(str_eq(b.uri.host.text, a.uri.host.text));
		assert_int_equal(b.uri.port, a.uri.port);
		text_clear(&twice);
		assert_int_equal(http_request_write(&b, &options, &twice), 0);
		assert_string_equal(once.at, twice.at);
		arena_fini(&arena);
	}
	text_fini(&once);
	text_fini(&twice);
}

static void
written_responses_parse_to_the_same(void **state)
{
	struct text once = TEXT_EMPTY, twice = TEXT_EMPTY;
	struct text a_text = TEXT_EMPTY, b_text = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < RESPONSE_SAMPLES; i++) {
		enum http_method method = response_samples[i].method;
		struct http_response a, b;
		struct arena arena;
		arena_init(&arena, 1 << 16);
		parse_response(
		    str_of(response_samples[i].bytes), method, &arena, &a);
		struct http_response_options options = {
			.client_minor = 1,
			.keep_alive = a.keep_alive,
			.upgrade = a.upgrade,
		};
		text_clear(&once);
		assert_int_equal(http_response_write(&a, &options, &once), 0);
		parse_response(text_str(&once), method, &arena, &b);
		/* These say nothing of the connection. */
		if (a.status < 200 ||
		    (method == HTTP_METHOD_CONNECT && a.status < 300))
			a.keep_alive = true;
		a.minor = 1;
		describe_response(&a_text, &a, false);
		describe_response(&b_text, &b, false);
		assert_string_equal(a_text.at, b_text.at);
		text_clear(&twice);
		assert_int_equal(http_response_write(&b, &options, &twice), 0);
		assert_string_equal(once.at, twice.at);
		arena_fini(&arena);
	}
	text_fini(&once);
	text_fini(&twice);
	text_fini(&a_text);
	text_fini(&b_text);
}

static void
a_full_text_is_told(void **state)
{
	struct http_response response =
	    http_response_own(200, HTTP_METHOD_GET, 0);
	struct text out = { .full = true };

	(void)state;
	assert_int_equal(http_response_write(&response, &kept, &out), -ENOMEM);
	text_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_written_anew),
		cmocka_unit_test(responses_are_written_anew),
		cmocka_unit_test(our_own_answers_are_complete),
		cmocka_unit_test(written_requests_parse_to_the_same),
		cmocka_unit_test(written_responses_parse_to_the_same),
		cmocka_unit_test(a_full_text_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
