/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/utf8: every code point against a naive encoder; what a terminal must
 * not be given.  The malformed classes one by one are in json.c.
 */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* As the table of RFC 3629, 3 draws it; for surrogates as well. */
static size_t
encode(uint32_t code, char *ret)
{
	if (code < 0x80) {
		ret[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		ret[0] = (char)(0xc0 | code >> 6);
		ret[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		ret[0] = (char)(0xe0 | code >> 12);
		ret[1] = (char)(0x80 | (code >> 6 & 0x3f));
		ret[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	ret[0] = (char)(0xf0 | code >> 18);
	ret[1] = (char)(0x80 | (code >> 12 & 0x3f));
	ret[2] = (char)(0x80 | (code >> 6 & 0x3f));
	ret[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

static void
every_code_point(void **state)
{
	char bytes[5];

	(void)state;
	for (uint32_t code = 0; code < 0x1fffff; code++) {
		size_t len = encode(code, bytes);
		bool good =
		    (code < 0xd800 || code > 0xdfff) && code <= 0x10ffff;
		bytes[len] = 'x';
		size_t got = utf8_length((struct str){ bytes, len + 1 });
		assert_int_equal(got, good ? len : 0);
		/* Without its last byte it is none. */
		got = utf8_length((struct str){ bytes, len - 1 });
		assert_int_equal(got, 0);
	}
}

/* Two bytes of every kind: the only good pairs are C2-DF with a tail. */
static void
every_pair(void **state)
{
	(void)state;
	for (unsigned a = 0x80; a < 0x100; a++) {
		for (unsigned b = 0; b < 0x100; b++) {
			char bytes[2] = { (char)a, (char)b };
			bool good =
			    a >= 0xc2 && a <= 0xdf && b >= 0x80 && b <= 0xbf;
			assert_int_equal(utf8_length((struct str){ bytes, 2 }),
			    good ? 2 : 0);
		}
	}
	assert_int_equal(utf8_length((struct str){ NULL, 0 }), 0);
}

static void
shown(void **state)
{
	static const struct {
		uint32_t first, last;
		bool shown;
	} rows[] = {
		{ 0x00, 0x1f, false },
		{ 0x20, 0x7e, true },
		{ 0x7f, 0x9f, false },
		{ 0xa0, 0x61b, true },
		{ 0x61c, 0x61c, false },
		{ 0x61d, 0x200d, true },
		{ 0x200e, 0x200f, false },
		{ 0x2010, 0x2027, true },
		{ 0x2028, 0x202e, false },
		{ 0x202f, 0x2065, true },
		{ 0x2066, 0x2069, false },
		{ 0x206a, 0xd7ff, true },
		{ 0xe000, 0x10ffff, true },
	};
	char bytes[4];

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		for (uint32_t c = rows[i].first; c <= rows[i].last; c++) {
			struct str s = { bytes, encode(c, bytes) };
			assert_int_equal(utf8_is_shown(s), rows[i].shown);
		}
	}
}

static void
showing(void **state)
{
	static const struct {
		struct str text;
		const char *want;
	} rows[] = {
		{ STR_INIT(""), "" },
		{ STR_INIT("plain \\ text"), "plain \\ text" },
		{ STR_INIT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\xaa"),
		    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\xaa" },
		{ STR_INIT("a\033[2Jb"), "a\\x1b[2Jb" },
		{ STR_INIT("\0\t\r\n\x7f"), "\\x00\\x09\\x0d\\x0a\\x7f" },
		/* CSI in UTF-8, and alone as a byte. */
		{ STR_INIT("\xc2\x9b"
			   "2J"),
		    "\\xc2\\x9b2J" },
		{ STR_INIT("\x9b"
			   "2J"),
		    "\\x9b2J" },
		{ STR_INIT("a\xe2\x80\xae"
			   "b"),
		    "a\\xe2\\x80\\xaeb" },
		{ STR_INIT("\xe2\x82"), "\\xe2\\x82" },
		{ STR_INIT("\xff\xc3\xa4"), "\\xff\xc3\xa4" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct text out = TEXT_EMPTY;
		utf8_show(&out, rows[i].text);
		assert_true(str_is(text_str(&out), rows[i].want));
		text_fini(&out);
	}
}

static void
words(void **state)
{
	struct text text = TEXT_EMPTY;

	(void)state;
	utf8_show_word(&text, STR("a\\b c\n\xc3\xa4~\x7f"));
	assert_string_equal(text.at, "a\\b\\x20c\\x0a\\xc3\\xa4~\\x7f");
	text_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point),
		cmocka_unit_test(every_pair),
		cmocka_unit_test(shown),
		cmocka_unit_test(showing),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
