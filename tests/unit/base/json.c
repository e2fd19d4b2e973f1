/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/json: commas, escapes, and every way in which bytes fail to be UTF-8
 * (RFC 3629): each bad byte becomes U+FFFD, and what is good around it stays.
 */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))
#define BAD         "\\ufffd"

static void
assert_quoted(struct str value, const char *want)
{
	struct text out = TEXT_EMPTY;
	struct json json = JSON_ON(&out);
	char quoted[256];

	(void)snprintf(quoted, sizeof(quoted), "\"%s\"", want);
	json_put_string(&json, value);
	assert_string_equal(out.at, quoted);
	text_fini(&out);
}

static void
escapes(void **state)
{
	static const struct {
		struct str value;
		const char *want;
	} rows[] = {
		{ STR_INIT(""), "" },
		{ STR_INIT("plain /text/"), "plain /text/" },
		{ STR_INIT("\"\\"), "\\\"\\\\" },
		{ STR_INIT("\n\r\t"), "\\n\\r\\t" },
		{ STR_INIT("\0a\0"), "\\u0000a\\u0000" },
		{ STR_INIT("\b\f\v\x1b\x1f\x7f"),
		    "\\u0008\\u000c\\u000b\\u001b\\u001f\\u007f" },
		{ STR_INIT(" ~"), " ~" },
		{ STR_INIT("</script>"), "</script>" },
		/* C1 controls are controls to a terminal: U+0080, CSI. */
		{ STR_INIT("\xc2\x80"), "\\u0080" },
		{ STR_INIT("\xc2\x9b"
			   "2J"),
		    "\\u009b2J" },
		{ STR_INIT("\xc2\x9f\xc2\xa0"), "\\u009f\xc2\xa0" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_quoted(rows[i].value, rows[i].want);
}

/* Every byte below 0x20 is escaped, and no printable one but two. */
static void
every_ascii_byte(void **state)
{
	(void)state;
	for (int c = 0; c < 0x80; c++) {
		struct text out = TEXT_EMPTY;
		struct json json = JSON_ON(&out);
		char byte = (char)c;
		bool plain = c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
		json_put_string(&json, (struct str){ &byte, 1 });
		assert_int_equal(out.len == 3 && out.at[1] == byte, plain);
		for (size_t i = 0; i < out.len; i++)
			assert_in_range(out.at[i], 0x20, 0x7e);
		text_fini(&out);
	}
}

static void
well_formed(void **state)
{
	/* The first and the last of each length, and around the surrogates. */
	static const char *const rows[] = { "\xc2\xa0", "\xc3\xa4", "\xdf\xbf",
		"\xe0\xa0\x80", "\xe2\x82\xac", "\xed\x9f\xbf", "\xee\x80\x80",
		"\xef\xbf\xbd", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
		"\xf0\x9f\x9a\xaa", "\xf4\x8f\xbf\xbf" };

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char value[16];
		assert_quoted(str_of(rows[i]), rows[i]);
		(void)snprintf(value, sizeof(value), "a%sb", rows[i]);
		assert_quoted(str_of(value), value);
	}
}

static void
malformed(void **state)
{
	static const struct {
		struct str value;
		const char *want;
	} rows[] = {
		/* A tail without a head. */
		{ STR_INIT("\x80"), BAD },
		{ STR_INIT("a\xbf z"), "a" BAD " z" },
		{ STR_INIT("\xc3\xa4\xa4"), "\xc3\xa4" BAD },
		/* A head without its tails, at the end and in the middle. */
		{ STR_INIT("\xc3"), BAD },
		{ STR_INIT("\xc3x"), BAD "x" },
		{ STR_INIT("\xc3\xc3\xa4"), BAD "\xc3\xa4" },
		{ STR_INIT("\xe2\x82"), BAD BAD },
		{ STR_INIT("\xe2\x82x"), BAD BAD "x" },
		{ STR_INIT("\xe2x\x82"), BAD "x" BAD },
		{ STR_INIT("\xf0\x9f\x9a"), BAD BAD BAD },
		{ STR_INIT("\xf0\x9f\x9a\""), BAD BAD BAD "\\\"" },
		/* Overlong: a slash, a NUL, the last below each length. */
		{ STR_INIT("\xc0\xaf"), BAD BAD },
		{ STR_INIT("\xc0\x80"), BAD BAD },
		{ STR_INIT("\xc1\xbf"), BAD BAD },
		{ STR_INIT("\xe0\x80\xaf"), BAD BAD BAD },
		{ STR_INIT("\xe0\x9f\xbf"), BAD BAD BAD },
		{ STR_INIT("\xf0\x80\x80\xaf"), BAD BAD BAD BAD },
		{ STR_INIT("\xf0\x8f\xbf\xbf"), BAD BAD BAD BAD },
		/* Surrogates: the first, the last, a pair. */
		{ STR_INIT("\xed\xa0\x80"), BAD BAD BAD },
		{ STR_INIT("\xed\xbf\xbf"), BAD BAD BAD },
		{ STR_INIT("\xed\xa0\xbd\xed\xb2\xa9"),
		    BAD BAD BAD BAD BAD BAD },
		/* Behind U+10FFFF, and the lengths that are no more. */
		{ STR_INIT("\xf4\x90\x80\x80"), BAD BAD BAD BAD },
		{ STR_INIT("\xf5\x80\x80\x80"), BAD BAD BAD BAD },
		{ STR_INIT("\xf8\x88\x80\x80\x80"), BAD BAD BAD BAD BAD },
		{ STR_INIT("\xfc\x84\x80\x80\x80\x80"),
		    BAD BAD BAD BAD BAD BAD },
		{ STR_INIT("\xfe"), BAD },
		{ STR_INIT("\xff"), BAD },
		{ STR_INIT("\xff\xfe"), BAD BAD },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++)
		assert_quoted(rows[i].value, rows[i].want);
}

/* A lent string may end where the next one begins: nothing behind is read. */
static void
tails_outside_are_not_taken(void **state)
{
	(void)state;
	assert_quoted((struct str){ "\xc3\xa4", 1 }, BAD);
	assert_quoted((struct str){ "\xf0\x9f\x9a\xaa", 3 }, BAD BAD BAD);
	assert_quoted((struct str){ "ab", 1 }, "a");
}

static void
scalars(void **state)
{
	struct text out = TEXT_EMPTY;
	struct json json = JSON_ON(&out);

	(void)state;
	json_array_begin(&json);
	json_put_null(&json);
	json_put_bool(&json, true);
	json_put_bool(&json, false);
	json_put_integer(&json, 0);
	json_put_integer(&json, INT64_MAX);
	json_put_integer(&json, INT64_MIN);
	json_put_string(&json, (struct str){ NULL, 0 });
	json_put_stringz(&json, NULL);
	json_put_string(&json, STR(""));
	json_put_stringz(&json, "x");
	json_array_end(&json);
	assert_string_equal(out.at,
	    "[null, true, false, 0, 9223372036854775807, "
	    "-9223372036854775808, null, null, \"\", \"x\"]");
	text_fini(&out);
}

static void
thousandths(void **state)
{
	static const struct {
		int64_t value;
		const char *want;
	} rows[] = {
		{ 0, "0.000" },
		{ 1, "0.001" },
		{ 999, "0.999" },
		{ 1000, "1.000" },
		{ 1500, "1.500" },
		{ 1234567, "1234.567" },
		{ -1, "-0.001" },
		{ -1500, "-1.500" },
		{ INT64_MAX, "9223372036854775.807" },
		{ INT64_MIN, "-9223372036854775.808" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct text out = TEXT_EMPTY;
		struct json json = JSON_ON(&out);
		json_thousandths(&json, rows[i].value);
		assert_string_equal(out.at, rows[i].want);
		text_fini(&out);
	}
}

static void
cutting(void **state)
{
	static const struct {
		struct str value;
		size_t bytes_max;
		const char *want;
	} rows[] = {
		{ { NULL, 0 }, 3, "null" },
		{ STR_INIT(""), 3, "\"\"" },
		{ STR_INIT("abc"), 3, "\"abc\"" },
		{ STR_INIT("abcd"), 3, "\"...\"" },
		{ STR_INIT("abcd"), 4, "\"abcd\"" },
		{ STR_INIT("abcdefgh"), 7, "\"abcd...\"" },
		{ STR_INIT("abcdefgh"), 8, "\"abcdefgh\"" },
		/* Never within a character. */
		{ STR_INIT("ab\xe2\x82\xac"
			   "defg"),
		    8, "\"ab\xe2\x82\xac...\"" },
		{ STR_INIT("ab\xe2\x82\xac"
			   "defg"),
		    7, "\"ab...\"" },
		{ STR_INIT("ab\xe2\x82\xac"
			   "defg"),
		    6, "\"ab...\"" },
		/* Never within an escape, and what it takes is counted. */
		{ STR_INIT("a\"bcdef"), 6, "\"a\\\"...\"" },
		{ STR_INIT("a\"bcdef"), 5, "\"a...\"" },
		{ STR_INIT("\0\0\0"), 18, "\"\\u0000\\u0000\\u0000\"" },
		{ STR_INIT("\0\0\0"), 17, "\"\\u0000\\u0000...\"" },
		{ STR_INIT("\0\0\0"), 14, "\"\\u0000...\"" },
		{ STR_INIT("\xff\xff"), 11, "\"\\ufffd...\"" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct text out = TEXT_EMPTY;
		struct json json = JSON_ON(&out);
		json_string_cut(&json, rows[i].value, rows[i].bytes_max);
		assert_string_equal(out.at, rows[i].want);
		text_fini(&out);
	}
}

static void
nesting(void **state)
{
	struct text out = TEXT_EMPTY;
	struct json json = JSON_ON(&out);

	(void)state;
	json_object_begin(&json);
	json_name(&json, "empty");
	json_object_begin(&json);
	json_object_end(&json);
	json_name(&json, "list");
	json_array_begin(&json);
	json_array_begin(&json);
	json_array_end(&json);
	json_object_begin(&json);
	json_name(&json, "a\"b");
	json_put_integer(&json, 1);
	json_name(&json, "c");
	json_put_integer(&json, 2);
	json_object_end(&json);
	json_put_integer(&json, 3);
	json_array_end(&json);
	json_name(&json, "last");
	json_put_bool(&json, true);
	json_object_end(&json);
	assert_string_equal(out.at,
	    "{\"empty\": {}, \"list\": [[], {\"a\\\"b\": 1, \"c\": 2}, 3], "
	    "\"last\": true}");
	text_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(every_ascii_byte),
		cmocka_unit_test(well_formed),
		cmocka_unit_test(malformed),
		cmocka_unit_test(tails_outside_are_not_taken),
		cmocka_unit_test(scalars),
		cmocka_unit_test(thousandths),
		cmocka_unit_test(cutting),
		cmocka_unit_test(nesting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
