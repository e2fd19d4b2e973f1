/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/vary.h"

#include <errno.h>

#include "messages.h"

static int
key_of(
    const char *vary, const char *fields, struct text *out, struct arena *arena)
{
	struct http_response response = response_of(200, vary, arena);
	struct http_request request = request_of(fields, arena);

	return cache_vary_key(&response.fields, &request, out);
}

static void
keys_are_normal(void **state)
{
	static const struct {
		const char *vary, *request, *key;
	} cases[] = {
		{ "", "Foo: 1\n", "" },
		{ "Vary:\n", "Foo: 1\n", "" },
		{ "Vary: Foo\n", "Foo: 1\n", "foo:1\n" },
		{ "Vary: FOO\n", "foo: A\n", "foo:A\n" },
		/* Absent, and there but empty. */
		{ "Vary: Foo\n", "", "foo\n" },
		{ "Vary: Foo\n", "Foo:\n", "foo:\n" },
		/* Names in order, each once. */
		{ "Vary: b, A\nVary: c, a,, B\n", "A: 1\nC: 3\n",
		    "a:1\nb\nc:3\n" },
		{ "Vary: foo, foo-bar\n", "", "foo\nfoo-bar\n" },
		/* Lines are one list, blanks around commas go. */
		{ "Vary: Foo\n", "Foo: 1, 2\n", "foo:1,2\n" },
		{ "Vary: Foo\n", "Foo:  1 ,2 \n", "foo:1,2\n" },
		{ "Vary: Foo\n", "Foo: 1\nX: y\nFoo: 2\n", "foo:1,2\n" },
		{ "Vary: Foo\n", "Foo: a b , c\n", "foo:a b,c\n" },
		{ "Vary: Foo\n", "Foo: \"a , b\" , c\n", "foo:\"a , b\",c\n" },
		{ "Vary: Foo\n", "Foo: b, A\n", "foo:b,A\n" },
		/* What goes no further is as if it were not there. */
		{ "Vary: Foo\n", "Foo: 1\nConnection: foo\n", "foo\n" },
		{ "Vary: TE\n", "TE: trailers\n", "te\n" },
		{ "Vary: Host\n", "", "host:a.example\n" },
		/* Codings and languages. */
		{ "Vary: Accept-Encoding\n", "Accept-Encoding: gzip, br\n",
		    "accept-encoding:br,gzip\n" },
		{ "Vary: Accept-Encoding\n",
		    "Accept-Encoding: BR;q=1.0 , GZip; Q=0.500\n",
		    "accept-encoding:br,gzip;q=0.5\n" },
		{ "Vary: Accept-Encoding\n",
		    "Accept-Encoding: gzip;q=0\nAccept-Encoding: *;q=0.001\n",
		    "accept-encoding:*;q=0.001,gzip;q=0\n" },
		{ "Vary: Accept-Language\n",
		    "Accept-Language: en-GB, de;q=0.70\n",
		    "accept-language:de;q=0.7,en-gb\n" },
		{ "Vary: Accept-Language\n", "Accept-Language:\n",
		    "accept-language:\n" },
		/* What is not to the letter stays as it is. */
		{ "Vary: Accept-Encoding\n", "Accept-Encoding: b, a;x=1\n",
		    "accept-encoding:b,a;x=1\n" },
		{ "Vary: Accept-Encoding\n", "Accept-Encoding: b, a;q=2\n",
		    "accept-encoding:b,a;q=2\n" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text key = TEXT_EMPTY;
		assert_int_equal(
		    key_of(cases[i].vary, cases[i].request, &key, &arena), 0);
		if (!str_is(text_str(&key), cases[i].key))
			fail_msg("'%s' of '%s' is '%.*s'", cases[i].vary,
			    cases[i].request, STR_ARG(text_str(&key)));
		/* It is the request's own. */
		struct http_request request =
		    request_of(cases[i].request, &arena);
		assert_true(cache_vary_matches(text_str(&key), &request));
		text_fini(&key);
	}
	arena_fini(&arena);
}

static void
some_cannot_be_told_apart(void **state)
{
	static const char *const cases[] = { "Vary: *\n", "Vary: *, *\n",
		"Vary: , *\n", "Vary:\nVary: *\n", "Vary: foo, *\n",
		"Vary: *, foo\n", "Vary: a b\n", "Vary: \"a\"\n",
		"Vary: a, x-forwarded-for\n",
		"Vary: a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q\n" };
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text key = TEXT_EMPTY;
		struct http_response response =
		    response_of(200, cases[i], &arena);
		assert_false(cache_vary_is_possible(&response.fields));
		assert_int_equal(key_of(cases[i], "", &key, &arena), -EINVAL);
		text_fini(&key);
	}
	struct http_response most = response_of(200,
	    "Vary: a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, A\n",
	    &arena);
	assert_true(cache_vary_is_possible(&most.fields));
	arena_fini(&arena);
}

static void
a_key_has_a_limit(void **state)
{
	struct text fields = TEXT_EMPTY, key = TEXT_EMPTY;
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	text_addz(&fields, "Foo: ");
	text_pad(&fields, 'x', CACHE_VARY_BYTES_MAX);
	text_addz(&fields, "\n");
	text_addz(&key, "before");
	assert_int_equal(
	    key_of("Vary: Foo\n", fields.at, &key, &arena), -E2BIG);
	assert_true(str_is(text_str(&key), "before"));
	text_fini(&fields);
	text_fini(&key);
	arena_fini(&arena);
}

static void
requests_match_or_not(void **state)
{
	static const struct {
		const char *vary, *stored, *request;
		bool matches;
	} cases[] = {
		{ "", "", "Foo: 1\n", true },
		{ "Vary: Foo\n", "Foo: 1\n", "Foo: 1\n", true },
		{ "Vary: Foo\n", "Foo: 1\n", "foo: 1\nOther: 2\n", true },
		{ "Vary: Foo\n", "Foo: 1\n", "Foo: 2\n", false },
		{ "Vary: Foo\n", "Foo: 1\n", "Foo: 11\n", false },
		{ "Vary: Foo\n", "Foo: 11\n", "Foo: 1\n", false },
		{ "Vary: Foo\n", "Foo: a\n", "Foo: A\n", false },
		{ "Vary: Foo\n", "Foo: 1\n", "", false },
		{ "Vary: Foo\n", "", "Foo: 1\n", false },
		{ "Vary: Foo\n", "", "", true },
		{ "Vary: Foo\n", "Foo:\n", "", false },
		{ "Vary: Foo\n", "", "Foo:\n", false },
		{ "Vary: Foo\n", "Foo: 1,2\n", "Foo: 1\nFoo: 2\n", true },
		{ "Vary: Foo\n", "Foo: 1, 2\n", "Foo: 2, 1\n", false },
		{ "Vary: Foo\n", "Foo: 1, 2\n", "Foo: 1\n", false },
		{ "Vary: Foo\n", "Foo: 12\n", "Foo: 1, 2\n", false },
		{ "Vary: Foo, Bar\n", "Foo: 1\nBar: 2\n", "Bar: 2\nFoo: 1\n",
		    true },
		{ "Vary: Foo, Bar\n", "Foo: 1\nBar: 2\n", "Foo: 1\n", false },
		{ "Vary: Foo, Bar\n", "Foo: 1\nBar: 2\n", "Foo: 1\nBar: 3\n",
		    false },
		{ "Vary: Foo, Bar, Baz\n", "Foo: 1\nBaz: 3\n",
		    "Baz: 3\nFoo: 1\n", true },
		{ "Vary: Foo, Bar, Baz\n", "Foo: 1\nBaz: 3\n",
		    "Foo: 1\nBar:\nBaz: 3\n", false },
		{ "Vary: Accept-Language\n", "Accept-Language: en\n",
		    "Accept-Language: fr\n", false },
		{ "Vary: Accept-Language\n", "Accept-Language: en, de\n",
		    "Accept-Language: DE ,en;q=1\n", true },
		{ "Vary: Accept-Language\n", "Accept-Language: en, de\n",
		    "Accept-Language: de;q=0.9, en\n", false },
		{ "Vary: Accept-Language\n", "Accept-Language: en, de\n",
		    "Accept-Language: en\nAccept-Language: de\n", true },
		{ "Vary: Accept-Encoding\n", "Accept-Encoding: gzip\n",
		    "Accept-Encoding: gzip, br\n", false },
		{ "Vary: Accept-Encoding\n", "Accept-Encoding: gzip\n",
		    "Accept-Encoding: gzip;q=0\n", false },
		{ "Vary: Accept-Encoding\n", "Accept-Encoding: gzip\n", "",
		    false },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text key = TEXT_EMPTY;
		assert_int_equal(
		    key_of(cases[i].vary, cases[i].stored, &key, &arena), 0);
		struct http_request request =
		    request_of(cases[i].request, &arena);
		if (cache_vary_matches(text_str(&key), &request) !=
		    cases[i].matches)
			fail_msg("'%s': '%s' for '%s'", cases[i].vary,
			    cases[i].stored, cases[i].request);
		text_fini(&key);
	}
	arena_fini(&arena);
}

/* Stored for "en, de", with this head. */
static void
the_language_that_is_liked_best(void **state)
{
	static const struct {
		const char *vary, *head, *request;
		bool selects;
	} cases[] = {
		{ "Vary: Accept-Language\n", "Content-Language: de\r\n",
		    "Accept-Language: fr;q=0.5, DE\n", true },
		{ "Vary: Accept-Language\n", "Content-Language: de\r\n",
		    "Accept-Language: fr, de;q=0.9\n", false },
		{ "Vary: Accept-Language\n", "Content-Language: de\r\n",
		    "Accept-Language: fr, de\n", false },
		{ "Vary: Accept-Language\n", "Content-Language: de\r\n",
		    "Accept-Language: de;q=0\n", false },
		{ "Vary: Accept-Language\n", "Content-Language: de\r\n",
		    "Accept-Language: de;q=0.1\n", true },
		{ "Vary: Accept-Language\n", "Content-Language: de\r\n",
		    "Accept-Language: de-AT, de;q=0.9\n", false },
		{ "Vary: Accept-Language\n", "Content-Language: de\r\n",
		    "Accept-Language: de\nAccept-Language: fr\n", false },
		{ "Vary: Accept-Language\n", "Content-Language: de\r\n",
		    "Accept-Language: de, fr;q=x\n", false },
		{ "Vary: Accept-Language\n", "Content-Language: de\r\n", "",
		    false },
		{ "Vary: Accept-Language\n", "Content-Language: de, en\r\n",
		    "Accept-Language: de\n", false },
		{ "Vary: Accept-Language\n",
		    "Content-Language: de\r\nContent-Language: en\r\n",
		    "Accept-Language: en\n", false },
		{ "Vary: Accept-Language\n", "", "Accept-Language: de\n",
		    false },
		{ "Vary: Accept-Language, Foo\n", "Content-Language: de\r\n",
		    "Accept-Language: de\n", true },
		{ "Vary: Accept-Language, Foo\n", "Content-Language: de\r\n",
		    "Accept-Language: de\nFoo: bar\n", false },
		{ "Vary: Accept-Language-Too\n", "Content-Language: de\r\n",
		    "Accept-Language: de\nAccept-Language-Too: x\n", false },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text key = TEXT_EMPTY;
		assert_int_equal(key_of(cases[i].vary,
				     "Accept-Language: en, de\n", &key, &arena),
		    0);
		struct http_request request =
		    request_of(cases[i].request, &arena);
		if (cache_vary_selects(text_str(&key), str_of(cases[i].head),
			&request) != cases[i].selects)
			fail_msg(
			    "'%s' for '%s'", cases[i].head, cases[i].request);
		text_fini(&key);
	}
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_normal),
		cmocka_unit_test(some_cannot_be_told_apart),
		cmocka_unit_test(a_key_has_a_limit),
		cmocka_unit_test(requests_match_or_not),
		cmocka_unit_test(the_language_that_is_liked_best),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
