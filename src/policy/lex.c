/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/lex.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

struct lexer {
	const struct source *source;
	struct report *report;
	struct tokens *tokens;
	size_t at;
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
	struct token token = { kind, text, place_from(lexer, start) };

	if (VEC_ADD(lexer->tokens, token) < 0)
		lexer->rc = -ENOMEM;
}

static char
peek(const struct lexer *lexer, size_t ahead)
{
	size_t at = lexer->at + ahead;

	return at < lexer->source->text.len ? lexer->source->text.at[at] : '\0';
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
		if (peek(lexer, 0) == '-' && peek(lexer, 1) == '>')
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
		lexer->at++;
	}
	struct str inside = { lexer->source->text.at + start + 1,
		lexer->at - start - 1 };
	if (peek(lexer, 0) == '"')
		lexer->at++;
	push(lexer, TOKEN_STRING, inside, start);
}

static void
skip_comment(struct lexer *lexer)
{
	while (lexer->at < lexer->source->text.len && peek(lexer, 0) != '\n')
		lexer->at++;
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
	    last == TOKEN_ARROW || last == TOKEN_EQUALS)
		return;
	push(lexer, TOKEN_NEWLINE, (struct str){ NULL, 0 }, start);
}

static bool
read_mark(struct lexer *lexer)
{
	static const struct {
		char mark;
		enum token_kind kind;
	} marks[] = { { '=', TOKEN_EQUALS }, { ',', TOKEN_COMMA },
		{ '{', TOKEN_OPEN }, { '}', TOKEN_CLOSE } };
	size_t start = lexer->at;

	if (peek(lexer, 0) == '-' && peek(lexer, 1) == '>') {
		lexer->at += 2;
		push(lexer, TOKEN_ARROW, STR("->"), start);
		return true;
	}
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (peek(lexer, 0) != marks[i].mark)
			continue;
		lexer->at++;
		push(lexer, marks[i].kind,
		    (struct str){ lexer->source->text.at + start, 1 }, start);
		return true;
	}
	return false;
}

static void
refuse_char(struct lexer *lexer)
{
	size_t start = lexer->at++;
	uint8_t c = (uint8_t)lexer->source->text.at[start];

	if (c < ' ' || c == 0x7f)
		report_error(lexer->report, place_from(lexer, start),
		    "the byte 0x%02x has no place in a policy", c);
	else
		report_error(lexer->report, place_from(lexer, start),
		    "'%c' has no place here", c);
}

static void
read_token(struct lexer *lexer)
{
	char c = peek(lexer, 0);

	if (c == ' ' || c == '\t' || c == '\r')
		lexer->at++;
	else if (c == '#')
		skip_comment(lexer);
	else if (c == '\n' || c == ';')
		read_line_end(lexer);
	else if (c == '"')
		read_string(lexer);
	else if (read_mark(lexer))
		return;
	else if (is_word_char(c))
		read_word(lexer);
	else
		refuse_char(lexer);
}

int
policy_lex(
    const struct source *source, struct report *report, struct tokens *ret)
{
	struct lexer lexer = { source, report, ret, 0, 0 };

	*ret = (struct tokens){ 0 };
	while (lexer.rc == 0 && lexer.at < source->text.len)
		read_token(&lexer);
	if (lexer.rc == 0)
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
	case TOKEN_EQUALS:
	case TOKEN_COMMA:
	case TOKEN_OPEN:
	case TOKEN_CLOSE:
		text_addf(out, "'%.*s'", STR_ARG(token->text));
		break;
	}
}
