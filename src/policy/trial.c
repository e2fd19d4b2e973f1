/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/trial.h"

#include "policy/describe.h"
#include "policy/evaluate.h"

static bool
is_by(const struct policy_rule *rule, struct str by)
{
	uint64_t line;

	if (by.at == NULL)
		return true;
	if (rule == NULL)
		return false;
	return (rule->label.at != NULL && str_eq(rule->label, by)) ||
	       (str_number(by, UINT32_MAX, &line) == 0 && line == rule->line);
}

static void
report_failure(const struct policy_case *one,
    const struct policy_answer *answer, struct report *report)
{
	struct text by = TEXT_EMPTY;

	if (answer->rule != NULL)
		describe_rule(answer->rule, &by);
	else if (answer->reason != NULL)
		text_addz(&by, answer->reason);
	else
		text_addf(&by, "it hangs on the %s",
		    policy_fact_word(answer->hangs_on));
	report_error(report, one->place,
	    "test \"%.*s\" fails: expected %s%s%.*s, got %s (%.*s)",
	    STR_ARG(one->title), policy_verdict_word(one->verdict),
	    one->by.at != NULL ? " by " : "", STR_ARG(one->by),
	    policy_verdict_word(answer->verdict), STR_ARG(text_str(&by)));
	report_hint(report, "gatehouse explain FILE '...' shows each step");
	text_fini(&by);
}

struct trial
policy_try(const struct policy *policy, struct report *report)
{
	struct trial trial = { 0, 0 };

	for (size_t i = 0; i < policy->case_count; i++) {
		const struct policy_case *one = &policy->cases[i];
		struct policy_answer answer = policy_decide(policy, &one->flow);
		if (answer.verdict == one->verdict &&
		    is_by(answer.rule, one->by)) {
			trial.passed++;
			continue;
		}
		trial.failed++;
		report_failure(one, &answer, report);
	}
	return trial;
}
