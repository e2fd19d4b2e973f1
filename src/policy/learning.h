/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/learning: names that packets are asked for.
 *
 * Where a zone's DNS comes from the gateway, the gateway knows which addresses
 * were given to the zone for which names.  So a flow that the proxy does not
 * carry shows a name in its first packet: those that were learned for its
 * destination.  An address has as many names as were learned for it; a
 * condition on the name is true if one of them meets it (struct flow).
 *
 * The kernel has a set of addresses for each endpoint of a rule that asks for
 * domains and that such flows can reach, and for each zone from which they do:
 * that is a struct policy_asked.  Rules with the same names share one.  Found
 * once, when a policy is resolved; any thread reads it.
 */
#ifndef GATEHOUSE_POLICY_LEARNING_H
#define GATEHOUSE_POLICY_LEARNING_H

#include "policy/policy.h"

/* Each is two sets in the kernel for each zone; lists are one each. */
#define POLICY_ASKED_MAX 1024

/* Programs go to addresses a little after their time: the one that a name had
 * when the program began to look for the next is good for a minute. */
#define POLICY_LEARNED_GRACE     (60 * CLOCK_SECOND)
#define POLICY_LEARNED_GRACE_MAX (86400 * CLOCK_SECOND)

struct policy_asked {
	const struct policy_endpoint *who; /* its domains, without `except` */
	uint64_t zones;                    /* from which it is asked */
	/* By rules that allow alone: what lives inside is never opened by its
	 * name, and so is none of the kernel's business. */
	bool opens_only;
};

/* Whether the names of a zone's flows are learned. */
static inline bool
policy_learns(const struct policy *policy, uint8_t zone)
{
	return zone < policy->zone_count && (policy->learns >> zone & 1) != 0;
}

/* Whether some flow of the rule from this zone goes past the proxy. */
bool policy_rule_passes_proxy(
    const struct policy *policy, const struct policy_rule *rule, uint8_t zone);

/*
 * Fills policy->asked from its rules and policy->learns.  0, -ENOMEM, or
 * -E2BIG with the rule that asks for one too many.
 */
int policy_learning_find(
    struct policy *policy, const struct policy_rule **reterr_rule);

bool policy_asked_covers(const struct policy_asked *asked, struct str name);

/* Whether the address may stand in its sets: what is the gateway's own the
 * caller knows. */
bool policy_asked_takes(const struct policy *policy,
    const struct policy_asked *asked, struct address address);

/* Whether any rule asks for the name of packets from the zone. */
bool policy_learning_wants(
    const struct policy *policy, uint8_t zone, struct str name);

#endif
