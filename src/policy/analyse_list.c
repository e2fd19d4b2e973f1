/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse_list: how the rules of a list stand to each other.
 *
 * Exact: a rule is said to be unreached if and only if no flow of the space is
 * left to it and its removal would not change at which phase any flow is
 * decided; redundant if and only if flows are left to it and its removal would
 * change neither verdict nor log nor translation nor phase of any.
 */
#include "policy/analyse.h"
#include "policy/meaning.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

/* More rules than this in one message help nobody. */
#define LINES_SHOWN 8

struct analysis {
	struct meaning meaning;
	struct diagram *diagram;
	const struct policy *policy;
	struct report *report;
	uint32_t taken;  /* by the rules above the one at hand */
	uint32_t walk;   /* of the packet phase, the same */
	bool is_proxied; /* there is a way on which phases differ */
	uint8_t *marks;  /* rules found, one byte each */
};

static void
mark_rule(void *context, uint32_t terminal)
{
	struct analysis *analysis = context;

	analysis->marks[meaning_decider(&analysis->meaning, terminal)] = 1;
}

/* Marks the rules from `from` on that decide flows of the set. */
static void
mark_deciders(struct analysis *analysis, uint32_t set, size_t from)
{
	memset(analysis->marks, 0, analysis->policy->rule_count);
	diagram_terminals(analysis->diagram,
	    diagram_where(
		analysis->diagram, set, analysis->meaning.lists[from]),
	    mark_rule, analysis);
}

/* What rule i asks for, of all flows that the list decides. */
static uint32_t
asked_by(struct analysis *analysis, size_t i)
{
	return diagram_and(analysis->diagram, analysis->meaning.flows,
	    analysis->meaning.rules[i].match);
}

/* The marked rules but one cover the set. */
static bool
is_covered_without(struct analysis *analysis, uint32_t set, size_t without)
{
	for (size_t i = 0;
	     i < analysis->policy->rule_count && set != DIAGRAM_EMPTY; i++)
		if (i != without && analysis->marks[i] != 0)
			set = diagram_minus(analysis->diagram, set,
			    analysis->meaning.rules[i].match);
	return set == DIAGRAM_EMPTY;
}

/* One rule above i that covers the set alone; false if none does. */
static bool
find_single_cover(struct analysis *analysis, uint32_t set, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (analysis->policy->rules[j].report)
			continue; /* it takes nothing */
		if (diagram_minus(analysis->diagram, set,
			analysis->meaning.rules[j].match) != DIAGRAM_EMPTY)
			continue;
		memset(analysis->marks, 0, analysis->policy->rule_count);
		analysis->marks[j] = 1;
		return true;
	}
	return false;
}

/*
 * Marks rules above i that cover the set together and of which none could be
 * left out.  Those that decide it do; from the last up, each is left out that
 * the others make up for, so that broad rules high in the list are kept.
 */
static void
find_cover(struct analysis *analysis, uint32_t set, size_t i)
{
	if (find_single_cover(analysis, set, i))
		return;
	mark_deciders(analysis, set, 0);
	for (size_t j = i; j-- > 0;)
		if (analysis->marks[j] != 0 &&
		    is_covered_without(analysis, set, j))
			analysis->marks[j] = 0;
}

static size_t
count_marks(const struct analysis *analysis)
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

/*
 * "line 3", "lines 3, 5 and 12", "lines 3, 5, ... (12 in all)"; of other files
 * than the reader's "web.policy:7".
 */
static void
say_marked(const struct analysis *analysis, const struct policy_rule *reader,
    struct text *out)
{
	size_t count = count_marks(analysis), said = 0;

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

static void
report_by_marked(const struct analysis *analysis)
{
	for (size_t i = 0; i < analysis->policy->rule_count; i++)
		if (analysis->marks[i] != 0)
			report_by(
			    analysis->report, analysis->policy->rules[i].line);
}

static bool
is_empty(const struct policy_endpoint *endpoint)
{
	return endpoint->zones == 0 && endpoint->own == 0 &&
	       !policy_endpoint_has_addresses(endpoint) &&
	       !policy_endpoint_has_domains(endpoint);
}

/* The list is empty, or the condition is blind: said already. */
static bool
is_explained(const struct analysis *analysis, const struct policy_rule *rule)
{
	const struct report *report = analysis->report;

	if (is_empty(&rule->from) || is_empty(&rule->to))
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
report_unreached(struct analysis *analysis, size_t i, uint32_t asked)
{
	const struct policy_rule *rule = &analysis->policy->rules[i];
	struct text words = TEXT_EMPTY;

	if (asked == DIAGRAM_EMPTY) {
		if (!is_explained(analysis, rule))
			report_warning(analysis->report, "unreached",
			    rule->place,
			    "this rule never matches: there can be no such "
			    "flow");
		return;
	}
	if (is_only_counted(analysis)) {
		report_warning(analysis->report, "unreached", rule->place,
		    "this rule never matches");
		return;
	}
	find_cover(analysis, asked, i);
	say_marked(analysis, rule, &words);
	report_warning(analysis->report, "unreached", rule->place,
	    "this rule never matches: %.*s %s all of it",
	    STR_ARG(text_str(&words)),
	    count_marks(analysis) == 1 ? "takes" : "take");
	report_by_marked(analysis);
	text_fini(&words);
}

/* Without rule i, the same phase decides everything the same way. */
static bool
is_quiet(struct analysis *analysis, size_t i)
{
	struct diagram *d = analysis->diagram;
	uint32_t flows = analysis->meaning.space->universe;

	if (!analysis->is_proxied)
		return true;
	uint32_t with = analysis->meaning.packets[0];
	uint32_t without =
	    meaning_packets_without(&analysis->meaning, analysis->walk, i);
	return with == without || diagram_where(d, flows, with) ==
				      diagram_where(d, flows, without);
}

struct standing_in {
	const struct meaning *meaning;
	const struct policy_rule *rule;
	bool same;
};

static void
compare_rule(void *context, uint32_t terminal)
{
	struct standing_in *in = context;

	/* A report below it would be made without the rule and not with it. */
	if (meaning_is_reported(in->meaning, terminal) ||
	    !meaning_rule_same(
		in->rule, &in->meaning->policy
			       ->rules[meaning_decider(in->meaning, terminal)]))
		in->same = false;
}

/* Whether those below do with the flows what the rule does. */
static bool
stand_in(struct analysis *analysis, size_t i, uint32_t left)
{
	struct standing_in in = { &analysis->meaning,
		&analysis->policy->rules[i], true };

	diagram_terminals(analysis->diagram,
	    diagram_where(
		analysis->diagram, left, analysis->meaning.lists[i + 1]),
	    compare_rule, &in);
	return in.same;
}

/* A last line that says what the built-in one says is good manners. */
static bool
is_last_word(const struct analysis *analysis, size_t i)
{
	return i + 2 == analysis->policy->rule_count;
}

static void
report_redundant(struct analysis *analysis, size_t i, uint32_t left)
{
	const struct policy_rule *rule = &analysis->policy->rules[i];
	struct text words = TEXT_EMPTY;

	if (is_only_counted(analysis)) {
		report_warning(analysis->report, "redundant", rule->place,
		    "without this rule nothing would change");
		return;
	}
	mark_deciders(analysis, left, i + 1);
	say_marked(analysis, rule, &words);
	report_warning(analysis->report, "redundant", rule->place,
	    "without this rule nothing would change: %.*s %s the same",
	    STR_ARG(text_str(&words)),
	    count_marks(analysis) == 1 ? "does" : "do");
	report_by_marked(analysis);
	text_fini(&words);
}

static bool
is_opposite(enum policy_verdict a, enum policy_verdict b)
{
	return (a == POLICY_VERDICT_ALLOW) != (b == POLICY_VERDICT_ALLOW);
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

/* Earlier rules of the other kind that take a part of this one. */
static void
note_overlap(struct analysis *analysis, size_t i, uint32_t asked)
{
	const struct policy_rule *rule = &analysis->policy->rules[i];
	bool allows = rule->verdict == POLICY_VERDICT_ALLOW;
	struct text words = TEXT_EMPTY;

	mark_deciders(analysis, asked, 0);
	for (size_t j = 0; j < analysis->policy->rule_count; j++)
		if (j >= i || !is_opposite(rule->verdict,
				  analysis->policy->rules[j].verdict))
			analysis->marks[j] = 0;
	if (count_marks(analysis) > 0) {
		say_marked(analysis, rule, &words);
		report_note(analysis->report, "overlap", rule->place,
		    "%.*s %s part of what this rule %s",
		    STR_ARG(text_str(&words)),
		    count_marks(analysis) == 1 ? (allows ? "refuses" : "allows")
					       : (allows ? "refuse" : "allow"),
		    allows ? "allows" : "refuses");
		report_by_marked(analysis);
	}
	text_fini(&words);
}

static void
analyse_rule(struct analysis *analysis, size_t i, bool want_notes)
{
	uint32_t asked = asked_by(analysis, i);
	uint32_t left =
	    diagram_minus(analysis->diagram, asked, analysis->taken);

	if (left == DIAGRAM_EMPTY) {
		if (is_quiet(analysis, i))
			report_unreached(analysis, i, asked);
	} else if (!is_last_word(analysis, i) && stand_in(analysis, i, left) &&
		   is_quiet(analysis, i)) {
		report_redundant(analysis, i, left);
	} else if (want_notes && !analysis->policy->rules[i].report &&
		   !is_catch_all(&analysis->policy->rules[i])) {
		note_overlap(analysis, i, asked);
	}
	if (!analysis->policy->rules[i].report)
		analysis->taken = diagram_or(analysis->diagram, analysis->taken,
		    analysis->meaning.rules[i].match);
	if (analysis->is_proxied && !analysis->meaning.has_reports)
		analysis->walk =
		    meaning_walk(&analysis->meaning, analysis->walk, i);
}

static int
run(struct analysis *analysis, bool want_notes)
{
	const struct policy *policy = analysis->policy;

	analysis->taken = DIAGRAM_EMPTY;
	analysis->walk = MEANING_WALK_START;
	analysis->is_proxied =
	    policy->listen_count > 0 || policy->intercept_count > 0;
	analysis->marks = calloc(policy->rule_count, 1);
	if (analysis->marks == NULL)
		return -ENOMEM;
	/* The last rule is built in, and nobody can remove it. */
	for (size_t i = 0;
	     i + 1 < policy->rule_count && analysis->diagram->rc == 0; i++)
		analyse_rule(analysis, i, want_notes);
	free(analysis->marks);
	return analysis->diagram->rc;
}

int
policy_analyse_list(
    const struct policy *policy, bool want_notes, struct report *report)
{
	struct analysis analysis = { .policy = policy, .report = report };
	struct space space;

	int rc = space_init(&space, &policy, 1);
	analysis.diagram = &space.diagram;
	if (rc == 0)
		rc = meaning_init(&analysis.meaning, &space, 0);
	if (rc == 0)
		rc = run(&analysis, want_notes);
	meaning_fini(&analysis.meaning);
	space_fini(&space);
	if (rc < 0)
		report_warning(report, "limit", (struct place){ 0 },
		    rc == -E2BIG
			? "the rules overlap in too many ways to tell which "
			  "are never reached"
			: "there is not enough memory to tell which rules "
			  "are never reached");
	return rc;
}
