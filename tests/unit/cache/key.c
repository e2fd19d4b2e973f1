/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/key.h"

#include "messages.h"

static void
keys_are_whole_and_in_one_spelling(void **state)
{
	static const struct {
		const char *uri, *dialled, *key;
	} cases[] = {
		{ "http://A.example/x?y", NULL, "http://a.example:80/x?y" },
		{ "http://a.example:80/x?y", NULL, "http://a.example:80/x?y" },
		{ "https://a.example/", NULL, "https://a.example:443/" },
		{ "https://a.example:80/", NULL, "https://a.example:80/" },
		{ "http://a.example", NULL, "http://a.example:80/" },
		{ "http://a.example?x", NULL, "http://a.example:80/?x" },
		{ "http://a.example/?", NULL, "http://a.example:80/?" },
		{ "http://[2001:DB8::1]/", NULL, "http://[2001:db8::1]:80/" },
		{ "http://a.example/%41/../b", NULL,
		    "http://a.example:80/%41/../b" },
		{ "http://a.example/x", "192.0.2.1:80",
		    "http://a.example:80/x\n192.0.2.1:80" },
		{ "http://a.example/x", "[2001:db8::2]:8080",
		    "http://a.example:80/x\n[2001:db8::2]:8080" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct address_port dialled = { .port = 0 };
		struct text key = TEXT_EMPTY;
		enum http_fault fault;
		struct http_uri uri;
		assert_int_equal(
		    http_uri_parse(str_of(cases[i].uri), &arena, &uri, &fault),
		    0);
		if (cases[i].dialled != NULL)
			assert_int_equal(
			    address_port_parse(
				str_of(cases[i].dialled), &dialled),
			    0);
		cache_key_add(&uri, dialled, &key);
		assert_string_equal(key.at, cases[i].key);
		text_fini(&key);
	}
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_whole_and_in_one_spelling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
