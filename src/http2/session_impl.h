/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http2/session_impl: what the files of http2/session share, and nobody else.
 *
 *	session          life, time, and the end
 *	session_receive  what libnghttp2 says of what has come
 *	session_send     what it is given to send
 *	stream           the transport of one stream
 *
 * No function of libnghttp2 that reads or writes is called from within one of
 * its callbacks, and no user of ours either: they are told by their streams, at
 * the end of the round, or after the read.
 */
#ifndef GATEHOUSE_HTTP2_SESSION_IMPL_H
#define GATEHOUSE_HTTP2_SESSION_IMPL_H

#include "http2/session.h"

#include "base/text.h"
#include "http2/block.h"
#include "http2/guard.h"
#include "http2/head.h"
#include "http2/limits.h"

/* The id of a request of ours that has not been submitted. */
#define HTTP2_STREAM_TO_COME (-1)

/*
 * One stream.  It is libnghttp2's from `id` on until that closes it, and its
 * user's as long as `stream` stands; it goes with the later of the two.
 */
struct http2_stream {
	struct http2_session *session;     /* NULL: it has done with it */
	struct http2_stream *next, **link; /* of the session's */
	struct http2_stream *waits;        /* in the line of heads */
	struct stream *stream;             /* NULL: its user has closed it */
	bool given;                        /* it has a user */
	bool ours;                         /* we ask */
	int32_t id;                        /* as long as there is a session */

	struct buffer in;     /* heads, then content */
	size_t in_heads;      /* so many bytes of it are of heads */
	bool in_ended;        /* END_STREAM has come */
	bool head_seen;       /* the final one, to its end */
	bool alone;           /* it came with END_STREAM */
	int error;            /* 0; what reading gives behind what is there */
	struct text trailers; /* lines */
	const char *why;      /* it failed, or will; NULL: nobody said */
	bool reset;           /* by the peer */

	struct text head;   /* ours, so far */
	bool head_whole;    /* and final; content follows */
	bool interim_waits; /* one before it, to be sent */
	bool in_line;       /* to be submitted */
	bool submitted;
	struct buffer out; /* content */
	struct text tail;  /* trailers behind it: lines */
	bool out_ended;
	bool out_sent;   /* to its END_STREAM */
	bool deferred;   /* libnghttp2 waits for more of it */
	bool let_go;     /* its user waits for no more than its end */
	size_t out_seen; /* when the session last looked whether it moves */
	bool seen;       /* let go, when it looked */
};

/* The streams that a peer has opened last. */
#define HTTP2_IDS_MAX 128

struct http2_ids {
	int32_t items[HTTP2_IDS_MAX];
	unsigned count; /* of all there ever were */
	int32_t newest;
};

#define HTTP2_FRAME_HEAD_BYTES 9

/* Where the frames are in what comes. */
struct http2_tally {
	uint8_t head[HTTP2_FRAME_HEAD_BYTES]; /* of the next, so far */
	size_t have;
	size_t skip; /* before it */
};

/* A request, and what is wrong with it, or -1. */
struct http2_asked {
	struct http2_stream *stream;
	int fault;
};

struct http2_session {
	struct stream *wire;
	struct loop *loop;
	nghttp2_session *frames;
	struct http2_options options;
	const struct http2_user *user;
	void *context;
	struct http2_stream *streams;
	size_t stream_count;
	struct http2_stream *line, **line_end; /* whose heads are to be sent */
	struct http2_guard guard;
	struct http2_tally tally;
	struct http2_block block;

	/* The head that is coming: there is one at a time. */
	struct http2_head head;
	struct text text;             /* what is made of it */
	struct http2_stream *heading; /* NULL: it is of no interest */
	bool trailing;                /* it is one behind content */
	int64_t head_since;           /* 0: none is on its way */
	unsigned continuations;
	bool is_slow; /* told */
	struct http2_ids ids;

	/* Requests that have come in this read, for their user. */
	struct http2_asked asked[HTTP2_STREAMS_MAX];
	size_t asked_count;
	unsigned malformed;

	bool failed; /* as `why` says; what is queued may be sent */
	enum http2_end why;
	uint32_t told;    /* by the last GOAWAY, the peer's or ours */
	int64_t active;   /* when a request last began or ended */
	int64_t heard;    /* when anything last came */
	int64_t pinged;   /* 0: nothing is asked */
	bool has_room;    /* to be told */
	bool tired;       /* too much was taken back: no more is asked */
	int64_t drained;  /* 0; when no more are taken */
	size_t wire_seen; /* of its output, when last looked at */
	int64_t looked;   /* when that was */
	struct loop_timer timer;
	struct loop_deferred flush;
};

/* ---- session.c ---- */

/* It is over as soon as what is to be said of it is with the wire; what is
 * known first stands.  `code` is said. */
void http2_session_fail(
    struct http2_session *session, enum http2_end why, uint32_t code);

bool http2_session_is_flooded(const struct http2_session *session);

/* ---- session_receive.c ---- */

/* What of it may be read: all, or nothing and the session has failed. */
struct str http2_receive_allowed(
    struct http2_session *session, struct str bytes);

void http2_receive_callbacks(nghttp2_session_callbacks *callbacks);

/* ---- session_send.c ---- */

void http2_send_callbacks(nghttp2_session_callbacks *callbacks);

/* At the end of this round. */
void http2_send_soon(struct http2_session *session);

/* What the wire takes.  False: nothing more is to be sent or read. */
bool http2_send_all(struct http2_session *session);

/* Its final head is whole. */
void http2_send_head_soon(struct http2_stream *stream);

/* An interim one is. */
int http2_send_interim(struct http2_stream *stream);

/* ---- stream.c ---- */

/* NULL: no memory. */
struct http2_stream *http2_stream_create(struct http2_session *session);

/* libnghttp2, or the session, has done with it: as both sides wanted (0), or
 * not. */
void http2_stream_leave(struct http2_stream *stream, int error);

/* Content that its user has not read. */
size_t http2_stream_held(const struct http2_stream *stream);

/* Its user may read, or write. */
void http2_stream_stir(struct http2_stream *stream);

void http2_stream_reset(struct http2_stream *stream, uint32_t code);

#endif
