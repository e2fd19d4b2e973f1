/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/pool.h"

#include "../net/stream_ends.h"
#include "policies.h"
#include "proxy/limits.h"

struct test {
	struct harness h;
	struct pools *pools;
	struct pool *pool;
	struct loop_timer look;
	size_t awaited;
	int descriptors;
};

static void
begin(struct test *t)
{
	t->descriptors = open_fds();
	harness_begin(&t->h);
	t->pools = pools_create();
	assert_non_null(t->pools);
	t->pool = pool_create(&t->h.loop, t->pools);
	assert_non_null(t->pool);
}

static void
end(struct test *t)
{
	pool_destroy(&t->pool);
	assert_null(t->pool);
	pools_destroy(&t->pools);
	assert_null(t->pools);
	harness_end(&t->h);
	assert_int_equal(open_fds(), t->descriptors);
}

static struct stream *
taken(struct pool *pool, struct pool_key key)
{
	struct pool_kept kept;

	if (!pool_take(pool, key, &kept))
		return NULL;
	assert_null(kept.slot);
	return kept.stream;
}

static void
keep(struct pool *pool, struct pool_key key, struct stream **stream)
{
	struct pool_kept kept = { .stream = *stream };

	pool_put(pool, key, &kept);
	assert_null(kept.stream);
	*stream = NULL;
}

static struct pool_key
at(const char *address, uint16_t port)
{
	return (struct pool_key){ .server = { address_of(address), port } };
}

static struct pool_key
through(const char *text)
{
	return (struct pool_key){ .through = str_of(text) };
}

/* A stream, and its other end. */
static struct stream *
connected(struct test *t, int *ret_peer)
{
	struct stream *stream;
	int fds[2];

	tcp_pair(fds, 0);
	assert_int_equal(
	    stream_create(&t->h.loop, fds[0], &stream_limits_usual, &stream),
	    0);
	*ret_peer = fds[1];
	return stream;
}

static struct stream *
put_one(struct test *t, struct pool_key server, int *ret_peer)
{
	struct stream *stream = connected(t, ret_peer), *lent = stream;

	keep(t->pool, server, &stream);
	assert_null(stream);
	return lent;
}

static void
take_and_close(
    struct test *t, struct pool_key server, const struct stream *expected)
{
	struct stream *stream = taken(t->pool, server);

	assert_ptr_equal(stream, expected);
	stream_close(&stream);
}

static void
on_look(struct loop_timer *timer)
{
	struct test *t = timer->context;

	if (pool_count(t->pool) == t->awaited)
		loop_stop(&t->h.loop);
	else
		loop_timer_arm(&t->h.loop, timer, clock_now() + CLOCK_MS);
}

static void
await_count(struct test *t, size_t count)
{
	t->awaited = count;
	t->look = (struct loop_timer){ .fn = on_look, .context = t };
	loop_timer_arm(&t->h.loop, &t->look, clock_now());
	harness_run(&t->h);
}

/* Whether the other side has closed, sooner or later. */
static void
has_closed(int peer)
{
	char byte;

	wait_for(peer, POLLIN);
	assert_true(recv(peer, &byte, 1, 0) <= 0);
	(void)close(peer);
}

static void
the_newest_to_the_same_server(void **state)
{
	struct pool_key server = at("192.0.2.1", 80);
	struct test t;
	int peers[3];

	(void)state;
	begin(&t);
	assert_null(taken(t.pool, server));
	const struct stream *first = put_one(&t, server, &peers[0]);
	const struct stream *other =
	    put_one(&t, at("192.0.2.2", 80), &peers[1]);
	const struct stream *second = put_one(&t, server, &peers[2]);
	assert_int_equal(pool_count(t.pool), 3);
	assert_null(taken(t.pool, at("192.0.2.1", 81)));
	assert_null(taken(t.pool, at("192.0.2.3", 80)));
	assert_null(taken(t.pool, at("2001:db8::1", 80)));
	take_and_close(&t, server, second);
	take_and_close(&t, server, first);
	assert_null(taken(t.pool, server));
	take_and_close(&t, at("192.0.2.2", 80), other);
	assert_int_equal(pool_count(t.pool), 0);
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		has_closed(peers[i]);
	end(&t);
}

/* Bytes that answer nothing would be taken for the next answer. */
static void
who_speaks_or_ends_is_closed(void **state)
{
	struct pool_key server = at("192.0.2.1", 80);
	struct test t;
	int peers[4];

	(void)state;
	begin(&t);
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		(void)put_one(&t, server, &peers[i]);
	assert_int_equal(send(peers[0], "x", 1, MSG_NOSIGNAL), 1);
	await_count(&t, 3);
	assert_int_equal(shutdown(peers[2], SHUT_WR), 0);
	await_count(&t, 2);
	socket_close_reset(peers[1]);
	await_count(&t, 1);
	has_closed(peers[0]);
	has_closed(peers[2]);
	pool_destroy(&t.pool);
	has_closed(peers[3]);
	end(&t);
}

/* What has come already is seen as well. */
static void
who_has_spoken_or_ended_is_not_kept(void **state)
{
	struct pool_key server = at("192.0.2.1", 80);
	struct test t;
	int peers[2];

	(void)state;
	begin(&t);
	for (int i = 0; i < 2; i++) {
		struct end one;
		int fds[2];
		tcp_pair(fds, 0);
		peers[i] = fds[1];
		end_begin(&one, &t.h, fds[0]);
		one.lets_lie = true;
		stream_read_start(one.stream);
		if (i == 0)
			assert_int_equal(
			    send(peers[i], "x", 1, MSG_NOSIGNAL), 1);
		else
			assert_int_equal(shutdown(peers[i], SHUT_WR), 0);
		run_until_told(&t.h, &one, i == 0 ? 'd' : 'e');
		keep(t.pool, server, &one.stream);
		assert_null(one.stream);
		assert_int_equal(pool_count(t.pool), 0);
		has_closed(peers[i]);
		end_fini(&one);
	}
	end(&t);
}

/* Nobody is told of what happens until the new owner listens. */
static void
what_was_taken_is_the_callers_alone(void **state)
{
	struct pool_key server = at("192.0.2.1", 80);
	struct end one = { 0 };
	struct test t;
	int peer;

	(void)state;
	begin(&t);
	(void)put_one(&t, server, &peer);
	one.loop = &t.h.loop;
	one.stream = taken(t.pool, server);
	assert_int_equal(send(peer, "x", 1, MSG_NOSIGNAL), 1);
	wait_for(stream_fd(one.stream), POLLIN);
	harness_round(&t.h);
	harness_round(&t.h);
	stream_use(one.stream, &end_user, &one);
	stream_read_start(one.stream);
	run_until_told(&t.h, &one, 'd');
	assert_true(str_is(text_str(&one.taken), "x"));
	end_fini(&one);
	(void)close(peer);
	end(&t);
}

static void
so_many_to_one_server(void **state)
{
	struct pool_key server = at("192.0.2.1", 80);
	int peers[PROXY_POOL_PER_SERVER_MAX + 1], other;
	struct test t;

	(void)state;
	begin(&t);
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		(void)put_one(&t, server, &peers[i]);
	assert_int_equal(pool_count(t.pool), PROXY_POOL_PER_SERVER_MAX);
	has_closed(peers[PROXY_POOL_PER_SERVER_MAX]);
	(void)put_one(&t, at("192.0.2.1", 81), &other);
	assert_int_equal(pool_count(t.pool), PROXY_POOL_PER_SERVER_MAX + 1);
	(void)close(other);
	for (size_t i = 0; i < PROXY_POOL_PER_SERVER_MAX; i++)
		(void)close(peers[i]);
	await_count(&t, 0);
	end(&t);
}

/* Not a letter may differ, and nothing of it is what a server itself has. */
static void
what_a_parent_was_asked_for(void **state)
{
	char one[] = "socks5 192.0.2.8:1080 www.example.com:80";
	struct test t;
	int peers[2];

	(void)state;
	begin(&t);
	const struct stream *tunnel = put_one(&t, through(one), &peers[0]);
	const struct stream *proxy =
	    put_one(&t, through("http 192.0.2.8:3128"), &peers[1]);
	one[0] = 'x'; /* the pool has a text of its own */
	assert_null(taken(t.pool, through(one)));
	assert_null(taken(t.pool, through("socks5 192.0.2.8:1080")));
	assert_null(
	    taken(t.pool, through("socks5 192.0.2.8:1080 www.example.com:8")));
	assert_null(taken(t.pool, at("192.0.2.8", 3128)));
	assert_null(taken(t.pool, (struct pool_key){ 0 }));
	take_and_close(&t, through("http 192.0.2.8:3128"), proxy);
	take_and_close(
	    &t, through("socks5 192.0.2.8:1080 www.example.com:80"), tunnel);
	has_closed(peers[0]);
	has_closed(peers[1]);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_to_the_same_server),
		cmocka_unit_test(what_a_parent_was_asked_for),
		cmocka_unit_test(who_speaks_or_ends_is_closed),
		cmocka_unit_test(who_has_spoken_or_ended_is_not_kept),
		cmocka_unit_test(what_was_taken_is_the_callers_alone),
		cmocka_unit_test(so_many_to_one_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
