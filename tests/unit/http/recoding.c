/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/recoding.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "http/parse.h"
#include "http/write.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const enum http_coding ours[] = { HTTP_CODING_BR, HTTP_CODING_ZSTD,
	HTTP_CODING_GZIP };

/* A request, and the answer to it, out of one arena. */
struct exchange {
	struct arena arena;
	struct text request_bytes, response_bytes;
	struct http_request request;
	struct http_response response;
	struct http_accept accept;
};

/* line: "GET http://a.example/ HTTP/1.1"; fields end in CRLF each. */
static void
begin(struct exchange *exchange, const char *line, const char *request_fields,
    const char *status, const char *response_fields)
{
	struct http_arrival arrival = { .scheme = HTTP_SCHEME_HTTP };
	struct http_head_scan scan = { 0 };
	enum http_fault fault;

	*exchange = (struct exchange){ 0 };
	arena_init(&exchange->arena, 1 << 17);
	text_addf(&exchange->request_bytes, "%s\r\nHost: a.example\r\n%s\r\n",
	    line, request_fields);
	text_addf(&exchange->response_bytes, "HTTP/1.1 %s\r\n%s\r\n", status,
	    response_fields);
	assert_int_equal(
	    http_request_parse(text_str(&exchange->request_bytes), &scan,
		&arrival, &exchange->arena, &exchange->request, &fault),
	    exchange->request_bytes.len);
	assert_int_equal(
	    http_response_parse(text_str(&exchange->response_bytes), &scan,
		exchange->request.method, &exchange->arena, &exchange->response,
		&fault),
	    exchange->response_bytes.len);
	exchange->accept = http_accept_of(&exchange->request.fields);
}

static void
end(struct exchange *exchange)
{
	text_fini(&exchange->request_bytes);
	text_fini(&exchange->response_bytes);
	arena_fini(&exchange->arena);
}

static struct http_recoding
choose(const struct exchange *exchange)
{
	return http_recoding_choose(&exchange->request, &exchange->response,
	    &exchange->accept, ours, ROWS(ours));
}

#define GET  "GET http://a.example/ HTTP/1.1"
#define TLS  "GET https://a.example/ HTTP/1.1"
#define ALL  "Accept-Encoding: gzip, deflate, br, zstd\r\n"
#define GZIP "Accept-Encoding: gzip\r\n"
#define HTML "Content-Type: text/html; charset=utf-8\r\n"
#define LONG "Content-Length: 5000\r\n"

static void
what_is_worth_it_is_recoded(void **state)
{
	static const struct {
		const char *line, *asked, *status, *answered;
		enum http_recoding_kind kind;
		enum http_coding coding;
		const char *reason;
		bool varies;
	} rows[] = {
		{ GET, ALL, "200 OK", HTML LONG, HTTP_RECODING_ENCODE,
		    HTTP_CODING_BR, "done", true },
		{ GET, GZIP, "200 OK", HTML LONG, HTTP_RECODING_ENCODE,
		    HTTP_CODING_GZIP, "done", true },
		{ GET, GZIP, "404 Not Found",
		    HTML "Transfer-Encoding: chunked\r\n", HTTP_RECODING_ENCODE,
		    HTTP_CODING_GZIP, "done", true },
		{ GET, GZIP, "200 OK", HTML, HTTP_RECODING_ENCODE,
		    HTTP_CODING_GZIP, "done", true },
		{ "POST http://a.example/ HTTP/1.1",
		    GZIP "Content-Length: 0\r\n", "200 OK", HTML LONG,
		    HTTP_RECODING_ENCODE, HTTP_CODING_GZIP, "done", true },
		{ GET, GZIP, "200 OK", HTML "Content-Length: 256\r\n",
		    HTTP_RECODING_ENCODE, HTTP_CODING_GZIP, "done", true },
		{ GET, GZIP "Cookie: a=b\r\n", "200 OK",
		    HTML LONG "Set-Cookie: c=d\r\n", HTTP_RECODING_ENCODE,
		    HTTP_CODING_GZIP, "done", true },
		{ TLS, GZIP, "200 OK", HTML LONG, HTTP_RECODING_ENCODE,
		    HTTP_CODING_GZIP, "done", true },
		/* Not worth it, whoever asks. */
		{ GET, GZIP, "200 OK", HTML "Content-Length: 255\r\n",
		    HTTP_RECODING_NONE, 0, "small", false },
		{ GET, GZIP, "200 OK", HTML "Content-Length: 0\r\n",
		    HTTP_RECODING_NONE, 0, "small", false },
		{ GET, GZIP, "200 OK", "Content-Type: image/png\r\n" LONG,
		    HTTP_RECODING_NONE, 0, "type", false },
		{ GET, GZIP, "200 OK", LONG, HTTP_RECODING_NONE, 0, "type",
		    false },
		{ GET, GZIP, "200 OK", HTML HTML LONG, HTTP_RECODING_NONE, 0,
		    "type", false },
		{ GET, GZIP, "200 OK", "Content-Type: text/event-stream\r\n",
		    HTTP_RECODING_NONE, 0, "type", false },
		{ GET, GZIP, "200 OK",
		    HTML LONG "Cache-Control: max-age=5, No-Transform\r\n",
		    HTTP_RECODING_NONE, 0, "forbidden", false },
		{ GET, GZIP, "206 Partial Content",
		    HTML LONG "Content-Range: bytes 0-4999/9000\r\n",
		    HTTP_RECODING_NONE, 0, "status", false },
		{ GET, GZIP, "200 OK",
		    HTML LONG "Content-Range: bytes 0-4999/9000\r\n",
		    HTTP_RECODING_NONE, 0, "status", false },
		{ GET, GZIP, "204 No Content", HTML, HTTP_RECODING_NONE, 0,
		    "status", false },
		{ GET, GZIP, "304 Not Modified", HTML LONG, HTTP_RECODING_NONE,
		    0, "status", false },
		{ GET, GZIP, "103 Early Hints", HTML, HTTP_RECODING_NONE, 0,
		    "status", false },
		{ "HEAD http://a.example/ HTTP/1.1", GZIP, "200 OK", HTML LONG,
		    HTTP_RECODING_NONE, 0, "method", false },
		{ TLS, GZIP "Cookie: a=b\r\n", "200 OK", HTML LONG,
		    HTTP_RECODING_NONE, 0, "secret", false },
		{ TLS, GZIP "Authorization: Basic x\r\n", "200 OK", HTML LONG,
		    HTTP_RECODING_NONE, 0, "secret", false },
		/* Not for this client; another would get another one. */
		{ GET, "", "200 OK", HTML LONG, HTTP_RECODING_NONE,
		    HTTP_CODING_IDENTITY, "unwanted", true },
		{ GET, "Accept-Encoding: deflate\r\n", "200 OK", HTML LONG,
		    HTTP_RECODING_NONE, HTTP_CODING_IDENTITY, "unwanted",
		    true },
		{ "GET http://a.example/ HTTP/1.0", GZIP, "200 OK", HTML LONG,
		    HTTP_RECODING_NONE, HTTP_CODING_GZIP, "version", true },
		/* In a coding already. */
		{ GET, GZIP, "200 OK", HTML LONG "Content-Encoding: gzip\r\n",
		    HTTP_RECODING_NONE, HTTP_CODING_GZIP, "coded", true },
		{ GET, "", "200 OK", HTML LONG "Content-Encoding: gzip\r\n",
		    HTTP_RECODING_NONE, HTTP_CODING_GZIP, "coded", true },
		{ GET, "Accept-Encoding: identity\r\n", "200 OK",
		    HTML LONG "Content-Encoding: X-GZIP\r\n",
		    HTTP_RECODING_DECODE, HTTP_CODING_GZIP, "done", true },
		{ GET, GZIP, "200 OK", HTML LONG "Content-Encoding: br\r\n",
		    HTTP_RECODING_DECODE, HTTP_CODING_BR, "done", true },
		{ "GET http://a.example/ HTTP/1.0", "Accept-Encoding:\r\n",
		    "200 OK",
		    HTML "Content-Length: 20\r\nContent-Encoding: zstd\r\n",
		    HTTP_RECODING_DECODE, HTTP_CODING_ZSTD, "done", true },
		{ GET, GZIP, "200 OK", HTML LONG "Content-Encoding: foo\r\n",
		    HTTP_RECODING_NONE, 0, "coding", false },
		{ GET, "Accept-Encoding: identity\r\n", "200 OK",
		    HTML LONG "Content-Encoding: gzip, br\r\n",
		    HTTP_RECODING_NONE, 0, "coding", false },
		{ GET, "Accept-Encoding: identity\r\n", "200 OK",
		    HTML LONG "Content-Encoding: gzip\r\n"
			      "Content-Encoding: gzip\r\n",
		    HTTP_RECODING_NONE, 0, "coding", false },
		/* An archive stays the archive that was asked for. */
		{ GET, "Accept-Encoding: identity\r\n", "200 OK",
		    "Content-Type: application/x-tar\r\n" LONG
		    "Content-Encoding: gzip\r\n",
		    HTTP_RECODING_NONE, 0, "type", false },
		{ GET, "Accept-Encoding: identity\r\n", "200 OK",
		    HTML LONG "Content-Encoding: gzip\r\n"
			      "Cache-Control: no-transform\r\n",
		    HTTP_RECODING_NONE, 0, "forbidden", false },
		{ GET, GZIP, "200 OK",
		    HTML LONG "Content-Encoding: identity\r\n",
		    HTTP_RECODING_ENCODE, HTTP_CODING_GZIP, "done", true },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct exchange exchange;
		begin(&exchange, rows[i].line, rows[i].asked, rows[i].status,
		    rows[i].answered);
		struct http_recoding got = choose(&exchange);
		if (got.kind != rows[i].kind || got.coding != rows[i].coding ||
		    got.varies != rows[i].varies ||
		    strcmp(http_recoding_reason_word(got.reason),
			rows[i].reason) != 0)
			fail_msg("row %zu: %d %d %s %d", i, (int)got.kind,
			    (int)got.coding,
			    http_recoding_reason_word(got.reason), got.varies);
		end(&exchange);
	}
}

static void
types_that_shrink(void **state)
{
	static const struct {
		const char *type;
		bool shrinks;
	} rows[] = {
		{ "text/plain", true },
		{ "TEXT/CSS;charset=utf-8", true },
		{ "text/html ; x=y", true },
		{ "application/json", true },
		{ "application/ld+json", true },
		{ "application/javascript", true },
		{ "application/xhtml+xml", true },
		{ "image/svg+xml", true },
		{ "application/wasm", true },
		{ "font/ttf", true },
		{ "font/woff", false },
		{ "font/woff2", false },
		{ "image/jpeg", false },
		{ "application/octet-stream", false },
		{ "application/gzip", false },
		{ "application/zip", false },
		{ "application/jsonx", false },
		{ "text", false },
		{ "+json", true },
		{ "", false },
		{ "Text/Event-Stream", false },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct text fields = TEXT_EMPTY;
		struct exchange exchange;
		text_addf(&fields, "Content-Type: %s\r\n" LONG, rows[i].type);
		begin(&exchange, GET, ALL, "200 OK", fields.at);
		bool encodes = choose(&exchange).kind == HTTP_RECODING_ENCODE;
		if (encodes != rows[i].shrinks)
			fail_msg("'%s'", rows[i].type);
		text_fini(&fields);
		end(&exchange);
	}
}

static void
nothing_is_made_where_nothing_is_ours(void **state)
{
	struct exchange exchange;

	(void)state;
	begin(&exchange, GET, ALL, "200 OK", HTML LONG);
	struct http_recoding got = http_recoding_choose(
	    &exchange.request, &exchange.response, &exchange.accept, NULL, 0);
	assert_int_equal(got.kind, HTTP_RECODING_NONE);
	assert_false(got.varies);
	end(&exchange);
	begin(&exchange, GET, GZIP, "200 OK",
	    HTML LONG "Content-Encoding: br\r\n");
	got = http_recoding_choose(
	    &exchange.request, &exchange.response, &exchange.accept, NULL, 0);
	assert_int_equal(got.kind, HTTP_RECODING_DECODE);
	end(&exchange);
}

/* The head as the client sees it, behind its status line. */
static void
the_head_tells_the_truth(void **state)
{
#define CHUNKED "Transfer-Encoding: chunked\r\n"
	static const struct {
		const char *asked, *answered, *told;
	} rows[] = {
		{ GZIP, HTML LONG,
		    HTML "Vary: Accept-Encoding\r\n"
			 "Content-Encoding: gzip\r\n" CHUNKED },
		{ GZIP,
		    HTML LONG "ETag: \"a\"\r\nAccept-Ranges: bytes\r\n"
			      "Content-MD5: x\r\nDigest: sha-256=x\r\n"
			      "Content-Digest: sha-256=:x:\r\n"
			      "Repr-Digest: sha-256=:x:\r\n"
			      "Last-Modified: x\r\n",
		    HTML "ETag: W/\"a\"\r\nLast-Modified: x\r\n"
			 "Vary: Accept-Encoding\r\n"
			 "Content-Encoding: gzip\r\n" CHUNKED },
		{ GZIP, HTML LONG "ETag: W/\"a\"\r\n",
		    HTML "ETag: W/\"a\"\r\nVary: Accept-Encoding\r\n"
			 "Content-Encoding: gzip\r\n" CHUNKED },
		{ GZIP, HTML LONG "Vary: Cookie\r\n",
		    HTML "Vary: Cookie\r\nVary: Accept-Encoding\r\n"
			 "Content-Encoding: gzip\r\n" CHUNKED },
		{ GZIP, HTML LONG "Vary: Cookie, accept-encoding\r\n",
		    HTML "Vary: Cookie, accept-encoding\r\n"
			 "Content-Encoding: gzip\r\n" CHUNKED },
		{ GZIP, HTML LONG "Vary: *\r\n",
		    HTML "Vary: *\r\nContent-Encoding: gzip\r\n" CHUNKED },
		{ GZIP, HTML LONG "Content-Encoding: identity\r\n",
		    HTML "Vary: Accept-Encoding\r\n"
			 "Content-Encoding: gzip\r\n" CHUNKED },
		/* As it came, but others get it otherwise. */
		{ "", HTML LONG "ETag: \"a\"\r\nAccept-Ranges: bytes\r\n",
		    HTML "ETag: \"a\"\r\nAccept-Ranges: bytes\r\n"
			 "Vary: Accept-Encoding\r\n" LONG },
		{ GZIP, "Content-Type: image/png\r\n" LONG "ETag: \"a\"\r\n",
		    "Content-Type: image/png\r\nETag: \"a\"\r\n" LONG },
		{ GZIP,
		    HTML LONG "Content-Encoding: gzip\r\nETag: \"a\"\r\n"
			      "Vary: Accept-Encoding\r\n",
		    HTML "Content-Encoding: gzip\r\nETag: \"a\"\r\n"
			 "Vary: Accept-Encoding\r\n" LONG },
		/* Unpacked. */
		{ "Accept-Encoding: identity\r\n",
		    HTML LONG "Content-Encoding: gzip\r\nETag: \"a\"\r\n"
			      "Accept-Ranges: bytes\r\n"
			      "Repr-Digest: sha-256=:x:\r\n",
		    HTML "ETag: W/\"a\"\r\nVary: Accept-Encoding\r\n" CHUNKED },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct http_response_options options = { .client_minor = 1,
			.keep_alive = true };
		struct text out = TEXT_EMPTY, want = TEXT_EMPTY;
		struct exchange exchange;
		begin(
		    &exchange, GET, rows[i].asked, "200 OK", rows[i].answered);
		struct http_recoding recoding = choose(&exchange);
		assert_int_equal(http_recoding_apply(&recoding,
				     &exchange.response, &exchange.arena),
		    0);
		assert_int_equal(
		    http_response_write(&exchange.response, &options, &out), 0);
		text_addf(&want, "HTTP/1.1 200 OK\r\n%s\r\n", rows[i].told);
		assert_string_equal(out.at, want.at);
		text_fini(&out);
		text_fini(&want);
		end(&exchange);
	}
}

static void
want_of_memory_is_said(void **state)
{
	struct exchange exchange;
	struct arena small;

	(void)state;
	arena_init(&small, 1);
	begin(&exchange, GET, GZIP, "200 OK", HTML LONG "ETag: \"a\"\r\n");
	struct http_recoding recoding = choose(&exchange);
	assert_int_equal(
	    http_recoding_apply(&recoding, &exchange.response, &small),
	    -ENOMEM);
	arena_fini(&small);
	end(&exchange);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_worth_it_is_recoded),
		cmocka_unit_test(types_that_shrink),
		cmocka_unit_test(nothing_is_made_where_nothing_is_ours),
		cmocka_unit_test(the_head_tells_the_truth),
		cmocka_unit_test(want_of_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
