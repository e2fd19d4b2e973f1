/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/learning.h"

#include <errno.h>

/* Where what is intercepted for the zone from this port on ends, or -1. */
static int
intercepted_up_to(const struct policy *policy, uint8_t zone,
    enum policy_protocol protocol, uint32_t port)
{
	int last = -1;

	for (size_t i = 0; i < policy->intercept_count; i++) {
		const struct policy_intercept *one = &policy->intercepts[i];
		if ((one->zones & policy_zone_bit(zone)) == 0)
			continue;
		for (size_t j = 0; j < one->services.count; j++) {
			const struct policy_service *item =
			    &one->services.items[j];
			if (item->protocol == protocol && item->first <= port &&
			    item->last >= port && item->last > last)
				last = item->last;
		}
	}
	return last;
}

static bool
is_all_intercepted(const struct policy *policy, uint8_t zone,
    const struct policy_service *service)
{
	for (uint32_t port = service->first; port <= service->last;) {
		int last =
		    intercepted_up_to(policy, zone, service->protocol, port);
		if (last < 0)
			return false;
		port = (uint32_t)last + 1;
	}
	return true;
}

bool
policy_rule_passes_proxy(
    const struct policy *policy, const struct policy_rule *rule, uint8_t zone)
{
	for (size_t i = 0; i < rule->services.count; i++)
		if (!is_all_intercepted(policy, zone, &rule->services.items[i]))
			return true;
	return rule->services.count == 0;
}

/* The zones from which packets are asked for the rule's names. */
static uint64_t
zones_asked(const struct policy *policy, const struct policy_rule *rule)
{
	uint64_t from = rule->from.zones, zones = 0;

	/* Wherever the addresses may live. */
	if (rule->from.group_count > 0)
		from = POLICY_ZONES_ANY;
	if (policy_rule_reads_head(rule) || policy_rule_needs_proxy(rule))
		return 0;
	for (uint8_t zone = 0; zone < policy->zone_count; zone++)
		if ((from & policy->learns & policy_zone_bit(zone)) != 0 &&
		    policy_rule_passes_proxy(policy, rule, zone))
			zones |= policy_zone_bit(zone);
	return zones;
}

static bool
have_same_groups(
    const struct policy_endpoint *a, const struct policy_endpoint *b)
{
	if (a->group_count != b->group_count)
		return false;
	for (size_t i = 0; i < a->group_count; i++)
		if (a->groups[i] != b->groups[i])
			return false;
	return true;
}

static uint32_t
find_asked(const struct policy *policy, const struct policy_endpoint *who)
{
	for (size_t i = 0; i < policy->asked_count; i++)
		if (have_same_groups(policy->asked[i].who, who))
			return (uint32_t)i + 1;
	return 0;
}

static int
add(struct policy *policy, struct policy_endpoint *who, uint64_t zones,
    bool opens)
{
	if (who == NULL || zones == 0 || who->zones == POLICY_ZONES_ANY ||
	    !policy_endpoint_has_domains(who))
		return 0;
	who->asked = find_asked(policy, who);
	if (who->asked == 0) {
		if (policy->asked_count == POLICY_ASKED_MAX)
			return -E2BIG;
		policy->asked[policy->asked_count++] =
		    (struct policy_asked){ .who = who, .opens_only = true };
		who->asked = (uint32_t)policy->asked_count;
	}
	struct policy_asked *asked = &policy->asked[who->asked - 1];
	asked->zones |= zones;
	asked->opens_only &= opens;
	return 0;
}

int
policy_learning_find(
    struct policy *policy, const struct policy_rule **reterr_rule)
{
	int rc = 0;

	policy->asked_count = 0;
	if (policy->learns == 0)
		return 0;
	policy->asked = arena_array(
	    &policy->arena, POLICY_ASKED_MAX, sizeof(*policy->asked));
	if (policy->asked == NULL)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < policy->rule_count; i++) {
		struct policy_rule *rule = &policy->rules[i];
		uint64_t zones = zones_asked(policy, rule);
		rc = add(policy, &rule->to, zones,
		    rule->verdict == POLICY_VERDICT_ALLOW);
		if (rc == 0)
			rc = add(policy, rule->to.except, zones, false);
		if (rc < 0)
			*reterr_rule = rule;
	}
	return rc;
}

bool
policy_asked_covers(const struct policy_asked *asked, struct str name)
{
	for (size_t i = 0; i < asked->who->group_count; i++)
		if (domain_set_covers(&asked->who->groups[i]->domains, name))
			return true;
	return false;
}

bool
policy_asked_takes(const struct policy *policy,
    const struct policy_asked *asked, struct address address)
{
	uint8_t home = policy_zone_of(policy, address);

	return !asked->opens_only || home == ZONE_NONE ||
	       home == policy->elsewhere;
}

bool
policy_learning_wants(
    const struct policy *policy, uint8_t zone, struct str name)
{
	for (size_t i = 0; i < policy->asked_count; i++)
		if ((policy->asked[i].zones & policy_zone_bit(zone)) != 0 &&
		    policy_asked_covers(&policy->asked[i], name))
			return true;
	return false;
}
