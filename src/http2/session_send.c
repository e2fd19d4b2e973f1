/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http2/session_send: frames for the wire.
 *
 * All that is to be sent is collected until the end of a round, and then goes
 * to the wire's output in one piece: heads of many streams leave in one
 * segment, and a head whose stream has ended by then bears END_STREAM itself.
 */
#include "http2/session_impl.h"

#include "base/must.h"
#include "http2/limits.h"

#include <errno.h>

void
http2_send_soon(struct http2_session *session)
{
	loop_defer(session->loop, &session->flush);
}

/* ---- content ---- */

/* They bear the END_STREAM. */
static void
send_trailers(struct http2_stream *stream, uint32_t *flags)
{
	struct http2_session *session = stream->session;

	if (http2_block_of_trailers(&stream->tail, &session->block) == 0 &&
	    nghttp2_submit_trailer(session->frames, stream->id,
		session->block.fields, session->block.count) == 0)
		*flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
}

static ssize_t
on_content_wanted(nghttp2_session *frames, int32_t id, uint8_t *to, size_t room,
    uint32_t *flags, nghttp2_data_source *source, void *context)
{
	struct http2_stream *stream = source->ptr;
	size_t len = stream->out.len < room ? stream->out.len : room;

	(void)frames;
	(void)id;
	(void)to;
	(void)context;
	if (len == 0 && !stream->out_ended) {
		stream->deferred = true;
		return NGHTTP2_ERR_DEFERRED;
	}
	*flags |= NGHTTP2_DATA_FLAG_NO_COPY;
	if (stream->out_ended && len == stream->out.len) {
		*flags |= NGHTTP2_DATA_FLAG_EOF;
		if (stream->tail.len > 0)
			send_trailers(stream, flags);
	}
	return (ssize_t)len;
}

static int
on_content_sent(nghttp2_session *frames, nghttp2_frame *frame,
    const uint8_t *head, size_t len, nghttp2_data_source *source, void *context)
{
	struct http2_session *session = context;
	struct http2_stream *stream = source->ptr;
	struct str content = buffer_peek(&stream->out);

	(void)frames;
	must(frame->data.padlen == 0 && len <= content.len);
	content.len = len;
	if (stream_queue(session->wire, (struct str){ (const char *)head,
					    HTTP2_FRAME_HEAD_BYTES }) < 0 ||
	    stream_queue(session->wire, content) < 0)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	buffer_consume(&stream->out, len);
	http2_guard_useful(&session->guard);
	http2_stream_stir(stream);
	return 0;
}

static nghttp2_data_provider
content_of(struct http2_stream *stream)
{
	return (nghttp2_data_provider){
		.source.ptr = stream,
		.read_callback = on_content_wanted,
	};
}

static void
go_on(struct http2_stream *stream)
{
	if (!stream->deferred || (stream->out.len == 0 && !stream->out_ended))
		return;
	stream->deferred = false;
	(void)nghttp2_session_resume_data(stream->session->frames, stream->id);
}

/* ---- heads ---- */

void
http2_send_head_soon(struct http2_stream *stream)
{
	struct http2_session *session = stream->session;

	stream->waits = NULL;
	*session->line_end = stream;
	session->line_end = &stream->waits;
	stream->in_line = true;
	http2_send_soon(session);
}

int
http2_send_interim(struct http2_stream *stream)
{
	struct http2_session *session = stream->session;
	struct http2_block *block = &session->block;
	int rc = http2_block_of_response(&stream->head, block);

	if (rc == 0 &&
	    nghttp2_submit_headers(session->frames, NGHTTP2_FLAG_NONE,
		stream->id, NULL, block->fields, block->count, NULL) != 0)
		rc = -ENOMEM;
	stream->interim_waits = rc == 0;
	text_clear(&stream->head);
	http2_send_soon(session);
	return rc;
}

static int
submit_response(struct http2_stream *stream, bool alone)
{
	struct http2_session *session = stream->session;
	nghttp2_data_provider content = content_of(stream);
	int rc = http2_block_of_response(&stream->head, &session->block);

	if (rc < 0)
		return rc;
	http2_guard_useful(&session->guard);
	return nghttp2_submit_response(session->frames, stream->id,
	    session->block.fields, session->block.count,
	    alone ? NULL : &content);
}

static int
submit_request(struct http2_stream *stream, bool alone)
{
	struct http2_session *session = stream->session;
	nghttp2_data_provider content = content_of(stream);
	struct str scheme = session->options.https ? STR("https") : STR("http");
	int rc = http2_block_of_request(&stream->head, scheme, &session->block);

	if (rc == 0)
		rc = nghttp2_submit_request(session->frames, NULL,
		    session->block.fields, session->block.count,
		    alone ? NULL : &content, stream);
	if (rc > 0)
		stream->id = rc;
	return rc;
}

static void
submit(struct http2_stream *stream)
{
	bool alone =
	    stream->out_ended && stream->out.len == 0 && stream->tail.len == 0;
	bool server = stream->session->options.side == HTTP2_SERVER;
	int rc = server ? submit_response(stream, alone)
			: submit_request(stream, alone);

	text_fini(&stream->head);
	stream->submitted = true;
	if (rc >= 0)
		return;
	if (server)
		http2_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
	else
		http2_stream_leave(stream, -ECONNREFUSED);
}

static void
submit_line(struct http2_session *session)
{
	struct http2_stream *stream;

	while ((stream = session->line) != NULL) {
		session->line = stream->waits;
		if (session->line == NULL)
			session->line_end = &session->line;
		stream->in_line = false;
		submit(stream);
	}
}

/* ---- all ---- */

/* Before the final head no other one is given, so it was this one. */
static void
note_interim(struct http2_stream *stream)
{
	stream->interim_waits = false;
	http2_stream_stir(stream);
}

/*
 * RFC 9113, 8.1: the answer is whole, and the rest of the request is of no
 * interest to whoever had asked for it.
 */
static void
note_end(struct http2_stream *stream)
{
	stream->out_sent = true;
	if (stream->stream == NULL && !stream->in_ended)
		http2_stream_reset(stream, NGHTTP2_NO_ERROR);
}

static int
on_frame_sent(
    nghttp2_session *frames, const nghttp2_frame *frame, void *context)
{
	struct http2_session *session = context;
	bool is_head = frame->hd.type == NGHTTP2_HEADERS;

	if (frame->hd.type == NGHTTP2_GOAWAY)
		session->told = frame->goaway.error_code;
	if ((!is_head && frame->hd.type != NGHTTP2_DATA) ||
	    session->options.side == HTTP2_CLIENT)
		return 0;
	struct http2_stream *stream =
	    nghttp2_session_get_stream_user_data(frames, frame->hd.stream_id);
	if (stream == NULL)
		return 0;
	if (is_head && stream->interim_waits)
		note_interim(stream);
	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
		note_end(stream);
	return 0;
}

/*
 * What came and is not held any more may come again.  libnghttp2 would give it
 * back once it is half of the window; what nobody reads may be the other half,
 * and then all would wait for who does not read.  So it is given back once it
 * is as much as is left.
 */
static void
open_window_of_all(struct http2_session *session, size_t held)
{
	nghttp2_session *frames = session->frames;
	int32_t left = nghttp2_session_get_local_window_size(frames);
	int32_t taken = nghttp2_session_get_effective_recv_data_length(frames) -
			(int32_t)held;

	if (taken > 0 && taken >= left)
		(void)nghttp2_submit_window_update(
		    frames, NGHTTP2_FLAG_NONE, 0, taken);
}

static bool
collect(struct http2_session *session)
{
	const uint8_t *bytes;
	size_t held = 0;
	ssize_t n = 0;

	submit_line(session);
	for (struct http2_stream *s = session->streams; s != NULL;
	     s = s->next) {
		go_on(s);
		held += http2_stream_held(s);
	}
	open_window_of_all(session, held);
	while (!stream_is_full(session->wire) &&
	       (n = nghttp2_session_mem_send(session->frames, &bytes)) > 0)
		if (stream_queue(session->wire,
			(struct str){ (const char *)bytes, (size_t)n }) < 0)
			return false;
	return n >= 0;
}

bool
http2_send_all(struct http2_session *session)
{
	return collect(session) &&
	       (nghttp2_session_want_read(session->frames) ||
		   nghttp2_session_want_write(session->frames));
}

void
http2_send_callbacks(nghttp2_session_callbacks *callbacks)
{
	nghttp2_session_callbacks_set_send_data_callback(
	    callbacks, on_content_sent);
	nghttp2_session_callbacks_set_on_frame_send_callback(
	    callbacks, on_frame_sent);
}
