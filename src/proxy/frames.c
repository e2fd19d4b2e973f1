/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/frames.h"

#include "event/counter.h"
#include "http2/session.h"
#include "proxy/client.h"
#include "proxy/limits.h"
#include "proxy/opened.h"
#include "proxy/worker.h"

#include <stdlib.h>

struct frames {
	struct client *client;
	struct http2_session *session;
	struct client *streams;
};

enum frames_preface
frames_preface_of(struct str first_bytes)
{
	struct str preface = STR(HTTP2_PREFACE);

	if (first_bytes.len >= preface.len)
		return str_starts(first_bytes, preface) ? FRAMES_PREFACE_WHOLE
							: FRAMES_PREFACE_NONE;
	return first_bytes.len > 0 && str_starts(preface, first_bytes)
		   ? FRAMES_PREFACE_PART
		   : FRAMES_PREFACE_NONE;
}

struct client **
frames_streams(struct frames *frames)
{
	return &frames->streams;
}

/* ---- what is done to all ---- */

static void
each(struct frames *frames, void (*fn)(struct client *client))
{
	struct client *stream = frames->streams;

	while (stream != NULL) {
		struct client *next = stream->next;
		fn(stream);
		stream = next;
	}
}

void
frames_drain(struct frames *frames)
{
	http2_session_drain(frames->session, PROXY_DRAIN_IDLE);
}

/* What is asked inside TLS already is judged by itself; nothing more is, where
 * it would not be opened any more. */
void
frames_judge_again(struct frames *frames)
{
	const struct opened *opened = frames->client->opened;

	each(frames, client_judge_again);
	if (opened != NULL && !opened_stands(opened))
		frames_drain(frames);
}

void
frames_end_used_up(struct frames *frames)
{
	each(frames, client_end_used_up);
}

void
frames_destroy(struct frames *frames, enum proxy_failure why)
{
	if (frames == NULL)
		return;
	while (frames->streams != NULL)
		client_break(frames->streams, why);
	http2_session_destroy(&frames->session);
	free(frames);
}

/* ---- what the session says ---- */

static void
on_asked(struct stream *stream, int fault, void *context)
{
	struct frames *frames = context;

	client_create_stream(frames->client, stream, fault);
}

static void
on_malformed(void *context)
{
	const struct frames *frames = context;

	client_tell_malformed(frames->client, HTTP_FAULT_PSEUDO_FIELD);
}

static void
on_slow(bool slow, void *context)
{
	struct frames *frames = context;

	client_wait_for_head(frames->client, slow);
}

static void
on_ended(enum http2_end why, void *context)
{
	struct frames *frames = context;

	switch (why) {
	case HTTP2_END_FLOOD:
		counter_add(COUNTER_FRAME_FLOODS, 1);
		client_end_flood(frames->client);
		break;
	case HTTP2_END_PEER:
		client_destroy(frames->client);
		break;
	case HTTP2_END_STALL:
	case HTTP2_END_MEMORY:
		client_reset(frames->client);
		break;
	case HTTP2_END_DONE:
	case HTTP2_END_BAD:
		client_end(frames->client);
		break;
	}
}

static const struct http2_user user = {
	.asked = on_asked,
	.malformed = on_malformed,
	.slow = on_slow,
	.ended = on_ended,
};

void
frames_serve(struct client *client)
{
	struct frames *frames = calloc(1, sizeof(*frames));
	struct http2_options options = {
		.side = HTTP2_SERVER,
		.secret = !client->intercepted,
		.idle = PROXY_KEEP_TIMEOUT,
		.head = PROXY_HEAD_TIMEOUT,
		.stall = PROXY_STALL_TIMEOUT,
	};

	if (frames == NULL) {
		client_reset(client);
		return;
	}
	frames->client = client;
	client_become_framed(client, frames);
	if (http2_session_create(
		client->stream, &options, &user, frames, &frames->session) < 0)
		client_reset(client);
	else if (client->worker->drains)
		frames_drain(frames);
}
