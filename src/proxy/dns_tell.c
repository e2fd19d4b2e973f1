/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/dns_tell.h"

#include "event/decision.h"
#include "event/event.h"
#include "proxy/worker.h"

#include <netinet/in.h>
#include <stdio.h>

static void
emit(const struct dns_client *client, const struct dns_judge *judge,
    const struct proxy_generation *generation,
    const struct policy_prospect *prospect, const char *reason)
{
	const struct policy_rule *rule = prospect->rule;
	uint8_t protocol = client->stream != NULL ? IPPROTO_TCP : IPPROTO_UDP;
	struct event event = {
		.kind = EVENT_KIND_DNS,
		.flow = event_flow_id(protocol, client->source, client->asked),
		.enforcer = "proxy",
		.phase = policy_phase_word(POLICY_PHASE_NAME),
		.verdict = policy_verdict_word(prospect->verdict),
		.rule_line = rule != NULL ? rule->line : 0,
		.rule_name = rule != NULL ? rule->label : (struct str){ 0 },
		.zone_from =
		    policy_zone_told(generation->policy, judge->flow.from_zone),
		.source = client->source,
		.destination = client->asked.address,
		.protocol = client->stream != NULL ? "tcp" : "udp",
		.port = client->asked.port,
		.name = judge->name,
		.reason = reason,
	};

	event_emit(&event);
}

static void
count(struct worker *worker, const struct dns_client *client,
    const struct dns_judge *judge, const struct proxy_generation *generation,
    const struct policy_prospect *prospect)
{
	const struct policy *policy = generation->policy;
	const struct policy_rule *rule = prospect->rule;
	struct tally_flow told = {
		.name = judge->name,
		.client = client->source.address,
		.zone_from = policy_zone_told(policy, judge->flow.from_zone),
		.refused = true,
	};

	decision_count(POLICY_PHASE_NAME, prospect->verdict);
	if (rule != NULL) {
		told.has_rule = true;
		told.rule = (struct tally_rule){ generation->number,
			(uint32_t)(rule - policy->rules) };
	}
	struct tally *tally = tally_slot_begin(&worker->tally);
	tally_add(tally, &told);
	tally_slot_end(&worker->tally, tally);
}

void
dns_tell(struct worker *worker, const struct dns_client *client,
    const struct dns_judge *judge, const struct proxy_generation *generation,
    const struct policy_prospect *prospect, const char *reason)
{
	if (prospect->verdict != POLICY_VERDICT_ALLOW)
		count(worker, client, judge, generation, prospect);
	if (prospect->rule != NULL ? prospect->rule->log : reason != NULL)
		emit(client, judge, generation, prospect, reason);
}

const char *
dns_tell_words(
    const struct policy_rule *rule, char ret[static DNS_TELL_WORDS_BYTES])
{
	if (rule == NULL || rule->line == 0)
		return "no rule allows it";
	if (rule->label.at != NULL)
		(void)snprintf(ret, DNS_TELL_WORDS_BYTES, "rule %.*s",
		    STR_ARG(rule->label));
	else
		(void)snprintf(
		    ret, DNS_TELL_WORDS_BYTES, "rule of line %u", rule->line);
	return ret;
}
