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
say_answer(const struct policy_answer *answer, struct text *out)
{
	text_addz(out, policy_verdict_word(answer->verdict));
	if (answer->rule != NULL) {
		text_addz(out, " by ");
		describe_rule(answer->rule, out);
	} else if (answer->reason != NULL) {
		text_addf(out, ": %s", answer->reason);
	} else {
		text_addf(out, ": it hangs on the %s, which is not given",
		    policy_fact_word(answer->hangs_on));
	}
}

static void
report_failure(const struct policy_case *one,
    const struct policy_answer *answer, struct report *report)
{
	struct text got = TEXT_EMPTY;

	say_answer(answer, &got);
	report_error(report, one->place,
	    "test \"%.*s\" fails: expected %s%s%.*s, got %.*s",
	    STR_ARG(one->title), policy_verdict_word(one->verdict),
	    one->by.at != NULL ? " by " : "", STR_ARG(one->by),
	    STR_ARG(text_str(&got)));
	report_hint(report, "gatehouse explain %.*s '%.*s' shows each step",
	    STR_ARG(one->place.source->name), STR_ARG(one->flow_text));
	text_fini(&got);
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
