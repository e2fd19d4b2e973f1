/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/opened_impl.h"

#include "http/uri.h"
#include "net/hello.h"
#include "policy/opening.h"
#include "proxy/client.h"
#include "proxy/crowd.h"
#include "proxy/inspection.h"
#include "proxy/tunnel.h"
#include "proxy/user.h"
#include "proxy/worker.h"

#include <stdlib.h>

/* ---- what the policy says ---- */

void
opened_describe(const struct client *client,
    const struct opened_question *question, struct flow *ret)
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
	opened_describe(client, question, &flow);
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
forget_who(struct opened *opened)
{
	if (opened->who != NULL)
		explicit_bzero(
		    opened->who, opened->user.name.len + opened->user.hash.len);
	free(opened->who);
}

void
opened_destroy(struct opened **opened)
{
	struct opened *o = *opened;

	*opened = NULL;
	if (o == NULL)
		return;
	opened_shake_destroy(&o->shake);
	proxy_generation_unref(o->generation);
	forget_who(o);
	free(o);
}

void
opened_on_failed(struct stream *stream, int error, void *context)
{
	struct opened *opened = context;

	(void)stream;
	(void)error;
	opened_shake_break(opened->shake);
	client_destroy(opened->client);
}

/* ---- as a tunnel, after all ---- */

void
opened_become_tunnel(struct opened *opened, struct str name, bool tls)
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

/* ---- the hello ---- */

static void
put_host(struct opened *opened, struct str host)
{
	memcpy(opened->host, host.at, host.len);
	opened->host_text = (struct str){ opened->host, host.len };
}

static bool
set_name(struct opened *opened, struct str name)
{
	if (name.len > HOSTNAME_MAX)
		return false;
	put_host(opened, name);
	opened->question.name = opened->host_text;
	return true;
}

static bool
set_host(struct opened *opened, struct str name)
{
	char text[ADDRESS_TEXT_BYTES];

	if (opened->question.name.at != NULL)
		return true;
	if (name.at != NULL)
		return set_name(opened, name);
	put_host(
	    opened, str_of(address_format(opened->question.address, text)));
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
		opened_become_tunnel(opened, opened->question.name, true);
	} else {
		client_become_busy(opened->client);
		opened->client->state = CLIENT_OPENING;
		opened_shake_begin(opened, hello);
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
		opened_become_tunnel(opened, opened->question.name, false);
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
	.failed = opened_on_failed,
};

void
opened_on_time(struct opened *opened)
{
	struct str none = { NULL, 0 };

	if (opened->state != OPENED_HELLO)
		return;
	/* A server that speaks first is no server of TLS. */
	if (stream_input(opened->client->stream).len == 0)
		opened_become_tunnel(opened, opened->question.name, false);
	else
		refuse_hello(opened, none, PROXY_FAILURE_HELLO_BAD);
}

/* ---- the beginning ---- */

/* The hash is as secret as what it proves. */
static bool
keep_who(struct opened *opened, const struct policy_user *user)
{
	size_t len = user->name.len + user->hash.len;

	if (user->name.at == NULL)
		return true;
	opened->who = malloc(len > 0 ? len : 1);
	if (opened->who == NULL)
		return false;
	memcpy(opened->who, user->name.at, user->name.len);
	opened->user.name = (struct str){ opened->who, user->name.len };
	if (user->hash.at == NULL)
		return true;
	memcpy(opened->who + user->name.len, user->hash.at, user->hash.len);
	opened->user.hash =
	    (struct str){ opened->who + user->name.len, user->hash.len };
	return true;
}

static struct opened *
create(struct client *client, const struct opened_question *question)
{
	struct opened *opened = calloc(1, sizeof(*opened));

	if (opened == NULL)
		return NULL;
	opened->client = client;
	opened->question = *question;
	opened->generation = proxy_generation_ref(client->worker->generation);
	client->opened = opened;
	if ((question->name.at == NULL || set_name(opened, question->name)) &&
	    keep_who(opened, &client->user))
		return opened;
	opened_destroy(&client->opened);
	return NULL;
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

	if (opened == NULL) {
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
