/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/freshness.h"

#include "messages.h"

static enum cache_freshness
judge(unsigned status, const char *fields, const struct cache_times *times,
    struct cache_meta *ret, struct arena *arena)
{
	struct http_response response = response_of(status, fields, arena);
	struct cache_rules rules = CACHE_RULES_DEFAULT;
	struct cache_control control;

	*ret = (struct cache_meta){ .status = (uint16_t)status };
	cache_control_of_response(&response, &control);
	return cache_freshness_of(&response, &control, times, &rules, ret);
}

static void
lifetimes_are_said(void **state)
{
	static const struct {
		const char *fields;
		uint32_t lifetime;
	} cases[] = {
		{ "Cache-Control: max-age=60\n", 60 },
		{ "Cache-Control: s-maxage=5, max-age=60\n", 5 },
		{ "Cache-Control: max-age=5, s-maxage=60\n", 60 },
		{ "Cache-Control: max-age=0\n"
		  "Expires: Fri, 02 Jan 2026 09:00:00 GMT\n",
		    0 },
		{ "Cache-Control: max-age=60\nExpires: 0\n", 60 },
		{ "Cache-Control: max-age=60\n"
		  "Expires: Fri, 02 Jan 2026 07:00:00 GMT\n",
		    60 },
		{ DATED "Expires: Fri, 02 Jan 2026 09:00:00 GMT\n", 3600 },
		{ "Expires: Fri, 02 Jan 2026 09:00:00 GMT\n", 3600 },
		{ "Date: none\nExpires: Fri, 02 Jan 2026 09:00:00 GMT\n",
		    3600 },
		/* It is the server's clock that says how long. */
		{ "Date: Fri, 02 Jan 2026 07:50:00 GMT\n"
		  "Expires: Fri, 02 Jan 2026 09:00:00 GMT\n",
		    4200 },
		{ "Date: Fri, 02 Jan 2026 08:06:40 GMT\n"
		  "Expires: Fri, 02 Jan 2026 08:05:00 GMT\n",
		    0 },
		{ DATED "Expires: " MORNING_DATE "\n", 0 },
		{ DATED "Expires: Fri, 02 Jan 2026 07:00:00 GMT\n", 0 },
		/* Farther than we count. */
		{ DATED "Expires: Fri, 31 Dec 9999 23:59:59 GMT\n",
		    CACHE_SECONDS_MAX },
		/* Other forms of a date. */
		{ DATED "Expires: Friday, 02-Jan-26 09:00:00 GMT\n", 3600 },
		{ DATED "Expires: Fri Jan  2 09:00:00 2026\n", 3600 },
		{ DATED "Expires: FRI, 02 JAN 2026 09:00:00 gmt\n", 3600 },
		/* No date is the past, and so are two. */
		{ DATED "Expires: 0\n", 0 },
		{ DATED "Expires: -1\n", 0 },
		{ DATED "Expires:\n", 0 },
		{ DATED "Expires: Fri, 02 Jan 2026 09:00:00 CET\n", 0 },
		{ DATED "Expires: Fri, 02 Jan 2026 9:00:00 GMT\n", 0 },
		{ DATED "Expires: Fri, 02 Jan 26 09:00:00 GMT\n", 0 },
		{ DATED "Expires: Fri, 02 Jan 2026 09:00:00 GMT\n"
			"Expires: Fri, 02 Jan 2026 09:30:00 GMT\n",
		    0 },
		{ DATED "Expires: Fri, 02 Jan 2026 09:00:00 GMT\n"
			"Expires: Fri, 02 Jan 2026 09:00:00 GMT\n",
		    3600 },
		/* RFC 9213: Expires goes with the Cache-Control it replaces. */
		{ "CDN-Cache-Control: max-age=60\nCache-Control: max-age=1\n",
		    60 },
		{ "CDN-Cache-Control: max-age=60\nExpires: 0\n", 60 },
	};
	static const struct cache_times times = { MORNING, MORNING };
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cache_meta meta;
		if (judge(599, cases[i].fields, &times, &meta, &arena) !=
			CACHE_FRESHNESS_EXPLICIT ||
		    meta.lifetime != cases[i].lifetime)
			fail_msg("'%s' is fresh for %u", cases[i].fields,
			    meta.lifetime);
		assert_int_equal(meta.flags & CACHE_META_HEURISTIC, 0);
	}
	arena_fini(&arena);
}

#define OLD DATED "Last-Modified: Thu, 01 Jan 2026 08:00:00 GMT\n"

static void
lifetimes_are_guessed(void **state)
{
	static const struct {
		unsigned status;
		const char *fields;
		enum cache_freshness kind;
		uint32_t lifetime;
	} cases[] = {
		{ 200, OLD, CACHE_FRESHNESS_HEURISTIC, 8640 },
		{ 203, OLD, CACHE_FRESHNESS_HEURISTIC, 8640 },
		{ 204, OLD, CACHE_FRESHNESS_HEURISTIC, 8640 },
		{ 300, OLD, CACHE_FRESHNESS_HEURISTIC, 8640 },
		{ 301, OLD, CACHE_FRESHNESS_HEURISTIC, 8640 },
		{ 308, OLD, CACHE_FRESHNESS_HEURISTIC, 8640 },
		{ 404, OLD, CACHE_FRESHNESS_HEURISTIC, 8640 },
		{ 405, OLD, CACHE_FRESHNESS_HEURISTIC, 8640 },
		{ 410, OLD, CACHE_FRESHNESS_HEURISTIC, 8640 },
		{ 414, OLD, CACHE_FRESHNESS_HEURISTIC, 8640 },
		{ 501, OLD, CACHE_FRESHNESS_HEURISTIC, 8640 },
		{ 201, OLD, CACHE_FRESHNESS_NONE, 0 },
		{ 202, OLD, CACHE_FRESHNESS_NONE, 0 },
		{ 302, OLD, CACHE_FRESHNESS_NONE, 0 },
		{ 307, OLD, CACHE_FRESHNESS_NONE, 0 },
		{ 403, OLD, CACHE_FRESHNESS_NONE, 0 },
		{ 500, OLD, CACHE_FRESHNESS_NONE, 0 },
		{ 502, OLD, CACHE_FRESHNESS_NONE, 0 },
		{ 503, OLD, CACHE_FRESHNESS_NONE, 0 },
		{ 504, OLD, CACHE_FRESHNESS_NONE, 0 },
		{ 599, OLD, CACHE_FRESHNESS_NONE, 0 },
		{ 599, OLD "Cache-Control: public\n", CACHE_FRESHNESS_HEURISTIC,
		    8640 },
		/* At most a day, and not of the future. */
		{ 200, DATED "Last-Modified: Mon, 02 Jan 2006 08:00:00 GMT\n",
		    CACHE_FRESHNESS_HEURISTIC, 86400 },
		{ 200, DATED "Last-Modified: Sat, 03 Jan 2026 08:00:00 GMT\n",
		    CACHE_FRESHNESS_HEURISTIC, 0 },
		{ 200, DATED "Last-Modified: long ago\n",
		    CACHE_FRESHNESS_HEURISTIC, 0 },
		{ 200, DATED, CACHE_FRESHNESS_HEURISTIC, 0 },
		{ 404, DATED, CACHE_FRESHNESS_HEURISTIC, 0 },
		{ 200, OLD "Set-Cookie: a=b\n", CACHE_FRESHNESS_HEURISTIC, 0 },
		{ 200, OLD "Pragma: no-cache\n", CACHE_FRESHNESS_HEURISTIC, 0 },
		{ 200, OLD "Pragma: other\n", CACHE_FRESHNESS_HEURISTIC, 8640 },
		{ 200, OLD "Pragma: no-cache\nCache-Control: x\n",
		    CACHE_FRESHNESS_HEURISTIC, 8640 },
	};
	static const struct cache_times times = { MORNING, MORNING };
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cache_meta meta;
		enum cache_freshness kind = judge(
		    cases[i].status, cases[i].fields, &times, &meta, &arena);
		if (kind != cases[i].kind || meta.lifetime != cases[i].lifetime)
			fail_msg("%u '%s' is %d, %u", cases[i].status,
			    cases[i].fields, (int)kind, meta.lifetime);
	}
	arena_fini(&arena);
}

static void
nothing_is_guessed_if_the_rules_say_so(void **state)
{
	static const struct cache_times times = { MORNING, MORNING };
	struct cache_rules rules = { .heuristic_max = 0 };
	struct cache_control control;
	struct cache_meta meta = { .status = 200 };
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	struct http_response response = response_of(200, OLD, &arena);
	cache_control_of_response(&response, &control);
	(void)cache_freshness_of(&response, &control, &times, &rules, &meta);
	assert_int_equal(meta.lifetime, 0);
	arena_fini(&arena);
}

/* 4.2.3 */
static void
ages_are_corrected(void **state)
{
	static const struct {
		const char *fields;
		int64_t delay;
		uint32_t age;
	} cases[] = {
		{ DATED, 0, 0 },
		{ "", 0, 0 },
		{ DATED, 5, 5 },
		{ DATED "Age: 30\n", 0, 30 },
		{ DATED "Age: 30\n", 5, 35 },
		{ DATED "Age: 0030\n", 0, 30 },
		{ "Date: Fri, 02 Jan 2026 07:59:00 GMT\n", 0, 60 },
		{ "Date: Fri, 02 Jan 2026 07:59:00 GMT\nAge: 30\n", 0, 60 },
		{ "Date: Fri, 02 Jan 2026 07:59:00 GMT\nAge: 90\n", 0, 90 },
		/* A clock that is fast makes nothing younger. */
		{ "Date: Fri, 02 Jan 2026 09:00:00 GMT\n", 0, 0 },
		{ "Date: Fri, 02 Jan 2026 09:00:00 GMT\nAge: 30\n", 0, 30 },
		{ DATED, -5, 0 },
		{ DATED "Age: 2147483647\n", 0, 2147483647 },
		{ DATED "Age: 2147483648\n", 0, CACHE_SECONDS_MAX },
		{ DATED "Age: 99999999999\n", 5, CACHE_SECONDS_MAX },
		/* The first member; what is no number is nothing. */
		{ DATED "Age: 30, 0\n", 0, 30 },
		{ DATED "Age: 0, 30\n", 0, 0 },
		{ DATED "Age: 30\nAge: 0\n", 0, 30 },
		{ DATED "Age: 0\nAge: 30\n", 0, 0 },
		{ DATED "Age: 30,30\n", 0, 30 },
		{ DATED "Age: x, 30\n", 0, 0 },
		{ DATED "Age: x\n", 0, 0 },
		{ DATED "Age: -30\n", 0, 0 },
		{ DATED "Age: 30.0\n", 0, 0 },
		{ DATED "Age: 30;x=1\n", 0, 0 },
		{ DATED "Age:\n", 0, 0 },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cache_times times = { MORNING - cases[i].delay,
			MORNING };
		struct cache_meta meta;
		(void)judge(200, cases[i].fields, &times, &meta, &arena);
		if (meta.corrected_age != cases[i].age)
			fail_msg("'%s' is %u old", cases[i].fields,
			    meta.corrected_age);
	}
	arena_fini(&arena);
}

static void
the_rest_is_noted(void **state)
{
	static const struct {
		const char *fields;
		unsigned flags;
		uint32_t while_revalidate, if_error;
	} cases[] = {
		{ "Cache-Control: max-age=1\n", 0, 0, 0 },
		{ DATED "Cache-Control: max-age=1\n", CACHE_META_DATED, 0, 0 },
		{ "Date: x\nCache-Control: max-age=1\n", 0, 0, 0 },
		{ "Cache-Control: max-age=1, no-cache\n", CACHE_META_NO_CACHE,
		    0, 0 },
		{ "Cache-Control: max-age=1, no-cache=\"a\"\n", 0, 0, 0 },
		{ "Cache-Control: max-age=1, must-revalidate\n",
		    CACHE_META_MUST_REVALIDATE, 0, 0 },
		{ "Cache-Control: max-age=1, proxy-revalidate\n",
		    CACHE_META_MUST_REVALIDATE, 0, 0 },
		{ "Cache-Control: s-maxage=1\n", CACHE_META_MUST_REVALIDATE, 0,
		    0 },
		{ "Cache-Control: max-age=1, immutable\n", CACHE_META_IMMUTABLE,
		    0, 0 },
		{ "Cache-Control: max-age=1, stale-while-revalidate=5, "
		  "stale-if-error=7\n",
		    0, 5, 7 },
	};
	static const struct cache_times times = { MORNING, MORNING };
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct cache_meta meta;
		(void)judge(200, cases[i].fields, &times, &meta, &arena);
		assert_int_equal(meta.flags, cases[i].flags);
		assert_int_equal(
		    meta.stale_while_revalidate, cases[i].while_revalidate);
		assert_int_equal(meta.stale_if_error, cases[i].if_error);
		assert_int_equal(meta.response_time, MORNING);
		assert_int_equal(meta.date, MORNING);
		assert_int_equal(meta.last_modified, HTTP_UNSAID);
	}
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lifetimes_are_said),
		cmocka_unit_test(lifetimes_are_guessed),
		cmocka_unit_test(nothing_is_guessed_if_the_rules_say_so),
		cmocka_unit_test(ages_are_corrected),
		cmocka_unit_test(the_rest_is_noted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
