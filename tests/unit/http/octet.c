/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of bytes against a second statement of each class: the strings of
 * RFC 9110 and 3986 written out.
 */
#include "http/octet.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define DIGITS "0123456789"
#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static void
expect_class(enum http_octet class, const char *members)
{
	for (int c = 0; c < 256; c++) {
		bool want = c != 0 && strchr(members, c) != NULL;
		if (http_octet_is((char)c, class) != want)
			fail_msg("byte %#x, class %#x", (unsigned)c,
			    (unsigned)class);
	}
}

static void
named_classes_hold_exactly_their_members(void **state)
{
	(void)state;
	expect_class(HTTP_OCTET_TOKEN, "!#$%&'*+-.^_`|~" DIGITS LOWER UPPER);
	expect_class(HTTP_OCTET_HOST, "-_." DIGITS LOWER UPPER);
	expect_class(HTTP_OCTET_HEX, DIGITS "abcdefABCDEF");
	expect_class(HTTP_OCTET_UNRESERVED, "-._~" DIGITS LOWER UPPER);
}

static void
ranges_hold_exactly_their_members(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		bool visible = c > 0x20 && c < 0x7f;
		assert_int_equal(
		    http_octet_is((char)c, HTTP_OCTET_VISIBLE), visible);
		assert_int_equal(http_octet_is((char)c, HTTP_OCTET_PATH),
		    visible && c != '#');
		assert_int_equal(http_octet_is((char)c, HTTP_OCTET_VALUE),
		    visible || c == ' ' || c == '\t' || c >= 0x80);
	}
}

static void
spans_stop_at_the_first_other_byte(void **state)
{
	(void)state;
	assert_int_equal(http_octet_span(STR("GET /"), HTTP_OCTET_TOKEN), 3);
	assert_int_equal(http_octet_span(STR(""), HTTP_OCTET_TOKEN), 0);
	assert_int_equal(http_octet_span(STR("GET"), HTTP_OCTET_TOKEN), 3);
	assert_true(http_octet_all(STR("GET"), HTTP_OCTET_TOKEN));
	assert_false(http_octet_all(STR("G ET"), HTTP_OCTET_TOKEN));
	assert_false(http_octet_all(STR(""), HTTP_OCTET_TOKEN));
}

/* Eight bytes at a time against one, for each byte at each place. */
static void
value_spans_are_the_same_by_words(void **state)
{
	(void)state;
	for (size_t len = 0; len < 27; len++) {
		for (size_t at = 0; at < len; at++) {
			for (int c = 0; c < 256; c++) {
				char bytes[27];
				struct str s = { bytes, len };
				memset(bytes, at % 2 == 0 ? 'v' : 0xa0, len);
				bytes[at] = (char)c;
				bytes[(at + 9) % len] = '\t';
				bytes[(at + 11) % len] = (char)c;
				assert_int_equal(http_octet_value_span(s),
				    http_octet_span(s, HTTP_OCTET_VALUE));
			}
		}
	}
	assert_int_equal(http_octet_value_span(STR("")), 0);
}

/* And on noise: all bytes, then few controls among many others. */
static void
value_spans_are_the_same_on_noise(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int round = 0; round < 100000; round++) {
		char bytes[40];
		struct str s = { bytes, sizeof(bytes) };
		for (size_t i = 0; i < sizeof(bytes); i++) {
			seed = seed * 6364136223846793005u + 1;
			bytes[i] = (char)(seed >> 56);
			if (round % 2 == 0 && (seed >> 40) % 32 > 0)
				bytes[i] = (char)(bytes[i] | 0x20);
		}
		assert_int_equal(http_octet_value_span(s),
		    http_octet_span(s, HTTP_OCTET_VALUE));
	}
}

static void
hex_digits_have_their_values(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(http_octet_hex("0123456789abcdef"[i]), i);
		assert_int_equal(http_octet_hex("0123456789ABCDEF"[i]), i);
	}
}

static void
trim_takes_blanks_and_tabs_only(void **state)
{
	(void)state;
	assert_true(str_is(http_octet_trim(STR(" \t a b\t ")), "a b"));
	assert_true(str_is(http_octet_trim(STR("\ra\r")), "\ra\r"));
	assert_int_equal(http_octet_trim(STR(" \t ")).len, 0);
	assert_int_equal(http_octet_trim(STR("")).len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_classes_hold_exactly_their_members),
		cmocka_unit_test(ranges_hold_exactly_their_members),
		cmocka_unit_test(spans_stop_at_the_first_other_byte),
		cmocka_unit_test(value_spans_are_the_same_by_words),
		cmocka_unit_test(value_spans_are_the_same_on_noise),
		cmocka_unit_test(hex_digits_have_their_values),
		cmocka_unit_test(trim_takes_blanks_and_tabs_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
