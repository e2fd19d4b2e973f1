/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region_words: a region in the words of its policies.
 */
#include "policy/region.h"

#include <errno.h>
#include <stdlib.h>

/* One dimension of a region, cell by cell. */
struct side {
	const struct space *space;
	enum space_dimension dimension;
	size_t count;
	uint8_t *least, *most; /* a byte a cell */
	struct text *out;
	size_t start; /* of out, where this side begins */
};

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

/* In each of the policies' sets that there are. */
static bool
in_all(const struct partition *atoms, size_t atom,
    const size_t sets[static SPACE_POLICIES_MAX])
{
	bool found = false;

	for (unsigned p = 0; p < SPACE_POLICIES_MAX; p++) {
		if (sets[p] == 0)
			continue;
		if (!partition_has(atoms, atom, sets[p] - 1))
			return false;
		found = true;
	}
	return found;
}

/* What cells of a dimension can be called together. */
enum wording_kind {
	WORDING_ZONE,
	WORDING_SELF,
	WORDING_SELF_IN, /* the gateway's own addresses in a zone */
	WORDING_GROUP,
	WORDING_FAMILY,
	WORDING_HOURS,
	WORDING_SCHEME,
	WORDING_METHOD,
	WORDING_PATH,
	WORDING_USER,
	WORDING_HEADER,
	WORDING_TYPE,
	WORDING_KIND_COUNT
};

struct wording {
	enum wording_kind kind;
	struct str name;
	size_t number;
	/* Of zones: in each policy; NONE: it has none of this name. */
	uint8_t zone[SPACE_POLICIES_MAX];
};

/* In the zone, in each policy that has one of its name. */
static bool
is_in_zone(const struct wording *wording,
    const uint8_t zone[static SPACE_POLICIES_MAX])
{
	for (unsigned p = 0; p < SPACE_POLICIES_MAX; p++)
		if (wording->zone[p] != ZONE_NONE &&
		    wording->zone[p] != zone[p])
			return false;
	return true;
}

static struct wording
zone_wording(const struct space *space, enum wording_kind kind, struct str name)
{
	struct wording wording = { kind, name, 0, { ZONE_NONE, ZONE_NONE } };

	for (unsigned p = 0; p < space->policy_count; p++)
		if (!policy_zone_find(
			space->policies[p], name, &wording.zone[p]))
			wording.zone[p] = ZONE_NONE;
	return wording;
}

static bool
covers_source(
    const struct space *space, const struct wording *wording, size_t cell)
{
	const struct space_source *source = &space->sources.items[cell];

	switch (wording->kind) {
	case WORDING_ZONE:
		return is_in_zone(wording, source->zone);
	case WORDING_SELF:
		return source->self;
	case WORDING_GROUP:
		return in_all(&space->from.atoms, source->atom,
		    space->named.items[wording->number].from);
	case WORDING_FAMILY:
		return partition_has(
		    &space->from.atoms, source->atom, wording->number);
	case WORDING_SELF_IN:
	case WORDING_HOURS:
	case WORDING_SCHEME:
	case WORDING_METHOD:
	case WORDING_PATH:
	case WORDING_USER:
	case WORDING_HEADER:
	case WORDING_TYPE:
	case WORDING_KIND_COUNT:
		break;
	}
	return false;
}

static bool
covers_destination(
    const struct space *space, const struct wording *wording, size_t cell)
{
	const struct space_destination *destination =
	    &space->destinations.items[cell];

	switch (wording->kind) {
	case WORDING_ZONE:
		return is_in_zone(wording, destination->zone);
	case WORDING_SELF:
		return destination->own;
	case WORDING_SELF_IN:
		return destination->own &&
		       is_in_zone(wording, destination->own_zone);
	case WORDING_GROUP:
		return in_all(&space->to.atoms, destination->atom,
		    space->named.items[wording->number].to);
	case WORDING_FAMILY:
		return partition_has(
		    &space->to.atoms, destination->atom, wording->number);
	case WORDING_HOURS:
	case WORDING_SCHEME:
	case WORDING_METHOD:
	case WORDING_PATH:
	case WORDING_USER:
	case WORDING_HEADER:
	case WORDING_TYPE:
	case WORDING_KIND_COUNT:
		break;
	}
	return false;
}

/* The kind of what can be said of a dimension, besides groups. */
static bool
is_kind_of(enum wording_kind kind, enum space_dimension dimension)
{
	static const enum space_dimension of[WORDING_KIND_COUNT] = {
		[WORDING_HOURS] = SPACE_TIME,
		[WORDING_SCHEME] = SPACE_SCHEME,
		[WORDING_METHOD] = SPACE_METHOD,
		[WORDING_PATH] = SPACE_PATH,
		[WORDING_USER] = SPACE_USER,
		[WORDING_HEADER] = SPACE_HEADER,
		[WORDING_TYPE] = SPACE_TYPE,
	};

	return kind >= WORDING_HOURS && of[kind] == dimension;
}

static bool
meets_header(const struct space *space, size_t cell, size_t header)
{
	return (cell >> (space->axes[SPACE_HEADER].bits - 1 - header) & 1) != 0;
}

static bool
covers(const struct side *side, const struct wording *wording, size_t cell)
{
	const struct space *space = side->space;
	bool is_kind = is_kind_of(wording->kind, side->dimension);

	switch (side->dimension) {
	case SPACE_SOURCE:
		return covers_source(space, wording, cell);
	case SPACE_DESTINATION:
		return covers_destination(space, wording, cell);
	case SPACE_NAME:
		return wording->kind == WORDING_GROUP &&
		       in_all(&space->names, cell,
			   space->named.items[wording->number].names);
	case SPACE_TIME:
		return is_kind && in_all(&space->times, cell,
				      space->hours.items[wording->number].set);
	case SPACE_SCHEME:
	case SPACE_METHOD:
	case SPACE_USER:
		return is_kind && cell == wording->number + 1;
	case SPACE_PATH:
		return is_kind &&
		       partition_has(&space->paths, cell, wording->number);
	case SPACE_HEADER:
		return is_kind && meets_header(space, cell, wording->number);
	case SPACE_TYPE:
		return is_kind &&
		       partition_has(&space->types, cell, wording->number);
	case SPACE_MODE:
	case SPACE_SERVICE:
	case SPACE_DIMENSION_COUNT:
		break;
	}
	return false;
}

/* How many words there are of a kind that is asked of requests and times. */
static size_t
words_of_kind(const struct space *space, enum wording_kind kind)
{
	const size_t counts[WORDING_KIND_COUNT] = {
		[WORDING_HOURS] = space->hours.count,
		[WORDING_SCHEME] = space->has_schemes ? POLICY_SCHEME_COUNT : 0,
		[WORDING_METHOD] = space->methods.count,
		[WORDING_PATH] = space->path_patterns.count,
		[WORDING_USER] = space->users.count,
		[WORDING_HEADER] = space->headers.count,
		[WORDING_TYPE] = space->type_patterns.count,
	};

	return counts[kind];
}

static struct str
word_of_kind(const struct space *space, enum wording_kind kind, size_t number)
{
	switch ((unsigned)kind) {
	case WORDING_HOURS:
		return space->hours.items[number].name;
	case WORDING_SCHEME:
		return str_of(policy_scheme_word((enum policy_scheme)number));
	case WORDING_METHOD:
		return space->methods.items[number];
	case WORDING_PATH:
		return space->path_patterns.items[number];
	case WORDING_USER:
		return space->users.items[number];
	case WORDING_HEADER:
		return space->headers.items[number]->name;
	default:
		return space->type_patterns.items[number];
	}
}

static bool
asked_wording_at(const struct space *space, size_t k, struct wording *ret)
{
	for (unsigned i = WORDING_HOURS; i < WORDING_KIND_COUNT; i++) {
		enum wording_kind kind = (enum wording_kind)i;
		if (k < words_of_kind(space, kind)) {
			*ret = (struct wording){ .kind = kind,
				.name = word_of_kind(space, kind, k),
				.number = k };
			return true;
		}
		k -= words_of_kind(space, kind);
	}
	return false;
}

/* The k-th wording, broad ones first; false behind the last. */
static bool
wording_at(const struct space *space, size_t k, struct wording *ret)
{
	static const char *const families[] = { "0.0.0.0/0", "::/0" };

	for (unsigned p = 0; p < space->policy_count; p++) {
		const struct policy *policy = space->policies[p];
		if (k < policy->zone_count) {
			*ret = zone_wording(
			    space, WORDING_ZONE, policy->zones[k].name);
			return true;
		}
		k -= policy->zone_count;
		if (k < policy->zone_count) {
			*ret = zone_wording(
			    space, WORDING_SELF_IN, policy->zones[k].name);
			return true;
		}
		k -= policy->zone_count;
	}
	if (k < space->named.count) {
		*ret = (struct wording){ .kind = WORDING_GROUP,
			.name = space->named.items[k].name,
			.number = k };
		return true;
	}
	k -= space->named.count;
	if (k > 2)
		return asked_wording_at(space, k - 3, ret);
	if (k == 0)
		*ret = (struct wording){
			.kind = WORDING_SELF, .name = STR("self"), .number = 0
		};
	else
		*ret = (struct wording){ .kind = WORDING_FAMILY,
			.name = str_of(families[k - 1]),
			.number = k - 1 };
	return true;
}

/* User-Agent "*curl*", "*wget*" */
static void
add_header(const struct side *side, size_t number)
{
	const struct policy_header *header = side->space->headers.items[number];

	text_add(side->out, header->name);
	for (size_t i = 0; i < header->value_count; i++)
		text_addf(side->out, "%s \"%.*s\"", i > 0 ? "," : "",
		    STR_ARG(header->values[i]));
}

static void
add_wording(const struct side *side, const struct wording *wording)
{
	if (wording->kind == WORDING_SELF_IN)
		text_addf(side->out, "self in %.*s", STR_ARG(wording->name));
	else if (wording->kind == WORDING_PATH)
		text_addf(side->out, "\"%.*s\"", STR_ARG(wording->name));
	else if (wording->kind == WORDING_HEADER)
		add_header(side, wording->number);
	else
		text_add(side->out, wording->name);
}

/* How many cells of `left` it says, or 0 if it says too much. */
static size_t
gain(const struct side *side, const struct wording *wording,
    const uint8_t *left, const uint8_t *most)
{
	size_t gained = 0;

	for (size_t i = 0; i < side->count; i++) {
		if (!covers(side, wording, i))
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

	for (size_t k = 0; wording_at(side->space, k, &wording); k++) {
		if (!covers(side, &wording, cell))
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
say_atom(const struct side *side, const struct address_atom *atom)
{
	char range[ADDRESS_RANGE_TEXT_BYTES];

	for (size_t i = 0; i < atom->range_count && i < PARTITION_RANGES_KEPT;
	     i++) {
		text_addz(side->out, i > 0 ? ", " : "");
		text_addz(
		    side->out, address_range_format(&atom->ranges[i], range));
	}
	if (atom->range_count > PARTITION_RANGES_KEPT)
		text_addz(side->out, ", ...");
}

static void
say_name(const struct side *side, size_t cell)
{
	const struct name_atom *atom = &side->space->names.of.names[cell];

	if (cell == 0) {
		text_addz(side->out, "none or another");
		return;
	}
	text_addz(side->out, atom->cover == DOMAIN_UNDER ? "*." : "");
	text_add(side->out, atom->name);
	if (atom->entry_count > 1)
		text_addz(side->out, ", ...");
}

static void
say_text(const struct side *side, const struct partition *texts, size_t cell)
{
	if (cell == 0)
		text_addz(side->out, "none or another");
	else
		text_addf(side->out, "like \"%.*s\"",
		    STR_ARG(texts->of.texts[cell].example));
}

/* What a request meets of all conditions, and what it does not. */
static void
say_headers(const struct side *side, size_t cell)
{
	bool any = false;

	if (cell == 0) {
		text_addz(side->out, "none or another");
		return;
	}
	for (unsigned want = 0; want < 2; want++)
		for (size_t i = 0; i < side->space->headers.count; i++) {
			if (meets_header(side->space, cell, i) == (want != 0))
				continue;
			text_addz(side->out, any ? " and " : "");
			text_addz(side->out, want != 0 ? "not " : "");
			add_header(side, i);
			any = true;
		}
}

static bool
is_same_day(const struct hours *minutes, unsigned a, unsigned b)
{
	for (unsigned i = 0; i < HOURS_DAY_MINUTES; i++)
		if (hours_has(minutes, a * HOURS_DAY_MINUTES + i) !=
		    hours_has(minutes, b * HOURS_DAY_MINUTES + i))
			return false;
	return true;
}

/* "08:00-12:00, 13:00-18:00" */
static void
say_day(const struct side *side, const struct hours *minutes, unsigned day)
{
	unsigned first = day * HOURS_DAY_MINUTES, at = 0;
	bool any = false;

	while (at < HOURS_DAY_MINUTES) {
		unsigned from = at;
		bool in = hours_has(minutes, first + at);
		while (at < HOURS_DAY_MINUTES &&
		       hours_has(minutes, first + at) == in)
			at++;
		if (!in || at - from == HOURS_DAY_MINUTES)
			continue;
		text_addf(side->out, "%s%02u:%02u-%02u:%02u", any ? ", " : " ",
		    from / 60, from % 60, at / 60, at % 60);
		any = true;
	}
}

static bool
has_minute(const struct hours *minutes, unsigned day)
{
	for (unsigned i = 0; i < HOURS_DAY_MINUTES; i++)
		if (hours_has(minutes, day * HOURS_DAY_MINUTES + i))
			return true;
	return false;
}

/* "mon-fri 08:00-18:00, sat" */
static void
say_times(const struct side *side, const struct hours *minutes)
{
	bool any = false;

	for (unsigned day = 0, end; day < 7; day = end) {
		for (end = day + 1; end < 7; end++)
			if (!is_same_day(minutes, day, end))
				break;
		if (!has_minute(minutes, day))
			continue;
		text_addz(side->out, any ? ", " : "");
		text_addz(side->out, hours_day_word(day));
		if (end > day + 1)
			text_addf(side->out, "-%s", hours_day_word(end - 1));
		say_day(side, minutes, day);
		any = true;
	}
}

/* A cell that no wording fits. */
static void
say_cell(const struct side *side, size_t cell)
{
	const struct space *space = side->space;

	switch (side->dimension) {
	case SPACE_SOURCE:
		if (space->sources.items[cell].self)
			text_addz(side->out, "self ");
		say_atom(
		    side, &space->from.atoms.of
			       .addresses[space->sources.items[cell].atom]);
		break;
	case SPACE_DESTINATION:
		if (space->destinations.items[cell].own)
			text_addz(side->out, "self ");
		say_atom(side,
		    &space->to.atoms.of
			 .addresses[space->destinations.items[cell].atom]);
		break;
	case SPACE_NAME:
		say_name(side, cell);
		break;
	case SPACE_TIME:
		say_times(side, &space->times.of.times[cell].minutes);
		break;
	case SPACE_SCHEME:
		text_addz(side->out, "none");
		break;
	case SPACE_METHOD:
	case SPACE_USER:
		text_addz(side->out, "none or another");
		break;
	case SPACE_PATH:
		say_text(side, &space->paths, cell);
		break;
	case SPACE_HEADER:
		say_headers(side, cell);
		break;
	case SPACE_TYPE:
		say_text(side, &space->types, cell);
		break;
	case SPACE_MODE:
	case SPACE_SERVICE:
	case SPACE_DIMENSION_COUNT:
		break;
	}
}

static void
take_off(const struct side *side, const struct wording *wording, uint8_t *left)
{
	for (size_t i = 0; i < side->count; i++)
		if (left[i] != 0 && covers(side, wording, i))
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
			add_wording(side, &wording);
			take_off(side, &wording, left);
			said.words++;
		} else {
			say_cell(side, cell);
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
		bool in = whole == NULL || covers(side, whole, i);
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
		add_wording(side, whole);
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
		if (left[i] == 0 || !covers(side, wording, i))
			continue;
		text_addz(side->out, ", ");
		say_cell(side, i);
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
		count += left[i] != 0 && !covers(side, wording, i);
	return count;
}

/* A zone that holds the cell and, but for some exceptions, may be said. */
static bool
say_zone_except(const struct side *side, size_t cell, uint8_t *left,
    uint8_t *excluded, uint8_t *excludable)
{
	struct wording wording;

	for (size_t k = 0; wording_at(side->space, k, &wording); k++) {
		if (wording.kind == WORDING_GROUP ||
		    wording.kind == WORDING_FAMILY ||
		    !covers(side, &wording, cell))
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
			add_wording(side, &wording);
			take_off(side, &wording, scratch->left);
		} else if (!say_zone_except(side, cell, scratch->left,
			       scratch->excluded, scratch->excludable)) {
			say_cell(side, cell);
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
	say_times(side, &minutes);
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
