/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/reference.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void
references_are_resolved(void **state)
{
	/* RFC 3986, 5.4, as far as it is HTTP; NULL: refused. */
	static const struct {
		const char *base, *text, *want;
	} cases[] = {
		{ "http://a/b/c/d;p?q", "g:h", NULL },
		{ "http://a/b/c/d;p?q", "g", "http://a/b/c/g" },
		{ "http://a/b/c/d;p?q", "./g", "http://a/b/c/g" },
		{ "http://a/b/c/d;p?q", "g/", "http://a/b/c/g/" },
		{ "http://a/b/c/d;p?q", "/g", "http://a/g" },
		{ "http://a/b/c/d;p?q", "//g", "http://g/" },
		{ "http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y" },
		{ "http://a/b/c/d;p?q", "g?y", "http://a/b/c/g?y" },
		{ "http://a/b/c/d;p?q", "#s", "http://a/b/c/d;p?q" },
		{ "http://a/b/c/d;p?q", "g#s", "http://a/b/c/g" },
		{ "http://a/b/c/d;p?q", "g?y#s", "http://a/b/c/g?y" },
		{ "http://a/b/c/d;p?q", ";x", "http://a/b/c/;x" },
		{ "http://a/b/c/d;p?q", "g;x?y#s", "http://a/b/c/g;x?y" },
		{ "http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q" },
		{ "http://a/b/c/d;p?q", ".", "http://a/b/c/" },
		{ "http://a/b/c/d;p?q", "./", "http://a/b/c/" },
		{ "http://a/b/c/d;p?q", "..", "http://a/b/" },
		{ "http://a/b/c/d;p?q", "../g", "http://a/b/g" },
		{ "http://a/b/c/d;p?q", "../..", "http://a/" },
		{ "http://a/b/c/d;p?q", "../../g", "http://a/g" },
		{ "http://a/b/c/d;p?q", "../../../g", "http://a/g" },
		{ "http://a/b/c/d;p?q", "/./g", "http://a/g" },
		{ "http://a/b/c/d;p?q", "/../g", "http://a/g" },
		{ "http://a/b/c/d;p?q", "g.", "http://a/b/c/g." },
		{ "http://a/b/c/d;p?q", "..g", "http://a/b/c/..g" },
		{ "http://a/b/c/d;p?q", "./../g", "http://a/b/g" },
		{ "http://a/b/c/d;p?q", "./g/.", "http://a/b/c/g/" },
		{ "http://a/b/c/d;p?q", "g/../h", "http://a/b/c/h" },
		{ "http://a/b/c/d;p?q", "g?y/../x", "http://a/b/c/g?y/../x" },
		{ "http://a/b/c/d;p?q", "g#s/../x", "http://a/b/c/g" },
		{ "http://a/b/c/d;p?q", "http:g", NULL },
		{ "http://a/x", "http://b.example", "http://b.example/" },
		{ "http://a/x", "https://B.example:443/y/../z?q",
		    "https://b.example/z?q" },
		{ "http://a/x", "http://b.example?q/..",
		    "http://b.example/?q/.." },
		{ "https://a/x", "//b.example:8443/y",
		    "https://b.example:8443/y" },
		{ "http://a/x", "ftp://b.example/", NULL },
		{ "http://a/x", "http://u@b.example/", NULL },
		{ "http://a/x", "y z", NULL },
		{ "http://a/x", "\xc3\xbc", NULL },
		{ "http://a/x", "//", NULL },
		{ "http://a/x", "y:z", NULL },
		{ "http://a/x", "./y:z", "http://a/y:z" },
		{ "http://a", "g", "http://a/g" },
		{ "http://a", "?y", "http://a/?y" },
		{ "http://a?q", "../g", "http://a/g" },
	};
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text text = TEXT_EMPTY;
		enum http_fault fault = HTTP_FAULT_COUNT;
		struct http_uri base, uri;
		assert_int_equal(http_uri_parse(str_of(cases[i].base), &arena,
				     &base, &fault),
		    0);
		int error = http_reference_resolve(
		    &base, str_of(cases[i].text), &arena, &uri, &fault);
		if (error == 0)
			http_uri_add(&uri, &text);
		if (error != (cases[i].want == NULL ? -EBADMSG : 0) ||
		    (error == 0 && !str_is(text_str(&text), cases[i].want)))
			fail_msg("'%s' from '%s' is %d '%.*s'", cases[i].text,
			    cases[i].base, error, STR_ARG(text_str(&text)));
		text_fini(&text);
	}
	arena_fini(&arena);
}

static void
memory_can_run_out(void **state)
{
	static const char *const texts[] = { "g", "//b.example/", "?y" };
	struct arena arena, none;
	enum http_fault fault;
	struct http_uri base, uri;

	(void)state;
	arena_init(&arena, 4096);
	arena_init(&none, 0);
	assert_int_equal(
	    http_uri_parse(STR("http://a/b"), &arena, &base, &fault), 0);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_int_equal(http_reference_resolve(&base, str_of(texts[i]),
				     &none, &uri, &fault),
		    -ENOMEM);
	arena_fini(&none);
	arena_fini(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references_are_resolved),
		cmocka_unit_test(memory_can_run_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
