/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/stream_rest: a stream that waits for its next user, who may be on another
 * loop.
 */
#include "net/stream_impl.h"

#include "base/must.h"

bool
stream_is_quiet(const struct stream *s)
{
	return s->input.len == 0 && stream_piped(s) == 0 &&
	       !stream_holds_input(s) && s->in == INPUT_OPEN &&
	       s->output.len == 0 && s->out == OUTPUT_OPEN && s->error == 0;
}

bool
stream_is_bare(const struct stream *s)
{
	return s->transport == &transport_plain;
}

void
stream_rest(struct stream *s, stream_stir_fn fn, void *context)
{
	s->user = NULL;
	s->context = context;
	s->stir = fn;
	s->reading = true;
	s->drain_mark = STREAM_NO_MARK;
	/* A kick that is due from before would be taken for a stir. */
	loop_deferred_cancel(&s->kick);
	stream_settle(s);
}

static void
leave_open(int fd)
{
	(void)fd;
}

int
stream_release(struct stream **stream)
{
	struct stream *s = *stream;
	int fd = s->wire.fd;

	*stream = NULL;
	must(stream_is_bare(s));
	stream_destroy(s, leave_open);
	return fd;
}
