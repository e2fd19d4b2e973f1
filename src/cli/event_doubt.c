/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/event_doubt.h"

#include "base/nearest.h"
#include "cli/command.h"
#include "cli/running.h"
#include "policy/policy.h"

static void
offer_zones(const struct policy *policy, struct nearest *nearest)
{
	nearest_offer(nearest, STR("self"));
	for (uint8_t i = 0; i < policy->zone_count; i++)
		nearest_offer(nearest, policy->zones[i].name);
}

static void
offer_rules(const struct policy *policy, struct nearest *nearest)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		nearest_offer(nearest, policy->rules[i].label);
}

/* Whose values are names that a policy gives. */
static const struct {
	const char *key;
	const char *what;
	void (*offer)(const struct policy *policy, struct nearest *nearest);
} givers[] = {
	{ "zone.from", "zone", offer_zones },
	{ "zone.to", "zone", offer_zones },
	{ "rule.name", "rule", offer_rules },
};

static void
complain_of(const struct policy *policy, const struct event_value *value)
{
	struct nearest nearest;
	size_t i = 0;

	while (i < sizeof(givers) / sizeof(givers[0]) &&
	       strcmp(value->key->name, givers[i].key) != 0)
		i++;
	if (i == sizeof(givers) / sizeof(givers[0]) || value->is_any ||
	    str_find(value->text, '*') < value->text.len)
		return;
	nearest_begin(&nearest, value->text);
	givers[i].offer(policy, &nearest);
	if (nearest.best.at == NULL)
		complain("no %s of the policy in force is called '%.*s'",
		    givers[i].what, STR_ARG(value->text));
	else if (!str_eq(nearest.best, value->text))
		complain("no %s of the policy in force is called '%.*s'; did "
			 "you mean '%.*s'?",
		    givers[i].what, STR_ARG(value->text),
		    STR_ARG(nearest.best));
}

void
event_doubt_complain(const char *runtime, const struct event_filter *filter)
{
	struct running running = RUNNING_EMPTY;
	struct policy *policy =
	    running_get(runtime, &running) ? running_read(&running) : NULL;

	for (size_t i = 0; policy != NULL && i < filter->values.count; i++)
		complain_of(policy, &filter->values.items[i]);
	policy_unref(policy);
	running_fini(&running);
}
