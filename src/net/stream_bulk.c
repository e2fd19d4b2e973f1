/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/stream_bulk: input that passes through a pipe.
 *
 * What is bulk shows in the reads.  One that fills its piece makes the next
 * piece larger (stream_impl.h); who has filled two, 48 KiB without a pause, is
 * at the largest, and from there on a read is a splice into a pipe.  One that
 * brings less than STREAM_READ_BYTES_FIRST ends that, and the next ones are
 * copied: small messages never see a pipe, and for a long time nothing but a
 * count is remembered of what flowed.
 *
 *	copy  -- 16, 32 KiB filled -->  splice  -- 20 ms of it -->  patient
 *	      <----- less than 16 KiB --------      <-- nothing in 1 ms --
 *
 * Patient.  A wake-up for each few segments is half of the cost when many
 * tunnels flow at once.  So in a flow that has lasted, SO_RCVLOWAT lets the
 * kernel wake us for half a mebibyte only, or for the peer's end, or when the
 * window would close.  That must not keep the last bytes of a message, which
 * nothing follows: a tick reads whatever is there when nothing was read for a
 * millisecond, and if it was little the mark is taken down at once.  So a pause
 * costs at most a tick (1 to 2 ms), and that only after 20 ms of flow.  The
 * tick is not moved with each read: when it is due it looks at when that was.
 *
 * Only a count is taken for an answer from splice.  It says -EAGAIN, and 0
 * after the peer's FIN, in front of a byte of urgent data as well, where it
 * would turn for ever or lose what follows; read passes over it.
 */
#include "net/stream_impl.h"

#include "base/must.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK          CLOCK_MS
#define PATIENT_AFTER (20 * CLOCK_MS)
#define PATIENT_BYTES (512 << 10)
/* With less than this in a tick, wake-ups are few by themselves. */
#define TICK_BYTES_MIN ((size_t)64 << 10)

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

/* Lowering the mark makes the kernel look whether it is reached now. */
static void
end_patience(struct stream *s)
{
	struct stream_bulk *bulk = s->bulk;

	bulk->since = 0;
	bulk->ticked = false;
	if (!bulk->patient)
		return;
	bulk->patient = false;
	loop_timer_cancel(&bulk->tick);
	(void)set_low_mark(s, 1);
}

static void
arm_tick(struct stream_bulk *bulk)
{
	loop_timer_arm(bulk->stream->loop, &bulk->tick, bulk->read_at + TICK);
}

static void
on_tick(struct loop_timer *timer)
{
	struct stream_bulk *bulk = timer->context;
	struct stream *s = bulk->stream;
	int64_t now = loop_now(s->loop);

	if (!stream_wants_read(s)) {
		end_patience(s);
		return;
	}
	bulk->ticked = now >= bulk->read_at + TICK;
	if (bulk->ticked)
		bulk->read_at = now;
	arm_tick(bulk);
	if (bulk->ticked)
		stream_turn(s);
}

static void
note_read(struct stream *s, size_t count)
{
	struct stream_bulk *bulk = s->bulk;
	bool is_little =
	    count < (bulk->ticked ? TICK_BYTES_MIN : STREAM_READ_BYTES_FIRST);

	bulk->ticked = false;
	bulk->read_at = loop_now(s->loop);
	if (count < STREAM_READ_BYTES_FIRST)
		s->read_bytes = STREAM_READ_BYTES_FIRST;
	if (is_little) {
		end_patience(s);
	} else if (bulk->since == 0) {
		bulk->since = bulk->read_at;
	} else if (!bulk->patient &&
		   bulk->read_at - bulk->since >= PATIENT_AFTER &&
		   set_low_mark(s, PATIENT_BYTES)) {
		bulk->patient = true;
		arm_tick(bulk);
	}
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

bool
stream_bulk_is_next(const struct stream *s)
{
	return s->bulk != NULL && !s->bulk->off && s->bulk->piped == 0 &&
	       s->input.len == 0 && s->read_bytes == STREAM_READ_BYTES_MAX &&
	       s->transport->splice_in != NULL;
}

/* Nothing is in the pipe: it may be another's next time. */
static ssize_t
piped_nothing(struct stream *s, ssize_t error)
{
	s->bulk->off = is_unsupported(error);
	s->read_bytes = STREAM_READ_BYTES_FIRST;
	end_patience(s);
	return error == 0 || s->bulk->off ? -EAGAIN : error;
}

ssize_t
stream_bulk_read(struct stream *s)
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
	note_read(s, (size_t)n);
	return n;
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
stream_bulk_pour(struct stream *from, struct stream *to)
{
	struct stream_bulk *bulk = from->bulk;
	ssize_t n = -ENOSYS;

	if (to->transport->splice_out != NULL)
		n = to->transport->splice_out(
		    &to->wire, bulk->pipe->out, bulk->piped);
	if (is_unsupported(n)) {
		bulk->off = true;
		return 0;
	}
	if (n > 0)
		take_out(bulk, (size_t)n);
	return n == -EAGAIN ? 0 : n;
}
