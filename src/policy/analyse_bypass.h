/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse_bypass: ways around the proxy.
 *
 * Names are refused to who asks the proxy, and packets to the same servers are
 * allowed past it: of zones that have a listener and are not intercepted, and
 * by QUIC where only TCP is.  Whether packets pass is asked of the evaluator,
 * of a client that no rule knows by its address.
 */
#ifndef GATEHOUSE_POLICY_ANALYSE_BYPASS_H
#define GATEHOUSE_POLICY_ANALYSE_BYPASS_H

#include "base/report.h"
#include "policy/policy.h"

void analyse_bypass(const struct policy *policy, struct report *report);

#endif
