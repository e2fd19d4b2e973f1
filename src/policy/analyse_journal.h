/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse_journal: servers of syslog that gatehoused may not send to.
 *
 * The proxy's own connections need no rule; what gatehoused sends is traffic
 * of the gateway's own.  A warning where no rule lets it pass, for then half of
 * the events are missing there.  The gateway's loopback needs none.
 */
#ifndef GATEHOUSE_POLICY_ANALYSE_JOURNAL_H
#define GATEHOUSE_POLICY_ANALYSE_JOURNAL_H

#include "base/report.h"
#include "policy/policy.h"

void analyse_journal(const struct policy *policy, struct report *report);

#endif
