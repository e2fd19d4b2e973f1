/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/stream: the two halves of a connection.
 *
 * Every entry from the loop does its reading and writing first and then tells
 * the user what is due; what becomes due within a call of the user's is told
 * from a deferred entry (on_kick).  Whether something is due is computed from
 * the state of the halves (stream_tell.c), never remembered beside it.
 *
 * A user may close the stream in any callback.  `entered` counts the frames
 * on the stack that began here; the last of them frees a closed stream, so
 * everything after a callback may still look at `closed`.
 */
#include "net/stream_impl.h"

#include "base/must.h"
#include "net/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Behind bytes that wait already, a read is worth its call from here on. */
#define READ_BYTES_MIN ((size_t)4 << 10)

const struct stream_limits stream_limits_usual = {
	.input_bytes_max = (size_t)64 << 10,
	.output_bytes_max = (size_t)256 << 10,
	.output_high = (size_t)64 << 10,
	.output_low = (size_t)16 << 10,
};

/* ---- what is wanted ---- */

/* What is piped is behind what is in the buffer: nothing may come between. */
bool
stream_has_room(const struct stream *s)
{
	return buffer_left(&s->input) > 0 &&
	       (stream_piped(s) == 0 || stream_bulk_is_off(s));
}

bool
stream_wants_read(const struct stream *s)
{
	return s->reading && s->in == INPUT_OPEN && s->error == 0 &&
	       stream_has_room(s);
}

static bool
wants_write(const struct stream *s)
{
	return s->error == 0 && (s->output.len > 0 || s->out == OUTPUT_CLOSING);
}

bool
stream_holds_input(const struct stream *s)
{
	return (stream_piped(s) > 0 && stream_bulk_is_off(s)) ||
	       (s->transport->holds != NULL && s->transport->holds(&s->wire));
}

/* Work that no readiness will announce. */
static bool
has_work(const struct stream *s)
{
	return (wants_write(s) && !s->blocked) ||
	       (stream_wants_read(s) && stream_holds_input(s));
}

/* TLS may have to write before it can read. */
static bool
waits_to_write(const struct stream *s)
{
	return s->reading && s->wire.read_waits == LOOP_WRITE;
}

/* ---- reading and writing ---- */

/* Keeps the first error: what follows from it says less. */
static void
fail(struct stream *s, int error)
{
	if (s->error == 0)
		s->error = error;
	buffer_consume(&s->output, s->output.len);
}

static size_t
first_read(const struct stream *s)
{
	return s->wire.fd < 0 ? STREAM_READ_BYTES_SMALL
			      : STREAM_READ_BYTES_FIRST;
}

static void
adapt_read(struct stream *s, size_t count, size_t room)
{
	if (count < first_read(s))
		s->read_bytes = first_read(s);
	else if (count == room && s->read_bytes < STREAM_READ_BYTES_MAX)
		s->read_bytes *= 2;
}

static ssize_t
read_to_buffer(struct stream *s)
{
	struct buffer_span span;
	ssize_t n = buffer_reserve(&s->input,
	    s->input.len > 0 ? READ_BYTES_MIN : s->read_bytes, &span);

	if (n < 0)
		return n;
	n = stream_piped(s) > 0
		? stream_bulk_unpipe(s, span.at, span.len)
		: s->transport->read(&s->wire, span.at, span.len);
	buffer_added(&s->input, n > 0 ? (size_t)n : 0);
	if (n > 0) {
		s->fresh = true;
		adapt_read(s, (size_t)n, span.len);
	}
	return n;
}

ssize_t
stream_read_some(struct stream *s)
{
	ssize_t n = s->bulk != NULL ? stream_bulk_read(s) : -EAGAIN;

	if (n == -EAGAIN)
		n = read_to_buffer(s);
	if (n > 0 && s->bulk != NULL)
		stream_bulk_note(s, (size_t)n);
	return n;
}

/*
 * One read a round is fair to the other streams; level-triggering brings the
 * rest.
 */
static void
fill(struct stream *s)
{
	ssize_t n;

	if (!stream_wants_read(s))
		return;
	n = stream_read_some(s);
	if (n == 0)
		s->in = INPUT_ENDED;
	else if (n < 0 && n != -EAGAIN)
		fail(s, (int)n);
}

static bool
can_send(const struct stream *s)
{
	return !s->blocked && s->error == 0;
}

/* Sends from the caller's memory, past the queue, which is empty.  Returns
 * what the transport did not take. */
static struct str
send_some(struct stream *s, struct str bytes)
{
	size_t len = bytes.len;

	while (bytes.len > 0 && can_send(s)) {
		ssize_t n = s->transport->write(&s->wire, bytes.at, bytes.len);
		if (n > 0)
			bytes = str_skip(bytes, (size_t)n);
		else if (n == 0 || n == -EAGAIN)
			s->blocked = true;
		else
			fail(s, (int)n);
	}
	if (bytes.len < len && s->bulk != NULL)
		stream_bulk_expect_answer(s);
	return bytes;
}

static void
send_end(struct stream *s)
{
	int error = s->transport->shutdown(&s->wire);

	if (error == 0)
		s->out = OUTPUT_SHUT;
	else if (error == -EAGAIN)
		s->blocked = true;
	else
		fail(s, error);
}

static void
flush(struct stream *s)
{
	struct str queued = buffer_peek(&s->output);
	struct str rest = send_some(s, queued);

	if (s->error != 0)
		return;
	buffer_consume(&s->output, queued.len - rest.len);
	if (s->out == OUTPUT_CLOSING && s->output.len == 0 && can_send(s))
		send_end(s);
}

/* ---- entries ---- */

/* Brings the watch and the kick into line with the state. */
static void
refresh(struct stream *s)
{
	unsigned wanted = 0;
	int error;

	if (stream_wants_read(s) && !stream_holds_input(s))
		wanted |= s->wire.read_waits;
	if (s->blocked && s->error == 0 &&
	    (wants_write(s) || s->drain_mark != STREAM_NO_MARK))
		wanted |= s->wire.write_waits;
	error = s->watch.fd < 0 ? 0 : loop_watch_change(&s->watch, wanted);
	if (error < 0)
		fail(s, error);
	if (stream_has_news(s) || has_work(s))
		loop_defer(s->loop, &s->kick);
}

void
stream_settle(struct stream *s)
{
	if (s->entered == 0)
		refresh(s);
}

static void
enter(struct stream *s)
{
	s->entered++;
}

static void
leave(struct stream *s)
{
	if (--s->entered > 0)
		return;
	if (s->closed)
		free(s);
	else
		refresh(s);
}

static void
on_ready(struct loop_watch *watch, unsigned ready)
{
	struct stream *s = watch->context;

	if (s->stir != NULL) {
		s->stir(s, s->context);
		return;
	}
	enter(s);
	if ((ready & s->wire.write_waits) != 0)
		s->blocked = false;
	flush(s);
	if ((ready & s->wire.read_waits) != 0)
		fill(s);
	stream_tell(s);
	leave(s);
}

static void
on_kick(struct loop_deferred *kick)
{
	struct stream *s = kick->context;

	if (s->stir != NULL) {
		s->stir(s, s->context);
		return;
	}
	enter(s);
	flush(s);
	if (stream_holds_input(s) || waits_to_write(s))
		fill(s);
	stream_tell(s);
	leave(s);
}

void
stream_turn(struct stream *s)
{
	enter(s);
	flush(s);
	fill(s);
	stream_tell(s);
	leave(s);
}

/* ---- making, handing over ---- */

static void
set_wire(
    struct stream *s, const struct transport *transport, int fd, void *state)
{
	s->transport = transport;
	s->wire = (struct transport_wire){
		.fd = fd,
		.state = state,
		.read_waits = LOOP_READ,
		.write_waits = LOOP_WRITE,
	};
	s->blocked = false;
}

static struct stream *
make(struct loop *loop, const struct transport *transport, int fd, void *state,
    const struct stream_limits *limits)
{
	struct stream *s = malloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	*s = (struct stream){
		.loop = loop,
		.output_high = limits->output_high,
		.output_low = limits->output_low,
		.drain_mark = STREAM_NO_MARK,
		.kick = { .fn = on_kick, .context = s },
		.watch = { .fd = fd, .fn = on_ready, .context = s },
	};
	buffer_init(&s->input, &loop->pool, limits->input_bytes_max);
	buffer_init(&s->output, &loop->pool, limits->output_bytes_max);
	if (limits->secret)
		buffer_keep_secret(&s->input);
	set_wire(s, transport, fd, state);
	s->read_bytes = first_read(s);
	return s;
}

int
stream_create(struct loop *loop, int fd, const struct stream_limits *limits,
    struct stream **ret)
{
	struct stream *s = make(loop, &transport_plain, fd, NULL, limits);

	if (s == NULL)
		return -ENOMEM;
	/* It wants nothing yet, and so nothing can fail. */
	must(loop_watch_start(loop, &s->watch) == 0);
	*ret = s;
	return 0;
}

int
stream_create_over(struct loop *loop, const struct transport *transport,
    void *state, const struct stream_limits *limits, struct stream **ret)
{
	struct stream *s = make(loop, transport, -1, state, limits);

	if (s == NULL)
		return -ENOMEM;
	must(transport->holds != NULL);
	*ret = s;
	return 0;
}

void
stream_stir_up(struct stream *s)
{
	s->blocked = false;
	stream_settle(s);
	if (s->stir != NULL || waits_to_write(s))
		loop_defer(s->loop, &s->kick);
}

void
stream_break(struct stream *s, int error)
{
	fail(s, error);
	stream_settle(s);
}

const struct transport *
stream_transport(const struct stream *s, struct transport_wire *ret_wire)
{
	*ret_wire = s->wire;
	return s->transport;
}

void *
stream_carried_by(const struct stream *s, const struct transport *transport)
{
	return s->transport == transport ? s->wire.state : NULL;
}

void
stream_use(struct stream *s, const struct stream_user *user, void *context)
{
	s->user = user;
	s->context = context;
	s->stir = NULL;
	s->fresh = true;
	s->error_told = false;
	if (s->in == INPUT_TOLD)
		s->in = INPUT_ENDED;
	if (s->out == OUTPUT_TOLD)
		s->out = OUTPUT_SHUT;
	stream_settle(s);
}

static void
set_mark(struct stream *s, size_t mark)
{
	if (mark < s->drain_mark)
		s->drain_mark = mark;
}

int
stream_carry(struct stream *s, const struct transport *transport, void *state)
{
	if (s->output.len > 0) {
		set_mark(s, 0);
		return -EBUSY;
	}
	set_wire(s, transport, s->wire.fd, state);
	stream_settle(s);
	return 0;
}

struct loop *
stream_loop(const struct stream *s)
{
	return s->loop;
}

int
stream_fd(const struct stream *s)
{
	return s->wire.fd;
}

/* ---- input ---- */

void
stream_read_start(struct stream *s)
{
	if (s->reading)
		return;
	s->reading = true;
	s->fresh = true;
	stream_settle(s);
}

void
stream_read_stop(struct stream *s)
{
	s->reading = false;
	stream_settle(s);
}

struct str
stream_input(const struct stream *s)
{
	return buffer_peek(&s->input);
}

void
stream_consume(struct stream *s, size_t count)
{
	buffer_consume(&s->input, count);
	stream_settle(s);
}

bool
stream_input_is_full(const struct stream *s)
{
	return buffer_left(&s->input) == 0;
}

bool
stream_has_ended(const struct stream *s)
{
	return s->in != INPUT_OPEN;
}

/* ---- output ---- */

static int
write_refusal(const struct stream *s, struct str bytes)
{
	if (s->error != 0)
		return s->error;
	if (s->out != OUTPUT_OPEN)
		return -EPIPE;
	return bytes.len > buffer_left(&s->output) ? -ENOBUFS : 0;
}

/* Without memory a part would be missing from the middle of the stream. */
static void
append(struct stream *s, struct str bytes)
{
	int error = buffer_append(&s->output, bytes);

	if (error < 0)
		fail(s, error);
	if (stream_is_full(s))
		set_mark(s, s->output_low);
}

int
stream_queue(struct stream *s, struct str bytes)
{
	int error = write_refusal(s, bytes);

	if (error < 0)
		return error;
	append(s, bytes);
	stream_settle(s);
	return s->error;
}

int
stream_write(struct stream *s, struct str bytes)
{
	int error = write_refusal(s, bytes);

	if (error < 0)
		return error;
	if (s->output.len == 0) {
		bytes = send_some(s, bytes);
		if (s->error == 0)
			append(s, bytes);
	} else {
		append(s, bytes);
		flush(s);
	}
	stream_settle(s);
	return s->error;
}

ssize_t
stream_write_some(struct stream *s, struct str bytes)
{
	int error = write_refusal(s, (struct str){ NULL, 0 });
	struct str rest = bytes;

	if (error < 0)
		return error;
	flush(s);
	if (s->output.len == 0)
		rest = send_some(s, bytes);
	if (rest.len > 0)
		set_mark(s, 0);
	stream_settle(s);
	return s->error != 0 ? s->error : (ssize_t)(bytes.len - rest.len);
}

static size_t
spans_bytes(struct iovec *spans, size_t count)
{
	size_t bytes = 0;

	for (size_t i = 0; i < count; i++)
		bytes += spans[i].iov_len;
	return bytes;
}

/* One by one, for a transport that knows no other way. */
static size_t
send_each(struct stream *s, struct iovec *spans, size_t count)
{
	size_t sent = 0;

	for (size_t i = 0; i < count; i++) {
		struct str span = { spans[i].iov_base, spans[i].iov_len };
		struct str rest = send_some(s, span);
		sent += span.len - rest.len;
		if (rest.len > 0)
			break;
	}
	return sent;
}

/* A short count is as good as -EAGAIN, which it would take a call to hear. */
static size_t
send_spans(struct stream *s, struct iovec *spans, size_t count)
{
	if (s->transport->writev == NULL)
		return send_each(s, spans, count);
	if (!can_send(s))
		return 0;
	ssize_t n = s->transport->writev(&s->wire, spans, count);
	if (n < 0 && n != -EAGAIN)
		fail(s, (int)n);
	else if (n < (ssize_t)spans_bytes(spans, count))
		s->blocked = true;
	if (n > 0 && s->bulk != NULL)
		stream_bulk_expect_answer(s);
	return n > 0 ? (size_t)n : 0;
}

/* What cannot be lent, or not now, is copied. */
static size_t
lend(struct stream *s, struct stream_lent *lent)
{
	size_t sent = 0, offered;

	if (!stream_lends(s, lent))
		return send_spans(s, lent->spans, lent->count);
	while (lent->count > 0 && can_send(s)) {
		ssize_t n = stream_lend_some(s, lent, &offered);
		if (n == -ENOTSUP)
			return sent + send_spans(s, lent->spans, lent->count);
		if (n < 0)
			fail(s, (int)n);
		else if ((size_t)n < offered)
			s->blocked = true;
		sent += n > 0 ? (size_t)n : 0;
	}
	if (sent > 0 && s->bulk != NULL)
		stream_bulk_expect_answer(s);
	return sent;
}

ssize_t
stream_lend_spans(
    struct stream *s, struct iovec *spans, size_t count, uint64_t lasting)
{
	int error = write_refusal(s, (struct str){ NULL, 0 });
	struct stream_lent lent = { spans, count, lasting };
	size_t bytes = spans_bytes(spans, count), sent = 0;

	if (error < 0)
		return error;
	flush(s);
	if (s->output.len == 0)
		sent = lend(s, &lent);
	if (sent < bytes)
		set_mark(s, 0);
	stream_settle(s);
	return s->error != 0 ? s->error : (ssize_t)sent;
}

ssize_t
stream_write_spans(struct stream *s, struct iovec *spans, size_t count)
{
	return stream_lend_spans(s, spans, count, 0);
}

static size_t
pour(struct stream *s, struct stream *from, size_t most)
{
	size_t piped = stream_piped(from);
	ssize_t n;

	most = piped < most ? piped : most;

	if (most == 0 || !can_send(s))
		return 0;
	n = stream_bulk_pour(from, s, most);
	if (n < 0)
		fail(s, (int)n);
	else if ((size_t)n < most && !stream_bulk_is_off(from))
		s->blocked = true;
	if (n > 0 && s->bulk != NULL)
		stream_bulk_expect_answer(s);
	return n > 0 ? (size_t)n : 0;
}

ssize_t
stream_write_piped(struct stream *s, struct stream *from, size_t bytes_max)
{
	int error = write_refusal(s, (struct str){ NULL, 0 });
	size_t moved;

	if (error < 0)
		return error;
	flush(s);
	moved = s->output.len == 0 ? pour(s, from, bytes_max) : 0;
	if (stream_piped(from) > 0 && moved < bytes_max)
		set_mark(s, 0);
	stream_settle(s);
	stream_settle(from);
	return s->error != 0 ? s->error : (ssize_t)moved;
}

size_t
stream_pending(const struct stream *s)
{
	return s->output.len;
}

bool
stream_is_full(const struct stream *s)
{
	return s->output.len >= s->output_high;
}

void
stream_shutdown(struct stream *s)
{
	if (s->out != OUTPUT_OPEN)
		return;
	s->out = OUTPUT_CLOSING;
	flush(s);
	stream_settle(s);
}

/* ---- the end ---- */

void
stream_destroy(struct stream *s, void (*close_fd)(int fd))
{
	s->closed = true;
	loop_watch_stop(&s->watch);
	loop_deferred_cancel(&s->kick);
	stream_bulk_end(s->bulk);
	if (s->transport->close != NULL)
		s->transport->close(&s->wire);
	if (s->wire.fd >= 0)
		close_fd(s->wire.fd);
	buffer_fini(&s->input);
	buffer_fini(&s->output);
	if (s->entered == 0)
		free(s);
}

static void
close_plainly(int fd)
{
	(void)close(fd);
}

void
stream_close(struct stream **stream)
{
	struct stream *s = *stream;

	*stream = NULL;
	if (s != NULL)
		stream_destroy(s, close_plainly);
}

void
stream_close_reset(struct stream **stream)
{
	struct stream *s = *stream;

	*stream = NULL;
	if (s != NULL)
		stream_destroy(s, socket_close_reset);
}
