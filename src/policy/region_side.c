/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region_side: the cells of a side, and what stands between its parts.
 */
#include "policy/region_impl.h"

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
