/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/format_piece: a policy's tokens with the comments between them.
 */
#include "policy/format_impl.h"

#include "base/vec.h"

#include <errno.h>

struct scanner {
	const struct source *source;
	struct pieces *ret;
	size_t at;
	uint32_t line;
	unsigned line_ends; /* since the piece before */
	bool after_mark;    /* a statement ended since then */
};

static int
push(struct scanner *scanner, struct piece piece)
{
	bool first = scanner->ret->count == 0;

	piece.starts_line = first || scanner->line_ends > 0;
	piece.blanks = first                    ? 0
		       : scanner->line_ends > 1 ? scanner->line_ends - 1
						: 0;
	piece.line = scanner->line;
	scanner->line_ends = 0;
	return VEC_ADD(scanner->ret, piece);
}

static int
take_comment(struct scanner *scanner, size_t end)
{
	const char *text = scanner->source->text.at;
	size_t start = scanner->at;

	while (scanner->at < end && text[scanner->at] != '\n')
		scanner->at++;
	struct str comment = { text + start, scanner->at - start };
	return push(scanner, (struct piece){ .kind = TOKEN_WORD,
				 .is_comment = true,
				 .text = str_trim(comment) });
}

/* What stands between two tokens: blanks, line ends and comments. */
static int
skip_to(struct scanner *scanner, size_t end)
{
	int rc = 0;

	while (scanner->at < end && rc == 0) {
		char c = scanner->source->text.at[scanner->at];
		if (c == '#') {
			rc = take_comment(scanner, end);
			continue;
		}
		if (c == '\n') {
			scanner->line_ends++;
			scanner->line++;
		}
		scanner->at++;
	}
	return rc;
}

/* A line end is a token where a statement may end; its text is a gap. */
static int
take_token(struct scanner *scanner, const struct token *token)
{
	struct str text = str_skip(scanner->source->text, token->place.at);

	text.len = token->place.len; /* the end of an empty file has none */

	int rc = skip_to(scanner, token->place.at);
	if (token->kind == TOKEN_NEWLINE) {
		scanner->after_mark = true;
		return rc;
	}
	if (rc == 0)
		rc = push(
		    scanner, (struct piece){ .kind = token->kind,
				 .text = text,
				 .starts_statement = scanner->after_mark });
	scanner->after_mark = false;
	scanner->at = token->place.at + token->place.len;
	return rc;
}

int
format_pieces(const struct source *source, const struct tokens *tokens,
    struct pieces *ret)
{
	struct scanner scanner = {
		.source = source, .ret = ret, .line = 1, .after_mark = true
	};
	int rc = 0;

	for (size_t i = 0; i < tokens->count && rc == 0; i++)
		rc = take_token(&scanner, &tokens->items[i]);
	return rc;
}
