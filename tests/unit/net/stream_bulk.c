/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tunnels in which much flows, so that it goes by pipes.  The program puts its
 * own splice(2), pipe2(2) and setsockopt(2) before the C library's: they count,
 * and fail when they are told to.
 */
#include "tunnel.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define MUCH 16000000

/* ---- the system calls ---- */

enum call {
	CALL_NONE,
	CALL_IN,  /* socket to pipe */
	CALL_OUT, /* pipe to socket */
	CALL_PIPE,
	CALL_COUNT
};

static struct {
	long calls[CALL_COUNT];
	size_t bytes[CALL_COUNT];
	long raised; /* SO_RCVLOWAT */
	long lowered;
	/* What fails, from the n-th on, and how often. */
	enum call failing;
	long from, times;
	int error;
} kernel;

static bool
fails_now(enum call call)
{
	long n = kernel.calls[call]++ - kernel.from;

	if (kernel.failing != call || n < 0 || n >= kernel.times)
		return false;
	errno = kernel.error;
	return true;
}

static bool
is_pipe(int fd)
{
	struct stat about;

	return fstat(fd, &about) == 0 && S_ISFIFO(about.st_mode);
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
ssize_t
splice(int from, off64_t *from_at, int to, off64_t *to_at, size_t len,
    unsigned flags)
{
	enum call call = is_pipe(from) ? CALL_OUT : CALL_IN;
	ssize_t n;

	if (fails_now(call))
		return -1;
	n = syscall(SYS_splice, from, from_at, to, to_at, len, flags);
	if (n > 0)
		kernel.bytes[call] += (size_t)n;
	return n;
}

int
pipe2(int fds[2], int flags)
{
	if (fails_now(CALL_PIPE))
		return -1;
	return (int)syscall(SYS_pipe2, fds, flags);
}

int
setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (level == SOL_SOCKET && name == SO_RCVLOWAT) {
		bool is_raised = *(const int *)value > 1;
		kernel.raised += is_raised;
		kernel.lowered += !is_raised;
	}
	return (int)syscall(SYS_setsockopt, fd, level, name, value, len);
}
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static int
forget(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	return 0;
}

static int
low_mark(int fd)
{
	int bytes = 0;
	socklen_t len = sizeof(bytes);

	assert_int_equal(
	    getsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, &len), 0);
	return bytes;
}

/* ---- whole tunnels ---- */

static void
send_both(struct tunnel *t, size_t client, size_t server)
{
	t->peers[CLIENT].to_send = client;
	t->peers[SERVER].to_send = server;
	for (int i = 0; i < 2; i++)
		send_more(&t->peers[i]);
}

static void
must_be_whole(struct tunnel *t)
{
	run_until_done(t);
	run_until_peers_ended(t);
	size_t client = t->peers[CLIENT].to_send;
	size_t server = t->peers[SERVER].to_send;
	assert_int_equal(t->result.end, RELAY_END_DONE);
	assert_int_equal(t->result.bytes[RELAY_FIRST], client);
	assert_int_equal(t->result.bytes[RELAY_SECOND], server);
	assert_int_equal(t->peers[SERVER].received, client);
	assert_int_equal(t->peers[CLIENT].received, server);
	assert_int_equal(t->h.loop.pipes.lent_count, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(t->peers[i].error, 0);
}

/* Both send at once, and the client ends first. */
static void
pass_both_ways(size_t client, size_t server)
{
	struct tunnel t;
	int fds = open_fds();

	tunnel_begin(&t, 0);
	t.peers[CLIENT].fin_after = true;
	t.peers[SERVER].fin_after_theirs = true;
	join(&t, 0);
	send_both(&t, client, server);
	must_be_whole(&t);
	tunnel_end(&t);
	assert_int_equal(open_fds(), fds);
}

static void
much_goes_by_pipes_both_ways(void **state)
{
	(void)state;
	pass_both_ways(MUCH, MUCH);
	assert_true(kernel.bytes[CALL_IN] > MUCH);
	assert_int_equal(kernel.bytes[CALL_IN], kernel.bytes[CALL_OUT]);
#ifndef GATEHOUSE_ARENA_PIECEWISE
	/* One serves both, unless the peers were slow. */
	assert_true(kernel.calls[CALL_PIPE] <= 2);
#endif
}

/* The sizes at which one way becomes the other, and pipes fill. */
static void
either_side_may_end_anywhere(void **state)
{
	static const size_t sizes[] = { 0, 1, 16383, 16384, 16385, 49151, 49152,
		49153, 65536, 114688, 1 << 20, (1 << 20) + 49153, 3000001 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		for (size_t k = 0; k < COUNT_OF(sizes); k++)
			pass_both_ways(sizes[i], sizes[k]);
	assert_true(kernel.bytes[CALL_IN] > 0);
}

/* After the server's end the client still sends, and the other way round. */
static void
one_half_outlives_the_other(void **state)
{
	(void)state;
	for (int first = 0; first < 2; first++) {
		struct tunnel t;
		tunnel_begin(&t, 0);
		t.peers[first].fin_after = true;
		join(&t, 0);
		send_both(&t, 3000000, 3000000);
		while (!t.peers[1 - first].ended)
			harness_round(&t.h);
		t.peers[1 - first].to_send += MUCH;
		t.peers[1 - first].fin_after = true;
		send_more(&t.peers[1 - first]);
		must_be_whole(&t);
		tunnel_end(&t);
	}
}

/* ---- sizes and pauses at random ---- */

struct whim {
	struct tunnel *t;
	struct loop_timer timers[2];
	unsigned seed;
	int left[2]; /* bursts */
};

static unsigned
draw(struct whim *w, unsigned below)
{
	w->seed = w->seed * 1103515245u + 12345u;
	return (w->seed >> 8) % below;
}

static void
burst(struct loop_timer *timer)
{
	struct whim *w = timer->context;
	int i = timer == &w->timers[1];
	struct peer *p = &w->t->peers[i];

	p->to_send += draw(w, 2) == 0 ? draw(w, 2000) : draw(w, 1500000);
	p->fin_after = --w->left[i] == 0;
	send_more(p);
	if (w->left[i] > 0)
		loop_timer_arm(&w->t->h.loop, timer,
		    loop_now(&w->t->h.loop) + draw(w, 6) * CLOCK_MS);
}

static void
sizes_and_pauses_do_not_matter(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 8; seed++) {
		struct tunnel t;
		struct whim w = { .t = &t, .seed = seed };
		tunnel_begin(&t, 0);
		join(&t, 0);
		for (int i = 0; i < 2; i++) {
			w.left[i] = 12;
			w.timers[i] =
			    (struct loop_timer){ .fn = burst, .context = &w };
			burst(&w.timers[i]);
		}
		must_be_whole(&t);
		tunnel_end(&t);
	}
	assert_true(kernel.bytes[CALL_IN] > 0);
}

/* ---- small messages ---- */

static void
small_messages_see_no_pipe(void **state)
{
	struct tunnel t;

	(void)state;
	tunnel_begin(&t, 0);
	/* As the proxy's are; the answers would wait for delayed ACKs. */
	for (int i = 0; i < 2; i++) {
		set_int(stream_fd(t.sides[i]), IPPROTO_TCP, TCP_NODELAY, 1);
		set_int(
		    stream_fd(t.peers[i].stream), IPPROTO_TCP, TCP_NODELAY, 1);
	}
	join(&t, 0);
	for (size_t i = 1; i <= 500; i++) {
		send_both(&t, i * 8000, i * 10);
		while (t.peers[SERVER].received < i * 8000 ||
		       t.peers[CLIENT].received < i * 10)
			harness_round(&t.h);
	}
	assert_int_equal(kernel.calls[CALL_PIPE], 0);
	assert_int_equal(kernel.calls[CALL_IN], 0);
	assert_int_equal(kernel.raised, 0);
	tunnel_end(&t);
}

/* Question and answer, large enough for pipes: a tick would be in each. */
static void
who_is_answered_is_read_at_once(void **state)
{
	struct tunnel t;

	(void)state;
	tunnel_begin(&t, 0);
	join(&t, 0);
	int64_t end = clock_now() + 100 * CLOCK_MS;
	for (size_t i = 1; clock_now() < end; i++) {
		send_both(&t, i * 200000, (i - 1) * 10);
		while (t.peers[SERVER].received < i * 200000 ||
		       t.peers[CLIENT].received < (i - 1) * 10)
			harness_round(&t.h);
	}
	assert_true(kernel.calls[CALL_IN] > 0);
	assert_int_equal(kernel.raised, 0);
	tunnel_end(&t);
}

/* ---- a reader that stops ---- */

/* Until nothing moves any more; a pipe is full then. */
static void
stall(struct tunnel *t)
{
	uint64_t before = UINT64_MAX;

	stream_read_stop(t->peers[SERVER].stream);
	join(t, 0);
	t->peers[CLIENT].fin_after = true;
	t->peers[SERVER].fin_after_theirs = true;
	send_both(t, MUCH, 0);
	while (relay_bytes(t->relay, RELAY_FIRST) != before) {
		before = relay_bytes(t->relay, RELAY_FIRST);
		harness_run_for(&t->h, 20 * CLOCK_MS);
	}
	assert_true(before < MUCH);
	assert_int_equal(t->h.loop.pipes.lent_count, 1);
	assert_true(kernel.bytes[CALL_IN] > kernel.bytes[CALL_OUT]);
	assert_true(
	    kernel.bytes[CALL_IN] - kernel.bytes[CALL_OUT] <= PIPE_BYTES);
}

static void
a_stopped_reader_gets_all_when_it_goes_on(void **state)
{
	struct tunnel t;

	(void)state;
	tunnel_begin(&t, 0);
	stall(&t);
	stream_read_start(t.peers[SERVER].stream);
	must_be_whole(&t);
	tunnel_end(&t);
}

/* Destroyed by its owner or reset by the peer: what was in its pipe is in no
 * pipe afterwards. */
static void
a_pipe_with_bytes_is_never_lent_again(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++) {
		struct tunnel t;
		int fds;
		(void)forget(state);
		tunnel_begin(&t, 0);
		stall(&t);
		fds = open_fds();
		assert_int_equal(t.h.loop.pipes.kept_count, 0);
		if (how == 0)
			relay_destroy(&t.relay);
		else
			stream_close_reset(&t.peers[SERVER].stream);
		while (how > 0 && t.done == 0)
			harness_run(&t.h);
		if (how > 0)
			assert_int_equal(t.result.end, RELAY_END_FAILED);
		assert_int_equal(t.h.loop.pipes.lent_count, 0);
		assert_int_equal(t.h.loop.pipes.kept_count, 0);
		/* Its two ends, two streams, and a peer's. */
		assert_int_equal(open_fds(), fds - 4 - (how > 0));
		tunnel_end(&t);
	}
}

static void
stalled_tunnels_idle_too(void **state)
{
	struct tunnel t;

	(void)state;
	tunnel_begin(&t, 0);
	stream_read_stop(t.peers[SERVER].stream);
	join(&t, 50 * CLOCK_MS);
	send_both(&t, MUCH, 0);
	run_until_done(&t);
	assert_int_equal(t.result.end, RELAY_END_IDLE);
	assert_int_equal(t.h.loop.pipes.kept_count, 0);
	tunnel_end(&t);
}

/* ---- patience ---- */

/* On a machine so busy that each round takes longer than a flow may pause, it
 * is never steady, and then nobody is patient. */
#define STEADY_WITHIN (5000 * CLOCK_MS)
#define NEVER_STEADY  INT64_MAX

/* Flows, no faster than it is read, until SO_RCVLOWAT is up, and pauses after
 * an odd number of bytes. */
static int64_t
time_of_last_bytes(struct tunnel *t, int fd)
{
	struct peer *client = &t->peers[CLIENT];
	long raised = kernel.raised;
	int64_t give_up = clock_now() + STEADY_WITHIN;

	while (kernel.raised == raised || low_mark(fd) == 1) {
		if (clock_now() > give_up)
			return NEVER_STEADY;
		if (t->peers[SERVER].received == client->to_send)
			client->to_send += 100000;
		send_more(client);
		harness_round(&t->h);
	}
	client->to_send += 77777;
	send_more(client);
	while (stream_pending(client->stream) > 0 ||
	       client->sent < client->to_send)
		harness_round(&t->h);
	int64_t begin = clock_now();
	while (t->peers[SERVER].received < client->to_send)
		harness_round(&t->h);
	return clock_now() - begin;
}

static void
patience_does_not_keep_the_last_bytes(void **state)
{
	struct tunnel t;
	int64_t best = INT64_MAX;
	int fd;

	(void)state;
	tunnel_begin(&t, 0);
	fd = stream_fd(t.sides[0]);
	join(&t, 0);
	for (int i = 0; i < 8; i++) {
		int64_t time = time_of_last_bytes(&t, fd);
		if (time == NEVER_STEADY)
			break;
		if (getenv("FIGURES") != NULL)
			print_message("last bytes after %lld us\n",
			    (long long)(time / 1000));
		best = time < best ? time : best;
		/* And after a pause nothing waits any more. */
		while (low_mark(fd) != 1)
			harness_run_for(&t.h, CLOCK_MS);
	}
	tunnel_end(&t);
	if (best == NEVER_STEADY)
		skip();
	/* A tick and a round; the machine may be busy with others. */
	assert_true(best < 10 * CLOCK_MS);
}

static void
patience_ends_with_the_flow(void **state)
{
	struct tunnel t;
	int fd;

	(void)state;
	tunnel_begin(&t, 0);
	fd = stream_fd(t.sides[0]);
	join(&t, 0);
	(void)time_of_last_bytes(&t, fd);
	t.peers[CLIENT].fin_after = true;
	t.peers[SERVER].fin_after_theirs = true;
	send_more(&t.peers[CLIENT]);
	must_be_whole(&t);
	tunnel_end(&t);
}

/* ---- what splice cannot ---- */

/* An urgent byte stops splice, and before the end looks like the end. */
static void
urgent_data_neither_stops_nor_cuts_the_rest(void **state)
{
	static const size_t at[] = { 1000000, 3999999, 4000000 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(at); i++) {
		struct tunnel t;
		struct peer *client = &t.peers[CLIENT];
		tunnel_begin(&t, 0);
		t.peers[SERVER].fin_after_theirs = true;
		join(&t, 0);
		send_both(&t, at[i], 0);
		while (
		    client->sent < at[i] || stream_pending(client->stream) > 0)
			harness_round(&t.h);
		assert_int_equal(
		    send(stream_fd(client->stream), "!", 1, MSG_OOB), 1);
		client->fin_after = true;
		send_both(&t, 4000000, 0);
		must_be_whole(&t);
		tunnel_end(&t);
	}
	assert_true(kernel.bytes[CALL_IN] > 0);
}

static void
what_fails_is_copied(void **state)
{
	static const struct {
		long from, times;
		enum call failing;
		int error;
	} rows[] = {
		{ 0, 1000000, CALL_PIPE, EMFILE },
		{ 0, 1000000, CALL_PIPE, ENFILE },
		{ 0, 1, CALL_PIPE, EMFILE },
		{ 0, 1000000, CALL_IN, EINVAL },
		{ 3, 1000000, CALL_IN, EINVAL },
		{ 0, 1000000, CALL_IN, ENOSYS },
		{ 2, 1, CALL_IN, ENOMEM },
		{ 0, 1000000, CALL_IN, EAGAIN },
		{ 1, 7, CALL_IN, EAGAIN },
		{ 0, 1000000, CALL_OUT, EINVAL },
		{ 3, 1000000, CALL_OUT, EINVAL },
		{ 2, 1, CALL_OUT, EPERM },
		{ 0, 50, CALL_OUT, EAGAIN },
		{ 4, 50, CALL_OUT, EAGAIN },
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		(void)forget(state);
		kernel.failing = rows[i].failing;
		kernel.from = rows[i].from;
		kernel.times = rows[i].times;
		kernel.error = rows[i].error;
		pass_both_ways(MUCH, MUCH);
		assert_true(kernel.calls[rows[i].failing] > rows[i].from);
	}
}

/* A full pipe goes by the buffer, which is much smaller, and in order. */
static void
a_full_pipe_is_emptied_by_the_buffer(void **state)
{
	struct tunnel t;

	(void)state;
	tunnel_begin(&t, 0);
	stall(&t);
	kernel.failing = CALL_OUT;
	kernel.from = 0;
	kernel.times = 1000000;
	kernel.error = EINVAL;
	stream_read_start(t.peers[SERVER].stream);
	must_be_whole(&t);
	tunnel_end(&t);
}

/* As TLS will be: its bytes are not those of the wire. */
static void
other_transports_are_copied(void **state)
{
	struct transport opaque = transport_plain;
	struct tunnel t;

	(void)state;
	opaque.splice_in = NULL;
	opaque.splice_out = NULL;
	for (int side = 0; side < 2; side++) {
		tunnel_begin(&t, 0);
		assert_int_equal(stream_carry(t.sides[side], &opaque, NULL), 0);
		t.peers[CLIENT].fin_after = true;
		t.peers[SERVER].fin_after_theirs = true;
		join(&t, 0);
		send_both(&t, MUCH, MUCH);
		must_be_whole(&t);
		tunnel_end(&t);
	}
	assert_int_equal(kernel.calls[CALL_PIPE], 0);
	assert_int_equal(kernel.calls[CALL_IN], 0);
}

#define TEST(fn) cmocka_unit_test_setup(fn, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(much_goes_by_pipes_both_ways),
		TEST(either_side_may_end_anywhere),
		TEST(one_half_outlives_the_other),
		TEST(sizes_and_pauses_do_not_matter),
		TEST(small_messages_see_no_pipe),
		TEST(who_is_answered_is_read_at_once),
		TEST(a_stopped_reader_gets_all_when_it_goes_on),
		TEST(a_pipe_with_bytes_is_never_lent_again),
		TEST(stalled_tunnels_idle_too),
		TEST(patience_does_not_keep_the_last_bytes),
		TEST(patience_ends_with_the_flow),
		TEST(urgent_data_neither_stops_nor_cuts_the_rest),
		TEST(what_fails_is_copied),
		TEST(a_full_pipe_is_emptied_by_the_buffer),
		TEST(other_transports_are_copied),
	};

	/* The processes in which relays run do the same. */
	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
