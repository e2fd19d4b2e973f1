/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/opening: whether TLS that the proxy carries is opened, by which rule,
 * and what is seen of it then.
 *
 * The list is walked with all known but what lies inside: the request and its
 * answer.  From the top, the first of these decides:
 *
 *	a rule that says `inspect` and matches, or might	opened
 *	another rule that matches for certain			not opened
 *
 * A rule that names the method CONNECT speaks of the CONNECT itself, which is
 * seen; so one that refuses it is not passed by.
 *
 * Opened, each request inside is judged from the top as one of scheme https.
 * Not opened, what lies inside is absent.
 */
#ifndef GATEHOUSE_POLICY_OPENING_H
#define GATEHOUSE_POLICY_OPENING_H

#include "policy/policy.h"

/* The rule by which the flow, which is TLS, is opened; or NULL. */
const struct policy_rule *policy_opens(
    const struct policy *policy, const struct flow *flow);

/*
 * The same, and the flow as it is seen then: a copy whose texts are those of
 * `flow`, and which is no TLS for the evaluator any more.
 */
const struct policy_rule *policy_see_tls(
    const struct policy *policy, const struct flow *flow, struct flow *ret);

/* Whether the fact is of what lies inside. */
static inline bool
policy_fact_is_inside(enum policy_fact fact)
{
	return fact == POLICY_FACT_SCHEME || fact == POLICY_FACT_METHOD ||
	       fact == POLICY_FACT_PATH || fact == POLICY_FACT_HEADER ||
	       fact == POLICY_FACT_TYPE;
}

/* Whether the rule has this flow opened; if not, it is as if it did not say so.
 */
static inline bool
policy_rule_inspects(const struct policy_rule *rule, const struct flow *flow)
{
	return rule->inspect && !(rule->spares_pinned && flow->pinned);
}

/* Whether one of the rule's methods is CONNECT. */
bool policy_rule_is_of_connect(const struct policy_rule *rule);

#endif
