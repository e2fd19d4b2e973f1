/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_ban: who is banned for what he does, and who never is.
 */
#include "policy/duration.h"
#include "policy/manual.h"
#include "policy/resolve.h"

/* A time of whole seconds, from one to so many. */
static bool
resolve_time(struct resolver *resolver, const struct syntax_word *word,
    int64_t most, const char *what, int64_t *ret)
{
	const char *why;

	if (duration_parse(word->text, ret, &why) < 0) {
		report_error(resolver->report, word->place, "%s", why);
		return false;
	}
	if (*ret >= CLOCK_SECOND && *ret <= most)
		return true;
	report_error(resolver->report, word->place, "%s", what);
	return false;
}

_Static_assert(POLICY_BAN_COUNT_MAX == 10000 && POLICY_BAN_DAYS_MAX == 1,
    "the words below say so");

static bool
resolve_count(
    struct resolver *resolver, const struct syntax_word *word, uint32_t *ret)
{
	uint64_t count;

	if (str_number(word->text, POLICY_BAN_COUNT_MAX, &count) == 0 &&
	    count > 0) {
		*ret = (uint32_t)count;
		return true;
	}
	report_error(resolver->report, word->place,
	    "so many are refused before a ban: 1 to %d", POLICY_BAN_COUNT_MAX);
	return false;
}

bool
resolve_ban(struct resolver *resolver, const struct syntax_ban *syntax,
    struct policy_ban *ret)
{
	const char *before;
	bool good;

	if (syntax->time.text.at == NULL)
		return true;
	before = report_topic(resolver->report, MANUAL_BANS);
	good = resolve_time(resolver, &syntax->time, INT64_MAX,
	    "a ban lasts a second at least", &ret->time);
	good &= resolve_count(resolver, &syntax->count, &ret->count);
	good &= resolve_time(resolver, &syntax->within,
	    POLICY_BAN_DAYS_MAX * 86400 * CLOCK_SECOND,
	    "what is refused counts for a second at least and a day at most",
	    &ret->within);
	(void)report_topic(resolver->report, before);
	return good;
}

/* `any` would be the end of all bans, and what is in no zone is anybody. */
static bool
check_zones(struct resolver *resolver, const struct syntax_never *syntax,
    const struct policy_endpoint *who)
{
	const struct policy *policy = resolver->policy;
	struct place place = syntax->who->place;

	if (who->zones == POLICY_ZONES_ANY) {
		report_error(resolver->report, place,
		    "if nobody is ever banned, no rule needs to ban");
		return false;
	}
	if (policy->elsewhere == ZONE_NONE ||
	    (who->zones & policy_zone_bit(policy->elsewhere)) == 0)
		return true;
	report_error(resolver->report, place,
	    "in '%.*s' lives what lives nowhere else: name those who are "
	    "never banned",
	    STR_ARG(policy_zone_name(policy, policy->elsewhere)));
	return false;
}

static void
resolve_one(struct resolver *resolver, const struct syntax_never *syntax)
{
	struct policy *policy = resolver->policy;
	struct policy_never never = { .place = syntax->head.place };

	if (resolve_source(resolver, syntax->who, NULL, &never.who) &&
	    check_zones(resolver, syntax, &never.who))
		policy->nevers[policy->never_count++] = never;
}

void
resolve_nevers(struct resolver *resolver, const struct syntax *syntax)
{
	struct policy *policy = resolver->policy;

	(void)report_topic(resolver->report, MANUAL_BANS);
	policy->nevers = arena_array(resolver->arena,
	    syntax_count(syntax->nevers), sizeof(*policy->nevers));
	if (policy->nevers == NULL)
		return;
	for (const struct syntax_never *one = syntax->nevers; one != NULL;
	     one = one->next)
		resolve_one(resolver, one);
}
