/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/override.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool
is_said(const char *name, bool hop)
{
	struct http_fields fields = { 0 };
	struct arena arena;

	arena_init(&arena, 1 << 14);
	assert_int_equal(
	    http_fields_add(&fields, &arena, STR("Accept"), STR("a/b")), 0);
	assert_int_equal(
	    http_fields_add(&fields, &arena, str_of(name), STR("x")), 0);
	fields.items[1].hop = hop;
	bool said = http_override_is_said(&fields);
	arena_fini(&arena);
	return said;
}

static void
what_tells_of_another_url(void **state)
{
	static const char *const overrides[] = { "Forwarded",
		"x-forwarded-host", "X-Forwarded-Proto", "X-Forwarded-Prefix",
		"X-HOST", "X-HTTP-Method-Override", "X-Original-URL",
		"X-Rewrite-Url" };
	static const char *const others[] = { "X-Forwarded-For", "Host", "Via",
		"X-Forwarded", "X-Host-Id", "X-Originating-IP", "Accept" };

	(void)state;
	for (size_t i = 0; i < sizeof(overrides) / sizeof(overrides[0]); i++) {
		assert_true(is_said(overrides[i], false));
		assert_false(is_said(overrides[i], true));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(is_said(others[i], false));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_tells_of_another_url),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
