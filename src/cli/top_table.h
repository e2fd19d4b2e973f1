/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/top_table: rows of one kind in columns, for any width.
 *
 * A kind of rows is a table of columns, each with a function that gives its
 * number or its words.  What does not fit is left out, the highest rank first;
 * what room is left is shared by weight.
 */
#ifndef GATEHOUSE_CLI_TOP_TABLE_H
#define GATEHOUSE_CLI_TOP_TABLE_H

#include "base/text.h"

#define TOP_COLUMNS_MAX 12

enum top_form {
	TOP_FORM_WORDS,    /* all others are numbers, and -1 is `-` */
	TOP_FORM_NUMBER,   /* as it is */
	TOP_FORM_SIZE,     /* bytes */
	TOP_FORM_COUNT,    /* 1.2k */
	TOP_FORM_DURATION, /* milliseconds */
	TOP_FORM_AGO,      /* the same; -2 is `never` */
};

struct top_column {
	const char *title;
	enum top_form form;
	size_t width;  /* at least */
	size_t weight; /* its share of what is left; 0: none */
	unsigned rank; /* the highest goes first; 0 stays */
	int64_t (*number)(const void *row); /* of WORDS: their order, or NULL */
	struct str (*words)(const void *row); /* WORDS; lent by the row */
};

struct top_kind {
	const struct top_column *columns;
	size_t count;
	size_t sorted_by; /* the column, at first */
	/* What stands behind all others, whatever they are sorted by. */
	bool (*is_last)(const void *row); /* NULL: none */
};

/* The widths for so many columns of a terminal; 0: the column is left out. */
void top_table_widths(const struct top_kind *kind, size_t width,
    size_t ret[static TOP_COLUMNS_MAX]);

/* The titles, with a mark at the one that the rows are sorted by. */
void top_table_head(const struct top_kind *kind,
    const size_t widths[static TOP_COLUMNS_MAX], size_t sorted_by, bool reverse,
    struct text *out);

void top_table_line(const struct top_kind *kind,
    const size_t widths[static TOP_COLUMNS_MAX], const void *row,
    struct text *out);

/* Numbers from the greatest on, words from the first; or the other way. */
void top_table_sort(const struct top_kind *kind, size_t by, bool reverse,
    const void **rows, size_t count);

#endif
