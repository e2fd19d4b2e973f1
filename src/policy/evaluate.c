/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/evaluate.h"

#include "policy/local.h"
#include "policy/opening.h"
#include "policy/own_listener.h"
#include "policy/question.h"
#include "policy/visit.h"

/* A logged line names its rule, a translation has its own target, a limit
 * counts its own flows, and who bans counts those that it refuses. */
bool
policy_rule_leaves_trace(const struct policy_rule *rule)
{
	return rule->log || rule->publish || rule->report ||
	       policy_rule_is_limited(rule) || rule->ban.count > 0;
}

bool
policy_outcome_same(const struct policy_rule *a, const struct policy_rule *b)
{
	if (a == b)
		return true;
	return a->verdict == b->verdict && a->direct == b->direct &&
	       policy_parent_same(a->parent, b->parent) &&
	       !policy_rule_leaves_trace(a) && !policy_rule_leaves_trace(b);
}

static void
note_reported(struct policy_answer *answer, const struct policy_rule *rule)
{
	if (answer->reported_count < POLICY_REPORTED_MAX)
		answer->reported[answer->reported_count++] = rule;
}

/* A walk down the list at one phase. */
struct walk {
	const struct policy *policy;
	const struct flow *flow;
	enum policy_phase phase;
	const struct policy_trace *trace; /* NULL: nobody looks on */
	const struct policy_rule *might;  /* the first that might match */
	struct policy_answer answer;
};

/* True when the walk ends at this rule. */
static bool
consider(struct walk *walk, const struct policy_rule *rule)
{
	struct policy_answer *answer = &walk->answer;
	struct policy_matched matched =
	    policy_rule_match(walk->policy, rule, walk->flow, walk->phase);

	if (walk->trace != NULL)
		walk->trace->step(
		    walk->trace->context, rule, matched.match, matched.fact);
	if (matched.match == POLICY_MATCH_NO)
		return false;
	if (walk->might != NULL && !policy_outcome_same(walk->might, rule))
		return true;
	if (walk->might == NULL && matched.match == POLICY_MATCH_MIGHT) {
		walk->might = rule;
		answer->hangs_on = matched.fact;
	}
	if (matched.match != POLICY_MATCH_YES)
		return false;
	if (rule->report) { /* NOLINT: a rule of the policy is there */
		note_reported(answer, rule);
		return false;
	}
	answer->verdict = rule->verdict;
	answer->rule = rule;
	answer->by_name = matched.by_name;
	return true;
}

/* Only the rules that the index leaves; all others do not match. */
static void
walk_indexed(struct walk *walk)
{
	struct rule_index_key key = policy_visit_key(walk->flow, walk->phase);
	struct rule_index_walk left;
	size_t rule;

	rule_index_begin(walk->policy->index, &key, &left);
	while (rule_index_next(&left, &rule) &&
	       !consider(walk, &walk->policy->rules[rule]))
		if (key.name_open && walk->might != NULL &&
		    policy_outcome_same(
			walk->might, &walk->policy->rules[rule]))
			rule_index_pass_alike(&left, rule);
	rule_index_end(&left);
}

struct policy_answer
policy_evaluate(const struct policy *policy, const struct flow *flow,
    enum policy_phase phase, const struct policy_trace *trace)
{
	struct walk walk = {
		.policy = policy,
		.flow = flow,
		.phase = phase,
		.trace = trace,
		.answer = { .verdict = POLICY_VERDICT_UNDECIDED,
		    .phase = phase },
	};

	/* The index looks for one name. */
	if (policy->index != NULL && trace == NULL && flow->also_count == 0) {
		walk_indexed(&walk);
		return walk.answer;
	}
	for (size_t i = 0; i < policy->rule_count; i++)
		if (consider(&walk, &policy->rules[i]))
			break;
	/* The built-in last rule always matches. */
	return walk.answer;
}

static struct policy_answer
refused_before_the_list(const struct flow *flow)
{
	return (struct policy_answer){
		.verdict = POLICY_VERDICT_DROP,
		.phase = POLICY_PHASE_PACKET,
		.reason = policy_reason_sentence(flow->spoofed
						     ? POLICY_REASON_SPOOFED
						     : POLICY_REASON_NO_ZONE),
	};
}

/* Of a balancer, the list is for those whom it speaks for, and asked by the
 * proxy; the console and the DNS have lists of their own, their zones. */
static struct policy_answer
let_in_before_the_list(enum policy_reason reason)
{
	return (struct policy_answer){
		.verdict = POLICY_VERDICT_ALLOW,
		.phase = POLICY_PHASE_PACKET,
		.reason = policy_reason_sentence(reason),
	};
}

static struct policy_answer
settled(enum policy_reason reason)
{
	struct policy_answer answer = let_in_before_the_list(reason);

	if (reason == POLICY_REASON_INVALID)
		answer.verdict = POLICY_VERDICT_DROP;
	return answer;
}

/* Whether a rule asks for what the phase before did not show. */
static bool
shows_more(const struct policy *policy, enum policy_phase phase)
{
	if (phase <= POLICY_PHASE_NAME)
		return true;
	for (unsigned fact = 0; fact < POLICY_FACT_COUNT; fact++)
		if (policy_asks(policy, (enum policy_fact)fact) &&
		    policy_fact_phase((enum policy_fact)fact, true) == phase)
			return true;
	return false;
}

static struct policy_answer
decide_by_list(const struct policy *policy, const struct flow *flow)
{
	struct policy_answer answer = { .verdict = POLICY_VERDICT_UNDECIDED };
	enum policy_phase last =
	    flow->way == FLOW_PLAIN || flow->way == FLOW_UNCARRIED
		? POLICY_PHASE_PACKET
		: flow->last;

	if (flow->settled != POLICY_REASON_NONE)
		return settled(flow->settled);
	if (flow->from_zone == ZONE_NONE || flow->spoofed)
		return refused_before_the_list(flow);
	if (flow->question.at != NULL)
		return policy_question_decide(policy, flow, NULL);
	if (flow->console)
		return let_in_before_the_list(POLICY_REASON_CONSOLE);
	if (flow->asks_dns)
		return let_in_before_the_list(POLICY_REASON_DNS);
	if (flow->balanced)
		return let_in_before_the_list(POLICY_REASON_BALANCER);
	for (unsigned phase = POLICY_PHASE_PACKET; phase <= last; phase++) {
		if (shows_more(policy, (enum policy_phase)phase))
			answer = policy_evaluate(
			    policy, flow, (enum policy_phase)phase, NULL);
		answer.phase = (enum policy_phase)phase;
		if (answer.verdict != POLICY_VERDICT_UNDECIDED)
			return answer;
	}
	/* The way of the flow hangs on its service, and on that the rest. */
	if (flow->way != FLOW_EXPLICIT &&
	    (flow->known[POLICY_FACT_SERVICE] != FLOW_KNOWN || flow->any_port))
		answer.hangs_on = POLICY_FACT_SERVICE;
	/* A way around a name rule would be open if this passed. */
	if (flow->way == FLOW_UNCARRIED) {
		answer.verdict = POLICY_VERDICT_REJECT;
		answer.reason =
		    policy_reason_sentence(POLICY_REASON_NEEDS_PROXY);
	}
	return answer;
}

/* Why the proxy does not call where this goes; NULL: it does. */
static const char *
why_uncalled(const struct policy *policy, const struct flow *flow)
{
	if (policy_is_own_listener(policy, flow))
		return policy_reason_sentence(POLICY_REASON_OWN_LISTENER);
	if (policy_is_unnamed_local(policy, flow))
		return policy_reason_sentence(POLICY_REASON_LOCAL);
	return NULL;
}

/* What no rule has refused, whatever else is to be known of it. */
static struct policy_answer
decide_as_seen(const struct policy *policy, const struct flow *flow)
{
	struct policy_answer answer = decide_by_list(policy, flow);

	if (answer.reason != NULL || answer.verdict == POLICY_VERDICT_REJECT ||
	    answer.verdict == POLICY_VERDICT_DROP)
		return answer;
	const char *why = why_uncalled(policy, flow);
	if (why == NULL)
		return answer;
	answer.verdict = POLICY_VERDICT_REJECT;
	answer.rule = NULL;
	answer.reason = why;
	return answer;
}

/* Allowed by its packets, it goes to the proxy all the same: what is refused
 * there is not opened. */
static bool
goes_on(const struct flow *flow, const struct policy_answer *answer)
{
	return answer->verdict == POLICY_VERDICT_ALLOW &&
	       answer->rule != NULL &&
	       (flow->way == FLOW_EXPLICIT || !answer->rule->direct);
}

struct policy_answer
policy_decide(const struct policy *policy, const struct flow *flow)
{
	struct flow seen;

	if (flow->tls == FLOW_BARE)
		return decide_as_seen(policy, flow);
	const struct policy_rule *opened = policy_see_tls(policy, flow, &seen);
	struct policy_answer answer = decide_as_seen(policy, &seen);
	if (answer.phase > POLICY_PHASE_PACKET || goes_on(flow, &answer))
		answer.opened = opened;
	return answer;
}
