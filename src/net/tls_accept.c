/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "net/tls_accept.h"

#include "base/must.h"
#include "base/sha256.h"
#include "net/tls_impl.h"

#include <assert.h>

/* Nothing was read since the client was asked, so no readiness would come. */
static void
go_on(struct tls_handshake *handshake, enum tls_step step)
{
	handshake->tls->step = step;
	handshake->tls->was_answered = true;
	stream_read_stop(handshake->stream);
	stream_read_start(handshake->stream);
}

void
tls_accept_refuse(struct tls_handshake *handshake, enum tls_alert alert)
{
	must(handshake->tls->step == TLS_STEP_ASKED);
	handshake->tls->refusal = (uint8_t)alert;
	go_on(handshake, TLS_STEP_REFUSED);
}

/* As long as OpenSSL lets it be, of a context as long as it may be. */
static bool
bind_session(SSL *ssl, struct str context)
{
	unsigned char digest[SHA256_BYTES];
	size_t len = sizeof(digest);

	static_assert(
	    SHA256_BYTES <= SSL_MAX_SID_CTX_LENGTH, "it would be cut");
	return EVP_Q_digest(NULL, "SHA256", NULL, context.at, context.len,
		   digest, &len) == 1 &&
	       SSL_set_session_id_context(ssl, digest, (unsigned)len) == 1;
}

static bool
apply(struct tls *tls, const struct tls_answer *answer)
{
	tls->protocols = answer->protocols;
	return tls_identity_use(answer->identity, tls->ssl) &&
	       (answer->other == NULL ||
		   tls_identity_use(answer->other, tls->ssl)) &&
	       tls_settings_demand(
		   answer->authorities, tls->ssl, answer->demand) &&
	       bind_session(tls->ssl, answer->session);
}

void
tls_accept_answer(
    struct tls_handshake *handshake, const struct tls_answer *answer)
{
	must(handshake->tls->step == TLS_STEP_ASKED);
	if (apply(handshake->tls, answer))
		go_on(handshake, TLS_STEP_ANSWERED);
	else
		tls_accept_refuse(handshake, TLS_ALERT_INTERNAL_ERROR);
}

void
tls_accept_start(struct tls_handshake *handshake, struct stream **stream,
    struct tls_server *server, int64_t timeout)
{
	tls_handshake_begin(
	    handshake, stream, tls_create(*stream, NULL, server), timeout);
}
