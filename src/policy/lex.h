/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/lex: a policy's text as tokens.
 *
 * The whole text is cut at once.  A statement ends with its line: a NEWLINE
 * token stands for one or more line ends or a `;`, except behind a comma, an
 * arrow or an equals sign, where the statement goes on.  A word that holds
 * "://" is a URL and runs to the next blank; anywhere else but in a quoted text
 * `#` starts a comment.  The text is UTF-8.
 */
#ifndef GATEHOUSE_POLICY_LEX_H
#define GATEHOUSE_POLICY_LEX_H

#include "base/report.h"

enum token_kind {
	TOKEN_WORD,
	TOKEN_STRING, /* text without the quotes; there are no escapes */
	TOKEN_ARROW,
	TOKEN_EXCHANGE, /* <-> */
	TOKEN_EQUALS,
	TOKEN_COMMA,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_BAD, /* reported: who meets it gives up without a word */
	TOKEN_NEWLINE,
	TOKEN_END,
};

struct token {
	enum token_kind kind;
	struct str text;
	struct place place;
	bool begins_line;  /* the first token of its line */
	bool is_continued; /* and the token before lets its statement go on */
};

struct tokens {
	struct token *items; /* the last one is TOKEN_END */
	size_t count, room;
};

/*
 * Cuts source->text.  What cannot be a token is reported and stands there as
 * TOKEN_BAD, so that one mistake makes one error.  0 or -ENOMEM.
 */
int policy_lex(
    const struct source *source, struct report *report, struct tokens *ret);
void tokens_fini(struct tokens *tokens);

/* "a line end", "'{'", "'allow'": what stands there, for error messages. */
void token_describe(const struct token *token, struct text *out);

#endif
