/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/format, for its own files: text to pieces, pieces to rows.
 */
#ifndef GATEHOUSE_POLICY_FORMAT_IMPL_H
#define GATEHOUSE_POLICY_FORMAT_IMPL_H

#include "policy/lex.h"

#include "base/arena.h"

/* A token, or a comment between tokens. */
struct piece {
	enum token_kind kind; /* WORD for comments */
	bool is_comment;
	struct str text;  /* as written, quotes and '#' too */
	unsigned blanks;  /* blank lines between it and the piece before */
	bool starts_line; /* no other piece stands before it in its line */
	bool starts_statement;
	uint32_t line;
};

struct pieces {
	struct piece *items; /* the last one is TOKEN_END */
	size_t count, room;
};

/* The tokens that count and the comments around them; 0 or -ENOMEM. */
int format_pieces(const struct source *source, const struct tokens *tokens,
    struct pieces *ret);

enum row_kind {
	ROW_COMMENT,
	ROW_ZONE,
	ROW_NAME,
	ROW_LIST,
	ROW_SERVICE,
	ROW_PARENT,
	ROW_RULE,
	ROW_OPEN, /* of a block */
	ROW_CLOSE,
	ROW_CASE,
	ROW_OTHER,
};

#define ROW_CELLS 3

/* A statement, or a line of its own; cells may hold more than one line. */
struct row {
	enum row_kind kind;
	unsigned depth;              /* of blocks */
	unsigned blanks;             /* blank lines before it */
	struct str cells[ROW_CELLS]; /* stand in columns; empty: none */
	struct str comment;          /* behind it */
	uint32_t old_line;
	uint32_t by_line; /* of a test: the rule's old line, said last */
	/* Found when all rows are known. */
	size_t widths[ROW_CELLS]; /* of the columns */
	size_t width;             /* of its last line */
	size_t comment_column;
};

struct rows {
	struct row *items;
	size_t count, room;
};

/* Texts lie in the arena or in the pieces.  0 or -ENOMEM. */
int format_rows(
    const struct pieces *pieces, struct arena *arena, struct rows *ret);

/* A port or a kind of ICMP message: it belongs to the protocol before it. */
bool format_is_detail(const struct piece *piece);

/*
 * The pieces from `at` to before `end` as text; braces are broken into lines
 * if need be, for a statement that stands `depth` blocks deep.
 */
bool format_must_break(
    const struct piece *at, const struct piece *end, size_t others);
void format_join(const struct piece *at, const struct piece *end, bool broken,
    unsigned depth, struct text *out);

#endif
