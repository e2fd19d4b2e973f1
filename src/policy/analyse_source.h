/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse_source: the zones that a rule's sources lie in, of whatever
 * names and prefixes it is made.
 */
#ifndef GATEHOUSE_POLICY_ANALYSE_SOURCE_H
#define GATEHOUSE_POLICY_ANALYSE_SOURCE_H

#include "policy/policy.h"

/* Without memory, those that the rule names. */
uint64_t analyse_source_zones(
    const struct policy *policy, const struct policy_rule *rule);

#endif
