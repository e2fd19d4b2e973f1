/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/parse_rule.h"

#include "base/nearest.h"
#include "policy/parse_endpoint.h"
#include "policy/parse_rule_item.h"

/* from "->" to { item }, behind the verdict */
static bool
parse_rest_of_rule(
    struct reader *in, struct syntax_rule *rule, const struct token *first)
{
	if (!parse_endpoint(in, &rule->from, &rule->from_except) ||
	    !parse_arrow(in) ||
	    !parse_endpoint(in, &rule->to, &rule->to_except))
		return false;
	while (reader_peek(in)->kind != TOKEN_NEWLINE)
		if (!parse_rule_item(in, rule))
			return false;
	rule->text = reader_text_since(in, first);
	return true;
}

/* VERDICT rule */
struct syntax_rule *
parse_filter(struct reader *in)
{
	const struct token *first = reader_peek(in) - 1;
	struct syntax_rule *rule = arena_new(in->arena, struct syntax_rule);

	if (rule == NULL)
		return NULL;
	rule->verdict = reader_word_of(first);
	return parse_rest_of_rule(in, rule, first) ? rule : NULL;
}

static bool
expect_reported_verdict(struct reader *in)
{
	static const char *const verdicts[] = { "allow", "reject", "drop" };
	const struct token *token = reader_peek(in);
	struct nearest nearest;

	nearest_begin(&nearest, token->text);
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		if (reader_at_word(in, verdicts[i])) {
			(void)reader_take(in);
			return true;
		}
		nearest_offer(&nearest, str_of(verdicts[i]));
	}
	(void)reader_expected(in, "'allow', 'reject' or 'drop'");
	if (reader_at_word(in, "publish"))
		report_hint(in->report,
		    "what is published is sent elsewhere, and a report leaves "
		    "every flow as it is");
	else if (reader_at_word(in, "report"))
		report_hint(in->report, "once is enough");
	else if (token->kind == TOKEN_STRING)
		report_hint(in->report, "write it without quotes");
	else if (token->kind == TOKEN_WORD && nearest.best.at != NULL)
		report_hint(
		    in->report, "did you mean '%.*s'?", STR_ARG(nearest.best));
	return false;
}

/* "report" VERDICT rule */
struct syntax_rule *
parse_report(struct reader *in)
{
	const struct token *first = reader_peek(in) - 1;
	const struct token *verdict = reader_peek(in);
	struct syntax_rule *rule = arena_new(in->arena, struct syntax_rule);

	if (rule == NULL || !expect_reported_verdict(in))
		return NULL;
	rule->report = reader_word_of(first);
	rule->verdict = reader_word_of(verdict);
	return parse_rest_of_rule(in, rule, first) ? rule : NULL;
}

static bool
refuse_published_except(struct reader *in)
{
	if (!reader_at_word(in, "except"))
		return true;
	(void)reader_expected(in, "the service that is published");
	report_hint(in->report,
	    "'publish' holds for every source: refuse some in a rule above it");
	return false;
}

/* "publish" ZONE service "->" TARGET [ service ] { item } */
struct syntax_rule *
parse_publish(struct reader *in)
{
	const struct token *first = reader_peek(in) - 1;
	struct syntax_rule *rule = arena_new(in->arena, struct syntax_rule);

	if (rule == NULL ||
	    !reader_words(in, &rule->from, "the zone it is reached from") ||
	    !refuse_published_except(in) ||
	    !reader_services(in, &rule->services) ||
	    !reader_expect(in, TOKEN_ARROW, "'->'") ||
	    !reader_words(in, &rule->to, "the address that serves"))
		return NULL;
	struct syntax_service *outside = rule->services;
	rule->verdict = reader_word_of(first);
	rule->services = NULL;
	while (reader_peek(in)->kind != TOKEN_NEWLINE)
		if (!parse_rule_item(in, rule))
			return NULL;
	rule->target = rule->services;
	rule->services = outside;
	rule->text = reader_text_since(in, first);
	return rule;
}
