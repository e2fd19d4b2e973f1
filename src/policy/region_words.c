/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region_words: a region in the words of its policies.
 *
 * The words are looked for from the cells that must be said, one after the
 * other, and sets are compared as diagrams: what it costs grows with what is
 * said and not with what the policies can tell apart.
 */
#include "policy/region_impl.h"

#include <errno.h>

size_t
region_next(const struct side *side, uint32_t set, size_t from)
{
	return diagram_seek(&side->space->diagram, set, side->axis->first,
	    side->axis->bits, from, true);
}

size_t
region_next_gap(const struct side *side, uint32_t set, size_t from)
{
	return diagram_seek(&side->space->diagram, set, side->axis->first,
	    side->axis->bits, from, false);
}

bool
region_is_all(const struct side *side, uint32_t set)
{
	return diagram_implies(&side->space->diagram, side->axis->all, set);
}

static size_t
count_cells(const struct side *side, uint32_t set)
{
	return diagram_count(
	    &side->space->diagram, set, side->axis->first, side->axis->bits);
}

void
region_comma(const struct side *side)
{
	if (side->out->len > side->start)
		text_addz(side->out, ", ");
}

/* Thousands apart, as many addresses as there are. */
void
region_more(const struct side *side, size_t count)
{
	text_addz(side->out, " and ");
	if (count >= 1000)
		text_addf(side->out, "%zu,%03zu", count / 1000, count % 1000);
	else
		text_addf(side->out, "%zu", count);
	text_addz(side->out, " more");
}

/* Of names that say as much, the first in the policies. */
static bool
is_better(const struct wording *wording, size_t gained,
    const struct wording *best, size_t best_gained)
{
	return gained > best_gained || (gained == best_gained && gained > 0 &&
					   wording->kind == WORDING_GROUP &&
					   best->kind == WORDING_GROUP &&
					   wording->number < best->number);
}

static bool
best_wording(const struct side *side, size_t cell, uint32_t left, uint32_t most,
    struct wording *ret)
{
	struct diagram *d = &side->space->diagram;
	struct wording wording;
	size_t best = 0, at = 0;

	while (region_wording_next(side, cell, &at, &wording)) {
		if (!diagram_implies(d, wording.cells, most))
			continue;
		size_t gained =
		    count_cells(side, diagram_and(d, wording.cells, left));
		if (is_better(&wording, gained, ret, best)) {
			best = gained;
			*ret = wording;
		}
	}
	return best > 0;
}

/* An address is said once for itself and for itself as the gateway's own. */
static uint32_t
without_cell(const struct side *side, size_t cell, uint32_t left)
{
	struct diagram *d = &side->space->diagram;
	enum space_dimension dimension = side->dimension;

	left = diagram_minus(
	    d, left, space_one_cell(side->space, dimension, cell));
	if (dimension != SPACE_DESTINATION ||
	    side->space->destinations.items[cell].own)
		return left;
	size_t own = space_self_first(side->space, dimension) +
		     space_atom(side->space, dimension, cell);
	return diagram_minus(
	    d, left, space_one_cell(side->space, dimension, own));
}

/* How many addresses, or other things, are left to say. */
static size_t
count_left(const struct side *side, uint32_t left)
{
	size_t count = 0, cell;

	while ((cell = region_next(side, left, 0)) < side->axis->count) {
		left = without_cell(side, cell, left);
		count++;
	}
	return count;
}

/* How many parts of which kind; at most so many of both. */
struct said {
	size_t words, cells, max;
	size_t len_max; /* of the text; 0: any */
	bool vague;     /* a cell was not said to its end */
};

static bool
is_said_enough(const struct side *side, const struct said *said)
{
	return said->words + said->cells >= said->max ||
	       (said->len_max > 0 && side->out->len >= said->len_max);
}

/* The next part of `left`, whose first cell is given; returns the rest. */
static uint32_t
say_part(const struct side *side, size_t cell, uint32_t left, uint32_t most,
    struct said *said)
{
	struct wording wording;

	if (best_wording(side, cell, left, most, &wording)) {
		region_wording_add(side, &wording);
		said->words++;
		return diagram_minus(
		    &side->space->diagram, left, wording.cells);
	}
	region_cell_say(side, cell);
	said->cells++;
	said->vague |= region_cell_is_vague(side, cell);
	return without_cell(side, cell, left);
}

/*
 * Says `left`, and at most `most`, in words; what no word fits is said cell by
 * cell.  Returns what is left behind said->max parts.
 */
static uint32_t
say_parts(
    const struct side *side, uint32_t left, uint32_t most, struct said *said)
{
	for (;;) {
		size_t cell = region_next(side, left, 0);
		if (cell >= side->axis->count || is_said_enough(side, said))
			return left;
		if (said->words + said->cells > 0)
			text_addz(side->out, ", ");
		left = say_part(side, cell, left, most, said);
	}
}

/* The same, and how much is not said. */
static struct said
say_bounded(const struct side *side, uint32_t left, uint32_t most)
{
	struct said said = { .max = side->parts_max };

	left = say_parts(side, left, most, &said);
	if (left != DIAGRAM_EMPTY)
		region_more(side, count_left(side, left));
	return said;
}

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

/* Cells of `whole` that may not be said, and all that need not be excluded. */
static uint32_t
excluded_of(const struct side *side, uint32_t whole, uint32_t *ret_excludable)
{
	struct diagram *d = &side->space->diagram;

	*ret_excludable =
	    diagram_minus(d, DIAGRAM_ALL, diagram_and(d, side->least, whole));
	return diagram_minus(d, whole, side->most);
}

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
	struct said said = { .max = EXCEPTIONS_MAX,
		.len_max =
		    bytes_max < SIZE_MAX - before ? before + bytes_max : 0 };
	uint32_t excludable;
	uint32_t excluded = excluded_of(
	    side, whole != NULL ? whole->cells : side->axis->all, &excludable);

	if (whole != NULL)
		region_wording_add(side, whole);
	else
		text_addz(side->out, "any");
	text_addz(side->out, " except ");
	size_t braces = side->out->len;
	excluded = say_parts(side, excluded, excludable, &said);
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
			return count_left(side, left);
		region_comma(side);
		if (best_wording(side, cell, left, side->most, &wording)) {
			region_wording_add(side, &wording);
			left = diagram_minus(
			    &side->space->diagram, left, wording.cells);
		} else if (!say_zone_except(side, cell, &left, &hopeless)) {
			region_cell_say(side, cell);
			left = without_cell(side, cell, left);
		}
	}
}

/* More names than this are one "any", where that may be said. */
#define WORDS_MAX 2

/* In one name or two, unless these are all there is. */
static bool
say_names(const struct side *side)
{
	struct said said = { .max = WORDS_MAX };
	size_t start = side->out->len;

	if (!region_is_all(side, side->least) &&
	    say_parts(side, side->least, side->most, &said) == DIAGRAM_EMPTY &&
	    said.cells == 0)
		return true;
	text_cut(side->out, start);
	return false;
}

/* In parts, or "any" with exceptions, whatever is shorter. */
static void
say_endpoint(const struct side *side)
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

/* By the names of hours, or as the times that they are, together. */
static void
say_time(const struct side *side)
{
	struct said said = { .max = SIZE_MAX };
	struct hours minutes = { 0 };
	size_t start = side->out->len;

	if (region_is_all(side, side->most))
		return;
	(void)say_parts(side, side->least, side->most, &said);
	if (said.cells == 0)
		return;
	text_cut(side->out, start);
	for (size_t cell = region_next(side, side->least, 0);
	     cell < side->axis->count;
	     cell = region_next(side, side->least, cell + 1))
		hours_add_all(
		    &minutes, &side->space->times.of.times[cell].minutes);
	region_times_say(side, &minutes);
}

/* Of all other conditions cell 0 stands for what no rule mentions. */
static void
say_asked(const struct side *side)
{
	uint32_t excludable;

	if (region_is_all(side, side->most))
		return;
	if (region_next(side, side->least, 0) > 0) {
		(void)say_bounded(side, side->least, side->most);
		return;
	}
	uint32_t excluded = excluded_of(side, side->axis->all, &excludable);
	text_addz(side->out, "not ");
	(void)say_bounded(side, excluded, excludable);
}

static void
say_mode(const struct side *side)
{
	static const char *const words[1 << SPACE_MODE_COUNT] = {
		[1 << SPACE_DIRECT] = "not by the proxy",
		[1 << SPACE_EXPLICIT] = "explicit",
		[1 << SPACE_DIALLED] = "dialled by the proxy",
		[1 << SPACE_DIRECT | 1 << SPACE_EXPLICIT] = "",
		[1 << SPACE_DIRECT | 1 << SPACE_DIALLED] = "not explicit",
		[1 << SPACE_EXPLICIT | 1 << SPACE_DIALLED] = "by the proxy",
	};
	unsigned modes = 0;

	for (unsigned i = 0; i < SPACE_MODE_COUNT; i++)
		modes |= (unsigned)(region_next(side, side->least, i) == i)
			 << i;
	if (!region_is_all(side, side->most) && words[modes] != NULL)
		text_addz(side->out, words[modes]);
}

static void
say_side(struct side *side)
{
	switch (side->dimension) {
	case SPACE_MODE:
		say_mode(side);
		break;
	case SPACE_SOURCE:
	case SPACE_DESTINATION:
		say_endpoint(side);
		break;
	case SPACE_SERVICE:
		region_services_say(side);
		break;
	case SPACE_TIME:
		say_time(side);
		break;
	case SPACE_NAME:
	case SPACE_SCHEME:
	case SPACE_METHOD:
	case SPACE_PATH:
	case SPACE_USER:
	case SPACE_HEADER:
	case SPACE_TYPE:
		say_asked(side);
		break;
	case SPACE_DIMENSION_COUNT:
		break;
	}
}

int
region_say(struct space *space, const struct region *region,
    enum space_dimension dimension, size_t parts_max, struct text *out)
{
	const struct space_axis *axis = &space->axes[dimension];
	struct diagram *d = &space->diagram;
	struct side side = { space, dimension, axis,
		diagram_and(d, region->least[dimension], axis->all),
		diagram_and(d, region->most[dimension], axis->all), parts_max,
		out, out->len };

	say_side(&side);
	return out->full ? -ENOMEM : space_rc(space);
}

int
region_describe(struct space *space, const struct region *region,
    size_t parts_max, struct text *out)
{
	static const struct {
		enum space_dimension dimension;
		const char *before;
	} parts[] = {
		{ SPACE_SOURCE, "" },
		{ SPACE_DESTINATION, " -> " },
		{ SPACE_SERVICE, " " },
		{ SPACE_NAME, " name " },
		{ SPACE_SCHEME, " scheme " },
		{ SPACE_METHOD, " method " },
		{ SPACE_PATH, " path " },
		{ SPACE_USER, " user " },
		{ SPACE_HEADER, " header " },
		{ SPACE_TYPE, " type " },
		{ SPACE_TIME, " during " },
		{ SPACE_MODE, " " },
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(parts) / sizeof(parts[0]);
	     i++) {
		size_t start = out->len;
		text_addz(out, parts[i].before);
		size_t before = out->len;
		rc = region_say(
		    space, region, parts[i].dimension, parts_max, out);
		if (out->len == before)
			text_cut(out, start);
	}
	return rc;
}
