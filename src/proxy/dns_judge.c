/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/dns_judge.h"

#include "dns/service.h"
#include "proxy/admission.h"

void
dns_judge_begin(struct dns_judge *judge,
    const struct proxy_generation *generation, struct address source,
    const struct dns_name *name)
{
	struct policy_question *question = &judge->question;

	judge->name = dns_name_text(name, judge->text);
	*question = policy_question_of(generation->policy, judge->name);
	admission_begin(generation, FLOW_EXPLICIT, source, &judge->flow);
	judge->flow.known[POLICY_FACT_SCHEME] = FLOW_NOT_GIVEN;
	if (question->is_reverse) {
		admission_name(&judge->flow, (struct str){ NULL, 0 });
		admission_destination(
		    generation, &judge->flow, question->address);
	} else {
		admission_name(&judge->flow, question->name);
	}
}

struct policy_prospect
dns_judge_question(
    const struct dns_judge *judge, const struct proxy_generation *generation)
{
	return policy_question_judge(
	    generation->policy, &judge->question, &judge->flow, NULL);
}

/* ---- the answer ---- */

static bool
is_inside(const struct proxy_generation *generation, struct address address)
{
	struct flow flow;

	admission_destination(generation, &flow, address);
	return policy_question_leads_inside(generation->policy, &flow);
}

bool
dns_judge_is_nobodys(
    const struct dns_judge *judge, const struct proxy_generation *generation)
{
	return policy_question_is_nobodys(
	    generation->policy, &judge->question, &judge->flow);
}

struct hints {
	const struct proxy_generation *generation;
	bool inside;
};

static void
see_hint(void *context, struct address address)
{
	struct hints *hints = context;

	hints->inside |= is_inside(hints->generation, address);
}

bool
dns_judge_leads_inside(const struct dns_judge *judge,
    const struct proxy_generation *generation, const struct dns_answer *answer)
{
	struct hints hints = { generation, false };
	struct address address;

	if (judge->question.is_local)
		return false;
	for (size_t i = 0; dns_answer_address(answer, i, &address); i++)
		if (is_inside(generation, address))
			return true;
	if (answer->has_services)
		dns_service_each_hint(answer, see_hint, &hints);
	return hints.inside;
}

struct policy_prospect
dns_judge_answer(struct dns_judge *judge,
    const struct proxy_generation *generation, const struct dns_answer *answer)
{
	struct policy_prospect prospect;
	struct address address;

	if (answer->address_count == 0)
		return dns_judge_question(judge, generation);

	for (size_t i = 0; dns_answer_address(answer, i, &address); i++) {
		admission_destination(generation, &judge->flow, address);
		prospect = policy_question_judge_address(
		    generation->policy, &judge->flow, NULL);
		if (prospect.verdict == POLICY_VERDICT_ALLOW)
			break;
	}
	return prospect;
}
