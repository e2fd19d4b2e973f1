/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/etag.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void
tags_are_written_to_the_letter(void **state)
{
	static const struct {
		const char *tag;
		bool valid, weak;
	} cases[] = {
		{ "\"x\"", true, false },
		{ "\"\"", true, false },
		{ "W/\"x\"", true, true },
		{ "\"a,b\"", true, false },
		{ "\"a\\\"", true, false },
		{ "\"\xc3\xbc\"", true, false },
		{ "", false, false },
		{ "x", false, false },
		{ "\"", false, false },
		{ "\"x", false, false },
		{ "x\"", false, false },
		{ "'x'", false, false },
		{ "w/\"x\"", false, false },
		{ "W\"x\"", false, false },
		{ "W/x", false, true },
		{ "W/", false, true },
		{ "\"a b\"", false, false },
		{ "\"a\"b\"", false, false },
		{ "\"a\x7f\"", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str tag = str_of(cases[i].tag);
		if (http_etag_is_valid(tag) != cases[i].valid ||
		    http_etag_is_weak(tag) != cases[i].weak)
			fail_msg("'%s'", cases[i].tag);
	}
}

static void
tags_are_compared_in_two_ways(void **state)
{
	/* RFC 9110, 8.8.3.2, and what is no tag. */
	static const struct {
		const char *a, *b;
		bool strong, weak;
	} cases[] = {
		{ "W/\"1\"", "W/\"1\"", false, true },
		{ "W/\"1\"", "W/\"2\"", false, false },
		{ "W/\"1\"", "\"1\"", false, true },
		{ "\"1\"", "\"1\"", true, true },
		{ "\"1\"", "\"2\"", false, false },
		{ "1", "1", false, false },
		{ "1", "\"1\"", false, false },
		{ "", "", false, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str a = str_of(cases[i].a), b = str_of(cases[i].b);
		assert_int_equal(http_etag_strong_eq(a, b), cases[i].strong);
		assert_int_equal(http_etag_strong_eq(b, a), cases[i].strong);
		assert_int_equal(http_etag_weak_eq(a, b), cases[i].weak);
		assert_int_equal(http_etag_weak_eq(b, a), cases[i].weak);
	}
}

static void
a_message_has_one_tag(void **state)
{
	struct http_fields fields = { 0 };
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 14);
	assert_int_equal(http_etag_of(&fields).len, 0);
	assert_int_equal(
	    http_fields_add(&fields, &arena, STR("ETag"), STR("\"a\"")), 0);
	assert_true(str_is(http_etag_of(&fields), "\"a\""));
	assert_int_equal(
	    http_fields_add(&fields, &arena, STR("ETag"), STR("\"b\"")), 0);
	assert_int_equal(http_etag_of(&fields).len, 0);
	arena_fini(&arena);
}

static void
lists_are_of_tags(void **state)
{
	static const struct {
		const char *list;
		const char *tag;
		bool listed;
	} cases[] = {
		{ "\"a\"", "\"a\"", true },
		{ "\"a\", \"b\"", "\"b\"", true },
		{ "\"a\",\"b\" ,\t\"c\"", "\"c\"", true },
		{ "\"a\", \"b\"", "\"c\"", false },
		{ "W/\"a\"", "\"a\"", true },
		{ "\"a\"", "W/\"a\"", true },
		{ "*", "\"a\"", true },
		{ "*", "", true },
		{ "\"*\"", "\"a\"", false },
		{ "", "\"a\"", false },
		{ ",,\"a\"", "\"a\"", true },
		{ "a", "\"a\"", false },
		{ "a", "a", false },
		/* A comma in a tag divides nothing, a backslash is a letter. */
		{ "\"x,\"a\",\"", "\"a\"", false },
		{ "\"x,y\", \"a\"", "\"a\"", true },
		{ "\"x\\\", \"a\"", "\"a\"", true },
		{ "\"x\"y, \"a\"", "\"a\"", true },
		{ "\"a", "\"a\"", false },
		{ "W/", "\"a\"", false },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_fields fields = { 0 };
		assert_int_equal(
		    http_fields_add(&fields, &arena, STR("If-None-Match"),
			str_of(cases[i].list)),
		    0);
		if (http_etag_is_listed(&fields, HTTP_NAME_IF_NONE_MATCH,
			str_of(cases[i].tag)) != cases[i].listed)
			fail_msg("'%s' in '%s'", cases[i].tag, cases[i].list);
	}
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_are_written_to_the_letter),
		cmocka_unit_test(tags_are_compared_in_two_ways),
		cmocka_unit_test(a_message_has_one_tag),
		cmocka_unit_test(lists_are_of_tags),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
