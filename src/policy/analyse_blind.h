/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse_blind: conditions that no flow of a rule can ever show.
 *
 * What only the proxy sees is asked of flows that go past it, or of what lies
 * inside TLS that nobody opens.
 */
#ifndef GATEHOUSE_POLICY_ANALYSE_BLIND_H
#define GATEHOUSE_POLICY_ANALYSE_BLIND_H

#include "base/report.h"
#include "policy/policy.h"

void analyse_blind(const struct policy *policy, const struct policy_rule *rule,
    struct report *report);

#endif
