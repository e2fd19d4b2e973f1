/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/format.h"

#include "policy/format_impl.h"
#include "policy/syntax.h"

#include <errno.h>
#include <stdlib.h>

#define FORMAT_BYTES_MAX ((size_t)1 << 30)

#define INDENT            4
#define BLANKS_MAX        2 /* between paragraphs */
#define BLANKS_INSIDE_MAX 1 /* in a block */
#define GAP               2 /* before what stands apart */

/*
 * Cells that are wider than this stick out instead of pushing all others to the
 * right; about where a line of 80 leaves room for what is logged.
 */
#define COLUMN_MAX  48
#define VERDICT_MAX 56 /* the same of a test's flow */
#define COMMENT_MAX 60

#define VERDICT_WIDTH 6 /* reject */

struct layout {
	struct rows *rows;
	struct text *out;
	uint32_t *new_lines; /* of each row */
};

static unsigned
blanks_before(const struct layout *layout, size_t i)
{
	const struct row *row = &layout->rows->items[i];
	unsigned max = row->depth > 0 ? BLANKS_INSIDE_MAX : BLANKS_MAX;

	if (i == 0 || row->kind == ROW_CLOSE ||
	    layout->rows->items[i - 1].kind == ROW_OPEN)
		return 0;
	return row->blanks < max ? row->blanks : max;
}

static uint32_t
count_lines(const struct row *row)
{
	uint32_t lines = 1;

	for (size_t i = 0; i < ROW_CELLS; i++)
		for (size_t j = 0; j < row->cells[i].len; j++)
			lines += row->cells[i].at[j] == '\n';
	return lines;
}

static void
number_lines(struct layout *layout)
{
	uint32_t line = 1;

	for (size_t i = 0; i < layout->rows->count; i++) {
		line += blanks_before(layout, i);
		layout->new_lines[i] = line;
		line += count_lines(&layout->rows->items[i]);
	}
}

/* The line to which the rule of an old line has gone. */
static uint32_t
new_line_of(const struct layout *layout, uint32_t old)
{
	for (size_t i = 0; i < layout->rows->count; i++)
		if (layout->rows->items[i].kind == ROW_RULE &&
		    layout->rows->items[i].old_line == old)
			return layout->new_lines[i];
	return old;
}

static bool
is_one_line(struct str cell)
{
	return cell.len == 0 || memchr(cell.at, '\n', cell.len) == NULL;
}

/* A verdict wider than its column takes from the cell behind it. */
static size_t
cell_width(const struct row *row, size_t cell)
{
	size_t len = row->cells[cell].len, verdict = row->cells[0].len;

	if (len == 0 || !is_one_line(row->cells[cell]))
		return 0;
	if (row->kind == ROW_RULE && cell == 1 && verdict > VERDICT_WIDTH)
		len += verdict - VERDICT_WIDTH;
	return len;
}

/*
 * Rows of one kind stand in columns as far as nothing but comments and one
 * blank line comes between them.
 */
static bool
is_neighbour(const struct layout *layout, size_t i, enum row_kind kind)
{
	const struct row *row = &layout->rows->items[i];

	return (row->kind == kind || row->kind == ROW_COMMENT) &&
	       blanks_before(layout, i) < BLANKS_MAX;
}

/* Behind the last row that stands in columns with this one. */
static size_t
end_of_group(const struct layout *layout, size_t at)
{
	enum row_kind kind = layout->rows->items[at].kind;
	size_t end = at + 1;

	while (end < layout->rows->count && is_neighbour(layout, end, kind))
		end++;
	return end;
}

/* The widest cell of the group that is not too wide and has one behind it. */
static size_t
find_width(const struct layout *layout, size_t at, size_t end, size_t cell)
{
	enum row_kind kind = layout->rows->items[at].kind;
	size_t max = kind == ROW_CASE ? VERDICT_MAX : COLUMN_MAX;
	size_t widest = 0;

	for (size_t i = at; i < end; i++) {
		const struct row *row = &layout->rows->items[i];
		size_t width = cell_width(row, cell);
		if (row->kind == kind && width <= max && width > widest &&
		    row->cells[cell + 1].len > 0)
			widest = width;
	}
	return widest;
}

/* Zones of tests are as wide everywhere, so that blocks look alike. */
static size_t
find_zone_width(const struct layout *layout)
{
	size_t widest = 0;

	for (size_t i = 0; i < layout->rows->count; i++) {
		const struct row *row = &layout->rows->items[i];
		if (row->kind == ROW_CASE && row->cells[0].len > widest)
			widest = row->cells[0].len;
	}
	return widest;
}

static bool
has_columns(enum row_kind kind)
{
	return kind != ROW_COMMENT && kind != ROW_OPEN && kind != ROW_CLOSE &&
	       kind != ROW_OTHER;
}

/* A group of neighbours at once, from its first row on. */
static void
find_columns(struct layout *layout)
{
	size_t zone_width = find_zone_width(layout), end;

	for (size_t at = 0; at < layout->rows->count; at = end) {
		enum row_kind kind = layout->rows->items[at].kind;
		end = at + 1;
		if (!has_columns(kind))
			continue;
		end = end_of_group(layout, at);
		size_t first = kind == ROW_RULE ? VERDICT_WIDTH
			       : kind == ROW_CASE
				   ? zone_width
				   : find_width(layout, at, end, 0);
		size_t second = find_width(layout, at, end, 1);
		for (size_t i = at; i < end; i++) {
			layout->rows->items[i].widths[0] = first;
			layout->rows->items[i].widths[1] = second;
		}
	}
}

/* What is logged and what a test expects stand apart; the rest is one blank. */
static size_t
gap_after(const struct row *row, size_t cell)
{
	return cell == 1 && (row->kind == ROW_RULE || row->kind == ROW_CASE)
		   ? GAP
		   : 1;
}

static size_t
last_cell(const struct row *row)
{
	size_t last = ROW_CELLS - 1;

	while (last > 0 && row->cells[last].len == 0)
		last--;
	return last;
}

/* Sources of tests stand below each other, with a zone or without. */
static bool
has_column(const struct layout *layout, size_t i, size_t cell)
{
	return cell > 0 || layout->rows->items[i].cells[0].len > 0 ||
	       layout->rows->items[i].widths[0] > 0;
}

static void
add_row(const struct layout *layout, size_t i, struct text *out)
{
	const struct row *row = &layout->rows->items[i];
	size_t last = last_cell(row);

	text_pad(out, ' ', (size_t)row->depth * INDENT);
	for (size_t cell = 0; cell <= last; cell++) {
		text_add(out, row->cells[cell]);
		if (cell == last || !has_column(layout, i, cell))
			continue;
		size_t width = row->widths[cell];
		size_t len = cell_width(row, cell);
		bool pads = len < width && is_one_line(row->cells[cell]);
		text_pad(
		    out, ' ', (pads ? width - len : 0) + gap_after(row, cell));
	}
	if (row->by_line != 0)
		text_addf(out, " %u", new_line_of(layout, row->by_line));
}

static size_t
row_width(const struct layout *layout, size_t i)
{
	struct text line = TEXT_EMPTY;

	add_row(layout, i, &line);
	size_t width = line.len;
	while (width > 0 && line.at[width - 1] != '\n')
		width--;
	width = line.len - width;
	text_fini(&line);
	return width;
}

/* Comments behind rows that follow each other stand in one column. */
static void
find_comment_columns(struct layout *layout)
{
	struct row *rows = layout->rows->items;
	size_t count = layout->rows->count, end;

	for (size_t at = 0; at < count; at = end) {
		size_t widest = 0;
		for (end = at; end < count && rows[end].comment.len > 0 &&
			       (end == at || blanks_before(layout, end) == 0);
		     end++) {
			rows[end].width = row_width(layout, end);
			if (rows[end].width <= COMMENT_MAX &&
			    rows[end].width > widest)
				widest = rows[end].width;
		}
		for (size_t i = at; i < end; i++)
			rows[i].comment_column = widest;
		end += end == at;
	}
}

static void
write_row(const struct layout *layout, size_t i)
{
	const struct row *row = &layout->rows->items[i];

	text_pad(layout->out, '\n', blanks_before(layout, i));
	add_row(layout, i, layout->out);
	if (row->comment.len > 0) {
		size_t width = row->width, column = row->comment_column;
		text_pad(layout->out, ' ',
		    (width < column ? column - width : 0) + GAP);
		text_add(layout->out, row->comment);
	}
	text_addc(layout->out, '\n');
}

static int
write_rows(struct layout *layout)
{
	layout->new_lines =
	    calloc(layout->rows->count + 1, sizeof(*layout->new_lines));
	if (layout->new_lines == NULL)
		return -ENOMEM;
	number_lines(layout);
	find_columns(layout);
	find_comment_columns(layout);
	for (size_t i = 0; i < layout->rows->count; i++)
		write_row(layout, i);
	free(layout->new_lines);
	return layout->out->full ? -ENOMEM : 0;
}

static int
format_tokens(const struct source *source, const struct tokens *tokens,
    struct arena *arena, struct text *ret)
{
	struct pieces pieces = { 0 };
	struct rows rows = { 0 };
	struct layout layout = { &rows, ret, NULL };

	int rc = format_pieces(source, tokens, &pieces);
	if (rc == 0)
		rc = format_rows(&pieces, arena, &rows);
	if (rc == 0)
		rc = write_rows(&layout);
	free(pieces.items);
	free(rows.items);
	return rc;
}

int
policy_format(
    const struct source *source, struct report *report, struct text *ret)
{
	struct syntax syntax = { 0 };
	size_t errors = report->errors;
	struct arena arena;

	arena_init(&arena, FORMAT_BYTES_MAX);
	int rc = policy_parse(source, &arena, report, NULL, &syntax);
	if (rc == 0 && report->errors > errors)
		rc = -EINVAL;
	if (rc == 0)
		rc = format_tokens(source, &syntax.files->tokens, &arena, ret);
	syntax_fini(&syntax);
	arena_fini(&arena);
	return rc;
}
