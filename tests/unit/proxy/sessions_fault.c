/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory runs out while a request goes to a server of HTTP/2 and its answer
 * comes: it fails, or it comes whole, and nothing is left behind.
 */
#include "../net/failing_story.h"

#include "http2/session.h"
#include "policies.h"
#include "proxy/sessions.h"

#include <sys/socket.h>

#ifndef SANITIZED

#define ASK   "POST /x HTTP/1.1\r\nHost: a.example\r\nTE: trailers\r\n\r\nhello"
#define REPLY "HTTP/1.1 200 OK\r\nX: y\r\n\r\nhello"

struct story {
	struct harness h;
	struct sessions *sessions;
	struct turn turn;
	struct stream *wires[2], *asks, *asked;
	struct http2_session *server;
	bool called, failed;
};

static void
on_failed(struct stream *stream, int error, void *context)
{
	struct story *s = context;

	(void)stream;
	assert_true(error < 0);
	s->failed = true;
}

static const struct stream_user user = { .failed = on_failed };

static void
on_asked(struct stream *stream, int fault, void *context)
{
	struct story *s = context;

	(void)fault;
	if (s->asked != NULL)
		stream_close(&s->asked);
	s->asked = stream;
	stream_use(stream, &user, s);
	stream_read_start(stream);
}

static void
on_ended(enum http2_end why, void *context)
{
	struct story *s = context;

	(void)why;
	http2_session_destroy(&s->server);
	stream_close(&s->wires[0]);
}

static const struct http2_user serving = {
	.asked = on_asked,
	.ended = on_ended,
};

static void
on_turn(void *context)
{
	struct story *s = context;

	s->called = true;
}

static void
settle(struct story *s)
{
	for (int i = 0; i < 30; i++)
		harness_round(&s->h);
}

static struct pool_key
key(void)
{
	return (struct pool_key){
		.server = { address_of("203.0.113.80"), 443 },
		.through = STR_INIT("tls a.example"),
	};
}

static bool
connect_both(struct story *s)
{
	struct http2_options options = { .side = HTTP2_SERVER,
		.idle = 60 * CLOCK_SECOND,
		.head = 30 * CLOCK_SECOND,
		.stall = 60 * CLOCK_SECOND };
	int fds[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		if (stream_create(&s->h.loop, fds[i], &stream_limits_usual,
			&s->wires[i]) < 0)
			(void)close(fds[i]);
	if (s->wires[0] == NULL || s->wires[1] == NULL)
		return false;
	return http2_session_create(
		   s->wires[0], &options, &serving, s, &s->server) == 0;
}

static void
ask_and_answer(struct story *s)
{
	stream_use(s->asks, &user, s);
	stream_read_start(s->asks);
	(void)stream_write(s->asks, STR(ASK));
	stream_shutdown(s->asks);
	settle(s);
	if (s->asked == NULL)
		return;
	(void)stream_write(s->asked, STR(REPLY));
	http2_stream_pass_trailers(s->asks, s->asked);
	stream_shutdown(s->asked);
	settle(s);
}

static void
others_wait(struct story *s)
{
	struct turns *turns = sessions_turns(s->sessions);
	struct turn lead = { .fn = on_turn, .context = s };

	turns_note(turns, key(), true);
	s->turn = (struct turn){ .fn = on_turn, .context = s };
	bool leads = turns_take(turns, key(), &lead);
	assert_true(leads);
	bool waits = !turns_take(turns, key(), &s->turn);
	turn_end(&lead);
	settle(s);
	/* Who could not wait has gone his own way. */
	assert_int_equal(s->called, waits);
	turn_end(&s->turn);
}

static void
story(void)
{
	struct story s = { 0 };
	struct pool_kept kept;

	harness_begin(&s.h);
	s.sessions = sessions_create(&s.h.loop);
	if (s.sessions != NULL && connect_both(&s)) {
		others_wait(&s);
		kept = (struct pool_kept){ s.wires[1], NULL };
		s.wires[1] = NULL;
		if (sessions_add(s.sessions, key(), &kept, &s.asks) == 0)
			ask_and_answer(&s);
		assert_null(kept.stream);
	}
	stream_close(&s.asked);
	stream_close(&s.asks);
	sessions_destroy(&s.sessions);
	http2_session_destroy(&s.server);
	stream_close(&s.wires[0]);
	stream_close(&s.wires[1]);
	harness_end(&s.h);
}

static void
each_allocation_may_fail(void **state)
{
	(void)state;
	fail_each_allocation(story);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
