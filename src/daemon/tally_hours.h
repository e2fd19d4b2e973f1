/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/tally_hours: the hours of the tally keeper, as the report has them.
 *
 * What happened is gathered by the hour and put into the book when the hour is
 * over, with the TALLY_HOURS_TOP of each kind that were met most often.  At the
 * start the book gives back the points of the last days.
 *
 *	report SECONDS	a line {"from", "to"}, then a line for each hour in
 *			which something happened: those of the book, and the one
 *			that is not over.  Without a folder of the state, those
 *			that are in memory.
 */
#ifndef GATEHOUSE_DAEMON_TALLY_HOURS_H
#define GATEHOUSE_DAEMON_TALLY_HOURS_H

#include "daemon/control.h"
#include "daemon/tally_book.h"
#include "event/tally.h"

#define TALLY_HOURS_TOP 20

struct gateway;

struct tally_hours {
	struct tally_book book;
	struct tally now; /* of the hour, not written yet */
	int64_t hour;     /* its number */
	bool is_empty;
	bool failed; /* the last write, which was said */
};

/* 0 or -ENOMEM. */
int tally_hours_init(struct tally_hours *hours);
void tally_hours_fini(struct tally_hours *hours);

/* The folder of the state is known, and what lies there is read. */
void tally_hours_open(struct gateway *gateway);

/* Something happened about that time; `anew`: the series of hours knows nothing
 * from before, as after a host without a clock was told the time. */
void tally_hours_add(
    struct gateway *gateway, int64_t wall, const struct tally *news, bool anew);

/* Writes the hour so far. */
void tally_hours_flush(struct gateway *gateway);

/* The command; as control_fn. */
int tally_hours_report(struct gateway *gateway, struct str words,
    struct text *out, struct control_more *ret_more);

#endif
