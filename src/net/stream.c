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
void
stream_fail(struct stream *s, int error)
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
		stream_fail(s, (int)n);
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
		stream_fail(s, error);
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
	stream_flush(s);
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
	stream_flush(s);
	if (stream_holds_input(s) || waits_to_write(s))
		fill(s);
	stream_tell(s);
	leave(s);
}

void
stream_turn(struct stream *s)
{
	enter(s);
	stream_flush(s);
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
	stream_fail(s, error);
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

int
stream_carry(struct stream *s, const struct transport *transport, void *state)
{
	if (s->output.len > 0) {
		stream_set_mark(s, 0);
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
