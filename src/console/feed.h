/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/feed: events of the journal, as one client wants them.
 *
 * The journal's file is read where the client is, so that nothing is kept for
 * him: one who reads slowly lags behind, and skips what he could not take.
 */
#ifndef GATEHOUSE_CONSOLE_FEED_H
#define GATEHOUSE_CONSOLE_FEED_H

#include "base/text.h"
#include "net/loop.h"

#include <sys/types.h>

#define CONSOLE_FEED_FILTERS_MAX  8
#define CONSOLE_FEED_FILTER_BYTES 128

/* Of the past: what is looked through, what is given. */
#define CONSOLE_PAST_BYTES_MAX ((off_t)8 << 20)
#define CONSOLE_PAST_COUNT_MAX 1000
#define CONSOLE_PAST_COUNT     100

/* Who is further behind skips to the end. */
#define CONSOLE_FEED_BEHIND_MAX ((off_t)4 << 20)

/* How often the journal is looked at, and a quiet stream shows it lives. */
#define CONSOLE_FEED_EVERY (100 * CLOCK_MS)
#define CONSOLE_FEED_QUIET (5 * CLOCK_SECOND)

struct console_filter {
	char name[CONSOLE_FEED_FILTER_BYTES];
	char value[CONSOLE_FEED_FILTER_BYTES];
};

struct console_feed {
	bool live;
	int fd; /* of the journal, owned; -1: none */
	off_t at;
	unsigned limit;
	struct console_filter filters[CONSOLE_FEED_FILTERS_MAX];
	size_t filter_count;
	struct loop_timer tick;
	int64_t last; /* when something was sent, or the file looked for */
};

/* By the query of a request.  False, and why in *reterr_why. */
bool console_feed_read(
    struct console_feed *feed, struct str query, struct text *reterr_why);

/* The newest first; 0 or a negative errno. */
int console_feed_past(
    const struct console_feed *feed, int fd, struct text *out);

/* What came since, as text/event-stream.  0 or a negative errno. */
int console_feed_more(struct console_feed *feed, struct text *out);

#endif
