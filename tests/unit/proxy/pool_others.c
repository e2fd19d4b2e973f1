/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/pool_impl.h"

#include "../net/stream_ends.h"
#include "event/counter.h"
#include "policies.h"

#include <sys/epoll.h>

/* Two pools; the loop of the second is run by the same thread, when a test
 * says so: what another thread has not come to yet can be looked at. */
struct test {
	struct harness h;
	struct loop idle_loop;
	struct pools *pools;
	struct pool *pool, *idle;
	int descriptors;
};

static void
begin(struct test *t)
{
	t->descriptors = open_fds();
	harness_begin(&t->h);
	assert_int_equal(loop_init(&t->idle_loop), 0);
	t->pools = pools_create();
	assert_non_null(t->pools);
	t->pool = pool_create(&t->h.loop, t->pools);
	t->idle = pool_create(&t->idle_loop, t->pools);
	assert_non_null(t->pool);
	assert_non_null(t->idle);
}

static void
end(struct test *t)
{
	pool_destroy(&t->pool);
	pool_destroy(&t->idle);
	assert_int_equal(t->pools->count, 0);
	for (size_t i = 0; i < POOL_BUCKETS; i++)
		assert_int_equal(t->pools->buckets[i], 0);
	pools_destroy(&t->pools);
	loop_fini(&t->idle_loop);
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
to(uint16_t port)
{
	return (struct pool_key){ .server = { address_of("192.0.2.1"), port } };
}

/* In the pool of the loop that waits; the other end is returned. */
static int
kept(struct test *t, uint16_t port)
{
	struct stream *stream;
	int fds[2];

	tcp_pair(fds, 0);
	assert_int_equal(
	    stream_create(&t->idle_loop, fds[0], &stream_limits_usual, &stream),
	    0);
	keep(t->idle, to(port), &stream);
	return fds[1];
}

static void
stop_loop(struct loop_deferred *deferred)
{
	loop_stop(deferred->context);
}

/* Its thread comes round. */
static void
turn(struct loop *loop)
{
	struct loop_deferred stop = { .fn = stop_loop, .context = loop };

	loop_defer(loop, &stop);
	assert_int_equal(loop_run(loop), 0);
}

static void
hears(struct test *t, struct stream *stream, int peer, const char *words)
{
	struct end one = { .loop = &t->h.loop, .stream = stream };
	struct str bytes = str_of(words);

	assert_int_equal(
	    send(peer, bytes.at, bytes.len, MSG_NOSIGNAL), bytes.len);
	stream_use(stream, &end_user, &one);
	stream_read_start(stream);
	wait_for(stream_fd(stream), POLLIN);
	/* The loop that kept it hears of it first, and lets it be. */
	turn(&t->idle_loop);
	turn(&t->idle_loop);
	run_until_told(&t->h, &one, 'd');
	assert_true(str_is(text_str(&one.taken), words));
	text_fini(&one.taken);
	stream_use(stream, NULL, NULL);
}

static bool
is_closed(int peer)
{
	struct pollfd ready = { .fd = peer, .events = POLLIN };

	return poll(&ready, 1, 0) == 1;
}

static void
who_has_none_takes_another_s(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	int peer = kept(&t, 80), other = kept(&t, 81);
	assert_null(taken(t.pool, to(82)));
	struct stream *moved = taken(t.pool, to(80));
	assert_non_null(moved);
	assert_ptr_equal(stream_loop(moved), &t.h.loop);
	assert_int_equal(pool_count(t.idle), 1);
	assert_null(taken(t.pool, to(80)));
	hears(&t, moved, peer, "one");
	hears(&t, moved, peer, "two");
	/* And back again. */
	keep(t.pool, to(80), &moved);
	moved = taken(t.idle, to(80));
	assert_non_null(moved);
	assert_ptr_equal(stream_loop(moved), &t.idle_loop);
	stream_close(&moved);
	assert_false(is_closed(peer)); /* the first loop has it still */
	turn(&t.h.loop);
	assert_true(is_closed(peer));
	assert_false(is_closed(other));
	(void)close(peer);
	(void)close(other);
	end(&t);
}

/* The loop that keeps it has not looked, and may be busy for long. */
static void
what_has_spoken_or_ended_is_not_taken(void **state)
{
	struct test t;
	int peers[3];

	(void)state;
	begin(&t);
	for (size_t i = 0; i < COUNT_OF(peers); i++)
		peers[i] = kept(&t, 80);
	assert_int_equal(send(peers[2], "x", 1, MSG_NOSIGNAL), 1);
	assert_int_equal(shutdown(peers[1], SHUT_WR), 0);
	socket_close_reset(peers[0]);
	assert_null(taken(t.pool, to(80)));
	assert_int_equal(pool_count(t.idle), 0);
	turn(&t.idle_loop);
	assert_true(is_closed(peers[1]));
	assert_true(is_closed(peers[2]));
	(void)close(peers[1]);
	(void)close(peers[2]);
	end(&t);
}

/* What was left behind is closed even if its thread never comes to it. */
static void
the_end_before_the_message(void **state)
{
	struct test t;

	(void)state;
	begin(&t);
	int peer = kept(&t, 80), other = kept(&t, 80);
	struct stream *moved = taken(t.pool, to(80));
	struct stream *also = taken(t.pool, to(80));
	stream_close(&moved);
	stream_close(&also);
	(void)close(peer);
	(void)close(other);
	end(&t);
}

static ssize_t
read_nothing(struct transport_wire *wire, void *bytes, size_t room)
{
	(void)wire;
	(void)bytes;
	(void)room;
	return -EAGAIN;
}

/* The state of a transport is its thread's. */
static void
only_bare_connections_change_thread(void **state)
{
	static const struct transport wrapped = { .read = read_nothing };
	struct stream *stream;
	struct test t;
	int fds[2];

	(void)state;
	begin(&t);
	tcp_pair(fds, 0);
	assert_int_equal(
	    stream_create(&t.idle_loop, fds[0], &stream_limits_usual, &stream),
	    0);
	assert_int_equal(stream_carry(stream, &wrapped, NULL), 0);
	keep(t.idle, to(80), &stream);
	assert_int_equal(pool_count(t.idle), 1);
	assert_null(taken(t.pool, to(80)));
	stream = taken(t.idle, to(80));
	assert_non_null(stream);
	stream_close(&stream);
	(void)close(fds[1]);
	end(&t);
}

static void
so_many_to_one_server_in_all(void **state)
{
	int peers[PROXY_POOL_PER_SERVER_MAX + 1], fds[2];
	struct stream *stream;
	struct test t;

	(void)state;
	begin(&t);
	for (size_t i = 0; i < PROXY_POOL_PER_SERVER_MAX; i++)
		peers[i] = kept(&t, 80);
	tcp_pair(fds, 0);
	assert_int_equal(
	    stream_create(&t.h.loop, fds[0], &stream_limits_usual, &stream), 0);
	keep(t.pool, to(80), &stream);
	assert_int_equal(pool_count(t.pool), 0);
	assert_int_equal(pool_count(t.idle), PROXY_POOL_PER_SERVER_MAX);
	assert_true(is_closed(fds[1]));
	for (size_t i = 0; i < PROXY_POOL_PER_SERVER_MAX; i++)
		(void)close(peers[i]);
	(void)close(fds[1]);
	end(&t);
}

/* ---- several threads at once ---- */

#define THREADS 4
#define TURNS   2000
#define PORTS   3

/* Sends back what it hears, to all who come, until its pipe is closed. */
struct echo {
	pthread_t thread;
	int listener, epoll, end[2];
	struct address_port at;
};

static void
watch(const struct echo *echo, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	assert_int_equal(epoll_ctl(echo->epoll, EPOLL_CTL_ADD, fd, &event), 0);
}

static void
serve(struct echo *echo, int fd)
{
	char bytes[64];

	if (fd == echo->listener) {
		watch(echo, accept_one_of(fd));
		return;
	}
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
	if (n <= 0)
		(void)close(fd);
	else
		(void)!send(fd, bytes, (size_t)n, MSG_NOSIGNAL);
}

static void *
run_echo(void *context)
{
	struct echo *echo = context;
	struct epoll_event event;

	while (epoll_wait(echo->epoll, &event, 1, -1) == 1 &&
	       event.data.fd != echo->end[0])
		serve(echo, event.data.fd);
	return NULL;
}

struct runner {
	pthread_t thread;
	struct loop loop;
	struct pool *pool;
	const struct echo *echo;
	struct stream *stream;
	struct loop_deferred next;
	uint64_t said;
	unsigned turn, number;
	bool wrong;
};

static void
on_echo(struct stream *stream, void *context)
{
	struct runner *runner = context;
	struct str input = stream_input(stream);

	if (input.len < sizeof(runner->said))
		return;
	/* Of another's question, or a byte too much: never. */
	runner->wrong |=
	    input.len != sizeof(runner->said) ||
	    memcmp(input.at, &runner->said, sizeof(runner->said)) != 0;
	stream_consume(stream, input.len);
	/* Who closes one now and then needs another's later. */
	if (runner->turn % 5 == runner->number)
		stream_close(&runner->stream);
	else
		keep(runner->pool, to((uint16_t)(1 + runner->turn % PORTS)),
		    &runner->stream);
	runner->turn++;
	loop_defer(&runner->loop, &runner->next);
}

static void
on_echo_gone(struct stream *stream, int error, void *context)
{
	struct runner *runner = context;

	(void)stream;
	(void)error;
	runner->wrong = true;
	loop_stop(&runner->loop);
}

static const struct stream_user asking = {
	.data = on_echo,
	.failed = on_echo_gone,
};

static void
on_turn(struct loop_deferred *deferred)
{
	struct runner *runner = deferred->context;
	struct pool_key key = to((uint16_t)(1 + runner->turn % PORTS));

	if (runner->turn == TURNS || runner->wrong) {
		loop_stop(&runner->loop);
		return;
	}
	runner->said = (uint64_t)runner->number << 32 | runner->turn;
	runner->stream = taken(runner->pool, key);
	if (runner->stream == NULL) {
		struct socket_connect options = { .to = runner->echo->at };
		int fd = socket_connect(&options);
		assert_true(fd >= 0);
		assert_int_equal(stream_create(&runner->loop, fd,
				     &stream_limits_usual, &runner->stream),
		    0);
	}
	stream_use(runner->stream, &asking, runner);
	stream_read_start(runner->stream);
	/* Not connected yet, it is queued. */
	(void)stream_queue(runner->stream,
	    (struct str){ (const char *)&runner->said, sizeof(runner->said) });
}

static void *
run_runner(void *context)
{
	struct runner *runner = context;

	loop_defer(&runner->loop, &runner->next);
	(void)loop_run(&runner->loop);
	return NULL;
}

static void
echo_begin(struct echo *echo)
{
	*echo = (struct echo){ .epoll = epoll_create1(EPOLL_CLOEXEC) };
	echo->listener = listen_somewhere(ADDRESS_IPV4, &echo->at);
	assert_int_equal(pipe(echo->end), 0);
	watch(echo, echo->listener);
	watch(echo, echo->end[0]);
	assert_int_equal(
	    pthread_create(&echo->thread, NULL, run_echo, echo), 0);
}

static void
echo_end(struct echo *echo)
{
	(void)close(echo->end[1]);
	(void)pthread_join(echo->thread, NULL);
	(void)close(echo->end[0]);
	(void)close(echo->listener);
	(void)close(echo->epoll);
}

static void
several_threads(void **state)
{
	struct runner runners[THREADS] = { 0 };
	struct pools *pools = pools_create();
	int64_t moved = counter_get(COUNTER_UPSTREAM_MOVED);
	struct echo echo;

	(void)state;
	echo_begin(&echo);
	for (unsigned i = 0; i < THREADS; i++) {
		struct runner *one = &runners[i];
		assert_int_equal(loop_init(&one->loop), 0);
		one->pool = pool_create(&one->loop, pools);
		one->echo = &echo;
		one->number = i;
		one->next =
		    (struct loop_deferred){ .fn = on_turn, .context = one };
	}
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&runners[i].thread, NULL,
				     run_runner, &runners[i]),
		    0);
	for (unsigned i = 0; i < THREADS; i++)
		(void)pthread_join(runners[i].thread, NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		assert_false(runners[i].wrong);
		assert_int_equal(runners[i].turn, TURNS);
		loop_deliver(&runners[i].loop);
		pool_destroy(&runners[i].pool);
		loop_fini(&runners[i].loop);
	}
	assert_int_equal(pools->count, 0);
	pools_destroy(&pools);
	echo_end(&echo);
	assert_true(counter_get(COUNTER_UPSTREAM_MOVED) > moved);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_has_none_takes_another_s),
		cmocka_unit_test(what_has_spoken_or_ended_is_not_taken),
		cmocka_unit_test(the_end_before_the_message),
		cmocka_unit_test(only_bare_connections_change_thread),
		cmocka_unit_test(so_many_to_one_server_in_all),
		cmocka_unit_test(several_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
