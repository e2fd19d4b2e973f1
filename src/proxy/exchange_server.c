/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange_server: what the server's connection says, and what becomes of
 * a request whose server is gone.
 *
 * It is asked again only if the server has certainly not looked at it, or if it
 * may be repeated (RFC 9110, 9.2.2) and nothing of an answer has come.
 */
#include "proxy/exchange_impl.h"

#include "http2/session.h"
#include "proxy/client.h"
#include "proxy/worker.h"

#include <errno.h>

/* Of what servers do not look at: each may be about to end. */
#define RETRIES_MAX 3

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

void
exchange_server_is_gone(struct exchange *exchange)
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
on_server_word(struct stream *stream, void *context)
{
	struct exchange *exchange = context;

	(void)stream;
	exchange->moved = loop_now(exchange->client->worker->loop);
	if (exchange->answered)
		exchange_pass_run(exchange);
	else
		exchange_pass_head(exchange);
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
		exchange_server_is_gone(exchange);
}

static void
on_server_failed(struct stream *stream, int error, void *context)
{
	struct exchange *exchange = context;

	if (http2_stream_is(stream))
		request_failed(exchange, error);
	else
		exchange_server_is_gone(exchange);
}

const struct stream_user exchange_server_side = {
	.data = on_server_word,
	.ended = on_server_word,
	.drained = on_server_drained,
	.failed = on_server_failed,
};

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
