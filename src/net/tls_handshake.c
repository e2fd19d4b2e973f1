/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/tls_handshake: a connection until it is known whose it is.
 *
 * The transport does it, in the midst of a read; what comes of it is told in a
 * turn of its own, for whoever is told may close the stream.
 */
#include "net/tls_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* For the peer to read our alert, which a reset would overtake. */
#define ALERT_LINGER (2 * CLOCK_SECOND)

/* Nothing of it is under way any more, but for its stream. */
static void
let_go(struct tls_handshake *handshake)
{
	loop_timer_cancel(&handshake->timer);
	loop_deferred_cancel(&handshake->turn);
	free(handshake->hello);
	handshake->hello = NULL;
	if (handshake->tls != NULL)
		handshake->tls->handshake = NULL;
	handshake->tls = NULL;
}

void
tls_handshake_cancel(struct tls_handshake *handshake)
{
	if (handshake->stream == NULL)
		return;
	let_go(handshake);
	stream_close(&handshake->stream);
}

/* ---- failure ---- */

/* The alert is on its way: what comes of the stream is without TLS, as it was
 * before. */
static void
close_after_alert(struct tls_handshake *handshake)
{
	struct tls *tls = handshake->tls;

	if (stream_carry(handshake->stream, tls->below, tls->wire.state) < 0) {
		tls_handshake_cancel(handshake);
		return;
	}
	let_go(handshake);
	tls_destroy(tls);
	stream_close_flushed(&handshake->stream, ALERT_LINGER);
}

static void
fail(struct tls_handshake *handshake, int error, enum tls_failure failure,
    const char *words)
{
	STACK_OF(X509) *chain = NULL;

	if (handshake->failure == TLS_FAILURE_NONE)
		handshake->failure = failure;
	if (handshake->detail[0] == '\0')
		(void)snprintf(
		    handshake->detail, sizeof(handshake->detail), "%s", words);
	if (handshake->tls != NULL) {
		chain = handshake->tls->chain;
		handshake->tls->chain = NULL;
	}
	handshake->chain = chain;
	if (handshake->tls != NULL && handshake->tls->broken)
		close_after_alert(handshake);
	else
		tls_handshake_cancel(handshake);
	handshake->fn(handshake, error);
	sk_X509_pop_free(chain, X509_free);
}

static void
read_verdict(struct tls_handshake *handshake)
{
	handshake->verdict = handshake->tls->verdict;
	handshake->wrong = handshake->tls->wrong;
}

static void
read_words(struct tls_handshake *handshake, const struct tls *tls)
{
	const char *words = ERR_reason_error_string(ERR_peek_error());
	long verified = SSL_get_verify_result(tls->ssl);

	if (handshake->alert != 0)
		words = SSL_alert_desc_string_long(handshake->alert);
	else if (handshake->failure == TLS_FAILURE_CERTIFICATE &&
		 verified != X509_V_OK)
		words = X509_verify_cert_error_string(verified);
	else if (handshake->failure == TLS_FAILURE_CERTIFICATE)
		words = tls_verdict_text(handshake->verdict);
	(void)snprintf(handshake->detail, sizeof(handshake->detail), "%s",
	    words != NULL ? words : tls_failure_text(handshake->failure));
}

void
tls_handshake_note_failed(struct tls *tls, int error)
{
	struct tls_handshake *handshake = tls->handshake;

	if (handshake == NULL)
		return;
	read_verdict(handshake);
	if (tls->step == TLS_STEP_REFUSED)
		handshake->failure = TLS_FAILURE_REFUSED;
	else if (error == -EPROTO)
		handshake->failure = tls_failure_read(&handshake->alert);
	else
		handshake->failure = TLS_FAILURE_CLOSED;
	if (handshake->failure == TLS_FAILURE_CERTIFICATE)
		error = -EPERM;
	else if (handshake->failure == TLS_FAILURE_CLOSED && error == -EPROTO)
		error = -ECONNRESET;
	else if (handshake->failure == TLS_FAILURE_REFUSED)
		error = -EACCES;
	read_words(handshake, tls);
	handshake->error = error;
	loop_defer(stream_loop(handshake->stream), &handshake->turn);
}

/* ---- success ---- */

static enum tls_protocol
protocol_of(SSL *ssl)
{
	const unsigned char *at;
	unsigned len;

	SSL_get0_alpn_selected(ssl, &at, &len);
	if (len == 2)
		return TLS_PROTOCOL_HTTP2;
	return len > 0 ? TLS_PROTOCOL_HTTP1 : TLS_PROTOCOL_NONE;
}

void
tls_handshake_note_ready(struct tls *tls)
{
	loop_defer(stream_loop(tls->handshake->stream), &tls->handshake->turn);
}

void
tls_handshake_note_hello(struct tls *tls)
{
	tls_handshake_note_ready(tls);
}

static void
succeed(struct tls_handshake *handshake)
{
	SSL *ssl = handshake->tls->ssl;
	X509 *client = handshake->tls->server != NULL
			   ? SSL_get0_peer_certificate(ssl)
			   : NULL;
	struct tls_subject subject;

	read_verdict(handshake);
	handshake->resumed = SSL_session_reused(ssl) == 1;
	handshake->protocol = protocol_of(ssl);
	handshake->chain = SSL_get_peer_cert_chain(ssl);
	if (client != NULL) {
		tls_subject_read(client, &subject);
		handshake->subject = &subject;
	}
	let_go(handshake);
	stream_read_stop(handshake->stream);
	stream_use(handshake->stream, NULL, NULL);
	handshake->fn(handshake, 0);
}

static void
on_turn(struct loop_deferred *turn)
{
	struct tls_handshake *handshake = turn->context;

	if (handshake->tls == NULL)
		fail(handshake, -ENOMEM, TLS_FAILURE_MEMORY, "no memory");
	else if (handshake->error < 0)
		fail(handshake, handshake->error, handshake->failure, "");
	else if (handshake->tls->ready)
		succeed(handshake);
	else
		handshake->ask(handshake);
}

/* ---- the beginning ---- */

static void
on_ended(struct stream *stream, void *context)
{
	struct tls_handshake *handshake = context;

	(void)stream;
	/* It is over, and then it has ended: the callee will see. */
	if (handshake->tls == NULL || !handshake->tls->ready)
		fail(handshake, -ECONNRESET, TLS_FAILURE_CLOSED,
		    "it ended without an answer");
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	struct tls_handshake *handshake = context;

	(void)stream;
	if (handshake->tls == NULL || !handshake->tls->ready)
		fail(handshake, error, TLS_FAILURE_CLOSED,
		    "the connection broke off");
}

static const struct stream_user shaking = {
	.ended = on_ended,
	.failed = on_failed,
};

static void
on_time(struct loop_timer *timer)
{
	fail(timer->context, -ETIMEDOUT, TLS_FAILURE_TIME, "no answer in time");
}

static void
clear(struct tls_handshake *handshake)
{
	handshake->failure = TLS_FAILURE_NONE;
	handshake->detail[0] = '\0';
	handshake->alert = 0;
	handshake->resumed = false;
	handshake->protocol = TLS_PROTOCOL_NONE;
	handshake->verdict = TLS_VERDICT_VALID;
	handshake->wrong = 0;
	handshake->chain = NULL;
	handshake->subject = NULL;
	handshake->hello = NULL;
	handshake->error = 0;
	handshake->turn =
	    (struct loop_deferred){ .fn = on_turn, .context = handshake };
	handshake->timer =
	    (struct loop_timer){ .fn = on_time, .context = handshake };
}

void
tls_handshake_begin(struct tls_handshake *handshake, struct stream **stream,
    struct tls *tls, int64_t timeout)
{
	struct loop *loop = stream_loop(*stream);

	handshake->stream = *stream;
	*stream = NULL;
	handshake->tls = tls;
	clear(handshake);
	if (tls == NULL ||
	    stream_carry(handshake->stream, &tls_transport, tls) < 0) {
		tls_destroy(tls);
		handshake->tls = NULL;
		loop_defer(loop, &handshake->turn);
		return;
	}
	tls->handshake = handshake;
	tls->tolerated = handshake->tolerated;
	loop_timer_arm(loop, &handshake->timer, loop_now(loop) + timeout);
	stream_use(handshake->stream, &shaking, handshake);
	stream_read_start(handshake->stream);
}

/* RFC 7301, 3.1: what we can speak behind it, best first. */
static bool
offer(struct tls *tls, unsigned protocols)
{
	static const unsigned char both[] = "\x02h2\x08http/1.1";
	static const unsigned char one[] = "\x08http/1.1";
	static const unsigned char two[] = "\x02h2";

	if (protocols == (TLS_PROTOCOL_HTTP1 | TLS_PROTOCOL_HTTP2))
		return SSL_set_alpn_protos(tls->ssl, both, sizeof(both) - 1) ==
		       0;
	if (protocols == TLS_PROTOCOL_HTTP2)
		return SSL_set_alpn_protos(tls->ssl, two, sizeof(two) - 1) == 0;
	return SSL_set_alpn_protos(tls->ssl, one, sizeof(one) - 1) == 0;
}

void
tls_handshake_start(struct tls_handshake *handshake, struct stream **stream,
    struct tls_peer *peer, int64_t timeout)
{
	struct tls *tls = tls_create(*stream, peer, NULL);

	if (tls != NULL && !offer(tls, handshake->protocols)) {
		tls_destroy(tls);
		tls = NULL;
	}
	tls_handshake_begin(handshake, stream, tls, timeout);
}
