/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/tally_book: what happened, by the hour, on the disk.
 *
 *	DIR/hours/2026-11-27.jsonl	the hours of that day, UTC
 *
 *	{"hour":"2026-11-27T09:00:00.000000Z","allowed":812,"refused":17,
 *	 "requests":..., "bytes_in":..., "bytes_out":..., "hits":..., "saved":...,
 *	 "names":[...],"clients":[...],"refused_clients":[...], ...}
 *
 * A line is written when its hour is over, and at the end of the process; of an
 * hour with two lines both count.  A day's file only grows, up to a limit, and
 * a line that was cut off by a crash ends at the next one's beginning and is no
 * line.  Of days on which something happened TALLY_BOOK_DAYS are kept.
 *
 * Owned by the daemon's one thread.
 */
#ifndef GATEHOUSE_DAEMON_TALLY_BOOK_H
#define GATEHOUSE_DAEMON_TALLY_BOOK_H

#include "base/clock.h"
#include "base/text.h"
#include "event/series.h"

#define TALLY_BOOK_DAYS 400

/* 24 lines have a tenth of it; who is started anew each minute has more. */
#define TALLY_BOOK_DAY_BYTES_MAX ((size_t)4 << 20)

#define TALLY_HOUR (3600 * CLOCK_SECOND)
#define TALLY_DAY  (24 * TALLY_HOUR)

struct tally_book {
	int fd; /* of the folder of the state; -1: nothing is kept */
};

#define TALLY_BOOK_CLOSED ((struct tally_book){ .fd = -1 })

/* In that folder, in which one is made for the first line.  0 or a negative
 * errno. */
int tally_book_open(struct tally_book *book, const char *dir);
void tally_book_close(struct tally_book *book);

/* One line without its end, of an hour on that day.  0 or a negative errno:
 * -EFBIG for a day that is full. */
int tally_book_append(struct tally_book *book, int64_t wall, struct str line);

/* Throws the oldest days away, beyond as many as may be kept.  What the clock
 * says has no part in it: a wrong one must not empty the book. */
void tally_book_forget(struct tally_book *book);

/* The lines of the day, each with its end; none for a day without a file.  0 or
 * a negative errno. */
int tally_book_read(
    const struct tally_book *book, int64_t wall, struct text *ret);

/* Begins a line, with its brace still open; and reads what was begun so: false
 * for what is no line. */
void tally_book_begin(
    int64_t hour, const struct series_point *point, struct text *out);
bool tally_book_parse(
    struct str line, int64_t *ret_hour, struct series_point *ret_point);

#endif
