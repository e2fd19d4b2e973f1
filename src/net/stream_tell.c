/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/stream_tell: what the user of a stream is to be told, and in which
 * order.
 */
#include "net/stream_impl.h"

/*
 * How much is read from a connection whose other half has failed: the peer
 * cannot add to it, so it is at most the kernel's buffer (tcp_rmem, 6 MiB).
 */
#define SALVAGE_READS_MAX 128

static bool
is_heard(const struct stream *s)
{
	return !s->closed && s->user != NULL && !s->error_told;
}

static bool
data_is_due(const struct stream *s)
{
	return is_heard(s) && s->reading && s->fresh &&
	       (s->input.len > 0 || stream_piped(s) > 0);
}

static bool
end_is_due(const struct stream *s)
{
	return is_heard(s) && s->reading && s->in == INPUT_ENDED;
}

/* A mark of 0 is also that of stream_write_some, which needs the transport
 * itself to have room. */
static bool
drained_is_due(const struct stream *s)
{
	if (!is_heard(s) || s->drain_mark == STREAM_NO_MARK || s->error != 0 ||
	    s->out != OUTPUT_OPEN)
		return false;
	if (s->drain_mark > 0)
		return s->output.len <= s->drain_mark;
	return s->output.len == 0 && !s->blocked;
}

static bool
finish_is_due(const struct stream *s)
{
	return is_heard(s) && s->out == OUTPUT_SHUT;
}

static bool
failure_is_due(const struct stream *s)
{
	return is_heard(s) && s->error != 0;
}

bool
stream_has_news(const struct stream *s)
{
	return data_is_due(s) || end_is_due(s) || drained_is_due(s) ||
	       finish_is_due(s) || failure_is_due(s);
}

static void
tell_data(struct stream *s)
{
	if (!data_is_due(s))
		return;
	s->fresh = false;
	if (s->user->data != NULL)
		s->user->data(s, s->context);
}

static void
tell_end(struct stream *s)
{
	if (!end_is_due(s))
		return;
	s->in = INPUT_TOLD;
	if (s->user->ended != NULL)
		s->user->ended(s, s->context);
}

static void
tell_drained(struct stream *s)
{
	if (!drained_is_due(s))
		return;
	s->drain_mark = STREAM_NO_MARK;
	if (s->user->drained != NULL)
		s->user->drained(s, s->context);
}

static void
tell_finish(struct stream *s)
{
	if (!finish_is_due(s))
		return;
	s->out = OUTPUT_TOLD;
	if (s->user->finished != NULL)
		s->user->finished(s, s->context);
}

/*
 * A write may have failed while the peer's last words still lie in the kernel.
 * An end that is found here is not told: after a reset the kernel says "end"
 * as well, once the error has been fetched.
 */
static void
salvage(struct stream *s)
{
	for (int i = 0; i < SALVAGE_READS_MAX; i++) {
		if (s->closed || !s->reading || s->in != INPUT_OPEN ||
		    !stream_has_room(s) || stream_read_some(s) <= 0)
			return;
		tell_data(s);
	}
}

static void
tell_failure(struct stream *s)
{
	if (!failure_is_due(s))
		return;
	salvage(s);
	if (!failure_is_due(s))
		return;
	s->error_told = true;
	s->user->failed(s, s->error, s->context);
}

void
stream_tell(struct stream *s)
{
	tell_data(s);
	tell_end(s);
	tell_drained(s);
	tell_finish(s);
	tell_failure(s);
}
