/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse_late: rules that stand too low, in words; policy/standing
 * finds them.
 */
#include "policy/analyse_list.h"
#include "policy/describe.h"

/* What rules of any service are mostly written for. */
static const struct policy_service web[] = {
	{ .protocol = POLICY_PROTOCOL_TCP, .first = 80, .last = 80 },
	{ .protocol = POLICY_PROTOCOL_TCP, .first = 443, .last = 443 },
};

#define WEB_COUNT (sizeof(web) / sizeof(web[0]))

/* More services than this in one message help nobody. */
#define SERVICES_SHOWN 4

/* Services that come too late, and whom to blame. */
struct late {
	struct analysis *analysis;
	size_t rule;
	size_t count;
	struct text words;
};

static void
try_service(struct late *late, const struct policy_service *service)
{
	struct analysis *analysis = late->analysis;

	memset(analysis->late, 0, analysis->policy->rule_count);
	if (!standing_is_late(
		&analysis->standing, late->rule, service, analysis->late))
		return;
	for (size_t i = 0; i < late->rule; i++)
		analysis->marks[i] |= analysis->late[i];
	if (late->count++ >= SERVICES_SHOWN)
		return;
	text_addz(&late->words, late->count > 1 ? ", " : "");
	describe_service(
	    service->protocol, service->first, service->last, &late->words);
}

static bool
is_broad(const struct policy_service *service)
{
	return service->protocol == POLICY_PROTOCOL_TCP &&
	       service->first <= web[0].first &&
	       service->last >= web[WEB_COUNT - 1].last;
}

/* Each that the rule names; of all ports, the web's. */
static void
try_services(struct late *late, const struct policy_services *services)
{
	bool broad = services->count == 0;

	for (size_t i = 0; i < services->count; i++) {
		if (is_broad(&services->items[i]))
			broad = true;
		else
			try_service(late, &services->items[i]);
	}
	for (size_t i = 0; broad && i < WEB_COUNT; i++)
		try_service(late, &web[i]);
}

/* Where to it should be moved; of another file, the finding tells which. */
static void
hint_up(const struct analysis *analysis, const struct policy_rule *rule)
{
	const struct policy_rule *first = analysis->policy->rules;

	while (analysis->marks[first - analysis->policy->rules] == 0)
		first++;
	if (first->place.source == rule->place.source)
		report_hint(
		    analysis->report, "move it up, above line %u", first->line);
	else
		report_hint(analysis->report, "move it up, above that");
}

static void
warn_of_services(const struct late *late)
{
	const struct analysis *analysis = late->analysis;
	const struct policy_rule *rule = &analysis->policy->rules[late->rule];
	struct text who = TEXT_EMPTY;

	analyse_say_marked(analysis, rule, &who);
	report_warning(analysis->report, "late", rule->place,
	    "this rule comes too late for %.*s%s: %.*s %s first",
	    STR_ARG(text_str(&late->words)),
	    late->count > SERVICES_SHOWN ? " and more" : "",
	    STR_ARG(text_str(&who)),
	    analyse_marked(analysis) == 1 ? "allows it" : "allow it");
	analyse_by_marked(analysis);
	hint_up(analysis, rule);
	text_fini(&who);
}

static void
warn_of_opened(const struct analysis *analysis, const struct policy_rule *rule)
{
	struct text who = TEXT_EMPTY;

	analyse_say_marked(analysis, rule, &who);
	report_warning(analysis->report, "late", rule->place,
	    "this rule comes too late to keep TLS closed: %.*s %s it first",
	    STR_ARG(text_str(&who)),
	    analyse_marked(analysis) == 1 ? "inspects" : "inspect");
	analyse_by_marked(analysis);
	hint_up(analysis, rule);
	text_fini(&who);
}

bool
analyse_late(struct analysis *analysis, size_t i)
{
	const struct policy *policy = analysis->policy;
	const struct policy_rule *rule = &policy->rules[i];
	struct late late = { .analysis = analysis, .rule = i };

	memset(analysis->marks, 0, policy->rule_count);
	if (standing_is_late_to_spare(
		&analysis->standing, i, analysis->marks)) {
		warn_of_opened(analysis, rule);
		return true;
	}
	try_services(&late, &rule->services);
	if (late.count > 0)
		warn_of_services(&late);
	text_fini(&late.words);
	return late.count > 0;
}
