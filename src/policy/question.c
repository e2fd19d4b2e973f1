/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/question.h"

#include "policy/evaluate.h"

/* ---- the name ---- */

/* The name behind the labels of a service. */
static struct str
without_service(struct str name)
{
	while (
	    name.len > 0 && name.at[0] == '_' && str_find(name, '.') < name.len)
		name = str_skip(name, str_find(name, '.') + 1);
	return name;
}

/* What stands before the name of an address says what is asked of it, like
 * `lb._dns-sd._udp` (RFC 6763, 11). */
static struct str
last_labels(struct str name, size_t count)
{
	size_t all = 1;

	for (size_t i = 0; i < name.len; i++)
		all += name.at[i] == '.';
	for (; all > count; all--)
		(void)str_cut(&name, '.');
	return name;
}

/* Four labels, from the last to the first. */
static bool
read_reverse4(struct str name, struct address *ret)
{
	uint8_t bytes[4];
	uint64_t number;

	name = last_labels(name, 4 + 2);
	for (size_t i = 4; i-- > 0;) {
		if (str_number(str_cut(&name, '.'), 255, &number) < 0)
			return false;
		bytes[i] = (uint8_t)number;
	}
	*ret = address_from_bytes(ADDRESS_IPV4, bytes);
	return str_is(name, "in-addr.arpa");
}

static bool
read_reverse6(struct str name, struct address *ret)
{
	uint8_t bytes[16] = { 0 };

	name = last_labels(name, 32 + 2);
	for (size_t i = 32; i-- > 0;) {
		struct str label = str_cut(&name, '.');
		int digit = label.len == 1 ? ascii_hex_digit(label.at[0]) : -1;
		if (digit < 0)
			return false;
		bytes[i / 2] |= (uint8_t)(digit << (i % 2 == 0 ? 4 : 0));
	}
	*ret = address_from_bytes(ADDRESS_IPV6, bytes);
	return str_is(name, "ip6.arpa");
}

struct policy_question
policy_question_of(const struct policy *policy, struct str name)
{
	const struct policy_group *local = policy->dns.local;
	struct policy_question question = { .name = without_service(name) };

	question.is_local =
	    local != NULL && domain_set_covers(&local->domains, question.name);
	question.is_reverse = str_ends(name, STR(".arpa")) &&
			      (read_reverse4(name, &question.address) ||
				  read_reverse6(name, &question.address));
	return question;
}

/* ---- where it leads ---- */

bool
policy_question_leads_inside(
    const struct policy *policy, const struct flow *flow)
{
	if (flow->to_zone == ZONE_SELF)
		return flow->own_zone != policy->elsewhere;
	return policy_is_inside(policy, flow->destination);
}

bool
policy_question_is_nobodys(const struct policy *policy,
    const struct policy_question *question, const struct flow *flow)
{
	return question->is_reverse && !question->is_local &&
	       policy_question_leads_inside(policy, flow);
}

/* To whom it goes without the gateway. */
static bool
is_to_neighbour(const struct policy *policy, const struct flow *flow)
{
	return flow->to_zone == flow->from_zone &&
	       flow->from_zone < policy->zone_count &&
	       flow->from_zone != policy->elsewhere;
}

/* ---- the verdict ---- */

static const struct policy_prospect passes = { .verdict =
						   POLICY_VERDICT_ALLOW };

/* In a sandbox no name is outside: its address is judged when it is dialled. */
static bool
is_outside(const struct policy *policy, const struct policy_question *question,
    const struct flow *flow)
{
	bool sandboxed =
	    flow->from_zone == policy->sandbox && policy->sandbox != ZONE_NONE;

	return !question->is_local && !question->is_reverse && !sandboxed;
}

/*
 * A name inside may be a neighbour's, to whom flows go without the gateway: so
 * it is refused by a rule that means it, and else when its address is known.
 */
struct policy_prospect
policy_question_judge(const struct policy *policy,
    const struct policy_question *question, const struct flow *flow,
    const struct policy_trace *trace)
{
	struct policy_prospect prospect = policy_prospect(
	    policy, flow, is_outside(policy, question, flow), trace);

	if (prospect.verdict != POLICY_VERDICT_ALLOW && question->is_local &&
	    !policy_endpoint_has_domains(&prospect.rule->to))
		return passes;
	return prospect;
}

struct policy_prospect
policy_question_judge_address(const struct policy *policy,
    const struct flow *flow, const struct policy_trace *trace)
{
	if (is_to_neighbour(policy, flow))
		return passes;
	return policy_prospect(policy, flow, false, trace);
}

static struct policy_answer
answer_by(struct policy_prospect prospect, const char *otherwise)
{
	return (struct policy_answer){
		.verdict = prospect.verdict,
		.phase = POLICY_PHASE_NAME,
		.rule = prospect.rule,
		.reason = prospect.rule == NULL ? otherwise : NULL,
	};
}

struct policy_answer
policy_question_decide(const struct policy *policy, const struct flow *flow,
    const struct policy_trace *trace)
{
	static const struct policy_prospect refused = {
		.verdict = POLICY_VERDICT_REJECT
	};
	struct policy_question question =
	    policy_question_of(policy, flow->question);

	if (policy_question_is_nobodys(policy, &question, flow))
		return answer_by(refused,
		    "the name of an address inside, which 'local' does not "
		    "have");
	if (question.is_reverse ||
	    flow->known[POLICY_FACT_DESTINATION] != FLOW_KNOWN)
		return answer_by(
		    policy_question_judge(policy, &question, flow, trace),
		    "a name of 'local', which may be a neighbour's");
	if (!question.is_local && policy_question_leads_inside(policy, flow))
		return answer_by(
		    refused, policy_reason_sentence(POLICY_REASON_INSIDE));
	return answer_by(policy_question_judge_address(policy, flow, trace),
	    "its address is a neighbour's");
}
