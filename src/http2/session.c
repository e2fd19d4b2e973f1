/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "http2/session_impl.h"

#include "base/must.h"
#include "http2/limits.h"

#include <errno.h>
#include <stdlib.h>

/* Times are looked at so often: a sixth of the shortest that counts. */
#define LOOKS_PER_HEAD 6

/* ---- the end ---- */

bool
http2_session_is_flooded(const struct http2_session *session)
{
	return session->failed && session->why == HTTP2_END_FLOOD;
}

void
http2_session_fail(
    struct http2_session *session, enum http2_end why, uint32_t code)
{
	if (session->failed)
		return;
	session->failed = true;
	session->why = why;
	(void)nghttp2_session_terminate_session(session->frames, code);
	http2_send_soon(session);
}

/* The last thing that is done with it. */
static void
finish(struct http2_session *session, enum http2_end why)
{
	loop_timer_cancel(&session->timer);
	loop_deferred_cancel(&session->flush);
	if (!session->failed)
		session->why = why;
	session->failed = true;
	session->user->ended(session->why, session->context);
}

/* What its streams are told; *ret_why is NULL where nobody said. */
static int
error_of_end(const struct http2_session *session, const char **ret_why)
{
	*ret_why = NULL;
	if (session->options.side == HTTP2_SERVER)
		return -ECONNRESET;
	switch (session->failed ? session->why : HTTP2_END_DONE) {
	case HTTP2_END_BAD:
		*ret_why = session->told != NGHTTP2_NO_ERROR
			       ? nghttp2_http2_strerror(session->told)
			       : NULL;
		return -EBADMSG;
	case HTTP2_END_FLOOD:
		*ret_why = "it floods the proxy with useless frames";
		return -EBADMSG;
	case HTTP2_END_STALL:
		*ret_why = "the connection is dead";
		break;
	case HTTP2_END_PEER:
		if (session->told != NGHTTP2_NO_ERROR)
			*ret_why = nghttp2_http2_strerror(session->told);
		break;
	case HTTP2_END_DONE:
	case HTTP2_END_MEMORY:
		break;
	}
	return -ECONNRESET;
}

static void
leave_all(struct http2_session *session)
{
	const char *why;
	int error = error_of_end(session, &why);

	while (session->streams != NULL) {
		if (session->streams->why == NULL)
			session->streams->why = why;
		http2_stream_leave(session->streams, error);
	}
}

void
http2_session_destroy(struct http2_session **session)
{
	struct http2_session *s = *session;

	*session = NULL;
	if (s == NULL)
		return;
	loop_timer_cancel(&s->timer);
	leave_all(s);
	loop_deferred_cancel(&s->flush);
	nghttp2_session_del(s->frames);
	http2_head_fini(&s->head);
	text_fini(&s->text);
	free(s);
}

/* ---- the wire ---- */

static void
tell_room(struct http2_session *session)
{
	if (!session->has_room || session->failed)
		return;
	session->has_room = false;
	if (session->user->room != NULL)
		session->user->room(session->context);
}

/* Nothing is to be said or heard any more: a server that wants to go may. */
static enum http2_end
way_of_end(const struct http2_session *session)
{
	bool goes =
	    session->options.side == HTTP2_CLIENT && session->stream_count == 0;

	return session->drained < 0 || goes ? HTTP2_END_DONE : HTTP2_END_BAD;
}

static void
on_flush(struct loop_deferred *deferred)
{
	struct http2_session *session = deferred->context;

	tell_room(session);
	if (session->drained < 0 && session->stream_count == 0)
		http2_session_fail(session, HTTP2_END_DONE, NGHTTP2_NO_ERROR);
	if (!http2_send_all(session))
		finish(session, way_of_end(session));
	else if (stream_is_full(session->wire))
		stream_read_stop(session->wire);
	else
		stream_read_start(session->wire);
}

static void
hand_over(struct http2_session *session)
{
	while (session->asked_count > 0) {
		struct http2_asked first = session->asked[0];
		session->asked_count--;
		for (size_t i = 0; i < session->asked_count; i++)
			session->asked[i] = session->asked[i + 1];
		first.stream->given = true;
		session->user->asked(
		    first.stream->stream, first.fault, session->context);
	}
	for (; session->malformed > 0; session->malformed--)
		if (session->user->malformed != NULL)
			session->user->malformed(session->context);
}

static void
tell_slow(struct http2_session *session)
{
	bool is_slow = session->head_since != 0;

	if (is_slow == session->is_slow)
		return;
	session->is_slow = is_slow;
	if (session->user->slow != NULL)
		session->user->slow(is_slow, session->context);
}

static void
on_data(struct stream *wire, void *context)
{
	struct http2_session *session = context;
	size_t count = stream_input(wire).len;
	struct str in = stream_input(wire);
	ssize_t n = 0;

	session->heard = loop_now(session->loop);
	session->pinged = 0;
	if (!session->failed)
		in = http2_receive_allowed(session, in);
	if (!session->failed)
		n = nghttp2_session_mem_recv(
		    session->frames, (const uint8_t *)in.at, in.len);
	stream_consume(wire, count);
	if (n < 0)
		http2_session_fail(
		    session, HTTP2_END_BAD, NGHTTP2_PROTOCOL_ERROR);
	http2_send_soon(session);
	hand_over(session);
	tell_slow(session);
}

static void
on_ended(struct stream *wire, void *context)
{
	(void)wire;
	finish(context, HTTP2_END_PEER);
}

static void
on_drained(struct stream *wire, void *context)
{
	(void)wire;
	http2_send_soon(context);
}

static void
on_failed(struct stream *wire, int error, void *context)
{
	(void)wire;
	(void)error;
	finish(context, HTTP2_END_PEER);
}

static const struct stream_user carrying = {
	.data = on_data,
	.ended = on_ended,
	.drained = on_drained,
	.failed = on_failed,
};

/* ---- time ---- */

static void
arm(struct http2_session *session)
{
	int64_t now = loop_now(session->loop);
	int64_t at = now + session->options.head / LOOKS_PER_HEAD;

	if (session->drained > now && session->drained < at)
		at = session->drained;
	loop_timer_arm(session->loop, &session->timer, at);
}

/* What was written whole, and nobody takes. */
static void
look_at_streams(struct http2_session *session)
{
	struct http2_stream *stream = session->streams;

	for (; stream != NULL; stream = stream->next) {
		bool stuck = stream->stream == NULL && stream->out.len > 0 &&
			     stream->out.len == stream->out_seen;
		stuck |=
		    stream->stream == NULL && stream->let_go && stream->seen;
		stream->seen = stream->stream == NULL && stream->let_go;
		stream->out_seen = stream->out.len;
		if (stuck)
			http2_stream_reset(stream, NGHTTP2_CANCEL);
	}
}

static bool
is_stuck(struct http2_session *session)
{
	size_t pending = stream_pending(session->wire);
	bool stuck = pending > 0 && pending == session->wire_seen;

	session->wire_seen = pending;
	return stuck;
}

/* RFC 9113, 6.8: a request that is on its way when we say it is not lost. */
static void
look_at_drain(struct http2_session *session)
{
	if (session->drained <= 0 || loop_now(session->loop) < session->drained)
		return;
	session->drained = -1;
	(void)nghttp2_submit_goaway(session->frames, NGHTTP2_FLAG_NONE,
	    nghttp2_session_get_last_proc_stream_id(session->frames),
	    NGHTTP2_NO_ERROR, NULL, 0);
	http2_send_soon(session);
}

/*
 * A server that is gone without a word: who asks it now would wait for as long
 * as it may take to answer.  While we do not read, it may have said something.
 */
static bool
is_dead(struct http2_session *session, int64_t now)
{
	int64_t silence = session->options.silence;

	if (silence == 0 || session->stream_count == 0 ||
	    stream_is_full(session->wire))
		return false;
	if (session->pinged != 0)
		return now - session->pinged >= session->options.pong;
	if (now - session->heard < silence || now - session->active < silence)
		return false;
	session->pinged = now;
	(void)nghttp2_submit_ping(session->frames, NGHTTP2_FLAG_NONE, NULL);
	http2_send_soon(session);
	return false;
}

static void
on_time(struct loop_timer *timer)
{
	struct http2_session *session = timer->context;
	const struct http2_options *options = &session->options;
	int64_t now = loop_now(session->loop);

	if (is_dead(session, now)) {
		finish(session, HTTP2_END_STALL);
		return;
	}
	look_at_drain(session);
	if (session->head_since != 0 &&
	    now - session->head_since >= options->head)
		http2_session_fail(
		    session, HTTP2_END_STALL, NGHTTP2_ENHANCE_YOUR_CALM);
	if (session->stream_count == 0 &&
	    now - session->active >= options->idle)
		http2_session_fail(session, HTTP2_END_DONE, NGHTTP2_NO_ERROR);
	if (now - session->looked >= options->stall) {
		session->looked = now;
		look_at_streams(session);
		if (is_stuck(session)) {
			finish(session, HTTP2_END_STALL);
			return;
		}
	}
	arm(session);
}

void
http2_session_drain(struct http2_session *session, int64_t time)
{
	if (session->drained != 0)
		return;
	session->drained = loop_now(session->loop) + time;
	(void)nghttp2_submit_shutdown_notice(session->frames);
	http2_send_soon(session);
	arm(session);
}

/* ---- the beginning ---- */

static int
set_up_frames(struct http2_session *session, nghttp2_session_callbacks *calls,
    nghttp2_option *option)
{
	http2_receive_callbacks(calls);
	http2_send_callbacks(calls);
	/* Windows are opened as content is taken. */
	nghttp2_option_set_no_auto_window_update(option, 1);
	nghttp2_option_set_max_deflate_dynamic_table_size(
	    option, HTTP2_TABLE_BYTES);
	/* Ours is the stricter, and tells. */
	nghttp2_option_set_max_settings(option, NGHTTP2_DEFAULT_MAX_SETTINGS);
	return session->options.side == HTTP2_SERVER
		   ? nghttp2_session_server_new2(
			 &session->frames, calls, session, option)
		   : nghttp2_session_client_new2(
			 &session->frames, calls, session, option);
}

static int
make_frames(struct http2_session *session)
{
	nghttp2_session_callbacks *calls = NULL;
	nghttp2_option *option = NULL;
	int rc = -ENOMEM;

	if (nghttp2_session_callbacks_new(&calls) == 0 &&
	    nghttp2_option_new(&option) == 0 &&
	    set_up_frames(session, calls, option) == 0)
		rc = 0;
	nghttp2_session_callbacks_del(calls);
	nghttp2_option_del(option);
	return rc;
}

static int
say_settings(struct http2_session *session)
{
	bool server = session->options.side == HTTP2_SERVER;
	nghttp2_settings_entry entries[] = {
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
		    server ? HTTP2_CLIENT_WINDOW_BYTES
			   : HTTP2_SERVER_WINDOW_BYTES },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP_HEAD_BYTES_MAX },
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, HTTP2_STREAMS_MAX },
		/* RFC 8441, 3; and of a client: no pushed answers. */
		{ server ? NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL
			 : NGHTTP2_SETTINGS_ENABLE_PUSH,
		    server },
	};
	size_t all = server ? HTTP2_CLIENT_WINDOW_ALL_BYTES
			    : HTTP2_SERVER_WINDOW_ALL_BYTES;

	if (nghttp2_submit_settings(session->frames, NGHTTP2_FLAG_NONE, entries,
		sizeof(entries) / sizeof(entries[0])) != 0 ||
	    nghttp2_session_set_local_window_size(
		session->frames, NGHTTP2_FLAG_NONE, 0, (int32_t)all) != 0)
		return -ENOMEM;
	return 0;
}

int
http2_session_create(struct stream *wire, const struct http2_options *options,
    const struct http2_user *user, void *context, struct http2_session **ret)
{
	struct http2_session *session = calloc(1, sizeof(*session));

	if (session == NULL)
		return -ENOMEM;
	session->wire = wire;
	session->loop = stream_loop(wire);
	session->options = *options;
	session->user = user;
	session->context = context;
	session->line_end = &session->line;
	session->timer =
	    (struct loop_timer){ .fn = on_time, .context = session };
	session->flush =
	    (struct loop_deferred){ .fn = on_flush, .context = session };
	/* A client's begins with what is no frame. */
	if (options->side == HTTP2_SERVER)
		session->tally.skip = strlen(HTTP2_PREFACE);
	session->active = session->looked = loop_now(session->loop);
	session->heard = session->active;
	http2_guard_init(&session->guard, session->active);
	if (make_frames(session) < 0 || say_settings(session) < 0) {
		http2_session_destroy(&session);
		return -ENOMEM;
	}
	arm(session);
	http2_send_soon(session);
	stream_use(wire, &carrying, session);
	stream_read_start(wire);
	*ret = session;
	return 0;
}

/* How many requests the server takes at once; as many as we would, until it has
 * said so. */
static size_t
room_of(const struct http2_session *session)
{
	uint32_t room = nghttp2_session_get_remote_settings(
	    session->frames, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

	return room < HTTP2_STREAMS_MAX ? room : HTTP2_STREAMS_MAX;
}

int
http2_session_open(struct http2_session *session, struct stream **ret)
{
	must(session->options.side == HTTP2_CLIENT);
	if (session->failed || session->tired ||
	    nghttp2_session_check_request_allowed(session->frames) == 0)
		return -EPIPE;
	if (session->stream_count >= room_of(session))
		return -EBUSY;
	struct http2_stream *stream = http2_stream_create(session);
	if (stream == NULL)
		return -ENOMEM;
	stream->id = HTTP2_STREAM_TO_COME;
	stream->given = true;
	*ret = stream->stream;
	return 0;
}

void
http2_session_end(struct http2_session *session)
{
	http2_session_fail(session, HTTP2_END_DONE, NGHTTP2_NO_ERROR);
}

size_t
http2_session_streams(const struct http2_session *session)
{
	return session->stream_count;
}

struct stream *
http2_session_wire(struct http2_session *session)
{
	return session->wire;
}
