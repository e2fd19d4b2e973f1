/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/update.h"

#include "messages.h"

#define LATER      (MORNING + 100)
#define LATER_DATE "Fri, 02 Jan 2026 08:01:40 GMT"
#define NOW        "Date: " LATER_DATE "\n"
#define FRESH      "Cache-Control: max-age=60\n"
#define TAG        FRESH "ETag: \"a\"\n"
#define WEAK       FRESH "ETag: W/\"a\"\n"
#define LM         "Last-Modified: Fri, 02 Jan 2026 07:00:00 GMT\n"

static void
a_304_is_about_the_stored_one_or_not(void **state)
{
	static const struct {
		const char *stored, *response;
		bool concerns;
	} cases[] = {
		{ TAG, "ETag: \"a\"\n", true },
		{ TAG, "ETag: \"b\"\n", false },
		{ TAG, "ETag: W/\"a\"\n", true },
		{ TAG, "ETag: W/\"b\"\n", false },
		{ WEAK, "ETag: W/\"a\"\n", true },
		{ WEAK, "ETag: \"a\"\n", false },
		{ FRESH LM, "ETag: \"a\"\n" LM, false },
		{ FRESH LM, LM, true },
		{ FRESH LM, "Last-Modified: Friday, 02-Jan-26 07:00:00 GMT\n",
		    true },
		{ FRESH LM, "Last-Modified: " MORNING_DATE "\n", false },
		{ TAG LM, "ETag: \"a\"\nLast-Modified: " MORNING_DATE "\n",
		    true },
		{ TAG LM, "ETag: \"b\"\n" LM, false },
		{ TAG, LM, false },
		/* It says nothing, and only one was asked for. */
		{ TAG, "", true },
		{ TAG, "ETag: a\n", true },
		{ FRESH, "", true },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stored stored = must_store(200, cases[i].stored, &arena);
		struct http_response response =
		    response_of(304, cases[i].response, &arena);
		if (cache_update_concerns(&response, &stored.meta,
			stored.head) != cases[i].concerns)
			fail_msg(
			    "'%s' '%s'", cases[i].stored, cases[i].response);
	}
	arena_fini(&arena);
}

static void
a_head_is_about_it_or_not(void **state)
{
	static const struct {
		const char *stored;
		long status;
		const char *response;
		bool concerns;
	} cases[] = {
		{ TAG "Content-Length: 10\n", 200,
		    "ETag: \"a\"\nContent-Length: 10\n", true },
		{ TAG "Content-Length: 10\n", 200, "ETag: \"a\"\n", true },
		{ TAG "Content-Length: 10\n", 200, "", true },
		{ TAG, 200, "Content-Length: 10\n", true },
		{ TAG "Content-Length: 10\n", 200,
		    "ETag: \"a\"\nContent-Length: 11\n", false },
		{ TAG, 200, "ETag: \"b\"\n", false },
		{ FRESH LM, 200, "Last-Modified: " MORNING_DATE "\n", false },
		{ TAG, 410, "ETag: \"a\"\n", false },
		{ TAG, 304, "ETag: \"b\"\n", false },
		{ TAG, 304, "ETag: \"a\"\n", true },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stored stored = must_store(200, cases[i].stored, &arena);
		struct http_response response = response_to(HTTP_METHOD_HEAD,
		    (unsigned)cases[i].status, cases[i].response, &arena);
		if (cache_update_concerns(&response, &stored.meta,
			stored.head) != cases[i].concerns)
			fail_msg("'%s' %ld '%s'", cases[i].stored,
			    cases[i].status, cases[i].response);
	}
	/* Nor is a 200 to a GET an update. */
	struct stored stored = must_store(200, TAG, &arena);
	struct http_response other = response_of(200, "ETag: \"a\"\n", &arena);
	assert_false(cache_update_concerns(&other, &stored.meta, stored.head));
	arena_fini(&arena);
}

static enum cache_refusal
update(const struct stored *stored, const char *asked, unsigned status,
    const char *fields, struct stored *ret, struct arena *arena)
{
	static const struct cache_times times = { LATER, LATER };
	static const struct cache_rules rules = CACHE_RULES_DEFAULT;
	struct http_request request = request_of(asked, arena);
	struct http_response response = response_of(status, fields, arena);
	struct text head = TEXT_EMPTY;

	const struct cache_update update = { &request, &response, &times,
		&rules, &stored->meta, stored->head };
	enum cache_refusal refusal =
	    cache_update(&update, arena, &head, &ret->meta);
	assert_false(head.full);
	ret->head = arena_str(arena, text_str(&head));
	text_fini(&head);
	return refusal;
}

/* 3.2 */
static void
fields_are_replaced(void **state)
{
	static const struct {
		const char *stored, *response, *want;
	} cases[] = {
		/* What the 304 has, and what it has not. */
		{ DATED TAG "A: 1\nB: 2\n", NOW FRESH "ETag: \"a\"\nA: 9\n",
		    "B: 2\n" NOW TAG "A: 9\n" },
		{ DATED TAG "A: 1\nA: 2\n", NOW "a: 9\n", TAG NOW "a: 9\n" },
		{ DATED TAG "A: 1\n", NOW "A: 8\nA: 9\n",
		    TAG NOW "A: 8\nA: 9\n" },
		{ DATED TAG, NOW "A: 9\n", TAG NOW "A: 9\n" },
		{ DATED TAG, NOW "Cache-Control: max-age=5\n",
		    "ETag: \"a\"\n" NOW "Cache-Control: max-age=5\n" },
		{ DATED TAG "Expires: 0\nSet-Cookie: a=b\nX-Frame-Options: x\n",
		    NOW "Expires: 1\nSet-Cookie: a=c\nX-Frame-Options: y\n",
		    TAG NOW
		    "Expires: 1\nSet-Cookie: a=c\nX-Frame-Options: y\n" },
		{ DATED TAG "Content-Foo: 1\nContent-Location: /a\n",
		    NOW "Content-Foo: 2\nContent-Location: /b\n",
		    TAG NOW "Content-Foo: 2\nContent-Location: /b\n" },
		/* What describes the bytes that are here stays. */
		{ DATED TAG "Content-Type: a\nContent-Encoding: b\n"
			    "Content-Range: c\nContent-Length: 5\n",
		    NOW "Content-Type: x\nContent-Encoding: y\n"
			"Content-Range: z\nContent-Length: 9\n",
		    TAG "Content-Type: a\nContent-Encoding: b\n"
			"Content-Range: c\n" NOW },
		/* What is of one hop, or not to be stored, comes not in. */
		{ DATED TAG,
		    NOW "Connection: x\nX: 1\nKeep-Alive: 5\nAge: 5\n"
			"Proxy-Authenticate: y\n",
		    TAG NOW },
		{ DATED TAG "A: 1\n",
		    NOW "Cache-Control: max-age=60, no-cache=\"a\"\nA: 2\n",
		    "ETag: \"a\"\n" NOW
		    "Cache-Control: max-age=60, no-cache=\"a\"\n" },
		/* What a hop's field replaces is nothing. */
		{ DATED TAG "X: 1\n", NOW "Connection: x\nX: 2\n",
		    TAG "X: 1\n" NOW },
		/* RFC 9110, 6.6.1 */
		{ DATED TAG, "ETag: \"a\"\n", FRESH "ETag: \"a\"\n" NOW },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stored stored = must_store(200, cases[i].stored, &arena);
		struct stored fresh;
		struct str want = with_crlf("", cases[i].want, &arena);
		want.len -= 2;
		assert_int_equal(
		    update(&stored, "", 304, cases[i].response, &fresh, &arena),
		    CACHE_STORABLE);
		if (!str_eq(fresh.head, want))
			fail_msg("'%s' with '%s' is '%.*s'", cases[i].stored,
			    cases[i].response, STR_ARG(fresh.head));
	}
	arena_fini(&arena);
}

static void
it_is_fresh_again(void **state)
{
	struct stored fresh;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 18);
	struct stored stored =
	    must_store(404, DATED TAG "Age: 50\nContent-Length: 7\n", &arena);
	assert_true(cache_meta_ttl(&stored.meta, LATER) < 0);
	assert_int_equal(
	    update(&stored, "", 304, "ETag: \"a\"\n", &fresh, &arena),
	    CACHE_STORABLE);
	assert_int_equal(cache_meta_ttl(&fresh.meta, LATER), 60);
	assert_int_equal(fresh.meta.response_time, LATER);
	assert_int_equal(fresh.meta.status, 404);
	assert_int_equal(fresh.meta.content_length, 7);
	assert_true(str_is(cache_meta_etag(&fresh.meta, fresh.head), "\"a\""));
	/* Of the age with which it came. */
	assert_int_equal(
	    update(&stored, "", 304, NOW "Age: 20\nCache-Control: max-age=90\n",
		&fresh, &arena),
	    CACHE_STORABLE);
	assert_int_equal(cache_meta_ttl(&fresh.meta, LATER), 70);
	arena_fini(&arena);
}

static void
it_may_not_be_kept_on(void **state)
{
	static const struct {
		const char *asked, *response;
		enum cache_refusal refusal;
	} cases[] = {
		{ "", NOW "Cache-Control: no-store\n", CACHE_REFUSAL_NO_STORE },
		{ "", NOW "Cache-Control: private\n", CACHE_REFUSAL_PRIVATE },
		{ "", NOW "Vary: *\n", CACHE_REFUSAL_VARY },
		{ "Authorization: x\n", NOW, CACHE_REFUSAL_AUTHORIZATION },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 18);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stored stored = must_store(200, DATED TAG, &arena);
		struct stored fresh;
		assert_int_equal(update(&stored, cases[i].asked, 304,
				     cases[i].response, &fresh, &arena),
		    cases[i].refusal);
		/* Its head is good for the one who asked. */
		assert_true(fresh.head.len > 0);
		assert_int_equal(cache_meta_age(&fresh.meta, LATER), 0);
		assert_int_equal(fresh.meta.flags & CACHE_META_NO_CACHE,
		    CACHE_META_NO_CACHE);
		assert_true(
		    str_is(cache_meta_etag(&fresh.meta, fresh.head), "\"a\""));
	}
	arena_fini(&arena);
}

static void
a_head_freshens_too(void **state)
{
	static const struct cache_times times = { LATER, LATER };
	static const struct cache_rules rules = CACHE_RULES_DEFAULT;
	struct cache_meta meta;
	struct text head = TEXT_EMPTY;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 18);
	struct stored stored = must_store(200, DATED FRESH "A: 1\n", &arena);
	struct http_request request = request_to("HEAD /", "", &arena);
	struct http_response response = response_to(HTTP_METHOD_HEAD, 200,
	    NOW "Cache-Control: max-age=1000\nA: 2\nContent-Length: 5\n",
	    &arena);
	const struct cache_update update = { &request, &response, &times,
		&rules, &stored.meta, stored.head };
	assert_int_equal(
	    cache_update(&update, &arena, &head, &meta), CACHE_STORABLE);
	assert_int_equal(cache_meta_ttl(&meta, LATER), 1000);
	struct str want =
	    with_crlf("", NOW "Cache-Control: max-age=1000\nA: 2\n", &arena);
	want.len -= 2;
	assert_true(str_eq(text_str(&head), want));
	text_fini(&head);
	arena_fini(&arena);
}

static void
a_part_becomes_longer_or_whole(void **state)
{
	struct stored longer, whole;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 18);
	struct stored stored = must_store(
	    206, DATED TAG "Content-Range: bytes 0-4/10\nA: 1\n", &arena);
	assert_int_equal(
	    update(&stored, "", 206,
		NOW "ETag: \"a\"\nContent-Range: bytes 5-6/10\nA: 2\n", &longer,
		&arena),
	    CACHE_STORABLE);
	assert_int_equal(longer.meta.status, 206);
	assert_int_equal(
	    longer.meta.flags & CACHE_META_PARTIAL, CACHE_META_PARTIAL);
	assert_int_equal(longer.meta.range_last, 6);
	assert_int_equal(
	    update(&longer, "", 206,
		NOW "ETag: \"a\"\nContent-Range: bytes 7-9/10\nA: 3\n", &whole,
		&arena),
	    CACHE_STORABLE);
	assert_int_equal(whole.meta.status, 200);
	assert_int_equal(whole.meta.flags & CACHE_META_PARTIAL, 0);
	assert_int_equal(whole.meta.content_length, 10);
	struct str want =
	    with_crlf("", FRESH NOW "ETag: \"a\"\nA: 3\n", &arena);
	want.len -= 2;
	assert_true(str_eq(whole.head, want));
	/* A 304 leaves a part what it was. */
	assert_int_equal(
	    update(&stored, "", 304, NOW "ETag: \"a\"\n", &longer, &arena),
	    CACHE_STORABLE);
	assert_int_equal(longer.meta.status, 206);
	assert_int_equal(longer.meta.range_last, 4);
	assert_int_equal(longer.meta.content_length, 10);
	arena_fini(&arena);
}

static void
memory_can_run_out(void **state)
{
	static const struct cache_times times = { LATER, LATER };
	static const struct cache_rules rules = CACHE_RULES_DEFAULT;
	struct cache_meta meta;
	struct text head = TEXT_EMPTY;
	struct arena arena, none;

	(void)state;
	arena_init(&arena, 1 << 18);
	arena_init(&none, 0);
	struct stored stored = must_store(200, TAG, &arena);
	struct http_request request = request_of("", &arena);
	struct http_response response = response_of(304, "", &arena);
	const struct cache_update update = { &request, &response, &times,
		&rules, &stored.meta, stored.head };
	(void)cache_update(&update, &none, &head, &meta);
	assert_true(head.full);
	text_fini(&head);
	arena_fini(&none);
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_304_is_about_the_stored_one_or_not),
		cmocka_unit_test(a_head_is_about_it_or_not),
		cmocka_unit_test(fields_are_replaced),
		cmocka_unit_test(it_is_fresh_again),
		cmocka_unit_test(it_may_not_be_kept_on),
		cmocka_unit_test(a_head_freshens_too),
		cmocka_unit_test(a_part_becomes_longer_or_whole),
		cmocka_unit_test(memory_can_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
