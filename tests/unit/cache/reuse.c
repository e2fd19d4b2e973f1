/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/reuse.h"

#include "messages.h"

#define FRESH "Cache-Control: max-age=60\n"

/* The use in a word, and "+error" or "+unreachable" for what is allowed then. */
static void
describe(const struct cache_reuse *reuse, struct text *out)
{
	static const char *const words[] = {
		[CACHE_USE_FRESH] = "fresh",
		[CACHE_USE_STALE] = "stale",
		[CACHE_USE_REVALIDATE] = "revalidate",
		[CACHE_USE_VALIDATE] = "validate",
		[CACHE_USE_NOT] = "not",
	};

	text_addz(out, words[reuse->use]);
	if (reuse->asked)
		text_addz(out, " asked");
	if (reuse->if_unreachable)
		text_addz(out, " +unreachable");
	if (reuse->if_error)
		text_addz(out, " +error");
}

struct reuse_case {
	const char *response;
	int64_t after; /* it was stored, in seconds */
	const char *request;
	const char *want;
};

static void
expect(const struct reuse_case *cases, size_t count,
    const struct cache_rules *rules)
{
	struct arena arena;

	arena_init(&arena, 1 << 22);
	for (size_t i = 0; i < count; i++) {
		struct stored stored =
		    must_store(200, cases[i].response, &arena);
		struct http_request request =
		    request_of(cases[i].request, &arena);
		struct text text = TEXT_EMPTY;
		struct cache_reuse reuse;
		cache_reuse(&stored.meta, &request, MORNING + cases[i].after,
		    rules, &reuse);
		describe(&reuse, &text);
		if (!str_is(text_str(&text), cases[i].want))
			fail_msg("'%s' after %lld for '%s' is '%.*s'",
			    cases[i].response, (long long)cases[i].after,
			    cases[i].request, STR_ARG(text_str(&text)));
		text_fini(&text);
	}
	arena_fini(&arena);
}

#define NO_CACHE "Cache-Control: no-cache\n"

static const struct reuse_case cases[] = {
	/* Of itself. */
	{ FRESH, 0, "", "fresh" },
	{ FRESH, 59, "", "fresh" },
	{ FRESH, 60, "", "validate +unreachable" },
	{ FRESH, 60 + 86399, "", "validate +unreachable" },
	{ FRESH, 60 + 86400, "", "validate" },
	{ FRESH "Age: 59\n", 0, "", "fresh" },
	{ FRESH "Age: 60\n", 0, "", "validate +unreachable" },
	{ "Cache-Control: no-cache\nETag: \"x\"\n", 0, "", "validate" },
	{ FRESH "Cache-Control: no-cache\nETag: \"x\"\n", 0, "", "validate" },
	{ "ETag: \"x\"\n", 0, "", "validate +unreachable" },
	{ "Cache-Control: max-age=0\nETag: \"x\"\n", 0, "",
	    "validate +unreachable" },
	/* 4.2.4: never stale. */
	{ FRESH "Cache-Control: must-revalidate\n", 59, "", "fresh" },
	{ FRESH "Cache-Control: must-revalidate\n", 60, "", "validate" },
	{ FRESH "Cache-Control: proxy-revalidate\n", 60, "", "validate" },
	{ "Cache-Control: s-maxage=60\n", 60, "", "validate" },
	/* RFC 5861, 3 */
	{ FRESH "Cache-Control: stale-while-revalidate=10\n", 60, "",
	    "revalidate" },
	{ FRESH "Cache-Control: stale-while-revalidate=10\n", 69, "",
	    "revalidate" },
	{ FRESH "Cache-Control: stale-while-revalidate=10\n", 70, "",
	    "validate +unreachable" },
	{ FRESH "Cache-Control: stale-while-revalidate=10, must-revalidate\n",
	    60, "", "validate" },
	{ FRESH "Cache-Control: stale-while-revalidate=10\n", 60, NO_CACHE,
	    "validate asked" },
	{ FRESH "Cache-Control: stale-while-revalidate=10\n", 60,
	    "Cache-Control: max-age=30\n", "validate asked +unreachable" },
	/* RFC 5861, 4 */
	{ FRESH "Cache-Control: stale-if-error=10\n", 60, "",
	    "validate +unreachable +error" },
	{ FRESH "Cache-Control: stale-if-error=10\n", 70, "",
	    "validate +unreachable" },
	{ FRESH "Cache-Control: stale-if-error=100000\n", 60 + 90000, "",
	    "validate +unreachable +error" },
	{ FRESH "Cache-Control: stale-if-error=10, must-revalidate\n", 60, "",
	    "validate" },
	{ FRESH, 65, "Cache-Control: stale-if-error=10\n",
	    "validate +unreachable +error" },
	{ FRESH, 75, "Cache-Control: stale-if-error=10\n",
	    "validate +unreachable" },
	/* Requests that want it fresher. */
	{ FRESH, 0, NO_CACHE, "validate asked" },
	{ FRESH, 0, "Pragma: no-cache\n", "validate asked" },
	{ FRESH, 0, "Pragma: other\n", "fresh" },
	{ FRESH, 0, "Cache-Control: no-store\n", "fresh" },
	{ FRESH, 0, "Cache-Control: max-age=0\n",
	    "validate asked +unreachable +error" },
	{ FRESH, 10, "Cache-Control: max-age=10\n", "fresh" },
	{ FRESH, 11, "Cache-Control: max-age=10\n",
	    "validate asked +unreachable +error" },
	{ FRESH "Age: 30\n", 0, "Cache-Control: max-age=10\n",
	    "validate asked +unreachable +error" },
	{ FRESH, 0, "Cache-Control: min-fresh=60\n", "fresh" },
	{ FRESH, 1, "Cache-Control: min-fresh=60\n",
	    "validate asked +unreachable +error" },
	{ FRESH "Age: 30\n", 0, "Cache-Control: min-fresh=40\n",
	    "validate asked +unreachable +error" },
	/* RFC 8246 */
	{ FRESH "Cache-Control: immutable\n", 1, "Cache-Control: max-age=0\n",
	    "fresh" },
	{ FRESH "Cache-Control: immutable\n", 1, NO_CACHE, "validate asked" },
	{ FRESH "Cache-Control: immutable\n", 60, "", "validate +unreachable" },
	{ FRESH "Cache-Control: immutable\n", 60, "Cache-Control: max-age=0\n",
	    "validate asked +unreachable" },
	/* Requests that take it stale. */
	{ FRESH, 60, "Cache-Control: max-stale\n", "stale" },
	{ FRESH, 99999, "Cache-Control: max-stale\n", "stale" },
	{ FRESH, 70, "Cache-Control: max-stale=10\n", "stale" },
	{ FRESH, 71, "Cache-Control: max-stale=10\n", "validate +unreachable" },
	{ "Cache-Control: max-age=60\nAge: 90\n", 0,
	    "Cache-Control: max-stale=30\n", "stale" },
	{ FRESH "Cache-Control: must-revalidate\n", 60,
	    "Cache-Control: max-stale\n", "validate" },
	{ "Cache-Control: s-maxage=60\n", 60, "Cache-Control: max-stale\n",
	    "validate" },
	{ FRESH "Cache-Control: no-cache\nETag: \"x\"\n", 0,
	    "Cache-Control: max-stale\n", "validate" },
	{ FRESH, 70, "Cache-Control: max-stale, max-age=65\n",
	    "validate asked +unreachable" },
	/* Requests that want nothing but what is here. */
	{ FRESH, 0, "Cache-Control: only-if-cached\n", "fresh" },
	{ FRESH, 60, "Cache-Control: only-if-cached\n", "not +unreachable" },
	{ FRESH, 60, "Cache-Control: only-if-cached, max-stale\n", "stale" },
	{ FRESH "Cache-Control: stale-while-revalidate=10\n", 60,
	    "Cache-Control: only-if-cached\n", "revalidate" },
	{ FRESH, 0, "Cache-Control: only-if-cached, no-cache\n", "not asked" },
};

static void
what_may_be_done(void **state)
{
	static const struct cache_rules rules = CACHE_RULES_DEFAULT;

	(void)state;
	expect(cases, COUNT_OF(cases), &rules);
}

static void
requests_need_not_be_obeyed(void **state)
{
	static const struct reuse_case deaf[] = {
		{ FRESH, 0, NO_CACHE, "fresh" },
		{ FRESH, 0, "Pragma: no-cache\n", "fresh" },
		{ FRESH, 10, "Cache-Control: max-age=0\n", "fresh" },
		{ FRESH, 10, "Cache-Control: min-fresh=60\n", "fresh" },
		{ FRESH, 60, "Cache-Control: max-stale\n", "validate" },
		{ FRESH, 60, "Cache-Control: only-if-cached\n", "validate" },
		{ FRESH, 60, "Cache-Control: stale-if-error=10\n", "validate" },
	};
	static const struct cache_rules rules = { .stale_max = 0 };

	(void)state;
	expect(deaf, COUNT_OF(deaf), &rules);
}

static void
age_and_ttl_are_told(void **state)
{
	static const struct cache_rules rules = CACHE_RULES_DEFAULT;
	struct cache_reuse reuse;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct stored stored = must_store(200, FRESH "Age: 5\n", &arena);
	struct http_request request = request_of("", &arena);
	cache_reuse(&stored.meta, &request, MORNING + 100, &rules, &reuse);
	assert_int_equal(reuse.age, 105);
	assert_int_equal(reuse.ttl, -45);
	arena_fini(&arena);
}

static void
nothing_is_stored(void **state)
{
	static const struct cache_rules obey = CACHE_RULES_DEFAULT;
	static const struct cache_rules deaf = { .obey_requests = false };
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct http_request only =
	    request_of("Cache-Control: only-if-cached\n", &arena);
	struct http_request other = request_of("", &arena);
	assert_true(cache_reuse_is_only(&only, &obey));
	assert_false(cache_reuse_is_only(&only, &deaf));
	assert_false(cache_reuse_is_only(&other, &obey));
	arena_fini(&arena);
}

static void
four_statuses_are_errors(void **state)
{
	(void)state;
	for (unsigned status = 100; status < 1000; status++)
		assert_int_equal(cache_reuse_is_error(status),
		    status == 500 || status == 502 || status == 503 ||
			status == 504);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_may_be_done),
		cmocka_unit_test(requests_need_not_be_obeyed),
		cmocka_unit_test(age_and_ttl_are_told),
		cmocka_unit_test(nothing_is_stored),
		cmocka_unit_test(four_statuses_are_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
