/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/client_head: between requests: the next head, or another protocol.
 */
#include "proxy/client_impl.h"

#include "event/counter.h"
#include "http2/session.h"
#include "proxy/balanced.h"
#include "proxy/crowd.h"
#include "proxy/exchange.h"
#include "proxy/frames.h"
#include "proxy/opened.h"
#include "proxy/page.h"
#include "proxy/proxy_status.h"
#include "proxy/secure.h"
#include "proxy/socks.h"
#include "proxy/worker.h"

#include <errno.h>

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
void
client_refuse_head(struct client *client, enum http_fault fault)
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

void
client_wait_for_rest(struct client *client)
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
		client_arm(client, PROXY_HEAD_TIMEOUT);
	client_wait_for_rest(client);
}

void
client_await_hello(struct client *client)
{
	client_arm(client, PROXY_GREETING_TIMEOUT);
}

void
client_wait_for_head(struct client *client, bool waits)
{
	if (waits)
		client_wait_for_rest(client);
	else
		client_leave_slow(client);
}

/* Bytes of a head have come: from now on the time for it runs. */
static void
begin_head(struct client *client)
{
	if (client->state == CLIENT_HEAD)
		return;
	client->state = CLIENT_HEAD;
	client_arm(client, PROXY_HEAD_TIMEOUT);
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
			client_refuse_head(client, HTTP_FAULT_TRUNCATED);
		else
			client_wait_for_rest(client);
		return;
	}
	if (used == -EBADMSG) {
		client_refuse_head(client, fault);
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
	client_wait_for_rest(client);
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

void
client_await_preface(struct client *client)
{
	client_arm(client, PROXY_PREFACE_TIMEOUT);
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
	.failed = client_on_failed,
};

void
client_await_head(struct client *client)
{
	client->state = CLIENT_IDLE;
	client->scan = (struct http_head_scan){
		.framed = http2_stream_is(client->stream),
		.alone = http2_stream_is_alone(client->stream),
	};
	client_arm(client,
	    client->worker->drains ? PROXY_DRAIN_IDLE : PROXY_KEEP_TIMEOUT);
	stream_use(client->stream, &heads, client);
	stream_read_start(client->stream);
}

void
client_await_request(struct client *client)
{
	if (secure_is_wanted(client))
		shake_hands(client);
	else
		client_await_head(client);
}

void
client_secured(struct client *client, enum tls_protocol protocol)
{
	client_finish_matter(client, PROXY_FAILURE_NONE);
	if (protocol == TLS_PROTOCOL_HTTP2)
		frames_serve(client);
	else
		client_await_head(client);
}

void
client_next(struct client *client)
{
	client_finish_matter(client, PROXY_FAILURE_NONE);
	if (client->opened != NULL && !opened_stands(client->opened))
		client_end(client);
	else
		client_await_head(client);
}

void
client_on_head_time(struct client *client)
{
	struct page page = { .status = 408,
		.sentence = "the head of the request did not come in time",
		.by = worker_via(),
		.error = PROXY_STATUS_HEAD_BAD,
		.client_minor = 1 };

	(void)page_send(&page, client->stream);
	client_end(client);
}
