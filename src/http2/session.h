/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http2/session: one HTTP/2 connection, whose streams are streams.
 *
 *	client's  [wire] -> frames -> [stream 1] -> head as text, content
 *	                             [stream 3] -> head as text, content
 *
 * libnghttp2 reads and writes frames and compresses heads; it knows of no
 * message.  Each request is a net/stream of its own, over a transport of ours
 * and without a descriptor: from it comes the head, as text (http2/head), and
 * then the content, without any framing; into it goes a head as http/write
 * makes it, as many interim ones before as there are, and then content, which
 * ends where the stream is shut down.  So who reads a head from a connection,
 * or writes one, does not know what brings it; what he must know is that the
 * end of the content is that of the stream (http_head_scan.framed).
 *
 *	stream_consume   opens the peer's window again
 *	stream_is_full   the peer's window, or the connection, is full
 *	stream_shutdown  END_STREAM
 *	stream_close     RST_STREAM, unless both sides have ended
 *	`failed`         the peer's RST_STREAM, or the end of the connection
 *
 * A stream fails with
 *
 *	-ECONNREFUSED    a server did not look at it, and what it asked may be
 *	                 asked again elsewhere (RFC 9113, 8.7)
 *	-ECONNABORTED    the peer has reset it
 *	-EBADMSG         what came in it was no message, or what came in the
 *	                 connection no HTTP/2
 *	-ECONNRESET      the connection is over
 *
 * and http2_stream_why has the words.
 *
 * Life cycle.  The session uses the wire, which is lent, until it is destroyed;
 * it is then to be closed, or used otherwise, before the round ends.
 * A stream belongs to whom it was given, who closes it, before or after the
 * session.  One thread, that of the wire's loop.
 */
#ifndef GATEHOUSE_HTTP2_SESSION_H
#define GATEHOUSE_HTTP2_SESSION_H

#include "http/fault.h"
#include "net/stream.h"

struct http2_session;

/* What a client begins with; what is shorter than that may be its beginning. */
#define HTTP2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum http2_side {
	HTTP2_SERVER, /* the peer asks */
	HTTP2_CLIENT, /* we do */
};

/* Why it is over. */
enum http2_end {
	HTTP2_END_DONE,   /* nothing was under way */
	HTTP2_END_PEER,   /* the connection ended, or failed */
	HTTP2_END_BAD,    /* the peer broke the protocol */
	HTTP2_END_FLOOD,  /* it asks for too much useless work */
	HTTP2_END_STALL,  /* it takes nothing, or a head does not come */
	HTTP2_END_MEMORY, /* there is none */
};

struct http2_user {
	/*
	 * A request has come, in a stream that is the callee's.  `fault`: it is
	 * none, and what is wrong with it; -1: its head is what comes first.
	 */
	void (*asked)(struct stream *stream, int fault, void *context);
	/* A request that was none was reset. */
	void (*malformed)(void *context);
	/* A part of a head has come and the rest is waited for, or it is not
	 * any more. */
	void (*slow)(bool slow, void *context);
	/* Of a client: a request of ours has ended, so that there may be room
	 * for another; from the loop. */
	void (*room)(void *context);
	/* It is over, what can be said has been queued on the wire; the last
	 * call, and the session is to be destroyed in it. */
	void (*ended)(enum http2_end why, void *context);
};

struct http2_options {
	enum http2_side side;
	bool https;  /* what a request of ours says of the scheme */
	bool secret; /* passwords may come in it */
	/* Without a request; for a head; without anything that moves. */
	int64_t idle, head, stall;
	/* Of a client, while it waits: so long without a word until the server
	 * is asked whether it is there (PING; 0: it is not), and for how long
	 * its answer may take. */
	int64_t silence, pong;
};

/* 0 or -ENOMEM.  What is in the wire's input, from the preface on, is read. */
int http2_session_create(struct stream *wire,
    const struct http2_options *options, const struct http2_user *user,
    void *context, struct http2_session **ret);

/* Streams that are not closed fail.  NULL is fine. */
void http2_session_destroy(struct http2_session **session);

/* No new requests, please: what is on its way is served for `time`, and what is
 * under way to its end. */
void http2_session_drain(struct http2_session *session, int64_t time);

/*
 * Of a client: a stream for one more request, the caller's; END_STREAM goes
 * with its head if it is shut down at once.  0; -EBUSY: as many are under way
 * as the server takes; -EPIPE: it takes none any more, or too many were taken
 * back; -ENOMEM.
 */
int http2_session_open(struct http2_session *session, struct stream **ret);

/* Of a client: it asks for nothing more, and what is under way fails. */
void http2_session_end(struct http2_session *session);

/* Requests under way. */
size_t http2_session_streams(const struct http2_session *session);

/* For the session's `slow`, and for events: its connection; lent. */
struct stream *http2_session_wire(struct http2_session *session);

/* ---- of a stream ---- */

/* Whether it is one of an HTTP/2 connection. */
bool http2_stream_is(const struct stream *stream);

/* Whether all of its message has come, read or not. */
bool http2_stream_has_ended(const struct stream *stream);

/* Whether its head comes without content; once the head is there. */
bool http2_stream_is_alone(const struct stream *stream);

/*
 * What came in `from` behind its content, once that has ended, goes behind the
 * content of `to`, which is not shut down yet.  Nothing if one of them is no
 * stream of HTTP/2.
 */
void http2_stream_pass_trailers(const struct stream *from, struct stream *to);

/* Why it has failed, as far as anybody said: words that last; or NULL. */
const char *http2_stream_why(const struct stream *stream);

/*
 * Of a request of ours whose answer has been read to the end of its content:
 * closes it and *stream becomes NULL, as stream_close does, but lets the
 * server say END_STREAM in its own time.
 */
void http2_stream_let_go(struct stream **stream);

#endif
