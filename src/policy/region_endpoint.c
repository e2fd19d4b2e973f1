/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region_endpoint: the sources or destinations of a region: a name or
 * two, parts, "lan except printers", or "any except ...", whatever is shorter.
 */
#include "policy/region_impl.h"

/* Around all from `at` on, so that a list ends where it ends. */
static void
add_braces(struct text *out, size_t at)
{
	size_t len = out->len - at;

	text_addz(out, "{  }"); /* as many bytes as are added */
	if (out->full)
		return;
	memmove(out->at + at + 2, out->at + at, len);
	memcpy(out->at + at, "{ ", 2);
	memcpy(out->at + at + 2 + len, " }", 2);
}

/* More exceptions than this are harder to read than what remains. */
#define EXCEPTIONS_MAX 4

/*
 * "lan except printers", or "any except ..." for a NULL wording; false, and
 * nothing said, if that takes bytes_max bytes, or many exceptions, or some that
 * end in "...": of these nobody knows what remains.
 */
static bool
say_except(const struct side *side, const struct wording *whole,
    size_t bytes_max, bool is_last)
{
	size_t before = side->out->len;
	struct region_said said = { .max = EXCEPTIONS_MAX,
		.len_max =
		    bytes_max < SIZE_MAX - before ? before + bytes_max : 0 };
	uint32_t excludable;
	uint32_t excluded = region_excluded(
	    side, whole != NULL ? whole->cells : side->axis->all, &excludable);

	if (whole != NULL)
		region_wording_add(side, whole);
	else
		text_addz(side->out, "any");
	text_addz(side->out, " except ");
	size_t braces = side->out->len;
	excluded = region_say_parts(side, excluded, excludable, &said);
	size_t count = said.words + said.cells;
	if (!is_last || count > 1)
		add_braces(side->out, braces);
	if (excluded == DIAGRAM_EMPTY && count > 0 && !said.vague &&
	    side->out->len - before < bytes_max)
		return true;
	text_cut(side->out, before);
	return false;
}

/* No exceptions that are worth it are longer than this. */
#define MEASURED_MAX 1024

/* How long the cells are, said one by one; SIZE_MAX: longer than anything. */
static size_t
measure_cells(const struct side *side, uint32_t cells)
{
	size_t before = side->out->len, cell = region_next(side, cells, 0);

	while (cell < side->axis->count &&
	       side->out->len - before < MEASURED_MAX) {
		text_addz(side->out, ", ");
		region_cell_say(side, cell);
		cell = region_next(side, cells, cell + 1);
	}
	size_t len = side->out->len - before;
	text_cut(side->out, before);
	return cell < side->axis->count ? SIZE_MAX : len;
}

/*
 * Wordings that had too many exceptions, whatever was left to say: these are
 * the same each time.  A few, for neighbours share them.
 */
#define HOPELESS_KEPT 8

struct hopeless {
	uint32_t cells[HOPELESS_KEPT];
	size_t count;
};

static bool
is_hopeless(const struct hopeless *hopeless, uint32_t cells)
{
	for (size_t i = 0; i < hopeless->count && i < HOPELESS_KEPT; i++)
		if (hopeless->cells[i] == cells)
			return true;
	return false;
}

static void
note_hopeless(struct hopeless *hopeless, uint32_t cells)
{
	hopeless->cells[hopeless->count++ % HOPELESS_KEPT] = cells;
}

/* A zone that holds the cell and, but for some exceptions, may be said. */
static bool
say_zone_except(const struct side *side, size_t cell, uint32_t *left,
    struct hopeless *hopeless)
{
	struct diagram *d = &side->space->diagram;
	struct wording wording;
	size_t at = 0;

	while (region_wording_next(side, cell, &at, &wording)) {
		if (wording.kind == WORDING_GROUP ||
		    wording.kind == WORDING_FAMILY ||
		    is_hopeless(hopeless, wording.cells))
			continue;
		uint32_t rest = diagram_minus(d, *left, wording.cells);
		size_t bytes_max =
		    measure_cells(side, diagram_and(d, *left, wording.cells));
		if (say_except(
			side, &wording, bytes_max, rest == DIAGRAM_EMPTY)) {
			*left = rest;
			return true;
		}
		if (bytes_max == SIZE_MAX)
			note_hopeless(hopeless, wording.cells);
	}
	return false;
}

/* Returns how much is not said. */
static size_t
say_endpoint_parts(const struct side *side)
{
	struct hopeless hopeless = { .count = 0 };
	uint32_t left = side->least;
	struct wording wording;

	for (size_t parts = 0;; parts++) {
		size_t cell = region_next(side, left, 0);
		if (cell >= side->axis->count)
			return 0;
		if (parts >= side->parts_max)
			return region_count_left(side, left);
		region_comma(side);
		if (region_best_wording(
			side, cell, left, side->most, &wording)) {
			region_wording_add(side, &wording);
			left = diagram_minus(
			    &side->space->diagram, left, wording.cells);
		} else if (!say_zone_except(side, cell, &left, &hopeless)) {
			region_cell_say(side, cell);
			left = region_without_cell(side, cell, left);
		}
	}
}

/* More names than this are one "any", where that may be said. */
#define WORDS_MAX 2

/* In one name or two, unless these are all there is. */
static bool
say_names(const struct side *side)
{
	struct region_said said = { .max = WORDS_MAX };
	size_t start = side->out->len;

	if (!region_is_all(side, side->least) &&
	    region_say_parts(side, side->least, side->most, &said) ==
		DIAGRAM_EMPTY &&
	    said.cells == 0)
		return true;
	text_cut(side->out, start);
	return false;
}

/* In parts, or "any" with exceptions, whatever is shorter. */
void
region_endpoint_say(const struct side *side)
{
	size_t start = side->out->len;

	if (say_names(side))
		return;
	if (region_is_all(side, side->most)) {
		text_addz(side->out, "any");
		return;
	}
	size_t more = say_endpoint_parts(side);
	size_t len = side->out->len - start;
	size_t bytes_max = more > 0 ? SIZE_MAX : len;
	if (say_except(side, NULL, bytes_max, true)) {
		text_cut(side->out, start);
		(void)say_except(side, NULL, bytes_max, true);
	} else if (more > 0) {
		region_more(side, more);
	}
}
