/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/privacy.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "http/parse.h"
#include "http/write.h"

#define HEAD "GET http://a.example/page HTTP/1.1\r\nHost: a.example\r\n"

static void
parse(struct str bytes, struct arena *arena, struct http_request *ret)
{
	struct http_arrival arrival = { .scheme = HTTP_SCHEME_HTTP };
	struct http_head_scan scan = { 0 };
	enum http_fault fault;

	assert_int_equal(
	    http_request_parse(bytes, &scan, &arrival, arena, ret, &fault),
	    bytes.len);
}

/* The head as a private proxy writes it, behind request line and Host. */
static void
check_left(const char *fields, const char *left)
{
	struct http_request_options options = { .keep_alive = true };
	struct text bytes = TEXT_EMPTY, out = TEXT_EMPTY, want = TEXT_EMPTY;
	struct http_request request;
	struct arena arena;

	arena_init(&arena, 1 << 17);
	text_addf(&bytes, HEAD "%s\r\n", fields);
	parse(text_str(&bytes), &arena, &request);
	assert_int_equal(http_privacy_apply(&request, &arena), 0);
	assert_int_equal(http_request_write(&request, &options, &out), 0);
	text_addf(
	    &want, "GET /page HTTP/1.1\r\nHost: a.example\r\n%s\r\n", left);
	assert_string_equal(out.at, want.at);
	text_fini(&bytes);
	text_fini(&out);
	text_fini(&want);
	arena_fini(&arena);
}

static void
what_tells_of_the_client_is_left_out(void **state)
{
	static const struct {
		const char *fields, *left;
	} rows[] = {
		{ "", "" },
		{ "Via: 1.1 inner\r\nAccept: */*\r\nForwarded: for=x\r\n",
		    "Accept: */*\r\n" },
		{ "X-Forwarded-For: 10.0.0.4\r\nx-forwarded-host: inner\r\n"
		  "X-FORWARDED: y\r\nX-Forward: kept\r\n",
		    "X-Forward: kept\r\n" },
		{ "x-real-ip: 10.0.0.4\r\nX-Real-IP2: kept\r\n",
		    "X-Real-IP2: kept\r\n" },
		{ "From: a@a.example\r\nX-From: kept\r\n", "X-From: kept\r\n" },
		{ "X-WAP-Profile: \"http://p.example/\"\r\nX-UIDH: 7\r\n", "" },
		{ "Sec-CH-UA: \"A\"\r\nSec-CH-UA-Mobile: ?0\r\n"
		  "Sec-CH-UA-Model: \"M\"\r\n"
		  "Sec-CH-UA-Full-Version-List: \"A\"\r\n",
		    "Sec-CH-UA: \"A\"\r\nSec-CH-UA-Mobile: ?0\r\n" },
		{ "Proxy-Authorization: Basic x\r\nProxy-Connection: x\r\n",
		    "" },
		{ "User-Agent: u\r\nAccept-Language: de\r\nCookie: c\r\n"
		  "Authorization: Basic x\r\nDNT: 1\r\n",
		    "User-Agent: u\r\nAccept-Language: de\r\nCookie: c\r\n"
		    "Authorization: Basic x\r\nDNT: 1\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_left(rows[i].fields, rows[i].left);
}

static void
the_page_of_another_site_is_not_told(void **state)
{
	static const struct {
		const char *referer, *left; /* NULL: no field */
	} rows[] = {
		{ "http://a.example/other?q=1", "http://a.example/other?q=1" },
		{ "http://A.example:80/x", "http://A.example:80/x" },
		{ "http://b.example/secret?q=1", "http://b.example/" },
		{ "http://B.Example:80/secret", "http://b.example/" },
		{ "https://a.example/secret", "https://a.example/" },
		{ "http://a.example:8080/secret", "http://a.example:8080/" },
		{ "http://[2001:db8::1]/secret", "http://[2001:db8::1]/" },
		{ "https://b.example/secret#part", "https://b.example/" },
		{ "https://b.example", "https://b.example/" },
		{ "http://user:word@b.example/secret", NULL },
		{ "/page", NULL },
		{ "about:blank", NULL },
		{ "file:///home/anna/page.html", NULL },
		{ "android-app://com.example/", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text field = TEXT_EMPTY, left = TEXT_EMPTY;
		text_addf(&field, "Referer: %s\r\n", rows[i].referer);
		if (rows[i].left != NULL)
			text_addf(&left, "Referer: %s\r\n", rows[i].left);
		check_left(field.at, left.at != NULL ? left.at : "");
		text_fini(&field);
		text_fini(&left);
	}
}

/* One row for a field, and each row does something. */
static void
every_row_is_a_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < http_privacy_row_count; i++) {
		const struct http_privacy_row *row = &http_privacy_rows[i];
		struct text field = TEXT_EMPTY;
		for (size_t j = 0; j < i; j++)
			assert_false(str_eq_nocase(str_of(row->field),
			    str_of(http_privacy_rows[j].field)));
		struct str name = str_of(row->field);
		name.len -= name.at[name.len - 1] == '*';
		text_addf(&field, "%.*s: x\r\n", STR_ARG(name));
		check_left(field.at, "");
		assert_non_null(row->why);
		text_fini(&field);
	}
}

/* Without room for the origin nothing may be sent. */
static void
want_of_memory_is_said(void **state)
{
	struct http_request request;
	struct arena arena, small;

	(void)state;
	arena_init(&arena, 1 << 17);
	arena_init(&small, 1);
	parse(
	    STR(HEAD "Referer: http://b.example/x\r\n\r\n"), &arena, &request);
	assert_int_equal(http_privacy_apply(&request, &small), -ENOMEM);
	arena_fini(&arena);
	arena_fini(&small);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_tells_of_the_client_is_left_out),
		cmocka_unit_test(the_page_of_another_site_is_not_told),
		cmocka_unit_test(every_row_is_a_field),
		cmocka_unit_test(want_of_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
