/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/secure.h"

#include "event/counter.h"
#include "proxy/client.h"
#include "proxy/identities.h"
#include "proxy/limits.h"
#include "proxy/worker.h"

#include <stdio.h>
#include <stdlib.h>

struct secure {
	struct client *client;
	struct tls_handshake handshake;
	bool has_spoken; /* a hello has come */
};

bool
secure_is_wanted(const struct client *client)
{
	return !client->intercepted &&
	       identities_are_at(
		   client->worker->generation->identities, &client->listener);
}

void
secure_cancel(struct secure *secure)
{
	if (secure == NULL)
		return;
	tls_handshake_cancel(&secure->handshake);
	free(secure);
}

/* By the policy in force: another one may be, since it was accepted. */
static void
on_hello(struct tls_handshake *handshake)
{
	struct secure *secure = handshake->context;
	const struct client *client = secure->client;
	char session[IDENTITIES_SESSION_BYTES];
	struct tls_answer answer;

	secure->has_spoken = true;
	if (identities_answer(client->worker->generation->identities,
		&client->listener, handshake->hello, session, &answer))
		tls_accept_answer(handshake, &answer);
	else
		tls_accept_refuse(handshake, TLS_ALERT_ACCESS_DENIED);
}

/* ---- how it ends ---- */

static void
count_failure(enum tls_failure failure)
{
	static const enum counter counters[TLS_FAILURE_COUNT] = {
		[TLS_FAILURE_NONE] = COUNTER_TLS_FAILED_OTHERWISE,
		[TLS_FAILURE_TIME] = COUNTER_TLS_FAILED_TIMEOUT,
		[TLS_FAILURE_CLOSED] = COUNTER_TLS_FAILED_CLOSED,
		[TLS_FAILURE_NOT_TLS] = COUNTER_TLS_FAILED_NOT_TLS,
		[TLS_FAILURE_VERSION] = COUNTER_TLS_FAILED_VERSION,
		[TLS_FAILURE_SUITE] = COUNTER_TLS_FAILED_VERSION,
		[TLS_FAILURE_ALERT] = COUNTER_TLS_FAILED_ALERT,
		[TLS_FAILURE_CERTIFICATE] = COUNTER_TLS_FAILED_CERTIFICATE,
		[TLS_FAILURE_NO_CERTIFICATE] = COUNTER_TLS_FAILED_CERTIFICATE,
		[TLS_FAILURE_REFUSED] = COUNTER_TLS_FAILED_OTHERWISE,
		[TLS_FAILURE_PROTOCOL] = COUNTER_TLS_FAILED_OTHERWISE,
		[TLS_FAILURE_MEMORY] = COUNTER_TLS_FAILED_OTHERWISE,
	};

	counter_add(counters[failure], 1);
}

/* What the peer has said is one of few words: nothing of it is the peer's. */
static void
describe(const struct tls_handshake *handshake, char *to, size_t room)
{
	const char *text = tls_failure_text(handshake->failure);

	if (handshake->failure == TLS_FAILURE_CERTIFICATE)
		(void)snprintf(to, room, "the TLS handshake failed: %s: %s",
		    text, tls_verdict_text(handshake->verdict));
	else if (handshake->failure == TLS_FAILURE_ALERT ||
		 handshake->failure == TLS_FAILURE_PROTOCOL)
		(void)snprintf(to, room, "the TLS handshake failed: %s: %s",
		    text, handshake->detail);
	else
		(void)snprintf(to, room, "the TLS handshake failed: %s", text);
}

/* Some only look whether the port is open, and browsers open connections that
 * they have no use for. */
static bool
is_worth_telling(const struct secure *secure)
{
	return secure->has_spoken ||
	       secure->handshake.failure != TLS_FAILURE_CLOSED;
}

static void
fail(struct secure *secure)
{
	struct client *client = secure->client;
	char words[ERRAND_WORDS_BYTES];

	count_failure(secure->handshake.failure);
	if (!is_worth_telling(secure)) {
		client_destroy(client);
		return;
	}
	describe(&secure->handshake, words, sizeof(words));
	client_refuse_for(client, PROXY_FAILURE_TLS_FAILED, words);
}

static const char *
name_of(const struct tls_subject *subject)
{
	if (subject->common_name[0] != '\0')
		return subject->common_name;
	return subject->email[0] != '\0' ? subject->email : subject->host;
}

static bool
keep_user(struct client *client, const struct tls_subject *subject)
{
	const char *name = subject != NULL ? name_of(subject) : "";

	if (name[0] == '\0')
		return true;
	client->certified = strdup(name);
	return client->certified != NULL;
}

static void
on_done(struct tls_handshake *handshake, int error)
{
	struct secure *secure = handshake->context;
	struct client *client = secure->client;

	if (error < 0) {
		fail(secure);
		return;
	}
	counter_add(
	    handshake->resumed ? COUNTER_TLS_RESUMED : COUNTER_TLS_HANDSHAKES,
	    1);
	client->stream = handshake->stream;
	handshake->stream = NULL;
	if (!keep_user(client, handshake->subject)) {
		client_reset(client);
		return;
	}
	client->secure = NULL;
	enum tls_protocol protocol = handshake->protocol;
	free(secure);
	client_secured(client, protocol);
}

void
secure_serve(struct client *client)
{
	struct secure *secure = calloc(1, sizeof(*secure));

	if (secure == NULL) {
		client_reset(client);
		return;
	}
	client->secure = secure;
	secure->client = client;
	secure->handshake = (struct tls_handshake){
		.fn = on_done,
		.ask = on_hello,
		.context = secure,
	};
	tls_accept_start(&secure->handshake, &client->stream,
	    identities_server(client->worker->generation->identities),
	    PROXY_HANDSHAKE_TIMEOUT);
}
