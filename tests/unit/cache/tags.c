/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/tags.h"

#include "messages.h"

static void
tags_are_words_of_two_fields(void **state)
{
	static const struct {
		const char *fields, *tags;
	} cases[] = {
		{ "A: b\n", "" },
		{ "Surrogate-Key: a\n", "a" },
		{ "surrogate-key:  a \t b\n", "a b" },
		{ "Cache-Tag: a, b,c\n", "a b c" },
		{ "Cache-Tag: a\nSurrogate-Key: b c\nCache-Tag: d\n",
		    "a b c d" },
		{ "Cache-Tag: ,, a,\nSurrogate-Key:\n", "a" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_response response =
		    response_of(200, cases[i].fields, &arena);
		struct text tags = TEXT_EMPTY;
		cache_tags_add(&response.fields, &tags);
		if (!str_is(text_str(&tags), cases[i].tags))
			fail_msg("'%s' is '%.*s'", cases[i].fields,
			    STR_ARG(text_str(&tags)));
		text_fini(&tags);
	}
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags_are_words_of_two_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
