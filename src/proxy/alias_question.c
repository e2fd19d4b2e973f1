/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/alias_question.h"

#include "base/hostname.h"
#include "event/counter.h"
#include "event/decision.h"
#include "event/event.h"
#include "proxy/admission.h"
#include "proxy/aliases.h"
#include "proxy/limits.h"
#include "proxy/worker.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#define DNS_PORT 53

static void
send_answer(
    struct alias_question *question, const struct dns_response *response)
{
	uint8_t bytes[DNS_MESSAGE_BYTES_MAX];
	size_t len = dns_response_write(&question->asked, response, bytes);

	question->answer(question, bytes, len);
}

static void
send_code(struct alias_question *question, enum dns_code code)
{
	const struct dns_response response = { .code = code,
		.detail = DNS_DETAIL_NONE };

	send_answer(question, &response);
}

/* ---- refused ---- */

static void
tell(const struct alias_question *question, const struct policy_answer *answer)
{
	const struct policy_rule *rule = answer->rule;
	const struct proxy_generation *generation =
	    question->worker->generation;
	struct event event = {
		.kind = EVENT_KIND_DNS,
		.flow = event_flow_id(IPPROTO_UDP, question->source,
		    (struct address_port){ .port = DNS_PORT }),
		.enforcer = "proxy",
		.phase = policy_phase_word(POLICY_PHASE_NAME),
		.verdict = policy_verdict_word(answer->verdict),
		.rule_line = rule != NULL ? rule->line : 0,
		.rule_name = rule != NULL ? rule->label : (struct str){ 0 },
		.zone_from = policy_zone_name(
		    generation->policy, policy_zone_of(generation->policy,
					    question->source.address)),
		.source = question->source,
		.protocol = "udp",
		.port = DNS_PORT,
		.name = question->asked.name,
		.reason = answer->reason,
	};

	counter_add(answer->verdict == POLICY_VERDICT_DROP ? COUNTER_DROPPED
							   : COUNTER_REJECTED,
	    1);
	decision_count(POLICY_PHASE_NAME, answer->verdict);
	event_emit(&event);
}

static void
refuse(struct alias_question *question, const struct policy_answer *answer)
{
	struct dns_response response = { .code = DNS_CODE_NO_NAME,
		.detail = DNS_DETAIL_BLOCKED };
	char words[80];

	tell(question, answer);
	if (answer->verdict == POLICY_VERDICT_DROP) {
		question->answer(question, NULL, 0);
		return;
	}
	if (answer->rule != NULL && answer->rule->line > 0)
		(void)snprintf(words, sizeof(words),
		    "refused by the policy, line %u", answer->rule->line);
	else
		(void)snprintf(words, sizeof(words),
		    "refused: no rule of the policy allows it");
	response.words = str_of(words);
	send_answer(question, &response);
}

/*
 * Whether any connection to it could be allowed.  Of the service only that it
 * is TCP is known, and the address is nobody's affair yet.
 */
static struct policy_answer
ask_policy(const struct alias_question *question)
{
	const struct proxy_generation *generation =
	    question->worker->generation;
	struct flow flow;

	admission_begin(
	    generation, FLOW_INTERCEPTED, question->source.address, &flow);
	flow.known[POLICY_FACT_SCHEME] = FLOW_NOT_GIVEN;
	admission_name(&flow, question->asked.name);
	return admission_ask(generation, &flow);
}

/* ---- told ---- */

static void
send_alias(struct alias_question *question)
{
	struct dns_response response = { .detail = DNS_DETAIL_NONE,
		.ttl = PROXY_ALIAS_TTL_S };
	struct alias alias;
	int rc = aliases_give(
	    question->worker->aliases, question->asked.name, &alias);

	if (rc < 0) {
		response.code = DNS_CODE_FAILED;
		response.detail = DNS_DETAIL_OTHER;
		response.words = STR("too many names were asked for");
	} else if (question->asked.type == DNS_TYPE_A) {
		response.address = alias.four;
	} else if (question->asked.type == DNS_TYPE_AAAA &&
		   question->worker->generation->has_ipv6) {
		response.address = alias.six;
	}
	send_answer(question, &response);
}

static void
on_resolved(struct resolver_query *query, const struct resolver_answer *answer)
{
	struct alias_question *question = query->context;

	switch (answer->status) {
	case RESOLVER_STATUS_OK:
		send_alias(question);
		break;
	case RESOLVER_STATUS_NO_NAME:
		send_code(question, DNS_CODE_NO_NAME);
		break;
	case RESOLVER_STATUS_NO_ADDRESS:
		send_code(question, DNS_CODE_OK);
		break;
	case RESOLVER_STATUS_TIMEOUT:
	case RESOLVER_STATUS_FAILED:
	case RESOLVER_STATUS_COUNT:
		counter_add(COUNTER_DNS_FAILED, 1);
		send_code(question, DNS_CODE_FAILED);
		break;
	}
}

/* What goes by a parent, the parent finds. */
static void
resolve(struct alias_question *question)
{
	struct worker *worker = question->worker;

	if (worker->generation->policy->parent_count > 0) {
		send_alias(question);
		return;
	}
	question->query.fn = on_resolved;
	question->query.context = question;
	counter_add(COUNTER_DNS_QUERIES, 1);
	int rc = resolver_ask(
	    worker->resolver, question->asked.name, &question->query);
	if (rc == -EINVAL)
		send_code(question, DNS_CODE_NO_NAME);
	else if (rc < 0)
		send_code(question, DNS_CODE_FAILED);
}

/* ---- names that need no policy ---- */

/* RFC 6761, 6.3. */
static bool
is_localhost(struct str name)
{
	return str_is(name, "localhost") || str_ends(name, STR(".localhost"));
}

static void
send_localhost(struct alias_question *question)
{
	struct dns_response response = { .detail = DNS_DETAIL_NONE,
		.ttl = PROXY_ALIAS_TTL_S };

	if (question->asked.type == DNS_TYPE_A)
		(void)address_parse(STR("127.0.0.1"), &response.address);
	else if (question->asked.type == DNS_TYPE_AAAA &&
		 question->worker->generation->has_ipv6)
		(void)address_parse(STR("::1"), &response.address);
	send_answer(question, &response);
}

/* Of an address that stands for a name; nothing is known of others. */
static void
send_reverse(struct alias_question *question)
{
	struct dns_response response = { .detail = DNS_DETAIL_NONE,
		.ttl = PROXY_ALIAS_TTL_S };
	struct address address;

	if (dns_reverse_parse(question->asked.name, &address))
		response.name =
		    aliases_name(question->worker->aliases, address);
	if (response.name.at == NULL)
		response.code = DNS_CODE_NO_NAME;
	send_answer(question, &response);
}

/* ---- all of it ---- */

static bool
is_refusal(const struct policy_answer *answer)
{
	return answer->verdict == POLICY_VERDICT_REJECT ||
	       answer->verdict == POLICY_VERDICT_DROP;
}

/* What no host is called cannot be asked for, and is in no event. */
static bool
is_hostname(struct str name)
{
	char room[HOSTNAME_MAX + 1];
	struct str found;

	return hostname_parse(name, room, &found) == 0;
}

static void
put_name(struct alias_question *question)
{
	if (!is_hostname(question->asked.name)) {
		send_code(question, DNS_CODE_NO_NAME);
		return;
	}
	struct policy_answer answer = ask_policy(question);
	if (is_refusal(&answer))
		refuse(question, &answer);
	else if (question->asked.type == DNS_TYPE_A ||
		 question->asked.type == DNS_TYPE_AAAA)
		resolve(question);
	else
		send_code(question, DNS_CODE_OK);
}

void
alias_question_put(struct alias_question *question, struct str message)
{
	int rc = dns_question_read(message, &question->asked);

	if (rc == -EBADMSG)
		question->answer(question, NULL, 0);
	else if (rc == -EINVAL)
		send_code(question, DNS_CODE_FORMAT);
	else if (rc < 0)
		send_code(question, DNS_CODE_NOT_KNOWN);
	else if (is_localhost(question->asked.name))
		send_localhost(question);
	else if (question->asked.type == DNS_TYPE_PTR)
		send_reverse(question);
	else
		put_name(question);
}

void
alias_question_cancel(struct alias_question *question)
{
	resolver_cancel(&question->query);
}
