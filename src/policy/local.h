/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/local: what is local to the gateway, and the proxy does not call.
 *
 * Loopback, link-local and multicast addresses are `self`, and so in `any`.  No
 * packet of a zone gets there; but who asks the proxy would come there as the
 * gateway, which programs on its loopback trust, and to which a cloud gives its
 * keys (169.254.169.254).  So whatever the rules allow, no flow goes through
 * the proxy to a local address, but to those that some rule of the policy names
 * and allows: by the address, or by a name or list that has it.
 */
#ifndef GATEHOUSE_POLICY_LOCAL_H
#define GATEHOUSE_POLICY_LOCAL_H

#include "policy/policy.h"

struct flow;

/* By what it names the proxy calls what it else would not. */
bool policy_names_local(const struct policy_rule *rule);

/* Once the rules are there: fills policy->named_local.  0 or -ENOMEM. */
int policy_find_named_local(struct policy *policy);

/* Of a flow that goes through the proxy, as far as its destination is known. */
bool policy_is_unnamed_local(
    const struct policy *policy, const struct flow *flow);

#endif
