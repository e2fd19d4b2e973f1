/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/report: where a place is, and what a reader is shown of it.
 *
 * Each row of `rendering` is a whole text, a place in it, and the exact lines
 * that must come out.
 */
#include "base/report.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LETTERS_10  "abcdefghij"
#define LETTERS_50  LETTERS_10 LETTERS_10 LETTERS_10 LETTERS_10 LETTERS_10
#define LETTERS_100 LETTERS_50 LETTERS_50
#define MARKS_10    "^^^^^^^^^^"
#define BLANKS_10   "          "
#define BLANKS_63                                                              \
	BLANKS_10 BLANKS_10 BLANKS_10 BLANKS_10 BLANKS_10 BLANKS_10 "   "

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct place nowhere;

static void
assert_rendered(const struct report *report, bool colour, const char *want)
{
	struct text out = TEXT_EMPTY;

	report_render(report, colour, &out);
	text_addz(&out, "");
	assert_string_equal(out.at, want);
	text_fini(&out);
}

static void
rendering(void **state)
{
	static const struct {
		struct str text;
		uint32_t at, len;
		const char *want;
	} rows[] = {
		/* A word in the middle of a file, and one byte of it. */
		{ STR_INIT("a\nreject gest\nb\n"), 9, 4,
		    "p:2:8: error: m\n"
		    "    2 | reject gest\n"
		    "      |        ^^^^\n" },
		{ STR_INIT("gest"), 0, 0,
		    "p:1:1: error: m\n"
		    "    1 | gest\n"
		    "      | ^\n" },
		/* Tabs before, in and behind the mark stop at each eighth. */
		{ STR_INIT("\tzone\tlan"), 1, 4,
		    "p:1:2: error: m\n"
		    "    1 |         zone    lan\n"
		    "      |         ^^^^\n" },
		{ STR_INIT("\tzone\tlan"), 6, 3,
		    "p:1:7: error: m\n"
		    "    1 |         zone    lan\n"
		    "      |                 ^^^\n" },
		{ STR_INIT("1234567\tx"), 7, 2,
		    "p:1:8: error: m\n"
		    "    1 | 1234567 x\n"
		    "      |        ^^\n" },
		{ STR_INIT("12345678\tx"), 9, 1,
		    "p:1:10: error: m\n"
		    "    1 | 12345678        x\n"
		    "      |                 ^\n" },
		/* Of a long line the part around the mark is shown; the cut
		 * does not go through a character. */
		{ STR_INIT(LETTERS_100 "gest" LETTERS_100), 100, 4,
		    "p:1:101: error: m\n"
		    "    1 | ..." LETTERS_50 LETTERS_10 "gest" LETTERS_100 "\n"
		    "      | " BLANKS_63 "^^^^\n" },
		{ STR_INIT(LETTERS_100 LETTERS_100 "k"), 0, 1,
		    "p:1:1: error: m\n"
		    "    1 | " LETTERS_100 LETTERS_100 "...\n"
		    "      | ^\n" },
		{ STR_INIT(LETTERS_50 "\xc3\xa4" LETTERS_100 LETTERS_100), 111,
		    400,
		    "p:1:112: error: m\n"
		    "    1 | ...\xc3\xa4" LETTERS_100 LETTERS_50 LETTERS_10
			LETTERS_10 LETTERS_10 LETTERS_10 "abcdefgh...\n"
		    "      | " BLANKS_63 MARKS_10 MARKS_10 MARKS_10 MARKS_10
			MARKS_10 MARKS_10 MARKS_10 MARKS_10 MARKS_10 MARKS_10
			    MARKS_10 MARKS_10 MARKS_10 "^^^^^^^^^\n" },
		{ STR_INIT(LETTERS_100 LETTERS_50 LETTERS_10 LETTERS_10
			  LETTERS_10 LETTERS_10 "abcdefghi\xc3\xa4"),
		    0, 1,
		    "p:1:1: error: m\n"
		    "    1 | " LETTERS_100 LETTERS_50 LETTERS_10 LETTERS_10
			LETTERS_10 LETTERS_10 "abcdefghi...\n"
		    "      | ^\n" },
		/* The end of a line of another system is no part of it. */
		{ STR_INIT("one\r\ntwo\r\n"), 5, 3,
		    "p:2:1: error: m\n"
		    "    2 | two\n"
		    "      | ^^^\n" },
		{ STR_INIT("one\r\ntwo\r\n"), 3, 1, /* at the CR */
		    "p:1:4: error: m\n"
		    "    1 | one\n"
		    "      |    ^\n" },
		/* A character is one column, whatever its bytes; the number
		 * in the head counts bytes. */
		{ STR_INIT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\xaa gest"), 10, 4,
		    "p:1:11: error: m\n"
		    "    1 | \xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\xaa gest\n"
		    "      |     ^^^^\n" },
		{ STR_INIT("x \xc3\xa4\xc3\xa4 y"), 2, 4,
		    "p:1:3: error: m\n"
		    "    1 | x \xc3\xa4\xc3\xa4 y\n"
		    "      |   ^^\n" },
		/* The end of the file: of a line, behind one, of nothing. */
		{ STR_INIT("allow"), 5, 0,
		    "p:1:6: error: m\n"
		    "    1 | allow\n"
		    "      |      ^\n" },
		{ STR_INIT("allow\n"), 6, 0,
		    "p:2:1: error: m\n"
		    "    2 | \n"
		    "      | ^\n" },
		{ STR_INIT("allow\n"), 5, 1, /* at the line's end */
		    "p:1:6: error: m\n"
		    "    1 | allow\n"
		    "      |      ^\n" },
		{ STR_INIT(""), 0, 0,
		    "p:1:1: error: m\n"
		    "    1 | \n"
		    "      | ^\n" },
		{ { NULL, 0 }, 0, 5,
		    "p:1:1: error: m\n"
		    "    1 | \n"
		    "      | ^\n" },
		/* A mark over several lines is shown on the first. */
		{ STR_INIT("test {\n}\n"), 5, 3,
		    "p:1:6: error: m\n"
		    "    1 | test {\n"
		    "      |      ^\n" },
		/* What would speak to the terminal does not. */
		{ STR_INIT("a\033[2Jb\x7f\0c"), 0, 1,
		    "p:1:1: error: m\n"
		    "    1 | a?[2Jb??c\n"
		    "      | ^\n" },
		{ STR_INIT("a\xc2\x9b"
			   "2J\x9b\xe2\x80\xae gest"),
		    10, 4,
		    "p:1:11: error: m\n"
		    "    1 | a?2J?? gest\n"
		    "      |        ^^^^\n" },
		/* Latin-1 is one column a byte, as its '?' is. */
		{ STR_INIT("\xe4\xf6\xfc gest"), 4, 4,
		    "p:1:5: error: m\n"
		    "    1 | ??? gest\n"
		    "      |     ^^^^\n" },
		{ STR_INIT("\x80\xbf\xf0\x9f gest"), 5, 4,
		    "p:1:6: error: m\n"
		    "    1 | ???? gest\n"
		    "      |      ^^^^\n" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct source source = { STR("p"), rows[i].text, 0 };
		struct report report;
		report_init(&report);
		report_error(&report,
		    (struct place){ &source, rows[i].at, rows[i].len }, "m");
		assert_rendered(&report, false, rows[i].want);
		report_fini(&report);
	}
}

static void
far_down(void **state)
{
	struct source source = { .name = STR("p") };
	struct text text = TEXT_EMPTY;
	struct report report;

	(void)state;
	text_pad(&text, '\n', 123455);
	text_addz(&text, "here\n");
	source.text = text_str(&text);
	report_init(&report);
	report_error(&report, (struct place){ &source, 123455, 4 }, "m");
	report_hint(&report, "h");
	assert_rendered(&report, false,
	    "p:123456:1: error: m\n"
	    "123456 | here\n"
	    "       | ^^^^\n"
	    "       = h\n");
	report_fini(&report);
	text_fini(&text);
}

static void
weights_hints_and_no_place(void **state)
{
	struct source source = { STR("p"), STR("allow gest\n"), 0 };
	struct report report;

	(void)state;
	report_init(&report);
	report_hint(&report, "to nothing: there is no finding yet");
	report_error(&report, (struct place){ &source, 6, 4 },
	    "nothing is called '%s'", "gest");
	report_hint(&report, "did you mean '%s'?", "guest");
	report_warning(&report, "unused", nowhere, "%d are unused", 3);
	report_warning(&report, "unused", (struct place){ &source, 0, 5 }, "w");
	report_hint(&report, "h");
	assert_int_equal(report.errors, 1);
	assert_int_equal(report.warnings, 2);
	assert_rendered(&report, false,
	    "p:1:7: error: nothing is called 'gest'\n"
	    "    1 | allow gest\n"
	    "      |       ^^^^\n"
	    "      = did you mean 'guest'?\n"
	    "warning: 3 are unused\n"
	    "p:1:1: warning: w\n"
	    "    1 | allow gest\n"
	    "      | ^^^^^\n"
	    "      = h\n");
	assert_rendered(&report, true,
	    "p:1:7: \033[1;31merror\033[0m: nothing is called 'gest'\n"
	    "    1 | allow gest\n"
	    "      |       \033[1;31m^^^^\033[0m\n"
	    "      = did you mean 'guest'?\n"
	    "\033[1;33mwarning\033[0m: 3 are unused\n"
	    "p:1:1: \033[1;33mwarning\033[0m: w\n"
	    "    1 | allow gest\n"
	    "      | \033[1;31m^^^^^\033[0m\n"
	    "      = h\n");
	report_fini(&report);
}

/* A downloaded list may hold anything, and its words come in our mouth. */
static void
no_word_speaks_to_the_terminal(void **state)
{
	struct source source = { STR("a\033]b\n"), STR("x"), 0 };
	struct report report;

	(void)state;
	report_init(&report);
	report_error(&report, (struct place){ &source, 0, 1 }, "what is '%s'?",
	    "\033[2J\xc2\x9b\x9b\xc3\xa4\nerror: none");
	report_hint(&report, "not '%s'", "\r\x7f");
	assert_rendered(&report, false,
	    "a\\x1b]b\\x0a:1:1: error: what is "
	    "'\\x1b[2J\\xc2\\x9b\\x9b\xc3\xa4\\x0aerror: none'?\n"
	    "    1 | x\n"
	    "      | ^\n"
	    "      = not '\\x0d\\x7f'\n");
	report_fini(&report);
}

static void
nothing_to_say(void **state)
{
	struct report report;

	(void)state;
	report_init(&report);
	report_sort(&report);
	assert_rendered(&report, true, "");
	report_fini(&report);
	report_fini(&report);
}

static void
words_are_copied_and_bounded(void **state)
{
	struct text words = TEXT_EMPTY;
	struct report report;

	(void)state;
	text_pad(&words, 'x', 2000);
	report_init(&report);
	report_error(&report, nowhere, "%s", words.at);
	text_clear(&words);
	assert_int_equal(report.items[0].message.len, 511);
	assert_int_equal(report.items[0].message.at[510], 'x');
	report_fini(&report);
	text_fini(&words);
}

static void
sorting(void **state)
{
	struct source a = { STR("a.policy"), STR("0123456789"), 0 };
	struct source b = { STR("b.policy"), STR("0123456789"), 0 };
	static const char *const want[] = { "none", "a0", "a3", "a9", "b0",
		"b7" };
	struct report report;

	(void)state;
	report_init(&report);
	report_error(&report, (struct place){ &b, 7, 0 }, "b7");
	report_error(&report, (struct place){ &a, 9, 0 }, "a9");
	report_warning(&report, "k", (struct place){ &b, 0, 0 }, "b0");
	report_error(&report, (struct place){ &a, 0, 0 }, "a0");
	report_hint(&report, "of a0");
	report_error(&report, nowhere, "none");
	report_error(&report, (struct place){ &a, 3, 0 }, "a3");
	report_sort(&report);
	assert_int_equal(report.count, ROWS(want));
	for (size_t i = 0; i < ROWS(want); i++)
		assert_true(str_is(report.items[i].message, want[i]));
	assert_true(str_is(report.items[1].hint, "of a0"));
	report_fini(&report);
}

/* A list read twice is two sources of one name: one order for both. */
static void
sorting_sources_of_one_name(void **state)
{
	struct source once = { STR("ads.hosts"), STR("0123456789"), 0 };
	struct source again = { STR("ads.hosts"), STR("0123456789"), 0 };
	static const char *const want[] = { "1", "3", "5", "7", "9" };
	struct report report;

	(void)state;
	report_init(&report);
	report_error(&report, (struct place){ &once, 9, 0 }, "9");
	report_error(&report, (struct place){ &again, 5, 0 }, "5");
	report_error(&report, (struct place){ &once, 1, 0 }, "1");
	report_error(&report, (struct place){ &again, 7, 0 }, "7");
	report_error(&report, (struct place){ &once, 3, 0 }, "3");
	report_sort(&report);
	for (size_t i = 0; i < ROWS(want); i++)
		assert_true(str_is(report.items[i].message, want[i]));
	report_fini(&report);
}

/* What was found first at a place is what a reader is told first. */
static void
sorting_keeps_order_at_a_place(void **state)
{
	struct source source = { STR("p"), STR("0123456789"), 0 };
	struct report report;

	(void)state;
	report_init(&report);
	for (uint32_t i = 0; i < 150; i++)
		report_error(
		    &report, (struct place){ &source, i % 3, 0 }, "%03u", i);
	report_sort(&report);
	for (size_t i = 1; i < report.count; i++) {
		const struct finding *a = &report.items[i - 1];
		const struct finding *b = &report.items[i];
		assert_true(a->place.at <= b->place.at);
		assert_true(a->place.at < b->place.at ||
			    str_cmp(a->message, b->message) < 0);
	}
	report_fini(&report);
}

/* The first 200 are kept; the rest is counted, and said to be there. */
static void
limit(void **state)
{
	struct text out = TEXT_EMPTY;
	struct report report;

	(void)state;
	report_init(&report);
	for (int i = 0; i < REPORT_FINDINGS_MAX; i++)
		report_error(&report, nowhere, "e%d", i);
	report_hint(&report, "of the last that is kept");
	assert_false(report.cut);
	for (int i = REPORT_FINDINGS_MAX; i < 5000; i++) {
		report_error(&report, nowhere, "e%d", i);
		report_hint(&report, "of one that is not kept");
	}
	assert_true(report.cut);
	assert_int_equal(report.count, REPORT_FINDINGS_MAX);
	assert_int_equal(report.errors, 5000);
	assert_true(str_is(report.items[REPORT_FINDINGS_MAX - 1].hint,
	    "of the last that is kept"));
	report_render(&report, false, &out);
	assert_true(str_starts(text_str(&out), STR("error: e0\nerror: e1\n")));
	assert_true(str_ends(text_str(&out),
	    STR("error: e199\n      = of the last that is kept\n"
		"... and more: 5000 errors, 0 warnings in all\n")));
	report_fini(&report);
	text_fini(&out);
}

/* However many warnings there are, an error that refuses is still shown. */
static void
limit_of_each_weight(void **state)
{
	struct text out = TEXT_EMPTY;
	struct report report;

	(void)state;
	report_init(&report);
	for (int i = 0; i < 30000; i++) /* 3 MB of words, were they kept */
		report_warning(&report, "k", nowhere, "w%d%100s", i, "");
	report_error(&report, nowhere, "refused");
	report_hint(&report, "why");
	report_warning(&report, "k", nowhere, "w");
	report_hint(&report, "of a warning that is not kept");
	assert_int_equal(report.count, REPORT_FINDINGS_MAX + 1);
	assert_int_equal(report.errors, 1);
	assert_int_equal(report.warnings, 30001);
	report_render(&report, false, &out);
	assert_true(str_ends(text_str(&out),
	    STR("  \nerror: refused\n      = why\n"
		"... and more: 1 errors, 30001 warnings in all\n")));
	report_fini(&report);
	text_fini(&out);
}

static void
sections_of_the_manual(void **state)
{
	struct report report;

	(void)state;
	report_init(&report);
	report_see(&report, "to nothing: there is no finding yet");
	assert_null(report_topic(&report, "m.md#a"));
	report_error(&report, nowhere, "of a");
	report_hint(&report, "h");
	assert_string_equal(report_topic(&report, "m.md#b"), "m.md#a");
	report_error(&report, nowhere, "of b");
	report_error(&report, nowhere, "of c, among b");
	report_see(&report, "m.md#c");
	report_warning(&report, "k", nowhere, "of none");
	assert_string_equal(report_topic(&report, NULL), "m.md#b");
	report_error(&report, nowhere, "of none");
	assert_rendered(&report, false,
	    "error: of a\n"
	    "      = h\n"
	    "      = manual: m.md#a\n"
	    "error: of b\n"
	    "      = manual: m.md#b\n"
	    "error: of c, among b\n"
	    "      = manual: m.md#c\n"
	    "warning: of none\n"
	    "error: of none\n");
	for (int i = 0; i < REPORT_FINDINGS_MAX; i++)
		report_error(&report, nowhere, "more than are kept");
	report_see(&report, "of one that is not kept");
	assert_null(report.items[report.count - 1].see);
	report_fini(&report);
}

static void
lines_and_columns(void **state)
{
	struct source source = { STR("p"), STR("ab\n\ncd\r\ne"), 0 };
	static const struct {
		uint32_t at, line, column;
		const char *text;
	} rows[] = {
		{ 0, 1, 1, "ab" },
		{ 1, 1, 2, "ab" },
		{ 2, 1, 3, "ab" },
		{ 3, 2, 1, "" },
		{ 4, 3, 1, "cd" },
		{ 6, 3, 3, "cd" },
		{ 7, 3, 4, "cd" },
		{ 8, 4, 1, "e" },
		{ 9, 4, 2, "e" },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct place place = { &source, rows[i].at, 0 };
		assert_int_equal(place_line(place).line, rows[i].line);
		assert_int_equal(place_line(place).column, rows[i].column);
		assert_true(str_is(place_line_text(place), rows[i].text));
	}
	assert_int_equal(place_line(nowhere).line, 0);
	assert_int_equal(place_line(nowhere).column, 0);
	assert_int_equal(place_line_text(nowhere).len, 0);
}

static void
as_json(void **state)
{
	struct source source = { STR("p"), STR("\nab\n"), 0 };
	struct text out = TEXT_EMPTY;
	struct json json = JSON_ON(&out);
	struct report report;

	(void)state;
	report_init(&report);
	report_error(&report, (struct place){ &source, 2, 1 }, "say \"x\"");
	report_hint(&report, "h");
	report_see(&report, "m.md#x");
	report_warning(&report, "unused", nowhere, "w");
	report_json(&report, REPORT_ERROR, &json);
	report_json(&report, REPORT_WARNING, &json);
	assert_string_equal(out.at,
	    "[{\"file\": \"p\", \"line\": 2, \"column\": 2, "
	    "\"message\": \"say \\\"x\\\"\", \"hint\": \"h\", "
	    "\"see\": \"m.md#x\"}], "
	    "[{\"kind\": \"unused\", \"file\": null, \"line\": 0, "
	    "\"column\": 0, \"by\": [], \"message\": \"w\", "
	    "\"hint\": null, \"see\": null}]");
	report_fini(&report);
	text_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rendering),
		cmocka_unit_test(far_down),
		cmocka_unit_test(weights_hints_and_no_place),
		cmocka_unit_test(no_word_speaks_to_the_terminal),
		cmocka_unit_test(nothing_to_say),
		cmocka_unit_test(words_are_copied_and_bounded),
		cmocka_unit_test(sorting),
		cmocka_unit_test(sorting_sources_of_one_name),
		cmocka_unit_test(sorting_keeps_order_at_a_place),
		cmocka_unit_test(limit),
		cmocka_unit_test(limit_of_each_weight),
		cmocka_unit_test(sections_of_the_manual),
		cmocka_unit_test(lines_and_columns),
		cmocka_unit_test(as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
