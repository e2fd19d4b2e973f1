/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/tally_hours: the hours of the tally keeper, as they are kept.
 *
 * What happened is gathered by the hour and put into the book when the hour is
 * over, with the TALLY_HOURS_TOP of each kind that were met most often.  At the
 * start the book gives back the points of the last days.
 * What is asked of them is answered by daemon/tally_report.
 */
#ifndef GATEHOUSE_DAEMON_TALLY_HOURS_H
#define GATEHOUSE_DAEMON_TALLY_HOURS_H

#include "daemon/tally_book.h"
#include "event/series.h"
#include "event/tally.h"

#define TALLY_HOURS_TOP 20

/* As far back as the series of hours goes. */
#define TALLY_SERIES_DAYS 35

struct rule_hits;

struct tally_hours {
	/* Lent: */
	struct series *series; /* of hours, which the book fills */
	const struct rule_hits *hits;
	/* Its own: */
	struct tally_book book;
	struct tally now; /* of the hour, not written yet */
	int64_t hour;     /* its number */
	bool is_empty;
	bool failed; /* the last write, which was said */
};

/* 0 or -ENOMEM. */
int tally_hours_init(struct tally_hours *hours, struct series *series,
    const struct rule_hits *hits);
void tally_hours_fini(struct tally_hours *hours);

/* The folder of the state is known, and what lies there is read. */
void tally_hours_open(struct tally_hours *hours, const char *dir);

/* Something happened about that time; `anew`: the series of hours knows nothing
 * from before, as after a host without a clock was told the time. */
void tally_hours_add(struct tally_hours *hours, int64_t wall,
    const struct tally *news, bool anew);

/* Writes the hour so far. */
void tally_hours_flush(struct tally_hours *hours);

/* The line of an hour, without its end; `tally` NULL: only the point is
 * known. */
void tally_hours_put(const struct tally_hours *hours, int64_t hour,
    const struct series_point *point, const struct tally *tally,
    struct text *out);

bool tally_hours_is_nothing(const struct series_point *point);

#endif
