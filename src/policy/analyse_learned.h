/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse_learned: rules that know names by their addresses alone.
 *
 * For policy/analyse.
 */
#ifndef GATEHOUSE_POLICY_ANALYSE_LEARNED_H
#define GATEHOUSE_POLICY_ANALYSE_LEARNED_H

#include "policy/policy.h"

/* The zones from which packets show the rule names that were learned. */
uint64_t analyse_learned_zones(
    const struct policy *policy, const struct policy_rule *rule);

/* Warns (`approximate`) once, at the first such rule, that another name may be
 * at the same address; it is `by` all of them. */
void analyse_learned(const struct policy *policy, struct report *report);

#endif
