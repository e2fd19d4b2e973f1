/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http2/guard: how much useless work a peer may ask for.
 *
 * Two buckets.  Frames that bring nothing are paid from one, which time and
 * useful frames fill; requests that were taken back from the other, which only
 * time fills.  A connection whose bucket is empty is ended by its owner.
 */
#ifndef GATEHOUSE_HTTP2_GUARD_H
#define GATEHOUSE_HTTP2_GUARD_H

#include <stdbool.h>
#include <stdint.h>

struct http2_guard {
	int64_t filled_at;
	int64_t frames, resets; /* that may still come, in thousandths */
};

void http2_guard_init(struct http2_guard *guard, int64_t now);

/* A frame with content, or a request that was answered. */
void http2_guard_useful(struct http2_guard *guard);

/* Whether one more may come.  False: the peer overdoes it. */
bool http2_guard_idle_frame(struct http2_guard *guard, int64_t now);
bool http2_guard_reset(struct http2_guard *guard, int64_t now);

#endif
