/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse_hidden: `keep source` that no server sees.
 *
 * What leaves is masqueraded all the same, whoever has sent it, and so the
 * server sees the gateway.  A warning where that is so of all that a zone can
 * reach; towards another network, which has a way back, it may be meant.
 */
#ifndef GATEHOUSE_POLICY_ANALYSE_HIDDEN_H
#define GATEHOUSE_POLICY_ANALYSE_HIDDEN_H

#include "base/report.h"
#include "policy/policy.h"

void analyse_hidden(const struct policy *policy, struct report *report);

#endif
