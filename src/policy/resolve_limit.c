/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_limit: how many may come: rates, bursts, connections at once.
 */
#include "policy/resolve.h"

static const struct {
	char letter;
	uint32_t seconds;
} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };

/* The number before the unit, 1 to POLICY_RATE_MAX. */
static bool
resolve_rate_number(struct resolver *resolver, const struct syntax_word *rate,
    struct str number, uint64_t *ret)
{
	uint64_t count;

	if (str_number(number, UINT64_MAX, &count) < 0) {
		report_error(resolver->report, rate->place,
		    "a rate is written like 50/s, 20/m, 100/h or 1000/d");
		return false;
	}
	if (count == 0 || count > POLICY_RATE_MAX) {
		report_error(resolver->report, rate->place,
		    "a rate is 1 to %d in its unit of time", POLICY_RATE_MAX);
		return false;
	}
	*ret = count;
	return true;
}

/* By their first letters all words for these units are the unit's own. */
static void
report_no_unit(struct resolver *resolver, const struct syntax_word *rate,
    struct str number, struct str unit)
{
	if (unit.len == 0) {
		report_error(resolver->report, rate->place,
		    "a rate needs its unit of time");
		report_hint(resolver->report, "like %.*s/s or %.*s/m",
		    STR_ARG(number), STR_ARG(number));
		return;
	}
	report_error(resolver->report, rate->place,
	    "a rate's unit of time is s, m, h or d, not '%.*s'", STR_ARG(unit));
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (ascii_lower(unit.at[0]) == units[i].letter)
			report_hint(resolver->report, "did you mean %.*s/%c?",
			    STR_ARG(number), units[i].letter);
}

static bool
resolve_rate(struct resolver *resolver, const struct syntax_word *rate,
    struct policy_limit *ret)
{
	struct str unit = rate->text, number = str_cut(&unit, '/');
	uint64_t count;

	if (!resolve_rate_number(resolver, rate, number, &count))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (unit.len != 1 || unit.at[0] != units[i].letter)
			continue;
		ret->count = (uint32_t)count;
		ret->seconds = units[i].seconds;
		return true;
	}
	report_no_unit(resolver, rate, number, unit);
	return false;
}

/* A number where no rate is meant; what is a rate is told so. */
static bool
resolve_count(struct resolver *resolver, const struct syntax_word *word,
    const char *what, const char *rate_hint, uint64_t *ret)
{
	if (str_number(word->text, POLICY_RATE_MAX, ret) == 0 && *ret > 0)
		return true;
	report_error(resolver->report, word->place, "%s: 1 to %d", what,
	    POLICY_RATE_MAX);
	if (str_find(word->text, '/') < word->text.len)
		report_hint(resolver->report, "%s", rate_hint);
	return false;
}

static bool
check_refill(struct resolver *resolver, const struct syntax_limit *syntax,
    const struct policy_limit *limit)
{
	if ((uint64_t)limit->burst * limit->seconds <=
	    limit->count * POLICY_REFILL_SECONDS_MAX)
		return true;
	report_error(resolver->report, syntax->burst.place,
	    "at this rate a burst of %u takes more than a year to come back",
	    limit->burst);
	return false;
}

bool
resolve_limit(struct resolver *resolver, const struct syntax_limit *syntax,
    struct policy_limit *ret)
{
	uint64_t burst = 0;

	if (syntax->amount.text.at == NULL)
		return true;
	if (!resolve_rate(resolver, &syntax->amount, ret))
		return false;
	if (syntax->burst.text.at != NULL &&
	    !resolve_count(resolver, &syntax->burst, "a burst is a number",
		"how many may come at once has no unit of time", &burst))
		return false;
	/* Without a word, a second's worth may come at once; 5 at least, for
	 * programs open several connections together. */
	ret->burst = burst > 0                             ? (uint32_t)burst
		     : ret->seconds == 1 && ret->count > 5 ? ret->count
							   : 5;
	ret->each = syntax->each;
	return check_refill(resolver, syntax, ret);
}

bool
resolve_connections(struct resolver *resolver,
    const struct syntax_limit *syntax, struct policy_rule *rule)
{
	uint64_t count;

	if (syntax->amount.text.at == NULL)
		return true;
	if (!resolve_count(resolver, &syntax->amount, "connections are counted",
		"so many at a time; a rate is a 'limit'", &count))
		return false;
	rule->connections = (uint32_t)count;
	rule->connections_each = syntax->each;
	return true;
}
