/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Streams over loopback TCP: what is told, in which order and how often;
 * back-pressure; closing at once; a transport with needs of its own.
 */
#include "stream_ends.h"

/* ---- reading ---- */

static void
bytes_arrive(void **state)
{
	struct both t;

	(void)state;
	both_begin(&t, 0);
	stream_read_start(t.b.stream);
	assert_int_equal(stream_write(t.a.stream, STR("hello")), 0);
	assert_int_equal(stream_pending(t.a.stream), 0);
	run_until_told(&t.h, &t.b, 'd');
	assert_true(str_is(text_str(&t.b.taken), "hello"));
	assert_int_equal(t.h.loop.pool.lent_bytes, 0);
	assert_string_equal(t.a.told, "");
	both_end(&t);
}

static void
nothing_is_read_before_start_and_after_stop(void **state)
{
	struct one t;

	(void)state;
	one_begin(&t, 0);
	peer_sends(&t, STR("one"));
	wait_for(stream_fd(t.a.stream), POLLIN);
	harness_round(&t.h);
	assert_string_equal(t.a.told, "");
	stream_read_start(t.a.stream);
	run_until_told(&t.h, &t.a, 'd');
	stream_read_stop(t.a.stream);
	peer_sends(&t, STR("two"));
	(void)shutdown(t.peer, SHUT_WR);
	wait_for(stream_fd(t.a.stream), POLLIN);
	harness_round(&t.h);
	assert_string_equal(t.a.told, "d");
	stream_read_start(t.a.stream);
	run_until_told(&t.h, &t.a, 'e');
	assert_string_equal(t.a.told, "dde");
	assert_true(str_is(text_str(&t.a.taken), "onetwo"));
	one_end(&t);
}

/* What a user leaves lying is there for it when more comes. */
static void
unconsumed_bytes_stay(void **state)
{
	struct one t;

	(void)state;
	one_begin(&t, 0);
	t.a.lets_lie = true;
	stream_read_start(t.a.stream);
	peer_sends(&t, STR("GET / HT"));
	run_until_told(&t.h, &t.a, 'd');
	harness_round(&t.h);
	assert_string_equal(t.a.told, "d");
	peer_sends(&t, STR("TP/1.1"));
	end_forget(&t.a);
	run_until_told(&t.h, &t.a, 'd');
	assert_true(str_is(stream_input(t.a.stream), "GET / HTTP/1.1"));
	stream_consume(t.a.stream, 4);
	assert_true(str_is(stream_input(t.a.stream), "/ HTTP/1.1"));
	one_end(&t);
}

/* From HTTP to a tunnel: the next user hears of bytes and end it inherits. */
static void
the_next_user_hears_of_what_is_there(void **state)
{
	struct one t;
	struct end next = { .told = "" };

	(void)state;
	one_begin(&t, 0);
	t.a.lets_lie = true;
	stream_read_start(t.a.stream);
	peer_sends(&t, STR("inherited"));
	(void)shutdown(t.peer, SHUT_WR);
	run_until_told(&t.h, &t.a, 'e');
	assert_string_equal(t.a.told, "de");
	next.loop = &t.h.loop;
	next.stream = t.a.stream;
	stream_use(t.a.stream, &end_user, &next);
	assert_string_equal(next.told, "");
	run_until_told(&t.h, &next, 'e');
	assert_string_equal(next.told, "de");
	assert_true(str_is(text_str(&next.taken), "inherited"));
	assert_string_equal(t.a.told, "de");
	text_fini(&next.taken);
	one_end(&t);
}

static void
starting_again_tells_of_what_is_there(void **state)
{
	struct one t;

	(void)state;
	one_begin(&t, 0);
	t.a.lets_lie = true;
	stream_read_start(t.a.stream);
	peer_sends(&t, STR("x"));
	run_until_told(&t.h, &t.a, 'd');
	stream_read_stop(t.a.stream);
	stream_read_start(t.a.stream);
	harness_round(&t.h);
	assert_string_equal(t.a.told, "dd");
	one_end(&t);
}

/* A user that consumes nothing holds the limit and no more, and the peer is
 * held up; then everything comes. */
static void
a_full_input_stops_the_peer(void **state)
{
	static char block[200000];
	const size_t max = stream_limits_usual.input_bytes_max;
	struct both t;

	(void)state;
	both_begin(&t, SMALL);
	t.b.lets_lie = true;
	stream_read_start(t.b.stream);
	assert_int_equal(
	    stream_write(t.a.stream, (struct str){ block, sizeof(block) }), 0);
	while (!stream_input_is_full(t.b.stream))
		harness_round(&t.h);
	for (int i = 0; i < 10; i++)
		harness_round(&t.h);
	assert_int_equal(stream_input(t.b.stream).len, max);
	assert_true(stream_pending(t.a.stream) > 0);
	assert_true(t.h.loop.pool.lent_bytes <=
		    max + stream_limits_usual.output_bytes_max);
	t.b.lets_lie = false;
	t.b.stop_at = sizeof(block);
	take(&t.b);
	harness_run(&t.h);
	assert_int_equal(t.b.taken.len, sizeof(block));
	assert_int_equal(stream_pending(t.a.stream), 0);
	assert_int_equal(t.h.loop.pool.lent_bytes, 0);
	both_end(&t);
}

/* ---- writing ---- */

static void
a_full_output_is_told_and_drains(void **state)
{
	static char block[16384];
	const struct str bytes = { block, sizeof(block) };
	size_t written = 0;
	struct both t;

	(void)state;
	both_begin(&t, SMALL);
	while (!stream_is_full(t.a.stream)) {
		assert_int_equal(stream_write(t.a.stream, bytes), 0);
		written += bytes.len;
	}
	assert_true(
	    stream_pending(t.a.stream) >= stream_limits_usual.output_high);
	harness_round(&t.h);
	assert_string_equal(t.a.told, "");
	stream_read_start(t.b.stream);
	run_until_told(&t.h, &t.a, 'w');
	assert_true(
	    stream_pending(t.a.stream) <= stream_limits_usual.output_low);
	t.b.stop_at = written;
	harness_run(&t.h);
	assert_string_equal(t.a.told, "w");
	both_end(&t);
}

static void
no_write_goes_beyond_the_limit(void **state)
{
	static char block[512 << 10];
	const size_t max = stream_limits_usual.output_bytes_max;
	struct one t;

	(void)state;
	one_begin(&t, SMALL);
	assert_int_equal(
	    stream_write(t.a.stream, (struct str){ block, max + 1 }), -ENOBUFS);
	assert_int_equal(stream_pending(t.a.stream), 0);
	assert_int_equal(
	    stream_write(t.a.stream, (struct str){ block, max }), 0);
	size_t left = max - stream_pending(t.a.stream);
	assert_int_equal(
	    stream_queue(t.a.stream, (struct str){ block, left }), 0);
	assert_int_equal(stream_pending(t.a.stream), max);
	assert_int_equal(stream_write(t.a.stream, STR("x")), -ENOBUFS);
	assert_int_equal(stream_queue(t.a.stream, STR("x")), -ENOBUFS);
	assert_int_equal(stream_pending(t.a.stream), max);
	one_end(&t);
}

static void
queued_bytes_leave_with_the_next_write(void **state)
{
	struct one t;
	char byte;

	(void)state;
	one_begin(&t, 0);
	assert_int_equal(stream_queue(t.a.stream, STR("head ")), 0);
	assert_int_equal(recv(t.peer, &byte, 1, 0), -1);
	assert_int_equal(stream_write(t.a.stream, STR("body")), 0);
	peer_gets(&t, "head body");
	assert_int_equal(stream_queue(t.a.stream, STR("alone")), 0);
	harness_round(&t.h);
	peer_gets(&t, "alone");
	assert_int_equal(t.h.loop.pool.lent_bytes, 0);
	one_end(&t);
}

/* Queues nothing itself, but what others queued goes first. */
static void
write_some_takes_what_the_socket_takes(void **state)
{
	static char block[1 << 20];
	struct both t;

	(void)state;
	both_begin(&t, SMALL);
	ssize_t taken =
	    stream_write_some(t.a.stream, (struct str){ block, sizeof(block) });
	assert_true(taken > 0 && (size_t)taken < sizeof(block));
	assert_int_equal(stream_pending(t.a.stream), 0);
	assert_int_equal(stream_write_some(t.a.stream, STR("x")), 0);
	assert_int_equal(stream_write(t.a.stream, STR("queued")), 0);
	assert_int_equal(stream_pending(t.a.stream), 6);
	assert_int_equal(stream_write_some(t.a.stream, STR("x")), 0);
	harness_round(&t.h);
	assert_string_equal(t.a.told, "");
	stream_read_start(t.b.stream);
	run_until_told(&t.h, &t.a, 'w');
	assert_int_equal(stream_write_some(t.a.stream, STR("last")), 4);
	t.b.stop_at = (size_t)taken + 10;
	harness_run(&t.h);
	assert_int_equal(t.b.taken.len, (size_t)taken + 10);
	assert_memory_equal(t.b.taken.at + taken, "queuedlast", 10);
	assert_string_equal(t.a.told, "w");
	both_end(&t);
}

/* As many of them as the socket takes, and in their order. */
static void
spans_leave_in_one_segment(void **state)
{
	static char block[1 << 20];
	struct iovec spans[] = { { block, 4 }, { block, 0 },
		{ block, sizeof(block) } };
	struct both t;

	(void)state;
	memset(block, 'x', sizeof(block));
	memcpy(block, "head", 4);
	both_begin(&t, SMALL);
	ssize_t taken = stream_write_spans(t.a.stream, spans, 3);
	assert_true(taken > 4 && (size_t)taken < 4 + sizeof(block));
	assert_int_equal(stream_write_spans(t.a.stream, spans, 3), 0);
	stream_read_start(t.b.stream);
	run_until_told(&t.h, &t.a, 'w');
	assert_int_equal(stream_write_spans(t.a.stream, spans, 1), 4);
	t.b.stop_at = (size_t)taken + 4;
	harness_run(&t.h);
	assert_memory_equal(t.b.taken.at, "headheadxx", 10);
	assert_memory_equal(t.b.taken.at + taken - 1, "xhead", 5);
	both_end(&t);
}

static void
empty_writes_are_nothing(void **state)
{
	struct one t;

	(void)state;
	one_begin(&t, 0);
	assert_int_equal(stream_write(t.a.stream, STR("")), 0);
	assert_int_equal(stream_queue(t.a.stream, (struct str){ NULL, 0 }), 0);
	assert_int_equal(stream_write_some(t.a.stream, STR("")), 0);
	harness_round(&t.h);
	harness_round(&t.h);
	assert_string_equal(t.a.told, "");
	one_end(&t);
}

/* ---- ends ---- */

static void
each_half_ends_on_its_own(void **state)
{
	struct both t;

	(void)state;
	both_begin(&t, 0);
	stream_read_start(t.a.stream);
	stream_read_start(t.b.stream);
	stream_shutdown(t.a.stream);
	stream_shutdown(t.a.stream);
	assert_int_equal(stream_write(t.a.stream, STR("x")), -EPIPE);
	assert_int_equal(stream_queue(t.a.stream, STR("x")), -EPIPE);
	assert_int_equal(stream_write_some(t.a.stream, STR("x")), -EPIPE);
	run_until_told(&t.h, &t.b, 'e');
	assert_int_equal(stream_write(t.b.stream, STR("still here")), 0);
	run_until_told(&t.h, &t.a, 'd');
	stream_shutdown(t.b.stream);
	run_until_told(&t.h, &t.a, 'e');
	harness_round(&t.h);
	harness_round(&t.h);
	assert_string_equal(t.a.told, "fde");
	assert_string_equal(t.b.told, "ef");
	assert_true(str_is(text_str(&t.a.taken), "still here"));
	both_end(&t);
}

static void
shutdown_waits_for_the_queue(void **state)
{
	static char block[200000];
	struct both t;

	(void)state;
	both_begin(&t, SMALL);
	assert_int_equal(
	    stream_write(t.a.stream, (struct str){ block, sizeof(block) }), 0);
	stream_shutdown(t.a.stream);
	harness_round(&t.h);
	assert_string_equal(t.a.told, "");
	stream_read_start(t.b.stream);
	run_until_told(&t.h, &t.b, 'e');
	assert_int_equal(t.b.taken.len, sizeof(block));
	assert_string_equal(t.a.told, "f");
	both_end(&t);
}

static void
a_reset_is_told_once(void **state)
{
	struct one t;

	(void)state;
	one_begin(&t, 0);
	stream_read_start(t.a.stream);
	socket_close_reset(t.peer);
	t.peer = -1;
	run_until_told(&t.h, &t.a, 'x');
	assert_int_equal(t.a.error, -ECONNRESET);
	assert_int_equal(stream_write(t.a.stream, STR("x")), -ECONNRESET);
	stream_shutdown(t.a.stream);
	stream_read_stop(t.a.stream);
	stream_read_start(t.a.stream);
	harness_round(&t.h);
	harness_round(&t.h);
	assert_string_equal(t.a.told, "x");
	one_end(&t);
}

/* A write into a reset connection fails; that is told by the loop only. */
static void
a_failed_write_is_told_by_the_loop(void **state)
{
	struct one t;

	(void)state;
	one_begin(&t, 0);
	socket_close_reset(t.peer);
	t.peer = -1;
	wait_for(stream_fd(t.a.stream), POLLHUP);
	assert_int_equal(stream_write(t.a.stream, STR("x")), -ECONNRESET);
	assert_string_equal(t.a.told, "");
	run_until_told(&t.h, &t.a, 'x');
	harness_round(&t.h);
	assert_string_equal(t.a.told, "x");
	one_end(&t);
}

/*
 * The server answers early, does not read the rest of the request, and closes:
 * its reset makes our write fail, but the answer lies in our socket.
 */
static void
an_early_answer_is_read_before_the_failure(void **state)
{
	static char answer[40000];
	struct one t;

	(void)state;
	one_begin(&t, 0);
	peer_sends(&t, (struct str){ answer, sizeof(answer) });
	assert_int_equal(stream_write(t.a.stream, STR("a body")), 0);
	wait_for(t.peer, POLLIN);
	(void)close(t.peer);
	t.peer = -1;
	wait_for(stream_fd(t.a.stream), POLLHUP);
	stream_read_start(t.a.stream);
	assert_true(stream_write(t.a.stream, STR("more of it")) < 0);
	run_until_told(&t.h, &t.a, 'x');
	assert_int_equal(t.a.taken.len, sizeof(answer));
	assert_int_equal(t.a.told[t.a.told_count - 1], 'x');
	one_end(&t);
}

/* ---- closing ---- */

/* In every callback the stream, and its neighbour that is ready as well, may
 * be closed; ASan would see a late use. */
static void
any_callback_may_close(void **state)
{
	static char block[200000];
	static const char letters[] = "dewfx";

	(void)state;
	for (size_t i = 0; i < strlen(letters); i++) {
		struct both t;
		both_begin(&t, SMALL);
		t.a.close_on = letters[i];
		t.a.stop_on = letters[i];
		t.a.also = &t.b.stream;
		stream_read_start(t.a.stream);
		stream_read_start(t.b.stream);
		assert_int_equal(stream_write(t.a.stream,
				     (struct str){ block, sizeof(block) }),
		    0);
		if (letters[i] == 'd')
			assert_int_equal(
			    stream_write(t.b.stream, STR("hello")), 0);
		else if (letters[i] == 'e')
			stream_shutdown(t.b.stream);
		else if (letters[i] == 'f')
			stream_shutdown(t.a.stream);
		else if (letters[i] == 'x')
			stream_close_reset(&t.b.stream);
		harness_run(&t.h);
		assert_null(t.a.stream);
		assert_null(t.b.stream);
		assert_int_equal(t.h.loop.pool.lent_bytes, 0);
		both_end(&t);
	}
}

static void
close_reset_is_seen_by_the_peer(void **state)
{
	struct one t;
	char byte;

	(void)state;
	one_begin(&t, 0);
	stream_close_reset(&t.a.stream);
	stream_close_reset(&t.a.stream);
	wait_for(t.peer, POLLIN);
	assert_int_equal(recv(t.peer, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	one_end(&t);
}

/* ---- large and many ---- */

#define LARGE ((size_t)4 << 20)

struct producer {
	struct end end;
	size_t sent;
	size_t pending_max;
	size_t received; /* and found to be right */
	bool finished;
	struct producer *other;
};

static char
pattern(size_t i)
{
	return (char)(i % 251);
}

static void
produce(struct producer *p)
{
	char block[5000];
	size_t n;

	while (p->sent < LARGE && !stream_is_full(p->end.stream)) {
		for (n = 0; n < sizeof(block) && p->sent + n < LARGE; n++)
			block[n] = pattern(p->sent + n);
		assert_int_equal(
		    stream_write(p->end.stream, (struct str){ block, n }), 0);
		p->sent += n;
		if (stream_pending(p->end.stream) > p->pending_max)
			p->pending_max = stream_pending(p->end.stream);
	}
	if (p->sent == LARGE)
		stream_shutdown(p->end.stream);
}

static void
producer_data(struct stream *stream, void *context)
{
	struct producer *p = context;
	struct str input = stream_input(stream);

	for (size_t i = 0; i < input.len; i++)
		if (input.at[i] != pattern(p->received++))
			fail_msg("wrong byte at %zu", p->received - 1);
	stream_consume(stream, input.len);
}

static void
producer_drained(struct stream *stream, void *context)
{
	(void)stream;
	produce(context);
}

static void
producer_ended(struct stream *stream, void *context)
{
	struct producer *p = context;

	(void)stream;
	p->finished = true;
	if (p->other->finished)
		loop_stop(p->end.loop);
}

static const struct stream_user producer_user = {
	.data = producer_data,
	.ended = producer_ended,
	.drained = producer_drained,
	.failed = end_failed,
};

static void
large_transfers_both_ways_stay_bounded(void **state)
{
	static const int socket_bytes[] = { SMALL, 0 };

	(void)state;
	for (size_t row = 0; row < COUNT_OF(socket_bytes); row++) {
		struct harness h;
		struct producer p[2] = { { .sent = 0 }, { .sent = 0 } };
		int fds[2];
		harness_begin(&h);
		tcp_pair(fds, socket_bytes[row]);
		for (size_t i = 0; i < 2; i++) {
			end_begin(&p[i].end, &h, fds[i]);
			p[i].other = &p[1 - i];
			stream_use(p[i].end.stream, &producer_user, &p[i]);
			stream_read_start(p[i].end.stream);
			produce(&p[i]);
		}
		harness_run(&h);
		for (size_t i = 0; i < 2; i++) {
			assert_int_equal(p[i].received, LARGE);
			assert_true(p[i].pending_max <
				    stream_limits_usual.output_high + 5000);
			end_fini(&p[i].end);
		}
		harness_end(&h);
	}
}

static void
idle_streams_hold_no_buffers(void **state)
{
	enum {
		PAIRS = 200
	};
	static struct end ends[2 * PAIRS];
	struct harness h;
	struct text ping = TEXT_EMPTY;

	(void)state;
	harness_begin(&h);
	text_pad(&ping, 'p', 1000);
	for (size_t i = 0; i < PAIRS; i++) {
		int fds[2];
		tcp_pair(fds, 0);
		end_begin(&ends[2 * i], &h, fds[0]);
		end_begin(&ends[2 * i + 1], &h, fds[1]);
		stream_read_start(ends[2 * i + 1].stream);
	}
	for (size_t i = 0; i < PAIRS; i++)
		assert_int_equal(
		    stream_write(ends[2 * i].stream, text_str(&ping)), 0);
	for (size_t i = 0; i < PAIRS; i++)
		while (ends[2 * i + 1].taken.len < ping.len)
			harness_round(&h);
	assert_int_equal(h.loop.pool.lent_bytes, 0);
	for (size_t i = 0; i < COUNT_OF(ends); i++)
		end_fini(&ends[i]);
	text_fini(&ping);
	harness_end(&h);
}

/* ---- another transport ---- */

/*
 * It takes all there is at once and hands it out byte by byte, it wants to
 * write before its first read, it writes three bytes a call, and it says
 * goodbye in two steps: what TLS can do, at its worst.
 */
struct drip {
	char held[4096];
	size_t at, len;
	bool greeted;
	int goodbyes;
	int *closes;
};

static ssize_t
drip_read(struct transport_wire *wire, void *to, size_t room)
{
	struct drip *drip = wire->state;

	assert_true(room > 0);
	if (!drip->greeted) {
		drip->greeted = true;
		wire->read_waits = LOOP_WRITE;
		return -EAGAIN;
	}
	wire->read_waits = LOOP_READ;
	if (drip->at == drip->len) {
		ssize_t n = recv(wire->fd, drip->held, sizeof(drip->held), 0);
		if (n <= 0)
			return n < 0 ? -errno : 0;
		drip->at = 0;
		drip->len = (size_t)n;
	}
	memcpy(to, &drip->held[drip->at++], 1);
	return 1;
}

static ssize_t
drip_write(struct transport_wire *wire, const void *from, size_t len)
{
	ssize_t n = send(wire->fd, from, len < 3 ? len : 3, MSG_NOSIGNAL);

	return n < 0 ? -errno : n;
}

static int
drip_shutdown(struct transport_wire *wire)
{
	struct drip *drip = wire->state;

	if (drip->goodbyes++ == 0)
		return -EAGAIN;
	return shutdown(wire->fd, SHUT_WR) < 0 ? -errno : 0;
}

static bool
drip_holds(const struct transport_wire *wire)
{
	const struct drip *drip = wire->state;

	return drip->at < drip->len;
}

static void
drip_close(struct transport_wire *wire)
{
	struct drip *drip = wire->state;

	(*drip->closes)++;
	free(drip);
}

static const struct transport dripping = {
	.read = drip_read,
	.write = drip_write,
	.shutdown = drip_shutdown,
	.holds = drip_holds,
	.close = drip_close,
};

static void
any_transport_carries_a_stream(void **state)
{
	struct one t;
	struct drip *drip = calloc(1, sizeof(*drip));
	int closes = 0;

	(void)state;
	assert_non_null(drip);
	drip->closes = &closes;
	one_begin(&t, 0);
	t.a.lets_lie = true;
	stream_read_start(t.a.stream);
	peer_sends(&t, STR("plain "));
	run_until_told(&t.h, &t.a, 'd');
	assert_int_equal(stream_queue(t.a.stream, STR("in clear")), 0);
	assert_int_equal(stream_carry(t.a.stream, &dripping, drip), -EBUSY);
	run_until_told(&t.h, &t.a, 'w');
	peer_gets(&t, "in clear");
	end_forget(&t.a);
	assert_int_equal(stream_carry(t.a.stream, &dripping, drip), 0);
	peer_sends(&t, STR("drip by drip"));
	(void)shutdown(t.peer, SHUT_WR);
	run_until_told(&t.h, &t.a, 'e');
	assert_string_equal(t.a.told, "dddddddddddde");
	assert_true(str_is(stream_input(t.a.stream), "plain drip by drip"));
	assert_int_equal(stream_write(t.a.stream, STR("0123456789")), 0);
	peer_gets(&t, "0123456789");
	stream_shutdown(t.a.stream);
	run_until_told(&t.h, &t.a, 'f');
	assert_int_equal(closes, 0);
	stream_close(&t.a.stream);
	assert_int_equal(closes, 1);
	one_end(&t);
}

static ssize_t
refuse_to_write(struct transport_wire *wire, const void *from, size_t len)
{
	(void)wire;
	(void)from;
	(void)len;
	return -EIO;
}

static ssize_t
read_plainly(struct transport_wire *wire, void *to, size_t room)
{
	return transport_plain.read(wire, to, room);
}

static int
shut_plainly(struct transport_wire *wire)
{
	return transport_plain.shutdown(wire);
}

/* The connection lives and the peer goes on talking, but nobody listens. */
static void
a_dead_stream_reads_no_more(void **state)
{
	static const struct transport half_dead = {
		.read = read_plainly,
		.write = refuse_to_write,
		.shutdown = shut_plainly,
	};
	struct one t;

	(void)state;
	one_begin(&t, 0);
	assert_int_equal(stream_carry(t.a.stream, &half_dead, NULL), 0);
	stream_read_start(t.a.stream);
	assert_int_equal(stream_write(t.a.stream, STR("x")), -EIO);
	run_until_told(&t.h, &t.a, 'x');
	assert_int_equal(t.a.error, -EIO);
	peer_sends(&t, STR("more"));
	wait_for(stream_fd(t.a.stream), POLLIN);
	harness_round(&t.h);
	harness_round(&t.h);
	assert_string_equal(t.a.told, "x");
	assert_int_equal(stream_input(t.a.stream).len, 0);
	/* Letting go of it is at once, too. */
	int before = open_fds();
	stream_close_flushed(&t.a.stream, WATCHDOG / 2);
	harness_round(&t.h);
	harness_round(&t.h);
	assert_int_equal(open_fds(), before - 1);
	one_end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_arrive),
		cmocka_unit_test(nothing_is_read_before_start_and_after_stop),
		cmocka_unit_test(unconsumed_bytes_stay),
		cmocka_unit_test(the_next_user_hears_of_what_is_there),
		cmocka_unit_test(starting_again_tells_of_what_is_there),
		cmocka_unit_test(a_full_input_stops_the_peer),
		cmocka_unit_test(a_full_output_is_told_and_drains),
		cmocka_unit_test(no_write_goes_beyond_the_limit),
		cmocka_unit_test(queued_bytes_leave_with_the_next_write),
		cmocka_unit_test(write_some_takes_what_the_socket_takes),
		cmocka_unit_test(spans_leave_in_one_segment),
		cmocka_unit_test(empty_writes_are_nothing),
		cmocka_unit_test(each_half_ends_on_its_own),
		cmocka_unit_test(shutdown_waits_for_the_queue),
		cmocka_unit_test(a_reset_is_told_once),
		cmocka_unit_test(a_failed_write_is_told_by_the_loop),
		cmocka_unit_test(an_early_answer_is_read_before_the_failure),
		cmocka_unit_test(any_callback_may_close),
		cmocka_unit_test(close_reset_is_seen_by_the_peer),
		cmocka_unit_test(large_transfers_both_ways_stay_bounded),
		cmocka_unit_test(idle_streams_hold_no_buffers),
		cmocka_unit_test(any_transport_carries_a_stream),
		cmocka_unit_test(a_dead_stream_reads_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
