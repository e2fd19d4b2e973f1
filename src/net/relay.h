/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/relay: two streams joined to a tunnel.
 *
 * Bytes go from each stream to the other, those first that lie in its input
 * buffer already.  They are written straight from the reader's input buffer;
 * what the writer does not take stays there, and when that buffer is full its
 * peer is not read any more.  Bulk is not copied to user space but spliced
 * through a pipe, if both transports can; that is chosen read by read
 * (net/stream_bulk).  So a direction holds at most input_bytes_max, or a pipe
 * of PIPE_BYTES, of which a loop has PIPE_LENT_MAX; besides what was queued
 * before the streams were joined.
 *
 * Each direction ends on its own: the FIN of one peer is passed on once all
 * that came before it is sent.  The tunnel is done when both have ended, when
 * one stream failed (the other is reset, so that nobody takes the stump for
 * the whole), or when nothing moved in either direction for `idle`.
 *
 * Life cycle: relay_create takes both streams.  Either the done callback comes
 * once, with streams and relay already gone, or the owner calls relay_destroy
 * and it never comes.  One thread, that of the streams' loop.  The process
 * ignores SIGPIPE, or nothing is spliced.
 */
#ifndef GATEHOUSE_NET_RELAY_H
#define GATEHOUSE_NET_RELAY_H

#include "net/throttle.h"

/* Why a tunnel ended: the row makes the enum and the word for the log. */
#define RELAY_ENDS(ROW)                                                        \
	ROW(DONE, "done")     /* both directions ended */                      \
	ROW(FAILED, "failed") /* one of the streams did */                     \
	ROW(IDLE, "idle")     /* nothing moved for too long */

enum relay_end {
#define ROW(id, word) RELAY_END_##id,
	RELAY_ENDS(ROW)
#undef ROW
	RELAY_END_COUNT
};

const char *relay_end_word(enum relay_end end);

/* Which of the two streams: an index. */
#define RELAY_FIRST  0
#define RELAY_SECOND 1

struct relay_result {
	enum relay_end end;
	int error;         /* of FAILED: a negative errno */
	int failed;        /* of FAILED: RELAY_FIRST or RELAY_SECOND */
	uint64_t bytes[2]; /* that came from each stream and were passed on */
};

typedef void (*relay_done_fn)(const struct relay_result *result, void *context);

struct relay;

/*
 * Takes both streams on success; no write has been shut down.  idle 0: no
 * limit.  0 or -ENOMEM.
 */
int relay_create(struct stream **first, struct stream **second, int64_t idle,
    relay_done_fn done, void *context, struct relay **ret);

/* What comes from there goes on as the throttle lets it; lent, and it outlives
 * the relay. */
void relay_hold_back(struct relay *relay, int from, struct throttle *throttle);

/* Resets both ends, for a flow that is not allowed any more; NULL is fine. */
void relay_destroy(struct relay **relay);

/* So far: bytes that came from the first or the second. */
uint64_t relay_bytes(const struct relay *relay, int from);

#endif
