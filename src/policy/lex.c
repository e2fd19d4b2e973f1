/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lex.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "policy/unseen.h"

#include <errno.h>
#include <stdlib.h>

struct lexer {
	const struct source *source;
	struct report *report;
	struct tokens *tokens;
	size_t at;
	bool at_line_start; /* nothing was read of this line */
	bool continued;     /* the line before does not end its statement */
	int rc;
};

static struct place
place_from(const struct lexer *lexer, size_t start)
{
	return (struct place){ lexer->source, (uint32_t)start,
		(uint32_t)(lexer->at - start) };
}

static void
push(struct lexer *lexer, enum token_kind kind, struct str text, size_t start)
{
	struct token token = { kind, text, place_from(lexer, start),
		lexer->at_line_start, lexer->continued };

	lexer->at_line_start = kind == TOKEN_NEWLINE;
	lexer->continued = false;
	if (VEC_ADD(lexer->tokens, token) < 0)
		lexer->rc = -ENOMEM;
}

static char
peek(const struct lexer *lexer, size_t ahead)
{
	size_t at = lexer->at + ahead;

	if (at >= lexer->source->text.len)
		return '\0';
	return lexer->source->text.at[at];
}

static bool
is_word_char(char c)
{
	return c != '\0' && (ascii_is_alpha(c) || ascii_is_digit(c) ||
				strchr("_.:/*@%+-[]~!?&^|$()", c) != NULL ||
				(uint8_t)c >= 0x80);
}

static bool
is_blank_or_end(char c)
{
	return (uint8_t)c <= ' ' || c == 0x7f;
}

static struct str
rest_of(const struct lexer *lexer)
{
	return str_skip(lexer->source->text, lexer->at);
}

static bool
starts_arrow(const struct lexer *lexer)
{
	return peek(lexer, 0) == '-' && peek(lexer, 1) == '>';
}

/*
 * Characters that word processors, chats and web pages put where a policy has
 * an ASCII one: to the eye the line is right.
 */
static const struct lookalike {
	const char *mark;
	const char *is;
	const char *hint;
} lookalikes[] = {
	{ "\xc2\xa0", "a no-break space", "write a plain space" },
	{ "\xe2\x80\xaf", "a no-break space", "write a plain space" },
	{ "\xe3\x80\x80", "a wide space", "write a plain space" },
	{ "\xe2\x80\x8b", "an invisible character", "take it out" },
	{ "\xe2\x80\x8c", "an invisible character", "take it out" },
	{ "\xe2\x80\x8d", "an invisible character", "take it out" },
	{ "\xe2\x81\xa0", "an invisible character", "take it out" },
	{ "\xef\xbb\xbf", "an invisible character", "take it out" },
	{ "\xe2\x86\x92", "an arrow of one character", "write '->'" },
	{ "\xe2\x80\x90", "a typographic hyphen", "write '-'" },
	{ "\xe2\x80\x91", "a typographic hyphen", "write '-'" },
	{ "\xe2\x80\x93", "a typographic dash", "write '-'" },
	{ "\xe2\x80\x94", "a typographic dash", "write '-'" },
	{ "\xe2\x88\x92", "a mathematical minus", "write '-'" },
	{ "\xe2\x80\x9c", "a typographic quote", "write '\"'" },
	{ "\xe2\x80\x9d", "a typographic quote", "write '\"'" },
	{ "\xe2\x80\x9e", "a typographic quote", "write '\"'" },
	{ "\xc2\xab", "a typographic quote", "write '\"'" },
	{ "\xc2\xbb", "a typographic quote", "write '\"'" },
};

static const struct lookalike *
lookalike_at(const struct lexer *lexer)
{
	struct str rest = str_skip(lexer->source->text, lexer->at);

	if ((uint8_t)peek(lexer, 0) < 0x80)
		return NULL;
	for (size_t i = 0; i < sizeof(lookalikes) / sizeof(lookalikes[0]); i++)
		if (str_starts(rest, str_of(lookalikes[i].mark)))
			return &lookalikes[i];
	return NULL;
}

/* What has been read so far makes the word a URL: it runs to the next blank. */
static bool
is_url_so_far(const struct lexer *lexer, size_t start)
{
	return lexer->at - start >= 3 &&
	       memcmp(lexer->source->text.at + lexer->at - 3, "://", 3) == 0;
}

static void
read_word(struct lexer *lexer)
{
	size_t start = lexer->at;

	while (is_word_char(peek(lexer, 0))) {
		if (starts_arrow(lexer) || lookalike_at(lexer) != NULL)
			break;
		lexer->at++;
		if (!is_url_so_far(lexer, start))
			continue;
		while (!is_blank_or_end(peek(lexer, 0)))
			lexer->at++;
	}
	push(lexer, TOKEN_WORD,
	    (struct str){ lexer->source->text.at + start, lexer->at - start },
	    start);
}

static void
skip_line(struct lexer *lexer)
{
	while (lexer->at < lexer->source->text.len && peek(lexer, 0) != '\n')
		lexer->at++;
}

static void
refuse_unseen(struct lexer *lexer)
{
	size_t start = lexer->at;
	struct str rest = str_skip(lexer->source->text, start);
	uint32_t code = utf8_code(rest);

	lexer->at += utf8_length(rest);
	report_error(lexer->report, place_from(lexer, start),
	    "U+%04X has no place in a policy", (unsigned)code);
	report_hint(lexer->report,
	    "it is not seen, and has what stands beside it read otherwise");
	push(lexer, TOKEN_BAD, (struct str){ NULL, 0 }, start);
}

/* A run of them is one mistake: most often the file is no text at all. */
static void
refuse_control(struct lexer *lexer)
{
	size_t start = lexer->at;

	while (policy_is_unseen_byte(rest_of(lexer)))
		lexer->at++;
	report_error(lexer->report, place_from(lexer, start),
	    "the byte 0x%02x has no place in a policy",
	    (unsigned)(uint8_t)lexer->source->text.at[start]);
	push(lexer, TOKEN_BAD, (struct str){ NULL, 0 }, start);
}

static void
refuse_one(struct lexer *lexer)
{
	if ((uint8_t)peek(lexer, 0) < 0x80)
		refuse_control(lexer);
	else
		refuse_unseen(lexer);
	skip_line(lexer);
}

static void
read_comment(struct lexer *lexer)
{
	while (lexer->at < lexer->source->text.len && peek(lexer, 0) != '\n') {
		if (policy_is_unseen(rest_of(lexer))) {
			refuse_one(lexer);
			return;
		}
		lexer->at++;
	}
}

static void
read_string(struct lexer *lexer)
{
	size_t start = lexer->at++;

	while (peek(lexer, 0) != '"') {
		if (lexer->at >= lexer->source->text.len ||
		    peek(lexer, 0) == '\n') {
			report_error(lexer->report, place_from(lexer, start),
			    "this text is not closed");
			report_hint(
			    lexer->report, "end it with '\"' on the same line");
			break;
		}
		if (policy_is_unseen(rest_of(lexer))) {
			refuse_one(lexer);
			return;
		}
		lexer->at++;
	}
	struct str inside = { lexer->source->text.at + start + 1,
		lexer->at - start - 1 };
	if (peek(lexer, 0) == '"')
		lexer->at++;
	push(lexer, TOKEN_STRING, inside, start);
}

/* A line end counts only where a statement can end. */
static void
read_line_end(struct lexer *lexer)
{
	size_t start = lexer->at++;
	enum token_kind last =
	    lexer->tokens->count > 0
		? lexer->tokens->items[lexer->tokens->count - 1].kind
		: TOKEN_NEWLINE;

	if (last == TOKEN_NEWLINE || last == TOKEN_COMMA ||
	    last == TOKEN_ARROW || last == TOKEN_EXCHANGE ||
	    last == TOKEN_EQUALS) {
		lexer->at_line_start = true;
		lexer->continued |= last != TOKEN_NEWLINE;
		return;
	}
	push(lexer, TOKEN_NEWLINE, (struct str){ NULL, 0 }, start);
}

/* One of the marks, but for the `=` of a wrong `=>`. */
static bool
read_mark(struct lexer *lexer)
{
	static const struct {
		char mark;
		enum token_kind kind;
	} marks[] = { { '=', TOKEN_EQUALS }, { ',', TOKEN_COMMA },
		{ '{', TOKEN_OPEN }, { '}', TOKEN_CLOSE } };
	size_t start = lexer->at;

	if (starts_arrow(lexer)) {
		lexer->at += 2;
		push(lexer, TOKEN_ARROW, STR("->"), start);
		return true;
	}
	if (str_starts(str_skip(lexer->source->text, lexer->at), STR("<->"))) {
		lexer->at += 3;
		push(lexer, TOKEN_EXCHANGE, STR("<->"), start);
		return true;
	}
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (peek(lexer, 0) != marks[i].mark ||
		    (peek(lexer, 0) == '=' && peek(lexer, 1) == '>'))
			continue;
		lexer->at++;
		push(lexer, marks[i].kind,
		    (struct str){ lexer->source->text.at + start, 1 }, start);
		return true;
	}
	return false;
}

/* Printable characters that mean nothing here, and what was meant. */
static void
refuse_char(struct lexer *lexer)
{
	static const struct {
		const char *mark;
		const char *hint;
	} meant[] = {
		{ "=>", "write '->'" },
		{ ">", "write '->'" },
		{ "'", "a text stands in double quotes" },
		{ "`", "a text stands in double quotes" },
		{ "\\", "a statement goes on behind a comma, '->' or '='" },
	};
	size_t start = lexer->at;
	struct str rest = str_skip(lexer->source->text, start);
	const char *hint = NULL;

	lexer->at++;
	for (size_t i = 0; i < sizeof(meant) / sizeof(meant[0]); i++) {
		if (hint != NULL || !str_starts(rest, str_of(meant[i].mark)))
			continue;
		hint = meant[i].hint;
		lexer->at = start + strlen(meant[i].mark);
	}
	struct place place = place_from(lexer, start);
	report_error(lexer->report, place, "'%.*s' has no place here",
	    (int)place.len, rest.at);
	if (hint != NULL)
		report_hint(lexer->report, "%s", hint);
	push(lexer, TOKEN_BAD, (struct str){ rest.at, place.len }, start);
}

static void
refuse_lookalike(struct lexer *lexer, const struct lookalike *lookalike)
{
	size_t start = lexer->at;

	lexer->at += strlen(lookalike->mark);
	report_error(lexer->report, place_from(lexer, start), "this is %s",
	    lookalike->is);
	report_hint(lexer->report, "%s", lookalike->hint);
	push(lexer, TOKEN_BAD, str_of(lookalike->mark), start);
}

static void
refuse(struct lexer *lexer)
{
	const struct lookalike *lookalike = lookalike_at(lexer);

	if (lookalike != NULL)
		refuse_lookalike(lexer, lookalike);
	else if (policy_is_unseen_byte(rest_of(lexer)))
		refuse_control(lexer);
	else
		refuse_char(lexer);
}

static void
read_token(struct lexer *lexer)
{
	char c = peek(lexer, 0);

	if (c == ' ' || c == '\t' ||
	    (c == '\r' && !policy_is_unseen_byte(rest_of(lexer))))
		lexer->at++;
	else if (c == '#')
		read_comment(lexer);
	else if (c == '\n' || c == ';')
		read_line_end(lexer);
	else if (c == '"')
		read_string(lexer);
	else if (is_word_char(c) && !starts_arrow(lexer) &&
		 lookalike_at(lexer) == NULL)
		read_word(lexer);
	else if (!read_mark(lexer))
		refuse(lexer);
}

static bool
ends_in_newline(const struct tokens *tokens)
{
	return tokens->count > 0 &&
	       tokens->items[tokens->count - 1].kind == TOKEN_NEWLINE;
}

/* Text of another encoding is refused once instead of byte by byte. */
static void
read_encoding(struct lexer *lexer)
{
	struct str text = lexer->source->text;

	if (str_starts(text, STR("\xff\xfe")) ||
	    str_starts(text, STR("\xfe\xff"))) {
		lexer->at = 2;
		report_error(lexer->report, place_from(lexer, 0),
		    "this is UTF-16, and a policy is UTF-8");
		report_hint(lexer->report, "save the file as plain UTF-8 text");
		lexer->at = text.len;
	}
}

int
policy_lex(
    const struct source *source, struct report *report, struct tokens *ret)
{
	struct lexer lexer = { .source = source,
		.report = report,
		.tokens = ret,
		.at_line_start = true };

	*ret = (struct tokens){ 0 };
	read_encoding(&lexer);
	while (lexer.rc == 0 && lexer.at < source->text.len)
		read_token(&lexer);
	if (lexer.rc == 0 && !ends_in_newline(ret))
		push(&lexer, TOKEN_NEWLINE, (struct str){ NULL, 0 }, lexer.at);
	if (lexer.rc == 0)
		push(&lexer, TOKEN_END, (struct str){ NULL, 0 }, lexer.at);
	return lexer.rc;
}

void
tokens_fini(struct tokens *tokens)
{
	free(tokens->items);
	*tokens = (struct tokens){ 0 };
}

void
token_describe(const struct token *token, struct text *out)
{
	switch (token->kind) {
	case TOKEN_NEWLINE:
		text_addz(out, "the end of the line");
		break;
	case TOKEN_END:
		text_addz(out, "the end of the file");
		break;
	case TOKEN_STRING:
		text_addf(out, "the text \"%.*s\"", STR_ARG(token->text));
		break;
	case TOKEN_WORD:
	case TOKEN_ARROW:
	case TOKEN_EXCHANGE:
	case TOKEN_EQUALS:
	case TOKEN_COMMA:
	case TOKEN_OPEN:
	case TOKEN_CLOSE:
	case TOKEN_BAD:
		text_addf(out, "'%.*s'", STR_ARG(token->text));
		break;
	}
}
