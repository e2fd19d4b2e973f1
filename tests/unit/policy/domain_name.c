/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy/domain_name: spellings, faults, and names beyond ASCII. */
#include "policy/domain_name.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void
is(const char *text, const char *name, enum domain_cover cover)
{
	char buffer[DOMAIN_NAME_MAX + 1];
	struct str parsed;
	enum domain_cover parsed_cover;
	const char *why = NULL;

	assert_int_equal(domain_name_parse(str_of(text), buffer, &parsed,
			     &parsed_cover, &why),
	    0);
	assert_null(why);
	assert_string_equal(buffer, name);
	assert_int_equal(parsed.len, strlen(name));
	assert_int_equal(parsed_cover, cover);
}

static void
is_not(struct str text, const char *words)
{
	char buffer[DOMAIN_NAME_MAX + 1];
	struct str parsed;
	enum domain_cover cover;
	const char *why = NULL;

	assert_int_equal(
	    domain_name_parse(text, buffer, &parsed, &cover, &why), -EINVAL);
	assert_non_null(strstr(why, words));
}

static void
spellings(void **state)
{
	(void)state;
	is("example.com", "example.com", DOMAIN_ITSELF);
	is("*.Example.COM", "example.com", DOMAIN_UNDER);
	is(".example.com.", "example.com", DOMAIN_BOTH);
	is("a_b-c.example", "a_b-c.example", DOMAIN_ITSELF);
	is("test", "test", DOMAIN_ITSELF);
	is("4.example4", "4.example4", DOMAIN_ITSELF);
	is(L63 "." L63 "." L63 ".example", L63 "." L63 "." L63 ".example",
	    DOMAIN_ITSELF);
}

static void
faults(void **state)
{
	(void)state;
	is_not(STR(""), "empty");
	is_not(STR("."), "empty");
	is_not(STR("*."), "empty");
	is_not(STR("a..example"), "labels");
	is_not(STR("..example"), "labels");
	is_not(STR("example.com.."), "a label of the name is empty");
	is_not(STR("a b.example"), "labels");
	is_not(STR("a\0.example"), "labels");
	is_not(STR("https://example.com"), "labels");
	is_not(STR(L63 "a.example"), "labels");
	is_not(STR(L63 "." L63 "." L63 "." L63), "253");
	is_not(STR("192.0.2.1"), "number");
	is_not(STR("example.0"), "number");
	is_not(STR("7"), "number");
}

static void
international(void **state)
{
	(void)state;
	is("b\xc3\xbc"
	   "cher.example",
	    "xn--bcher-kva.example", DOMAIN_ITSELF);
	is("*.B\xc3\x9c"
	   "CHER.example.",
	    "xn--bcher-kva.example", DOMAIN_UNDER);
	/* Non-transitional: the sharp s stays one. */
	is("stra\xc3\x9f"
	   "e.example",
	    "xn--strae-oqa.example", DOMAIN_ITSELF);
	/* An ideographic full stop is a dot. */
	is("a\xe3\x80\x82"
	   "example",
	    "a.example", DOMAIN_ITSELF);
	is_not(STR("b\xfc"
		   "cher.example"),
	    "UTF-8");
	is_not(STR("\xc3\xbc\0.example"), "labels");
	is_not(STR("\xe2\x98\x83 \xc3\xbc.example"), "");
	char text[4 * DOMAIN_NAME_MAX + 8];
	memset(text, 0xc3, sizeof(text));
	is_not((struct str){ text, sizeof(text) }, "253");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings),
		cmocka_unit_test(faults),
		cmocka_unit_test(international),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
