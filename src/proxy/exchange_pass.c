/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange_pass: the server's answer, passed on to the client: its head,
 * which the policy and the cache see first, and its content.
 */
#include "proxy/exchange_impl.h"

#include "http/authentication.h"
#include "http/media_type.h"
#include "http/write.h"
#include "http2/session.h"
#include "proxy/client.h"
#include "proxy/proxy_status.h"
#include "proxy/worker.h"

#include <errno.h>

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

void
exchange_pass_run(struct exchange *exchange)
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

int
exchange_write_head(struct exchange *exchange,
    const struct http_response *response, bool keep, bool content_follows)
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

enum errand_outcome
exchange_see_type(struct exchange *exchange, const struct http_fields *fields)
{
	struct errand *errand = &exchange->errand;
	struct str type;

	if (http_media_type_of(fields, &exchange->client->arena, &type) < 0)
		return errand_see_no_type(errand);
	return errand_see_type(errand, type);
}

/* Whether the policy, which may wait for the type, lets the answer pass; if
 * not, the client has been told. */
bool
exchange_may_pass(
    struct exchange *exchange, const struct http_response *response)
{
	struct errand *errand = &exchange->errand;
	enum errand_outcome outcome =
	    exchange_see_type(exchange, &response->fields);

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

/* RFC 9110, 15.5.8: it is us that the parent asks, not the client. */
static bool
is_for_us(const struct exchange *exchange, const struct http_response *response)
{
	return exchange->errand.to_url && response->status == 407;
}

/* How the final answer goes to the client, and what becomes of the two
 * connections behind it. */
static void
begin_down(struct exchange *exchange, struct http_response *response)
{
	enum http_framing framing = response->framing;

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
}

static void
pass_answer(struct exchange *exchange, struct http_response *response, int used)
{
	bool has_content = response->framing != HTTP_FRAMING_NONE;

	if (http_authentication_is_of_connection(&response->fields))
		client_own(exchange->client, &exchange->errand);
	if (is_for_us(exchange, response)) {
		errand_blame_parent(
		    &exchange->errand, PROXY_FAILURE_PARENT_AUTH, "status 407");
		exchange_answer_failure(exchange, PROXY_FAILURE_PARENT_AUTH);
		return;
	}
	if ((!exchange_store_gives_stored(exchange, response) &&
		!exchange_may_pass(exchange, response)) ||
	    exchange_store_take(exchange, response, used))
		return;
	if (response->status >= 500 && !tell_passed(exchange, response)) {
		exchange_answer_failure(exchange, PROXY_FAILURE_NO_MEMORY);
		return;
	}
	begin_down(exchange, response);
	int rc = exchange_store_note(exchange, response);
	if (rc == 0)
		rc = exchange_write_head(
		    exchange, response, exchange->keep, has_content);
	if (rc < 0) {
		client_destroy(exchange->client);
		return;
	}
	stream_consume(exchange->errand.server, (size_t)used);
	exchange_pass_run(exchange);
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
		rc = exchange_write_head(exchange, response, true, false);
	if (rc == 0)
		stream_consume(exchange->errand.server, (size_t)used);
	return rc;
}

/* False: there is nothing to read, or nobody to read it for, any more. */
static bool
pass_head(struct exchange *exchange, struct http_response *response, int used)
{
	if (response->status >= 200) {
		pass_answer(exchange, response, used);
		return false;
	}
	if (response->status == 101) {
		exchange_tunnel_switch(exchange, response, used);
		return false;
	}
	if (pass_interim(exchange, response, used) < 0) {
		client_destroy(exchange->client);
		return false;
	}
	return true;
}

void
exchange_pass_head(struct exchange *exchange)
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
			exchange_server_is_gone(exchange);
			return;
		}
		if (used < 0) {
			exchange_answer_failure(
			    exchange, PROXY_FAILURE_ANSWER_BAD);
			return;
		}
		if (!pass_head(exchange, &response, used))
			return;
		arena_rewind(arena, mark);
	}
}
