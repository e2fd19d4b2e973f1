/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_run: which lines of a list become maps, and in which order
 * the maps are asked.
 */
#include "firewall/compile_lines_impl.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Measured with four shapes, where the last line is the one that matches: 24
 * lines cost as much as their maps, of 32 maps save 0.1 us a flow, of 100 they
 * save 0.9 us.  A list that gains little stays readable instead.
 */
#define LINES_A_SHAPE  4
#define LINES_MAPS_MIN 12

static size_t
run_end(const struct elements *elements, size_t start)
{
	size_t end = start + 1;

	while (end < elements->count && shape_eq(&elements->items[end].shape,
					    &elements->items[start].shape))
		end++;
	return end;
}

/* `seen`: by line, the last run that it was counted in. */
static struct run
count_run(const struct lines *lines, size_t start, size_t *seen)
{
	const struct elements *elements = &lines->elements;
	struct run run = { .start = start, .end = run_end(elements, start) };

	for (size_t i = run.start; i < run.end; i++) {
		const struct element *element = &elements->items[i];
		if (!lines->items[element->line].is_mapped)
			continue;
		run.protocols |= 1u << element->protocol;
		if (seen[element->line] != start + 1)
			run.lines++;
		seen[element->line] = start + 1;
	}
	return run;
}

/* A shape of few lines is not worth its look-up; true if one was left. */
static bool
leave_small_shapes(struct lines *lines, struct runs *runs, size_t *seen)
{
	bool has_left = false;

	runs->count = 0;
	for (size_t i = 0; i < lines->elements.count;) {
		struct run run = count_run(lines, i, seen);
		i = run.end;
		if (run.lines == 0)
			continue;
		if (run.lines < LINES_A_SHAPE) {
			has_left = true;
			for (size_t j = run.start; j < run.end; j++)
				lines->items[lines->elements.items[j].line]
				    .is_mapped = false;
		} else if (VEC_ADD(runs, run) < 0) {
			lines->compiler->rc = -ENOMEM;
		}
	}
	return has_left;
}

static size_t
keep_mapped(struct lines *lines)
{
	struct elements *elements = &lines->elements;
	size_t kept = 0, mapped = 0;

	for (size_t i = 0; i < elements->count; i++)
		if (lines->items[elements->items[i].line].is_mapped)
			elements->items[kept++] = elements->items[i];
	elements->count = kept;
	for (size_t i = 0; i < lines->count; i++)
		mapped += lines->items[i].is_mapped;
	return mapped;
}

static int
by_lines(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	if (x->lines != y->lines)
		return x->lines > y->lines ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

bool
lines_run_is_alone(const struct lines *lines, const struct runs *runs,
    size_t count, const struct run *run)
{
	const struct element *elements = lines->elements.items;

	for (size_t i = 0; i < count; i++)
		if (!shape_is_apart(&elements[runs->items[i].start].shape,
			runs->items[i].protocols, &elements[run->start].shape,
			run->protocols))
			return false;
	return true;
}

/*
 * Those of most lines come first, and of them those that meet no other one
 * before: they may set the number unasked.
 */
static void
order_runs(const struct lines *lines, struct runs *runs)
{
	size_t alone = 0;

	if (runs->count > 0)
		qsort(runs->items, runs->count, sizeof(*runs->items), by_lines);
	for (size_t i = 0; i < runs->count; i++) {
		struct run run = runs->items[i];
		if (!lines_run_is_alone(lines, runs, alone, &run))
			continue;
		memmove(&runs->items[alone + 1], &runs->items[alone],
		    (i - alone) * sizeof(run));
		runs->items[alone++] = run;
	}
}

/* Leaving a line may make another of its shapes small. */
bool
lines_choose_maps(struct lines *lines, struct runs *runs)
{
	size_t *seen;
	bool has_left = true;

	if (lines->elements.count < LINES_MAPS_MIN)
		return false;
	seen = calloc(lines->count, sizeof(*seen));
	if (seen == NULL) {
		lines->compiler->rc = -ENOMEM;
		return false;
	}
	elements_sort(&lines->elements);
	while (has_left) {
		memset(seen, 0, lines->count * sizeof(*seen));
		has_left = leave_small_shapes(lines, runs, seen);
	}
	size_t mapped = keep_mapped(lines);
	memset(seen, 0, lines->count * sizeof(*seen));
	(void)leave_small_shapes(lines, runs, seen); /* none is left */
	free(seen);
	if (mapped < LINES_MAPS_MIN + LINES_A_SHAPE * runs->count)
		return false;
	order_runs(lines, runs);
	return true;
}
