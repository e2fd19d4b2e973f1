/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/errand_tls: the errand speaks TLS with its server, itself.
 *
 * Between the connection and its arrival stands a handshake.  Whatever way it
 * has come: behind a parent's passage, too.  A connection that is kept has been
 * secured for the same name, by a certificate of those who are trusted now, and
 * is known by both.
 */
#include "proxy/errand_impl.h"

#include "event/counter.h"
#include "policy/opening.h"
#include "proxy/inspection.h"
#include "proxy/sessions.h"
#include "proxy/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_BEGIN "tls "

/* RFC 8446, 6.2. */
#define ALERT_PROTOCOL_VERSION 70

struct errand_tls {
	struct errand *errand;
	struct address_port at;
	struct tls_handshake handshake;
	struct x509_st *certificate; /* a reference; NULL: none was seen */
	struct turn turn;
	char key[sizeof(KEY_BEGIN "0123456789abcdef ") + HOSTNAME_MAX];
	size_t key_len, host_len;
};

/* By whom the policy trusts that it goes by now. */
static void
write_key(struct errand_tls *tls, struct str host)
{
	const struct inspection *inspection =
	    tls->errand->generation->inspection;
	uint64_t trust = inspection != NULL ? inspection_trust(inspection) : 0;

	tls->host_len = host.len;
	tls->key_len = (size_t)snprintf(tls->key, sizeof(tls->key),
	    KEY_BEGIN "%016" PRIx64 " %.*s", trust, STR_ARG(host));
}

/* The policy may be another than when it was asked for. */
static void
write_key_again(struct errand_tls *tls)
{
	char host[HOSTNAME_MAX];

	memcpy(host, tls->key + tls->key_len - tls->host_len, tls->host_len);
	write_key(tls, (struct str){ host, tls->host_len });
}

int
errand_want_tls(struct errand *errand, struct str host)
{
	struct errand_tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL || host.len > HOSTNAME_MAX) {
		free(tls);
		return -ENOMEM;
	}
	tls->errand = errand;
	write_key(tls, host);
	errand->tls = tls;
	return 0;
}

void
errand_fini_tls(struct errand *errand)
{
	if (errand->tls == NULL)
		return;
	turn_end(&errand->tls->turn);
	tls_handshake_cancel(&errand->tls->handshake);
	X509_free(errand->tls->certificate);
	free(errand->tls);
	errand->tls = NULL;
}

struct turn *
errand_tls_turn(struct errand *errand)
{
	return &errand->tls->turn;
}

struct str
errand_tls_key(const struct errand *errand)
{
	return errand->tls == NULL
		   ? (struct str){ NULL, 0 }
		   : (struct str){ errand->tls->key, errand->tls->key_len };
}

const struct x509_st *
errand_certificate(const struct errand *errand)
{
	return errand->tls != NULL ? errand->tls->certificate : NULL;
}

/* Only where the policy has it opened; it may know the address by now. */
bool
errand_is_to_be_secured(struct errand *errand)
{
	if (errand->tls == NULL || errand->secured)
		return false;
	if (errand->flow.tls == FLOW_BARE)
		return true;
	errand_take_generation(errand, errand->worker->generation);
	return errand_ask_own(errand).opened != NULL;
}

static enum proxy_failure
failure_of(const struct tls_handshake *handshake)
{
	if (handshake->failure == TLS_FAILURE_CERTIFICATE)
		return PROXY_FAILURE_CERTIFICATE;
	return handshake->failure == TLS_FAILURE_TIME
		   ? PROXY_FAILURE_TLS_TIMEOUT
		   : PROXY_FAILURE_SERVER_TLS;
}

/* "the server's certificate is not accepted: it has expired" */
static void
blame(struct errand *errand, const struct tls_handshake *handshake)
{
	enum proxy_failure failure = failure_of(handshake);
	const char *why = tls_failure_text(handshake->failure);

	if (failure == PROXY_FAILURE_CERTIFICATE)
		why = tls_verdict_text(handshake->verdict);
	else if (handshake->alert == ALERT_PROTOCOL_VERSION)
		why = tls_failure_text(TLS_FAILURE_VERSION);
	(void)snprintf(errand->words, sizeof(errand->words), "%s: %s",
	    proxy_failure_words(failure), why);
	counter_add(COUNTER_UPSTREAM_FAILED, 1);
	errand_fail(errand, failure);
}

static void
note_certificate(struct errand_tls *tls, const struct tls_handshake *handshake)
{
	X509 *first = handshake->chain != NULL
			  ? sk_X509_value(handshake->chain, 0)
			  : NULL;

	X509_free(tls->certificate);
	tls->certificate =
	    first != NULL && X509_up_ref(first) == 1 ? first : NULL;
}

static void
on_secured(struct tls_handshake *handshake, int error)
{
	struct errand_tls *tls = handshake->context;
	struct errand *errand = tls->errand;
	struct stream *server = handshake->stream;

	handshake->stream = NULL;
	if (error < 0) {
		blame(errand, handshake);
		return;
	}
	note_certificate(tls, handshake);
	errand->secured = true;
	if (errand_share(errand, handshake->protocol, tls->at, &server) < 0) {
		errand_fail(errand, PROXY_FAILURE_NO_MEMORY);
		return;
	}
	errand_arrive(errand, tls->at, &server);
}

void
errand_secure(
    struct errand *errand, struct address_port at, struct stream **server)
{
	struct errand_tls *tls = errand->tls;
	struct inspection *inspection = errand->generation->inspection;
	bool by_name = errand->flow.known[POLICY_FACT_NAME] == FLOW_KNOWN;
	struct str none = { NULL, 0 };
	struct tls_peer *peer = NULL;

	if (inspection != NULL)
		peer = inspection_peer(inspection,
		    by_name ? errand->flow.name : none,
		    by_name ? at.address : errand->meant);
	if (peer == NULL) {
		stream_close(server);
		errand_fail(errand, PROXY_FAILURE_NO_MEMORY);
		return;
	}
	write_key_again(tls);
	tls->at = at;
	tls->handshake = (struct tls_handshake){ .fn = on_secured,
		.context = tls,
		.protocols = TLS_PROTOCOL_HTTP1 };
	if (errand_may_share(errand))
		tls->handshake.protocols |= TLS_PROTOCOL_HTTP2;
	tls_handshake_start(
	    &tls->handshake, server, peer, PROXY_HANDSHAKE_TIMEOUT);
	tls_peer_unref(peer);
}
