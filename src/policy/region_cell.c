/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region_cell: a single cell of a region, where no word of the policies
 * fits: addresses, a name, an example, times.
 */
#include "policy/region_impl.h"

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
			if (region_header_meets(side->space, cell, i) ==
			    (want != 0))
				continue;
			text_addz(side->out, any ? " and " : "");
			text_addz(side->out, want != 0 ? "not " : "");
			region_header_add(side, i);
			any = true;
		}
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
void
region_times_say(const struct side *side, const struct hours *minutes)
{
	bool any = false;

	for (unsigned day = 0, end; day < 7; day = end) {
		for (end = day + 1; end < 7; end++)
			if (!hours_days_are_alike(minutes, day, end))
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

static const struct address_atom *
atom_of(const struct side *side, size_t cell)
{
	return &space_partition(side->space, side->dimension)
		    ->of
		    .addresses[space_atom(side->space, side->dimension, cell)];
}

bool
region_cell_is_vague(const struct side *side, size_t cell)
{
	return (side->dimension == SPACE_SOURCE ||
		   side->dimension == SPACE_DESTINATION) &&
	       atom_of(side, cell)->range_count > PARTITION_RANGES_KEPT;
}

static void
say_place(const struct side *side, size_t cell, bool is_self)
{
	if (is_self)
		text_addz(side->out, "self ");
	say_atom(side, atom_of(side, cell));
}

/* A cell that no wording fits. */
void
region_cell_say(const struct side *side, size_t cell)
{
	const struct space *space = side->space;

	switch (side->dimension) {
	case SPACE_SOURCE:
		say_place(side, cell, space->sources.items[cell].self);
		break;
	case SPACE_DESTINATION:
		say_place(side, cell, space->destinations.items[cell].own);
		break;
	case SPACE_NAME:
		say_name(side, cell);
		break;
	case SPACE_TIME:
		region_times_say(side, &space->times.of.times[cell].minutes);
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
