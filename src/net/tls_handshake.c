/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_handshake: a connection until it is known whose it is.
 */
#include "net/tls_impl.h"

#include <errno.h>
#include <stdio.h>

void
tls_handshake_cancel(struct tls_handshake *handshake)
{
	if (handshake->stream == NULL)
		return;
	loop_timer_cancel(&handshake->timer);
	loop_deferred_cancel(&handshake->done);
	if (handshake->tls != NULL)
		handshake->tls->handshake = NULL;
	handshake->tls = NULL;
	stream_close(&handshake->stream);
}

static void
fail(struct tls_handshake *handshake, int error, const char *words)
{
	if (handshake->detail[0] == '\0')
		(void)snprintf(
		    handshake->detail, sizeof(handshake->detail), "%s", words);
	tls_handshake_cancel(handshake);
	handshake->fn(handshake, error);
}

/* Called in the midst of a read; the callee may close the stream, later. */
void
tls_handshake_note_ready(struct tls *tls)
{
	struct tls_handshake *handshake = tls->handshake;

	handshake->resumed = SSL_session_reused(tls->ssl) == 1;
	loop_defer(stream_loop(handshake->stream), &handshake->done);
}

static void
on_done(struct loop_deferred *done)
{
	struct tls_handshake *handshake = done->context;

	loop_timer_cancel(&handshake->timer);
	if (handshake->tls == NULL) {
		fail(handshake, -ENOMEM, "no memory");
		return;
	}
	handshake->tls->handshake = NULL;
	handshake->tls = NULL;
	stream_read_stop(handshake->stream);
	stream_use(handshake->stream, NULL, NULL);
	handshake->fn(handshake, 0);
}

static void
on_ended(struct stream *stream, void *context)
{
	struct tls_handshake *handshake = context;

	(void)stream;
	/* It is over, and then it has ended: the callee will see. */
	if (handshake->tls == NULL || !handshake->tls->ready)
		fail(handshake, -ECONNRESET, "it ended without an answer");
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	struct tls_handshake *handshake = context;

	(void)stream;
	if (handshake->tls == NULL || !handshake->tls->ready)
		fail(handshake, error, "the connection broke off");
}

static const struct stream_user shaking = {
	.ended = on_ended,
	.failed = on_failed,
};

static void
on_time(struct loop_timer *timer)
{
	fail(timer->context, -ETIMEDOUT, "no answer in time");
}

void
tls_handshake_start(struct tls_handshake *handshake, struct stream **stream,
    struct tls_peer *peer, int64_t timeout)
{
	struct loop *loop = stream_loop(*stream);

	handshake->stream = *stream;
	*stream = NULL;
	handshake->detail[0] = '\0';
	handshake->resumed = false;
	handshake->done =
	    (struct loop_deferred){ .fn = on_done, .context = handshake };
	handshake->timer =
	    (struct loop_timer){ .fn = on_time, .context = handshake };
	handshake->tls = tls_create(peer, stream_fd(handshake->stream));
	if (handshake->tls == NULL || stream_carry(handshake->stream,
					  &tls_transport, handshake->tls) < 0) {
		tls_destroy(handshake->tls);
		handshake->tls = NULL;
		loop_defer(loop, &handshake->done);
		return;
	}
	handshake->tls->handshake = handshake;
	loop_timer_arm(loop, &handshake->timer, loop_now(loop) + timeout);
	stream_use(handshake->stream, &shaking, handshake);
	stream_read_start(handshake->stream);
}
