/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/head.h"

#include <errno.h>

#include "messages.h"

static void
expect_head(unsigned status, const char *fields, const char *want)
{
	struct arena arena;

	arena_init(&arena, 1 << 18);
	struct stored stored = must_store(status, fields, &arena);
	struct str lines = with_crlf("", want, &arena);
	lines.len -= 2; /* without the empty line */
	if (!str_eq(stored.head, lines))
		fail_msg("'%s' is '%.*s'", fields, STR_ARG(stored.head));
	arena_fini(&arena);
}

#define FRESH "Cache-Control: max-age=60\n"

static void
what_is_kept(void **state)
{
	(void)state;
	expect_head(200, DATED FRESH "A: 1\nb: 2\nA: 3\n",
	    DATED FRESH "A: 1\nb: 2\nA: 3\n");
	/* 3.1: nothing of one hop, no framing, no age. */
	expect_head(200,
	    DATED FRESH
	    "Connection: x, keep-alive\nX: 1\nKeep-Alive: 5\nAge: 5\n"
	    "Proxy-Authenticate: a\nProxy-Authentication-Info: b\n"
	    "Proxy-Connection: c\nTE: d\nTrailer: e\nUpgrade: f\n"
	    "Content-Length: 0\nVia: 1.1 x\nContent-Type: t\n",
	    DATED FRESH "Content-Type: t\n");
	expect_head(
	    200, DATED FRESH "Transfer-Encoding: chunked\n", DATED FRESH);
	/* What a client is to be sent even though it concerns us. */
	expect_head(200,
	    DATED FRESH "CDN-Cache-Control: max-age=5\nCache-Status: x; hit\n"
			"Set-Cookie: a=b\nWWW-Authenticate: x\n",
	    DATED FRESH "CDN-Cache-Control: max-age=5\nCache-Status: x; hit\n"
			"Set-Cookie: a=b\nWWW-Authenticate: x\n");
	/* Fields that no-cache or private name. */
	expect_head(200,
	    DATED FRESH "Cache-Control: no-cache=\"a, B\"\nA: 1\nb: 2\nC: 3\n",
	    DATED FRESH "Cache-Control: no-cache=\"a, B\"\nC: 3\n");
	expect_head(200,
	    DATED FRESH "Cache-Control: private=\"set-cookie\"\n"
			"Set-Cookie: a=b\n",
	    DATED FRESH "Cache-Control: private=\"set-cookie\"\n");
	/* RFC 9110, 6.6.1 */
	expect_head(200, FRESH, FRESH DATED);
	expect_head(200, FRESH "Date: x\n", FRESH "Date: x\n");
	/* The place of a part is in the meta. */
	expect_head(
	    206, DATED FRESH "Content-Range: bytes 0-4/10\n", DATED FRESH);
	expect_head(200, DATED FRESH "Content-Range: bytes 0-4/10\n",
	    DATED FRESH "Content-Range: bytes 0-4/10\n");
	/* Empty values. */
	expect_head(200, DATED FRESH "A:\nB: 1\n", DATED FRESH "A: \nB: 1\n");
}

static void
the_tag_is_found(void **state)
{
	static const struct {
		const char *fields, *tag;
	} cases[] = {
		{ FRESH, "" },
		{ FRESH "ETag: \"a\"\n", "\"a\"" },
		{ "etag: W/\"b c\"\n" FRESH, "" },
		{ "etag: W/\"bc\"\n" FRESH "X: \"a\"\n", "W/\"bc\"" },
		{ FRESH "ETag: a\n", "" },
		{ FRESH "ETag: \"a\"\nETag: \"a\"\n", "" },
		{ FRESH "ETag: \"a\"\nETag: \"b\"\n", "" },
		{ FRESH "Connection: etag\nETag: \"a\"\n", "" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stored stored = must_store(200, cases[i].fields, &arena);
		if (!str_is(cache_meta_etag(&stored.meta, stored.head),
			cases[i].tag))
			fail_msg("'%s'", cases[i].fields);
	}
	arena_fini(&arena);
}

/* Behind what the text held before. */
static void
a_head_is_appended(void **state)
{
	struct text text = TEXT_EMPTY;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct cache_meta meta = must_store(200, FRESH, &arena).meta;
	struct http_response response =
	    response_of(200, DATED "ETag: \"a\"\n", &arena);
	text_addz(&text, "before");
	assert_int_equal(cache_head_write(&response, &text, &meta), 0);
	assert_true(str_is(
	    cache_meta_etag(&meta, str_skip(text_str(&text), 6)), "\"a\""));
	text_fini(&text);
	arena_fini(&arena);
}

static void
a_head_is_read_back(void **state)
{
	struct arena arena, none;
	struct http_fields fields;
	struct http_field field;

	(void)state;
	arena_init(&arena, 1 << 16);
	arena_init(&none, 0);
	struct stored stored =
	    must_store(200, DATED FRESH "A: b: c\nE:\nvary: x\n", &arena);
	assert_true(cache_head_is_sound(stored.head));
	assert_int_equal(cache_head_read(stored.head, &arena, &fields), 0);
	assert_int_equal(fields.count, 5);
	assert_int_equal(fields.items[0].id, HTTP_NAME_DATE);
	assert_true(str_is(fields.items[0].value, MORNING_DATE));
	assert_true(str_is(fields.items[2].name, "A"));
	assert_true(str_is(fields.items[2].value, "b: c"));
	assert_int_equal(fields.items[3].value.len, 0);
	assert_int_equal(fields.items[4].id, HTTP_NAME_VARY);
	assert_int_equal(cache_head_read(stored.head, &none, &fields), -ENOMEM);
	struct str empty = STR("");
	assert_false(cache_head_next(&empty, &field));
	assert_int_equal(cache_head_read(empty, &arena, &fields), 0);
	assert_int_equal(fields.count, 0);
	arena_fini(&none);
	arena_fini(&arena);
}

static void
a_head_of_somebody_else_is_looked_at(void **state)
{
	static const struct {
		const char *head;
		bool sound;
	} rows[] = {
		{ "", true },
		{ "A: b\r\n", true },
		{ "A: \r\nB: c: d\r\n", true },
		{ "A: b", false },
		{ "A: b\r", false },
		{ "A: b\n", false },
		{ "A: b\rc\r\n", false },
		{ "A: b\nB: c\r\n", false },
		{ "A:b\r\n", false },
		{ "A\r\n", false },
		{ ": b\r\n", false },
		{ "A b: c\r\n", false },
		{ "A: b\r\n\r\n", false },
		{ "A: \x01\r\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    cache_head_is_sound(str_of(rows[i].head)), rows[i].sound);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_kept),
		cmocka_unit_test(the_tag_is_found),
		cmocka_unit_test(a_head_is_appended),
		cmocka_unit_test(a_head_is_read_back),
		cmocka_unit_test(a_head_of_somebody_else_is_looked_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
