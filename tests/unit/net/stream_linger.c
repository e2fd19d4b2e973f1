/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream_close_flushed: all is sent, the peer's end is waited for, and nothing
 * makes it last for ever.
 */
#include "stream_ends.h"

/* Unread input of ours does not cut off what we still had to say. */
static void
close_flushed_sends_all_of_it(void **state)
{
	static char block[200000];
	struct both t;
	int before = open_fds();

	(void)state;
	both_begin(&t, SMALL);
	assert_int_equal(stream_write(t.b.stream, STR("never read")), 0);
	assert_int_equal(
	    stream_write(t.a.stream, (struct str){ block, sizeof(block) }), 0);
	stream_close_flushed(&t.a.stream, WATCHDOG / 2);
	assert_null(t.a.stream);
	stream_read_start(t.b.stream);
	run_until_told(&t.h, &t.b, 'e');
	assert_int_equal(t.b.taken.len, sizeof(block));
	stream_close(&t.b.stream);
	/* Only the loop's own three are left once the peer's FIN was seen. */
	while (open_fds() > before + 2)
		harness_round(&t.h);
	assert_string_equal(t.a.told, "");
	both_end(&t);
	assert_int_equal(open_fds(), before);
}

/* The peer reads nothing and says nothing. */
static void
close_flushed_is_bounded_by_time(void **state)
{
	static char block[200000];
	struct one t;
	int before;

	(void)state;
	one_begin(&t, SMALL);
	before = open_fds();
	assert_int_equal(
	    stream_write(t.a.stream, (struct str){ block, sizeof(block) }), 0);
	int64_t begin = loop_now(&t.h.loop);
	stream_close_flushed(&t.a.stream, 10 * CLOCK_MS);
	while (open_fds() == before)
		harness_round(&t.h);
	assert_true(loop_now(&t.h.loop) - begin >= 10 * CLOCK_MS);
	assert_int_equal(t.h.loop.pool.lent_bytes, 0);
	one_end(&t);
}

/* The peer never stops talking: in the end it gets a reset. */
static void
close_flushed_is_bounded_by_bytes(void **state)
{
	static char block[65536];
	struct one t;
	size_t sent = 0;
	ssize_t n = 0;

	(void)state;
	one_begin(&t, 0);
	stream_close_flushed(&t.a.stream, WATCHDOG / 2);
	while (n >= 0 || errno == EAGAIN) {
		harness_round(&t.h);
		n = send(t.peer, block, sizeof(block), MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		assert_true(sent < STREAM_LINGER_BYTES_MAX + (16 << 20));
	}
	assert_true(sent > STREAM_LINGER_BYTES_MAX);
	assert_true(errno == ECONNRESET || errno == EPIPE);
	one_end(&t);
}

static void
close_flushed_ends_with_a_reset(void **state)
{
	static char block[200000];
	struct one t;
	int before;

	(void)state;
	one_begin(&t, SMALL);
	before = open_fds();
	assert_int_equal(
	    stream_write(t.a.stream, (struct str){ block, sizeof(block) }), 0);
	stream_close_flushed(&t.a.stream, WATCHDOG / 2);
	socket_close_reset(t.peer);
	t.peer = -1;
	while (open_fds() > before - 2)
		harness_round(&t.h);
	assert_string_equal(t.a.told, "");
	one_end(&t);
}

/* After both halves have ended already there is nothing to wait for. */
static void
close_flushed_after_both_ends_is_at_once(void **state)
{
	struct one t;
	int before;

	(void)state;
	one_begin(&t, 0);
	before = open_fds();
	(void)shutdown(t.peer, SHUT_WR);
	stream_read_start(t.a.stream);
	stream_shutdown(t.a.stream);
	run_until_told(&t.h, &t.a, 'e');
	run_until_told(&t.h, &t.a, 'f');
	stream_close_flushed(&t.a.stream, WATCHDOG / 2);
	harness_round(&t.h);
	harness_round(&t.h);
	assert_int_equal(open_fds(), before - 1);
	one_end(&t);
}

/* Nobody holds it any more, so the loop takes it along. */
static void
close_flushed_ends_with_the_loop(void **state)
{
	static char block[200000];
	struct one t;
	int before = open_fds();

	(void)state;
	one_begin(&t, SMALL);
	assert_int_equal(
	    stream_write(t.a.stream, (struct str){ block, sizeof(block) }), 0);
	stream_close_flushed(&t.a.stream, WATCHDOG / 2);
	one_end(&t);
	assert_int_equal(open_fds(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(close_flushed_sends_all_of_it),
		cmocka_unit_test(close_flushed_is_bounded_by_time),
		cmocka_unit_test(close_flushed_is_bounded_by_bytes),
		cmocka_unit_test(close_flushed_ends_with_a_reset),
		cmocka_unit_test(close_flushed_after_both_ends_is_at_once),
		cmocka_unit_test(close_flushed_ends_with_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
