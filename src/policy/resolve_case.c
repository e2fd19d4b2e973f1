/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_case: the lines of test blocks.
 *
 *	FLOW VERDICT [by "RULE" | by LINE]
 */
#include "policy/flow_text.h"
#include "policy/manual.h"
#include "policy/resolve.h"

#include <errno.h>

static bool
read_verdict(struct reader *reader, struct policy_case *ret)
{
	const struct token *token = reader_peek(reader);
	struct nearest nearest;

	if (token->kind == TOKEN_WORD &&
	    policy_verdict_find(token->text, &ret->verdict)) {
		(void)reader_take(reader);
		return true;
	}
	(void)reader_expected(
	    reader, "the verdict: allow, reject, drop or undecided");
	nearest_begin(&nearest, token->text);
	for (unsigned i = 0; i < POLICY_VERDICT_COUNT; i++)
		nearest_offer(&nearest,
		    str_of(policy_verdict_word((enum policy_verdict)i)));
	if (ret->flow.question.at == NULL)
		flow_offer_facts(&nearest);
	else
		flow_offer_question_facts(&nearest);
	if (nearest.best.at != NULL && token->kind == TOKEN_WORD)
		report_hint(reader->report, "did you mean '%.*s'?",
		    STR_ARG(nearest.best));
	return false;
}

static bool
rule_exists(const struct policy *policy, struct str by)
{
	uint64_t line = 0;
	bool number = str_number(by, UINT32_MAX, &line) == 0;

	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if ((rule->label.at != NULL && str_eq(rule->label, by)) ||
		    (number && rule->line == line))
			return true;
	}
	return false;
}

static void
report_no_rule(
    struct reader *reader, const struct policy *policy, const struct token *by)
{
	struct nearest nearest;

	report_error(reader->report, by->place, "no rule is called '%.*s'%s",
	    STR_ARG(by->text),
	    by->kind == TOKEN_WORD ? " or stands in such a line" : "");
	nearest_begin(&nearest, by->text);
	for (size_t i = 0; i < policy->rule_count; i++)
		nearest_offer(&nearest, policy->rules[i].label);
	if (nearest.best.at != NULL)
		report_hint(reader->report, "did you mean \"%.*s\"?",
		    STR_ARG(nearest.best));
}

static bool
read_by(
    struct reader *reader, const struct policy *policy, struct policy_case *ret)
{
	if (!reader_at_word(reader, "by"))
		return true;
	(void)reader_take(reader);
	const struct token *token = reader_peek(reader);
	if (token->kind != TOKEN_STRING && token->kind != TOKEN_WORD)
		return reader_expected(reader, "a rule's name or line");
	(void)reader_take(reader);
	if (!rule_exists(policy, token->text)) {
		report_no_rule(reader, policy, token);
		return false;
	}
	ret->by = token->text;
	return true;
}

/*
 * The case's own tokens end where its line does; a copy that ends in NEWLINE
 * and END is not needed, because the parser left both behind each case.
 */
static void
resolve_case(struct resolver *resolver, const struct syntax_test *test,
    const struct syntax_case *syntax)
{
	static const struct policy_own nothing = { NULL, 0 };
	struct policy *policy = resolver->policy;
	struct reader reader = { .next = syntax->tokens,
		.arena = resolver->arena,
		.report = resolver->report };
	struct policy_case one = { .text = syntax->text,
		.place = syntax->tokens[0].place,
		.title = test->title.text };

	(void)report_topic(resolver->report, MANUAL_FLOWS);
	if (!flow_read(&reader, policy, &nothing, &one.flow))
		return;
	(void)report_topic(resolver->report, MANUAL_TESTS);
	one.flow_text = reader_text_since(&reader, syntax->tokens);
	if (!read_verdict(&reader, &one) || !read_by(&reader, policy, &one))
		return;
	if (reader.next != syntax->tokens + syntax->count) {
		(void)reader_expected(&reader, "the end of the line");
		return;
	}
	one.place.len = (uint32_t)syntax->text.len;
	policy->cases[policy->case_count++] = one;
}

void
resolve_cases(struct resolver *resolver, const struct syntax *syntax)
{
	struct policy *policy = resolver->policy;
	size_t count = 0;

	for (const struct syntax_test *test = syntax->tests; test != NULL;
	     test = test->next)
		count += syntax_count(test->cases);
	policy->cases =
	    arena_array(resolver->arena, count, sizeof(*policy->cases));
	if (policy->cases == NULL)
		return;
	for (const struct syntax_test *test = syntax->tests; test != NULL;
	     test = test->next)
		for (const struct syntax_case *one = test->cases; one != NULL;
		     one = one->next)
			resolve_case(resolver, test, one);
}
