/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions of the proxy, and the servers at their other ends, in one loop.
 */
#include "proxy/sessions.h"

#include "../net/stream_ends.h"
#include "http2/limits.h"
#include "http2/session.h"
#include "policies.h"
#include "proxy/limits.h"

#include <stdio.h>
#include <sys/socket.h>

#define SERVERS (PROXY_SESSIONS_MAX + 1)
#define ASKED   4

struct server {
	struct test *test;
	struct http2_session *session;
	struct stream *wire;
};

struct test {
	struct harness h;
	struct sessions *sessions;
	struct slots *slots;
	struct server servers[SERVERS];
	size_t server_count;
	struct stream *asked[ASKED];
	size_t asked_count;
	struct slot *granted;
	int failed;
	int descriptors;
};

static void
on_asked(struct stream *stream, int fault, void *context)
{
	struct server *server = context;
	struct test *t = server->test;

	assert_int_equal(fault, -1);
	assert_true(t->asked_count < ASKED);
	t->asked[t->asked_count++] = stream;
}

static void
on_server_ended(enum http2_end why, void *context)
{
	struct server *server = context;

	(void)why;
	http2_session_destroy(&server->session);
	stream_close(&server->wire);
}

static const struct http2_user serving = {
	.asked = on_asked,
	.ended = on_server_ended,
};

static void
begin(struct test *t)
{
	memset(t, 0, sizeof(*t));
	t->descriptors = open_fds();
	harness_begin(&t->h);
	t->sessions = sessions_create(&t->h.loop);
	assert_non_null(t->sessions);
	t->slots = slots_create();
	assert_non_null(t->slots);
}

static void
end(struct test *t)
{
	for (size_t i = 0; i < t->asked_count; i++)
		stream_close(&t->asked[i]);
	sessions_destroy(&t->sessions);
	assert_null(t->sessions);
	for (size_t i = 0; i < t->server_count; i++) {
		http2_session_destroy(&t->servers[i].session);
		stream_close(&t->servers[i].wire);
	}
	slots_destroy(&t->slots);
	harness_end(&t->h);
	assert_int_equal(open_fds(), t->descriptors);
}

static void
settle(struct test *t)
{
	for (int i = 0; i < 40; i++)
		harness_round(&t->h);
}

static struct pool_key
key_of(const char *name)
{
	return (struct pool_key){
		.server = { address_of("203.0.113.80"), 443 },
		.through = str_of(name),
	};
}

/* The near end of a connection whose far end is a server. */
static struct pool_kept
connected(struct test *t)
{
	struct server *server = &t->servers[t->server_count++];
	struct http2_options options = { .side = HTTP2_SERVER,
		.idle = 60 * CLOCK_SECOND,
		.head = 30 * CLOCK_SECOND,
		.stall = 60 * CLOCK_SECOND };
	struct pool_kept kept = { NULL, NULL };
	int fds[2];

	assert_true(t->server_count <= SERVERS);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(stream_create(&t->h.loop, fds[0], &stream_limits_usual,
			     &kept.stream),
	    0);
	assert_int_equal(stream_create(&t->h.loop, fds[1], &stream_limits_usual,
			     &server->wire),
	    0);
	server->test = t;
	assert_int_equal(http2_session_create(server->wire, &options, &serving,
			     server, &server->session),
	    0);
	return kept;
}

static struct stream *
added(struct test *t, const char *name, struct slot *slot)
{
	struct pool_kept kept = connected(t);
	struct stream *stream;

	kept.slot = slot;
	assert_int_equal(
	    sessions_add(t->sessions, key_of(name), &kept, &stream), 0);
	assert_null(kept.stream);
	assert_null(kept.slot);
	return stream;
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	struct test *t = context;

	(void)stream;
	t->failed = error;
}

static const struct stream_user hearing = { .failed = on_failed };

static void
ask(struct test *t, struct stream *stream)
{
	stream_use(stream, &hearing, t);
	stream_read_start(stream);
	assert_int_equal(stream_write(stream,
			     STR("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")),
	    0);
	stream_shutdown(stream);
	settle(t);
}

static void
requests_share_one(void **state)
{
	struct stream *first, *second, *other;
	struct test t;

	(void)state;
	begin(&t);
	assert_false(
	    sessions_open(t.sessions, key_of("tls a.example"), &first));
	first = added(&t, "tls a.example", NULL);
	assert_true(
	    sessions_open(t.sessions, key_of("tls a.example"), &second));
	assert_false(
	    sessions_open(t.sessions, key_of("tls b.example"), &other));
	struct pool_key elsewhere = key_of("tls a.example");
	elsewhere.from = address_of("10.0.0.4");
	assert_false(sessions_open(t.sessions, elsewhere, &other));
	assert_int_equal(sessions_count(t.sessions), 1);
	ask(&t, first);
	ask(&t, second);
	assert_int_equal(t.asked_count, 2);
	stream_close(&first);
	stream_close(&second);
	settle(&t);
	/* It waits for the next. */
	assert_true(sessions_open(t.sessions, key_of("tls a.example"), &first));
	stream_close(&first);
	end(&t);
}

static void
a_full_one_is_passed_over(void **state)
{
	struct stream *streams[HTTP2_STREAMS_MAX], *one;
	struct test t;

	(void)state;
	begin(&t);
	streams[0] = added(&t, "tls a.example", NULL);
	settle(&t);
	for (size_t i = 1; i < HTTP2_STREAMS_MAX; i++)
		assert_true(sessions_open(
		    t.sessions, key_of("tls a.example"), &streams[i]));
	assert_false(sessions_open(t.sessions, key_of("tls a.example"), &one));
	one = added(&t, "tls a.example", NULL);
	stream_close(&one);
	assert_true(sessions_open(t.sessions, key_of("tls a.example"), &one));
	assert_int_equal(sessions_count(t.sessions), 2);
	stream_close(&one);
	for (size_t i = 0; i < HTTP2_STREAMS_MAX; i++)
		stream_close(&streams[i]);
	end(&t);
}

static void
one_that_goes_away_takes_no_more(void **state)
{
	struct stream *first, *more;
	struct test t;

	(void)state;
	begin(&t);
	first = added(&t, "tls a.example", NULL);
	ask(&t, first);
	http2_session_drain(t.servers[0].session, CLOCK_MS);
	harness_run_for(&t.h, 20 * CLOCK_MS);
	assert_false(sessions_open(t.sessions, key_of("tls a.example"), &more));
	assert_int_equal(sessions_count(t.sessions), 1);
	stream_close(&first);
	settle(&t);
	assert_int_equal(sessions_count(t.sessions), 0);
	assert_int_equal(t.failed, 0);
	end(&t);
}

static void
a_connection_that_ends_fails_its_requests(void **state)
{
	struct stream *first;
	struct test t;

	(void)state;
	begin(&t);
	first = added(&t, "tls a.example", NULL);
	ask(&t, first);
	on_server_ended(HTTP2_END_DONE, &t.servers[0]);
	settle(&t);
	assert_int_equal(sessions_count(t.sessions), 0);
	assert_int_equal(t.failed, -ECONNRESET);
	stream_close(&first);
	end(&t);
}

static void
on_slot(struct slot *slot, int fd, void *context)
{
	struct test *t = context;

	assert_int_equal(fd, -1);
	t->granted = slot;
}

/* Somebody waits for the server: who has no request left makes way. */
static void
an_idle_one_gives_its_slot_up(void **state)
{
	struct address_port server = { address_of("203.0.113.80"), 443 };
	struct slot_ticket *ticket;
	struct stream *first;
	struct test t;

	(void)state;
	begin(&t);
	struct slot *slot = slots_take(t.slots, server, 1);
	assert_non_null(slot);
	first = added(&t, "tls a.example", slot);
	ask(&t, first);
	assert_int_equal(
	    slots_wait(t.slots, server, 1, &t.h.loop, on_slot, &t, &ticket), 0);
	settle(&t);
	assert_null(t.granted);
	stream_close(&first);
	settle(&t);
	assert_int_equal(sessions_count(t.sessions), 0);
	assert_non_null(t.granted);
	slot_release(t.granted);
	end(&t);
}

/* Of another thread, when it has been idle for long. */
static void
one_that_was_idle_gives_its_slot_up(void **state)
{
	struct address_port server = { address_of("203.0.113.80"), 443 };
	struct slot_ticket *ticket;
	struct test t;

	(void)state;
	begin(&t);
	struct slot *slot = slots_take(t.slots, server, 1);
	struct stream *first = added(&t, "tls a.example", slot);
	stream_close(&first);
	settle(&t);
	assert_int_equal(sessions_count(t.sessions), 1);
	assert_int_equal(
	    slots_wait(t.slots, server, 1, &t.h.loop, on_slot, &t, &ticket), 0);
	harness_run_for(&t.h, 2 * PROXY_SESSIONS_LOOK);
	assert_int_equal(sessions_count(t.sessions), 0);
	assert_non_null(t.granted);
	slot_release(t.granted);
	end(&t);
}

/* Of this one, at once; but not while anything is asked. */
static void
a_slot_is_taken(void **state)
{
	struct address_port server = { address_of("203.0.113.80"), 443 };
	struct address_port other = { address_of("203.0.113.81"), 443 };
	struct test t;

	(void)state;
	begin(&t);
	struct slot *slot = slots_take(t.slots, server, 1);
	struct stream *first = added(&t, "tls a.example", slot);
	assert_null(sessions_take_slot(t.sessions, server));
	stream_close(&first);
	assert_null(sessions_take_slot(t.sessions, other));
	assert_ptr_equal(sessions_take_slot(t.sessions, server), slot);
	assert_int_equal(sessions_count(t.sessions), 0);
	assert_null(sessions_take_slot(t.sessions, server));
	slot_release(slot);
	end(&t);
}

static void
of_too_many_the_oldest_goes(void **state)
{
	struct test t;
	char name[32];

	(void)state;
	begin(&t);
	for (unsigned i = 0; i < SERVERS; i++) {
		(void)snprintf(name, sizeof(name), "tls %u.example", i);
		struct stream *stream = added(&t, name, NULL);
		stream_close(&stream);
	}
	assert_int_equal(sessions_count(t.sessions), PROXY_SESSIONS_MAX);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_share_one),
		cmocka_unit_test(a_full_one_is_passed_over),
		cmocka_unit_test(one_that_goes_away_takes_no_more),
		cmocka_unit_test(a_connection_that_ends_fails_its_requests),
		cmocka_unit_test(an_idle_one_gives_its_slot_up),
		cmocka_unit_test(one_that_was_idle_gives_its_slot_up),
		cmocka_unit_test(a_slot_is_taken),
		cmocka_unit_test(of_too_many_the_oldest_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
