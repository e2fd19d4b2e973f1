/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/explain_print.h"

#include "policy/describe.h"

static const char *const match_words[] = {
	[POLICY_MATCH_NO] = "no",
	[POLICY_MATCH_MIGHT] = "might",
	[POLICY_MATCH_YES] = "match",
};

void
explain_rule_json(const struct policy_rule *rule, struct json *json)
{
	if (rule == NULL || rule->line == 0) {
		json_put_null(json);
		return;
	}
	json_object_begin(json);
	json_name(json, "line");
	json_put_integer(json, rule->line);
	json_name(json, "name");
	json_put_string(json, rule->label);
	json_object_end(json);
}

static void
json_path(struct json *json, const struct explanation *explanation)
{
	json_array_begin(json);
	for (size_t i = 0; i < explanation->steps.count; i++) {
		const struct explanation_step *step =
		    &explanation->steps.items[i];
		json_object_begin(json);
		json_name(json, "rule");
		explain_rule_json(step->rule, json);
		json_name(json, "text");
		json_put_string(json, step->rule->text);
		json_name(json, "match");
		json_put_stringz(json, match_words[step->match]);
		json_name(json, "because");
		json_put_string(json, step->because);
		json_object_end(json);
	}
	json_array_end(json);
}

/* at == NULL: none. */
static struct str
parent_of(const struct policy_answer *answer)
{
	struct str none = { NULL, 0 };

	return answer->rule != NULL && answer->rule->parent != NULL
		   ? answer->rule->parent->name
		   : none;
}

void
explain_json(const struct explanation *explanation, struct json *json)
{
	const struct policy_answer *answer = &explanation->answer;
	bool undecided = answer->verdict == POLICY_VERDICT_UNDECIDED;

	json_name(json, "verdict");
	json_put_stringz(json, policy_verdict_word(answer->verdict));
	json_name(json, "phase");
	json_put_stringz(json, policy_phase_word(answer->phase));
	json_name(json, "enforcer");
	json_put_stringz(json, explanation->by_proxy ? "proxy" : "firewall");
	json_name(json, "rule");
	explain_rule_json(answer->rule, json);
	json_name(json, "question");
	json_put_bool(json, explanation->question);
	json_name(json, "parent");
	json_put_string(json, parent_of(answer));
	json_name(json, "opened");
	explain_rule_json(answer->opened, json);
	json_name(json, "reason");
	json_put_stringz(json, answer->reason);
	json_name(json, "hangs_on");
	json_put_stringz(
	    json, undecided ? policy_fact_word(answer->hangs_on) : NULL);
	json_name(json, "path");
	json_path(json, explanation);
}

/* As proxy/dns_say answers. */
static const char *
what_the_asker_gets(enum policy_verdict verdict)
{
	if (verdict == POLICY_VERDICT_ALLOW)
		return "the question is answered\n";
	if (verdict == POLICY_VERDICT_REJECT)
		return "the answer is that there is no such name (NXDOMAIN)\n";
	return "the question gets no answer\n";
}

void
explain_verdict(
    const struct explanation *explanation, bool colour, struct text *out)
{
	static const char *const colours[] = { "\033[1;32m", "\033[1;31m",
		"\033[1;31m", "\033[1;33m" };
	const struct policy_answer *answer = &explanation->answer;

	text_addf(out, "%s%s%s", colour ? colours[answer->verdict] : "",
	    policy_verdict_word(answer->verdict), colour ? "\033[0m" : "");
	if (answer->verdict == POLICY_VERDICT_UNDECIDED)
		text_addf(out, ": it hangs on the %s, which is not given\n",
		    policy_fact_word(answer->hangs_on));
	else
		text_addf(out, " by the %s in phase %s: ",
		    explanation->by_proxy ? "proxy" : "firewall",
		    policy_phase_word(answer->phase));
	struct str parent = parent_of(answer);
	if (answer->rule != NULL)
		describe_rule(answer->rule, out);
	else if (answer->reason != NULL)
		text_addz(out, answer->reason);
	if (parent.at != NULL)
		text_addf(out, ", via %.*s", STR_ARG(parent));
	if (answer->verdict != POLICY_VERDICT_UNDECIDED)
		text_addc(out, '\n');
	if (explanation->question)
		text_addz(out, what_the_asker_gets(answer->verdict));
	if (answer->opened != NULL) {
		text_addz(out, "TLS is opened by ");
		describe_rule(answer->opened, out);
		text_addc(out, '\n');
	}
}

static void
print_step(const struct explanation_step *step, struct text *out)
{
	if (step->rule->line == 0)
		text_addf(out, "\n  last   %.*s\n", STR_ARG(step->rule->text));
	else
		text_addf(out, "\n  %-5u  %.*s\n", step->rule->line,
		    STR_ARG(step->rule->text));
	if (step->match == POLICY_MATCH_YES)
		text_addz(out, step->rule->report
				   ? "         matches, reports, goes on\n"
				   : "         matches\n");
	else
		text_addf(out, "         %s: %.*s\n", match_words[step->match],
		    STR_ARG(step->because));
}

void
explain_steps(const struct explanation *explanation, struct text *out)
{
	for (size_t i = 0; i < explanation->steps.count; i++)
		print_step(&explanation->steps.items[i], out);
}
