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

/*
 * A stream that fills its piece to the brim gets a larger one for the next
 * read: a bulk transfer then needs a quarter of the system calls.  At MAX it
 * counts as bulk, until a read brings less than FIRST.
 */
#define STREAM_READ_BYTES_FIRST BUFFER_PIECE_BYTES
/* Of a stream of HTTP/2, which is a head as a rule. */
#define STREAM_READ_BYTES_SMALL BUFFER_SMALL_BYTES
#define STREAM_READ_BYTES_MAX   ((size_t)64 << 10)

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
	stream_stir_fn stir; /* at rest: instead of reading */

	struct buffer input;
	enum input_state in;
	bool reading;
	bool fresh; /* input that the user has not been told of */
	size_t read_bytes;
	struct stream_bulk *bulk; /* NULL: all input goes to the buffer */

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

/* Whether more may be read into the buffer, or a pipe. */
bool stream_has_room(const struct stream *stream);

/* Whether a read would be made if there were something to read. */
bool stream_wants_read(const struct stream *stream);

/* What the loop does for a stream: flush, a read, tell.  Afterwards it may be
 * gone. */
void stream_turn(struct stream *stream);

/* A read into the pipe.  A count or an error of the connection; -EAGAIN: it
 * must be tried by the buffer. */
ssize_t stream_bulk_read(struct stream *stream);

/* What was read, either way. */
void stream_bulk_note(struct stream *stream, size_t count);

/* Something was sent to the peer. */
void stream_bulk_expect_answer(struct stream *stream);

/* Whether what is piped must go by the buffer, and the read that does it. */
bool stream_bulk_is_off(const struct stream *stream);
ssize_t stream_bulk_unpipe(struct stream *stream, char *to, size_t room);

/* Moves at most so many bytes to the transport of another stream.  A count, 0
 * if it takes none now, or its error. */
ssize_t stream_bulk_pour(
    struct stream *from, struct stream *to, size_t bytes_max);

/* What is lent to the network, from the first byte on that it has not. */
struct stream_lent {
	struct iovec *spans;
	size_t count;
	uint64_t lasting;
};

/* Whether the calls are worth it. */
bool stream_lends(const struct stream *stream, const struct stream_lent *lent);

/*
 * Has the transport take some of it, and moves on.  A count, *ret_offered is
 * how much it could have been; or an error of the connection; or -ENOTSUP: it
 * can only be copied.
 */
ssize_t stream_lend_some(
    struct stream *stream, struct stream_lent *lent, size_t *ret_offered);

/* Closes the pipe and forgets the bulk; NULL is fine. */
void stream_bulk_end(struct stream_bulk *bulk);

/* Whether there is input that no readiness will announce. */
bool stream_holds_input(const struct stream *stream);

/* Keeps the first error, which the user is told of. */
void stream_fail(struct stream *stream, int error);

/* Sends what is queued, and then the end that was asked for. */
void stream_flush(struct stream *stream);

/* `drained` is due when no more than this is pending. */
void stream_set_mark(struct stream *stream, size_t mark);

/* At the end of every call that changed something. */
void stream_settle(struct stream *stream);

/* Frees all but the descriptor, which close_fd is given. */
void stream_destroy(struct stream *stream, void (*close_fd)(int fd));

/* Whether the user is to be told of something. */
bool stream_has_news(const struct stream *stream);

/* Tells all that is due; afterwards the stream may be closed. */
void stream_tell(struct stream *stream);

#endif
