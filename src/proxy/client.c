/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/client_impl.h"

#include "event/counter.h"
#include "event/event.h"
#include "net/socket.h"
#include "proxy/alias_stream.h"
#include "proxy/aliases.h"
#include "proxy/banned.h"
#include "proxy/crowd.h"
#include "proxy/exchange.h"
#include "proxy/frames.h"
#include "proxy/opened.h"
#include "proxy/worker.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define DNS_PORT 53

/* ---- time ---- */

static void
on_time(struct loop_timer *timer)
{
	struct client *client = timer->context;

	switch (client->state) {
	case CLIENT_PREFACE:
		client_refuse(client, PROXY_FAILURE_PREFACE_TIMEOUT);
		break;
	case CLIENT_GREETING:
		client_open_nameless(client);
		break;
	case CLIENT_HELLO:
		client_refuse_hello(client);
		break;
	case CLIENT_HEAD:
		client_on_head_time(client);
		break;
	case CLIENT_BUSY:
		if (client->association != NULL)
			client_end(client);
		else
			exchange_on_time(client->exchange);
		break;
	case CLIENT_OPENING:
		opened_on_time(client->opened);
		break;
	case CLIENT_ENDING:
		client_on_last_words_time(client);
		break;
	case CLIENT_SHAKING: /* which has its own */
		break;
	case CLIENT_IDLE:
	case CLIENT_SILENT:
		client_end(client);
		break;
	case CLIENT_FRAMES: /* the session minds it */
		break;
	}
}

/* ---- the beginning ---- */

static void
describe(struct client *client)
{
	client->flow_id =
	    event_flow_id(IPPROTO_TCP, client->peer, client->local);
}

/*
 * What was handed over has the address of a server.  Who calls the listener by
 * its own would be led to it again, and again, until descriptors are out.
 */
static bool
was_handed_over(const struct client *client)
{
	return client->local.port != client->listener.port ||
	       !address_eq(client->local.address, client->listener.address);
}

/* An address that stands for a name, but for none that was asked for. */
static bool
is_alias_of_nobody(const struct client *client)
{
	return client->worker->generation->sandboxed &&
	       client->alias.at == NULL && alias_is(client->local.address);
}

static bool
is_welcome(const struct client *client)
{
	if (is_alias_of_nobody(client))
		return false;
	return client->intercepted ? was_handed_over(client)
				   : client_may_ask(client);
}

/* To whichever name server it thinks it speaks. */
static bool
asks_for_names(const struct client *client)
{
	return client->worker->generation->sandboxed &&
	       client->local.port == DNS_PORT;
}

static void
await_questions(struct client *client)
{
	client->state = CLIENT_IDLE;
	client_arm(client, PROXY_KEEP_TIMEOUT);
	alias_stream_serve(client);
}

/* Balancers speak for many: they have as many as there are. */
static struct crowd_source *
find_place(struct worker *worker, bool intercepted,
    const struct address_port *listener, struct address peer)
{
	bool balanced = !intercepted && admission_is_balancer(
					    worker->generation, peer, listener);

	return crowd_enter(worker->crowd, peer, balanced);
}

/* A client of the explicit port may say a password. */
static struct client *
allocate(struct worker *worker, bool intercepted)
{
	struct client *client = malloc(sizeof(*client));

	if (client == NULL)
		return NULL;
	*client = (struct client){
		.worker = worker,
		.intercepted = intercepted,
		.timer = { .fn = on_time, .context = client },
	};
	arena_init(&client->arena, PROXY_ARENA_BYTES_MAX);
	client->arena.spare = &worker->spare;
	client->arena.secret = !intercepted;
	return client;
}

static struct client *
make(struct worker *worker, bool intercepted,
    const struct address_port *listener, int fd, struct address_port peer)
{
	struct client *client = allocate(worker, intercepted);
	struct stream_limits limits = stream_limits_usual;

	if (client == NULL)
		return NULL;
	client->listener = *listener;
	client->peer = peer;
	limits.secret = !intercepted;
	if (socket_local(fd, &client->local) < 0 ||
	    stream_create(worker->loop, fd, &limits, &client->stream) < 0) {
		free(client);
		return NULL;
	}
	if (!intercepted &&
	    admission_is_balancer(worker->generation, peer.address, listener)) {
		client->balancer = peer;
		client->state = CLIENT_PREFACE;
	}
	if (worker->generation->sandboxed)
		client->alias =
		    aliases_name(worker->aliases, client->local.address);
	describe(client);
	worker_add_client(&worker->clients, client);
	counter_add(COUNTER_CONNECTIONS, 1);
	counter_add(COUNTER_CONNECTIONS_OPEN, 1);
	return client;
}

void
client_create(struct worker *worker, bool intercepted,
    const struct address_port *listener, int fd, struct address_port peer)
{
	struct socket_tuning tuning = { .no_delay = true,
		.keepalive_idle = 120,
		.keepalive_every = 30,
		.keepalive_count = 4 };
	if (worker->generation->sandboxed)
		peer.address =
		    alias_client((enum address_family)peer.address.family);
	struct crowd_source *place =
	    find_place(worker, intercepted, listener, peer.address);
	struct client *client =
	    place != NULL ? make(worker, intercepted, listener, fd, peer)
			  : NULL;

	if (client == NULL) {
		crowd_leave(place);
		socket_close_reset(fd);
		return;
	}
	client->place = place;
	(void)socket_tune(fd, &tuning);
	if (asks_for_names(client))
		await_questions(client);
	else if (!is_welcome(client))
		client_reset(client);
	else if (intercepted)
		client_await_greeting(client);
	else if (client_is_balanced(client))
		client_await_preface(client);
	else
		client_await_request(client);
}

/* ---- streams of HTTP/2 ---- */

void
client_become_framed(struct client *client, struct frames *frames)
{
	client->frames = frames;
	client->has_asked = true;
	client->state = CLIENT_FRAMES;
	client_leave_slow(client);
	loop_timer_cancel(&client->timer);
}

/* Whom a certificate names. */
static bool
inherit_user(struct client *client, const struct client *connection)
{
	if (connection->certified == NULL)
		return true;
	client->certified = strdup(connection->certified);
	if (client->certified == NULL)
		return false;
	client->user.name = str_of(client->certified);
	return true;
}

void
client_create_stream(
    struct client *connection, struct stream *stream, int fault)
{
	struct client *client =
	    allocate(connection->worker, connection->intercepted);

	if (client == NULL) {
		stream_close(&stream);
		return;
	}
	client->connection = connection;
	client->listener = connection->listener;
	client->peer = connection->peer;
	client->balancer = connection->balancer;
	client->local = connection->local;
	client->alias = connection->alias;
	client->opened = connection->opened;
	client->flow_id = connection->flow_id;
	if (!inherit_user(client, connection)) {
		stream_close(&stream);
		free(client);
		return;
	}
	client->stream = stream;
	worker_add_client(frames_streams(connection->frames), client);
	client_await_head(client);
	if (fault >= 0)
		client_refuse_head(client, (enum http_fault)fault);
}

void
client_become(struct client *client, struct address_port source)
{
	client->peer = source;
	client->state = CLIENT_IDLE;
	if (banned_has(client->worker->banned, source.address))
		client_refuse(client, PROXY_FAILURE_BANNED);
	else if (!client_may_ask(client))
		client_refuse(client, PROXY_FAILURE_PREFACE_SOURCE);
	else
		client_await_request(client);
}

/* Of a stream of HTTP/2 that of its connection, which may be one itself. */
static int
descriptor_of(const struct client *client)
{
	while (client->connection != NULL)
		client = client->connection;
	return client->stream != NULL ? stream_fd(client->stream) : -1;
}

/* What is inside TLS of a stream's own is spoken by itself. */
static bool
speaks_frames(const struct client *client)
{
	return client->frames != NULL ||
	       (client->connection != NULL && !client_has_opened(client));
}

/* Whose connections are its own. */
static struct client *
owner_of(struct client *client)
{
	return client->connection != NULL && !client_has_opened(client)
		   ? client->connection
		   : client;
}

/* One that is kept may outlive its client, and is then nobody's. */
void
client_own(struct client *client, struct errand *errand)
{
	static _Atomic uint64_t last; /* of all workers */
	struct client *owner = owner_of(client);

	if (owner->owner == 0)
		owner->owner = ++last;
	errand->owner = owner->owner;
}

void
client_begin_errand(struct client *client, struct errand *errand)
{
	errand_init(errand, client->worker,
	    client->intercepted ? FLOW_INTERCEPTED : FLOW_EXPLICIT,
	    client->peer, client->flow_id);
	errand->balancer = client->balancer;
	if (speaks_frames(client))
		errand->account.http = http_version_word(HTTP_VERSION_2);
	errand->client_fd = descriptor_of(client);
	errand->named = client->alias.at != NULL;
	errand->owner = owner_of(client)->owner;
	errand_set_user(errand, client->opened != NULL
				    ? opened_user(client->opened)
				    : &client->user);
}

/* Refused whatever it asks. */
static void
tell_refusal(struct client *client, enum proxy_failure why, const char *words)
{
	struct errand errand;

	client_begin_errand(client, &errand);
	if (client->stream != NULL)
		errand.account.bytes_in = stream_input(client->stream).len;
	(void)snprintf(errand.words, sizeof(errand.words), "%s", words);
	errand.answer = (struct policy_answer){
		.verdict = POLICY_VERDICT_REJECT,
		.phase = POLICY_PHASE_PACKET,
	};
	errand.failure = why;
	errand_tell(&errand);
	errand_fini(&errand);
}

void
client_refuse_for(
    struct client *client, enum proxy_failure why, const char *words)
{
	tell_refusal(client, why, words);
	client_reset(client);
}

void
client_refuse(struct client *client, enum proxy_failure why)
{
	client_refuse_for(client, why, "");
}

void
client_end_flood(struct client *client)
{
	tell_refusal(client, PROXY_FAILURE_FLOOD, "");
	client_end(client);
}
