/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory runs out: the n-th allocation fails, for n = 1, 2, ... until all
 * goes well.  Each time the story must come to an end, nobody is told twice
 * or never, and nothing leaks, neither memory nor descriptors.
 */
#include "failing_story.h"
#include "net/relay.h"
#include "net/resolver.h"

#include <stdio.h>
#include <sys/socket.h>

#ifndef SANITIZED

/* ---- a tunnel ---- */

#define BYTES 300000

struct story {
	struct harness h;
	struct stream *streams[4]; /* client, two of the relay, server */
	struct relay *relay;
	size_t received;
	int told_end; /* to client and server */
	int done;
};

static void
stop_when_all_told(struct story *s)
{
	if (s->told_end == 2 && s->done == 1)
		loop_stop(&s->h.loop);
}

static void
on_data(struct stream *stream, void *context)
{
	struct story *s = context;
	size_t len = stream_input(stream).len;

	s->received += len;
	stream_consume(stream, len);
}

static void
on_ended(struct stream *stream, void *context)
{
	struct story *s = context;

	s->told_end++;
	stream_shutdown(stream);
	stop_when_all_told(s);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	struct story *s = context;

	(void)error;
	/* An end may have been told before; then it is not the second. */
	s->told_end += !stream_has_ended(stream);
	stream_close(stream == s->streams[0] ? &s->streams[0] : &s->streams[3]);
	stop_when_all_told(s);
}

static const struct stream_user user = {
	.data = on_data,
	.ended = on_ended,
	.failed = on_failed,
};

static void
on_done(const struct relay_result *result, void *context)
{
	struct story *s = context;

	(void)result;
	s->relay = NULL;
	s->done++;
	stop_when_all_told(s);
}

static bool
open_streams(struct story *s)
{
	int fds[4];
	bool good = true;

	tcp_pair(&fds[0], 4096);
	tcp_pair(&fds[2], 4096);
	for (int i = 0; i < 4; i++) {
		int error = stream_create(
		    &s->h.loop, fds[i], &stream_limits_usual, &s->streams[i]);
		if (error < 0) {
			assert_int_equal(error, -ENOMEM);
			(void)close(fds[i]);
			good = false;
		}
	}
	return good && relay_create(&s->streams[1], &s->streams[2], 0, on_done,
			   s, &s->relay) == 0;
}

static void
run_tunnel(struct story *s)
{
	static char block[BYTES / 2];

	for (int i = 0; i < 4; i += 3) {
		stream_use(s->streams[i], &user, s);
		stream_read_start(s->streams[i]);
	}
	for (int i = 0; i < 2; i++)
		(void)stream_write(
		    s->streams[0], (struct str){ block, sizeof(block) });
	stream_shutdown(s->streams[0]);
	harness_run(&s->h);
	assert_int_equal(s->done, 1);
}

static void
tunnel_story(void)
{
	struct story s = { .done = 0 };

	harness_begin(&s.h);
	if (open_streams(&s))
		run_tunnel(&s);
	relay_destroy(&s.relay);
	stream_close_flushed(&s.streams[0], CLOCK_MS);
	for (int i = 1; i < 4; i++)
		stream_close(&s.streams[i]);
	harness_end(&s.h);
}

static void
tunnels_survive_want_of_memory(void **state)
{
	(void)state;
	fail_each_allocation(tunnel_story);
}

/* ---- a name ---- */

struct asking {
	struct harness h;
	struct loop_watch server;
	struct resolver *resolver;
	struct resolver_query query;
	int calls;
};

/* No such name, whatever was asked for: the question with another header. */
static void
deny(struct loop_watch *watch, unsigned ready)
{
	char bytes[512];
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(watch->fd, bytes, sizeof(bytes), 0,
	    (struct sockaddr *)&from, &from_len);

	(void)ready;
	if (n < 12)
		return;
	bytes[2] = (char)0x81;
	bytes[3] = (char)0x83;
	(void)sendto(
	    watch->fd, bytes, (size_t)n, 0, (struct sockaddr *)&from, from_len);
}

static void
on_answer(struct resolver_query *query, const struct resolver_answer *answer)
{
	struct asking *a = query->context;

	assert_int_not_equal(answer->status, RESOLVER_STATUS_OK);
	a->calls++;
	loop_stop(&a->h.loop);
}

static struct address_port
open_server(struct asking *a)
{
	struct address_port at = loopback(ADDRESS_IPV4, 0);
	struct sockaddr_storage sa;
	socklen_t len = address_to_sockaddr(at, &sa);

	a->server = (struct loop_watch){
		.fd = socket(
		    AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
		.wanted = LOOP_READ,
		.fn = deny,
		.context = a,
	};
	assert_int_equal(bind(a->server.fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(socket_local(a->server.fd, &at), 0);
	assert_int_equal(loop_watch_start(&a->h.loop, &a->server), 0);
	return at;
}

static void
ask_a_name(struct asking *a, struct address_port server)
{
	struct resolver_options options = { .timeout = 30 * CLOCK_MS };
	int error = resolver_create(&a->h.loop, &options, &a->resolver);

	if (error == 0)
		error = resolver_servers(a->resolver, &server, 1);
	if (error == 0)
		error =
		    resolver_ask(a->resolver, STR("www.example"), &a->query);
	if (error < 0) {
		assert_int_equal(error, -ENOMEM);
		return;
	}
	harness_run(&a->h);
	assert_int_equal(a->calls, 1);
}

static void
name_story(void)
{
	struct asking a = { .calls = 0 };

	a.query = (struct resolver_query){ .fn = on_answer, .context = &a };
	harness_begin(&a.h);
	ask_a_name(&a, open_server(&a));
	resolver_destroy(&a.resolver);
	loop_watch_stop(&a.server);
	(void)close(a.server.fd);
	harness_end(&a.h);
}

static void
names_survive_want_of_memory(void **state)
{
	(void)state;
	fail_each_allocation(name_story);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tunnels_survive_want_of_memory),
		cmocka_unit_test(names_survive_want_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
