/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/sessions.h"

#include "event/counter.h"
#include "http2/session.h"
#include "net/socket.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS 64 /* a power of two */

struct session {
	struct sessions *all;
	struct session *next, **link; /* in the bucket, newest first */
	struct http2_session *frames;
	struct stream *wire;
	struct slot *slot;
	struct pool_key key; /* its text stands behind the session */
	int64_t used;        /* when a stream of it was last given */
};

struct sessions {
	struct loop *loop;
	struct turns *turns;
	struct session *buckets[BUCKETS];
	size_t count, with_slots;
	struct loop_timer look; /* whether one is wanted by another thread */
};

static struct session **
bucket_of(struct sessions *sessions, struct pool_key key)
{
	return &sessions->buckets[str_hash(key.through, key.server.port) &
				  (BUCKETS - 1)];
}

/* ---- the end of one ---- */

static void
unlink_session(struct session *session)
{
	*session->link = session->next;
	if (session->next != NULL)
		session->next->link = session->link;
	session->all->count--;
	session->all->with_slots -= session->slot != NULL;
}

/* What was said last may still leave, if there is time for it. */
static void
end(struct session *session, int64_t time)
{
	unlink_session(session);
	http2_session_destroy(&session->frames);
	if (time > 0)
		stream_close_flushed(&session->wire, time);
	else
		stream_close(&session->wire);
	slot_release(session->slot);
	free(session);
}

static void
on_ended(enum http2_end why, void *context)
{
	struct session *session = context;

	if (why == HTTP2_END_FLOOD || why == HTTP2_END_BAD)
		counter_add(COUNTER_UPSTREAM_FAILED, 1);
	end(session,
	    why == HTTP2_END_PEER || why == HTTP2_END_STALL ? 0 : PROXY_LINGER);
}

static bool
is_idle(const struct session *session)
{
	return http2_session_streams(session->frames) == 0;
}

/* If nobody asks for the same, somebody else's turn at the server has come. */
static void
on_room(void *context)
{
	struct session *session = context;

	if (turns_tell(session->all->turns, session->key, 1))
		return;
	if (is_idle(session) && slot_is_awaited(session->slot))
		http2_session_end(session->frames);
}

/* ---- slots ---- */

static void
arm(struct sessions *sessions)
{
	if (sessions->with_slots > 0)
		loop_timer_arm(sessions->loop, &sessions->look,
		    loop_now(sessions->loop) + PROXY_SESSIONS_LOOK);
}

static void
on_look(struct loop_timer *timer)
{
	struct sessions *sessions = timer->context;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct session *s = sessions->buckets[i], *next; s != NULL;
		     s = next) {
			next = s->next;
			if (is_idle(s) && slot_is_awaited(s->slot))
				end(s, PROXY_LINGER);
		}
	arm(sessions);
}

static bool
leads_to(const struct session *session, struct address_port server)
{
	return session->slot != NULL &&
	       session->key.server.port == server.port &&
	       address_eq(session->key.server.address, server.address);
}

struct slot *
sessions_take_slot(struct sessions *sessions, struct address_port server)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct session *s = sessions->buckets[i]; s != NULL;
		     s = s->next) {
			if (!is_idle(s) || !leads_to(s, server))
				continue;
			struct slot *slot = s->slot;
			s->all->with_slots--;
			s->slot = NULL;
			end(s, PROXY_LINGER);
			return slot;
		}
	return NULL;
}

static const struct http2_user user = { .room = on_room, .ended = on_ended };

/* ---- all of them ---- */

struct sessions *
sessions_create(struct loop *loop)
{
	struct sessions *sessions = calloc(1, sizeof(*sessions));

	if (sessions == NULL)
		return NULL;
	sessions->loop = loop;
	sessions->look =
	    (struct loop_timer){ .fn = on_look, .context = sessions };
	sessions->turns = turns_create(loop);
	if (sessions->turns == NULL)
		sessions_destroy(&sessions);
	return sessions;
}

void
sessions_destroy(struct sessions **sessions)
{
	struct sessions *s = *sessions;

	*sessions = NULL;
	if (s == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (s->buckets[i] != NULL)
			end(s->buckets[i], 0);
	loop_timer_cancel(&s->look);
	turns_destroy(&s->turns);
	free(s);
}

struct turns *
sessions_turns(struct sessions *sessions)
{
	return sessions->turns;
}

size_t
sessions_count(const struct sessions *sessions)
{
	return sessions->count;
}

static struct session *
find_oldest_idle(struct sessions *sessions)
{
	struct session *oldest = NULL;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct session *s = sessions->buckets[i]; s != NULL;
		     s = s->next)
			if (is_idle(s) &&
			    (oldest == NULL || s->used < oldest->used))
				oldest = s;
	return oldest;
}

/* Those with requests are as many as there are clients who wait for them. */
static void
make_room(struct sessions *sessions)
{
	struct session *oldest;

	while (sessions->count >= PROXY_SESSIONS_MAX &&
	       (oldest = find_oldest_idle(sessions)) != NULL)
		end(oldest, PROXY_LINGER);
}

/* ---- a stream ---- */

bool
sessions_open(
    struct sessions *sessions, struct pool_key key, struct stream **ret)
{
	struct session *session = *bucket_of(sessions, key);

	for (; session != NULL; session = session->next) {
		if (!pool_key_eq(session->key, key) ||
		    http2_session_open(session->frames, ret) < 0)
			continue;
		session->used = loop_now(sessions->loop);
		return true;
	}
	return false;
}

/* ---- one more ---- */

static struct session *
create(struct sessions *sessions, struct pool_key key)
{
	struct session *session = calloc(1, sizeof(*session) + key.through.len);

	if (session == NULL)
		return NULL;
	session->all = sessions;
	session->key = key;
	if (key.through.len > 0)
		memcpy(session + 1, key.through.at, key.through.len);
	session->key.through.at = (const char *)(session + 1);
	session->used = loop_now(sessions->loop);
	return session;
}

static void
link_session(struct session *session)
{
	struct session **bucket = bucket_of(session->all, session->key);

	session->next = *bucket;
	session->link = bucket;
	if (session->next != NULL)
		session->next->link = &session->next;
	*bucket = session;
	session->all->count++;
	session->all->with_slots += session->slot != NULL;
	if (!loop_timer_is_armed(&session->all->look))
		arm(session->all);
}

static int
begin(struct session *session, struct pool_kept *kept, struct stream **ret)
{
	struct http2_options options = {
		.side = HTTP2_CLIENT,
		.https = true,
		.secret = true,
		.idle = PROXY_POOL_TIMEOUT,
		.head = PROXY_HEAD_TIMEOUT,
		.stall = PROXY_STALL_TIMEOUT,
		.silence = PROXY_SILENT_SERVER,
		.pong = PROXY_PONG_TIMEOUT,
	};
	/* Many wait for it: that its host is gone must be seen soon. */
	struct socket_tuning tuning = {
		.keepalive_idle = PROXY_GONE_SERVER_S / 2,
		.keepalive_every = PROXY_GONE_SERVER_S / 4,
		.keepalive_count = 2,
		.user_timeout_ms = PROXY_GONE_SERVER_S * 1000,
	};

	if (stream_fd(kept->stream) >= 0)
		(void)socket_tune(stream_fd(kept->stream), &tuning);
	int rc = http2_session_create(
	    kept->stream, &options, &user, session, &session->frames);

	return rc < 0 ? rc : http2_session_open(session->frames, ret);
}

int
sessions_add(struct sessions *sessions, struct pool_key key,
    struct pool_kept *kept, struct stream **ret)
{
	struct session *session;

	make_room(sessions);
	session = create(sessions, key);
	int rc = session != NULL ? begin(session, kept, ret) : -ENOMEM;
	if (rc < 0) {
		if (session != NULL)
			http2_session_destroy(&session->frames);
		free(session);
		stream_close(&kept->stream);
		slot_release(kept->slot);
	} else {
		session->wire = kept->stream;
		session->slot = kept->slot;
		link_session(session);
		counter_add(COUNTER_UPSTREAM_SESSIONS, 1);
	}
	*kept = (struct pool_kept){ NULL, NULL };
	return rc;
}
