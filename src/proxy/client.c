/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/client.h"

#include "event/counter.h"
#include "event/event.h"
#include "http2/session.h"
#include "net/hello.h"
#include "net/socket.h"
#include "proxy/alias_stream.h"
#include "proxy/aliases.h"
#include "proxy/association.h"
#include "proxy/balanced.h"
#include "proxy/banned.h"
#include "proxy/crowd.h"
#include "proxy/exchange.h"
#include "proxy/frames.h"
#include "proxy/greeting.h"
#include "proxy/opened.h"
#include "proxy/page.h"
#include "proxy/proxy_status.h"
#include "proxy/secure.h"
#include "proxy/socks.h"
#include "proxy/tunnel.h"
#include "proxy/worker.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#define DNS_PORT   53
#define HTTP_PORT  80
#define HTTPS_PORT 443

/* ---- the end ---- */

/* It has come whole, or will not. */
static void
leave_slow(struct client *client)
{
	crowd_leave(client->slow_place);
	client->slow_place = NULL;
}

/* Tells and forgets what the connection is about. */
static void
finish_matter(struct client *client, enum proxy_failure why)
{
	who_cancel(&client->who);
	leave_slow(client);
	exchange_cancel(client->exchange, why);
	tunnel_cancel(client->tunnel, why);
	association_cancel(client->association, why);
	frames_destroy(client->frames, why);
	alias_stream_destroy(client->questions);
	client->questions = NULL;
	client->association = NULL;
	client->frames = NULL;
	client->exchange = NULL;
	client->tunnel = NULL;
	arena_fini(&client->arena);
	secure_cancel(client->secure);
	client->secure = NULL;
	/* Without a hash: nothing else proves it. */
	client->user = (struct policy_user){ 0 };
	if (client->certified != NULL)
		client->user.name = str_of(client->certified);
}

static void
destroy(struct client *client, enum proxy_failure why)
{
	finish_matter(client, why);
	if (client->connection == NULL)
		opened_destroy(&client->opened);
	stream_close(&client->stream);
	loop_timer_cancel(&client->timer);
	worker_remove_client(client);
	crowd_leave(client->place);
	if (client->connection == NULL)
		counter_add(COUNTER_CONNECTIONS_OPEN, -1);
	free(client->certified);
	free(client);
}

void
client_destroy(struct client *client)
{
	destroy(client, PROXY_FAILURE_CLIENT_GONE);
}

void
client_reset(struct client *client)
{
	stream_close_reset(&client->stream);
	client_destroy(client);
}

static void
arm(struct client *client, int64_t time)
{
	struct loop *loop = client->worker->loop;

	loop_timer_arm(loop, &client->timer, loop_now(loop) + time);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	client_destroy(context);
}

/* The end of a stream of HTTP/2 could not overtake its last bytes. */
static void
linger(struct client *client)
{
	if (http2_stream_has_ended(client->stream))
		stream_shutdown(client->stream);
	else
		stream_close_flushed(&client->stream, PROXY_LINGER);
	client_destroy(client);
}

/* A client that still sends is not made to wait for us to read it. */
static void
on_data_too_late(struct stream *stream, void *context)
{
	(void)context;
	stream_consume(stream, stream_input(stream).len);
}

static void
on_all_said(struct stream *stream, void *context)
{
	(void)stream;
	linger(context);
}

static const struct stream_user last_words = {
	.data = on_data_too_late,
	.finished = on_all_said,
	.failed = on_failed,
};

static void
await_last_words(struct client *client)
{
	client->unsent = stream_pending(client->stream);
	arm(client, PROXY_STALL_TIMEOUT);
}

/*
 * The end of a large answer may be queued here still, and PROXY_LINGER is only
 * for the FIN that follows it.
 */
void
client_end(struct client *client)
{
	finish_matter(client, PROXY_FAILURE_CLIENT_GONE);
	if (stream_pending(client->stream) == 0) {
		linger(client);
		return;
	}
	client->state = CLIENT_ENDING;
	stream_use(client->stream, &last_words, client);
	stream_shutdown(client->stream);
	stream_read_start(client->stream);
	await_last_words(client);
}

/* Whoever takes something in all this time may go on. */
static void
on_last_words_time(struct client *client)
{
	if (stream_pending(client->stream) < client->unsent)
		await_last_words(client);
	else
		client_reset(client);
}

static const struct stream_user silence = { .failed = on_failed };

void
client_silence(struct client *client)
{
	finish_matter(client, PROXY_FAILURE_NONE);
	client->state = CLIENT_SILENT;
	stream_use(client->stream, &silence, client);
	stream_read_stop(client->stream);
	arm(client, PROXY_SILENCE);
}

void
client_become_busy(struct client *client)
{
	client->state = CLIENT_BUSY;
	leave_slow(client);
	loop_timer_cancel(&client->timer);
}

/* ---- heads ---- */

/* What is told of a head that is none. */
static void
tell_fault(struct errand *errand, enum http_fault fault)
{
	counter_add(COUNTER_BAD_REQUESTS, 1);
	errand->account.status = (uint16_t)http_fault_status(fault);
	errand->answer = (struct policy_answer){
		.verdict = POLICY_VERDICT_REJECT,
		.phase = POLICY_PHASE_REQUEST,
		.reason = http_fault_meaning(fault),
	};
	errand_tell(errand);
	errand_fini(errand);
}

/* A head that is none: said, counted, and the last of this connection. */
static void
refuse_head(struct client *client, enum http_fault fault)
{
	struct page page = {
		.status = http_fault_status(fault),
		.sentence = http_fault_meaning(fault),
		.by = worker_via(),
		.error = PROXY_STATUS_HEAD_BAD,
		.client_minor = 1,
	};
	struct errand errand;

	client_begin_errand(client, &errand);
	errand.account.bytes_in = stream_input(client->stream).len;
	/* Who does not speak HTTP would take it for something else. */
	int sent =
	    fault == HTTP_FAULT_NOT_HTTP ? 0 : page_send(&page, client->stream);
	errand.account.bytes_out = sent > 0 ? (uint64_t)sent : 0;
	tell_fault(&errand, fault);
	client_end(client);
}

void
client_tell_malformed(struct client *client, enum http_fault fault)
{
	struct errand errand;

	client_begin_errand(client, &errand);
	tell_fault(&errand, fault);
}

/* A part has come, and room is kept for the rest as long as there is some. */
static void
wait_for_rest(struct client *client)
{
	if (client->slow_place == NULL)
		client->slow_place = crowd_enter(
		    client->worker->slow_heads, client->peer.address, false);
	if (client->slow_place == NULL)
		client_reset(client);
}

void
client_await_rest(struct client *client)
{
	if (client->slow_place == NULL)
		arm(client, PROXY_HEAD_TIMEOUT);
	wait_for_rest(client);
}

void
client_await_hello(struct client *client)
{
	arm(client, PROXY_GREETING_TIMEOUT);
}

void
client_wait_for_head(struct client *client, bool waits)
{
	if (waits)
		wait_for_rest(client);
	else
		leave_slow(client);
}

/* Bytes of a head have come: from now on the time for it runs. */
static void
begin_head(struct client *client)
{
	if (client->state == CLIENT_HEAD)
		return;
	client->state = CLIENT_HEAD;
	arm(client, PROXY_HEAD_TIMEOUT);
}

static void
read_head(struct client *client)
{
	bool inside = opened_is_inside(client->opened);
	struct http_arrival arrival = { .scheme = inside ? HTTP_SCHEME_HTTPS
							 : HTTP_SCHEME_HTTP };
	struct http_request request;
	enum http_fault fault;

	if (inside)
		arrival.destination = opened_place(client->opened);
	else if (client->intercepted)
		arrival.destination = client->local;
	/* Who sends requests in a row must take the answers. */
	if (stream_is_full(client->stream))
		return;
	begin_head(client);
	int used = http_request_parse(stream_input(client->stream),
	    &client->scan, &arrival, &client->arena, &request, &fault);
	if (used == -EAGAIN) {
		if (stream_has_ended(client->stream))
			refuse_head(client, HTTP_FAULT_TRUNCATED);
		else
			wait_for_rest(client);
		return;
	}
	if (used == -EBADMSG) {
		refuse_head(client, fault);
		return;
	}
	if (used < 0) {
		client_reset(client);
		return;
	}
	counter_add(COUNTER_REQUESTS, 1);
	client->has_asked = true;
	client_become_busy(client);
	exchange_begin(client, &request, (size_t)used);
}

/* The explicit port speaks both; a connection begins with one of them. */
static bool
speaks_socks(const struct client *client)
{
	return !client->intercepted && !client->has_asked &&
	       client->opened == NULL &&
	       socks_begins(stream_input(client->stream));
}

static enum frames_preface
preface_of(const struct client *client)
{
	/* RFC 9113, 3.3: inside TLS it is chosen in the handshake. */
	if (client->has_asked || client->connection != NULL ||
	    client->opened != NULL)
		return FRAMES_PREFACE_NONE;
	return frames_preface_of(stream_input(client->stream));
}

/* Whether it speaks HTTP/2, or may do so and has been waited for. */
static bool
take_preface(struct client *client)
{
	enum frames_preface preface = preface_of(client);

	if (preface == FRAMES_PREFACE_NONE)
		return false;
	if (preface == FRAMES_PREFACE_WHOLE) {
		frames_serve(client);
		return true;
	}
	begin_head(client);
	wait_for_rest(client);
	return true;
}

static void
on_head_data(struct stream *stream, void *context)
{
	struct client *client = context;

	(void)stream;
	if (take_preface(client))
		return;
	if (!speaks_socks(client)) {
		read_head(client);
		return;
	}
	begin_head(client);
	socks_serve(client);
}

static void
on_head_ended(struct stream *stream, void *context)
{
	struct client *client = context;

	if (stream_input(stream).len > 0)
		read_head(client);
	else
		client_end(client);
}

static void
on_head_room(struct stream *stream, void *context)
{
	if (stream_input(stream).len > 0)
		read_head(context);
}

static void
await_preface(struct client *client)
{
	arm(client, PROXY_PREFACE_TIMEOUT);
	balanced_serve(client);
}

/* Of those who stall in it no more than of those who stall in a head. */
static void
shake_hands(struct client *client)
{
	client->state = CLIENT_SHAKING;
	loop_timer_cancel(&client->timer);
	client->slow_place = crowd_enter(
	    client->worker->slow_heads, client->peer.address, false);
	if (client->slow_place == NULL)
		client_reset(client);
	else
		secure_serve(client);
}

static const struct stream_user heads = {
	.data = on_head_data,
	.ended = on_head_ended,
	.drained = on_head_room,
	.failed = on_failed,
};

static void
await_head(struct client *client)
{
	client->state = CLIENT_IDLE;
	client->scan = (struct http_head_scan){
		.framed = http2_stream_is(client->stream),
		.alone = http2_stream_is_alone(client->stream),
	};
	arm(client,
	    client->worker->drains ? PROXY_DRAIN_IDLE : PROXY_KEEP_TIMEOUT);
	stream_use(client->stream, &heads, client);
	stream_read_start(client->stream);
}

static void
await_request(struct client *client)
{
	if (secure_is_wanted(client))
		shake_hands(client);
	else
		await_head(client);
}

void
client_secured(struct client *client, enum tls_protocol protocol)
{
	finish_matter(client, PROXY_FAILURE_NONE);
	if (protocol == TLS_PROTOCOL_HTTP2)
		frames_serve(client);
	else
		await_head(client);
}

void
client_next(struct client *client)
{
	finish_matter(client, PROXY_FAILURE_NONE);
	if (client->opened != NULL && !opened_stands(client->opened))
		client_end(client);
	else
		await_head(client);
}

/* ---- greetings ---- */

/* It has spoken; how long its line takes for the rest is another matter. */
static void
begin_hello(struct client *client)
{
	if (client->state == CLIENT_HELLO)
		return;
	client->state = CLIENT_HELLO;
	arm(client, PROXY_HEAD_TIMEOUT);
}

static void
refuse_hello(struct client *client)
{
	tunnel_refuse_hello(
	    client, (struct str){ NULL, 0 }, PROXY_FAILURE_HELLO_BAD);
}

static void
read_hello(struct client *client)
{
	struct hello hello;
	int rc = hello_parse(stream_input(client->stream), &hello);

	if (rc == -EAGAIN && !stream_has_ended(client->stream)) {
		begin_hello(client);
		wait_for_rest(client);
		return;
	}
	if (rc < 0) {
		refuse_hello(client);
		return;
	}
	struct str name = hello_server_name(&hello);
	client_become_busy(client);
	if (name.at != NULL)
		name = arena_str(&client->arena, name);
	if (client->alias.at != NULL && name.at != NULL &&
	    !str_eq(name, client->alias))
		tunnel_refuse_hello(client, name, PROXY_FAILURE_OTHER_NAME);
	else
		tunnel_open(client, name, true);
}

/* Other bytes, or none at all by now: there is no name. */
static void
open_nameless(struct client *client)
{
	client_become_busy(client);
	tunnel_open(client, (struct str){ NULL, 0 }, false);
}

/*
 * Where servers speak HTTP, whatever might be it is read as such: behind a line
 * that is none could come a request for another host of the same server.
 */
static bool
is_for_web(const struct client *client)
{
	return client->local.port == HTTP_PORT ||
	       client->local.port == HTTPS_PORT;
}

static enum greeting
greeting_by(const struct client *client)
{
	struct str first = stream_input(client->stream);

	return client->alias.at == NULL || is_for_web(client)
		   ? greeting_of(first)
		   : greeting_of_line(first);
}

static void
read_greeting(struct client *client)
{
	switch (greeting_by(client)) {
	case GREETING_UNKNOWN:
		break;
	case GREETING_TLS:
		read_hello(client);
		break;
	case GREETING_HTTP:
		await_head(client);
		break;
	case GREETING_OTHER:
		open_nameless(client);
		break;
	}
}

static void
on_greeting_data(struct stream *stream, void *context)
{
	(void)stream;
	read_greeting(context);
}

static void
on_greeting_ended(struct stream *stream, void *context)
{
	if (stream_input(stream).len > 0)
		read_greeting(context);
	else
		client_end(context);
}

static const struct stream_user greetings = {
	.data = on_greeting_data,
	.ended = on_greeting_ended,
	.failed = on_failed,
};

/* Of a flow that has a name already only requests would tell more. */
static int64_t
greeting_timeout(const struct client *client)
{
	return client->alias.at == NULL || is_for_web(client)
		   ? PROXY_GREETING_TIMEOUT
		   : PROXY_ALIAS_GREETING_TIMEOUT;
}

static void
await_greeting(struct client *client)
{
	client->state = CLIENT_GREETING;
	arm(client, greeting_timeout(client));
	stream_use(client->stream, &greetings, client);
	stream_read_start(client->stream);
}

/* ---- time ---- */

static void
on_head_time(struct client *client)
{
	struct page page = { .status = 408,
		.sentence = "the head of the request did not come in time",
		.by = worker_via(),
		.error = PROXY_STATUS_HEAD_BAD,
		.client_minor = 1 };

	(void)page_send(&page, client->stream);
	client_end(client);
}

static void
on_time(struct loop_timer *timer)
{
	struct client *client = timer->context;

	switch (client->state) {
	case CLIENT_PREFACE:
		client_refuse(client, PROXY_FAILURE_PREFACE_TIMEOUT);
		break;
	case CLIENT_GREETING:
		open_nameless(client);
		break;
	case CLIENT_HELLO:
		refuse_hello(client);
		break;
	case CLIENT_HEAD:
		on_head_time(client);
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
		on_last_words_time(client);
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

static bool
is_balanced(const struct client *client)
{
	return client->balancer.address.family != ADDRESS_NONE;
}

/*
 * The kernel lets only those in whom the policy names; so do we.  Whom a
 * balancer speaks for the kernel has not seen.
 */
static bool
may_ask(const struct client *client)
{
	const struct proxy_generation *generation = client->worker->generation;
	struct flow flow;

	if (client->state == CLIENT_PREFACE)
		return true;
	admission_begin(generation, FLOW_EXPLICIT, client->peer.address, &flow);
	return admission_may_listen(generation, &flow, &client->listener);
}

/*
 * A balancer that is none any more has nobody to speak for; one that has
 * become one did not say for whom it asks.
 */
static bool
has_true_source(const struct client *client)
{
	struct address caller = is_balanced(client) ? client->balancer.address
						    : client->peer.address;

	return admission_is_balancer(client->worker->generation, caller,
		   &client->listener) == is_balanced(client);
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
	return client->intercepted ? was_handed_over(client) : may_ask(client);
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
	arm(client, PROXY_KEEP_TIMEOUT);
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
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	client->worker = worker;
	client->intercepted = intercepted;
	client->timer = (struct loop_timer){ .fn = on_time, .context = client };
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
		await_greeting(client);
	else if (is_balanced(client))
		await_preface(client);
	else
		await_request(client);
}

/* ---- streams of HTTP/2 ---- */

void
client_become_framed(struct client *client, struct frames *frames)
{
	client->frames = frames;
	client->has_asked = true;
	client->state = CLIENT_FRAMES;
	leave_slow(client);
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
	await_head(client);
	if (fault >= 0)
		refuse_head(client, (enum http_fault)fault);
}

void
client_become(struct client *client, struct address_port source)
{
	client->peer = source;
	client->state = CLIENT_IDLE;
	if (banned_has(client->worker->banned, source.address))
		client_refuse(client, PROXY_FAILURE_BANNED);
	else if (!may_ask(client))
		client_refuse(client, PROXY_FAILURE_PREFACE_SOURCE);
	else
		await_request(client);
}

/* Of a stream of HTTP/2 that of its connection. */
static int
descriptor_of(const struct client *client)
{
	if (client->connection != NULL)
		client = client->connection;
	return client->stream != NULL ? stream_fd(client->stream) : -1;
}

void
client_begin_errand(struct client *client, struct errand *errand)
{
	errand_init(errand, client->worker,
	    client->intercepted ? FLOW_INTERCEPTED : FLOW_EXPLICIT,
	    client->peer, client->flow_id);
	errand->balancer = client->balancer;
	if (client->connection != NULL || client->frames != NULL)
		errand->account.http = http_version_word(HTTP_VERSION_2);
	errand->client_fd = descriptor_of(client);
	errand->named = client->alias.at != NULL;
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

/* ---- another policy ---- */

static struct errand *
errand_of(const struct client *client)
{
	if (client->tunnel != NULL)
		return tunnel_errand(client->tunnel);
	return client->exchange != NULL ? exchange_errand(client->exchange)
					: NULL;
}

/* Between two requests: whether any that could come would be allowed. */
static bool
may_wait(const struct client *client)
{
	const struct proxy_generation *generation = client->worker->generation;
	struct flow flow;

	admission_begin(
	    generation, FLOW_INTERCEPTED, client->peer.address, &flow);
	admission_port(&flow, client->local.port);
	if (client->alias.at != NULL)
		admission_name(&flow, client->alias);
	else
		admission_destination(generation, &flow, client->local.address);
	flow.known[POLICY_FACT_SCHEME] = FLOW_NOT_GIVEN;
	enum policy_verdict verdict = admission_ask(generation, &flow).verdict;
	return verdict == POLICY_VERDICT_ALLOW ||
	       verdict == POLICY_VERDICT_UNDECIDED;
}

static bool
may_stay(const struct client *client, const struct errand *errand)
{
	if (!client->intercepted &&
	    (!has_true_source(client) || !may_ask(client)))
		return false;
	if (errand == NULL && client->opened != NULL)
		return client->frames != NULL || opened_stands(client->opened);
	if (errand == NULL)
		return !client->intercepted || may_wait(client);
	return errand_stands(errand, client->worker->generation);
}

void
client_judge_again(struct client *client)
{
	struct errand *errand = errand_of(client);

	if (client->state == CLIENT_SILENT)
		return;
	if (may_stay(client, errand)) {
		if (errand != NULL)
			errand_move(errand);
		association_judge_again(client->association);
		if (client->frames != NULL)
			frames_judge_again(client->frames);
		return;
	}
	client_break(client, PROXY_FAILURE_POLICY_CHANGED);
}

void
client_break(struct client *client, enum proxy_failure why)
{
	finish_matter(client, why);
	client_reset(client);
}

void
client_ban(struct client *client)
{
	client_break(client, PROXY_FAILURE_BANNED);
}

void
client_drain(struct client *client)
{
	if (client->state == CLIENT_IDLE)
		arm(client, PROXY_DRAIN_IDLE);
	else if (client->frames != NULL)
		frames_drain(client->frames);
}

void
client_end_used_up(struct client *client)
{
	struct errand *errand = errand_of(client);

	if (client->frames != NULL)
		frames_end_used_up(client->frames);
	if (errand != NULL && share_is_used_up(&errand->share))
		client_break(client, PROXY_FAILURE_QUOTA);
}
