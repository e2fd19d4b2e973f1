/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tunnels over loopback TCP:
 *
 *	client == (first | relay | second) == server
 *
 * All four streams live on one loop.  Client and server send patterns of a
 * given length and check what they receive.
 */
#include "net/relay.h"
#include "harness.h"

#include <sys/socket.h>

#define SMALL  4096
#define CLIENT 0
#define SERVER 1

struct tunnel;

struct peer {
	struct tunnel *tunnel;
	struct stream *stream;
	size_t to_send; /* all together */
	size_t sent;
	bool fin_after; /* FIN when all is sent */
	bool fin_after_theirs;
	size_t received;
	bool ended;
	int error;
	char first[32]; /* the first bytes that came */
};

struct tunnel {
	struct harness h;
	struct stream *sides[2];
	struct peer peers[2];
	struct relay *relay;
	int done;
	struct relay_result result;
	int64_t done_at;
	size_t lent_max;
	bool stop_when_peers_ended;
};

static char
pattern(size_t i)
{
	return (char)(i % 251);
}

static void
send_more(struct peer *p)
{
	char block[3000];

	while (p->stream != NULL && p->sent < p->to_send &&
	       !stream_is_full(p->stream)) {
		size_t n = 0;
		for (; n < sizeof(block) && p->sent + n < p->to_send; n++)
			block[n] = pattern(p->sent + n);
		if (stream_write(p->stream, (struct str){ block, n }) < 0)
			return;
		p->sent += n;
	}
	if (p->sent == p->to_send &&
	    (p->fin_after || (p->fin_after_theirs && p->ended)))
		stream_shutdown(p->stream);
}

static void
stop_if_ended(struct tunnel *t)
{
	if (t->stop_when_peers_ended && t->peers[CLIENT].ended &&
	    t->peers[SERVER].ended)
		loop_stop(&t->h.loop);
}

static void
peer_data(struct stream *stream, void *context)
{
	struct peer *p = context;
	struct str input = stream_input(stream);

	if (p->tunnel->h.loop.pool.lent_bytes > p->tunnel->lent_max)
		p->tunnel->lent_max = p->tunnel->h.loop.pool.lent_bytes;
	for (size_t i = 0; i < input.len; i++, p->received++) {
		if (p->received < sizeof(p->first) - 1)
			p->first[p->received] = input.at[i];
		else if (input.at[i] != pattern(p->received))
			fail_msg("wrong byte at %zu", p->received);
	}
	stream_consume(stream, input.len);
}

static void
peer_ended(struct stream *stream, void *context)
{
	struct peer *p = context;

	(void)stream;
	assert_false(p->ended);
	p->ended = true;
	send_more(p);
	stop_if_ended(p->tunnel);
}

static void
peer_drained(struct stream *stream, void *context)
{
	(void)stream;
	send_more(context);
}

static void
peer_failed(struct stream *stream, int error, void *context)
{
	struct peer *p = context;

	(void)stream;
	p->error = error;
	p->ended = true;
	stop_if_ended(p->tunnel);
}

static const struct stream_user peer_user = {
	.data = peer_data,
	.ended = peer_ended,
	.drained = peer_drained,
	.failed = peer_failed,
};

static void
on_done(const struct relay_result *result, void *context)
{
	struct tunnel *t = context;

	t->done++;
	t->result = *result;
	t->done_at = loop_now(&t->h.loop);
	t->relay = NULL;
	loop_stop(&t->h.loop);
}

static struct stream *
stream_over(struct tunnel *t, int fd)
{
	struct stream *stream = NULL;

	assert_int_equal(
	    stream_create(&t->h.loop, fd, &stream_limits_usual, &stream), 0);
	return stream;
}

static void
tunnel_begin(struct tunnel *t, int socket_bytes)
{
	*t = (struct tunnel){ .done = 0 };
	harness_begin(&t->h);
	for (int i = 0; i < 2; i++) {
		struct peer *p = &t->peers[i];
		int fds[2];
		tcp_pair(fds, socket_bytes);
		p->tunnel = t;
		p->stream = stream_over(t, fds[0]);
		stream_use(p->stream, &peer_user, p);
		stream_read_start(p->stream);
		t->sides[i] = stream_over(t, fds[1]);
	}
}

static void
join(struct tunnel *t, int64_t idle)
{
	assert_int_equal(relay_create(&t->sides[0], &t->sides[1], idle, on_done,
			     t, &t->relay),
	    0);
	assert_null(t->sides[0]);
	assert_null(t->sides[1]);
}

static void
tunnel_end(struct tunnel *t)
{
	relay_destroy(&t->relay);
	for (int i = 0; i < 2; i++) {
		stream_close(&t->sides[i]);
		stream_close(&t->peers[i].stream);
	}
	harness_end(&t->h);
}

/* Until both peers have read their end or failed. */
static void
run_until_peers_ended(struct tunnel *t)
{
	t->stop_when_peers_ended = true;
	if (!t->peers[CLIENT].ended || !t->peers[SERVER].ended)
		harness_run(&t->h);
}

static void
run_until_done(struct tunnel *t)
{
	while (t->done == 0)
		harness_run(&t->h);
	assert_int_equal(t->done, 1);
}

/* Who ends first, how much each sends, and how small the sockets are. */
static void
everything_passes_and_both_ends_are_kept(void **state)
{
	static const struct {
		size_t client, server;
		int first; /* the other ends when it has seen that end */
		int socket_bytes;
	} rows[] = {
		{ 0, 0, CLIENT, 0 },
		{ 0, 0, SERVER, 0 },
		{ 10, 0, CLIENT, 0 },
		{ 0, 10, CLIENT, 0 },
		{ 10, 20, SERVER, 0 },
		{ 300000, 300000, CLIENT, SMALL },
		{ 300000, 300000, SERVER, SMALL },
		{ 100, 1000000, CLIENT, SMALL },
		{ 1000000, 100, CLIENT, SMALL },
		{ 8000000, 8000000, CLIENT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct tunnel t;
		tunnel_begin(&t, rows[i].socket_bytes);
		t.peers[CLIENT].to_send = rows[i].client;
		t.peers[SERVER].to_send = rows[i].server;
		t.peers[rows[i].first].fin_after = true;
		t.peers[1 - rows[i].first].fin_after_theirs = true;
		join(&t, 0);
		send_more(&t.peers[CLIENT]);
		send_more(&t.peers[SERVER]);
		run_until_done(&t);
		assert_int_equal(t.result.end, RELAY_END_DONE);
		assert_int_equal(t.result.bytes[RELAY_FIRST], rows[i].client);
		assert_int_equal(t.result.bytes[RELAY_SECOND], rows[i].server);
		run_until_peers_ended(&t);
		assert_int_equal(t.peers[SERVER].received, rows[i].client);
		assert_int_equal(t.peers[CLIENT].received, rows[i].server);
		for (int p = 0; p < 2; p++)
			assert_int_equal(t.peers[p].error, 0);
		/* Two directions in the relay, and output and input of two
		 * peers, whose queues end at high and one block. */
		assert_true(t.lent_max <=
			    2 * ((size_t)64 << 10) + 2 * ((size_t)192 << 10));
		tunnel_end(&t);
	}
}

static void
hold(struct stream *stream, void *context)
{
	(void)stream;
	loop_stop(context);
}

static void
hold_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	(void)context;
	fail();
}

/* What an earlier user had read (a TLS hello), and its end, passes first; so
 * does what it had queued (the answer to CONNECT). */
static void
what_was_there_before_goes_first(void **state)
{
	static const struct stream_user holding = { .ended = hold,
		.failed = hold_failed };
	struct tunnel t;

	(void)state;
	tunnel_begin(&t, 0);
	stream_use(t.sides[0], &holding, &t.h.loop);
	stream_read_start(t.sides[0]);
	assert_int_equal(
	    stream_write(t.peers[CLIENT].stream, STR("client hello")), 0);
	stream_shutdown(t.peers[CLIENT].stream);
	harness_run(&t.h);
	assert_int_equal(stream_queue(t.sides[0], STR("200 ")), 0);
	join(&t, 0);
	assert_int_equal(
	    stream_write(t.peers[SERVER].stream, STR("server hello")), 0);
	t.peers[SERVER].fin_after_theirs = true;
	run_until_done(&t);
	run_until_peers_ended(&t);
	assert_int_equal(t.result.end, RELAY_END_DONE);
	assert_int_equal(t.result.bytes[RELAY_FIRST], 12);
	assert_int_equal(t.result.bytes[RELAY_SECOND], 12);
	assert_string_equal(t.peers[SERVER].first, "client hello");
	assert_string_equal(t.peers[CLIENT].first, "200 server hello");
	tunnel_end(&t);
}

/* The server does not read: the client is held up, and the relay holds no
 * more than one input buffer.  Then the server reads on, and all is there. */
static void
slow_reader_holds_up_the_sender(void **state)
{
	struct tunnel t;
	size_t before = SIZE_MAX;

	(void)state;
	tunnel_begin(&t, SMALL);
	stream_read_stop(t.peers[SERVER].stream);
	join(&t, 0);
	t.peers[CLIENT].to_send = 2000000;
	t.peers[CLIENT].fin_after = true;
	t.peers[SERVER].fin_after = true;
	send_more(&t.peers[CLIENT]);
	while (relay_bytes(t.relay, RELAY_FIRST) != before) {
		before = relay_bytes(t.relay, RELAY_FIRST);
		harness_run_for(&t.h, 20 * CLOCK_MS);
	}
	assert_int_equal(t.done, 0);
	assert_true(before < 500000);
	/* The client's own queue is up to 128 KiB of it. */
	assert_true(t.h.loop.pool.lent_bytes <= (64 << 10) + (128 << 10));
	stream_read_start(t.peers[SERVER].stream);
	send_more(&t.peers[SERVER]);
	run_until_done(&t);
	run_until_peers_ended(&t);
	assert_int_equal(t.result.end, RELAY_END_DONE);
	assert_int_equal(t.peers[SERVER].received, 2000000);
	tunnel_end(&t);
}

/* The sender's end is known while its last bytes still lie in the relay. */
static void
the_end_waits_for_the_bytes_before_it(void **state)
{
	struct tunnel t;

	(void)state;
	tunnel_begin(&t, SMALL);
	stream_read_stop(t.peers[SERVER].stream);
	join(&t, 0);
	t.peers[CLIENT].to_send = 60000;
	t.peers[CLIENT].fin_after = true;
	t.peers[SERVER].fin_after_theirs = true;
	send_more(&t.peers[CLIENT]);
	while (stream_pending(t.peers[CLIENT].stream) > 0)
		harness_round(&t.h);
	harness_run_for(&t.h, 20 * CLOCK_MS);
	assert_true(relay_bytes(t.relay, RELAY_FIRST) < 60000);
	stream_read_start(t.peers[SERVER].stream);
	run_until_done(&t);
	run_until_peers_ended(&t);
	assert_int_equal(t.result.end, RELAY_END_DONE);
	assert_int_equal(t.peers[SERVER].received, 60000);
	tunnel_end(&t);
}

static void
reset_of_one_resets_the_other(void **state)
{
	static const int resetting[] = { CLIENT, SERVER };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(resetting); i++) {
		struct tunnel t;
		int who = resetting[i];
		tunnel_begin(&t, SMALL);
		join(&t, 0);
		t.peers[CLIENT].to_send = 1000000;
		t.peers[SERVER].to_send = 1000000;
		send_more(&t.peers[CLIENT]);
		send_more(&t.peers[SERVER]);
		while (t.peers[1 - who].received < 100000)
			harness_round(&t.h);
		stream_close_reset(&t.peers[who].stream);
		t.peers[who].ended = true;
		run_until_done(&t);
		run_until_peers_ended(&t);
		assert_int_equal(t.result.end, RELAY_END_FAILED);
		assert_int_equal(t.result.failed, who);
		assert_int_equal(t.result.error, -ECONNRESET);
		assert_true(t.result.bytes[who] >= 100000);
		assert_int_equal(t.peers[1 - who].error, -ECONNRESET);
		assert_int_equal(t.h.loop.pool.lent_bytes, 0);
		tunnel_end(&t);
	}
}

static void
send_a_byte(struct loop_timer *timer)
{
	struct tunnel *t = timer->context;

	t->peers[CLIENT].to_send++;
	send_more(&t->peers[CLIENT]);
	if (t->peers[CLIENT].to_send < 5)
		loop_timer_arm(
		    &t->h.loop, timer, loop_now(&t->h.loop) + 20 * CLOCK_MS);
}

/* Bytes every 20 ms keep alive what may idle for 50; silence ends it. */
static void
idle_tunnels_end(void **state)
{
	struct tunnel t;
	struct loop_timer timer = { .fn = send_a_byte, .context = &t };

	(void)state;
	tunnel_begin(&t, 0);
	int64_t begin = loop_now(&t.h.loop);
	join(&t, 50 * CLOCK_MS);
	loop_timer_arm(&t.h.loop, &timer, begin + 20 * CLOCK_MS);
	run_until_done(&t);
	assert_int_equal(t.result.end, RELAY_END_IDLE);
	assert_int_equal(t.result.bytes[RELAY_FIRST], 5);
	assert_true(t.done_at - begin >= (5 * 20 + 50) * CLOCK_MS);
	run_until_peers_ended(&t);
	tunnel_end(&t);
}

/* After one FIN silence of the other side ends the tunnel as well. */
static void
half_closed_tunnels_idle_too(void **state)
{
	struct tunnel t;

	(void)state;
	tunnel_begin(&t, 0);
	t.peers[CLIENT].fin_after = true;
	join(&t, 20 * CLOCK_MS);
	send_more(&t.peers[CLIENT]);
	run_until_done(&t);
	assert_int_equal(t.result.end, RELAY_END_IDLE);
	assert_true(t.peers[SERVER].ended);
	tunnel_end(&t);
}

static void
destroyed_is_silent(void **state)
{
	struct tunnel t;

	(void)state;
	tunnel_begin(&t, 0);
	join(&t, CLOCK_SECOND);
	t.peers[CLIENT].to_send = 100;
	send_more(&t.peers[CLIENT]);
	while (t.peers[SERVER].received < 100)
		harness_round(&t.h);
	assert_int_equal(relay_bytes(t.relay, RELAY_FIRST), 100);
	assert_int_equal(relay_bytes(t.relay, RELAY_SECOND), 0);
	relay_destroy(&t.relay);
	assert_null(t.relay);
	run_until_peers_ended(&t);
	assert_int_equal(t.done, 0);
	assert_int_equal(t.peers[CLIENT].error, -ECONNRESET);
	assert_int_equal(t.peers[SERVER].error, -ECONNRESET);
	tunnel_end(&t);
}

static void
every_end_has_a_word(void **state)
{
	(void)state;
	assert_string_equal(relay_end_word(RELAY_END_DONE), "done");
	assert_string_equal(relay_end_word(RELAY_END_FAILED), "failed");
	assert_string_equal(relay_end_word(RELAY_END_IDLE), "idle");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_passes_and_both_ends_are_kept),
		cmocka_unit_test(what_was_there_before_goes_first),
		cmocka_unit_test(slow_reader_holds_up_the_sender),
		cmocka_unit_test(the_end_waits_for_the_bytes_before_it),
		cmocka_unit_test(reset_of_one_resets_the_other),
		cmocka_unit_test(idle_tunnels_end),
		cmocka_unit_test(half_closed_tunnels_idle_too),
		cmocka_unit_test(destroyed_is_silent),
		cmocka_unit_test(every_end_has_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
