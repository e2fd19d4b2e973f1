/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/stream_impl: what the files of net/stream share, and nobody else.
 *
 *	input	OPEN -> ENDED (the peer's end was read) -> TOLD
 *	output	OPEN -> CLOSING (shutdown was asked for) -> SHUT -> TOLD
 */
#ifndef GATEHOUSE_NET_STREAM_IMPL_H
#define GATEHOUSE_NET_STREAM_IMPL_H

#include "net/stream.h"

#define STREAM_NO_MARK SIZE_MAX /* nobody waits for drained */

enum input_state {
	INPUT_OPEN,
	INPUT_ENDED,
	INPUT_TOLD,
};

enum output_state {
	OUTPUT_OPEN,
	OUTPUT_CLOSING,
	OUTPUT_SHUT,
	OUTPUT_TOLD,
};

struct stream {
	struct loop *loop;
	struct transport_wire wire;
	const struct transport *transport;
	const struct stream_user *user; /* NULL: nobody listens yet */
	void *context;

	struct buffer input;
	enum input_state in;
	bool reading;
	bool fresh; /* input that the user has not been told of */
	size_t read_bytes;

	struct buffer output;
	enum output_state out;
	bool blocked; /* the transport took no more */
	size_t output_high, output_low;
	size_t drain_mark; /* drained is due when pending is down to it */

	int error; /* 0, or the first failure */
	bool error_told;
	bool closed;
	unsigned entered;

	struct loop_watch watch;
	struct loop_deferred kick;
};

/* One read.  The transport's answer, or why there was no room for it. */
ssize_t stream_read_some(struct stream *stream);

/* Whether the user is to be told of something. */
bool stream_has_news(const struct stream *stream);

/* Tells all that is due; afterwards the stream may be closed. */
void stream_tell(struct stream *stream);

#endif
