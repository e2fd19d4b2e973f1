/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http/structured.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* "key=?1 key=3 key='text' key=token key=." for each member, or "bad". */
static void
describe(struct str rest, struct text *out)
{
	struct http_structured member;
	int more;

	while ((more = http_structured_next(&rest, &member)) > 0) {
		text_add(out, member.key);
		switch (member.type) {
		case HTTP_STRUCTURED_BOOLEAN:
			text_addf(out, "=?%d ", (int)member.number);
			break;
		case HTTP_STRUCTURED_INTEGER:
			text_addf(out, "=%lld ", (long long)member.number);
			break;
		case HTTP_STRUCTURED_STRING:
			text_addf(out, "='%.*s' ", STR_ARG(member.text));
			break;
		case HTTP_STRUCTURED_TOKEN:
			text_addf(out, "=%.*s ", STR_ARG(member.text));
			break;
		case HTTP_STRUCTURED_ANOTHER:
			text_addz(out, "=. ");
			break;
		}
	}
	if (more < 0) {
		assert_int_equal(more, -EINVAL);
		text_addz(out, "bad");
	}
}

static void
a_dictionary_is_read_to_its_end(void **state)
{
	static const struct {
		const char *value, *want;
	} cases[] = {
		{ "", "" },
		{ "  ", "" },
		{ "a", "a=?1 " },
		{ "a, b", "a=?1 b=?1 " },
		{ "a\t ,\t b", "a=?1 b=?1 " },
		{ "*a-b_c.d*1", "*a-b_c.d*1=?1 " },
		{ "a=?0, b=?1", "a=?0 b=?1 " },
		{ "a=1", "a=1 " },
		{ "a=-1", "a=-1 " },
		{ "a=003", "a=3 " },
		{ "a=999999999999999", "a=999999999999999 " },
		{ "a=1.5, b=-123456789012.123", "a=. b=. " },
		{ "a=\"x y\"", "a='x y' " },
		{ "a=\"x\\\"y\\\\\"", "a='x\\\"y\\\\' " },
		{ "a=tok/en:x", "a=tok/en:x " },
		{ "a=*x", "a=*x " },
		{ "a=:aGVsbG8=:, b=@1659578233", "a=. b=. " },
		{ "a=%\"x %c3%bc~\"", "a=. " },
		{ "a=\" ~\"", "a=' ~' " },
		{ "a=(), b=( 1  x ), c=(\"y\";p=1 ?1);q", "a=. b=. c=. " },
		{ "a=1;x, b;y=2; z=\"t\"", "a=1 b=?1 " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text text = TEXT_EMPTY;
		describe(str_of(cases[i].value), &text);
		if (!str_is(text_str(&text), cases[i].want))
			fail_msg("'%s' is '%.*s'", cases[i].value,
			    STR_ARG(text_str(&text)));
		text_fini(&text);
	}
}

static void
what_is_no_dictionary_is_refused(void **state)
{
	static const char *const cases[] = { ",", ",a", "a,", "a, ", "a,,b",
		"A", "1", "=1", "a =1", "a= 1", "a=", "a=1 b", "a=&", "&&&",
		"a=?2", "a=?", "a=-", "a=--1", "a=1000000000000000", "a=1.",
		"a=.5", "a=1.1234", "a=1234567890123.1", "a=\"x", "a=\"x\\y\"",
		"a=\"x\\", "a=\"\xc3\xbc\"", "a=\"\t\"", "a=:ab",
		"a=:a b:", "a=@1.5", "a=@x", "a=%x", "a=%\"x", "a=%\"%C3\"",
		"a=%\"%", "a=%\"%c", "a=%\"%cg\"", "a=%\"\t\"", "a=%\"\x7f\"",
		"a=%\"\xc3\"", "a=\"\x7f\"", "a=%\"%c\"", "a=(", "a=(1",
		"a=(1,2)", "a=(\"x\"1)", "a=(&)", "a=1;", "a=1;A",
		"a=1;x=", "a;x=(1)", "a=1 ;x", "a=\"x\"y" };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text text = TEXT_EMPTY;
		describe(str_of(cases[i]), &text);
		if (!str_ends(text_str(&text), STR("bad")))
			fail_msg("'%s' is '%.*s'", cases[i],
			    STR_ARG(text_str(&text)));
		text_fini(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dictionary_is_read_to_its_end),
		cmocka_unit_test(what_is_no_dictionary_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
