/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/line_diff.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define AROUND 3

struct lines {
	struct str *items;
	size_t count, room;
};

/* One line of what comes out. */
struct mark {
	char sign;
	struct str line;
};

struct marks {
	struct mark *items;
	size_t count, room;
};

static int
split(struct str text, struct lines *ret)
{
	int rc = 0;

	while (rc == 0 && text.len > 0)
		rc = VEC_ADD(ret, str_cut(&text, '\n'));
	return rc;
}

static int
put(struct marks *marks, char sign, const struct str *lines, size_t count)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = VEC_ADD(marks, (struct mark){ sign, lines[i] });
	return rc;
}

/* lengths[i * (m + 1) + k]: of the longest that both have from i and k on. */
static void
measure(const struct lines *a, const struct lines *b, uint32_t *lengths)
{
	size_t width = b->count + 1;

	for (size_t i = a->count; i-- > 0;) {
		for (size_t k = b->count; k-- > 0;) {
			uint32_t *cell = &lengths[i * width + k];
			if (str_eq(a->items[i], b->items[k]))
				*cell = cell[width + 1] + 1;
			else
				*cell = cell[width] > cell[1] ? cell[width]
							      : cell[1];
		}
	}
}

static int
walk(const struct lines *a, const struct lines *b, const uint32_t *lengths,
    struct marks *marks)
{
	size_t width = b->count + 1, i = 0, k = 0;
	int rc = 0;

	while (rc == 0 && i < a->count && k < b->count) {
		const uint32_t *cell = &lengths[i * width + k];
		if (str_eq(a->items[i], b->items[k])) {
			rc = put(marks, ' ', &a->items[i++], 1);
			k++;
		} else if (cell[width] >= cell[1]) {
			rc = put(marks, '-', &a->items[i++], 1);
		} else {
			rc = put(marks, '+', &b->items[k++], 1);
		}
	}
	if (rc == 0)
		rc = put(marks, '-', a->items + i, a->count - i);
	return rc < 0 ? rc : put(marks, '+', b->items + k, b->count - k);
}

static int
compare_middle(
    const struct lines *a, const struct lines *b, struct marks *marks)
{
	size_t rows = a->count + 1, columns = b->count + 1;
	uint32_t *lengths;

	if (rows > LINE_DIFF_CELLS_MAX / columns) {
		int rc = put(marks, '-', a->items, a->count);
		return rc < 0 ? rc : put(marks, '+', b->items, b->count);
	}
	lengths = calloc(rows * columns, sizeof(*lengths));
	if (lengths == NULL)
		return -ENOMEM;
	measure(a, b, lengths);
	int rc = walk(a, b, lengths, marks);
	free(lengths);
	return rc;
}

static int
compare(const struct lines *a, const struct lines *b, struct marks *marks)
{
	size_t shorter = a->count < b->count ? a->count : b->count;
	size_t head = 0, tail = 0;

	while (head < shorter && str_eq(a->items[head], b->items[head]))
		head++;
	while (tail < shorter - head && str_eq(a->items[a->count - 1 - tail],
					    b->items[b->count - 1 - tail]))
		tail++;
	const struct lines x = { .items = a->items + head,
		.count = a->count - head - tail };
	const struct lines y = { .items = b->items + head,
		.count = b->count - head - tail };
	int rc = put(marks, ' ', a->items, head);
	if (rc == 0)
		rc = compare_middle(&x, &y, marks);
	return rc < 0 ? rc : put(marks, ' ', a->items + a->count - tail, tail);
}

/* Whether a change is within AROUND lines. */
static bool
is_shown(const struct marks *marks, size_t at)
{
	size_t from = at < AROUND ? 0 : at - AROUND;

	for (size_t i = from; i <= at + AROUND && i < marks->count; i++)
		if (marks->items[i].sign != ' ')
			return true;
	return false;
}

static void
print(const struct marks *marks, struct text *out)
{
	size_t shown = 0, begin = out->len;

	for (size_t i = 0; i < marks->count; i++) {
		if (!is_shown(marks, i))
			continue;
		if (shown != i && (out->len > begin || i > 0))
			text_addz(out, "@@\n");
		text_addf(out, "%c%.*s\n", marks->items[i].sign,
		    STR_ARG(marks->items[i].line));
		shown = i + 1;
	}
}

int
line_diff(struct str before, struct str after, struct text *out)
{
	struct lines a = { 0 }, b = { 0 };
	struct marks marks = { 0 };
	int rc = split(before, &a);

	if (rc == 0)
		rc = split(after, &b);
	if (rc == 0)
		rc = compare(&a, &b, &marks);
	if (rc == 0)
		print(&marks, out);
	free(marks.items);
	free(a.items);
	free(b.items);
	return rc < 0 || !out->full ? rc : -ENOMEM;
}
