/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_amount: how many bytes of a rule's flows pass.
 */
#include "policy/resolve.h"

#include "base/nearest.h"
#include "policy/manual.h"

/* 10M, 10mbit/s, 10Mbps: of lines bits are counted. */
static void
hint_bandwidth(struct resolver *resolver, const struct syntax_word *amount)
{
	static const char *const meant[] = { "kbit/s", "Mbit/s", "Gbit/s" };
	struct str text = amount->text;
	size_t len = 0;

	while (len < text.len && ascii_is_digit(text.at[len]))
		len++;
	if (len == 0 || len == text.len ||
	    policy_bandwidth_is_unit(str_skip(text, len)))
		return;
	for (size_t i = 0; i < sizeof(meant) / sizeof(meant[0]); i++)
		if (ascii_lower(text.at[len]) == ascii_lower(meant[i][0]))
			report_hint(resolver->report, "did you mean %.*s%s?",
			    (int)len, text.at, meant[i]);
}

/* The directions that it is said for; false: reported. */
static bool
take_rate(struct resolver *resolver, const struct syntax_bandwidth *syntax,
    enum policy_direction direction, uint64_t rate, struct policy_rule *rule)
{
	enum policy_scope scope =
	    syntax->per_source ? POLICY_SCOPE_SOURCE : POLICY_SCOPE_RULE;
	uint64_t *place = &rule->bandwidth.rates[direction][scope];

	if (*place != 0) {
		report_error(resolver->report, syntax->amount.place,
		    "the bandwidth %s is said twice%s",
		    policy_direction_word(direction),
		    syntax->per_source ? " per source" : "");
		return false;
	}
	*place = rate;
	return true;
}

static bool
resolve_bandwidth(struct resolver *resolver,
    const struct syntax_bandwidth *syntax, struct policy_rule *rule)
{
	enum policy_direction direction;
	const char *why;
	uint64_t rate;

	if (policy_bandwidth_parse(syntax->amount.text, &rate, &why) < 0) {
		report_error(resolver->report, syntax->amount.place, "%s", why);
		hint_bandwidth(resolver, &syntax->amount);
		return false;
	}
	if (syntax->direction.text.at != NULL)
		return policy_direction_find(
			   syntax->direction.text, &direction) &&
		       take_rate(resolver, syntax, direction, rate, rule);
	return take_rate(resolver, syntax, POLICY_DIRECTION_UP, rate, rule) &&
	       take_rate(resolver, syntax, POLICY_DIRECTION_DOWN, rate, rule);
}

static bool
report_no_period(struct resolver *resolver, const struct syntax_word *word)
{
	struct nearest nearest;

	report_error(resolver->report, word->place,
	    "a quota is for an hour, day, week or month, not '%.*s'",
	    STR_ARG(word->text));
	nearest_begin(&nearest, word->text);
	for (unsigned i = 0; i < POLICY_PERIOD_COUNT; i++)
		nearest_offer(&nearest,
		    str_of(policy_period_word((enum policy_period)i)));
	if (nearest.distance <= 2)
		resolve_hint_nearest(resolver, &nearest);
	return false;
}

/* NULL: the rule may have one. */
static const char *
find_objection(const struct syntax_rule *syntax)
{
	if (syntax->direct.text.at != NULL)
		return "'direct' leads past the proxy, and only the proxy "
		       "counts for a quota";
	if (str_is(syntax->verdict.text, "publish"))
		return "what is published goes past the proxy, and only the "
		       "proxy counts for a quota";
	return NULL;
}

static bool
resolve_quota(struct resolver *resolver, const struct syntax_rule *rule,
    struct policy_quota *ret)
{
	const struct syntax_quota *syntax = &rule->quota;
	const char *why = find_objection(rule);

	if (syntax->amount.text.at == NULL)
		return true;
	if (why != NULL) {
		report_error(resolver->report, syntax->amount.place, "%s", why);
		return false;
	}
	if (policy_quota_parse(syntax->amount.text, &ret->bytes, &why) < 0) {
		report_error(resolver->report, syntax->amount.place, "%s", why);
		return false;
	}
	if (!policy_period_find(syntax->period.text, &ret->period))
		return report_no_period(resolver, &syntax->period);
	ret->per_source = syntax->per_source;
	return true;
}

bool
resolve_amounts(struct resolver *resolver, const struct syntax_rule *syntax,
    struct policy_rule *rule)
{
	const char *before = report_topic(resolver->report, MANUAL_BANDWIDTH);
	bool good = resolve_quota(resolver, syntax, &rule->quota);

	for (const struct syntax_bandwidth *one = syntax->bandwidths;
	     one != NULL; one = one->next)
		good &= resolve_bandwidth(resolver, one, rule);
	(void)report_topic(resolver->report, before);
	return good;
}
