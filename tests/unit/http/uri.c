/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/uri.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Which reader a case is for. */
enum reader {
	ABSOLUTE,
	AUTHORITY,  /* of CONNECT: no scheme */
	HOST_HTTP,  /* the Host field of an http request */
	HOST_HTTPS, /* the Host field where TLS was opened */
};

static int
read_with(enum reader reader, struct str text, struct arena *arena,
    struct http_uri *ret, enum http_fault *reterr_fault)
{
	static const enum http_scheme scheme[] = {
		[AUTHORITY] = HTTP_SCHEME_NONE,
		[HOST_HTTP] = HTTP_SCHEME_HTTP,
		[HOST_HTTPS] = HTTP_SCHEME_HTTPS,
	};

	if (reader == ABSOLUTE)
		return http_uri_parse(text, arena, ret, reterr_fault);
	return http_uri_parse_authority(
	    text, scheme[reader], arena, ret, reterr_fault);
}

static void
uris_are_read_and_written_in_one_spelling(void **state)
{
	static const struct {
		enum reader reader;
		const char *text, *uri, *host, *authority;
	} cases[] = {
		{ ABSOLUTE, "http://a.example/", "http://a.example/",
		    "a.example", "a.example:80" },
		{ ABSOLUTE, "http://a.example", "http://a.example", "a.example",
		    "a.example:80" },
		{ ABSOLUTE, "HTTP://A.Example./X?Y", "http://a.example/X?Y",
		    "a.example", "a.example:80" },
		{ ABSOLUTE, "https://a.example/", "https://a.example/",
		    "a.example", "a.example:443" },
		{ ABSOLUTE, "hTTpS://a.example/", "https://a.example/",
		    "a.example", "a.example:443" },
		{ ABSOLUTE, "http://a.example:80/", "http://a.example/",
		    "a.example", "a.example:80" },
		{ ABSOLUTE, "http://a.example:/", "http://a.example/",
		    "a.example", "a.example:80" },
		{ ABSOLUTE, "https://a.example:443/", "https://a.example/",
		    "a.example", "a.example:443" },
		{ ABSOLUTE, "https://a.example:80/", "https://a.example:80/",
		    "a.example:80", "a.example:80" },
		{ ABSOLUTE, "http://a.example:8080/p",
		    "http://a.example:8080/p", "a.example:8080",
		    "a.example:8080" },
		{ ABSOLUTE, "http://a.example:65535/",
		    "http://a.example:65535/", "a.example:65535",
		    "a.example:65535" },
		{ ABSOLUTE, "http://a.example?q=1", "http://a.example/?q=1",
		    "a.example", "a.example:80" },
		{ ABSOLUTE, "http://a.example?", "http://a.example/?",
		    "a.example", "a.example:80" },
		{ ABSOLUTE, "http://a.example/?a/b?c",
		    "http://a.example/?a/b?c", "a.example", "a.example:80" },
		{ ABSOLUTE, "http://a.example?/@b:c", "http://a.example/?/@b:c",
		    "a.example", "a.example:80" },
		{ ABSOLUTE, "http://a.example//x", "http://a.example//x",
		    "a.example", "a.example:80" },
		{ ABSOLUTE, "http://a.example/@b", "http://a.example/@b",
		    "a.example", "a.example:80" },
		{ ABSOLUTE, "http://a.example/%41/../b|c",
		    "http://a.example/%41/../b|c", "a.example",
		    "a.example:80" },
		{ ABSOLUTE, "http://192.0.2.1/", "http://192.0.2.1/",
		    "192.0.2.1", "192.0.2.1:80" },
		{ ABSOLUTE, "http://[2001:DB8::1]/", "http://[2001:db8::1]/",
		    "[2001:db8::1]", "[2001:db8::1]:80" },
		{ ABSOLUTE, "http://[2001:db8:0::1]:8080/",
		    "http://[2001:db8::1]:8080/", "[2001:db8::1]:8080",
		    "[2001:db8::1]:8080" },
		{ ABSOLUTE, "http://[::ffff:192.0.2.1]/", "http://192.0.2.1/",
		    "192.0.2.1", "192.0.2.1:80" },
		{ AUTHORITY, "a.example:443", "a.example:443", "a.example:443",
		    "a.example:443" },
		{ AUTHORITY, "A.Example.:80", "a.example:80", "a.example:80",
		    "a.example:80" },
		{ AUTHORITY, "192.0.2.1:25", "192.0.2.1:25", "192.0.2.1:25",
		    "192.0.2.1:25" },
		{ AUTHORITY, "[2001:db8::1]:443", "[2001:db8::1]:443",
		    "[2001:db8::1]:443", "[2001:db8::1]:443" },
		{ HOST_HTTP, "a.example", "http://a.example", "a.example",
		    "a.example:80" },
		{ HOST_HTTP, "a.example:443", "http://a.example:443",
		    "a.example:443", "a.example:443" },
		{ HOST_HTTP, "[::1]", "http://[::1]", "[::1]", "[::1]:80" },
		{ HOST_HTTP, "[::1]:", "http://[::1]", "[::1]", "[::1]:80" },
		{ HOST_HTTPS, "a.example", "https://a.example", "a.example",
		    "a.example:443" },
		{ HOST_HTTPS, "a.example:80", "https://a.example:80",
		    "a.example:80", "a.example:80" },
	};
	struct text out = TEXT_EMPTY;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum http_fault fault;
		struct http_uri uri;
		assert_int_equal(
		    read_with(cases[i].reader, str_of(cases[i].text), &arena,
			&uri, &fault),
		    0);
		text_clear(&out);
		http_uri_add(&uri, &out);
		assert_string_equal(out.at, cases[i].uri);
		text_clear(&out);
		http_uri_add_host(&uri, &out);
		assert_string_equal(out.at, cases[i].host);
		text_clear(&out);
		http_uri_add_authority(&uri, &out);
		assert_string_equal(out.at, cases[i].authority);
	}
	arena_fini(&arena);
	text_fini(&out);
}

static void
all_else_is_refused(void **state)
{
	static const struct {
		enum reader reader;
		enum http_fault want;
		struct str text;
	} cases[] = {
		{ ABSOLUTE, HTTP_FAULT_SCHEME, STR_INIT("") },
		{ ABSOLUTE, HTTP_FAULT_SCHEME, STR_INIT("a.example") },
		{ ABSOLUTE, HTTP_FAULT_SCHEME, STR_INIT("ftp://a.example/") },
		{ ABSOLUTE, HTTP_FAULT_SCHEME, STR_INIT("ws://a.example/") },
		{ ABSOLUTE, HTTP_FAULT_SCHEME, STR_INIT("file:///etc") },
		{ ABSOLUTE, HTTP_FAULT_SCHEME, STR_INIT("http:/a.example/") },
		{ ABSOLUTE, HTTP_FAULT_SCHEME, STR_INIT("http:a.example") },
		{ ABSOLUTE, HTTP_FAULT_SCHEME, STR_INIT("http") },
		{ ABSOLUTE, HTTP_FAULT_SCHEME, STR_INIT("://a.example/") },
		{ ABSOLUTE, HTTP_FAULT_SCHEME, STR_INIT("//a.example/") },
		{ ABSOLUTE, HTTP_FAULT_SCHEME,
		    STR_INIT("httpss://a.example/") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http:///") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://:80/") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://?x") },
		{ ABSOLUTE, HTTP_FAULT_USERINFO, STR_INIT("http://a@b/") },
		{ ABSOLUTE, HTTP_FAULT_USERINFO, STR_INIT("http://a:b@c/") },
		{ ABSOLUTE, HTTP_FAULT_USERINFO, STR_INIT("http://@c/") },
		{ ABSOLUTE, HTTP_FAULT_USERINFO,
		    STR_INIT("http://a.example\\@b.example/") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://a.example\\b/") },
		{ ABSOLUTE, HTTP_FAULT_HOST,
		    STR_INIT("http://a.example,b.example/") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://a.example b/") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://a%2eexample/") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://a.example\0/") },
		{ ABSOLUTE, HTTP_FAULT_PORT, STR_INIT("http://a.example:0/") },
		{ ABSOLUTE, HTTP_FAULT_PORT,
		    STR_INIT("http://a.example:65536/") },
		{ ABSOLUTE, HTTP_FAULT_PORT,
		    STR_INIT("http://a.example:99999999999999999999/") },
		{ ABSOLUTE, HTTP_FAULT_PORT,
		    STR_INIT("http://a.example:080/") },
		{ ABSOLUTE, HTTP_FAULT_PORT,
		    STR_INIT("http://a.example:+80/") },
		{ ABSOLUTE, HTTP_FAULT_PORT, STR_INIT("http://a.example:-1/") },
		{ ABSOLUTE, HTTP_FAULT_PORT,
		    STR_INIT("http://a.example:80:80/") },
		{ ABSOLUTE, HTTP_FAULT_PORT,
		    STR_INIT("http://a.example:80 /") },
		{ ABSOLUTE, HTTP_FAULT_PORT, STR_INIT("http://a.example:8o/") },
		{ ABSOLUTE, HTTP_FAULT_PORT,
		    STR_INIT("http://a.example:80,b/") },
		{ ABSOLUTE, HTTP_FAULT_HOST_NUMBER,
		    STR_INIT("http://2001:db8::1/") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://[2001:db8::1/") },
		{ ABSOLUTE, HTTP_FAULT_HOST_NUMBER,
		    STR_INIT("http://2001:db8::1]/") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://[]/") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://[a.example]/") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://[192.0.2.1]/") },
		{ ABSOLUTE, HTTP_FAULT_HOST,
		    STR_INIT("http://[fe80::1%25eth0]/") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://[v1.x]/") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://[::1]80/") },
		{ ABSOLUTE, HTTP_FAULT_HOST,
		    STR_INIT("http://[::1].example/") },
		{ ABSOLUTE, HTTP_FAULT_HOST, STR_INIT("http://x[::1]/") },
		{ ABSOLUTE, HTTP_FAULT_HOST_NUMBER, STR_INIT("http://127.1/") },
		{ ABSOLUTE, HTTP_FAULT_HOST_NUMBER,
		    STR_INIT("http://2130706433/") },
		{ ABSOLUTE, HTTP_FAULT_HOST_NUMBER,
		    STR_INIT("http://0x7f.1/") },
		{ ABSOLUTE, HTTP_FAULT_HOST_NUMBER,
		    STR_INIT("http://010.0.0.1/") },
		{ ABSOLUTE, HTTP_FAULT_PATH, STR_INIT("http://a.example#f") },
		{ ABSOLUTE, HTTP_FAULT_PATH, STR_INIT("http://a.example/#f") },
		{ ABSOLUTE, HTTP_FAULT_PATH,
		    STR_INIT("http://a.example/?q#f") },
		{ ABSOLUTE, HTTP_FAULT_PATH, STR_INIT("http://a.example/a b") },
		{ ABSOLUTE, HTTP_FAULT_PATH,
		    STR_INIT("http://a.example/\x01") },
		{ ABSOLUTE, HTTP_FAULT_PATH, STR_INIT("http://a.example/\0") },
		{ ABSOLUTE, HTTP_FAULT_PATH,
		    STR_INIT("http://a.example/\x7f") },
		{ ABSOLUTE, HTTP_FAULT_PATH,
		    STR_INIT("http://a.example/\xc3\xbc") },
		{ ABSOLUTE, HTTP_FAULT_PATH,
		    STR_INIT("http://a.example?\xc3\xbc") },
		{ ABSOLUTE, HTTP_FAULT_PATH,
		    STR_INIT("http://a.example/\r\nx") },
		{ AUTHORITY, HTTP_FAULT_HOST, STR_INIT("") },
		{ AUTHORITY, HTTP_FAULT_PORT, STR_INIT("a.example") },
		{ AUTHORITY, HTTP_FAULT_PORT, STR_INIT("a.example:") },
		{ AUTHORITY, HTTP_FAULT_HOST, STR_INIT(":443") },
		{ AUTHORITY, HTTP_FAULT_PORT, STR_INIT("a.example:0") },
		{ AUTHORITY, HTTP_FAULT_PORT, STR_INIT("a.example:443/") },
		{ AUTHORITY, HTTP_FAULT_USERINFO, STR_INIT("u@a.example:443") },
		{ AUTHORITY, HTTP_FAULT_PORT, STR_INIT("[::1]") },
		{ AUTHORITY, HTTP_FAULT_HOST, STR_INIT("::1:443") },
		{ AUTHORITY, HTTP_FAULT_PORT, STR_INIT("http://a.example/") },
		{ AUTHORITY, HTTP_FAULT_PORT, STR_INIT("a.example:443 ") },
		{ AUTHORITY, HTTP_FAULT_HOST_NUMBER, STR_INIT("127.1:80") },
		{ HOST_HTTP, HTTP_FAULT_HOST, STR_INIT("") },
		{ HOST_HTTP, HTTP_FAULT_HOST, STR_INIT("a.example/") },
		{ HOST_HTTP, HTTP_FAULT_HOST, STR_INIT("a.example b.example") },
		{ HOST_HTTP, HTTP_FAULT_HOST,
		    STR_INIT("a.example, b.example") },
		{ HOST_HTTP, HTTP_FAULT_PORT, STR_INIT("http://a.example") },
		{ HOST_HTTP, HTTP_FAULT_USERINFO, STR_INIT("u:p@a.example") },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum http_fault fault = HTTP_FAULT_COUNT;
		struct http_uri uri;
		int error = read_with(
		    cases[i].reader, cases[i].text, &arena, &uri, &fault);
		if (error != -EBADMSG || fault != cases[i].want)
			fail_msg("'%.*s': %d, %s", STR_ARG(cases[i].text),
			    error,
			    fault < HTTP_FAULT_COUNT ? http_fault_word(fault)
						     : "none");
	}
	arena_fini(&arena);
}

static void
paths_begin_with_a_slash(void **state)
{
	static const char *const good[] = { "/", "//", "/a?b", "/?", "/a%20b",
		"/%", "/a;b=c,d", "/|^`{}[]\\\"<>", "/~" };
	static const char *const bad[] = { "", "a", "*", "?", "/ ", "/#",
		"/a\tb", "/\x80", "/\x7f", "/a\n" };
	enum http_fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct http_uri uri = { 0 };
		assert_int_equal(
		    http_uri_parse_path(&uri, str_of(good[i]), &fault), 0);
		assert_true(str_is(uri.path, good[i]));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct http_uri uri = { 0 };
		assert_int_equal(
		    http_uri_parse_path(&uri, str_of(bad[i]), &fault),
		    -EBADMSG);
		assert_int_equal(fault, HTTP_FAULT_PATH);
		assert_null(uri.path.at);
	}
}

static void
path_and_query_part_at_the_first_mark(void **state)
{
	static const struct {
		const char *text, *path, *query;
	} cases[] = {
		{ "/", "/", "" },
		{ "/a", "/a", "" },
		{ "/a?", "/a", "" },
		{ "/a?b", "/a", "b" },
		{ "/a?b?c/d", "/a", "b?c/d" },
		{ "", "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_uri uri = { .path = str_of(cases[i].text) };
		assert_true(str_is(http_uri_path(&uri), cases[i].path));
		assert_true(str_is(http_uri_query(&uri), cases[i].query));
	}
}

static void
origins_are_scheme_host_and_port(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
		{ "http://a.example/x", "http://A.EXAMPLE:80/y", true },
		{ "http://a.example/", "https://a.example/", false },
		{ "http://a.example/", "https://a.example:80/", false },
		{ "http://a.example/", "http://a.example:81/", false },
		{ "http://a.example/", "http://b.example/", false },
		{ "http://[::1]/", "http://[0::1]:80/", true },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 4096);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum http_fault fault;
		struct http_uri a, b;
		assert_int_equal(
		    http_uri_parse(str_of(cases[i].a), &arena, &a, &fault), 0);
		assert_int_equal(
		    http_uri_parse(str_of(cases[i].b), &arena, &b, &fault), 0);
		assert_int_equal(http_uri_same_origin(&a, &b), cases[i].same);
	}
	arena_fini(&arena);
}

static void
an_explicit_port_is_remembered(void **state)
{
	struct arena none;
	enum http_fault fault;
	struct http_uri uri;

	(void)state;
	arena_init(&none, 0);
	assert_int_equal(
	    http_uri_parse(STR("http://a.example:80/"), &none, &uri, &fault),
	    0);
	assert_true(uri.port_explicit);
	assert_int_equal(
	    http_uri_parse(STR("http://a.example:/"), &none, &uri, &fault), 0);
	assert_false(uri.port_explicit);
	assert_int_equal(
	    http_uri_parse(STR("http://a.example?q"), &none, &uri, &fault),
	    -ENOMEM);
	arena_fini(&none);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uris_are_read_and_written_in_one_spelling),
		cmocka_unit_test(all_else_is_refused),
		cmocka_unit_test(paths_begin_with_a_slash),
		cmocka_unit_test(path_and_query_part_at_the_first_mark),
		cmocka_unit_test(origins_are_scheme_host_and_port),
		cmocka_unit_test(an_explicit_port_is_remembered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
