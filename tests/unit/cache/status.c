/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/status.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NAME .name = STR_INIT("gatehouse")

static void
members_are_as_the_rfc_writes_them(void **state)
{
	static const struct {
		struct cache_status status;
		const char *want;
	} cases[] = {
		{ { NAME }, "gatehouse; hit" },
		{ { NAME, .ttl_said = true, .ttl = 30 },
		    "gatehouse; hit; ttl=30" },
		{ { NAME, .ttl_said = true, .ttl = -412 },
		    "gatehouse; hit; ttl=-412" },
		{ { NAME, .ttl_said = true }, "gatehouse; hit; ttl=0" },
		{ { NAME, .forward = CACHE_FORWARD_URI_MISS },
		    "gatehouse; fwd=uri-miss" },
		{ { NAME, .forward = CACHE_FORWARD_VARY_MISS, .stored = true,
		      .forward_status = 200 },
		    "gatehouse; fwd=vary-miss; fwd-status=200; stored" },
		{ { NAME, .forward = CACHE_FORWARD_STALE, .forward_status = 304,
		      .ttl_said = true, .ttl = 60 },
		    "gatehouse; fwd=stale; fwd-status=304; ttl=60" },
		{ { NAME, .forward = CACHE_FORWARD_REQUEST, .collapsed = true },
		    "gatehouse; fwd=request; collapsed" },
		{ { NAME, .forward = CACHE_FORWARD_METHOD,
		      .detail = STR_INIT("private") },
		    "gatehouse; fwd=method; detail=private" },
		{ { NAME, .forward = CACHE_FORWARD_BYPASS,
		      .detail = STR_INIT("so it is") },
		    "gatehouse; fwd=bypass; detail=\"so it is\"" },
		{ { NAME, .forward = CACHE_FORWARD_PARTIAL,
		      .key = STR_INIT("http://a.example:80/") },
		    "gatehouse; fwd=partial; "
		    "key=\"http://a.example:80/\"" },
		{ { .name = STR_INIT("a \"b\" \\"),
		      .key = STR_INIT("x\ny\xc3\xbc") },
		    "\"a \\\"b\\\" \\\\\"; hit; key=\"x?y??\"" },
		{ { .name = STR_INIT("9") }, "\"9\"; hit" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text text = TEXT_EMPTY;
		cache_status_add(&cases[i].status, &text);
		assert_string_equal(text.at, cases[i].want);
		text_fini(&text);
	}
}

static void
each_reason_has_a_word(void **state)
{
	(void)state;
	assert_int_equal(cache_forward_text(CACHE_FORWARD_NOT).len, 0);
	for (unsigned i = 1; i < CACHE_FORWARD_COUNT; i++)
		assert_true(cache_forward_text((enum cache_forward)i).len > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_as_the_rfc_writes_them),
		cmocka_unit_test(each_reason_has_a_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
