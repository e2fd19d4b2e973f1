/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange_up: the content of the request, and what follows it.
 */
#include "proxy/exchange_impl.h"

#include "http2/session.h"
#include "proxy/client.h"
#include "proxy/worker.h"

static void
fail(struct exchange *exchange, enum proxy_failure failure)
{
	if (exchange->answered)
		exchange_cut_off(exchange, failure);
	else
		exchange_answer_failure(exchange, failure);
}

/* Rules that ask for fields have seen those of the head alone. */
static bool
may_have_trailers(const struct exchange *exchange)
{
	return !policy_asks(
	    exchange->errand.generation->policy, POLICY_FACT_HEADER);
}

void
exchange_up_end(struct exchange *exchange)
{
	struct stream *server = exchange->errand.server;

	if (!http2_stream_is(server))
		return;
	if (may_have_trailers(exchange))
		http2_stream_pass_trailers(exchange->client->stream, server);
	stream_shutdown(server);
}

void
exchange_up_run(struct exchange *exchange)
{
	/* Between two servers it waits. */
	if (!exchange->sent || exchange->up_done || exchange->up.to == NULL)
		return;
	exchange->moved = loop_now(exchange->client->worker->loop);
	switch (transfer_run(&exchange->up)) {
	case TRANSFER_DONE:
		exchange->up_done = true;
		exchange_up_end(exchange);
		break;
	case TRANSFER_BAD:
		exchange->keep = false;
		fail(exchange, stream_has_ended(exchange->client->stream)
				   ? PROXY_FAILURE_CLIENT_GONE_EARLY
				   : PROXY_FAILURE_CONTENT_BAD);
		break;
	case TRANSFER_WAITS:
	case TRANSFER_STUCK:
		break;
	}
}

/* What ends with the client's stream is written in chunks, and what comes in
 * chunks ends with the server's. */
static enum http_framing
framing_up(const struct exchange *exchange)
{
	enum http_framing framing = exchange->request.framing;

	if (http2_stream_is(exchange->errand.server))
		return HTTP_FRAMING_UNTIL_CLOSE;
	return framing == HTTP_FRAMING_UNTIL_CLOSE ? HTTP_FRAMING_CHUNKED
						   : framing;
}

bool
exchange_up_aim(struct exchange *exchange)
{
	const struct http_request *request = &exchange->request;
	struct stream *server = exchange->errand.server;
	struct transfer *up = &exchange->up;

	if (up->taken > 0)
		return transfer_repeat(up, server, framing_up(exchange));
	transfer_forget(up);
	transfer_init(up, exchange->client->stream, server, request->framing,
	    request->content_length, framing_up(exchange));
	up->throttle =
	    share_throttle(&exchange->errand.share, POLICY_DIRECTION_UP);
	if (http_request_has_content(request) && http2_stream_is(server))
		transfer_keep(up);
	return true;
}
