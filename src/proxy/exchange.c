/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/exchange_impl.h"

#include "event/counter.h"
#include "http/authentication.h"
#include "http/parse.h"
#include "http/write.h"
#include "http2/session.h"
#include "proxy/choice.h"
#include "proxy/client.h"
#include "proxy/opened.h"
#include "proxy/proxy_status.h"
#include "proxy/question.h"
#include "proxy/tunnel.h"
#include "proxy/worker.h"

#include <errno.h>

#define WEBSOCKET STR("websocket")

/* Of what servers do not look at: each may be about to end. */
#define RETRIES_MAX 3

/* ---- what is asked ---- */

/* Of the protocols that a client asks for only this one is known to hide no
 * requests from the policy. */
static bool
asks_for_websocket(const struct http_request *request)
{
	return request->method == HTTP_METHOD_GET &&
	       !http_request_has_content(request) &&
	       str_eq_nocase(request->upgrade, WEBSOCKET);
}

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

static void
fini_heads(struct exchange *exchange)
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
	fini_heads(exchange);
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

/* ---- content down ---- */

static void
end_answer(struct exchange *exchange)
{
	struct errand *errand = &exchange->errand;

	http2_stream_pass_trailers(errand->server, exchange->client->stream);
	if (exchange->keep_server && exchange->up_done)
		errand_keep(errand);
	else
		stream_close(&errand->server);
	exchange_finish(exchange);
}

static void
run_down(struct exchange *exchange)
{
	exchange->moved = loop_now(exchange->client->worker->loop);
	switch (transfer_run(&exchange->down)) {
	case TRANSFER_DONE:
		end_answer(exchange);
		break;
	case TRANSFER_BAD:
		exchange_cut_off(exchange, PROXY_FAILURE_ANSWER_CUT);
		break;
	case TRANSFER_WAITS:
	case TRANSFER_STUCK:
		break;
	}
}

/* ---- the answer's head ---- */

static int
write_head(struct exchange *exchange, const struct http_response *response,
    bool keep, bool content_follows)
{
	struct stream *client = exchange->client->stream;
	struct http_response_options options = {
		.client_minor = exchange->request.minor,
		.keep_alive = keep,
		.via = worker_via(),
		.upgrade = response->status == 101 ? WEBSOCKET : STR(""),
	};
	struct text *out = &exchange->client->worker->scratch;

	text_clear(out);
	int rc = http_response_write(response, &options, out);
	if (rc == 0)
		rc = content_follows ? stream_queue(client, text_str(out))
				     : stream_write(client, text_str(out));
	exchange->out += out->len;
	return rc;
}

/* RFC 9110, 8.3.1: without parameters and in lower case; at == NULL: none. */
static struct str
media_type(const struct http_response *response, struct arena *arena)
{
	const struct http_field *field =
	    http_fields_get(&response->fields, HTTP_NAME_CONTENT_TYPE);
	struct str type = { NULL, 0 };

	if (field == NULL)
		return type;
	type = field->value;
	type.len = str_find(type, ';');
	return arena_lower(arena, str_trim(type));
}

/* Whether the policy, which may wait for the type, lets the answer pass; if
 * not, the client has been told. */
static bool
may_pass(struct exchange *exchange, const struct http_response *response)
{
	struct errand *errand = &exchange->errand;
	enum errand_outcome outcome = errand_see_type(
	    errand, media_type(response, &exchange->client->arena));

	if (outcome == ERRAND_READY)
		return true;
	if (outcome == ERRAND_LIMITED)
		exchange_answer_failure(exchange, errand->failure);
	else
		exchange_answer_refusal(exchange);
	return false;
}

/* An error that is not ours; a line behind those of the others is a member
 * behind theirs. */
static bool
tell_passed(struct exchange *exchange, struct http_response *response)
{
	struct arena *arena = &exchange->client->arena;
	struct text words = TEXT_EMPTY;

	proxy_status_add_passed(worker_via(), response->status, &words);
	struct str kept = arena_str(arena, text_str(&words));
	bool full = words.full || kept.at == NULL;
	text_fini(&words);
	return !full && http_fields_add(&response->fields, arena,
			    STR("Proxy-Status"), kept) == 0;
}

static void
pass_answer(struct exchange *exchange, struct http_response *response, int used)
{
	enum http_framing framing = response->framing;

	if (http_authentication_is_of_connection(&response->fields))
		client_own(exchange->client, &exchange->errand);
	/* RFC 9110, 15.5.8: it is us that the parent asks, not the client. */
	if (exchange->errand.to_url && response->status == 407) {
		errand_blame_parent(
		    &exchange->errand, PROXY_FAILURE_PARENT_AUTH, "status 407");
		exchange_answer_failure(exchange, PROXY_FAILURE_PARENT_AUTH);
		return;
	}
	if ((!exchange_store_gives_stored(exchange, response) &&
		!may_pass(exchange, response)) ||
	    exchange_store_take(exchange, response, used))
		return;
	if (response->status >= 500 && !tell_passed(exchange, response)) {
		exchange_answer_failure(exchange, PROXY_FAILURE_NO_MEMORY);
		return;
	}
	http_response_fit(
	    response, http_request_takes_chunks(&exchange->request));
	/* Content that is still on its way would be read as a request. */
	exchange->keep = exchange->keep && exchange->up_done &&
			 response->framing != HTTP_FRAMING_UNTIL_CLOSE;
	exchange->keep_server =
	    response->keep_alive && framing != HTTP_FRAMING_UNTIL_CLOSE;
	exchange->errand.account.status = (uint16_t)response->status;
	transfer_forget(&exchange->up);
	transfer_init(&exchange->down, exchange->errand.server,
	    exchange->client->stream, framing, response->content_length,
	    response->framing);
	exchange->down.throttle =
	    share_throttle(&exchange->errand.share, POLICY_DIRECTION_DOWN);
	exchange->answered = true;
	int rc = exchange_store_note(exchange, response);
	if (rc == 0)
		rc = write_head(exchange, response, exchange->keep,
		    framing != HTTP_FRAMING_NONE);
	if (rc < 0) {
		client_destroy(exchange->client);
		return;
	}
	stream_consume(exchange->errand.server, (size_t)used);
	run_down(exchange);
}

/* The exchange becomes a tunnel; its errand goes on with it. */
static void
become_tunnel(struct exchange *exchange)
{
	struct client *client = exchange->client;

	fini_heads(exchange);
	client->exchange = NULL;
	tunnel_join(client, &exchange->errand, exchange->in, exchange->out);
}

static bool
switches(const struct exchange *exchange, const struct http_response *response)
{
	return exchange->websocket &&
	       str_eq_nocase(response->upgrade, WEBSOCKET) &&
	       websocket_is_proved(&exchange->proof, response);
}

static void
pass_switch(struct exchange *exchange, struct http_response *response, int used)
{
	if (!switches(exchange, response)) {
		exchange_answer_failure(exchange, PROXY_FAILURE_ANSWER_BAD);
		return;
	}
	if (!may_pass(exchange, response))
		return;
	exchange->errand.account.status = (uint16_t)response->status;
	if (write_head(exchange, response, true, false) < 0) {
		client_destroy(exchange->client);
		return;
	}
	stream_consume(exchange->errand.server, (size_t)used);
	become_tunnel(exchange);
}

/* RFC 9110, 15.2: HTTP/1.0 knows no interim answers. */
static int
pass_interim(
    struct exchange *exchange, struct http_response *response, int used)
{
	int rc = 0;

	/* It has begun to answer, so it must not be asked a second time. */
	exchange->errand.may_reuse = false;
	if (exchange->request.minor > 0)
		rc = write_head(exchange, response, true, false);
	if (rc == 0)
		stream_consume(exchange->errand.server, (size_t)used);
	return rc;
}

/*
 * A kept connection may have ended before our request came; that the server
 * has said nothing of it shows that.
 */
static bool
may_try_again(const struct exchange *exchange)
{
	/* RFC 9113, 8.7: it has not looked at it. */
	if (exchange->refused && exchange->retries < RETRIES_MAX)
		return exchange->up.taken == 0 ||
		       transfer_can_repeat(&exchange->up);
	return exchange->errand.reused && exchange->errand.may_reuse &&
	       exchange->scan.at == 0 &&
	       stream_input(exchange->errand.server).len == 0;
}

static void
server_is_gone(struct exchange *exchange)
{
	if (exchange->answered) {
		exchange_cut_off(exchange, PROXY_FAILURE_ANSWER_CUT);
	} else if (may_try_again(exchange)) {
		stream_close(&exchange->errand.server);
		exchange->retries += exchange->refused;
		exchange->refused = false;
		exchange->errand.may_reuse = false;
		exchange->up.to = NULL;
		exchange->errand.server_at.port = 0;
		errand_begin(&exchange->errand);
	} else {
		exchange_answer_failure(exchange, PROXY_FAILURE_NO_ANSWER);
	}
}

static void
read_answer(struct exchange *exchange)
{
	struct arena *arena = &exchange->client->arena;
	struct stream *server = exchange->errand.server;
	struct arena_mark mark = arena_mark(arena);
	struct http_response response;
	enum http_fault fault;

	/* A server may send interim heads without end: who does not take them
	 * stops it. */
	while (!stream_is_full(exchange->client->stream)) {
		exchange->scan.alone = http2_stream_is_alone(server);
		int used =
		    http_response_parse(stream_input(server), &exchange->scan,
			exchange->request.method, arena, &response, &fault);
		if (used == -EAGAIN && !stream_has_ended(server))
			return;
		if (used == -EAGAIN) {
			server_is_gone(exchange);
			return;
		}
		if (used < 0) {
			exchange_answer_failure(
			    exchange, PROXY_FAILURE_ANSWER_BAD);
			return;
		}
		if (response.status >= 200) {
			pass_answer(exchange, &response, used);
			return;
		}
		if (response.status == 101) {
			pass_switch(exchange, &response, used);
			return;
		}
		if (pass_interim(exchange, &response, used) < 0) {
			client_destroy(exchange->client);
			return;
		}
		arena_rewind(arena, mark);
	}
}

/* ---- what the two connections say ---- */

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
		run_down(exchange);
	else if (exchange->sent && exchange->errand.server != NULL)
		read_answer(exchange);
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

static void
on_server_word(struct stream *stream, void *context)
{
	struct exchange *exchange = context;

	(void)stream;
	exchange->moved = loop_now(exchange->client->worker->loop);
	if (exchange->answered)
		run_down(exchange);
	else
		read_answer(exchange);
}

static void
on_server_drained(struct stream *stream, void *context)
{
	(void)stream;
	exchange_up_run(context);
}

/* One of many on its connection: it is told why, and only if the connection has
 * ended the server may not have seen it. */
static void
request_failed(struct exchange *exchange, int error)
{
	struct errand *errand = &exchange->errand;
	enum proxy_failure failure = PROXY_FAILURE_NO_ANSWER;

	exchange->refused = error == -ECONNREFUSED;
	/* A connection that is about to end takes nothing more by itself. */
	errand->anew =
	    exchange->refused && http2_stream_why(errand->server) != NULL;
	if (exchange->answered)
		failure = PROXY_FAILURE_ANSWER_CUT;
	else if (error == -EBADMSG)
		failure = PROXY_FAILURE_ANSWER_BAD;
	if (error != -ECONNRESET)
		errand->may_reuse = false;
	errand_blame_stream(errand, failure, error);
	if (failure == PROXY_FAILURE_ANSWER_BAD)
		exchange_answer_failure(exchange, failure);
	else
		server_is_gone(exchange);
}

static void
on_server_failed(struct stream *stream, int error, void *context)
{
	struct exchange *exchange = context;

	if (http2_stream_is(stream))
		request_failed(exchange, error);
	else
		server_is_gone(exchange);
}

static const struct stream_user server_side = {
	.data = on_server_word,
	.ended = on_server_word,
	.drained = on_server_drained,
	.failed = on_server_failed,
};

/* ---- the request, sent on ---- */

/* What the policy does not want to be told is taken out of a copy: what is kept
 * may hang on it. */
static int
write_request(struct exchange *exchange, const struct http_request *request,
    struct http_request_options *options, struct text *out)
{
	const struct errand *errand = &exchange->errand;
	struct arena *arena = &exchange->client->arena;
	const struct policy *policy = errand->generation->policy;
	struct http_request told = *request;
	int rc = 0;

	if (policy->telling.private)
		rc = http_request_copy(request, arena, &told);
	if (rc == 0)
		rc = choice_tell(policy, errand->client.address, worker_via(),
		    arena, &told, options);
	return rc < 0 ? rc : http_request_write(&told, options, out);
}

/* Only frames carry them through. */
static bool
takes_trailers(const struct exchange *exchange)
{
	const struct http_field *te =
	    http_fields_get(&exchange->request.fields, HTTP_NAME_TE);

	return te != NULL && str_eq_nocase(te->value, STR("trailers")) &&
	       http2_stream_is(exchange->client->stream) &&
	       http2_stream_is(exchange->errand.server);
}

static int
make_head(struct exchange *exchange, bool to_url)
{
	const struct http_request *request;
	struct http_request copy;
	int rc = exchange_store_request(exchange, &copy, &request);

	exchange->converses = takes_trailers(exchange);
	struct http_request_options options = {
		.to_parent = to_url,
		.keep_alive = true,
		.expect_continue = exchange->request.expect_continue,
		.trailers = exchange->converses,
		.upgrade = exchange->websocket ? WEBSOCKET : STR(""),
	};

	return rc < 0 ? rc
		      : write_request(exchange, request, &options,
			    &exchange->heads[to_url]);
}

/*
 * Once the request is sent its texts are gone.  The second try is by the same
 * parent, if by any, and perhaps by another of its servers.
 */
static int
make_heads(struct exchange *exchange)
{
	bool to_url = exchange->errand.to_url;
	bool may_differ =
	    exchange->errand.reused && exchange->errand.parent != NULL;

	if (exchange->sent && !exchange->remade)
		return exchange->heads[to_url].len > 0 ? 0 : -ENOENT;
	int rc = make_head(exchange, to_url);
	return rc == 0 && may_differ ? make_head(exchange, !to_url) : rc;
}

void
exchange_arm(struct exchange *exchange, int64_t at)
{
	loop_timer_arm(
	    exchange->client->worker->loop, &exchange->client->timer, at);
}

static void
begin_up(struct exchange *exchange)
{
	const struct http_request *request = &exchange->request;

	if (!exchange->sent)
		exchange_forget_head(exchange);
	exchange->sent = true;
	exchange->up_done = !http_request_has_content(request);
	if (!exchange_up_aim(exchange)) {
		exchange_answer_failure(exchange, PROXY_FAILURE_NO_MEMORY);
		return;
	}
	exchange->moved = loop_now(exchange->client->worker->loop);
	exchange_arm(exchange, exchange->moved + PROXY_STALL_TIMEOUT);
	stream_use(exchange->errand.server, &server_side, exchange);
	stream_read_start(exchange->errand.server);
	stream_read_start(exchange->client->stream);
	exchange_up_run(exchange);
}

static void
send_request(struct exchange *exchange)
{
	struct stream *server = exchange->errand.server;
	int rc = make_heads(exchange);

	if (rc < 0) {
		/* Else the policy has changed to another way meanwhile. */
		exchange_answer_failure(
		    exchange, rc == -ENOMEM ? PROXY_FAILURE_NO_MEMORY
					    : PROXY_FAILURE_NO_ANSWER);
		return;
	}
	struct str head = text_str(&exchange->heads[exchange->errand.to_url]);
	/* An error is told by the stream as well, once it has a user. */
	if (http_request_has_content(&exchange->request)) {
		(void)stream_queue(server, head);
	} else {
		(void)stream_write(server, head);
		exchange_up_end(exchange);
	}
	exchange->scan =
	    (struct http_head_scan){ .framed = http2_stream_is(server) };
	exchange->errand.account.http_server =
	    exchange->scan.framed ? "2" : "1.1";
	begin_up(exchange);
}

void
exchange_ask_again(struct exchange *exchange)
{
	stream_close(&exchange->errand.server);
	text_clear(&exchange->heads[false]);
	text_clear(&exchange->heads[true]);
	exchange->remade = true;
	exchange->errand.server_at.port = 0;
	errand_begin(&exchange->errand);
}

static void
answer_connect(struct exchange *exchange)
{
	struct http_response response =
	    http_response_own(200, HTTP_METHOD_CONNECT, HTTP_UNSAID);

	/* What is to be looked at never passes as it is. */
	if (exchange->errand.answer.opened != NULL) {
		client_reset(exchange->client);
		return;
	}
	exchange_forget_head(exchange);
	exchange->errand.account.status = 200;
	if (write_head(exchange, &response, true, false) < 0)
		client_destroy(exchange->client);
	else
		become_tunnel(exchange);
}

/*
 * The client is let in, and nothing is dialled before it has said hello: what
 * fails can then be told inside, which a browser shows.
 */
static bool
is_opened(struct errand *errand)
{
	struct exchange *exchange = exchange_of(errand);
	struct client *client = exchange->client;
	struct opened_question question = {
		.name = errand->flow.name,
		.address = errand->meant,
		.port = errand->flow.port,
		.connects = true,
		.waits = true,
	};
	struct http_response response =
	    http_response_own(200, HTTP_METHOD_CONNECT, HTTP_UNSAID);

	if (errand->answer.opened == NULL || !opened_may_be(client, &question))
		return false;
	exchange_forget_head(exchange);
	if (write_head(exchange, &response, true, false) < 0) {
		client_destroy(client);
		return true;
	}
	/* Each request tells its own. */
	errand->account.told = true;
	exchange_cancel(exchange, PROXY_FAILURE_NONE);
	client->exchange = NULL;
	opened_begin(client, &question);
	return true;
}

/* ---- the request, judged ---- */

static void
on_errand(struct errand *errand, enum errand_outcome outcome)
{
	struct exchange *exchange = exchange_of(errand);

	if (outcome == ERRAND_FAILED) {
		exchange_answer_failure(exchange, errand->failure);
	} else if (outcome == ERRAND_READY) {
		if (exchange->request.method == HTTP_METHOD_CONNECT)
			answer_connect(exchange);
		else
			send_request(exchange);
	} else if (outcome == ERRAND_LIMITED) {
		exchange_answer_failure(exchange, errand->failure);
	} else {
		exchange_answer_refusal(exchange);
	}
}

/* RFC 9110, 7.6.2: the count of hops ends here. */
static void
answer_options(struct exchange *exchange)
{
	struct http_response response =
	    http_response_own(200, HTTP_METHOD_OPTIONS, 0);

	exchange->up_done = !http_request_has_content(&exchange->request);
	exchange->keep = exchange->keep && exchange->up_done;
	exchange_forget_head(exchange);
	exchange->errand.account.status = 200;
	/* Where the address counts, which nobody asked for, it is not said
	 * what the policy would have been. */
	exchange->errand.account.told =
	    exchange->errand.answer.verdict == POLICY_VERDICT_UNDECIDED;
	if (write_head(exchange, &response, exchange->keep, false) < 0)
		client_destroy(exchange->client);
	else
		exchange_finish(exchange);
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
	exchange->websocket = asks_for_websocket(request);
	if (exchange->websocket && http2_stream_is(client->stream))
		exchange->proof = websocket_proof_of(request);
	client_begin_errand(client, &exchange->errand);
	exchange->errand.done = on_errand;
	client->exchange = exchange;
	if (http_authentication_is_of_connection(&request->fields))
		client_own(client, &exchange->errand);
	question_put(&exchange->errand, client, request);
	/* RFC 6455, 4.1 (3): parents know little of upgrades. */
	exchange->errand.wants_tunnel |= exchange->websocket;
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
	if (request->method == HTTP_METHOD_CONNECT &&
	    exchange->errand.flow.tls != FLOW_BARE)
		exchange->errand.instead = is_opened;
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
		answer_options(exchange);
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
