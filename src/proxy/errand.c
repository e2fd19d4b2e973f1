/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/errand.h"

#include "event/counter.h"
#include "event/event.h"
#include "net/socket.h"
#include "proxy/pool.h"
#include "proxy/worker.h"

#include <errno.h>

void
errand_init(struct errand *errand, struct worker *worker, enum flow_way way,
    struct address_port client, uint64_t flow_id)
{
	*errand = (struct errand){
		.worker = worker,
		.generation = proxy_generation_ref(worker->generation),
		.client = client,
		.flow_id = flow_id,
		.started = clock_now(),
	};
	admission_begin(errand->generation, way, client.address, &errand->flow);
}

/*
 * One path may be two to servers, and which one the server of this flow sees
 * is not known: it is allowed only if both are.
 */
static struct policy_answer
ask(const struct errand *errand, const struct proxy_generation *generation,
    const struct flow *flow)
{
	struct policy_answer answer = admission_ask(generation, flow);
	struct flow other = *flow;

	if (errand->path_lax.at == NULL ||
	    answer.verdict == POLICY_VERDICT_REJECT ||
	    answer.verdict == POLICY_VERDICT_DROP)
		return answer;
	other.path = errand->path_lax;
	struct policy_answer lax = admission_ask(generation, &other);
	return lax.verdict == POLICY_VERDICT_ALLOW ? answer : lax;
}

/* ---- the share of a rule ---- */

/* Whether it is within the limit of the rule that allows it. */
static bool
take_share(struct errand *errand)
{
	const struct policy_rule *rule = errand->answer.rule;

	if (errand->answer.verdict != POLICY_VERDICT_ALLOW || rule == NULL ||
	    errand->counted)
		return true;
	errand->counted = limiter_take(errand->generation->limiter, rule,
	    errand->client.address, clock_now(), &errand->held);
	if (errand->held != NULL)
		errand->limiter = limiter_ref(errand->generation->limiter);
	return errand->counted;
}

static void
release_share(struct errand *errand)
{
	limiter_release(errand->held);
	limiter_unref(errand->limiter);
	errand->held = NULL;
	errand->limiter = NULL;
	errand->counted = false;
}

static void
take_generation(struct errand *errand, struct proxy_generation *generation)
{
	if (errand->generation == generation)
		return;
	proxy_generation_unref(errand->generation);
	errand->generation = proxy_generation_ref(generation);
	admission_move(generation, &errand->flow);
}

/* ---- the ends of it ---- */

static void
refuse(struct errand *errand, struct policy_answer answer)
{
	errand->answer = answer;
	errand->done(errand, ERRAND_REFUSED);
}

static void
fail(struct errand *errand, enum proxy_failure failure)
{
	errand->failure = failure;
	errand->done(errand, ERRAND_FAILED);
}

/* ---- connecting ---- */

/* What is still open hangs on what the server will send. */
static bool
may_proceed(const struct policy_answer *answer)
{
	return answer->verdict == POLICY_VERDICT_ALLOW ||
	       (answer->verdict == POLICY_VERDICT_UNDECIDED &&
		   answer->hangs_on == POLICY_FACT_TYPE);
}

/*
 * The policy may have changed while the connection was made; whoever is
 * connected is so by the one in force.
 */
static void
arrive(struct errand *errand, struct address_port at, struct stream *server)
{
	take_generation(errand, errand->worker->generation);
	admission_destination(errand->generation, &errand->flow, at.address);
	errand->answer = ask(errand, errand->generation, &errand->flow);
	if (!may_proceed(&errand->answer)) {
		stream_close(&server);
		refuse(errand, errand->answer);
		return;
	}
	if (!take_share(errand)) {
		stream_close(&server);
		errand->done(errand, ERRAND_LIMITED);
		return;
	}
	errand->server = server;
	errand->server_at = at;
	errand->done(errand, ERRAND_READY);
}

static void
on_dialled(struct dial *dial, int fd, size_t which)
{
	struct errand *errand = dial->context;
	struct stream *server;

	if (fd < 0) {
		counter_add(COUNTER_UPSTREAM_FAILED, 1);
		fail(errand, proxy_failure_of_dial(fd));
		return;
	}
	if (stream_create(
		errand->worker->loop, fd, &stream_limits_usual, &server) < 0) {
		socket_close_reset(fd);
		fail(errand, PROXY_FAILURE_NO_MEMORY);
		return;
	}
	counter_add(COUNTER_UPSTREAM_DIALS, 1);
	arrive(errand, errand->addresses[which], server);
}

static bool
take_kept(struct errand *errand)
{
	for (size_t i = 0; i < errand->address_count; i++) {
		struct address_port at = errand->addresses[i];
		struct stream *server = pool_take(errand->worker->pool, at);
		if (server == NULL)
			continue;
		counter_add(COUNTER_UPSTREAM_REUSED, 1);
		errand->reused = true;
		arrive(errand, at, server);
		return true;
	}
	return false;
}

static void
connect_to_server(struct errand *errand)
{
	errand->reused = false;
	if (errand->may_reuse && take_kept(errand))
		return;
	errand->dial.fn = on_dialled;
	errand->dial.context = errand;
	dial_start(&errand->dial, errand->worker->loop, errand->addresses,
	    errand->address_count);
}

/* ---- names and addresses ---- */

/* Keeps the address if the policy allows to dial it. */
static struct policy_answer
admit(struct errand *errand, struct address address)
{
	admission_destination(errand->generation, &errand->flow, address);
	struct policy_answer answer =
	    ask(errand, errand->generation, &errand->flow);

	if (may_proceed(&answer))
		errand->addresses[errand->address_count++] =
		    (struct address_port){ address, errand->flow.port };
	return answer;
}

static enum proxy_failure
failure_of_answer(enum resolver_status status)
{
	switch (status) {
	case RESOLVER_STATUS_NO_NAME:
		return PROXY_FAILURE_NO_NAME;
	case RESOLVER_STATUS_OK:
	case RESOLVER_STATUS_NO_ADDRESS:
		return PROXY_FAILURE_NO_ADDRESS;
	case RESOLVER_STATUS_TIMEOUT:
		return PROXY_FAILURE_DNS_TIMEOUT;
	case RESOLVER_STATUS_FAILED:
	case RESOLVER_STATUS_COUNT:
		break;
	}
	return PROXY_FAILURE_DNS_FAILED;
}

static void
on_resolved(struct resolver_query *query, const struct resolver_answer *answer)
{
	struct errand *errand = query->context;
	struct policy_answer first = { 0 };

	if (answer->count == 0) {
		counter_add(COUNTER_DNS_FAILED, 1);
		fail(errand, failure_of_answer(answer->status));
		return;
	}
	for (size_t i = 0; i < answer->count; i++) {
		struct policy_answer one = admit(errand, answer->addresses[i]);
		if (i == 0)
			first = one;
	}
	if (errand->address_count > 0) {
		connect_to_server(errand);
		return;
	}
	/* The event tells the address that was refused. */
	admission_destination(
	    errand->generation, &errand->flow, answer->addresses[0]);
	refuse(errand, first);
}

static void
resolve(struct errand *errand)
{
	errand->query.fn = on_resolved;
	errand->query.context = errand;
	counter_add(COUNTER_DNS_QUERIES, 1);
	int rc = resolver_ask(
	    errand->worker->resolver, errand->flow.name, &errand->query);
	if (rc == -EINVAL)
		fail(errand, PROXY_FAILURE_NO_NAME);
	else if (rc < 0)
		fail(errand, PROXY_FAILURE_NO_MEMORY);
}

/*
 * A request to the proxy goes where its name leads.  An intercepted client has
 * said itself where it wants to go, and goes there, unless the policy let it
 * in for its name, or may still do so: then to the true addresses of that
 * name, since the name may have been forged to reach another one's address.
 */
static bool
goes_by_name(const struct errand *errand)
{
	if (errand->flow.known[POLICY_FACT_NAME] != FLOW_KNOWN)
		return false;
	return errand->flow.way == FLOW_EXPLICIT || errand->answer.by_name ||
	       errand->answer.verdict == POLICY_VERDICT_UNDECIDED;
}

/* As the client asked, whatever an earlier attempt has found out. */
static void
forget_addresses(struct errand *errand)
{
	errand->address_count = 0;
	errand->failure = PROXY_FAILURE_NONE;
	if (errand->meant.family != ADDRESS_NONE)
		admission_destination(
		    errand->generation, &errand->flow, errand->meant);
	else
		errand->flow.known[POLICY_FACT_DESTINATION] = FLOW_NOT_GIVEN;
}

bool
errand_is_refused(struct errand *errand)
{
	forget_addresses(errand);
	errand->answer = ask(errand, errand->generation, &errand->flow);
	return errand->answer.verdict == POLICY_VERDICT_REJECT ||
	       errand->answer.verdict == POLICY_VERDICT_DROP;
}

void
errand_begin(struct errand *errand)
{
	if (errand_is_refused(errand)) {
		refuse(errand, errand->answer);
	} else if (goes_by_name(errand)) {
		resolve(errand);
	} else {
		struct policy_answer answer = admit(errand, errand->meant);
		if (may_proceed(&answer))
			connect_to_server(errand);
		else
			refuse(errand, answer);
	}
}

enum errand_outcome
errand_see_type(struct errand *errand, struct str type)
{
	/* Noted also where nobody asks: the next policy may. */
	admission_type(&errand->flow, type);
	if (errand->answer.verdict != POLICY_VERDICT_UNDECIDED)
		return ERRAND_READY;
	errand->answer = ask(errand, errand->generation, &errand->flow);
	if (errand->answer.verdict != POLICY_VERDICT_ALLOW)
		return ERRAND_REFUSED;
	return take_share(errand) ? ERRAND_READY : ERRAND_LIMITED;
}

/* ---- the account of it ---- */

static bool
is_logged(const struct errand *errand)
{
	if (errand->answer.rule != NULL)
		return errand->answer.rule->log;
	return errand->answer.reason != NULL ||
	       errand->failure != PROXY_FAILURE_NONE;
}

static enum policy_verdict
verdict_of(const struct errand *errand)
{
	if (errand->failure == PROXY_FAILURE_LIMITED)
		return POLICY_VERDICT_REJECT;
	return errand->answer.verdict == POLICY_VERDICT_UNDECIDED
		   ? POLICY_VERDICT_REJECT
		   : errand->answer.verdict;
}

static const char *
reason_of(const struct errand *errand)
{
	if (errand->failure != PROXY_FAILURE_NONE)
		return proxy_failure_words(errand->failure);
	return errand->answer.reason;
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
	counter_add(COUNTER_BYTES_IN, (int64_t)errand->account.bytes_in);
	counter_add(COUNTER_BYTES_OUT, (int64_t)errand->account.bytes_out);
}

/* As events have it: nothing where there is no zone. */
static struct str
zone_name(const struct policy *policy, uint8_t zone)
{
	return zone == ZONE_NONE ? (struct str){ NULL, 0 }
				 : policy_zone_name(policy, zone);
}

static void
emit(const struct errand *errand, const struct policy_rule *rule,
    enum policy_verdict verdict, const char *reason)
{
	const struct policy *policy = errand->generation->policy;
	const struct flow *flow = &errand->flow;
	bool known = flow->known[POLICY_FACT_DESTINATION] == FLOW_KNOWN;
	struct event event = {
		.flow = errand->flow_id,
		.enforcer = "proxy",
		.phase = policy_phase_word(errand->answer.phase),
		.verdict = policy_verdict_word(verdict),
		.rule_line = rule != NULL ? rule->line : 0,
		.rule_name = rule != NULL ? rule->label : (struct str){ 0 },
		.zone_from = zone_name(policy, flow->from_zone),
		.source = errand->client,
		.protocol = policy_protocol_row(POLICY_PROTOCOL_TCP)->word,
		.port = flow->port,
		.name = flow->name,
		.method = errand->account.method,
		.url = errand->account.url,
		.status = errand->account.status,
		.measured = true,
		.bytes_in = errand->account.bytes_in,
		.bytes_out = errand->account.bytes_out,
		.duration = clock_now() - errand->started,
		.reason = reason,
	};

	if (known) {
		event.destination = flow->destination;
		event.zone_to = zone_name(policy, flow->to_zone);
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
		if (!has_rule(&before, rule) && rule->log)
			emit(errand, rule, rule->verdict, why);
	}
}

void
errand_tell(struct errand *errand)
{
	if (errand->account.told)
		return;
	errand->account.told = true;
	count(errand);
	emit_reports(errand);
	if (is_logged(errand))
		emit(errand, errand->answer.rule, verdict_of(errand),
		    reason_of(errand));
}

bool
errand_stands(
    const struct errand *errand, const struct proxy_generation *generation)
{
	struct flow flow = errand->flow;

	if (errand->server_at.port == 0)
		return true;
	admission_move(generation, &flow);
	struct policy_answer answer = ask(errand, generation, &flow);
	return may_proceed(&answer);
}

/* The answer is asked for anew, since its rule is the old generation's. */
void
errand_move(struct errand *errand)
{
	take_generation(errand, errand->worker->generation);
	errand->answer = ask(errand, errand->generation, &errand->flow);
}

void
errand_fini(struct errand *errand)
{
	if (errand == NULL)
		return;
	resolver_cancel(&errand->query);
	dial_cancel(&errand->dial);
	stream_close(&errand->server);
	release_share(errand);
	proxy_generation_unref(errand->generation);
	errand->generation = NULL;
}
