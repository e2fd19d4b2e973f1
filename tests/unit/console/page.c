/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/limits.h"
#include "http/parse.h"

static const struct console_page *
page_of(const char *path)
{
	const struct console_page *page = console_page_find(str_of(path));

	assert_non_null(page);
	return page;
}

/* What a request with these fields is given. */
static struct console_page_answer
ask(const struct console_page *page, const char *fields)
{
	const struct http_arrival arrival = { .scheme = HTTP_SCHEME_HTTP };
	struct http_head_scan scan = { 0 };
	struct http_request request;
	enum http_fault fault;
	struct arena arena;
	char head[512];

	(void)snprintf(head, sizeof(head),
	    "GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n%s\r\n", fields);
	arena_init(&arena, HTTP_HEAD_ARENA_BYTES_MAX);
	assert_true(http_request_parse(str_of(head), &scan, &arrival, &arena,
			&request, &fault) > 0);
	struct console_page_answer answer = console_page_answer(page, &request);
	arena_fini(&arena);
	return answer;
}

static void
test_all_are_there(void **state)
{
	(void)state;
	assert_true(console_page_count > 10);
	assert_string_equal(page_of("/")->type, "text/html; charset=utf-8");
	assert_string_equal(
	    page_of("/assets/main.js")->type, "text/javascript; charset=utf-8");
	assert_null(console_page_find(STR("/assets/")));
	assert_null(console_page_find(STR("/assets/none.js")));
	for (size_t i = 0; i < console_page_count; i++) {
		assert_true(console_pages[i].plain.len > 0);
		assert_memory_equal(console_pages[i].packed.at, "\x1f\x8b", 2);
	}
}

static void
test_packed_for_who_takes_it(void **state)
{
	const struct console_page *page = page_of("/assets/main.js");

	(void)state;
	struct console_page_answer plain = ask(page, "");
	assert_true(str_eq(plain.body, page->plain));
	assert_null(strstr(plain.fields, "gzip"));
	struct console_page_answer refused =
	    ask(page, "Accept-Encoding: gzip;q=0, br\r\n");
	assert_true(str_eq(refused.body, page->plain));
	struct console_page_answer packed =
	    ask(page, "Accept-Encoding: br, gzip\r\n");
	assert_int_equal(packed.status, 200);
	assert_true(str_eq(packed.body, page->packed));
	assert_non_null(strstr(packed.fields, "Content-Encoding: gzip\r\n"));
	assert_non_null(strstr(packed.fields, "Vary: Accept-Encoding\r\n"));
	assert_non_null(strstr(packed.fields, page->packed_etag));
}

static void
test_who_has_it_is_given_nothing(void **state)
{
	const struct console_page *page = page_of("/");
	char fields[160];

	(void)state;
	(void)snprintf(
	    fields, sizeof(fields), "If-None-Match: %s\r\n", page->etag);
	struct console_page_answer same = ask(page, fields);
	assert_int_equal(same.status, 304);
	assert_int_equal(same.body.len, 0);
	assert_non_null(strstr(same.fields, page->etag));
	(void)snprintf(fields, sizeof(fields),
	    "Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n", page->etag);
	assert_int_equal(ask(page, fields).status, 200);
	assert_int_equal(ask(page, "If-None-Match: \"old\"\r\n").status, 200);
	assert_int_equal(ask(page, "If-None-Match: *\r\n").status, 304);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_are_there),
		cmocka_unit_test(test_packed_for_who_takes_it),
		cmocka_unit_test(test_who_has_it_is_given_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
