/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/reader: the parts that all statements are made of.
 *
 * A reader walks over tokens.  A function that reads something returns true,
 * or reports what is wrong and returns false; what it has read by then is
 * skipped by the statement's reader.  A false without a report means that the
 * arena is full, or that a bad token, reported by policy/lex, stands there.
 */
#ifndef GATEHOUSE_POLICY_READER_H
#define GATEHOUSE_POLICY_READER_H

#include "policy/syntax.h"

struct reader {
	const struct token *next; /* of tokens that end in NEWLINE, END */
	unsigned depth;           /* of braces in values */
	struct arena *arena;      /* where what is read is kept */
	struct report *report;
};

/* The next token, lent as long as the tokens are; the last one stays. */
const struct token *reader_peek(const struct reader *reader);
const struct token *reader_take(struct reader *reader);
bool reader_take_if(struct reader *reader, enum token_kind kind);
bool reader_at_word(const struct reader *reader, const char *word);

/* Whether the next token is a word that begins a statement. */
bool reader_at_head(const struct reader *reader);

/*
 * Whether the next token is the first of its line and begins a statement.  The
 * words that do are reserved, so nothing else can be meant: what is being read
 * ended too early.
 */
bool reader_at_statement(const struct reader *reader);

/* Reports "expected WHAT, found ..." at the next token; always false. */
bool reader_expected(struct reader *reader, const char *what);
bool reader_expect(
    struct reader *reader, enum token_kind kind, const char *what);

/*
 * Reports that the brace was not closed before the next token, where WANTED
 * could stand; false.
 */
bool reader_unclosed(
    struct reader *reader, const struct token *open, const char *wanted);

void reader_skip_line_ends(struct reader *reader);

struct syntax_word reader_word_of(const struct token *token);
bool reader_word(
    struct reader *reader, struct syntax_word *ret, const char *what);
bool reader_string(
    struct reader *reader, struct syntax_word *ret, const char *what);

/* word { "," word }, each of which may be `{ words }`; hung on *ret. */
bool reader_words(
    struct reader *reader, struct syntax_word **ret, const char *what);

/* string { "," string }; hung on *ret. */
bool reader_strings(
    struct reader *reader, struct syntax_word **ret, const char *what);

/* service { "," service }, or `{ services }`; hung behind what *ret has. */
bool reader_services(struct reader *reader, struct syntax_service **ret);

/* span { "," span }, each of which may be `{ spans }`; hung on *ret. */
bool reader_spans(struct reader *reader, struct syntax_span **ret);

/* The text from `first` to the token before the next one. */
struct str reader_text_since(
    const struct reader *reader, const struct token *first);

#endif
