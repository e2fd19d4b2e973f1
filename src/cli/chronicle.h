/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/chronicle: what happened over a span of time, as the gateway tells it by
 * the hour (daemon/tally_report).
 *
 * Gathered line by line; then written as text for a terminal, or as one page of
 * HTML that needs nothing else, has no script and holds no byte of a name but
 * as text.  Lines that are none are counted and passed over.
 *
 * Of each hour only those are told that were met most often, so that the sums
 * of the rare ones may be too small.
 */
#ifndef GATEHOUSE_CLI_CHRONICLE_H
#define GATEHOUSE_CLI_CHRONICLE_H

#include "base/clock.h"
#include "event/tally.h"

#define CHRONICLE_HOUR (3600 * CLOCK_SECOND)

/* Rows of each table. */
#define CHRONICLE_TOP 10

struct chronicle_hour {
	int64_t begin;
	struct series_point point;
};

struct chronicle {
	int64_t from, to; /* wall clock; 0: the head has not come */
	struct series_point total;
	struct {
		struct chronicle_hour *items; /* as they came */
		size_t count, room;
	} hours;
	struct heavy kinds[TALLY_KIND_COUNT]; /* rules by their words */
	size_t strange;                       /* lines that are none */
	bool full;                            /* memory was out */
};

/* 0 or -ENOMEM; fini in any case. */
int chronicle_init(struct chronicle *chronicle);
void chronicle_fini(struct chronicle *chronicle);

void chronicle_take(struct chronicle *chronicle, struct str line);

/*
 * One figure over the span, in `count` bars of equal length; the last one ends
 * with the hour of `to`.  Returns the largest.
 */
uint64_t chronicle_bars(const struct chronicle *chronicle,
    enum series_figure figure, uint64_t *ret, size_t count);

/* How many bars of whole hours the span has, at most `max`, and their length in
 * hours. */
size_t chronicle_bar_count(
    const struct chronicle *chronicle, size_t max, int64_t *ret_hours);

/* The words over the table of a kind. */
const char *chronicle_title(enum tally_kind kind);

/* "12,345" and "1.2M", for people. */
#define CHRONICLE_NUMBER_BYTES 32
const char *chronicle_number(
    uint64_t number, char ret[static CHRONICLE_NUMBER_BYTES]);
const char *chronicle_bytes(
    uint64_t bytes, char ret[static CHRONICLE_NUMBER_BYTES]);

void chronicle_text(const struct chronicle *chronicle, struct text *out);
void chronicle_html(const struct chronicle *chronicle, struct text *out);

#endif
