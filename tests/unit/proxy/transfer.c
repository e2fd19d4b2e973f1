/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A naked socket sends; a transfer goes from the stream at its other end to a
 * second connection, whose far end writes down what arrives.
 */
#include "proxy/transfer.h"

#include "../net/stream_ends.h"

#include <errno.h>
#include <string.h>

struct test {
	struct one in;
	struct end out, far;
	struct transfer transfer;
	enum transfer_result result;
	bool over;
};

static void
run(struct test *t)
{
	if (t->over)
		return;
	t->result = transfer_run(&t->transfer);
	t->over = t->result != TRANSFER_WAITS;
	if (t->over)
		stream_shutdown(t->transfer.to);
}

static void
on_word(struct stream *stream, void *context)
{
	(void)stream;
	run(context);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	(void)context;
	fail();
}

static const struct stream_user reader = {
	.data = on_word,
	.ended = on_word,
	.failed = on_failed,
};
static const struct stream_user writer = {
	.drained = on_word,
	.failed = on_failed,
};

static void
begin(struct test *t, int socket_bytes, enum http_framing in, int64_t length,
    enum http_framing out)
{
	int fds[2];

	*t = (struct test){ .over = false };
	one_begin(&t->in, 0);
	tcp_pair(fds, socket_bytes);
	end_begin(&t->out, &t->in.h, fds[0]);
	end_begin(&t->far, &t->in.h, fds[1]);
	transfer_init(
	    &t->transfer, t->in.a.stream, t->out.stream, in, length, out);
	stream_use(t->in.a.stream, &reader, t);
	stream_use(t->out.stream, &writer, t);
	stream_read_start(t->in.a.stream);
}

static void
end(struct test *t)
{
	end_fini(&t->out);
	end_fini(&t->far);
	one_end(&t->in);
}

/* Until the transfer is over and all of it has arrived. */
static void
await_end(struct test *t)
{
	stream_read_start(t->far.stream);
	run_until_told(&t->in.h, &t->far, 'e');
}

static const struct {
	const char *said;
	enum http_framing in;
	int64_t length;
	enum http_framing out;
	enum transfer_result result;
	const char *want; /* that arrives */
	size_t left;      /* bytes of the next message */
} cases[] = {
	{ "hello", HTTP_FRAMING_LENGTH, 5, HTTP_FRAMING_LENGTH, TRANSFER_DONE,
	    "hello", 0 },
	{ "hello+", HTTP_FRAMING_LENGTH, 5, HTTP_FRAMING_LENGTH, TRANSFER_DONE,
	    "hello", 1 },
	{ "+", HTTP_FRAMING_LENGTH, 0, HTTP_FRAMING_LENGTH, TRANSFER_DONE, "",
	    1 },
	{ "+", HTTP_FRAMING_NONE, 0, HTTP_FRAMING_NONE, TRANSFER_DONE, "", 1 },
	{ "hell", HTTP_FRAMING_LENGTH, 5, HTTP_FRAMING_LENGTH, TRANSFER_BAD,
	    "hell", 0 },
	{ "5\r\nhello\r\n0\r\n\r\n+", HTTP_FRAMING_CHUNKED, 0,
	    HTTP_FRAMING_CHUNKED, TRANSFER_DONE, "5\r\nhello\r\n0\r\n\r\n", 1 },
	{ "2;a=b\r\nhe\r\n03\r\nllo\r\n0\r\nA: b\r\n\r\n", HTTP_FRAMING_CHUNKED,
	    0, HTTP_FRAMING_CHUNKED, TRANSFER_DONE,
	    "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", 0 },
	{ "5\r\nhello\r\n0\r\n\r\n", HTTP_FRAMING_CHUNKED, 0,
	    HTTP_FRAMING_UNTIL_CLOSE, TRANSFER_DONE, "hello", 0 },
	{ "0\r\n\r\n", HTTP_FRAMING_CHUNKED, 0, HTTP_FRAMING_CHUNKED,
	    TRANSFER_DONE, "0\r\n\r\n", 0 },
	{ "5\r\nhel", HTTP_FRAMING_CHUNKED, 0, HTTP_FRAMING_CHUNKED,
	    TRANSFER_BAD, "3\r\nhel\r\n", 0 },
	{ "5\r\nhello\r\n", HTTP_FRAMING_CHUNKED, 0, HTTP_FRAMING_CHUNKED,
	    TRANSFER_BAD, "5\r\nhello\r\n", 0 },
	{ "x", HTTP_FRAMING_CHUNKED, 0, HTTP_FRAMING_CHUNKED, TRANSFER_BAD, "",
	    1 },
	{ "hello", HTTP_FRAMING_UNTIL_CLOSE, 0, HTTP_FRAMING_CHUNKED,
	    TRANSFER_DONE, "5\r\nhello\r\n0\r\n\r\n", 0 },
	{ "hello", HTTP_FRAMING_UNTIL_CLOSE, 0, HTTP_FRAMING_UNTIL_CLOSE,
	    TRANSFER_DONE, "hello", 0 },
	{ "", HTTP_FRAMING_UNTIL_CLOSE, 0, HTTP_FRAMING_CHUNKED, TRANSFER_DONE,
	    "0\r\n\r\n", 0 },
};

static void
content_ends_where_its_framing_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str said = str_of(cases[i].said);
		struct test t;
		begin(&t, 0, cases[i].in, cases[i].length, cases[i].out);
		if (said.len > 0)
			peer_sends(&t.in, said);
		assert_int_equal(shutdown(t.in.peer, SHUT_WR), 0);
		await_end(&t);
		assert_int_equal(t.result, cases[i].result);
		if (!str_is(text_str(&t.far.taken), cases[i].want))
			fail_msg("case %zu: '%.*s'", i, (int)t.far.taken.len,
			    t.far.taken.at);
		assert_int_equal(t.transfer.passed, t.far.taken.len);
		assert_int_equal(
		    stream_input(t.in.a.stream).len, cases[i].left);
		assert_int_equal(t.transfer.taken, said.len - cases[i].left);
		/* Run again it says the same, and nothing twice. */
		if (t.result == TRANSFER_DONE)
			assert_int_equal(
			    transfer_run(&t.transfer), TRANSFER_DONE);
		end(&t);
	}
}

static void
byte_by_byte(void **state)
{
	struct str said = STR("2;a\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n");
	struct test t;

	(void)state;
	begin(&t, 0, HTTP_FRAMING_CHUNKED, 0, HTTP_FRAMING_UNTIL_CLOSE);
	set_int(t.in.peer, IPPROTO_TCP, TCP_NODELAY, 1);
	for (size_t i = 0; i < said.len; i++) {
		assert_int_equal(t.over, false);
		peer_sends(&t.in, (struct str){ said.at + i, 1 });
		wait_for(stream_fd(t.in.a.stream), POLLIN);
		harness_round(&t.in.h);
	}
	await_end(&t);
	assert_int_equal(t.result, TRANSFER_DONE);
	assert_true(str_is(text_str(&t.far.taken), "hello"));
	end(&t);
}

/* Who does not read stops who sends; nothing grows, and nothing is lost. */
static void
a_reader_that_is_slow(void **state)
{
	static char much[1 << 20];
	size_t sent = 0;
	struct test t;

	(void)state;
	for (size_t i = 0; i < sizeof(much); i++)
		much[i] = (char)(i * 7 + i / 251);
	begin(
	    &t, SMALL, HTTP_FRAMING_LENGTH, sizeof(much), HTTP_FRAMING_LENGTH);
	for (int idle = 0; idle < 100;) {
		ssize_t n = send(t.in.peer, much + sent, sizeof(much) - sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		sent += n > 0 ? (size_t)n : 0;
		idle = n > 0 ? 0 : idle + 1; /* nothing is taken any more */
		harness_round(&t.in.h);
		harness_round(&t.in.h);
	}
	assert_int_equal(t.result, TRANSFER_WAITS);
	assert_false(t.over);
	assert_true(
	    stream_pending(t.out.stream) > stream_limits_usual.output_low);
	assert_true(stream_pending(t.out.stream) <=
		    stream_limits_usual.output_bytes_max);
	assert_true(t.in.h.loop.pool.lent_bytes <= (size_t)512 << 10);
	stream_read_start(t.far.stream);
	while (sent < sizeof(much)) {
		ssize_t n = send(t.in.peer, much + sent, sizeof(much) - sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		sent += n > 0 ? (size_t)n : 0;
		harness_round(&t.in.h);
	}
	await_end(&t);
	assert_int_equal(t.result, TRANSFER_DONE);
	assert_int_equal(t.far.taken.len, sizeof(much));
	assert_memory_equal(t.far.taken.at, much, sizeof(much));
	end(&t);
}

static void
a_writer_that_has_ended(void **state)
{
	struct test t;

	(void)state;
	begin(&t, 0, HTTP_FRAMING_LENGTH, 5, HTTP_FRAMING_LENGTH);
	stream_shutdown(t.out.stream);
	peer_sends(&t.in, STR("hello"));
	wait_for(stream_fd(t.in.a.stream), POLLIN);
	harness_round(&t.in.h);
	assert_int_equal(t.result, TRANSFER_STUCK);
	/* What could not be written is not taken. */
	assert_int_equal(stream_input(t.in.a.stream).len, 5);
	end(&t);
}

/* Its first server breaks off, of which the transfer has not heard when more
 * comes; the second one has each byte once. */
static void
what_the_first_one_did_not_take(void **state)
{
	struct end other;
	struct test t;
	int fds[2];

	(void)state;
	begin(&t, 0, HTTP_FRAMING_LENGTH, 10, HTTP_FRAMING_LENGTH);
	transfer_keep(&t.transfer);
	peer_sends(&t.in, STR("hello"));
	wait_for(stream_fd(t.in.a.stream), POLLIN);
	harness_round(&t.in.h);
	assert_int_equal(t.transfer.taken, 5);
	stream_use(t.out.stream, NULL, NULL);
	stream_break(t.out.stream, -ECONNREFUSED);
	peer_sends(&t.in, STR("world+"));
	wait_for(stream_fd(t.in.a.stream), POLLIN);
	harness_round(&t.in.h);
	assert_int_equal(t.result, TRANSFER_STUCK);
	tcp_pair(fds, 0);
	end_begin(&other, &t.in.h, fds[0]);
	assert_true(transfer_can_repeat(&t.transfer));
	assert_true(transfer_repeat(
	    &t.transfer, other.stream, HTTP_FRAMING_UNTIL_CLOSE));
	assert_int_equal(transfer_run(&t.transfer), TRANSFER_DONE);
	stream_shutdown(other.stream);
	assert_int_equal(stream_input(t.in.a.stream).len, 1);
	char got[16];
	harness_round(&t.in.h);
	assert_int_equal(recv(fds[1], got, sizeof(got), 0), 10);
	assert_memory_equal(got, "helloworld", 10);
	(void)close(fds[1]);
	transfer_forget(&t.transfer);
	end_fini(&other);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(content_ends_where_its_framing_says),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(a_reader_that_is_slow),
		cmocka_unit_test(a_writer_that_has_ended),
		cmocka_unit_test(what_the_first_one_did_not_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
