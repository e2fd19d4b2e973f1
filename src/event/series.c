/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event/series.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *
series_figure_word(enum series_figure figure)
{
	static const char *const words[] = {
#define ROW(id, word) [SERIES_##id] = #word,
		SERIES_FIGURES(ROW)
#undef ROW
	};

	return words[figure];
}

void
series_point_add(struct series_point *sum, const struct series_point *point)
{
	for (size_t i = 0; i < SERIES_FIGURE_COUNT; i++)
		sum->figures[i] += point->figures[i];
}

int
series_init(struct series *series, int64_t step, size_t count)
{
	*series = (struct series){
		.points = calloc(count, sizeof(*series->points)),
		.count = count,
		.step = step,
		.newest = -1,
	};
	return series->points != NULL ? 0 : -ENOMEM;
}

void
series_fini(struct series *series)
{
	free(series->points);
	*series = (struct series){ 0 };
}

static struct series_point *
point_of(const struct series *series, int64_t number)
{
	return &series->points[(size_t)number % series->count];
}

static void
begin_anew(struct series *series, int64_t number)
{
	memset(series->points, 0, series->count * sizeof(*series->points));
	series->newest = number;
}

/* True: it begins anew. */
static bool
go_on_to(struct series *series, int64_t number)
{
	if (series->newest < 0 ||
	    number - series->newest >= (int64_t)series->count ||
	    series->newest - number >= (int64_t)series->count) {
		begin_anew(series, number);
		return true;
	}
	while (series->newest < number)
		*point_of(series, ++series->newest) =
		    (struct series_point){ { 0 } };
	return false;
}

bool
series_add(
    struct series *series, int64_t wall, const struct series_point *point)
{
	int64_t number = wall > 0 ? wall / series->step : 0;

	bool anew = go_on_to(series, number);
	series_point_add(point_of(series, number), point);
	return anew;
}

const struct series_point *
series_at(const struct series *series, int64_t wall)
{
	int64_t number = wall > 0 ? wall / series->step : 0;

	if (series->newest < 0 || number > series->newest ||
	    series->newest - number >= (int64_t)series->count)
		return NULL;
	return point_of(series, number);
}
