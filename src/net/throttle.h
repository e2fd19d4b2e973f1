/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/throttle: how fast bytes may go from a stream.
 *
 * A bucket is a rate that any number of flows, of any threads, share.  Who
 * wants to move bytes takes a turn in it: the bucket's clock goes on by the
 * time that they take at the rate, and the turn begins when the clock stood.
 * A flow has one turn at a time, of a quantum at most, and waits for it; so
 * turns are taken in the order in which they were asked for, and flows that
 * all want more than there is get the same, whatever their threads, their
 * round-trip times and their number of bytes.  One word is shared, and it is
 * touched once for a quantum, not for a packet.
 *
 *	clock  ----------|==A==|==B==|==C==|--->
 *	             now ^
 *
 * A bucket that nobody wanted anything of has saved THROTTLE_BURST of time and
 * no more: so much may go at once, and a timer that is late loses nothing.
 *
 * Back-pressure is what a user of net/stream has anyway: what may not go yet
 * stays in the reader's input, and nothing is read until the turn has come and
 * the stream tells `data` again.
 *
 * A meter counts what has gone of an amount that is shared in the same way;
 * when it has run out, nothing goes any more, and whoever has set it says what
 * becomes of the flow.
 *
 * A throttle is its flow's, and of one thread; buckets and meters are for any.
 */
#ifndef GATEHOUSE_NET_THROTTLE_H
#define GATEHOUSE_NET_THROTTLE_H

#include "net/stream.h"

#define THROTTLE_BURST (50 * CLOCK_MS)

/* Of turns: 10 ms of the rate, within these; a pipe holds no more. */
#define THROTTLE_QUANTUM_MIN ((size_t)1460)
#define THROTTLE_QUANTUM_MAX ((size_t)1 << 20)

struct throttle_bucket {
	uint64_t bytes_per_second; /* does not change while it is shared */
	_Atomic int64_t clock;     /* clock_now() when the next turn begins */
};

struct throttle_meter {
	_Atomic uint64_t used, most;
};

#define THROTTLE_BUCKETS_MAX 2

/* Zero at first: nothing is held back. */
struct throttle {
	struct throttle_bucket *buckets[THROTTLE_BUCKETS_MAX];
	size_t bucket_count;
	struct throttle_meter *meter; /* NULL: none */
	size_t granted;               /* of the turn that has come or will */
	uint64_t spent;
	bool waits;            /* for it */
	struct stream *stream; /* while it waits */
	/* Told of the turn in the place of the stream; NULL: the stream is. */
	void (*tell)(void *context);
	void *context;
	struct loop_timer timer;
};

/* Sets what holds it from now on; a turn that was taken is given back. */
void throttle_set(struct throttle *throttle,
    struct throttle_bucket *const *buckets, size_t count,
    struct throttle_meter *meter);

/*
 * Where bytes come from no stream: `tell` is called when it is time to ask
 * again, and the stream of throttle_ask only lends its loop.
 */
void throttle_tell(
    struct throttle *throttle, void (*tell)(void *context), void *context);

/* The same with nothing, and no stream is told any more. */
void throttle_end(struct throttle *throttle);

/*
 * How many of the `wanted` bytes, which `from` has, may go now.  0: none;
 * `data` of `from` is called when it is time to ask again.
 * A throttle of NULL holds nothing back.
 */
size_t throttle_ask(
    struct throttle *throttle, struct stream *from, size_t wanted);

/* So many have gone, of what was asked for last. */
void throttle_spend(struct throttle *throttle, size_t count);

/* Whether bytes wait for their turn, which is no fault of any peer. */
bool throttle_waits(const struct throttle *throttle);

/* Whether its rate is so low that a pipe would be lent for long. */
bool throttle_is_slow(const struct throttle *throttle);

#endif
