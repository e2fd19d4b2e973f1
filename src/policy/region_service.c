/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region_service: the services of a region: "tcp 80-88, 443, udp", or
 * "not tcp 25".  Ports between two that are meant are said with them where they
 * may be.
 */
#include "policy/region_impl.h"

/* What is said at the moment: the set, or what it leaves out. */
struct saying {
	const struct side *side;
	uint32_t least, most;
	enum policy_protocol protocol; /* of the part before */
	size_t parts;
};

static void
say_range(struct saying *saying, size_t first_cell, size_t end)
{
	const struct space_service *items = saying->side->space->services.items;
	const struct space_service *first = &items[first_cell],
				   *last = &items[end - 1];
	const struct policy_protocol_row *row =
	    policy_protocol_row(first->protocol);
	bool again = saying->protocol == first->protocol;
	struct text *out = saying->side->out;

	saying->protocol = first->protocol;
	if (!again)
		text_addz(out, row->word);
	if (first->first == 0 && last->last == UINT16_MAX)
		return;
	text_addz(out, again ? "" : " ");
	if (row->has == POLICY_PROTOCOL_HAS_KINDS)
		text_addz(out, first->first < policy_icmp_kind_count
				   ? policy_icmp_kinds[first->first].word
				   : "other kinds");
	else if (first->first == last->last)
		text_addf(out, "%u", first->first);
	else
		text_addf(out, "%u-%u", first->first, last->last);
}

/* From a cell on, as far as the neighbours may be said and one more must. */
static size_t
stretch(const struct saying *saying, size_t cell, size_t protocol_end)
{
	const struct side *side = saying->side;
	size_t end = cell + 1;
	size_t limit = region_next_gap(side, saying->most, cell);

	if (side->space->services.items[cell].protocol == POLICY_PROTOCOL_ICMP)
		return end;
	if (limit > protocol_end)
		limit = protocol_end;
	for (;;) {
		size_t next = region_next(side, saying->least, end);
		if (next >= limit)
			return end;
		end = region_next_gap(side, saying->least, next);
		if (end > limit)
			end = limit;
	}
}

/* The part that begins with the cell; returns where it ends. */
static size_t
find_part(const struct saying *saying, size_t cell, size_t *ret_first)
{
	const struct side *side = saying->side;
	size_t first, end;

	*ret_first = cell;
	space_protocol(side->space, side->space->services.items[cell].protocol,
	    &first, &end);
	if (region_next_gap(side, saying->most, first) < end)
		return stretch(saying, cell, end);
	*ret_first = first;
	return end;
}

/* Parts behind the last one that is said are only counted. */
static void
say_services(const struct side *side, uint32_t least, uint32_t most)
{
	struct saying saying = { side, least, most, POLICY_PROTOCOL_COUNT, 0 };
	size_t first, end;

	for (size_t cell = region_next(side, least, 0);
	     cell < side->axis->count; cell = region_next(side, least, end)) {
		end = find_part(&saying, cell, &first);
		if (saying.parts++ >= side->parts_max)
			continue;
		region_comma(side);
		if (side->space->services.items[cell].protocol ==
		    POLICY_PROTOCOL_COUNT)
			text_addz(side->out, "other protocols");
		else
			say_range(&saying, first, end);
	}
	if (saying.parts > side->parts_max)
		region_more(side, saying.parts - side->parts_max);
}

/* The set or what it leaves out, whatever is shorter. */
void
region_services_say(struct side *side)
{
	struct diagram *d = &side->space->diagram;
	size_t start = side->out->len;
	uint32_t excluded = diagram_minus(d, side->axis->all, side->most);
	uint32_t excludable = diagram_minus(d, DIAGRAM_ALL, side->least);

	if (region_is_all(side, side->most))
		return;
	say_services(side, side->least, side->most);
	size_t plain = side->out->len - start;
	text_addz(side->out, "not ");
	side->start = side->out->len;
	say_services(side, excluded, excludable);
	if (side->out->len - start - plain >= plain) {
		text_cut(side->out, start + plain);
		return;
	}
	text_cut(side->out, start);
	text_addz(side->out, "not ");
	side->start = side->out->len;
	say_services(side, excluded, excludable);
}
