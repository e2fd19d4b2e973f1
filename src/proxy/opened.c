/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/opened.h"

#include "event/counter.h"
#include "http/uri.h"
#include "net/hello.h"
#include "policy/opening.h"
#include "proxy/client.h"
#include "proxy/crowd.h"
#include "proxy/inspection.h"
#include "proxy/tunnel.h"
#include "proxy/user.h"
#include "proxy/worker.h"

#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

/* Of a name, a user and his hash. */
#define ARENA_BYTES_MAX ((size_t)4 << 10)

/* RFC 8446, 6.2: fatal, in a record that every version reads. */
#define ALERT(description) STR("\x15\x03\x03\x00\x02\x02" description)
#define ALERT_DENIED       ALERT("\x31")

enum opened_state {
	OPENED_HELLO,  /* the client is to say hello */
	OPENED_SERVER, /* the server is asked first */
	OPENED_CLIENT, /* the client's handshake */
	OPENED_INSIDE,
};

struct opened {
	struct client *client;
	enum opened_state state;
	struct arena arena;
	struct opened_question question; /* texts in the arena */
	char host[HOSTNAME_MAX + 1];     /* the name, or the address */
	struct str host_text;            /* of it */
	struct policy_user user;
	struct errand errand;
	bool has_errand;
	struct proxy_generation *generation; /* a reference: that opened it */
	struct tls_handshake handshake;
	struct tls_identity *identity, *other; /* references */
	bool shown;   /* the client has seen our certificate, or may have */
	bool rsa_too; /* it may not know ECDSA */
};

/* ---- what the policy says ---- */

static void
describe(const struct client *client, const struct opened_question *question,
    struct flow *ret)
{
	const struct proxy_generation *generation = client->worker->generation;
	const struct inspection *inspection = generation->inspection;

	admission_port(ret, question->port);
	admission_name(ret, question->name);
	if (question->address.family != ADDRESS_NONE)
		admission_destination(generation, ret, question->address);
	ret->tls = FLOW_TLS;
	ret->connects = question->connects;
	ret->pinned = inspection != NULL && question->name.at != NULL &&
		      inspection_is_pinned(generation->inspection,
			  ret->from_zone, question->name);
}

bool
opened_can_be(const struct client *client)
{
	const struct proxy_generation *generation = client->worker->generation;

	return generation->policy->inspects && generation->inspection != NULL &&
	       client->opened == NULL;
}

static bool
may_be_opened(const struct client *client,
    const struct opened_question *question, const struct policy_user *user)
{
	const struct proxy_generation *generation = client->worker->generation;
	struct flow flow;

	if (!generation->policy->inspects || generation->inspection == NULL)
		return false;
	admission_begin(generation,
	    client->intercepted ? FLOW_INTERCEPTED : FLOW_EXPLICIT,
	    client->peer.address, &flow);
	admission_user(generation, &flow, user);
	describe(client, question, &flow);
	/* A name that the client will tell opens more than its address. */
	if (question->waits && question->name.at == NULL)
		flow.known[POLICY_FACT_NAME] = FLOW_NOT_GIVEN;
	return policy_opens(generation->policy, &flow) != NULL;
}

bool
opened_may_be(
    const struct client *client, const struct opened_question *question)
{
	return opened_can_be(client) &&
	       may_be_opened(client, question, &client->user);
}

bool
opened_stands(const struct opened *opened)
{
	const struct client *client = opened->client;

	return opened->generation == client->worker->generation ||
	       may_be_opened(client, &opened->question, &opened->user);
}

/* ---- the end ---- */

static void
drop_errand(struct opened *opened)
{
	if (opened->has_errand)
		errand_fini(&opened->errand);
	opened->has_errand = false;
}

void
opened_destroy(struct opened **opened)
{
	struct opened *o = *opened;

	*opened = NULL;
	if (o == NULL)
		return;
	drop_errand(o);
	tls_handshake_cancel(&o->handshake);
	tls_identity_unref(o->identity);
	tls_identity_unref(o->other);
	proxy_generation_unref(o->generation);
	arena_fini(&o->arena);
	free(o);
}

/* The event says what was asked, and what became of it. */
static void
tell(struct opened *opened, enum proxy_failure failure)
{
	struct errand *errand = &opened->errand;
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

/* ---- as a tunnel, after all ---- */

/* What is no TLS, or not to be opened where it leads. */
static void
become_tunnel(struct opened *opened, struct str name, bool tls)
{
	struct client *client = opened->client;
	struct tunnel_question question = {
		.manner = tls && client->intercepted ? TUNNEL_TLS : TUNNEL_BARE,
		.name = name,
		.address = opened->question.address,
		.port = opened->question.port,
		.connects = opened->question.connects,
		.is_opened = true,
	};

	if (name.at != NULL)
		question.name = arena_str(&client->arena, name);
	if (opened->user.name.at != NULL && !user_keep(client, &opened->user)) {
		client_reset(client);
		return;
	}
	opened_destroy(&client->opened);
	client_become_busy(client);
	tunnel_ask(client, &question);
}

/* ---- the client ---- */

static void
on_failed(struct stream *stream, int error, void *context)
{
	struct opened *opened = context;

	(void)stream;
	(void)error;
	if (opened->has_errand)
		tell(opened, PROXY_FAILURE_CLIENT_GONE);
	client_destroy(opened->client);
}

static const struct stream_user deaf = { .failed = on_failed };

static void
go_inside(struct opened *opened)
{
	struct client *client = opened->client;
	enum tls_protocol protocol = opened->handshake.protocol;

	client->stream = opened->handshake.stream;
	opened->handshake.stream = NULL;
	opened->state = OPENED_INSIDE;
	/* Each request tells its own. */
	opened->errand.account.told = true;
	drop_errand(opened);
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
refuses_certificate(const struct opened *opened)
{
	const struct tls_handshake *handshake = &opened->handshake;

	return opened->shown && (is_mistrust(handshake->alert) ||
				    handshake->failure == TLS_FAILURE_CLOSED);
}

static void
on_accepted(struct tls_handshake *handshake, int error)
{
	struct opened *opened = handshake->context;

	if (error == 0) {
		go_inside(opened);
		return;
	}
	if (refuses_certificate(opened)) {
		inspection_note_pinned(opened->generation->inspection,
		    opened->errand.flow.from_zone, opened->host_text);
		counter_add(COUNTER_CERTIFICATES_REFUSED, 1);
		tell(opened, PROXY_FAILURE_CERTIFICATE_REFUSED);
	} else {
		tell(opened, PROXY_FAILURE_CLIENT_TLS);
	}
	client_destroy(opened->client);
}

/* A session is good under the policy that it was made under, and for the host.
 */
static void
on_asked(struct tls_handshake *handshake)
{
	struct opened *opened = handshake->context;
	char session[HOSTNAME_MAX + 16];
	int len = snprintf(session, sizeof(session), "%u %.*s",
	    opened->generation->number, STR_ARG(opened->host_text));
	struct tls_answer answer = {
		.identity = opened->identity,
		.other = opened->other,
		.protocols = TLS_PROTOCOL_HTTP1 | TLS_PROTOCOL_HTTP2,
		.session = { session, (size_t)len },
	};

	opened->shown = true;
	tls_accept_answer(handshake, &answer);
}

static void
accept_client(struct opened *opened)
{
	struct client *client = opened->client;
	struct inspection *inspection = opened->generation->inspection;

	opened->state = OPENED_CLIENT;
	loop_timer_cancel(&client->timer);
	opened->handshake = (struct tls_handshake){
		.fn = on_accepted, .context = opened, .ask = on_asked
	};
	stream_use(client->stream, NULL, NULL);
	tls_accept_start(&opened->handshake, &client->stream,
	    inspection_server(inspection), PROXY_HANDSHAKE_TIMEOUT);
}

static void
refuse(struct opened *opened)
{
	struct client *client = opened->client;

	if (stream_write(client->stream, ALERT_DENIED) < 0) {
		client_destroy(client);
		return;
	}
	client_end(client);
}

static void
show_certificate(struct opened *opened, const struct x509_st *like)
{
	struct mint_order order = { opened->host_text, like, opened->rsa_too };
	int rc = mint_make(inspection_mint(opened->generation->inspection),
	    &order, &opened->identity, &opened->other);

	if (rc == -EINVAL && like != NULL) {
		/* Then for the name alone: the server itself is good. */
		order.like = NULL;
		rc = mint_make(inspection_mint(opened->generation->inspection),
		    &order, &opened->identity, &opened->other);
	}
	if (rc < 0) {
		tell(opened, rc == -EACCES ? PROXY_FAILURE_CA_LIMITED
					   : PROXY_FAILURE_NO_MEMORY);
		refuse(opened);
		return;
	}
	accept_client(opened);
}

/* ---- the server ---- */

static void
on_ready(struct opened *opened)
{
	struct errand *errand = &opened->errand;
	struct inspection *inspection = opened->generation->inspection;
	const struct x509_st *shown = errand_certificate(errand);
	struct x509_st *seen = NULL;

	if (errand->answer.opened == NULL || !errand->secured) {
		become_tunnel(opened, opened->question.name, true);
		return;
	}
	if (shown != NULL)
		inspection_note_seen(inspection, opened->host_text,
		    (struct x509_st *)(uintptr_t)shown);
	else
		seen = inspection_seen(inspection, opened->host_text);
	errand_keep(errand);
	show_certificate(opened, shown != NULL ? shown : seen);
	X509_free(seen);
}

static void
on_refused(struct opened *opened)
{
	struct client *client = opened->client;
	bool silent = opened->errand.answer.verdict == POLICY_VERDICT_DROP;

	tell(opened, PROXY_FAILURE_NONE);
	if (silent)
		client_silence(client);
	else
		refuse(opened);
}

static void
on_errand(struct errand *errand, enum errand_outcome outcome)
{
	struct opened *opened =
	    (struct opened *)((char *)errand - offsetof(struct opened, errand));

	switch (outcome) {
	case ERRAND_READY:
		on_ready(opened);
		break;
	case ERRAND_REFUSED:
		on_refused(opened);
		break;
	case ERRAND_LIMITED:
	case ERRAND_FAILED:
		/* The request inside fails as this did, and says why. */
		show_certificate(opened, NULL);
		break;
	}
}

static void
ask_server(struct opened *opened)
{
	struct client *client = opened->client;
	struct errand *errand = &opened->errand;

	opened->state = OPENED_SERVER;
	loop_timer_cancel(&client->timer);
	stream_read_stop(client->stream);
	stream_use(client->stream, &deaf, opened);
	client_begin_errand(client, errand);
	opened->has_errand = true;
	errand->done = on_errand;
	errand->meant = opened->question.address;
	errand->may_reuse = true;
	describe(client, &opened->question, &errand->flow);
	if (errand_want_tls(errand, opened->host_text) < 0) {
		client_reset(client);
		return;
	}
	errand_begin(errand);
}

/* ---- the hello ---- */

static bool
set_host(struct opened *opened, struct str name)
{
	char text[ADDRESS_TEXT_BYTES];

	if (opened->question.name.at == NULL && name.at != NULL)
		opened->question.name = arena_str(&opened->arena, name);
	name = opened->question.name;
	if (name.at == NULL)
		name = str_of(address_format(opened->question.address, text));
	if (opened->arena.full || name.len > HOSTNAME_MAX)
		return false;
	memcpy(opened->host, name.at, name.len);
	opened->host_text = (struct str){ opened->host, name.len };
	return true;
}

/* It was let in for one name, and asks for another. */
static bool
is_other_name(const struct opened *opened, struct str name)
{
	return opened->question.name.at != NULL && name.at != NULL &&
	       !str_eq(opened->question.name, name);
}

static void
refuse_hello(struct opened *opened, struct str name, enum proxy_failure why)
{
	struct client *client = opened->client;

	if (name.at != NULL)
		name = arena_str(&client->arena, name);
	opened_destroy(&client->opened);
	client_become_busy(client);
	tunnel_refuse_hello(client, name, why);
}

static void
on_hello(struct opened *opened, const struct hello *hello)
{
	struct str name = hello_server_name(hello);

	if (is_other_name(opened, name)) {
		refuse_hello(opened, name, PROXY_FAILURE_OTHER_NAME);
	} else if (!set_host(opened, name)) {
		client_reset(opened->client);
	} else if (!may_be_opened(
		       opened->client, &opened->question, &opened->user)) {
		become_tunnel(opened, opened->question.name, true);
	} else {
		opened->rsa_too = !hello->offers_13 ||
				  !hello_verifies(hello, HELLO_ECDSA_P256);
		client_become_busy(opened->client);
		opened->client->state = CLIENT_OPENING;
		ask_server(opened);
	}
}

static void
read_hello(struct opened *opened)
{
	struct client *client = opened->client;
	struct str input = stream_input(client->stream);
	struct str none = { NULL, 0 };
	struct hello hello;

	if (input.len == 0)
		return;
	if (!hello_looks_like_tls(input)) {
		become_tunnel(opened, opened->question.name, false);
		return;
	}
	int rc = hello_parse(input, &hello);
	if (rc == 0)
		on_hello(opened, &hello);
	else if (rc != -EAGAIN || stream_has_ended(client->stream))
		refuse_hello(opened, none, PROXY_FAILURE_HELLO_BAD);
	else
		client_await_rest(client);
}

static void
on_hello_data(struct stream *stream, void *context)
{
	(void)stream;
	read_hello(context);
}

static void
on_hello_ended(struct stream *stream, void *context)
{
	struct opened *opened = context;

	if (stream_input(stream).len > 0)
		read_hello(opened);
	else
		client_end(opened->client);
}

static const struct stream_user hellos = {
	.data = on_hello_data,
	.ended = on_hello_ended,
	.failed = on_failed,
};

void
opened_on_time(struct opened *opened)
{
	struct str none = { NULL, 0 };

	if (opened->state != OPENED_HELLO)
		return;
	/* A server that speaks first is no server of TLS. */
	if (stream_input(opened->client->stream).len == 0)
		become_tunnel(opened, opened->question.name, false);
	else
		refuse_hello(opened, none, PROXY_FAILURE_HELLO_BAD);
}

/* ---- the beginning ---- */

static struct opened *
create(struct client *client, const struct opened_question *question)
{
	struct opened *opened = calloc(1, sizeof(*opened));

	if (opened == NULL)
		return NULL;
	opened->client = client;
	opened->question = *question;
	opened->generation = proxy_generation_ref(client->worker->generation);
	arena_init(&opened->arena, ARENA_BYTES_MAX);
	opened->arena.secret = true;
	if (question->name.at != NULL)
		opened->question.name =
		    arena_str(&opened->arena, question->name);
	if (client->user.name.at != NULL) {
		opened->user.name =
		    arena_str(&opened->arena, client->user.name);
		opened->user.hash =
		    arena_str(&opened->arena, client->user.hash);
	}
	client->opened = opened;
	return opened;
}

/* Else one connection would be as many as it has streams. */
static bool
has_place(struct client *client)
{
	if (client->place == NULL && client->connection != NULL)
		client->place = crowd_enter(
		    client->worker->crowd, client->peer.address, false);
	return client->place != NULL;
}

void
opened_begin(struct client *client, const struct opened_question *question)
{
	struct opened *opened =
	    has_place(client) ? create(client, question) : NULL;

	if (opened == NULL || opened->arena.full) {
		client_reset(client);
		return;
	}
	client->state = CLIENT_OPENING;
	client_await_hello(client);
	stream_use(client->stream, &hellos, opened);
	stream_read_start(client->stream);
	read_hello(opened);
}

/* ---- inside ---- */

bool
opened_is_inside(const struct opened *opened)
{
	return opened != NULL && opened->state == OPENED_INSIDE;
}

struct address_port
opened_place(const struct opened *opened)
{
	return (struct address_port){ opened->question.address,
		opened->question.port };
}

const struct policy_user *
opened_user(const struct opened *opened)
{
	return &opened->user;
}

bool
opened_is_for(const struct opened *opened, const struct http_uri *uri)
{
	return uri->scheme == HTTP_SCHEME_HTTPS &&
	       uri->port == opened->question.port &&
	       str_eq(uri->host.text, opened->host_text) &&
	       opened_stands(opened);
}
