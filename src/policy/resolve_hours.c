/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_hours: hours that have a name.
 */
#include "policy/manual.h"
#include "policy/resolve.h"

static bool
add_span(struct resolver *resolver, const struct syntax_span *syntax,
    struct hours *hours)
{
	unsigned first = 0, end = HOURS_DAY_MINUTES;
	uint8_t days = 0x7f; /* all seven */
	char meant[HOURS_MEANT_BYTES];
	const char *why;

	if (syntax->days.text.at != NULL &&
	    hours_days_parse(syntax->days.text, &days, &why) < 0) {
		report_error(resolver->report, syntax->days.place, "%s", why);
		if (hours_days_meant(syntax->days.text, meant))
			report_hint(
			    resolver->report, "did you mean '%s'?", meant);
		return false;
	}
	if (syntax->times.text.at != NULL &&
	    hours_span_parse(syntax->times.text, &first, &end, &why) < 0) {
		report_error(resolver->report, syntax->times.place, "%s", why);
		if (hours_span_meant(syntax->times.text, meant))
			report_hint(
			    resolver->report, "did you mean %s?", meant);
		return false;
	}
	hours_add(hours, days, first, end);
	return true;
}

static void
resolve_one_hours(struct resolver *resolver, const struct syntax_hours *syntax)
{
	struct policy *policy = resolver->policy;
	struct policy_hours *hours = &policy->hours[policy->hours_count];
	struct symbol *symbol =
	    resolve_define(resolver, &syntax->name, SYMBOL_HOURS, false);

	if (symbol == NULL)
		return;
	policy->hours_count++;
	symbol->hours = hours;
	hours->name = syntax->name.text;
	hours->place = syntax->name.place;
	for (const struct syntax_span *span = syntax->spans; span != NULL;
	     span = span->next)
		if (!add_span(resolver, span, &hours->hours))
			return;
}

void
resolve_hours(struct resolver *resolver, const struct syntax *syntax)
{
	struct policy *policy = resolver->policy;

	policy->hours = arena_array(resolver->arena,
	    syntax_count(syntax->hours), sizeof(*policy->hours));
	if (policy->hours == NULL)
		return;
	(void)report_topic(resolver->report, MANUAL_HOURS);
	for (const struct syntax_hours *hours = syntax->hours; hours != NULL;
	     hours = hours->next)
		resolve_one_hours(resolver, hours);
}
