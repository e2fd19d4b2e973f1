/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event/series: what happened, point by point, as far back as there is room.
 *
 * A ring of points of one length, each at a multiple of it by the wall clock.
 * The clock may be set: forwards, and the points between are empty; backwards,
 * and what happens then is added to the points that bear that time already, as
 * to an hour that comes twice.  Only if it goes back behind the oldest point
 * does the series begin anew, for then what it has is of a time to come.
 *
 * One thread.
 */
#ifndef GATEHOUSE_EVENT_SERIES_H
#define GATEHOUSE_EVENT_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*	id, word: what is counted in a point */
#define SERIES_FIGURES(ROW)                                                    \
	ROW(ALLOWED, allowed)                                                  \
	ROW(REFUSED, refused)                                                  \
	ROW(REQUESTS, requests)                                                \
	ROW(BYTES_IN, bytes_in)                                                \
	ROW(BYTES_OUT, bytes_out)                                              \
	ROW(HITS, hits)                                                        \
	ROW(SAVED, saved)

enum series_figure {
#define ROW(id, word) SERIES_##id,
	SERIES_FIGURES(ROW)
#undef ROW
	SERIES_FIGURE_COUNT
};

struct series_point {
	uint64_t figures[SERIES_FIGURE_COUNT];
};

struct series {
	struct series_point *points;
	size_t count;
	int64_t step;   /* of a point, in nanoseconds */
	int64_t newest; /* its number: time / step; -1: none yet */
};

const char *series_figure_word(enum series_figure figure);

void series_point_add(
    struct series_point *sum, const struct series_point *point);

/* 0 or -ENOMEM. */
int series_init(struct series *series, int64_t step, size_t count);

/* One that is all zero is fine. */
void series_fini(struct series *series);

/* At this time, by the wall clock; before 1970 is 1970.  True: all that was
 * there before is gone. */
bool series_add(
    struct series *series, int64_t wall, const struct series_point *point);

/* The point that holds this time, or NULL: it is not within the series. */
const struct series_point *series_at(const struct series *series, int64_t wall);

#endif
