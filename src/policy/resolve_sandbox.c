/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/resolve_sandbox: the zone of a sandboxed command, where a policy
 * speaks of it and does not define it.
 *
 * It holds the sandbox's addresses and has no interface; all its connections
 * are the proxy's to carry, and whoever is refused by no rule is told so, for
 * a program that waits in silence is of no use to anybody.
 */
#include "policy/resolve.h"
#include "policy/sandbox.h"

#include <errno.h>

static bool
has_word(const struct syntax_word *words)
{
	for (; words != NULL; words = words->next)
		if (str_is(words->text, SANDBOX_ZONE))
			return true;
	return false;
}

static const struct syntax_word *
find_use(const struct syntax *syntax)
{
	for (const struct syntax_rule *rule = syntax->rules; rule != NULL;
	     rule = rule->next) {
		if (has_word(rule->from))
			return rule->from;
		if (has_word(rule->from_except))
			return rule->from_except;
	}
	return NULL;
}

static void
add_home(struct resolver *resolver, struct policy_zone *zone, const char *text)
{
	struct address_range range;
	const char *why;

	if (address_range_parse(str_of(text), &range, &why) < 0 ||
	    address_set_add(&zone->prefixes, &range) < 0)
		resolver->rc = -ENOMEM;
}

void
resolve_sandbox(struct resolver *resolver, const struct syntax *syntax)
{
	struct policy *policy = resolver->policy;
	const struct syntax_word *use = find_use(syntax);

	if (use == NULL || resolve_find(resolver, STR(SANDBOX_ZONE)) != NULL ||
	    policy->zone_count == POLICY_ZONES_MAX)
		return;
	struct syntax_word name = { .text = STR(SANDBOX_ZONE),
		.place = use->place };
	struct symbol *symbol =
	    resolve_define(resolver, &name, SYMBOL_ZONE, true);
	if (symbol == NULL)
		return;
	struct policy_zone *zone = &policy->zones[policy->zone_count];
	symbol->zone = policy->sandbox = policy->zone_count++;
	zone->name = name.text;
	zone->place = name.place;
	add_home(resolver, zone, SANDBOX_SOURCE4);
	add_home(resolver, zone, SANDBOX_SOURCE6);
	address_set_freeze(&zone->prefixes);
}

void
resolve_sandbox_intercept(struct resolver *resolver)
{
	struct policy *policy = resolver->policy;
	struct policy_service *all =
	    arena_new(resolver->arena, struct policy_service);

	if (policy->sandbox == ZONE_NONE || all == NULL)
		return;
	*all = (struct policy_service){ .protocol = POLICY_PROTOCOL_TCP,
		.last = UINT16_MAX };
	policy->intercepts[policy->intercept_count++] =
	    (struct policy_intercept){ .services = { all, 1 },
		    .zones = policy_zone_bit(policy->sandbox),
		    .place = policy->zones[policy->sandbox].place };
}

/* The built-in last rule. */
void
resolve_sandbox_end(struct resolver *resolver)
{
	struct policy *policy = resolver->policy;

	if (policy->sandbox == ZONE_NONE || policy->rule_count == 0)
		return;
	struct policy_rule *last = &policy->rules[policy->rule_count - 1];
	if (last->line != 0)
		return;
	last->verdict = POLICY_VERDICT_REJECT;
	last->text = STR("reject any -> any log");
}
