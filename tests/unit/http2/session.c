/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two sessions, of a server and of a client, that speak with each other over a
 * socket pair in one loop.
 */
#include "http2/session.h"

#include "base/text.h"
#include "http2/limits.h"

#include "../net/harness.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#define STREAMS 16

/* What has come in a stream. */
struct heard {
	struct stream *stream;
	struct text bytes;
	bool ended, finished, drained;
	int error;
};

struct pair {
	struct harness h;
	struct stream *wires[2];
	struct http2_session *server, *client;
	struct heard asked[STREAMS], answers[STREAMS];
	size_t asked_count;
	int fault;
	bool over[2];
	enum http2_end why[2];
};

static void
on_data(struct stream *stream, void *context)
{
	struct heard *heard = context;

	text_add(&heard->bytes, stream_input(stream));
	stream_consume(stream, stream_input(stream).len);
}

static void
on_ended(struct stream *stream, void *context)
{
	struct heard *heard = context;

	(void)stream;
	heard->ended = true;
}

static void
on_drained(struct stream *stream, void *context)
{
	struct heard *heard = context;

	(void)stream;
	heard->drained = true;
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	struct heard *heard = context;

	(void)stream;
	heard->error = error;
}

static const struct stream_user hearing = {
	.data = on_data,
	.ended = on_ended,
	.drained = on_drained,
	.failed = on_failed,
};

static void
hear(struct heard *heard, struct stream *stream)
{
	heard->stream = stream;
	stream_use(stream, &hearing, heard);
	stream_read_start(stream);
}

static void
on_asked(struct stream *stream, int fault, void *context)
{
	struct pair *pair = context;

	pair->fault = fault;
	assert_true(pair->asked_count < STREAMS);
	hear(&pair->asked[pair->asked_count++], stream);
}

static void
on_server_over(enum http2_end why, void *context)
{
	struct pair *pair = context;

	pair->over[0] = true;
	pair->why[0] = why;
	http2_session_destroy(&pair->server);
	stream_close_flushed(&pair->wires[0], CLOCK_SECOND);
}

static void
on_client_over(enum http2_end why, void *context)
{
	struct pair *pair = context;

	pair->over[1] = true;
	pair->why[1] = why;
	http2_session_destroy(&pair->client);
	stream_close(&pair->wires[1]);
}

static const struct http2_user serving = {
	.asked = on_asked,
	.ended = on_server_over,
};
static const struct http2_user asking = { .ended = on_client_over };

static void
begin(struct pair *pair)
{
	struct http2_options options = { .side = HTTP2_SERVER,
		.idle = 60 * CLOCK_SECOND,
		.head = 30 * CLOCK_SECOND,
		.stall = 60 * CLOCK_SECOND };
	int fds[2];

	memset(pair, 0, sizeof(*pair));
	harness_begin(&pair->h);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(stream_create(&pair->h.loop, fds[i],
				     &stream_limits_usual, &pair->wires[i]),
		    0);
	assert_int_equal(http2_session_create(pair->wires[0], &options,
			     &serving, pair, &pair->server),
	    0);
	options.side = HTTP2_CLIENT;
	options.https = true;
	options.head = 120 * CLOCK_MS; /* so it looks every 20 ms */
	options.silence = options.pong = 60 * CLOCK_MS;
	assert_int_equal(http2_session_create(pair->wires[1], &options, &asking,
			     pair, &pair->client),
	    0);
}

static void
end(struct pair *pair)
{
	for (int i = 0; i < STREAMS; i++) {
		stream_close(&pair->asked[i].stream);
		stream_close(&pair->answers[i].stream);
		text_fini(&pair->asked[i].bytes);
		text_fini(&pair->answers[i].bytes);
	}
	http2_session_destroy(&pair->client);
	http2_session_destroy(&pair->server);
	stream_close(&pair->wires[0]);
	stream_close(&pair->wires[1]);
	assert_int_equal(pair->h.loop.pool.lent_bytes, 0);
	loop_fini(&pair->h.loop);
}

/* Both have said all that they can. */
static void
settle(struct pair *pair)
{
	for (int i = 0; i < 60; i++)
		harness_round(&pair->h);
}

static struct heard *
ask(struct pair *pair, size_t n, const char *head)
{
	struct stream *stream;

	assert_int_equal(http2_session_open(pair->client, &stream), 0);
	hear(&pair->answers[n], stream);
	assert_int_equal(stream_write(stream, str_of(head)), 0);
	return &pair->answers[n];
}

#define GET "GET /x HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define GOT "GET https://a.example/x HTTP/2.0\r\nhost: a.example\r\n\r\n"
#define OK  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static bool
said(const struct heard *heard, const char *words)
{
	return str_is(text_str(&heard->bytes), words);
}

static void
a_request_and_its_answer(void **state)
{
	struct pair p;

	(void)state;
	begin(&p);
	struct heard *answer = ask(&p, 0, GET);
	stream_shutdown(answer->stream);
	settle(&p);
	assert_int_equal(p.asked_count, 1);
	assert_int_equal(p.fault, -1);
	assert_true(said(&p.asked[0], GOT) && p.asked[0].ended);
	assert_true(http2_stream_is_alone(p.asked[0].stream));
	assert_true(http2_stream_has_ended(p.asked[0].stream));
	assert_int_equal(stream_write(p.asked[0].stream, STR(OK)), 0);
	stream_shutdown(p.asked[0].stream);
	stream_close(&p.asked[0].stream);
	settle(&p);
	assert_true(
	    said(answer, "HTTP/2.0 200 \r\ncontent-length: 5\r\n\r\nhello"));
	assert_true(answer->ended && answer->error == 0);
	assert_int_equal(http2_session_streams(p.server), 0);
	assert_int_equal(http2_session_streams(p.client), 0);
	end(&p);
}

/* A head may come byte by byte from who writes it. */
static void
a_head_in_pieces_and_interim_ones(void **state)
{
	static const char words[] = "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n"
				    "HTTP/1.1 200 OK\r\n\r\nhello";
	struct pair p;

	(void)state;
	begin(&p);
	struct heard *answer = ask(&p, 0, GET);
	stream_shutdown(answer->stream);
	settle(&p);
	for (size_t i = 0; i < sizeof(words) - 1; i++)
		assert_int_equal(stream_write(p.asked[0].stream,
				     (struct str){ words + i, 1 }),
		    0);
	stream_shutdown(p.asked[0].stream);
	settle(&p);
	assert_true(said(answer, "HTTP/2.0 103 \r\nx: y\r\n\r\n"
				 "HTTP/2.0 200 \r\n\r\nhello"));
	end(&p);
}

/* What is not read stops the other side, and it alone. */
static void
back_pressure(void **state)
{
	struct pair p;
	size_t sent = 0;
	static char bytes[16384];

	(void)state;
	begin(&p);
	struct heard *one = ask(&p, 0, GET), *two;
	settle(&p);
	stream_read_stop(p.asked[0].stream);
	for (int i = 0; i < 100 && !stream_is_full(one->stream); i++) {
		if (stream_write(
			one->stream, (struct str){ bytes, sizeof(bytes) }) == 0)
			sent += sizeof(bytes);
		settle(&p);
	}
	assert_true(stream_is_full(one->stream));
	assert_in_range(sent, HTTP2_CLIENT_WINDOW_BYTES, 512 << 10);
	two = ask(&p, 1, GET);
	stream_shutdown(two->stream);
	settle(&p);
	assert_int_equal(p.asked_count, 2);
	stream_read_start(p.asked[0].stream);
	stream_shutdown(one->stream);
	for (int i = 0; i < 50; i++)
		settle(&p);
	assert_true(one->drained || p.asked[0].ended);
	assert_int_equal(p.asked[0].bytes.len, sizeof(GOT) - 1 + sent);
	end(&p);
}

/* As far as it is taken: `bytes` of content. */
static size_t
send_content(struct pair *pair, struct heard *heard, size_t bytes)
{
	static char piece[16384];
	size_t sent = 0;

	while (sent < bytes && !stream_is_full(heard->stream)) {
		assert_int_equal(stream_write(heard->stream,
				     (struct str){ piece, sizeof(piece) }),
		    0);
		sent += sizeof(piece);
		settle(pair);
	}
	return sent;
}

/* All but one leave as much lying as they may, which is more than half of what
 * the connection may hold: the last has what remains, again and again. */
static void
who_does_not_read_holds_up_nobody_else(void **state)
{
	struct pair p;
	size_t last = STREAMS - 1, content = 1 << 20;

	(void)state;
	static_assert(STREAMS * HTTP2_CLIENT_WINDOW_BYTES ==
			  HTTP2_CLIENT_WINDOW_ALL_BYTES,
	    "the last has no more than its own window");
	begin(&p);
	for (size_t i = 0; i < STREAMS; i++)
		(void)ask(&p, i, GET);
	settle(&p);
	for (size_t i = 0; i < last; i++) {
		stream_read_stop(p.asked[i].stream);
		(void)send_content(
		    &p, &p.answers[i], HTTP2_CLIENT_WINDOW_BYTES);
	}
	assert_int_equal(send_content(&p, &p.answers[last], content), content);
	stream_shutdown(p.answers[last].stream);
	settle(&p);
	assert_true(p.asked[last].ended);
	assert_int_equal(p.asked[last].bytes.len, sizeof(GOT) - 1 + content);
	end(&p);
}

static void
a_stream_that_is_broken_off(void **state)
{
	struct pair p;

	(void)state;
	begin(&p);
	struct heard *answer = ask(&p, 0, GET);
	stream_shutdown(answer->stream);
	settle(&p);
	assert_int_equal(
	    stream_write(p.asked[0].stream, STR("HTTP/1.1 200 OK\r\n\r\nhalf")),
	    0);
	settle(&p);
	stream_close(&p.asked[0].stream);
	settle(&p);
	assert_int_equal(answer->error, -ECONNABORTED);
	assert_string_equal(http2_stream_why(answer->stream), "INTERNAL_ERROR");
	assert_false(answer->ended);
	assert_true(said(answer, "HTTP/2.0 200 \r\n\r\nhalf"));
	/* And from the other side. */
	struct heard *other = ask(&p, 1, GET);
	settle(&p);
	stream_close(&other->stream);
	settle(&p);
	assert_int_equal(p.asked[1].error, -ECONNRESET);
	end(&p);
}

static void
no_more_than_the_server_takes(void **state)
{
	struct stream *streams[HTTP2_STREAMS_MAX], *one;
	struct pair p;

	(void)state;
	begin(&p);
	settle(&p);
	for (int i = 0; i < HTTP2_STREAMS_MAX; i++)
		assert_int_equal(http2_session_open(p.client, &streams[i]), 0);
	assert_int_equal(http2_session_open(p.client, &one), -EBUSY);
	stream_close(&streams[0]);
	assert_int_equal(http2_session_open(p.client, &streams[0]), 0);
	for (int i = 0; i < HTTP2_STREAMS_MAX; i++)
		stream_close(&streams[i]);
	end(&p);
}

/* RFC 9113, 6.8: what is under way is served, and what comes is not. */
static void
a_server_that_goes_away(void **state)
{
	struct stream *more;
	struct pair p;

	(void)state;
	begin(&p);
	struct heard *answer = ask(&p, 0, GET);
	stream_shutdown(answer->stream);
	settle(&p);
	http2_session_drain(p.server, CLOCK_MS);
	harness_run_for(&p.h, 20 * CLOCK_MS);
	assert_int_equal(http2_session_open(p.client, &more), -EPIPE);
	assert_false(p.over[0]);
	assert_int_equal(stream_write(p.asked[0].stream, STR(OK)), 0);
	stream_shutdown(p.asked[0].stream);
	stream_close(&p.asked[0].stream);
	settle(&p);
	assert_true(answer->ended && answer->error == 0);
	assert_true(p.over[0] && p.why[0] == HTTP2_END_DONE);
	end(&p);
}

/* The answer is whole by its length, and its end may come when it likes. */
static void
one_that_is_let_go(void **state)
{
	struct pair p;

	(void)state;
	begin(&p);
	struct heard *answer = ask(&p, 0, GET);
	stream_shutdown(answer->stream);
	settle(&p);
	assert_int_equal(stream_write(p.asked[0].stream, STR(OK)), 0);
	settle(&p);
	assert_false(answer->ended);
	http2_stream_let_go(&answer->stream);
	assert_null(answer->stream);
	settle(&p);
	assert_int_equal(p.asked[0].error, 0);
	assert_int_equal(http2_session_streams(p.client), 1);
	stream_shutdown(p.asked[0].stream);
	stream_close(&p.asked[0].stream);
	settle(&p);
	assert_int_equal(http2_session_streams(p.client), 0);
	end(&p);
}

/* More than was said: it is taken back. */
static void
one_that_goes_on_though_it_was_let_go(void **state)
{
	struct pair p;

	(void)state;
	begin(&p);
	struct heard *answer = ask(&p, 0, GET);
	stream_shutdown(answer->stream);
	settle(&p);
	assert_int_equal(stream_write(p.asked[0].stream,
			     STR("HTTP/1.1 200 OK\r\n\r\nhello")),
	    0);
	settle(&p);
	http2_stream_let_go(&answer->stream);
	assert_int_equal(stream_write(p.asked[0].stream, STR("more")), 0);
	settle(&p);
	assert_int_equal(p.asked[0].error, -ECONNRESET);
	assert_int_equal(http2_session_streams(p.client), 0);
	end(&p);
}

/* Nobody reads at the other end: it is asked, and does not answer. */
static void
a_server_that_is_gone_without_a_word(void **state)
{
	struct pair p;

	(void)state;
	begin(&p);
	struct heard *answer = ask(&p, 0, GET);
	settle(&p);
	http2_session_destroy(&p.server);
	stream_use(p.wires[0], NULL, NULL);
	stream_read_stop(p.wires[0]);
	harness_run_for(&p.h, 400 * CLOCK_MS);
	assert_true(p.over[1] && p.why[1] == HTTP2_END_STALL);
	assert_int_equal(answer->error, -ECONNRESET);
	assert_string_equal(
	    http2_stream_why(answer->stream), "the connection is dead");
	end(&p);
}

/* One that does answer is asked again and again. */
static void
a_server_that_takes_its_time(void **state)
{
	struct pair p;

	(void)state;
	begin(&p);
	struct heard *answer = ask(&p, 0, GET);
	settle(&p);
	harness_run_for(&p.h, 400 * CLOCK_MS);
	assert_false(p.over[1]);
	assert_int_equal(answer->error, 0);
	end(&p);
}

/* A server would take us for who does the same to it. */
static void
too_much_that_is_taken_back(void **state)
{
	struct stream *stream;
	struct pair p;
	int taken_back = 0;

	(void)state;
	begin(&p);
	/* What was never sent does not count. */
	for (int i = 0; i < HTTP2_RESETS_MAX; i++) {
		assert_int_equal(http2_session_open(p.client, &stream), 0);
		stream_close(&stream);
	}
	while (http2_session_open(p.client, &stream) == 0) {
		assert_int_equal(stream_write(stream, STR(GET)), 0);
		harness_round(&p.h);
		harness_round(&p.h);
		stream_close(&stream);
		settle(&p);
		for (; p.asked_count > 0; p.asked_count--)
			stream_close(&p.asked[p.asked_count - 1].stream);
		assert_true(++taken_back < HTTP2_RESETS_MAX);
	}
	assert_true(taken_back > HTTP2_RESETS_MAX / 2);
	assert_false(p.over[1]);
	end(&p);
}

static void
a_connection_that_ends(void **state)
{
	struct pair p;

	(void)state;
	begin(&p);
	struct heard *answer = ask(&p, 0, GET);
	settle(&p);
	http2_session_destroy(&p.server);
	stream_close(&p.wires[0]);
	settle(&p);
	assert_true(p.over[1] && p.why[1] == HTTP2_END_PEER);
	assert_int_equal(answer->error, -ECONNRESET);
	assert_int_equal(p.asked[0].error, -ECONNRESET);
	end(&p);
}

static void
a_head_that_is_none(void **state)
{
	struct pair p;

	(void)state;
	begin(&p);
	(void)ask(&p, 0, "GET /x HTTP/1.1\r\nHost: a/b\r\n\r\n");
	settle(&p);
	assert_int_equal(p.asked_count, p.fault == HTTP_FAULT_HOST ? 1 : 0);
	end(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_and_its_answer),
		cmocka_unit_test(a_head_in_pieces_and_interim_ones),
		cmocka_unit_test(back_pressure),
		cmocka_unit_test(who_does_not_read_holds_up_nobody_else),
		cmocka_unit_test(a_stream_that_is_broken_off),
		cmocka_unit_test(no_more_than_the_server_takes),
		cmocka_unit_test(a_server_that_goes_away),
		cmocka_unit_test(one_that_is_let_go),
		cmocka_unit_test(one_that_goes_on_though_it_was_let_go),
		cmocka_unit_test(a_server_that_is_gone_without_a_word),
		cmocka_unit_test(a_server_that_takes_its_time),
		cmocka_unit_test(too_much_that_is_taken_back),
		cmocka_unit_test(a_connection_that_ends),
		cmocka_unit_test(a_head_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
