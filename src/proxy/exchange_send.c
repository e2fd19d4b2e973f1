/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange_send: the request's head, written anew and sent to the server.
 *
 * What is written is kept, for a server may be gone before it has looked at it
 * (exchange_server).
 */
#include "proxy/exchange_impl.h"

#include "http/write.h"
#include "http2/session.h"
#include "proxy/choice.h"
#include "proxy/client.h"
#include "proxy/worker.h"

#include <errno.h>

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
	stream_use(exchange->errand.server, &exchange_server_side, exchange);
	stream_read_start(exchange->errand.server);
	stream_read_start(exchange->client->stream);
	exchange_up_run(exchange);
}

void
exchange_send(struct exchange *exchange)
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
