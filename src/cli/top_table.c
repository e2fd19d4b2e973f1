/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/top_table.h"

#include "cli/amount.h"
#include "cli/columns.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- widths ---- */

/* Of those that are there, with a blank between them. */
static size_t
width_of(const struct top_kind *kind, const size_t *widths)
{
	size_t sum = 0;

	for (size_t i = 0; i < kind->count; i++)
		if (widths[i] > 0)
			sum += widths[i] + (sum > 0);
	return sum;
}

/* Leaves one out; false if all that are there have to stay. */
static bool
leave_out(const struct top_kind *kind, size_t *widths)
{
	size_t last = kind->count;

	for (size_t i = 0; i < kind->count; i++)
		if (widths[i] > 0 && kind->columns[i].rank > 0 &&
		    (last == kind->count ||
			kind->columns[i].rank > kind->columns[last].rank))
			last = i;
	if (last == kind->count)
		return false;
	widths[last] = 0;
	return true;
}

static void
share(const struct top_kind *kind, size_t left, size_t *widths)
{
	size_t weights = 0;

	for (size_t i = 0; i < kind->count; i++)
		weights += widths[i] > 0 ? kind->columns[i].weight : 0;
	for (size_t i = 0; i < kind->count && weights > 0; i++) {
		size_t weight = widths[i] > 0 ? kind->columns[i].weight : 0;
		size_t part = left * weight / weights;
		widths[i] += part;
		left -= part;
		weights -= weight;
	}
}

/* What has a weight gives way to the rest, each by its width. */
static void
narrow(const struct top_kind *kind, size_t over, size_t *widths)
{
	size_t sum = 0;

	for (size_t i = 0; i < kind->count; i++)
		sum += kind->columns[i].weight > 0 ? widths[i] : 0;
	for (size_t i = 0; i < kind->count; i++) {
		if (kind->columns[i].weight == 0 || widths[i] == 0)
			continue;
		size_t width = widths[i];
		size_t part = (over * width + sum - 1) / sum;
		widths[i] -= part < width ? part : width;
		over -= part < over ? part : over;
		sum -= width;
	}
}

void
top_table_widths(const struct top_kind *kind, size_t width,
    size_t ret[static TOP_COLUMNS_MAX])
{
	for (size_t i = 0; i < kind->count; i++)
		ret[i] = kind->columns[i].width;
	while (width_of(kind, ret) > width && leave_out(kind, ret))
		;

	size_t has = width_of(kind, ret);
	if (has < width)
		share(kind, width - has, ret);
	else
		narrow(kind, has - width, ret);
}

/* ---- lines ---- */

static void
add_cell(const struct top_column *column, size_t width, struct str words,
    struct text *out)
{
	if (column->form == TOP_FORM_WORDS)
		columns_add_left(out, words, width);
	else
		columns_add_right(out, words, width);
}

void
top_table_head(const struct top_kind *kind,
    const size_t widths[static TOP_COLUMNS_MAX], size_t sorted_by, bool reverse,
    struct text *out)
{
	struct text title = TEXT_EMPTY;
	size_t start = out->len;

	for (size_t i = 0; i < kind->count; i++) {
		if (widths[i] == 0)
			continue;
		text_clear(&title);
		text_addz(&title, i != sorted_by ? "" : reverse ? "^" : "v");
		text_addz(&title, kind->columns[i].title);
		text_addz(out, out->len > start ? " " : "");
		add_cell(&kind->columns[i], widths[i], text_str(&title), out);
	}
	text_fini(&title);
}

static void
add_number(enum top_form form, int64_t number, struct text *out)
{
	if (number < 0)
		text_addz(
		    out, form == TOP_FORM_AGO && number == -2 ? "never" : "-");
	else if (form == TOP_FORM_SIZE)
		amount_add_size(out, number);
	else if (form == TOP_FORM_COUNT)
		amount_add_count(out, number);
	else if (form == TOP_FORM_AGO && number < 1000)
		text_addz(out, "now");
	else if (form == TOP_FORM_DURATION || form == TOP_FORM_AGO)
		amount_add_duration(out, (double)number);
	else
		text_addf(out, "%" PRId64, number);
}

void
top_table_line(const struct top_kind *kind,
    const size_t widths[static TOP_COLUMNS_MAX], const void *row,
    struct text *out)
{
	struct text cell = TEXT_EMPTY;
	size_t start = out->len;

	for (size_t i = 0; i < kind->count; i++) {
		const struct top_column *column = &kind->columns[i];
		if (widths[i] == 0)
			continue;
		text_clear(&cell);
		if (column->form == TOP_FORM_WORDS)
			text_add(&cell, column->words(row));
		else
			add_number(column->form, column->number(row), &cell);
		text_addz(out, out->len > start ? " " : "");
		add_cell(column, widths[i], text_str(&cell), out);
	}
	text_fini(&cell);
}

/* ---- order ---- */

struct order {
	const struct top_column *column;
	bool reverse;
	bool (*is_last)(const void *row);
};

static int
compare(const void *a, const void *b, void *context)
{
	const struct order *order = context;
	const struct top_column *column = order->column;
	const void *one = *(const void *const *)a;
	const void *other = *(const void *const *)b;
	int way;

	if (order->is_last != NULL &&
	    order->is_last(one) != order->is_last(other))
		return order->is_last(one) ? 1 : -1;
	if (column->number == NULL) {
		way = str_cmp(column->words(one), column->words(other));
	} else {
		int64_t x = column->number(one), y = column->number(other);
		way = (x < y) - (x > y);
	}
	/* Equal ones stand as they came, or they would dance. */
	if (way == 0)
		return (one > other) - (one < other);
	return order->reverse ? -way : way;
}

void
top_table_sort(const struct top_kind *kind, size_t by, bool reverse,
    const void **rows, size_t count)
{
	struct order order = { &kind->columns[by], reverse, kind->is_last };

	if (count > 0)
		qsort_r(rows, count, sizeof(*rows), compare, &order);
}
