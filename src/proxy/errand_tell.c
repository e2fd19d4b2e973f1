/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/errand_tell: the account of an errand, for journal and counters.
 */
#include "proxy/errand_impl.h"

#include "event/counter.h"
#include "event/decision.h"
#include "event/event.h"
#include "proxy/refusals.h"
#include "proxy/worker.h"

_Static_assert(POLICY_PHASE_PACKET == 0 && POLICY_PHASE_NAME == 1 &&
		   POLICY_PHASE_REQUEST == 2 && POLICY_PHASE_RESPONSE == 3,
    "decisions have the policy's phases");
_Static_assert(POLICY_VERDICT_ALLOW == 0 && POLICY_VERDICT_REJECT == 1 &&
		   POLICY_VERDICT_DROP == 2,
    "decisions have the policy's verdicts");

static bool
is_logged(const struct errand *errand)
{
	/* Whoever started it reads along. */
	if (errand->generation->sandboxed)
		return true;
	if (errand->answer.rule != NULL)
		return errand->answer.rule->log;
	return errand->answer.reason != NULL ||
	       errand->failure != PROXY_FAILURE_NONE;
}

static enum policy_verdict
verdict_of(const struct errand *errand)
{
	if (errand->failure == PROXY_FAILURE_LIMITED ||
	    (errand->failure == PROXY_FAILURE_QUOTA && !errand->share.taken))
		return POLICY_VERDICT_REJECT;
	return errand->answer.verdict == POLICY_VERDICT_UNDECIDED
		   ? POLICY_VERDICT_REJECT
		   : errand->answer.verdict;
}

static const char *
reason_of(const struct errand *errand)
{
	return errand->failure != PROXY_FAILURE_NONE
		   ? errand_failure_words(errand)
		   : errand->answer.reason;
}

static void
count(const struct errand *errand)
{
	static const enum counter counters[] = {
		[POLICY_VERDICT_ALLOW] = COUNTER_ALLOWED,
		[POLICY_VERDICT_REJECT] = COUNTER_REJECTED,
		[POLICY_VERDICT_DROP] = COUNTER_DROPPED,
	};

	counter_add(counters[verdict_of(errand)], 1);
	decision_count(errand->answer.phase, verdict_of(errand));
	counter_add(COUNTER_BYTES_IN, (int64_t)errand->account.bytes_in);
	counter_add(COUNTER_BYTES_OUT, (int64_t)errand->account.bytes_out);
}

/* What has no method was never read as HTTP: a tunnel, or datagrams. */
static enum event_kind
kind_of(const struct errand *errand)
{
	return errand->account.method.len > 0 ? EVENT_KIND_REQUEST
					      : EVENT_KIND_FLOW;
}

static void
emit(const struct errand *errand, const struct policy_rule *rule,
    enum policy_verdict verdict, const char *reason)
{
	const struct policy *policy = errand->generation->policy;
	const struct flow *flow = &errand->flow;
	bool known = flow->known[POLICY_FACT_DESTINATION] == FLOW_KNOWN;
	struct event event = {
		.kind = kind_of(errand),
		.flow = errand->flow_id,
		.enforcer = "proxy",
		.phase = policy_phase_word(errand->answer.phase),
		.verdict = policy_verdict_word(verdict),
		.rule_line = rule != NULL ? rule->line : 0,
		.rule_name = rule != NULL ? rule->label : (struct str){ 0 },
		.zone_from = policy_zone_told(policy, flow->from_zone),
		.source = errand->client,
		.balancer = errand->balancer,
		.protocol = policy_protocol_row(flow->protocol)->word,
		.port = flow->port,
		.name = flow->name,
		.method = errand->account.method,
		.url = errand->account.url,
		.status = errand->account.status,
		.http = errand->account.http,
		.http_server = errand->account.http_server,
		.measured = true,
		.bytes_in = errand->account.bytes_in,
		.bytes_out = errand->account.bytes_out,
		.duration = clock_now() - errand->started,
		.reason = reason,
		.parent = { errand->by.name, errand->by.name_len },
		.parent_server = { errand->by.server, errand->by.server_len },
	};

	if (flow->known[POLICY_FACT_USER] == FLOW_KNOWN)
		event.user = flow->user;
	if (known) {
		event.destination = flow->destination;
		event.zone_to = policy_zone_told(policy, flow->to_zone);
	}
	event_emit(&event);
}

static bool
has_rule(const struct policy_answer *answer, const struct policy_rule *rule)
{
	for (unsigned i = 0; i < answer->reported_count; i++)
		if (answer->reported[i] == rule)
			return true;
	return false;
}

/* What the packets matched, the kernel has reported on its way to us. */
static void
emit_reports(const struct errand *errand)
{
	const struct policy_answer *answer = &errand->answer;
	const char *why = policy_reason_sentence(POLICY_REASON_REPORT);

	if (answer->reported_count == 0)
		return;
	struct policy_answer before =
	    policy_evaluate(errand->generation->policy, &errand->flow,
		POLICY_PHASE_PACKET, NULL);
	for (unsigned i = 0; i < answer->reported_count; i++) {
		const struct policy_rule *rule = answer->reported[i];
		if (has_rule(&before, rule))
			continue;
		errand_tally_report(errand, rule);
		if (rule->log)
			emit(errand, rule, rule->verdict, why);
	}
}

/* A datagram's source is as easily forged as any packet's. */
static void
count_refusal(const struct errand *errand, int64_t now)
{
	const struct policy_rule *rule = errand->answer.rule;

	if (rule != NULL && rule->verdict == errand->answer.verdict &&
	    !errand->wants_datagrams)
		refusals_count(errand->worker->refusals, errand->generation,
		    rule, errand->client.address, now);
}

void
errand_tell(struct errand *errand)
{
	if (errand->account.told)
		return;
	errand->account.told = true;
	share_note(&errand->share,
	    errand->account.bytes_in + errand->account.bytes_out);
	count(errand);
	int64_t now = clock_now();
	count_refusal(errand, now);
	if (errand->account.status != 0 && !errand->wants_tunnel)
		histogram_add(HISTOGRAM_REQUEST, now - errand->started);
	errand_tally(errand, verdict_of(errand));
	emit_reports(errand);
	if (is_logged(errand))
		emit(errand, errand->answer.rule, verdict_of(errand),
		    reason_of(errand));
}
