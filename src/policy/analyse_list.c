/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse_list: how the rules of a list stand to each other, in words;
 * policy/standing knows.
 */
#include "policy/analyse_list.h"

#include "policy/local.h"

#include <errno.h>
#include <stdlib.h>

/* The list is empty, or the condition is blind: said already. */
static bool
is_explained(const struct analysis *analysis, const struct policy_rule *rule)
{
	const struct report *report = analysis->report;

	if (policy_endpoint_is_empty(&rule->from) ||
	    policy_endpoint_is_empty(&rule->to))
		return true;
	for (size_t i = 0; i < report->count; i++)
		if (report->items[i].kind != NULL &&
		    strcmp(report->items[i].kind, "blind") == 0 &&
		    report->items[i].place.source == rule->place.source &&
		    report->items[i].place.at == rule->place.at)
			return true;
	return false;
}

/* There are so many that one more is only counted: quickly, then. */
static bool
is_only_counted(const struct analysis *analysis)
{
	return analysis->report->warnings >= REPORT_FINDINGS_MAX;
}

static void
report_unknown(struct analysis *analysis, size_t i)
{
	analysis->is_whole = false;
	report_warning(analysis->report, "limit",
	    analysis->policy->rules[i].place,
	    "this rule overlaps others in too many ways to tell whether it is "
	    "ever reached, and whether anything would change without it");
}

static void
report_impossible(struct analysis *analysis, const struct policy_rule *rule)
{
	if (!is_explained(analysis, rule))
		report_warning(analysis->report, "unreached", rule->place,
		    "this rule never matches: there can be no such flow");
}

/* Whoever is to blame is marked, or cannot be told. */
static void
report_unreached(struct analysis *analysis, const struct policy_rule *rule)
{
	size_t count = analyse_marked(analysis);
	struct text words = TEXT_EMPTY;

	if (count > 0) {
		analyse_say_marked(analysis, rule, &words);
		text_addz(&words,
		    count == 1 ? " takes all of it" : " take all of it");
	}
	report_warning(analysis->report, "unreached", rule->place,
	    "this rule never matches%s%.*s", count > 0 ? ": " : "",
	    STR_ARG(text_str(&words)));
	analyse_by_marked(analysis);
	text_fini(&words);
}

static void
report_redundant(struct analysis *analysis, const struct policy_rule *rule)
{
	size_t count = analyse_marked(analysis);
	struct text words = TEXT_EMPTY;

	if (count > 0) {
		analyse_say_marked(analysis, rule, &words);
		text_addz(
		    &words, count == 1 ? " does the same" : " do the same");
	}
	report_warning(analysis->report, "redundant", rule->place,
	    "without this rule nothing would change%s%.*s",
	    count > 0 ? ": " : "", STR_ARG(text_str(&words)));
	analyse_by_marked(analysis);
	text_fini(&words);
}

static void
clear_marks(struct analysis *analysis)
{
	memset(analysis->marks, 0, analysis->policy->rule_count);
}

/* Refuses what nothing allowed: it is there to stand behind the others. */
static bool
is_catch_all(const struct policy_rule *rule)
{
	return rule->verdict != POLICY_VERDICT_ALLOW &&
	       rule->to.zones == POLICY_ZONES_ANY && rule->to.except == NULL &&
	       rule->services.count == 0 && rule->during == NULL &&
	       !policy_rule_reads_head(rule);
}

/* Earlier rules of the other kind that take a part of this one are marked. */
static void
note_overlap(struct analysis *analysis, const struct policy_rule *rule)
{
	bool allows = rule->verdict == POLICY_VERDICT_ALLOW;
	size_t count = analyse_marked(analysis);
	struct text words = TEXT_EMPTY;

	if (count == 0)
		return;
	analyse_say_marked(analysis, rule, &words);
	report_note(analysis->report, "overlap", rule->place,
	    "%.*s %s part of what this rule %s", STR_ARG(text_str(&words)),
	    count == 1 ? (allows ? "refuses" : "allows")
		       : (allows ? "refuse" : "allow"),
	    allows ? "allows" : "refuses");
	analyse_by_marked(analysis);
	text_fini(&words);
}

static void
analyse_unreached(struct analysis *analysis, size_t i)
{
	const struct policy_rule *rule = &analysis->policy->rules[i];
	struct standing *standing = &analysis->standing;

	if (!standing_is_possible(standing, i)) {
		report_impossible(analysis, rule);
		return;
	}
	if (is_only_counted(analysis)) {
		report_warning(analysis->report, "unreached", rule->place,
		    "this rule never matches");
		return;
	}
	if (!standing_cover(standing, i, analysis->marks))
		clear_marks(analysis);
	report_unreached(analysis, rule);
}

static void
analyse_redundant(struct analysis *analysis, size_t i)
{
	const struct policy_rule *rule = &analysis->policy->rules[i];

	/* What others allow as well is called for the name alone. */
	if (policy_names_local(rule))
		return;
	if (is_only_counted(analysis)) {
		report_warning(analysis->report, "redundant", rule->place,
		    "without this rule nothing would change");
		return;
	}
	if (!standing_stand_in(&analysis->standing, i, analysis->marks))
		clear_marks(analysis);
	report_redundant(analysis, rule);
}

static void
analyse_overlap(struct analysis *analysis, size_t i)
{
	const struct policy_rule *rule = &analysis->policy->rules[i];

	if (rule->report || is_catch_all(rule))
		return;
	if (standing_overlaps(&analysis->standing, i, analysis->marks))
		note_overlap(analysis, rule);
}

static void
analyse_rule(struct analysis *analysis, size_t i, bool want_notes)
{
	switch (standing_of(&analysis->standing, i)) {
	case STANDING_UNREACHED:
		analyse_unreached(analysis, i);
		break;
	case STANDING_REDUNDANT:
		if (is_only_counted(analysis) || !analyse_late(analysis, i))
			analyse_redundant(analysis, i);
		break;
	case STANDING_UNKNOWN:
		report_unknown(analysis, i);
		break;
	case STANDING_USEFUL:
		if (!is_only_counted(analysis))
			(void)analyse_late(analysis, i);
		if (want_notes)
			analyse_overlap(analysis, i);
		break;
	}
}

static int
run(struct analysis *analysis, bool want_notes)
{
	const struct policy *policy = analysis->policy;
	const struct space *space = analysis->standing.space;

	analysis->marks = calloc(policy->rule_count, 2);
	if (analysis->marks == NULL)
		return -ENOMEM;
	analysis->late = analysis->marks + policy->rule_count;
	/* The last rule is built in, and nobody can remove it. */
	for (size_t i = 0; i + 1 < policy->rule_count && space_rc(space) == 0;
	     i++)
		analyse_rule(analysis, i, want_notes);
	free(analysis->marks);
	return space_rc(space);
}

int
policy_analyse_list(
    const struct policy *policy, bool want_notes, struct report *report)
{
	struct analysis analysis = {
		.policy = policy, .report = report, .is_whole = true
	};
	struct space space;

	int rc = space_init(&space, &policy, 1);
	if (rc == 0)
		rc = standing_init(&analysis.standing, &space);
	if (rc == 0)
		rc = run(&analysis, want_notes);
	standing_fini(&analysis.standing);
	space_fini(&space);
	if (rc < 0)
		report_warning(report, "limit", (struct place){ 0 },
		    rc == -E2BIG
			? "the rules overlap in too many ways to tell which "
			  "are never reached"
			: "there is not enough memory to tell which rules "
			  "are never reached");
	return rc == 0 && !analysis.is_whole ? -E2BIG : rc;
}
