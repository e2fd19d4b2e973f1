/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/stream_linger: a stream that its owner has let go of.
 *
 * A user of the stream like any other, which sends what is queued, ends, and
 * waits for the peer's end.  It owns itself: it goes when both halves are
 * done, when one failed, when its time or its patience with more input is
 * over, or with the loop, by whose will it is remembered.
 */
#include "net/stream.h"

#include <stdlib.h>

struct linger {
	struct stream *stream;
	struct loop_timer timer;
	struct loop_deferred will;
	size_t bytes; /* of input thrown away */
	bool finished;
};

static void
end(struct linger *linger)
{
	loop_timer_cancel(&linger->timer);
	loop_deferred_cancel(&linger->will);
	stream_close(&linger->stream);
	free(linger);
}

static void
end_if_done(struct linger *linger)
{
	if (linger->finished && stream_has_ended(linger->stream))
		end(linger);
}

static void
on_data(struct stream *stream, void *context)
{
	struct linger *linger = context;
	size_t count = stream_input(stream).len;

	stream_consume(stream, count);
	linger->bytes += count;
	if (linger->bytes > STREAM_LINGER_BYTES_MAX)
		end(linger);
}

static void
on_ended(struct stream *stream, void *context)
{
	(void)stream;
	end_if_done(context);
}

static void
on_finished(struct stream *stream, void *context)
{
	struct linger *linger = context;

	(void)stream;
	linger->finished = true;
	end_if_done(linger);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	end(context);
}

static void
on_time(struct loop_timer *timer)
{
	end(timer->context);
}

static void
on_will(struct loop_deferred *will)
{
	end(will->context);
}

static const struct stream_user lingering = {
	.data = on_data,
	.ended = on_ended,
	.finished = on_finished,
	.failed = on_failed,
};

void
stream_close_flushed(struct stream **stream, int64_t time)
{
	struct linger *linger;

	if (*stream == NULL)
		return;
	linger = malloc(sizeof(*linger));
	if (linger == NULL) {
		stream_close(stream);
		return;
	}
	*linger = (struct linger){
		.stream = *stream,
		.timer = { .fn = on_time, .context = linger },
		.will = { .fn = on_will, .context = linger },
	};
	struct loop *loop = stream_loop(*stream);
	loop_timer_arm(loop, &linger->timer, loop_now(loop) + time);
	loop_will(loop, &linger->will);
	stream_use(*stream, &lingering, linger);
	stream_shutdown(*stream);
	stream_read_start(*stream);
	*stream = NULL;
}
