/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * event/histogram: how long things took in this process.
 *
 * One row a histogram: name and meaning.  A bucket holds what took at most a
 * power of two of a second, 61 us to 64 s, and the last one all else: those
 * are the buckets of a native histogram of schema 0 (Prometheus).  They are
 * cells of event/counter, so that any thread adds and none waits.
 */
#ifndef GATEHOUSE_EVENT_HISTOGRAM_H
#define GATEHOUSE_EVENT_HISTOGRAM_H

#include "event/counter.h"

#define HISTOGRAMS(ROW)                                                        \
	ROW(REQUEST, "proxy_request_duration",                                 \
	    "from the head of a request to the end of its answer")             \
	ROW(CONNECT, "upstream_connect_duration",                              \
	    "until a server took the connection")                              \
	ROW(DNS, "dns_duration", "until a name server answered")

enum histogram {
#define ROW(id, name, meaning) HISTOGRAM_##id,
	HISTOGRAMS(ROW)
#undef ROW
	HISTOGRAM_COUNT
};

#define HISTOGRAM_FIRST   (-14) /* of the buckets: 2 to the power of it */
#define HISTOGRAM_BUCKETS 22    /* with the last one, which has no bound */

/* Nanoseconds; what is negative took no time. */
void histogram_add(enum histogram histogram, int64_t duration);

/* The cells of one, among all of event/counter: a count for each bucket, by
 * itself, and behind them the sum in nanoseconds. */
#define HISTOGRAM_CELLS (HISTOGRAM_BUCKETS + 1)
#define HISTOGRAM_CELL(histogram, bucket)                                      \
	(COUNTER_COUNT + (unsigned)(histogram)*HISTOGRAM_CELLS + (bucket))

/* "proxy_request_duration", without its unit, seconds. */
const char *histogram_name(enum histogram histogram);
const char *histogram_meaning(enum histogram histogram);

#endif
