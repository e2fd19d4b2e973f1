/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/exchange_impl.h"

#include "http/authentication.h"
#include "proxy/client.h"
#include "proxy/question.h"
#include "proxy/worker.h"

/* ---- the end of it ---- */

struct exchange *
exchange_of(struct errand *errand)
{
	return (struct exchange *)((char *)errand -
				   offsetof(struct exchange, errand));
}

struct errand *
exchange_errand(struct exchange *exchange)
{
	return &exchange->errand;
}

static void
note_bytes(struct exchange *exchange)
{
	exchange->errand.account.bytes_in = exchange->in + exchange->up.taken;
	exchange->errand.account.bytes_out =
	    exchange->out + exchange->down.passed;
}

void
exchange_fini_heads(struct exchange *exchange)
{
	text_fini(&exchange->heads[false]);
	text_fini(&exchange->heads[true]);
}

void
exchange_cancel(struct exchange *exchange, enum proxy_failure why)
{
	if (exchange == NULL)
		return;
	if (!exchange->errand.account.told) {
		exchange->errand.failure = why;
		note_bytes(exchange);
		errand_tell(&exchange->errand);
	}
	/* Whoever got a part of a message must not take it for the whole. */
	stream_close_reset(&exchange->errand.server);
	exchange_store_fini(exchange);
	exchange_fini_heads(exchange);
	transfer_forget(&exchange->up);
	errand_fini(&exchange->errand);
}

/* The event is told; what remains is the client's connection. */
void
exchange_finish(struct exchange *exchange)
{
	struct client *client = exchange->client;

	note_bytes(exchange);
	errand_tell(&exchange->errand);
	exchange_store_end(exchange);
	if (exchange->keep && exchange->up_done)
		client_next(client);
	else
		client_end(client);
}

void
exchange_forget_head(struct exchange *exchange)
{
	if (exchange->head_bytes == 0)
		return;
	stream_consume(exchange->client->stream, exchange->head_bytes);
	exchange->in += exchange->head_bytes;
	exchange->head_bytes = 0;
}

/* The answer has begun, so it can only be seen to have no end. */
void
exchange_cut_off(struct exchange *exchange, enum proxy_failure failure)
{
	struct client *client = exchange->client;
	bool end_is_close = !http_request_takes_chunks(&exchange->request) &&
			    !exchange->down.chunked;

	exchange->errand.failure = failure;
	note_bytes(exchange);
	errand_tell(&exchange->errand);
	if (end_is_close)
		client_reset(client);
	else
		client_end(client);
}

/* ---- what the client's connection says ---- */

static void
on_client_word(struct stream *stream, void *context)
{
	(void)stream;
	exchange_up_run(context);
}

static void
on_client_drained(struct stream *stream, void *context)
{
	struct exchange *exchange = context;

	(void)stream;
	if (exchange->store.serve.object != NULL)
		exchange_serve_run(exchange);
	else if (exchange->answered)
		exchange_pass_run(exchange);
	else if (exchange->sent && exchange->errand.server != NULL)
		exchange_pass_head(exchange);
}

static void
on_client_failed(struct stream *stream, int error, void *context)
{
	const struct exchange *exchange = context;

	(void)stream;
	(void)error;
	client_destroy(exchange->client);
}

static const struct stream_user client_side = {
	.data = on_client_word,
	.ended = on_client_word,
	.drained = on_client_drained,
	.failed = on_client_failed,
};

/* ---- the request, judged ---- */

static void
on_errand(struct errand *errand, enum errand_outcome outcome)
{
	struct exchange *exchange = exchange_of(errand);

	if (outcome == ERRAND_FAILED) {
		exchange_answer_failure(exchange, errand->failure);
	} else if (outcome == ERRAND_READY) {
		if (exchange->request.method == HTTP_METHOD_CONNECT)
			exchange_tunnel_connect(exchange);
		else
			exchange_send(exchange);
	} else if (outcome == ERRAND_LIMITED) {
		exchange_answer_failure(exchange, errand->failure);
	} else {
		exchange_answer_refusal(exchange);
	}
}

static struct exchange *
create(struct client *client, const struct http_request *request,
    size_t head_bytes)
{
	struct exchange *exchange = arena_new(&client->arena, struct exchange);

	if (exchange == NULL)
		return NULL;
	exchange->client = client;
	exchange->request = *request;
	exchange->head_bytes = head_bytes;
	exchange->keep = request->keep_alive && !client->worker->drains;
	client_begin_errand(client, &exchange->errand);
	exchange->errand.done = on_errand;
	client->exchange = exchange;
	if (http_authentication_is_of_connection(&request->fields))
		client_own(client, &exchange->errand);
	exchange->request.authenticated = exchange->errand.owner != 0;
	question_put(&exchange->errand, client, request);
	exchange_tunnel_begin(exchange);
	return exchange;
}

void
exchange_begin(struct client *client, const struct http_request *request,
    size_t head_bytes)
{
	struct exchange *exchange = create(client, request, head_bytes);

	if (exchange == NULL || client->arena.full) {
		client_reset(client);
		return;
	}
	exchange_store_begin(exchange);
	stream_use(client->stream, &client_side, exchange);
	/* The head's texts lie in the input: it must not grow and move. */
	stream_read_stop(client->stream);
	if (exchange_tell_pac(exchange))
		return;
	enum proxy_failure failure = question_objection(client, request);
	if (failure != PROXY_FAILURE_NONE)
		exchange_answer_failure(exchange, failure);
	else
		exchange_ask_who(exchange);
}

void
exchange_go_on(struct exchange *exchange)
{
	if (exchange->request.max_forwards != 0)
		errand_begin(&exchange->errand);
	else if (errand_is_refused(&exchange->errand))
		on_errand(&exchange->errand, ERRAND_REFUSED);
	else
		exchange_answer_options(exchange);
}

/* ---- its time ---- */

void
exchange_arm(struct exchange *exchange, int64_t at)
{
	loop_timer_arm(
	    exchange->client->worker->loop, &exchange->client->timer, at);
}

/* A server that is gone is found out by its connection. */
static int64_t
patience_of(const struct exchange *exchange)
{
	if (exchange->converses)
		return PROXY_TUNNEL_TIMEOUT;
	return !exchange->answered && exchange->up_done ? PROXY_ANSWER_TIMEOUT
							: PROXY_STALL_TIMEOUT;
}

void
exchange_on_time(struct exchange *exchange)
{
	int64_t limit = patience_of(exchange);

	if (exchange_store_is_impatient(exchange))
		return;
	if (throttle_waits(exchange->up.throttle) ||
	    throttle_waits(exchange->down.throttle) ||
	    throttle_waits(exchange->store.serve.throttle))
		exchange->moved = loop_now(exchange->client->worker->loop);
	if (loop_now(exchange->client->worker->loop) <
	    exchange->moved + limit) {
		exchange_arm(exchange, exchange->moved + limit);
		return;
	}
	exchange->keep = false;
	if (exchange->answered)
		exchange_cut_off(exchange, PROXY_FAILURE_IDLE);
	else
		exchange_answer_failure(
		    exchange, exchange->up_done ? PROXY_FAILURE_ANSWER_TIMEOUT
						: PROXY_FAILURE_CLIENT_STALLED);
}
