/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * http2/stream: the transport of one stream.
 */
#include "http2/session_impl.h"

#include "http2/limits.h"

#include <errno.h>
#include <stdlib.h>

/* ---- reading ---- */

/* What was read of the content may be sent again; that of the connection is
 * opened at the end of the round (session_send). */
static void
open_window(struct http2_stream *stream, size_t count)
{
	struct http2_session *session = stream->session;
	size_t heads = count < stream->in_heads ? count : stream->in_heads;

	stream->in_heads -= heads;
	count -= heads;
	if (session == NULL || count == 0)
		return;
	(void)nghttp2_session_consume_stream(
	    session->frames, stream->id, count);
	http2_send_soon(session);
}

static ssize_t
on_read(struct transport_wire *wire, void *to, size_t room)
{
	struct http2_stream *stream = wire->state;
	struct str in = buffer_peek(&stream->in);

	if (in.len == 0 && stream->in_ended)
		return 0;
	if (in.len == 0)
		return stream->error != 0 ? stream->error : -EAGAIN;
	if (in.len > room)
		in.len = room;
	memcpy(to, in.at, in.len);
	buffer_consume(&stream->in, in.len);
	open_window(stream, in.len);
	return (ssize_t)in.len;
}

static bool
holds(const struct transport_wire *wire)
{
	const struct http2_stream *stream = wire->state;

	return stream->in.len > 0 || stream->in_ended || stream->error != 0;
}

/* ---- writing ---- */

static int
write_refusal(const struct http2_stream *stream)
{
	if (stream->error != 0)
		return stream->error;
	return stream->session == NULL ? -EPIPE : 0;
}

/* "HTTP/1.1 103 ...": another head follows. */
static bool
is_interim(const struct http2_stream *stream)
{
	struct str head = text_str(&stream->head);

	return stream->session->options.side == HTTP2_SERVER && head.len > 12 &&
	       head.at[9] == '1' && !str_starts(str_skip(head, 9), STR("101"));
}

static int
end_head(struct http2_stream *stream)
{
	if (stream->head.full)
		return -ENOMEM;
	if (is_interim(stream))
		return http2_send_interim(stream);
	stream->head_whole = true;
	http2_send_head_soon(stream);
	return 0;
}

#define HEAD_END       "\r\n\r\n"
#define HEAD_END_BYTES ((size_t)4)

/* So many bytes, the end included; 0: there is none. */
static size_t
find_end(struct str bytes)
{
	size_t at = 0;

	while ((at += str_find(str_skip(bytes, at), '\n') + 1) <= bytes.len)
		if (at >= HEAD_END_BYTES &&
		    memcmp(bytes.at + at - HEAD_END_BYTES, HEAD_END,
			HEAD_END_BYTES) == 0)
			return at;
	return 0;
}

/* The same where the end began in what came before. */
static size_t
find_end_across(const struct text *head, struct str bytes)
{
	char joint[2 * (HEAD_END_BYTES - 1)];
	size_t most = HEAD_END_BYTES - 1;
	size_t had = head->len < most ? head->len : most;
	size_t more = bytes.len < most ? bytes.len : most;

	if (had == 0)
		return 0;
	memcpy(joint, head->at + head->len - had, had);
	memcpy(joint + had, bytes.at, more);
	size_t end = find_end((struct str){ joint, had + more });
	return end > 0 ? end - had : 0;
}

/* How much of it belongs to the head; *ret_whole: it ends there. */
static size_t
span_of_head(const struct text *head, struct str bytes, bool *ret_whole)
{
	size_t end = find_end_across(head, bytes);

	if (end == 0)
		end = find_end(bytes);
	*ret_whole = end > 0;
	return end > 0 ? end : bytes.len;
}

static ssize_t
write_head(struct http2_stream *stream, struct str bytes)
{
	bool whole;

	/* A server may send them without end, and the peer need not read. */
	if (stream->interim_waits)
		return -EAGAIN;
	size_t span = span_of_head(&stream->head, bytes, &whole);
	if (stream->head.len + span > HTTP2_HEAD_BYTES_MAX)
		return -EMSGSIZE;
	text_add(&stream->head, (struct str){ bytes.at, span });
	int rc = whole ? end_head(stream) : 0;
	return rc < 0 ? rc : (ssize_t)span;
}

static ssize_t
write_content(struct http2_stream *stream, struct str bytes)
{
	size_t room = buffer_left(&stream->out);

	if (room == 0)
		return -EAGAIN;
	bytes.len = bytes.len < room ? bytes.len : room;
	int rc = buffer_append(&stream->out, bytes);
	if (rc < 0)
		return rc;
	http2_send_soon(stream->session);
	return (ssize_t)bytes.len;
}

/* RFC 9113, 8.1: the server has answered, and takes no more of what it was
 * asked; its answer may still be read. */
static bool
is_answered(const struct http2_stream *stream)
{
	return stream->ours && stream->session == NULL && stream->error == 0;
}

static ssize_t
on_write(struct transport_wire *wire, const void *from, size_t len)
{
	struct http2_stream *stream = wire->state;
	struct str bytes = { from, len };
	size_t written = 0;
	ssize_t n = write_refusal(stream);

	if (is_answered(stream))
		return (ssize_t)len;

	while (n >= 0 && bytes.len > 0) {
		n = stream->head_whole ? write_content(stream, bytes)
				       : write_head(stream, bytes);
		if (n > 0) {
			written += (size_t)n;
			bytes = str_skip(bytes, (size_t)n);
		}
	}
	return written > 0 ? (ssize_t)written : n;
}

static ssize_t
on_writev(struct transport_wire *wire, struct iovec *spans, size_t count)
{
	size_t written = 0;

	for (size_t i = 0; i < count; i++) {
		ssize_t n = on_write(wire, spans[i].iov_base, spans[i].iov_len);
		if (n < 0)
			return written > 0 ? (ssize_t)written : n;
		written += (size_t)n;
		if ((size_t)n < spans[i].iov_len)
			break;
	}
	return (ssize_t)written;
}

static int
on_shutdown(struct transport_wire *wire)
{
	struct http2_stream *stream = wire->state;

	stream->out_ended = true;
	if (stream->session != NULL)
		http2_send_soon(stream->session);
	return 0;
}

/* ---- the end ---- */

static void
destroy(struct http2_stream *stream)
{
	buffer_fini(&stream->in);
	buffer_fini(&stream->out);
	text_fini(&stream->head);
	text_fini(&stream->trailers);
	text_fini(&stream->tail);
	free(stream);
}

static void
leave_line(struct http2_stream *stream)
{
	struct http2_session *session = stream->session;
	struct http2_stream **at = &session->line;

	if (!stream->in_line)
		return;
	while (*at != stream)
		at = &(*at)->waits;
	*at = stream->waits;
	if (*at == NULL)
		session->line_end = at;
	stream->in_line = false;
}

static void
detach(struct http2_stream *stream)
{
	struct http2_session *session = stream->session;

	leave_line(stream);
	*stream->link = stream->next;
	if (stream->next != NULL)
		stream->next->link = stream->link;
	session->stream_count--;
	session->active = loop_now(session->loop);
	if (session->heading == stream)
		session->heading = NULL;
	if (stream->ours) {
		session->has_room = true;
		http2_send_soon(session);
	}
	stream->id = 0;
	stream->session = NULL;
}

/* The connection does not wait for what is here to be read. */
static void
settle_window(struct http2_stream *stream)
{
	if (stream->session != NULL && http2_stream_held(stream) > 0)
		http2_send_soon(stream->session);
	stream->in_heads = stream->in.len;
}

static void
drop_input(struct http2_stream *stream)
{
	settle_window(stream);
	buffer_consume(&stream->in, stream->in.len);
	stream->in_heads = 0;
}

void
http2_stream_reset(struct http2_stream *stream, uint32_t code)
{
	buffer_consume(&stream->out, stream->out.len);
	if (stream->session == NULL || stream->id == HTTP2_STREAM_TO_COME)
		return;
	(void)nghttp2_submit_rst_stream(
	    stream->session->frames, NGHTTP2_FLAG_NONE, stream->id, code);
	http2_send_soon(stream->session);
}

/*
 * A server counts what is taken back, and may end the connection of who does it
 * too often, with all that others have asked on it; so it is asked for no more
 * after half of what we would take ourselves.
 */
static void
take_back(struct http2_stream *stream)
{
	struct http2_session *session = stream->session;
	int64_t now = loop_now(session->loop);

	if (!http2_guard_reset(&session->guard, now) ||
	    !http2_guard_reset(&session->guard, now))
		session->tired = true;
	http2_stream_reset(stream, NGHTTP2_CANCEL);
}

/*
 * What was written whole goes on to its end without its user.  A message that
 * was not must not be taken for one.
 */
static void
on_close(struct transport_wire *wire)
{
	struct http2_stream *stream = wire->state;
	struct http2_session *session = stream->session;

	drop_input(stream);
	stream->stream = NULL;
	if (session != NULL && stream->id == HTTP2_STREAM_TO_COME)
		detach(stream);
	if (stream->session == NULL) {
		destroy(stream);
		return;
	}
	bool whole = stream->head_whole && stream->out_ended;
	if (stream->ours && (!whole || (!stream->in_ended && !stream->let_go)))
		take_back(stream);
	else if (!whole)
		http2_stream_reset(stream, NGHTTP2_INTERNAL_ERROR);
	else if (!stream->in_ended && stream->out_sent)
		http2_stream_reset(stream, NGHTTP2_NO_ERROR);
}

static const struct transport carrier = {
	.read = on_read,
	.write = on_write,
	.writev = on_writev,
	.shutdown = on_shutdown,
	.holds = holds,
	.close = on_close,
};

size_t
http2_stream_held(const struct http2_stream *stream)
{
	return stream->in.len - stream->in_heads;
}

void
http2_stream_stir(struct http2_stream *stream)
{
	if (stream->stream != NULL)
		stream_stir_up(stream->stream);
}

/* ---- the beginning ---- */

struct http2_stream *
http2_stream_create(struct http2_session *session)
{
	bool server = session->options.side == HTTP2_SERVER;
	struct http2_stream *stream = malloc(sizeof(*stream));
	struct stream_limits limits = stream_limits_usual;

	if (stream == NULL)
		return NULL;
	*stream = (struct http2_stream){ .session = NULL };
	limits.secret = session->options.secret;
	buffer_init(&stream->in, &session->loop->pool,
	    2 * HTTP2_HEAD_BYTES_MAX + (server ? HTTP2_CLIENT_WINDOW_BYTES
					       : HTTP2_SERVER_WINDOW_BYTES));
	buffer_init(&stream->out, &session->loop->pool, HTTP2_OUT_BYTES_MAX);
	if (limits.secret)
		buffer_keep_secret(&stream->in);
	if (stream_create_over(session->loop, &carrier, stream, &limits,
		&stream->stream) < 0) {
		free(stream);
		return NULL;
	}
	stream->session = session;
	stream->ours = !server;
	stream->next = session->streams;
	stream->link = &session->streams;
	if (stream->next != NULL)
		stream->next->link = &stream->next;
	session->streams = stream;
	session->stream_count++;
	session->active = loop_now(session->loop);
	return stream;
}

/* Its user has not been told of it yet, and will not be. */
static void
forget_asked(struct http2_session *session, const struct http2_stream *stream)
{
	size_t i = 0;

	while (i < session->asked_count && session->asked[i].stream != stream)
		i++;
	if (i == session->asked_count)
		return;
	session->asked_count--;
	for (; i < session->asked_count; i++)
		session->asked[i] = session->asked[i + 1];
}

void
http2_stream_leave(struct http2_stream *stream, int error)
{
	struct http2_session *session = stream->session;

	settle_window(stream);
	stream->error = error;
	forget_asked(session, stream);
	detach(stream);
	if (stream->stream == NULL)
		destroy(stream);
	else if (!stream->given)
		stream_close(&stream->stream);
	else if (error != 0)
		stream_break(stream->stream, error);
	else
		http2_stream_stir(stream);
}

bool
http2_stream_is(const struct stream *stream)
{
	return stream_carried_by(stream, &carrier) != NULL;
}

bool
http2_stream_has_ended(const struct stream *stream)
{
	const struct http2_stream *s = stream_carried_by(stream, &carrier);

	return s != NULL && s->in_ended;
}

bool
http2_stream_is_alone(const struct stream *stream)
{
	const struct http2_stream *s = stream_carried_by(stream, &carrier);

	return s != NULL && s->alone;
}

/* Without memory for them the content is still whole. */
void
http2_stream_pass_trailers(const struct stream *from, struct stream *to)
{
	const struct http2_stream *f = stream_carried_by(from, &carrier);
	struct http2_stream *t = stream_carried_by(to, &carrier);

	if (f == NULL || t == NULL || t->out_ended || f->trailers.len == 0)
		return;
	text_clear(&t->tail);
	text_add(&t->tail, text_str(&f->trailers));
	if (t->tail.full)
		text_fini(&t->tail);
}

const char *
http2_stream_why(const struct stream *stream)
{
	const struct http2_stream *s = stream_carried_by(stream, &carrier);

	return s != NULL ? s->why : NULL;
}

void
http2_stream_let_go(struct stream **stream)
{
	struct http2_stream *s = stream_carried_by(*stream, &carrier);

	if (s != NULL)
		s->let_go = true;
	stream_close(stream);
}
