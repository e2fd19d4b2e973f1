/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/columns: how much of a line a terminal has room for.
 *
 * Of text that may be shown (base/utf8): wide characters take two columns and
 * marks that stand on others none, whatever the locale of the process is.
 */
#ifndef GATEHOUSE_CLI_COLUMNS_H
#define GATEHOUSE_CLI_COLUMNS_H

#include "base/text.h"

/* What stands for what was cut: three bytes, one column. */
#define COLUMNS_ELLIPSIS "\xe2\x80\xa6"

/* The columns that the text takes. */
size_t columns_of(struct str text);

/* The bytes of the head of s that take at most so many columns. */
size_t columns_head_bytes(struct str s, size_t most);

/* The text in at most so many columns; of a longer one the head and an
 * ellipsis. */
void columns_add_head(struct text *out, struct str text, size_t most);

/* The same with its tail, for what has its weight at the end. */
void columns_add_tail(struct text *out, struct str text, size_t most);

/* Exactly so many columns: cut or filled with blanks. */
void columns_add_left(struct text *out, struct str text, size_t width);
void columns_add_right(struct text *out, struct str text, size_t width);

/* The columns of the terminal that fd is, or 0. */
unsigned columns_of_terminal(int fd);

#endif
