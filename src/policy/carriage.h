/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/carriage: by which parent the proxy carries a flow that may pass.
 *
 * Of a flow that is allowed it is that of the rule.  But a request goes out
 * before its answer shows a media type; so of one that hangs on the type it is
 * the first parent of those rules that could still allow it.  What such a rule
 * allows then never goes directly, and what another one allows goes by a parent
 * too, which no rule forbids.
 */
#ifndef GATEHOUSE_POLICY_CARRIAGE_H
#define GATEHOUSE_POLICY_CARRIAGE_H

#include "policy/evaluate.h"

/*
 * For a flow whose answer is an allow or hangs on the type.  False: it hangs on
 * something else as well.  *ret is NULL where the proxy dials itself.
 */
bool policy_carriage(const struct policy *policy, const struct flow *flow,
    const struct policy_answer *answer, const struct policy_parent **ret);

/* Whether what went by `used` may be allowed by this rule. */
bool policy_carriage_fits(
    const struct policy_rule *rule, const struct policy_parent *used);

#endif
