/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http2/session_receive: what libnghttp2 says of what has come.
 */
#include "http2/session_impl.h"

#include "http2/limits.h"

#include <errno.h>

static struct http2_stream *
find(nghttp2_session *frames, int32_t id)
{
	return nghttp2_session_get_stream_user_data(frames, id);
}

static bool
is_server(const struct http2_session *session)
{
	return session->options.side == HTTP2_SERVER;
}

/* ---- what it costs ---- */

/* The rest of what has come is not looked at. */
static int
end_flood(struct http2_session *session)
{
	http2_session_fail(session, HTTP2_END_FLOOD, NGHTTP2_ENHANCE_YOUR_CALM);
	return 0;
}

static bool
is_idle(const nghttp2_frame_hd *head)
{
	switch (head->type) {
	case NGHTTP2_HEADERS:
	case NGHTTP2_CONTINUATION:
	case NGHTTP2_RST_STREAM:
	case NGHTTP2_GOAWAY:
		return false;
	case NGHTTP2_DATA:
		return head->length == 0 &&
		       (head->flags & NGHTTP2_FLAG_END_STREAM) == 0;
	default:
		return true;
	}
}

/* RFC 9113, 10.5: each of these is allowed, and too many of them are not. */
static bool
may_come(struct http2_session *session, const nghttp2_frame_hd *head)
{
	int64_t now = loop_now(session->loop);

	if (head->type == NGHTTP2_HEADERS)
		session->continuations = 0;
	if (head->type == NGHTTP2_CONTINUATION)
		return ++session->continuations <= HTTP2_CONTINUATIONS_MAX;
	/* A server of ours may take back what it likes. */
	if (head->type == NGHTTP2_RST_STREAM && is_server(session))
		return http2_guard_reset(&session->guard, now);
	if (head->type == NGHTTP2_DATA && head->length > 0)
		http2_guard_useful(&session->guard);
	return !is_idle(head) || http2_guard_idle_frame(&session->guard, now);
}

static nghttp2_frame_hd
read_frame_head(const uint8_t bytes[static HTTP2_FRAME_HEAD_BYTES])
{
	return (nghttp2_frame_hd){
		.length =
		    (size_t)bytes[0] << 16 | (size_t)bytes[1] << 8 | bytes[2],
		.type = bytes[3],
		.flags = bytes[4],
	};
}

/* The rest of a frame's head, of which a part may have come before. */
static size_t
gather(struct http2_tally *tally, struct str bytes)
{
	size_t want = HTTP2_FRAME_HEAD_BYTES - tally->have;
	size_t len = bytes.len < want ? bytes.len : want;

	memcpy(tally->head + tally->have, bytes.at, len);
	tally->have += len;
	return len;
}

/*
 * libnghttp2 tells of frames that it knows; what it passes over costs the peer
 * as little, so we count for ourselves.
 */
struct str
http2_receive_allowed(struct http2_session *session, struct str bytes)
{
	struct http2_tally *tally = &session->tally;
	size_t at = 0;

	while (at < bytes.len) {
		size_t left = bytes.len - at;
		size_t skip = tally->skip < left ? tally->skip : left;
		at += skip;
		tally->skip -= skip;
		if (skip < left)
			at += gather(tally, str_skip(bytes, at));
		if (tally->have < HTTP2_FRAME_HEAD_BYTES)
			continue;
		nghttp2_frame_hd head = read_frame_head(tally->head);
		tally->have = 0;
		tally->skip = head.length;
		if (may_come(session, &head))
			continue;
		(void)end_flood(session);
		return (struct str){ bytes.at, 0 };
	}
	return bytes;
}

/*
 * RFC 9113, 5.1.1: a stream that was passed over is closed.  libnghttp2 lets
 * such a head pass as one for a stream that has just been closed, of which more
 * may be on its way; so we know which were open.
 */
static bool
was_passed_over(struct http2_session *session, int32_t id)
{
	const struct http2_ids *ids = &session->ids;
	int32_t oldest = ids->count < HTTP2_IDS_MAX
			     ? 0
			     : ids->items[ids->count % HTTP2_IDS_MAX];

	if (id >= ids->newest || id <= oldest)
		return false;
	for (unsigned i = 0; i < ids->count && i < HTTP2_IDS_MAX; i++)
		if (ids->items[i] == id)
			return false;
	return true;
}

static void
note_id(struct http2_session *session, int32_t id)
{
	session->ids.items[session->ids.count++ % HTTP2_IDS_MAX] = id;
	session->ids.newest = id;
}

static int
on_frame_begins(
    nghttp2_session *frames, const nghttp2_frame_hd *head, void *context)
{
	struct http2_session *session = context;

	(void)frames;
	if (head->type == NGHTTP2_HEADERS) {
		session->head_since = loop_now(session->loop);
		if (is_server(session) &&
		    was_passed_over(session, head->stream_id))
			http2_session_fail(
			    session, HTTP2_END_BAD, NGHTTP2_PROTOCOL_ERROR);
	}
	return 0;
}

/* ---- heads ---- */

static int
take_request(nghttp2_session *frames, struct http2_session *session, int32_t id)
{
	struct http2_stream *stream = http2_stream_create(session);

	if (stream == NULL)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	stream->id = id;
	note_id(session, id);
	(void)nghttp2_session_set_stream_user_data(frames, id, stream);
	session->heading = stream;
	return 0;
}

static int
on_head_begins(
    nghttp2_session *frames, const nghttp2_frame *frame, void *context)
{
	struct http2_session *session = context;
	int32_t id = frame->hd.stream_id;

	http2_head_clear(&session->head);
	session->heading = NULL;
	session->trailing = false;
	if (is_server(session) && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		return take_request(frames, session, id);
	session->heading = find(frames, id);
	session->trailing =
	    is_server(session) ||
	    (session->heading != NULL && session->heading->head_seen);
	return 0;
}

/* What is not looked at is counted all the same. */
static int
on_field(nghttp2_session *frames, const nghttp2_frame *frame,
    const uint8_t *name, size_t name_len, const uint8_t *value,
    size_t value_len, uint8_t flags, void *context)
{
	struct http2_session *session = context;
	struct http2_head *head = &session->head;

	(void)frames;
	(void)frame;
	(void)flags;
	if (session->heading == NULL)
		head->faulty = true;
	http2_head_add(head, (struct str){ (const char *)name, name_len },
	    (struct str){ (const char *)value, value_len });
	if (head->list <= HTTP2_BOMB_BYTES_MAX ||
	    http2_session_is_flooded(session))
		return 0;
	(void)end_flood(session);
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

/* A request that is none is reset by libnghttp2, which costs the peer nothing
 * and us a head. */
static int
note_malformed(struct http2_session *session, int32_t id)
{
	struct http2_stream *stream = find(session->frames, id);

	if (stream != NULL && stream->why == NULL)
		stream->why = "its head, or a field of it, is malformed";
	session->head_since = 0;
	session->heading = NULL;
	session->malformed++;
	if (is_server(session) && !http2_session_is_flooded(session) &&
	    !http2_guard_reset(&session->guard, loop_now(session->loop)))
		return end_flood(session);
	return 0;
}

/* It is no field; left alone, libnghttp2 would leave it out. */
static int
on_field_invalid(nghttp2_session *frames, const nghttp2_frame *frame,
    nghttp2_rcbuf *name, nghttp2_rcbuf *value, uint8_t flags, void *context)
{
	(void)frames;
	(void)name;
	(void)value;
	(void)flags;
	(void)note_malformed(context, frame->hd.stream_id);
	return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

static int
append(struct http2_stream *stream, const struct text *text)
{
	int rc = buffer_append(&stream->in, text_str(text));

	stream->in_heads += rc == 0 ? text->len : 0;
	return rc;
}

static void
end_request(struct http2_session *session, struct http2_stream *stream)
{
	struct text *text = &session->text;
	enum http_fault fault;

	text_clear(text);
	int rc = http2_head_write_request(&session->head, text, &fault);
	bool good = rc == 0;

	if (http2_head_opens_tunnel(&session->head))
		stream->alone = true;
	if (good)
		rc = append(stream, text);
	if ((rc < 0 && rc != -EBADMSG) ||
	    session->asked_count == HTTP2_STREAMS_MAX) {
		http2_stream_reset(stream, NGHTTP2_REFUSED_STREAM);
		return;
	}
	session->asked[session->asked_count++] =
	    (struct http2_asked){ stream, good ? -1 : (int)fault };
}

static void
end_response(struct http2_session *session, struct http2_stream *stream)
{
	struct text *text = &session->text;
	enum http_fault fault;
	unsigned status = 0;

	text_clear(text);
	int rc =
	    http2_head_write_response(&session->head, text, &status, &fault);
	stream->head_seen = rc < 0 || status >= 200;
	if (rc == 0)
		rc = append(stream, text);
	if (rc < 0) {
		stream->why = rc == -EBADMSG ? http_fault_meaning(fault) : NULL;
		http2_stream_reset(stream, NGHTTP2_PROTOCOL_ERROR);
		return;
	}
	http2_stream_stir(stream);
}

/* Who reads the content finds them at its end. */
static void
end_trailers(struct http2_session *session, struct http2_stream *stream)
{
	enum http_fault fault;

	text_clear(&stream->trailers);
	int rc = http2_head_write_trailers(
	    &session->head, &stream->trailers, &fault);
	if (rc == 0)
		return;
	stream->why = rc == -EBADMSG ? http_fault_meaning(fault) : NULL;
	http2_stream_reset(stream, NGHTTP2_PROTOCOL_ERROR);
}

static void
end_head(struct http2_session *session, const nghttp2_frame *frame)
{
	struct http2_stream *stream = session->heading;

	session->heading = NULL;
	session->head_since = 0;
	if (stream == NULL)
		return;
	if (session->trailing) {
		end_trailers(session, stream);
		http2_head_clear(&session->head);
		return;
	}
	stream->alone = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	if (is_server(session))
		end_request(session, stream);
	else
		end_response(session, stream);
	http2_head_clear(&session->head);
}

/* ---- frames ---- */

static void
note_end(nghttp2_session *frames, const nghttp2_frame *frame)
{
	struct http2_stream *stream = find(frames, frame->hd.stream_id);

	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0 ||
	    stream == NULL || stream->why != NULL)
		return;
	stream->in_ended = true;
	http2_stream_stir(stream);
}

static void
note_reset(nghttp2_session *frames, const nghttp2_frame *frame)
{
	struct http2_stream *stream = find(frames, frame->hd.stream_id);

	if (stream == NULL || stream->in_ended)
		return;
	stream->reset = true;
	stream->why = nghttp2_http2_strerror(frame->rst_stream.error_code);
}

static int
on_frame(nghttp2_session *frames, const nghttp2_frame *frame, void *context)
{
	struct http2_session *session = context;

	switch (frame->hd.type) {
	case NGHTTP2_HEADERS:
		end_head(session, frame);
		note_end(frames, frame);
		break;
	case NGHTTP2_DATA:
		note_end(frames, frame);
		break;
	case NGHTTP2_RST_STREAM:
		note_reset(frames, frame);
		break;
	case NGHTTP2_GOAWAY:
		session->told = frame->goaway.error_code;
		break;
	default:
		break;
	}
	return 0;
}

static int
on_frame_invalid(nghttp2_session *frames, const nghttp2_frame *frame, int error,
    void *context)
{
	(void)frames;
	(void)error;
	return frame->hd.type == NGHTTP2_HEADERS
		   ? note_malformed(context, frame->hd.stream_id)
		   : 0;
}

static int
on_content(nghttp2_session *frames, uint8_t flags, int32_t id,
    const uint8_t *bytes, size_t len, void *context)
{
	struct http2_stream *stream = find(frames, id);

	(void)flags;
	(void)context;
	if (stream == NULL || stream->stream == NULL) {
		/* It was to end, and goes on. */
		if (stream != NULL && stream->let_go)
			http2_stream_reset(stream, NGHTTP2_CANCEL);
		return 0;
	}
	if (buffer_append(
		&stream->in, (struct str){ (const char *)bytes, len }) < 0) {
		http2_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
		return 0;
	}
	http2_stream_stir(stream);
	return 0;
}

/* What a request of ours came to. */
static int
error_of_request(struct http2_stream *stream, uint32_t code)
{
	if (stream->in_ended)
		return 0;
	if (code == NGHTTP2_REFUSED_STREAM)
		return -ECONNREFUSED;
	if (stream->reset)
		return -ECONNABORTED;
	if (stream->why == NULL)
		stream->why = nghttp2_http2_strerror(code);
	return -EBADMSG;
}

/* Both have ended it, or one has reset it.  RFC 9113, 8.1: who has answered may
 * take no more of what was asked. */
static int
on_stream_closed(
    nghttp2_session *frames, int32_t id, uint32_t code, void *context)
{
	struct http2_stream *stream = find(frames, id);

	(void)context;
	if (stream == NULL)
		return 0;
	if (stream->ours)
		http2_stream_leave(stream, error_of_request(stream, code));
	else if (code == NGHTTP2_NO_ERROR && stream->in_ended)
		http2_stream_leave(stream, 0);
	else
		http2_stream_leave(stream, -ECONNRESET);
	return 0;
}

void
http2_receive_callbacks(nghttp2_session_callbacks *callbacks)
{
	nghttp2_session_callbacks_set_on_begin_frame_callback(
	    callbacks, on_frame_begins);
	nghttp2_session_callbacks_set_on_begin_headers_callback(
	    callbacks, on_head_begins);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_field);
	nghttp2_session_callbacks_set_on_invalid_header_callback2(
	    callbacks, on_field_invalid);
	nghttp2_session_callbacks_set_on_frame_recv_callback(
	    callbacks, on_frame);
	nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(
	    callbacks, on_frame_invalid);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
	    callbacks, on_content);
	nghttp2_session_callbacks_set_on_stream_close_callback(
	    callbacks, on_stream_closed);
}
