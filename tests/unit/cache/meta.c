/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/meta.h"

#include "messages.h"

#define FRESH "Cache-Control: max-age=60\n"
#define OLD   "Last-Modified: Thu, 01 Jan 2026 08:00:00 GMT\n"

static void
responses_are_kept_or_not(void **state)
{
	static const struct {
		unsigned status;
		const char *fields;
		const char *refusal; /* "": it is stored */
	} cases[] = {
		/* Any status, if freshness is said. */
		{ 200, FRESH, "" },
		{ 203, FRESH, "" },
		{ 204, FRESH, "" },
		{ 299, FRESH, "" },
		{ 301, FRESH, "" },
		{ 302, FRESH, "" },
		{ 303, FRESH, "" },
		{ 307, FRESH, "" },
		{ 308, FRESH, "" },
		{ 400, FRESH, "" },
		{ 403, FRESH, "" },
		{ 404, FRESH, "" },
		{ 410, FRESH, "" },
		{ 499, FRESH, "" },
		{ 500, FRESH, "" },
		{ 502, FRESH, "" },
		{ 503, FRESH, "" },
		{ 504, FRESH, "" },
		{ 599, FRESH, "" },
		/* But not what answers one request or one connection. */
		{ 100, FRESH, "status" },
		{ 103, FRESH, "status" },
		{ 304, FRESH, "status" },
		{ 401, FRESH, "status" },
		{ 407, FRESH, "status" },
		{ 412, FRESH, "status" },
		{ 416, FRESH, "status" },
		{ 417, FRESH, "status" },
		{ 421, FRESH, "status" },
		{ 425, FRESH, "status" },
		{ 428, FRESH, "status" },
		{ 429, FRESH, "status" },
		{ 431, FRESH, "status" },
		{ 511, FRESH, "status" },
		/* 3, the last list. */
		{ 200, OLD, "" },
		{ 404, OLD, "" },
		{ 302, OLD, "freshness" },
		{ 302, "", "freshness" },
		{ 500, "ETag: \"x\"\n", "freshness" },
		{ 302, "Expires: 0\n" OLD, "" },
		{ 302, "Cache-Control: public\n" OLD, "" },
		{ 302, "Cache-Control: s-maxage=5\n", "" },
		/* What can neither answer nor be asked for. */
		{ 200, "", "useless" },
		{ 404, "", "useless" },
		{ 200, "Cache-Control: max-age=0\n", "useless" },
		{ 200, "Expires: 0\n", "useless" },
		{ 200, "Cache-Control: no-cache\n", "useless" },
		{ 200, FRESH "Cache-Control: no-cache\n", "useless" },
		{ 200, "Cache-Control: no-cache\nETag: x\n", "useless" },
		{ 200, FRESH "Age: 60\nCache-Control: must-revalidate\n",
		    "useless" },
		{ 200, "ETag: \"x\"\n", "" },
		{ 200, "Cache-Control: no-cache\nETag: \"x\"\n", "" },
		{ 200, "Cache-Control: no-cache\n" OLD, "" },
		{ 200, "Cache-Control: max-age=0, stale-if-error=9\n", "" },
		{ 200, FRESH "Age: 60\n", "" },
		/* no-store. */
		{ 200, "Cache-Control: no-store\n", "no-store" },
		{ 200, "Cache-Control: NO-store\n" OLD, "no-store" },
		{ 200, FRESH "Cache-Control: no-store\n", "no-store" },
		{ 200, FRESH "Cache-Control: no-store, must-understand\n", "" },
		{ 599, FRESH "Cache-Control: no-store, must-understand\n",
		    "status" },
		{ 599, FRESH "Cache-Control: must-understand\n", "status" },
		/* private. */
		{ 200, FRESH "Cache-Control: private\n", "private" },
		{ 200, FRESH "Cache-Control: private=\"a\"\n", "" },
		/* RFC 9213 */
		{ 200,
		    "CDN-Cache-Control: max-age=5\nCache-Control: no-store\n",
		    "" },
		{ 200, "CDN-Cache-Control: private\n" FRESH, "private" },
		{ 200, "CDN-Cache-Control: no-store\n" FRESH, "no-store" },
		{ 200, "CDN-Cache-Control: no-cache\n" FRESH, "useless" },
		{ 200, "CDN-Cache-Control: &\nCache-Control: no-store\n",
		    "no-store" },
		{ 200,
		    "CDN-Cache-Control: max-age=\"9\"\n"
		    "Cache-Control: no-store\n",
		    "no-store" },
		/* Vary. */
		{ 200, FRESH "Vary: a, B\n", "" },
		{ 200, FRESH "Vary:\n", "" },
		{ 200, FRESH "Vary: *\n", "vary" },
		{ 200, FRESH "Vary: a, *\n", "vary" },
		{ 200, FRESH "Vary:\nVary: *\n", "vary" },
		{ 200, FRESH "Vary: a b\n", "vary" },
		/* Cookies, as the RFC says: it is for the server to forbid. */
		{ 200, FRESH "Set-Cookie: a=b\n", "" },
		{ 200, OLD "Set-Cookie: a=b\n", "" },
		/* Parts. */
		{ 206, FRESH "Content-Range: bytes 0-4/10\nContent-Length: 5\n",
		    "" },
		{ 206, FRESH "Content-Range: bytes 0-4/*\n", "" },
		{ 206, FRESH "Content-Range: bytes 0-4/10\nContent-Length: 6\n",
		    "range" },
		{ 206, FRESH "Content-Length: 5\n", "range" },
		{ 206, FRESH "Content-Range: bytes */10\n", "range" },
		{ 206,
		    FRESH "Content-Range: bytes 0-4/10\n"
			  "Content-Range: bytes 0-4/10\n",
		    "range" },
		{ 200, FRESH "Content-Range: bytes 0-4/10\n", "" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 22);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stored stored =
		    store(cases[i].status, cases[i].fields, &arena);
		struct str word = cache_refusal_text(stored.refusal);
		if (!str_is(word, cases[i].refusal))
			fail_msg("%u '%s' is refused: '%s'", cases[i].status,
			    cases[i].fields, word.at);
	}
	arena_fini(&arena);
}

static void
requests_matter(void **state)
{
	static const struct {
		const char *line, *request, *response;
		const char *refusal;
	} cases[] = {
		{ "GET /", "", FRESH, "" },
		{ "HEAD /", "", FRESH, "method" },
		{ "PUT /", "Content-Length: 0\n", FRESH, "method" },
		{ "OPTIONS /", "", FRESH, "method" },
		{ "M-SEARCH /", "", FRESH, "method" },
		{ "GET /", "Cache-Control: no-store\n", FRESH,
		    "request-no-store" },
		{ "GET /", "Cache-Control: no-cache\n", FRESH, "" },
		{ "GET /", "X-Forwarded-Host: b\n", FRESH, "override" },
		{ "GET /", "X-Forwarded-For: b\n", FRESH, "" },
		{ "GET /", "Cookie: a=b\n", FRESH, "" },
		{ "GET /", "Cookie: a=b\n", OLD, "" },
		/* 3.5 */
		{ "GET /", "Authorization: x\n", FRESH, "authorization" },
		{ "GET /", "Authorization: x\n",
		    FRESH "Cache-Control: public\n", "" },
		{ "GET /", "Authorization: x\n",
		    FRESH "Cache-Control: must-revalidate\n", "" },
		{ "GET /", "Authorization: x\n",
		    FRESH "Cache-Control: proxy-revalidate\n",
		    "authorization" },
		{ "GET /", "Authorization: x\n", "Cache-Control: s-maxage=5\n",
		    "" },
		/* RFC 9110, 9.3.3 */
		{ "POST /a?b", "Content-Length: 0\n",
		    FRESH "Content-Location: /a?b\n", "" },
		{ "POST /a?b", "Content-Length: 0\n",
		    FRESH "Content-Location: http://a.example/a?b\n", "" },
		{ "POST /a?b", "Content-Length: 0\n",
		    FRESH "Content-Location: /a\n", "method" },
		{ "POST /a?b", "Content-Length: 0\n",
		    FRESH "Content-Location: http://b.example/a?b\n",
		    "method" },
		{ "POST /a?b", "Content-Length: 0\n", FRESH, "method" },
		{ "PUT /a?b", "Content-Length: 0\n",
		    FRESH "Content-Location: /a?b\n", "method" },
		{ "POST /a?b", "Content-Length: 0\n",
		    OLD "Content-Location: /a?b\n", "freshness" },
	};
	static const struct cache_rules rules = CACHE_RULES_DEFAULT;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 22);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_request request =
		    request_to(cases[i].line, cases[i].request, &arena);
		struct stored stored = store_with(
		    &request, 200, cases[i].response, &rules, &arena);
		struct str word = cache_refusal_text(stored.refusal);
		if (!str_is(word, cases[i].refusal))
			fail_msg("%s '%s' '%s' is refused: '%s'", cases[i].line,
			    cases[i].request, cases[i].response, word.at);
	}
	arena_fini(&arena);
}

/* A 201 tells of what was made, not what a GET would bring. */
static void
a_post_that_made_something_is_not_kept(void **state)
{
	static const struct cache_rules rules = CACHE_RULES_DEFAULT;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 18);
	struct http_request request =
	    request_to("POST /a", "Content-Length: 0\n", &arena);
	struct stored stored = store_with(
	    &request, 201, FRESH "Content-Location: /a\n", &rules, &arena);
	assert_int_equal(stored.refusal, CACHE_REFUSAL_METHOD);
	arena_fini(&arena);
}

static void
parts_are_for_those_who_can_cut(void **state)
{
	static const struct cache_rules rules = CACHE_RULES_DEFAULT;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct http_request request = request_of("Range: bytes=1-4\n", &arena);
	struct stored stored = store_with(&request, 206,
	    FRESH "Content-Range: bytes 1-4/10\n", &rules, &arena);
	assert_int_equal(stored.refusal, CACHE_REFUSAL_RANGE);
	stored = must_store(206, FRESH "Content-Range: bytes 1-4/10\n", &arena);
	assert_int_equal(
	    stored.meta.flags & CACHE_META_PARTIAL, CACHE_META_PARTIAL);
	assert_int_equal(stored.meta.range_first, 1);
	assert_int_equal(stored.meta.range_last, 4);
	assert_int_equal(stored.meta.content_length, 10);
	arena_fini(&arena);
}

static void
it_grows_old(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct cache_meta meta =
	    must_store(200, FRESH "Age: 10\n", &arena).meta;
	assert_int_equal(cache_meta_age(&meta, MORNING), 10);
	assert_int_equal(cache_meta_ttl(&meta, MORNING), 50);
	assert_int_equal(cache_meta_age(&meta, MORNING + 30), 40);
	assert_int_equal(cache_meta_ttl(&meta, MORNING + 50), 0);
	assert_int_equal(cache_meta_ttl(&meta, MORNING + 70), -20);
	/* A clock that was set back. */
	assert_int_equal(cache_meta_age(&meta, MORNING - 10), 10);
	assert_true(cache_meta_ttl(&meta, MORNING - 7200) < 0);
	assert_int_equal(
	    cache_meta_age(&meta, MORNING * 1000), CACHE_SECONDS_MAX);
	arena_fini(&arena);
}

static void
each_refusal_has_a_word(void **state)
{
	(void)state;
	assert_int_equal(cache_refusal_text(CACHE_STORABLE).len, 0);
	for (unsigned i = 1; i < CACHE_REFUSAL_COUNT; i++)
		assert_true(cache_refusal_text((enum cache_refusal)i).len > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(responses_are_kept_or_not),
		cmocka_unit_test(requests_matter),
		cmocka_unit_test(a_post_that_made_something_is_not_kept),
		cmocka_unit_test(parts_are_for_those_who_can_cut),
		cmocka_unit_test(it_grows_old),
		cmocka_unit_test(each_refusal_has_a_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
