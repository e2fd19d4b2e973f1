/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/opened_shake: from the client's hello until it is inside.
 *
 *	the server, by an errand -> a certificate like its -> handshake
 */
#include "proxy/opened_impl.h"

#include "event/counter.h"
#include "net/hello.h"
#include "proxy/client.h"
#include "proxy/inspection.h"
#include "proxy/worker.h"

#include <errno.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

/* RFC 8446, 6.2: fatal, in a record that every version reads. */
#define ALERT(description) STR("\x15\x03\x03\x00\x02\x02" description)
#define ALERT_DENIED       ALERT("\x31")

struct opened_shake {
	struct opened *opened;
	struct errand errand;
	struct tls_handshake handshake;
	struct tls_identity *identity, *other; /* references */
	bool shown;   /* the client has seen our certificate, or may have */
	bool rsa_too; /* it may not know ECDSA */
};

/* ---- the end ---- */

void
opened_shake_destroy(struct opened_shake **shake)
{
	struct opened_shake *s = *shake;

	*shake = NULL;
	if (s == NULL)
		return;
	errand_fini(&s->errand);
	tls_handshake_cancel(&s->handshake);
	tls_identity_unref(s->identity);
	tls_identity_unref(s->other);
	free(s);
}

/* The event says what was asked, and what became of it. */
static void
tell(struct opened_shake *shake, enum proxy_failure failure)
{
	struct errand *errand = &shake->errand;
	const struct policy_answer *answer = &errand->answer;

	if (errand->answer.verdict == POLICY_VERDICT_UNDECIDED &&
	    answer->opened != NULL) {
		errand->answer.verdict = POLICY_VERDICT_ALLOW;
		errand->answer.rule = answer->opened;
	}
	if (failure != PROXY_FAILURE_NONE)
		errand->failure = failure;
	errand_tell(errand);
}

void
opened_shake_break(struct opened_shake *shake)
{
	if (shake != NULL)
		tell(shake, PROXY_FAILURE_CLIENT_GONE);
}

/* ---- the client ---- */

static void
go_inside(struct opened_shake *shake)
{
	struct opened *opened = shake->opened;
	struct client *client = opened->client;
	enum tls_protocol protocol = shake->handshake.protocol;

	client->stream = shake->handshake.stream;
	shake->handshake.stream = NULL;
	opened->state = OPENED_INSIDE;
	/* Each request tells its own. */
	shake->errand.account.told = true;
	opened_shake_destroy(&opened->shake);
	counter_add(COUNTER_OPENED, 1);
	client_secured(client, protocol);
}

/* RFC 8446, 6.2: what a client says that does not trust us. */
static bool
is_mistrust(uint8_t alert)
{
	enum {
		BAD_CERTIFICATE = 42,
		UNSUPPORTED_CERTIFICATE = 43,
		CERTIFICATE_REVOKED = 44,
		CERTIFICATE_UNKNOWN = 46,
		UNKNOWN_CA = 48,
	};

	return alert == BAD_CERTIFICATE || alert == UNSUPPORTED_CERTIFICATE ||
	       alert == CERTIFICATE_REVOKED || alert == CERTIFICATE_UNKNOWN ||
	       alert == UNKNOWN_CA;
}

static bool
refuses_certificate(const struct opened_shake *shake)
{
	const struct tls_handshake *handshake = &shake->handshake;

	return shake->shown && (is_mistrust(handshake->alert) ||
				   handshake->failure == TLS_FAILURE_CLOSED);
}

static void
on_accepted(struct tls_handshake *handshake, int error)
{
	struct opened_shake *shake = handshake->context;
	struct opened *opened = shake->opened;

	if (error == 0) {
		go_inside(shake);
		return;
	}
	if (refuses_certificate(shake)) {
		inspection_note_pinned(opened->generation->inspection,
		    shake->errand.flow.from_zone, opened->host_text);
		counter_add(COUNTER_CERTIFICATES_REFUSED, 1);
		tell(shake, PROXY_FAILURE_CERTIFICATE_REFUSED);
	} else {
		tell(shake, PROXY_FAILURE_CLIENT_TLS);
	}
	client_destroy(opened->client);
}

/* A session is good under the policy that it was made under, and for the host.
 */
static void
on_asked(struct tls_handshake *handshake)
{
	struct opened_shake *shake = handshake->context;
	const struct opened *opened = shake->opened;
	char session[HOSTNAME_MAX + 16];
	int len = snprintf(session, sizeof(session), "%u %.*s",
	    opened->generation->number, STR_ARG(opened->host_text));
	struct tls_answer answer = {
		.identity = shake->identity,
		.other = shake->other,
		.protocols = TLS_PROTOCOL_HTTP1 | TLS_PROTOCOL_HTTP2,
		.session = { session, (size_t)len },
	};

	shake->shown = true;
	tls_accept_answer(handshake, &answer);
}

static void
accept_client(struct opened_shake *shake)
{
	struct client *client = shake->opened->client;
	struct inspection *inspection = shake->opened->generation->inspection;

	loop_timer_cancel(&client->timer);
	shake->handshake = (struct tls_handshake){
		.fn = on_accepted, .context = shake, .ask = on_asked
	};
	stream_use(client->stream, NULL, NULL);
	tls_accept_start(&shake->handshake, &client->stream,
	    inspection_server(inspection), PROXY_HANDSHAKE_TIMEOUT);
}

static void
refuse(struct opened_shake *shake)
{
	struct client *client = shake->opened->client;

	if (stream_write(client->stream, ALERT_DENIED) < 0) {
		client_destroy(client);
		return;
	}
	client_end(client);
}

static void
show_certificate(struct opened_shake *shake, const struct x509_st *like)
{
	struct mint *mint =
	    inspection_mint(shake->opened->generation->inspection);
	struct mint_order order = { shake->opened->host_text, like,
		shake->rsa_too };
	int rc = mint_make(mint, &order, &shake->identity, &shake->other);

	if (rc == -EINVAL && like != NULL) {
		/* Then for the name alone: the server itself is good. */
		order.like = NULL;
		rc = mint_make(mint, &order, &shake->identity, &shake->other);
	}
	if (rc < 0) {
		tell(shake, rc == -EACCES ? PROXY_FAILURE_CA_LIMITED
					  : PROXY_FAILURE_NO_MEMORY);
		refuse(shake);
		return;
	}
	accept_client(shake);
}

/* ---- the server ---- */

static void
on_ready(struct opened_shake *shake)
{
	struct opened *opened = shake->opened;
	struct errand *errand = &shake->errand;
	struct inspection *inspection = opened->generation->inspection;
	const struct x509_st *shown = errand_certificate(errand);
	struct x509_st *seen = NULL;

	if (errand->answer.opened == NULL || !errand->secured) {
		opened_become_tunnel(opened, opened->question.name, true);
		return;
	}
	if (shown != NULL)
		inspection_note_seen(inspection, opened->host_text,
		    (struct x509_st *)(uintptr_t)shown);
	else
		seen = inspection_seen(inspection, opened->host_text);
	errand_keep(errand);
	show_certificate(shake, shown != NULL ? shown : seen);
	X509_free(seen);
}

static void
on_refused(struct opened_shake *shake)
{
	struct client *client = shake->opened->client;
	bool silent = shake->errand.answer.verdict == POLICY_VERDICT_DROP;

	tell(shake, PROXY_FAILURE_NONE);
	if (silent)
		client_silence(client);
	else
		refuse(shake);
}

static void
on_errand(struct errand *errand, enum errand_outcome outcome)
{
	struct opened_shake *shake =
	    (struct opened_shake *)((char *)errand -
				    offsetof(struct opened_shake, errand));

	switch (outcome) {
	case ERRAND_READY:
		on_ready(shake);
		break;
	case ERRAND_REFUSED:
		on_refused(shake);
		break;
	case ERRAND_LIMITED:
	case ERRAND_FAILED:
		/* The request inside fails as this did, and says why. */
		show_certificate(shake, NULL);
		break;
	}
}

static const struct stream_user deaf = { .failed = opened_on_failed };

static void
ask_server(struct opened_shake *shake)
{
	struct opened *opened = shake->opened;
	struct client *client = opened->client;
	struct errand *errand = &shake->errand;

	loop_timer_cancel(&client->timer);
	stream_read_stop(client->stream);
	stream_use(client->stream, &deaf, opened);
	errand->done = on_errand;
	errand->meant = opened->question.address;
	errand->may_reuse = true;
	opened_describe(client, &opened->question, &errand->flow);
	if (errand_want_tls(errand, opened->host_text) < 0) {
		client_reset(client);
		return;
	}
	errand_begin(errand);
}

void
opened_shake_begin(struct opened *opened, const struct hello *hello)
{
	struct opened_shake *shake = calloc(1, sizeof(*shake));

	if (shake == NULL) {
		client_reset(opened->client);
		return;
	}
	shake->opened = opened;
	shake->rsa_too =
	    !hello->offers_13 || !hello_verifies(hello, HELLO_ECDSA_P256);
	client_begin_errand(opened->client, &shake->errand);
	opened->shake = shake;
	opened->state = OPENED_SHAKING;
	ask_server(shake);
}
