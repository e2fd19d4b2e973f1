/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/opening.h"

#include "policy/match.h"
#include "policy/visit.h"

_Static_assert(POLICY_FACT_COUNT == 11, "a fact inside TLS, or outside");

bool
policy_rule_is_of_connect(const struct policy_rule *rule)
{
	for (size_t i = 0; i < rule->method_count; i++)
		if (str_is(rule->methods[i], "CONNECT"))
			return true;
	return false;
}

static void
know_inside(struct flow *flow, enum flow_known known)
{
	for (unsigned fact = 0; fact < POLICY_FACT_COUNT; fact++)
		if (policy_fact_is_inside((enum policy_fact)fact))
			flow->known[fact] = (uint8_t)known;
}

/* The flow at the phase of a request that nothing is known of, and as the
 * CONNECT that asks for it. */
struct opening {
	const struct policy *policy;
	struct flow unknown, connect;
	const struct policy_rule *by;
};

static enum policy_match
match(const struct opening *opening, const struct policy_rule *rule)
{
	bool of_connect =
	    opening->unknown.connects && policy_rule_is_of_connect(rule);

	return policy_rule_match(opening->policy, rule,
	    of_connect ? &opening->connect : &opening->unknown,
	    POLICY_PHASE_REQUEST)
	    .match;
}

static bool
consider(void *context, const struct policy_rule *rule)
{
	struct opening *opening = context;
	enum policy_match matches = match(opening, rule);

	if (matches == POLICY_MATCH_NO || rule->report)
		return false;
	bool inspects = policy_rule_inspects(rule, &opening->unknown);
	if (inspects)
		opening->by = rule;
	return inspects || matches == POLICY_MATCH_YES;
}

const struct policy_rule *
policy_opens(const struct policy *policy, const struct flow *flow)
{
	struct opening opening = { .policy = policy, .unknown = *flow };

	if (!policy->inspects || flow->tls == FLOW_BARE ||
	    (flow->way != FLOW_INTERCEPTED && flow->way != FLOW_EXPLICIT))
		return NULL;
	opening.unknown.last = POLICY_PHASE_RESPONSE;
	know_inside(&opening.unknown, FLOW_NOT_GIVEN);
	opening.connect = opening.unknown;
	opening.connect.method = STR("CONNECT");
	opening.connect.known[POLICY_FACT_METHOD] = FLOW_KNOWN;
	policy_visit(
	    policy, &opening.unknown, POLICY_PHASE_REQUEST, consider, &opening);
	return opening.by;
}

/* The request inside, or as much as is known of it. */
static void
see_inside(struct flow *flow)
{
	if (flow->tls == FLOW_TLS)
		know_inside(flow, FLOW_NOT_GIVEN);
	flow->scheme = POLICY_SCHEME_HTTPS;
	flow->known[POLICY_FACT_SCHEME] = FLOW_KNOWN;
	flow->last = POLICY_PHASE_RESPONSE;
}

/* The tunnel; of a CONNECT, its own fields are seen. */
static void
see_outside(struct flow *flow)
{
	uint8_t header = flow->known[POLICY_FACT_HEADER];

	know_inside(flow, FLOW_ABSENT);
	if (!flow->connects) {
		flow->last = flow->known[POLICY_FACT_USER] == FLOW_ABSENT
				 ? POLICY_PHASE_NAME
				 : POLICY_PHASE_REQUEST;
		return;
	}
	flow->method = STR("CONNECT");
	flow->known[POLICY_FACT_METHOD] = FLOW_KNOWN;
	flow->known[POLICY_FACT_HEADER] = header;
	flow->last = POLICY_PHASE_REQUEST;
}

const struct policy_rule *
policy_see_tls(
    const struct policy *policy, const struct flow *flow, struct flow *ret)
{
	const struct policy_rule *by = policy_opens(policy, flow);

	*ret = *flow;
	if (flow->way != FLOW_INTERCEPTED && flow->way != FLOW_EXPLICIT)
		return NULL;
	if (by != NULL)
		see_inside(ret);
	else
		see_outside(ret);
	ret->tls = FLOW_BARE;
	return by;
}
