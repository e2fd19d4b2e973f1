/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/periods.h"

#include <errno.h>
#include <stdlib.h>

int
periods_init(struct periods *periods, int64_t length, size_t count)
{
	*periods = (struct periods){
		.items = calloc(count, sizeof(*periods->items)),
		.count = count,
		.length = length,
	};
	return periods->items != NULL ? 0 : -ENOMEM;
}

void
periods_fini(struct periods *periods)
{
	for (size_t i = 0; i < periods->count; i++)
		if (periods->items[i].has_tally)
			tally_fini(&periods->items[i].tally);
	free(periods->items);
	*periods = (struct periods){ 0 };
}

static int64_t
number_of(const struct periods *periods, int64_t wall)
{
	return wall > 0 ? wall / periods->length : 0;
}

static struct period *
period_at(const struct periods *periods, int64_t number)
{
	return &periods->items[(size_t)number % periods->count];
}

int
periods_add(struct periods *periods, int64_t wall, const struct tally *tally)
{
	int64_t number = number_of(periods, wall);
	struct period *period = period_at(periods, number);

	if (!period->has_tally && tally_init(&period->tally) < 0)
		return -ENOMEM;
	period->has_tally = true;
	if (!period->used || period->number != number)
		tally_clear(&period->tally);
	period->used = true;
	period->number = number;
	tally_merge(&period->tally, tally);
	return 0;
}

const struct tally *
periods_at(const struct periods *periods, int64_t wall)
{
	int64_t number = number_of(periods, wall);
	const struct period *period = period_at(periods, number);

	return period->used && period->number == number ? &period->tally : NULL;
}

void
periods_sum(const struct periods *periods, int64_t from, int64_t to,
    enum tally_kind kind, struct heavy *sum)
{
	int64_t first = number_of(periods, from), last = number_of(periods, to);

	for (size_t i = 0; i < periods->count; i++) {
		const struct period *period = &periods->items[i];
		if (period->used && period->number >= first &&
		    period->number <= last)
			heavy_merge(sum, &period->tally.kinds[kind]);
	}
}
