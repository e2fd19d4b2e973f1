/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/visit: the rules that may be a flow's, in their order.
 */
#ifndef GATEHOUSE_POLICY_VISIT_H
#define GATEHOUSE_POLICY_VISIT_H

#include "policy/rule_index.h"

struct flow;

/*
 * Calls for each rule that may match by what the index knows, in their order,
 * until it returns true.
 */
typedef bool (*policy_visit_fn)(void *context, const struct policy_rule *rule);
void policy_visit(const struct policy *policy, const struct flow *flow,
    enum policy_phase phase, policy_visit_fn visit, void *context);

/* What the index is asked for a flow, as far as the phase knows it. */
struct rule_index_key policy_visit_key(
    const struct flow *flow, enum policy_phase phase);

#endif
