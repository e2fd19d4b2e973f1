/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region_words: a region in the words of its policies.
 */
#include "policy/region_impl.h"

#include <errno.h>
#include <stdlib.h>

static uint8_t *
spread(const struct space *space, enum space_dimension dimension, uint32_t set)
{
	const struct space_axis *axis = &space->axes[dimension];
	uint8_t *cells = calloc(axis->count + 1, 1);

	for (size_t i = 0; cells != NULL && i < axis->count; i++)
		cells[i] = diagram_at(&space->diagram, set, axis->first,
			       axis->bits, i) == DIAGRAM_ALL;
	return cells;
}

static bool
all_of(const uint8_t *cells, size_t count)
{
	return memchr(cells, 0, count) == NULL;
}

/* The first cell that is set, or count. */
static size_t
first_of(const uint8_t *cells, size_t count)
{
	const uint8_t *at = memchr(cells, 1, count);

	return at != NULL ? (size_t)(at - cells) : count;
}

static void
add_comma(const struct side *side)
{
	if (side->out->len > side->start)
		text_addz(side->out, ", ");
}

/* How many cells of `left` it says, or 0 if it says too much. */
static size_t
gain(const struct side *side, const struct wording *wording,
    const uint8_t *left, const uint8_t *most)
{
	size_t gained = 0;

	for (size_t i = 0; i < side->count; i++) {
		if (!region_wording_covers(side, wording, i))
			continue;
		if (most[i] == 0)
			return 0;
		gained += left[i];
	}
	return gained;
}

static bool
best_wording(const struct side *side, size_t cell, const uint8_t *left,
    const uint8_t *most, struct wording *ret)
{
	struct wording wording;
	size_t best = 0;

	for (size_t k = 0; region_wording_at(side->space, k, &wording); k++) {
		if (!region_wording_covers(side, &wording, cell))
			continue;
		size_t gained = gain(side, &wording, left, most);
		if (gained > best) {
			best = gained;
			*ret = wording;
		}
	}
	return best > 0;
}

static void
take_off(const struct side *side, const struct wording *wording, uint8_t *left)
{
	for (size_t i = 0; i < side->count; i++)
		if (left[i] != 0 && region_wording_covers(side, wording, i))
			left[i] = 0;
}

struct said {
	size_t words, cells;
};

/* An address is said once for itself and for itself as the gateway's own. */
static void
take_off_cell(const struct side *side, size_t cell, uint8_t *left)
{
	const struct space_destination *items = side->space->destinations.items;

	left[cell] = 0;
	if (side->dimension != SPACE_DESTINATION || items[cell].own)
		return;
	for (size_t i = cell + 1; i < side->count; i++)
		if (items[i].atom == items[cell].atom)
			left[i] = 0;
}

/*
 * Says `left`, and at most `most`, in words; what no word fits is said cell by
 * cell.  Returns how many things it said, and clears `left`.
 */
static struct said
say_parts(const struct side *side, uint8_t *left, const uint8_t *most)
{
	struct said said = { 0, 0 };
	struct wording wording;

	for (;;) {
		size_t cell = first_of(left, side->count);
		if (cell == side->count)
			return said;
		if (said.words + said.cells > 0)
			text_addz(side->out, ", ");
		if (best_wording(side, cell, left, most, &wording)) {
			region_wording_add(side, &wording);
			take_off(side, &wording, left);
			said.words++;
		} else {
			region_cell_say(side, cell);
			take_off_cell(side, cell, left);
			said.cells++;
		}
	}
}

/* Cells of `whole` that may not be said, and those that need not be excluded.
 */
static void
turn_round(const struct side *side, const struct wording *whole,
    uint8_t *excluded, uint8_t *excludable)
{
	for (size_t i = 0; i < side->count; i++) {
		bool in =
		    whole == NULL || region_wording_covers(side, whole, i);
		excluded[i] = in && side->most[i] == 0;
		excludable[i] = side->least[i] == 0 || !in;
	}
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

/*
 * "lan except printers", or "any except ..." for a NULL wording; false, and
 * nothing said, if that takes many exceptions or bytes_max bytes.
 */
static bool
say_except(const struct side *side, const struct wording *whole,
    size_t bytes_max, bool is_last, uint8_t *excluded, uint8_t *excludable)
{
	size_t before = side->out->len;

	turn_round(side, whole, excluded, excludable);
	if (whole != NULL)
		region_wording_add(side, whole);
	else
		text_addz(side->out, "any");
	text_addz(side->out, " except ");
	size_t braces = side->out->len;
	struct said said = say_parts(side, excluded, excludable);
	size_t count = said.words + said.cells;
	if (!is_last || count > 1)
		add_braces(side->out, braces);
	if (count > 0 && count <= EXCEPTIONS_MAX &&
	    side->out->len - before < bytes_max)
		return true;
	text_cut(side->out, before);
	return false;
}

/* How long the cells of `left` in the wording would be, one by one. */
static size_t
measure_cells(
    const struct side *side, const struct wording *wording, const uint8_t *left)
{
	size_t before = side->out->len;

	for (size_t i = 0; i < side->count; i++) {
		if (left[i] == 0 || !region_wording_covers(side, wording, i))
			continue;
		text_addz(side->out, ", ");
		region_cell_say(side, i);
	}
	size_t len = side->out->len - before;
	text_cut(side->out, before);
	return len;
}

static size_t
count_outside(
    const struct side *side, const struct wording *wording, const uint8_t *left)
{
	size_t count = 0;

	for (size_t i = 0; i < side->count; i++)
		count +=
		    left[i] != 0 && !region_wording_covers(side, wording, i);
	return count;
}

/* A zone that holds the cell and, but for some exceptions, may be said. */
static bool
say_zone_except(const struct side *side, size_t cell, uint8_t *left,
    uint8_t *excluded, uint8_t *excludable)
{
	struct wording wording;

	for (size_t k = 0; region_wording_at(side->space, k, &wording); k++) {
		if (wording.kind == WORDING_GROUP ||
		    wording.kind == WORDING_FAMILY ||
		    !region_wording_covers(side, &wording, cell))
			continue;
		bool is_last = count_outside(side, &wording, left) == 0;
		if (!say_except(side, &wording,
			measure_cells(side, &wording, left), is_last, excluded,
			excludable))
			continue;
		take_off(side, &wording, left);
		return true;
	}
	return false;
}

struct scratch {
	uint8_t *left, *excluded, *excludable;
};

static void
say_endpoint_parts(const struct side *side, struct scratch *scratch)
{
	struct wording wording;

	for (;;) {
		size_t cell = first_of(scratch->left, side->count);
		if (cell == side->count)
			return;
		add_comma(side);
		if (best_wording(
			side, cell, scratch->left, side->most, &wording)) {
			region_wording_add(side, &wording);
			take_off(side, &wording, scratch->left);
		} else if (!say_zone_except(side, cell, scratch->left,
			       scratch->excluded, scratch->excludable)) {
			region_cell_say(side, cell);
			take_off_cell(side, cell, scratch->left);
		}
	}
}

/* More names than this are one "any", where that may be said. */
#define WORDS_MAX 2

/* In parts, or "any" with exceptions, whatever is shorter. */
static void
say_endpoint(const struct side *side, struct scratch *scratch)
{
	size_t start = side->out->len;

	memcpy(scratch->left, side->least, side->count);
	struct said said = say_parts(side, scratch->left, side->most);
	if (said.cells == 0 && said.words <= WORDS_MAX &&
	    !all_of(side->least, side->count))
		return;
	text_cut(side->out, start);
	if (all_of(side->most, side->count)) {
		text_addz(side->out, "any");
		return;
	}
	bool excepted = say_except(
	    side, NULL, SIZE_MAX, true, scratch->excluded, scratch->excludable);
	size_t len = side->out->len - start;
	text_cut(side->out, start);
	memcpy(scratch->left, side->least, side->count);
	say_endpoint_parts(side, scratch);
	if (!excepted || side->out->len - start <= len)
		return;
	text_cut(side->out, start);
	(void)say_except(
	    side, NULL, SIZE_MAX, true, scratch->excluded, scratch->excludable);
}

/* By the names of hours, or as the times that they are, together. */
static void
say_time(const struct side *side, struct scratch *scratch)
{
	struct hours minutes = { 0 };
	size_t start = side->out->len;

	if (all_of(side->most, side->count))
		return;
	memcpy(scratch->left, side->least, side->count);
	struct said said = say_parts(side, scratch->left, side->most);
	if (said.cells == 0)
		return;
	text_cut(side->out, start);
	for (size_t i = 0; i < side->count; i++)
		if (side->least[i] != 0)
			hours_add_all(
			    &minutes, &side->space->times.of.times[i].minutes);
	region_times_say(side, &minutes);
}

/* Of all other conditions cell 0 stands for what no rule mentions. */
static void
say_asked(const struct side *side, struct scratch *scratch)
{
	if (all_of(side->most, side->count))
		return;
	if (side->least[0] == 0) {
		memcpy(scratch->left, side->least, side->count);
		(void)say_parts(side, scratch->left, side->most);
		return;
	}
	turn_round(side, NULL, scratch->excluded, scratch->excludable);
	text_addz(side->out, "not ");
	(void)say_parts(side, scratch->excluded, scratch->excludable);
}

static void
say_port_range(const struct side *side, const struct space_service *first,
    const struct space_service *last, enum policy_protocol *said)
{
	const struct policy_protocol_row *row =
	    policy_protocol_row(first->protocol);

	add_comma(side);
	if (*said != first->protocol)
		text_addz(side->out, row->word);
	if (first->first == 0 && last->last == UINT16_MAX)
		return;
	text_addz(side->out, *said != first->protocol ? " " : "");
	if (row->has == POLICY_PROTOCOL_HAS_KINDS)
		text_addz(side->out, first->first < policy_icmp_kind_count
					 ? policy_icmp_kinds[first->first].word
					 : "other kinds");
	else if (first->first == last->last)
		text_addf(side->out, "%u", first->first);
	else
		text_addf(side->out, "%u-%u", first->first, last->last);
	*said = first->protocol;
}

/* All of a protocol may be said. */
static bool
is_whole(const struct side *side, size_t cell, const uint8_t *most,
    size_t *ret_first, size_t *ret_end)
{
	const struct space_service *items = side->space->services.items;
	enum policy_protocol protocol = items[cell].protocol;
	size_t first = cell, end = cell;

	while (first > 0 && items[first - 1].protocol == protocol)
		first--;
	while (end < side->count && items[end].protocol == protocol)
		end++;
	*ret_first = first;
	*ret_end = end;
	return all_of(most + first, end - first);
}

/* From a cell on, as far as the neighbours may be said and one more must. */
static size_t
stretch(const struct side *side, size_t cell, const uint8_t *least,
    const uint8_t *most)
{
	const struct space_service *items = side->space->services.items;
	size_t end = cell + 1;

	if (items[cell].protocol == POLICY_PROTOCOL_ICMP)
		return end;
	for (size_t i = end; i < side->count && most[i] != 0 &&
			     items[i].protocol == items[cell].protocol;
	     i++)
		if (least[i] != 0)
			end = i + 1;
	return end;
}

static void
say_services(const struct side *side, const uint8_t *least, const uint8_t *most)
{
	const struct space_service *items = side->space->services.items;
	enum policy_protocol said = POLICY_PROTOCOL_COUNT;
	size_t first, end;

	for (size_t cell = 0; cell < side->count; cell = end) {
		end = cell + 1;
		if (least[cell] == 0)
			continue;
		if (items[cell].protocol == POLICY_PROTOCOL_COUNT) {
			add_comma(side);
			text_addz(side->out, "other protocols");
			continue;
		}
		if (is_whole(side, cell, most, &first, &end)) {
			say_port_range(
			    side, &items[first], &items[end - 1], &said);
			continue;
		}
		end = stretch(side, cell, least, most);
		say_port_range(side, &items[cell], &items[end - 1], &said);
	}
}

/* The set or what it leaves out, whatever is shorter. */
static void
say_service(struct side *side, struct scratch *scratch)
{
	size_t start = side->out->len;

	if (all_of(side->most, side->count))
		return;
	say_services(side, side->least, side->most);
	size_t plain = side->out->len - start;
	turn_round(side, NULL, scratch->excluded, scratch->excludable);
	text_addz(side->out, "not ");
	side->start = side->out->len;
	say_services(side, scratch->excluded, scratch->excludable);
	if (side->out->len - start - plain >= plain) {
		text_cut(side->out, start + plain);
		return;
	}
	text_cut(side->out, start);
	text_addz(side->out, "not ");
	side->start = side->out->len;
	say_services(side, scratch->excluded, scratch->excludable);
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
		modes |= (unsigned)side->least[i] << i;
	if (!all_of(side->most, side->count) && words[modes] != NULL)
		text_addz(side->out, words[modes]);
}

static void
say_side(struct side *side, struct scratch *scratch)
{
	switch (side->dimension) {
	case SPACE_MODE:
		say_mode(side);
		break;
	case SPACE_SOURCE:
	case SPACE_DESTINATION:
		say_endpoint(side, scratch);
		break;
	case SPACE_SERVICE:
		say_service(side, scratch);
		break;
	case SPACE_TIME:
		say_time(side, scratch);
		break;
	case SPACE_NAME:
	case SPACE_SCHEME:
	case SPACE_METHOD:
	case SPACE_PATH:
	case SPACE_USER:
	case SPACE_HEADER:
	case SPACE_TYPE:
		say_asked(side, scratch);
		break;
	case SPACE_DIMENSION_COUNT:
		break;
	}
}

int
region_say(const struct space *space, const struct region *region,
    enum space_dimension dimension, struct text *out)
{
	size_t count = space->axes[dimension].count;
	struct side side = { space, dimension, count,
		spread(space, dimension, region->least[dimension]),
		spread(space, dimension, region->most[dimension]), out,
		out->len };
	struct scratch scratch = { malloc(count + 1), malloc(count + 1),
		malloc(count + 1) };
	bool good = side.least != NULL && side.most != NULL &&
		    scratch.left != NULL && scratch.excluded != NULL &&
		    scratch.excludable != NULL;

	if (good)
		say_side(&side, &scratch);
	free(side.least);
	free(side.most);
	free(scratch.left);
	free(scratch.excluded);
	free(scratch.excludable);
	return good && !out->full ? 0 : -ENOMEM;
}

int
region_describe(
    const struct space *space, const struct region *region, struct text *out)
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

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t start = out->len;
		text_addz(out, parts[i].before);
		size_t before = out->len;
		if (region_say(space, region, parts[i].dimension, out) < 0)
			return -ENOMEM;
		if (out->len == before)
			text_cut(out, start);
	}
	return 0;
}
