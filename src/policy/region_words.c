/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/region_words: a region in the words of its policies.
 */
#include "policy/region_impl.h"

#include <errno.h>

/* By the names of hours, or as the times that they are, together. */
static void
say_time(const struct side *side)
{
	struct region_said said = { .max = SIZE_MAX };
	struct hours minutes = { 0 };
	size_t start = side->out->len;

	if (region_is_all(side, side->most))
		return;
	(void)region_say_parts(side, side->least, side->most, &said);
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
		region_say_bounded(side, side->least, side->most);
		return;
	}
	uint32_t excluded = region_excluded(side, side->axis->all, &excludable);
	text_addz(side->out, "not ");
	region_say_bounded(side, excluded, excludable);
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
		region_endpoint_say(side);
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
