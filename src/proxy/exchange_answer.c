/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange_answer: answers of our own, which end the exchange.
 */
#include "proxy/exchange_impl.h"

#include "proxy/client.h"
#include "proxy/page.h"
#include "proxy/proxy_status.h"
#include "proxy/worker.h"

/* A name that leads where nothing may be reached is another error than one
 * that may not be asked for. */
static bool
is_for_address(const struct errand *errand)
{
	const struct policy_rule *rule = errand->answer.rule;

	return errand->flow.known[POLICY_FACT_NAME] == FLOW_KNOWN &&
	       errand->flow.known[POLICY_FACT_DESTINATION] == FLOW_KNOWN &&
	       errand->server_at.port == 0 &&
	       (rule == NULL || !policy_rule_reads_head(rule));
}

static const char *
error_of(const struct errand *errand)
{
	if (errand->failure != PROXY_FAILURE_NONE)
		return proxy_status_error(errand->failure);
	return is_for_address(errand) ? PROXY_STATUS_PROHIBITED
				      : PROXY_STATUS_DENIED;
}

void
exchange_answer_page(
    struct exchange *exchange, unsigned status, const char *sentence)
{
	struct page page = {
		.status = status,
		.sentence = sentence,
		.rule = exchange->errand.answer.rule,
		.by = worker_via(),
		.error = error_of(&exchange->errand),
		.target = exchange->errand.account.url.len > 0
			      ? exchange->errand.account.url
			      : exchange->errand.flow.name,
		.method = exchange->request.method,
		.client_minor = exchange->request.minor,
		.retry_after =
		    proxy_failure_retry_after(exchange->errand.failure),
	};

	exchange->up_done =
	    exchange->up_done || !http_request_has_content(&exchange->request);
	/* Behind a CONNECT that is refused may come bytes that were meant for
	 * the tunnel; they must not be read as a request. */
	exchange->keep = exchange->keep && exchange->up_done &&
			 exchange->request.method != HTTP_METHOD_CONNECT;
	page.keep_alive = exchange->keep;
	exchange_forget_head(exchange);
	stream_close_reset(&exchange->errand.server);
	int sent = page_send(&page, exchange->client->stream);
	if (sent < 0) {
		/* Without it the next answer would be taken for this one. */
		client_reset(exchange->client);
		return;
	}
	exchange->out += (uint64_t)sent;
	exchange->errand.account.status = (uint16_t)status;
	exchange_finish(exchange);
}

void
exchange_answer_failure(struct exchange *exchange, enum proxy_failure failure)
{
	if (exchange_store_rescue(exchange, failure))
		return;
	exchange->errand.failure = failure;
	exchange_answer_page(exchange, proxy_failure_status(failure),
	    errand_failure_words(&exchange->errand));
}

void
exchange_answer_refusal(struct exchange *exchange)
{
	const struct policy_answer *answer = &exchange->errand.answer;

	if (answer->verdict == POLICY_VERDICT_DROP)
		client_silence(exchange->client);
	else
		exchange_answer_page(exchange, 403, answer->reason);
}

/* RFC 9110, 7.6.2: the count of hops ends here. */
void
exchange_answer_options(struct exchange *exchange)
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
	if (exchange_write_head(exchange, &response, exchange->keep, false) < 0)
		client_destroy(exchange->client);
	else
		exchange_finish(exchange);
}
