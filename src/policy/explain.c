/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/explain.h"

#include "policy/describe.h"
#include "policy/opening.h"
#include "policy/question.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

#define EXPLANATION_BYTES_MAX ((size_t)64 << 20)

struct explainer {
	const struct policy *policy;
	const struct flow *flow;
	enum policy_phase phase; /* of the walk */
	struct explanation *ret;
	struct text words;
};

_Static_assert(POLICY_FACT_COUNT == 11, "a fact without words");

static bool
sees(const struct explainer *explainer, enum policy_fact fact)
{
	return policy_fact_see(explainer->flow, fact, explainer->phase) ==
	       FLOW_KNOWN;
}

/* "the name is not known yet" or "the name is not given". */
static void
say_unknown(struct explainer *explainer, enum policy_fact fact)
{
	const struct flow *flow = explainer->flow;

	if (fact == POLICY_FACT_SERVICE && flow->any_port &&
	    sees(explainer, fact))
		text_addf(&explainer->words, "the %s is not given",
		    flow->protocol == POLICY_PROTOCOL_ICMP ? "kind of message"
							   : "port");
	else
		text_addf(&explainer->words,
		    flow->known[fact] != FLOW_NOT_GIVEN
			? "the %s is not known yet"
			: "the %s is not given",
		    policy_fact_word(fact));
}

static void
say_destination(struct explainer *explainer, const struct policy_rule *rule)
{
	const struct flow *flow = explainer->flow;

	if (flow->known[POLICY_FACT_DESTINATION] != FLOW_KNOWN) {
		/* Only of a question so much is known of the unknown. */
		text_addz(&explainer->words, "a name outside is not in ");
		describe_endpoint(
		    explainer->policy, &rule->to, &explainer->words);
		return;
	}
	describe_place(explainer->policy, flow->to_zone, flow->destination,
	    &explainer->words);
	text_addz(
	    &explainer->words, rule->publish ? " is not " : " is not in ");
	describe_endpoint(explainer->policy, &rule->to, &explainer->words);
}

static bool
is_asked_for(const struct policy_rule *rule, const struct flow *flow)
{
	return policy_endpoint_names(&rule->to, flow) &&
	       (rule->to.except == NULL ||
		   !policy_endpoint_names(rule->to.except, flow));
}

/* Of many that were learned for the address the first is named. */
static void
add_names(const struct flow *flow, struct text *out)
{
	text_add(out, flow->name);
	if (flow->also_count > 0)
		text_addf(out, " (and %zu more)", flow->also_count);
}

/*
 * A name can fail in four ways: none was asked for, nobody will see it, it is
 * not one of the rule's, or it is and its address is not one that a name may
 * open.
 */
static void
say_name(struct explainer *explainer, const struct policy_rule *rule)
{
	const struct flow *flow = explainer->flow;
	struct text *out = &explainer->words;

	enum flow_known known =
	    policy_fact_see(flow, POLICY_FACT_NAME, explainer->phase);

	if (known == FLOW_ABSENT) {
		text_addz(out,
		    flow->known[POLICY_FACT_NAME] == FLOW_KNOWN
			? "the proxy does not carry this flow, so no name is "
			  "seen that could be in "
			: "no name is asked for that could be in ");
		describe_endpoint(explainer->policy, &rule->to, out);
		return;
	}
	if (known == FLOW_KNOWN && !is_asked_for(rule, flow)) {
		add_names(flow, out);
		text_addz(out, " is not in ");
		describe_endpoint(explainer->policy, &rule->to, out);
		return;
	}
	if (known == FLOW_KNOWN) {
		add_names(flow, out);
		text_addz(out, " is at ");
	}
	describe_place(
	    explainer->policy, flow->to_zone, flow->destination, out);
	text_addz(out, known == FLOW_KNOWN
			   ? ", which a name alone does not open"
			   : " is not opened by a name alone");
}

/* "the method is GET", "the flow shows no method" */
static void
say_text(struct explainer *explainer, enum policy_fact fact, struct str text)
{
	if (sees(explainer, fact))
		text_addf(&explainer->words, "the %s is %.*s",
		    policy_fact_word(fact), STR_ARG(text));
	else
		text_addf(&explainer->words, "the flow shows no %s",
		    policy_fact_word(fact));
}

static void
say_time(struct explainer *explainer)
{
	text_addz(&explainer->words, "it is ");
	hours_minute_add(explainer->flow->minute, &explainer->words);
	text_addz(&explainer->words, ", outside its hours");
}

/* The first field that is missing or has another value. */
static void
say_header(struct explainer *explainer, const struct policy_rule *rule)
{
	size_t at = 0;

	if (!sees(explainer, POLICY_FACT_HEADER)) {
		text_addz(&explainer->words, "the flow shows no header");
		return;
	}
	while (at + 1 < rule->header_count &&
	       policy_header_is_in(&rule->headers[at], explainer->flow))
		at++;
	text_addf(&explainer->words, "no header %.*s is like that",
	    STR_ARG(rule->headers[at].name));
}

/* It may be of the service that the rule asks for, and still not be carried. */
static bool
is_out_of_sight(const struct policy_rule *rule, const struct flow *flow)
{
	return policy_rule_needs_proxy(rule) && flow->way == FLOW_PLAIN &&
	       (flow->any_port || policy_services_have(&rule->services,
				      flow->protocol, flow->port));
}

static void
say_out_of_sight(const struct policy_rule *rule, struct text *out)
{
	text_addz(out, "the proxy does not see this flow, so it ");
	if (rule->parent != NULL)
		text_addf(
		    out, "cannot go via %.*s", STR_ARG(rule->parent->name));
	else
		text_addz(out, "would not count for the quota");
}

static void
say_source(struct explainer *explainer, const struct policy_rule *rule)
{
	const struct flow *flow = explainer->flow;
	struct text *out = &explainer->words;

	describe_place(explainer->policy, flow->from_zone, flow->source, out);
	text_addz(out, " is not in ");
	describe_endpoint(explainer->policy, &rule->from, out);
}

static void
say_service(struct explainer *explainer, const struct policy_rule *rule)
{
	const struct flow *flow = explainer->flow;
	struct text *out = &explainer->words;

	if (is_out_of_sight(rule, flow)) {
		say_out_of_sight(rule, out);
		return;
	}
	describe_service(flow->protocol, flow->any_port ? 0 : flow->port,
	    flow->any_port ? UINT16_MAX : flow->port, out);
	text_addz(out, " is not ");
	describe_services(&rule->services, out);
}

static void
say_scheme(struct explainer *explainer, const struct policy_rule *rule)
{
	const char *scheme = policy_scheme_word(explainer->flow->scheme);

	if (rule->inspect && !sees(explainer, POLICY_FACT_SCHEME))
		text_addz(&explainer->words,
		    "this flow shows no request, and 'inspect' lets nothing "
		    "else pass");
	else
		say_text(explainer, POLICY_FACT_SCHEME, str_of(scheme));
}

static void
say_no(struct explainer *explainer, const struct policy_rule *rule,
    enum policy_fact fact)
{
	const struct flow *flow = explainer->flow;

	switch (fact) {
	case POLICY_FACT_SOURCE:
		say_source(explainer, rule);
		break;
	case POLICY_FACT_DESTINATION:
		say_destination(explainer, rule);
		break;
	case POLICY_FACT_SERVICE:
		say_service(explainer, rule);
		break;
	case POLICY_FACT_NAME:
		say_name(explainer, rule);
		break;
	case POLICY_FACT_TIME:
		say_time(explainer);
		break;
	case POLICY_FACT_SCHEME:
		say_scheme(explainer, rule);
		break;
	case POLICY_FACT_METHOD:
		say_text(explainer, fact, flow->method);
		break;
	case POLICY_FACT_PATH:
		say_text(explainer, fact, flow->path);
		break;
	case POLICY_FACT_USER:
		say_text(explainer, fact, flow->user);
		break;
	case POLICY_FACT_HEADER:
		say_header(explainer, rule);
		break;
	case POLICY_FACT_TYPE:
		say_text(explainer, fact, flow->type);
		break;
	case POLICY_FACT_COUNT:
		break;
	}
}

static void
note_step(void *context, const struct policy_rule *rule,
    enum policy_match match, enum policy_fact fact)
{
	struct explainer *explainer = context;
	struct explanation *ret = explainer->ret;
	struct explanation_step step = { rule, match, fact, { NULL, 0 } };

	text_clear(&explainer->words);
	if (match == POLICY_MATCH_NO)
		say_no(explainer, rule, fact);
	else if (match == POLICY_MATCH_MIGHT)
		say_unknown(explainer, fact);
	if (match != POLICY_MATCH_YES)
		step.because =
		    arena_str(&ret->arena, text_str(&explainer->words));
	if (explainer->words.full || VEC_ADD(&ret->steps, step) < 0)
		ret->rc = -ENOMEM;
}

bool
explain_by_proxy(const struct flow *flow, const struct policy_answer *answer)
{
	if (answer->phase != POLICY_PHASE_PACKET)
		return true;
	if (answer->verdict != POLICY_VERDICT_ALLOW || flow->balanced ||
	    flow->console || flow->asks_dns)
		return false;
	return flow->way == FLOW_EXPLICIT ||
	       (flow->way == FLOW_INTERCEPTED && !answer->rule->direct);
}

int
explain_flow(const struct policy *policy, const struct flow *flow,
    struct explanation *ret)
{
	struct flow seen = *flow;
	struct explainer explainer = {
		.policy = policy, .flow = &seen, .ret = ret
	};
	struct policy_trace trace = { note_step, &explainer };

	*ret = (struct explanation){ .answer = policy_decide(policy, flow) };
	arena_init(&ret->arena, EXPLANATION_BYTES_MAX);
	explainer.phase = ret->answer.phase;
	ret->by_proxy = explain_by_proxy(flow, &ret->answer);
	if (flow->tls != FLOW_BARE && explainer.phase > POLICY_PHASE_PACKET)
		(void)policy_see_tls(policy, flow, &seen);
	ret->question = flow->question.at != NULL;
	if (ret->question)
		(void)policy_question_decide(policy, &seen, &trace);
	else if (ret->answer.rule != NULL ||
		 ret->answer.verdict == POLICY_VERDICT_UNDECIDED)
		(void)policy_evaluate(policy, &seen, ret->answer.phase, &trace);
	text_fini(&explainer.words);
	return ret->arena.full ? -ENOMEM : ret->rc;
}

void
explain_fini(struct explanation *explanation)
{
	free(explanation->steps.items);
	arena_fini(&explanation->arena);
	*explanation = (struct explanation){ 0 };
}
