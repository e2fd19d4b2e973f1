/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse: what is probably not meant.
 *
 * Warnings about a policy that is well formed, by kind:
 *
 *	unused      a name or list that no rule uses
 *	blind       a condition that no flow of the rule can ever show
 *	unreached   a rule behind one that decides everything
 *	interface   a zone without an interface: nothing can enter by it
 */
#ifndef GATEHOUSE_POLICY_ANALYSE_H
#define GATEHOUSE_POLICY_ANALYSE_H

#include "policy/policy.h"

void policy_analyse(const struct policy *policy, struct report *report);

#endif
