/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/lex: texts and the tokens that come of them.
 *
 * Tokens are written one after the other: a word as it is, a text in quotes,
 * marks as they are, `;` for NEWLINE, `?` for BAD, `.` for END.  `^` stands
 * before a token that is continued from the line before.
 */
#include "policy/lex.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static void
add_token(struct text *out, const struct token *token)
{
	if (out->len > 0)
		text_addc(out, ' ');
	if (token->is_continued)
		text_addc(out, '^');
	if (token->kind == TOKEN_STRING)
		text_addf(out, "\"%.*s\"", STR_ARG(token->text));
	else if (token->kind == TOKEN_NEWLINE)
		text_addc(out, ';');
	else if (token->kind == TOKEN_END)
		text_addc(out, '.');
	else if (token->kind == TOKEN_BAD)
		text_addc(out, '?');
	else
		text_add(out, token->text);
}

static void
check_places(const struct source *source, const struct tokens *tokens)
{
	size_t end = 0;

	for (size_t i = 0; i < tokens->count; i++) {
		const struct token *token = &tokens->items[i];
		assert_ptr_equal(token->place.source, source);
		assert_true(token->place.at >= end);
		end = token->place.at + token->place.len;
		assert_true(end <= source->text.len);
		if (token->kind == TOKEN_WORD)
			assert_ptr_equal(
			    token->text.at, source->text.at + token->place.at);
	}
}

static void
tokens_of_texts(void **state)
{
	static const struct {
		struct str text;
		const char *want;
		size_t errors;
	} rows[] = {
		{ STR_INIT(""), "; .", 0 },
		{ STR_INIT("\n\n;;\n"), "; .", 0 },
		{ STR_INIT("# nothing"), "; .", 0 },
		{ STR_INIT("a b"), "a b ; .", 0 },
		{ STR_INIT("a\n\n\nb;c"), "a ; b ; c ; .", 0 },
		{ STR_INIT("a\r\nb\r\n"), "a ; b ; .", 0 },
		{ STR_INIT("a # b\nc"), "a ; c ; .", 0 },
		{ STR_INIT("a=b"), "a = b ; .", 0 },
		{ STR_INIT("{a,b}"), "{ a , b } ; .", 0 },
		/* A statement goes on behind a comma, an arrow, an equals. */
		{ STR_INIT("a,\n# x\n\nb"), "a , ^b ; .", 0 },
		{ STR_INIT("a ->\nb"), "a -> ^b ; .", 0 },
		{ STR_INIT("a =\n{\nb }"), "a = ^{ ; b } ; .", 0 },
		{ STR_INIT("a,"), "a , ; .", 0 },
		/* An arrow needs no blanks; a dash in a word is one. */
		{ STR_INIT("a->b"), "a -> b ; .", 0 },
		{ STR_INIT("mon-fri a- -b"), "mon-fri a- -b ; .", 0 },
		{ STR_INIT("10.0.0.1-10.0.0.9/24"), "10.0.0.1-10.0.0.9/24 ; .",
		    0 },
		{ STR_INIT("[2001:db8::1]:3128"), "[2001:db8::1]:3128 ; .", 0 },
		/* A URL runs to the next blank. */
		{ STR_INIT("http://a/b,c#d=\"{'} e"),
		    "http://a/b,c#d=\"{'} e ; .", 0 },
		{ STR_INIT("a://->b"), "a://->b ; .", 0 },
		{ STR_INIT("a:/b#c"), "a:/b ; .", 0 },
		/* Texts have no escapes and end with their line. */
		{ STR_INIT("\"\""), "\"\" ; .", 0 },
		{ STR_INIT("\"a # b\\\" c"), "\"a # b\\\" c ; .", 0 },
		{ STR_INIT("\"a\tb\""), "\"a\tb\" ; .", 0 },
		{ STR_INIT("\"a\nb"), "\"a\" ; b ; .", 1 },
		{ STR_INIT("\"a"), "\"a\" ; .", 1 },
		{ STR_INIT("\"a\x01 b\" c\nd"), "? ; d ; .", 1 },
		{ STR_INIT("a\0\0\x01\x7f\0b"), "a ? b ; .", 1 },
		{ STR_INIT("\0"), "? ; .", 1 },
		{ STR_INIT("a => b"), "a ? b ; .", 1 },
		{ STR_INIT("a > b"), "a ? b ; .", 1 },
		{ STR_INIT("'a'"), "? a ? ; .", 2 },
		{ STR_INIT("a \\"), "a ? ; .", 1 },
		{ STR_INIT("<"), "? ; .", 1 },
		/* Look-alikes end a word; other letters belong to it. */
		{ STR_INIT("a\xc2\xa0"
			   "b"),
		    "a ? b ; .", 1 },
		{ STR_INIT("a \xe2\x86\x92 b"), "a ? b ; .", 1 },
		{ STR_INIT("gr\xc3\xb6\xc3\x9f"
			   "e"),
		    "gr\xc3\xb6\xc3\x9f"
		    "e ; .",
		    0 },
		{ STR_INIT("# \xc2\xa0 \xff\n\"\xe2\x80\x9c\""),
		    "\"\xe2\x80\x9c\" ; .", 0 },
		{ STR_INIT("\xff\xfe"
			   "a\0"),
		    "; .", 1 },
		{ STR_INIT("\xfe\xff\0a"), "; .", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct source source = { .name = STR("p"),
			.text = rows[i].text };
		struct text got = TEXT_EMPTY;
		struct report report;
		struct tokens tokens;

		report_init(&report);
		assert_int_equal(policy_lex(&source, &report, &tokens), 0);
		check_places(&source, &tokens);
		for (size_t j = 0; j < tokens.count; j++)
			add_token(&got, &tokens.items[j]);
		assert_string_equal(got.at, rows[i].want);
		assert_int_equal(report.errors, rows[i].errors);
		text_fini(&got);
		tokens_fini(&tokens);
		report_fini(&report);
	}
}

static void
tokens_in_words(void **state)
{
	static const char *const want[] = { "'a'", "'->'", "'='", "'{'", "'}'",
		"','", "the text \"b c\"", "the end of the line",
		"the end of the file" };
	struct source source = { .name = STR("p"),
		.text = STR("a -> = { } , \"b c\"") };
	struct text got = TEXT_EMPTY;
	struct report report;
	struct tokens tokens;

	(void)state;
	report_init(&report);
	assert_int_equal(policy_lex(&source, &report, &tokens), 0);
	assert_int_equal(tokens.count, ROWS(want));
	for (size_t i = 0; i < ROWS(want); i++) {
		text_clear(&got);
		token_describe(&tokens.items[i], &got);
		assert_string_equal(got.at, want[i]);
	}
	text_fini(&got);
	tokens_fini(&tokens);
	report_fini(&report);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_of_texts),
		cmocka_unit_test(tokens_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
