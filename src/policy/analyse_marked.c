/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse_marked: the rules that a finding is about, in words.
 */
#include "policy/analyse_list.h"

/* More rules than this in one message help nobody. */
#define LINES_SHOWN 8

size_t
analyse_marked(const struct analysis *analysis)
{
	size_t count = 0;

	for (size_t i = 0; i < analysis->policy->rule_count; i++)
		count += analysis->marks[i];
	return count;
}

static void
say_line(const struct policy_rule *rule, const struct policy_rule *reader,
    bool alone, struct text *out)
{
	if (rule->line == 0)
		text_addz(out, "the built-in last rule");
	else if (rule->place.source != reader->place.source)
		text_addf(out, "%.*s:%u", STR_ARG(rule->place.source->name),
		    rule->line);
	else
		text_addf(out, alone ? "line %u" : "%u", rule->line);
}

void
analyse_say_marked(const struct analysis *analysis,
    const struct policy_rule *reader, struct text *out)
{
	size_t count = analyse_marked(analysis), said = 0;

	text_addz(out, count == 1 ? "" : "lines ");
	for (size_t i = 0; i < analysis->policy->rule_count; i++) {
		if (analysis->marks[i] == 0)
			continue;
		if (said == LINES_SHOWN) {
			text_addf(out, ", ... (%zu in all)", count);
			return;
		}
		if (said > 0)
			text_addz(out, said + 1 == count ? " and " : ", ");
		say_line(&analysis->policy->rules[i], reader, count == 1, out);
		said++;
	}
}

void
analyse_by_marked(const struct analysis *analysis)
{
	for (size_t i = 0; i < analysis->policy->rule_count; i++)
		if (analysis->marks[i] != 0)
			report_by(
			    analysis->report, analysis->policy->rules[i].line);
}
