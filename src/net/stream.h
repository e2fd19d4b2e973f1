/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/stream: a connected descriptor as two queues of bytes.
 *
 * A stream reads into its input buffer and tells its user, who looks at the
 * buffer and consumes what it wants; what it leaves stays there, for itself
 * or for the next user.  It writes from its output buffer whatever could not
 * be sent at once.  Below it is a transport, a small table of functions:
 * TCP, TLS over it, a stream of HTTP/2.
 *
 *	user:      data  ended                write  shutdown
 *	             ^     ^                    |       |
 *	stream:    [ input buffer ]           [ output buffer ]
 *	             ^                          |
 *	transport: read                       write  shutdown  close
 *
 * Life cycle.  stream_create takes the descriptor; one of the three closes
 * takes the stream, in any callback as well, and after it no callback comes.
 * Reading is off at first.  Callbacks are made by the loop only, never from
 * within a call of this interface; they come in the order data, ended,
 * drained, finished, failed.
 *
 * Back-pressure.  Reading pauses by itself while the input buffer is full, so
 * a user that does not consume stops the peer.  A producer asks
 * stream_is_full after writing, stops, and goes on when `drained` is called.
 * (There is no callback for becoming full: it would come in the midst of the
 * producer's own call, and the producer is the one who can ask.)
 *
 * Both halves end on their own: `ended` is the peer's FIN, stream_shutdown
 * ours.  A failure ends both; it is told once, after everything that the peer
 * had sent before it was told (a server that answers early and closes makes
 * the next write fail, yet its answer must be read).
 *
 * Memory.  Buffers exist only while bytes are in them.  Input is limited by
 * input_bytes_max, output by output_bytes_max: nothing else grows.  (Input of
 * who calls stream_read_bulk may lie in a pipe instead, see there.)
 *
 * The stream and all its calls belong to the thread of its loop.
 */
#ifndef GATEHOUSE_NET_STREAM_H
#define GATEHOUSE_NET_STREAM_H

#include "net/loop.h"
#include "net/transport.h"

struct stream;

/*
 * What a user is told; functions may be NULL, except failed.
 *
 * data		input grew, or there is some and reading was started
 *		or the user is new; look with stream_input
 * ended	no input will follow what is in the buffer; once for
 *		each user
 * drained	there is room again, after stream_is_full was true,
 *		stream_write_some took less than it was given, or
 *		stream_carry was refused
 * finished	after stream_shutdown: all was sent, and the FIN; once
 *		for each user
 * failed	a negative errno; the stream is dead, only its input can
 *		still be looked at; the last, once for each user
 */
struct stream_user {
	void (*data)(struct stream *stream, void *context);
	void (*ended)(struct stream *stream, void *context);
	void (*drained)(struct stream *stream, void *context);
	void (*finished)(struct stream *stream, void *context);
	void (*failed)(struct stream *stream, int error, void *context);
};

struct stream_limits {
	size_t input_bytes_max;  /* the largest head that a parser can see */
	size_t output_bytes_max; /* no write goes beyond it */
	size_t output_high;      /* full from here on */
	size_t output_low;       /* drained from here down */
	bool secret;             /* input is wiped when it was consumed */
};

/*
 * 64 KiB of input for the largest head.  Output: high is a good TCP window of
 * a local network, and what a producer adds before it asks whether it is full
 * (a body piece of 64 KiB and its framing) must still fit under max.
 */
extern const struct stream_limits stream_limits_usual;

/*
 * Takes fd on success, over transport_plain and without a user.  limits are
 * copied.  0 or -ENOMEM.
 */
int stream_create(struct loop *loop, int fd, const struct stream_limits *limits,
    struct stream **ret);

/*
 * The same of what has no descriptor of its own, as the streams of an HTTP/2
 * connection have none: whoever is behind the transport, which must have a
 * `holds`, says by stream_stir_up when it can be read from or written to again.
 */
int stream_create_over(struct loop *loop, const struct transport *transport,
    void *state, const struct stream_limits *limits, struct stream **ret);

/* Its transport, which has no descriptor, takes bytes again, or has some, or an
 * end or an error to give.  No callback comes from within. */
void stream_stir_up(struct stream *stream);

/* It has failed, says whoever is behind such a transport; told as ever. */
void stream_break(struct stream *stream, int error);

/* What carries it, and how that is with it, for one that is put above. */
const struct transport *stream_transport(
    const struct stream *stream, struct transport_wire *ret_wire);

/* The state of its transport, if it is this one; else NULL. */
void *stream_carried_by(
    const struct stream *stream, const struct transport *transport);

/*
 * Who is told from now on.  The new user hears of input that is in the buffer
 * and of an end that was told before, as soon as it reads.
 */
void stream_use(
    struct stream *stream, const struct stream_user *user, void *context);

/*
 * What carries the bytes from now on; `state` is the transport's.  Bytes
 * already in the input buffer were read from the old transport: one that
 * wraps the old (TLS behind a CONNECT) takes them with stream_input and
 * stream_consume first, and the old transport with stream_transport.  0; -EBUSY
 * while output is queued, which belongs to the old one: `drained` then tells
 * when it is gone.  (A peer that does not read can bring that about at any
 * time.)
 */
int stream_carry(
    struct stream *stream, const struct transport *transport, void *state);

/* ---- a stream that waits for its next user ---- */

typedef void (*stream_stir_fn)(struct stream *stream, void *context);

/*
 * Nothing is under way on it: no input or output waits, neither side has ended
 * or failed.
 */
bool stream_is_quiet(const struct stream *stream);

/* Its bytes are those of the descriptor: another stream of the same
 * connection would go on where this one is. */
bool stream_is_bare(const struct stream *stream);

/*
 * The stream, which is quiet, has no user any more.  Should the peer say or
 * end anything, fn is called, round by round, and nothing is read: not a byte
 * is taken that may be another's by then.  stream_use ends it.
 */
void stream_rest(struct stream *stream, stream_stir_fn fn, void *context);

struct loop *stream_loop(const struct stream *stream);
/* Stays the stream's; -1: it has none. */
int stream_fd(const struct stream *stream);

/* ---- input ---- */

void stream_read_start(struct stream *stream);
void stream_read_stop(struct stream *stream);

/* All that was read and not consumed, lent until it is next changed. */
struct str stream_input(const struct stream *stream);
void stream_consume(struct stream *stream, size_t count);

/* No more comes until something is consumed. */
bool stream_input_is_full(const struct stream *stream);

/* The peer's end was seen, told or not. */
bool stream_has_ended(const struct stream *stream);

/* ---- bulk: input that is not copied to user space ---- */

/* The caller's memory, zero at first; the fields are the stream's. */
struct stream_bulk {
	struct stream *stream;
	struct pipe *pipe; /* NULL: nothing is piped */
	size_t piped;
	/* The kernel cannot, or the other side: what is piped goes on by the
	 * buffer, and no pipe is taken again. */
	bool off;
	bool patient;    /* SO_RCVLOWAT is raised */
	int64_t read_at; /* the last read */
	int64_t since;   /* when the period began in which `count` came */
	size_t count;
	struct loop_timer tick;
};

/* Whether its transport can move bytes by pipes. */
bool stream_can_splice(const struct stream *stream);

/*
 * From now on input that comes in bulk may go to a pipe, of PIPE_BYTES at
 * most.  That is told by `data` as all input is, stands behind what is in the
 * input buffer, and is moved by stream_write_piped; until all of it was, no
 * other is read.  Other input goes to the buffer as ever: which way is chosen
 * read by read (stream_bulk.c).  `bulk` lives until the stream is closed, and
 * this user is its last.
 */
void stream_read_bulk(struct stream *stream, struct stream_bulk *bulk);

/* Nothing will be piped, for a flow that is slow by intention and would keep a
 * pipe for long.  Before anything was. */
void stream_bulk_stop(struct stream *stream);

/* Bytes in the pipe. */
size_t stream_piped(const struct stream *stream);

/* ---- output ---- */

/*
 * All of it or nothing: sends what can be sent at once and queues the rest.
 * 0; -ENOBUFS when it would go beyond output_bytes_max; -EPIPE after
 * stream_shutdown; -ENOMEM or the error of a stream that has failed, which
 * `failed` tells as well.
 */
int stream_write(struct stream *stream, struct str bytes);

/* The same, but sends at the end of the round or with the next write: for a
 * head whose body follows, so that both leave in one segment. */
int stream_queue(struct stream *stream, struct str bytes);

/*
 * Sends what can be sent at once and queues nothing: for one who holds the
 * bytes in another buffer.  A count; if it is short, `drained` is called when
 * more can be sent.  Errors as for stream_write.
 */
ssize_t stream_write_some(struct stream *stream, struct str bytes);

/*
 * The same with several spans, which are the caller's as long as they last: for
 * content that stays where it is.
 */
ssize_t stream_write_spans(
    struct stream *stream, struct iovec *spans, size_t count);

/*
 * The same with spans of which those last whose bit is set in `lasting` (the
 * lowest is the first's): the network may read them in place long after the
 * call, so that what lies there must not be written to again as long as anybody
 * has a hold of it (cache/pages).  The spans may be changed.
 */
ssize_t stream_lend_spans(
    struct stream *stream, struct iovec *spans, size_t count, uint64_t lasting);

/* For fewer bytes that last the calls cost more than a copy. */
#define STREAM_LEND_BYTES_MIN ((size_t)32 << 10)

/*
 * The same with what `from` has in its pipe, at most so many bytes.  If that
 * cannot be done for this stream, it comes by the input buffer of `from` after
 * all.
 */
ssize_t stream_write_piped(
    struct stream *stream, struct stream *from, size_t bytes_max);

/* Bytes queued. */
size_t stream_pending(const struct stream *stream);
bool stream_is_full(const struct stream *stream);

/* A FIN follows what is queued; nothing more can be written. */
void stream_shutdown(struct stream *stream);

/* ---- the end; *stream becomes NULL, and NULL is fine ---- */

/* At once: what is queued is dropped. */
void stream_close(struct stream **stream);

/* The same with a reset, so that the peer cannot take it for a proper end. */
void stream_close_reset(struct stream **stream);

/* Gives the descriptor of a bare stream, which is quiet, to the caller. */
int stream_release(struct stream **stream);

/*
 * Sends what is queued, then FIN, then waits for the peer's FIN and throws
 * away what comes until then, so that unread input does not become a reset
 * that overtakes our last bytes (RFC 9112, 9.6).  All that for `time` and for
 * STREAM_LINGER_BYTES_MAX of input at most; nobody is told.
 */
void stream_close_flushed(struct stream **stream, int64_t time);

/* A peer that goes on sending to a closed door gets a reset in the end. */
#define STREAM_LINGER_BYTES_MAX ((size_t)256 << 10)

#endif
