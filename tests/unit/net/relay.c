/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tunnels (tunnel.h) whose sockets and messages are small; stream_bulk.c tests
 * those in which much flows. */
#include "net/relay.h"
#include "tunnel.h"

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

/* Bytes every 20 ms keep alive what may idle for 400 (with so much between them
 * that a busy machine does not take one for silence); silence ends it. */
static void
idle_tunnels_end(void **state)
{
	struct tunnel t;
	struct loop_timer timer = { .fn = send_a_byte, .context = &t };

	(void)state;
	tunnel_begin(&t, 0);
	int64_t begin = loop_now(&t.h.loop);
	join(&t, 400 * CLOCK_MS);
	loop_timer_arm(&t.h.loop, &timer, begin + 20 * CLOCK_MS);
	run_until_done(&t);
	assert_int_equal(t.result.end, RELAY_END_IDLE);
	assert_int_equal(t.result.bytes[RELAY_FIRST], 5);
	assert_true(t.done_at - begin >= (5 * 20 + 400) * CLOCK_MS);
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
