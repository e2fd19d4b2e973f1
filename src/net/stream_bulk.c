/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/stream_bulk: input that passes through a pipe.
 *
 * What is bulk shows in the reads.  One that fills its piece makes the next
 * piece larger (stream_impl.h); who has filled two, 48 KiB without a pause, is
 * at the largest, and from there on a read is a splice into a pipe, until one
 * brings less than STREAM_READ_BYTES_FIRST.  Small messages never see a pipe.
 *
 *	copy  -- 16, 32 KiB filled -->  splice
 *	      <-- less than 16 KiB ---
 *
 * Patience.  To be woken for each few segments costs more than to move them.
 * A flow of PERIOD_BYTES_MIN in each period, without a pause and without a
 * byte the other way, is patient: SO_RCVLOWAT lets the kernel wake us for half
 * a mebibyte only, or for the peer's end, or before the window closes.  That
 * must not keep the last bytes of a message, after which nothing comes: when
 * nothing was read for a tick, whatever is there is read.  If that is little,
 * or nothing comes for PAUSE, or a period brought too little, the patience is
 * over.  It is over as well with the first byte that goes to the peer, for
 * that may be what its next message waits for, and then a tick would be added
 * to each.  So bytes wait for a tick at most (1 to 2 ms by the loop's clock),
 * and only behind 20 ms of flow.  The tick is not moved with each read: when
 * it is due it looks at when that was.
 *
 * Only a count is taken for an answer from splice.  In front of a byte of
 * urgent data it says -EAGAIN too, and 0 after the peer's FIN: taken at its
 * word we would turn for ever, or lose what follows.  A read passes over it.
 */
#include "net/stream_impl.h"

#include "base/must.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define PERIOD           (20 * CLOCK_MS)
#define PERIOD_BYTES_MIN ((size_t)160 << 10) /* 65 Mbit/s */
#define PAUSE            (8 * CLOCK_MS)
#define PATIENT_BYTES    (512 << 10)
#define TICK             CLOCK_MS
/* Fewer bytes than that are the end of something, not a piece of it. */
#define LITTLE ((size_t)4 << 10)

bool
stream_can_splice(const struct stream *s)
{
	return s->transport->splice_in != NULL &&
	       s->transport->splice_out != NULL;
}

size_t
stream_piped(const struct stream *s)
{
	return s->bulk != NULL ? s->bulk->piped : 0;
}

bool
stream_bulk_is_off(const struct stream *s)
{
	return s->bulk != NULL && s->bulk->off;
}

/* ---- patience ---- */

static bool
set_low_mark(struct stream *s, int bytes)
{
	return setsockopt(s->wire.fd, SOL_SOCKET, SO_RCVLOWAT, &bytes,
		   sizeof(bytes)) == 0;
}

static void
begin_patience(struct stream *s)
{
	struct stream_bulk *bulk = s->bulk;

	if (bulk->patient || bulk->off || !set_low_mark(s, PATIENT_BYTES))
		return;
	bulk->patient = true;
	s->read_bytes = STREAM_READ_BYTES_MAX;
	loop_timer_arm(s->loop, &bulk->tick, bulk->read_at + TICK);
}

/* Lowering the mark makes the kernel look whether it is reached now. */
static void
end_patience(struct stream *s)
{
	struct stream_bulk *bulk = s->bulk;

	if (!bulk->patient)
		return;
	bulk->patient = false;
	loop_timer_cancel(&bulk->tick);
	(void)set_low_mark(s, 1);
}

static void
on_tick(struct loop_timer *timer)
{
	struct stream_bulk *bulk = timer->context;
	struct stream *s = bulk->stream;
	int64_t now = loop_now(s->loop);

	if (now - bulk->read_at > PAUSE || !stream_wants_read(s)) {
		end_patience(s);
	} else if (now - bulk->read_at < TICK) {
		loop_timer_arm(s->loop, timer, bulk->read_at + TICK);
	} else {
		loop_timer_arm(s->loop, timer, now + TICK);
		stream_turn(s);
	}
}

/* A read after which nothing was steady begins a new period. */
static void
begin_period(struct stream_bulk *bulk)
{
	bulk->since = bulk->read_at;
	bulk->count = 0;
}

static void
look_for_bulk(struct stream *s, size_t count)
{
	struct stream_bulk *bulk = s->bulk;

	bulk->count += count;
	if (bulk->read_at - bulk->since < PERIOD)
		return;
	if (bulk->count >= PERIOD_BYTES_MIN)
		begin_patience(s);
	else
		end_patience(s);
	begin_period(bulk);
}

void
stream_bulk_note(struct stream *s, size_t count)
{
	struct stream_bulk *bulk = s->bulk;
	int64_t now = loop_now(s->loop);
	bool is_pause = now - bulk->read_at > PAUSE;

	bulk->read_at = now;
	if (count < LITTLE)
		end_patience(s);
	if (count < STREAM_READ_BYTES_FIRST && !bulk->patient)
		s->read_bytes = STREAM_READ_BYTES_FIRST;
	if (is_pause)
		begin_period(bulk);
	look_for_bulk(s, count);
}

void
stream_bulk_expect_answer(struct stream *s)
{
	end_patience(s);
	s->bulk->since = loop_now(s->loop);
	s->bulk->count = 0;
}

/* ---- the pipe ---- */

void
stream_read_bulk(struct stream *s, struct stream_bulk *bulk)
{
	must(s->bulk == NULL);
	*bulk = (struct stream_bulk){
		.stream = s,
		.tick = { .fn = on_tick, .context = bulk },
	};
	s->bulk = bulk;
}

void
stream_bulk_end(struct stream_bulk *bulk)
{
	if (bulk == NULL)
		return;
	loop_timer_cancel(&bulk->tick);
	pipe_pool_discard(&bulk->stream->loop->pipes, &bulk->pipe);
	bulk->piped = 0;
	bulk->stream->bulk = NULL;
}

void
stream_bulk_stop(struct stream *s)
{
	if (s->bulk == NULL)
		return;
	must(s->bulk->piped == 0);
	s->bulk->off = true;
	end_patience(s);
}

static void
take_out(struct stream_bulk *bulk, size_t count)
{
	must(count <= bulk->piped);
	bulk->piped -= count;
	if (bulk->piped == 0)
		pipe_pool_give(&bulk->stream->loop->pipes, &bulk->pipe);
}

/* What says something of the call and nothing of the connection. */
static bool
is_unsupported(ssize_t error)
{
	return error == -EINVAL || error == -ENOSYS || error == -EPERM ||
	       error == -ENOMEM;
}

static bool
is_next(const struct stream *s)
{
	return !s->bulk->off && s->bulk->piped == 0 && s->input.len == 0 &&
	       s->read_bytes == STREAM_READ_BYTES_MAX &&
	       s->transport->splice_in != NULL;
}

/* Nothing is in the pipe: it may be another's next time. */
static ssize_t
piped_nothing(struct stream *s, ssize_t error)
{
	s->bulk->off = is_unsupported(error);
	return error == 0 || s->bulk->off ? -EAGAIN : error;
}

static ssize_t
read_to_pipe(struct stream *s)
{
	struct pipe_pool *pool = &s->loop->pipes;
	struct pipe *pipe = pipe_pool_take(pool);
	ssize_t n;

	if (pipe == NULL) {
		end_patience(s);
		return -EAGAIN;
	}
	n = s->transport->splice_in(&s->wire, pipe->in, pipe->room);
	if (n <= 0) {
		pipe_pool_give(pool, &pipe);
		return piped_nothing(s, n);
	}
	s->bulk->pipe = pipe;
	s->bulk->piped = (size_t)n;
	s->fresh = true;
	return n;
}

/* A buffer holds too little for one who waits for much. */
ssize_t
stream_bulk_read(struct stream *s)
{
	if (is_next(s))
		return read_to_pipe(s);
	end_patience(s);
	return -EAGAIN;
}

ssize_t
stream_bulk_unpipe(struct stream *s, char *to, size_t room)
{
	struct stream_bulk *bulk = s->bulk;
	ssize_t n =
	    read(bulk->pipe->out, to, room < bulk->piped ? room : bulk->piped);

	/* It is not empty, and its other end is ours. */
	must(n > 0);
	take_out(bulk, (size_t)n);
	return n;
}

ssize_t
stream_bulk_pour(struct stream *from, struct stream *to, size_t bytes_max)
{
	struct stream_bulk *bulk = from->bulk;
	size_t most = bulk->piped < bytes_max ? bulk->piped : bytes_max;
	ssize_t n = -ENOSYS;

	if (to->transport->splice_out != NULL)
		n = to->transport->splice_out(&to->wire, bulk->pipe->out, most);
	if (is_unsupported(n)) {
		bulk->off = true;
		return 0;
	}
	if (n > 0)
		take_out(bulk, (size_t)n);
	return n == -EAGAIN ? 0 : n;
}
