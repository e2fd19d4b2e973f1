/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange_tunnel: exchanges that end as a tunnel, by CONNECT or by a
 * switch to WebSocket (RFC 6455; in HTTP/2: RFC 8441).
 *
 * The errand goes on with the tunnel, and with it the event.  TLS that is to be
 * opened ends its exchange as well: what is inside brings its own.
 */
#include "proxy/exchange_impl.h"

#include "http/write.h"
#include "http2/session.h"
#include "proxy/client.h"
#include "proxy/opened.h"
#include "proxy/tunnel.h"

/* The exchange becomes a tunnel; its errand goes on with it. */
static void
become_tunnel(struct exchange *exchange)
{
	struct client *client = exchange->client;

	exchange_fini_heads(exchange);
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

void
exchange_tunnel_switch(
    struct exchange *exchange, struct http_response *response, int used)
{
	if (!switches(exchange, response)) {
		exchange_answer_failure(exchange, PROXY_FAILURE_ANSWER_BAD);
		return;
	}
	if (!exchange_may_pass(exchange, response))
		return;
	exchange->errand.account.status = (uint16_t)response->status;
	if (exchange_write_head(exchange, response, true, false) < 0) {
		client_destroy(exchange->client);
		return;
	}
	stream_consume(exchange->errand.server, (size_t)used);
	become_tunnel(exchange);
}

void
exchange_tunnel_connect(struct exchange *exchange)
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
	if (exchange_write_head(exchange, &response, true, false) < 0)
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
	if (exchange_write_head(exchange, &response, true, false) < 0) {
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

void
exchange_tunnel_begin(struct exchange *exchange)
{
	const struct http_request *request = &exchange->request;
	struct errand *errand = &exchange->errand;

	exchange->websocket = websocket_is_asked(request);
	if (exchange->websocket && http2_stream_is(exchange->client->stream))
		exchange->proof = websocket_proof_of(request);
	/* RFC 6455, 4.1 (3): parents know little of upgrades. */
	errand->wants_tunnel |= exchange->websocket;
	if (request->method == HTTP_METHOD_CONNECT &&
	    errand->flow.tls != FLOW_BARE)
		errand->instead = is_opened;
}
