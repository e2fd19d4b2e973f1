/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/alias_question.h"

#include "base/hostname.h"
#include "dns/reply.h"
#include "event/counter.h"
#include "event/decision.h"
#include "event/event.h"
#include "proxy/aliases.h"
#include "proxy/dns_tell.h"
#include "proxy/limits.h"
#include "proxy/worker.h"

#include <errno.h>
#include <netinet/in.h>

/* In which records lie that are made here: one, of a name's greatest length. */
#define RECORD_BYTES (DNS_HEAD_BYTES + 2 * DNS_NAME_BYTES_MAX + 16)

/* A pointer to the question's name (RFC 1035, 4.1.4). */
#define POINTER_TO_QUESTION (0xc000 | DNS_HEAD_BYTES)

/* ---- answers ---- */

static void
send_reply(struct alias_question *question, const struct dns_reply *reply)
{
	char bytes[DNS_UDP_BYTES_MAX];
	size_t len = dns_reply_write(
	    reply, clock_now(), dns_reply_room(&question->asked), bytes);

	question->answer(question, (struct str){ bytes, len });
}

static void
send_code(struct alias_question *question, enum dns_rcode code)
{
	const struct dns_reply reply = { .query = &question->asked,
		.rcode = code,
		.extended = DNS_EXTENDED_NONE };

	send_reply(question, &reply);
}

/* One record of what was asked for. */
static void
send_record(struct alias_question *question, struct str data)
{
	const struct dns_name *name = &question->asked.question.name;
	char bytes[RECORD_BYTES];
	size_t at = DNS_HEAD_BYTES + name->len + (size_t)4;
	uint16_t ttl_at = (uint16_t)(at + 6);

	dns_put16(bytes + at, POINTER_TO_QUESTION);
	dns_put16(bytes + at + 2, question->asked.question.type);
	dns_put16(bytes + at + 4, DNS_CLASS_IN);
	dns_put32(bytes + at + 6, PROXY_ALIAS_TTL_S);
	dns_put16(bytes + at + 10, (uint16_t)data.len);
	memcpy(bytes + at + 12, data.at, data.len);
	const struct dns_answer answer = {
		.born = clock_now(),
		.extended = DNS_EXTENDED_NONE,
		.answers = 1,
		.ttl_count = 1,
		.len = (uint32_t)(at + 12 + data.len),
		.bytes = bytes,
		.ttls = &ttl_at,
	};
	const struct dns_reply reply = { .query = &question->asked,
		.answer = &answer,
		.extended = DNS_EXTENDED_NONE };
	send_reply(question, &reply);
}

/* If it is of the family that was asked for. */
static void
send_address(
    struct alias_question *question, struct address four, struct address six)
{
	uint16_t type = question->asked.question.type;

	if (type == DNS_TYPE_A)
		send_record(question, (struct str){ (char *)four.bytes, 4 });
	else if (type == DNS_TYPE_AAAA &&
		 question->worker->generation->has_ipv6)
		send_record(question, (struct str){ (char *)six.bytes, 16 });
	else
		send_code(question, DNS_RCODE_OK);
}

/* ---- refused ---- */

static void
tell(const struct alias_question *question,
    const struct policy_prospect *prospect)
{
	const struct policy_rule *rule = prospect->rule;
	const struct policy *policy = question->worker->generation->policy;
	const struct event event = {
		.kind = EVENT_KIND_DNS,
		.flow = event_flow_id(IPPROTO_UDP, question->source,
		    (struct address_port){ .port = POLICY_DNS_PORT }),
		.enforcer = "proxy",
		.phase = policy_phase_word(POLICY_PHASE_NAME),
		.verdict = policy_verdict_word(prospect->verdict),
		.rule_line = rule != NULL ? rule->line : 0,
		.rule_name = rule != NULL ? rule->label : (struct str){ 0 },
		.zone_from =
		    policy_zone_name(policy, question->judge.flow.from_zone),
		.source = question->source,
		.protocol = "udp",
		.port = POLICY_DNS_PORT,
		.name = question->judge.name,
	};

	decision_count(POLICY_PHASE_NAME, prospect->verdict);
	event_emit(&event);
}

static void
refuse(struct alias_question *question, const struct policy_prospect *prospect)
{
	char words[DNS_TELL_WORDS_BYTES];
	const struct dns_reply reply = { .query = &question->asked,
		.rcode = DNS_RCODE_NO_NAME,
		.extended = DNS_EXTENDED_BLOCKED,
		.words = dns_tell_words(prospect->rule, words) };

	tell(question, prospect);
	if (prospect->verdict == POLICY_VERDICT_DROP)
		question->answer(question, STR(""));
	else
		send_reply(question, &reply);
}

/* ---- told ---- */

static void
send_alias(struct alias_question *question)
{
	struct dns_reply full = { .query = &question->asked,
		.rcode = DNS_RCODE_FAILURE,
		.extended = DNS_EXTENDED_OTHER,
		.words = "too many names were asked for" };
	struct alias alias;
	int rc = aliases_give(
	    question->worker->aliases, question->judge.name, &alias);

	if (rc < 0)
		send_reply(question, &full);
	else
		send_address(question, alias.four, alias.six);
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
		send_code(question, DNS_RCODE_NO_NAME);
		break;
	case RESOLVER_STATUS_NO_ADDRESS:
		send_code(question, DNS_RCODE_OK);
		break;
	case RESOLVER_STATUS_TIMEOUT:
	case RESOLVER_STATUS_FAILED:
	case RESOLVER_STATUS_COUNT:
		counter_add(COUNTER_DNS_FAILED, 1);
		send_code(question, DNS_RCODE_FAILURE);
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
	    worker->resolver, question->judge.name, &question->query);
	if (rc == -EINVAL)
		send_code(question, DNS_RCODE_NO_NAME);
	else if (rc < 0)
		send_code(question, DNS_RCODE_FAILURE);
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
	struct address four, six;

	(void)address_parse(STR("127.0.0.1"), &four);
	(void)address_parse(STR("::1"), &six);
	send_address(question, four, six);
}

/* Of an address that stands for a name; nothing is known of others. */
static void
send_reverse(struct alias_question *question)
{
	struct str text = aliases_name(
	    question->worker->aliases, question->judge.flow.destination);
	struct dns_name name;

	if (text.at == NULL || dns_name_parse(text, &name) < 0)
		send_code(question, DNS_RCODE_NO_NAME);
	else if (question->asked.question.type != DNS_TYPE_PTR)
		send_code(question, DNS_RCODE_OK);
	else
		send_record(question, dns_name_str(&name));
}

/* ---- all of it ---- */

/* What no host is called cannot be asked for, and is in no event. */
static bool
is_hostname(struct str name)
{
	char room[HOSTNAME_MAX + 1];
	struct str found;

	return hostname_parse(name, room, &found) == 0;
}

/* Whether any flow to it could be allowed.  Its address is judged when it is
 * dialled. */
static void
put_name(struct alias_question *question)
{
	uint16_t type = question->asked.question.type;
	struct policy_prospect prospect =
	    dns_judge_question(&question->judge, question->worker->generation);

	if (!is_hostname(question->judge.name))
		send_code(question, DNS_RCODE_NO_NAME);
	else if (prospect.verdict != POLICY_VERDICT_ALLOW)
		refuse(question, &prospect);
	else if (type == DNS_TYPE_A || type == DNS_TYPE_AAAA)
		resolve(question);
	else
		send_code(question, DNS_RCODE_OK);
}

void
alias_question_put(struct alias_question *question, struct str message)
{
	int rc = dns_query_read(message, &question->asked);

	if (rc == -EPROTO) {
		question->answer(question, STR(""));
		return;
	}
	if (rc < 0) {
		send_code(question, dns_query_fault(&question->asked));
		return;
	}
	dns_judge_begin(&question->judge, question->worker->generation,
	    question->source.address, &question->asked.question.name);
	if (question->asked.question.class != DNS_CLASS_IN)
		send_code(question, DNS_RCODE_NOT_DONE);
	else if (is_localhost(question->judge.name))
		send_localhost(question);
	else if (question->judge.question.is_reverse)
		send_reverse(question);
	else
		put_name(question);
}

void
alias_question_cancel(struct alias_question *question)
{
	resolver_cancel(&question->query);
}
