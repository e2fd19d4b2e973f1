/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse_return: answers that find no way back.
 *
 * Nobody outside has a route to a private address, so that a zone of such
 * addresses hears no answer unless what leaves it is given another source.
 * The router beyond may do that, or know the way, and the policy has no word
 * for it: this is a note, and no warning.
 */
#ifndef GATEHOUSE_POLICY_ANALYSE_RETURN_H
#define GATEHOUSE_POLICY_ANALYSE_RETURN_H

#include "base/report.h"
#include "policy/policy.h"

void analyse_return(const struct policy *policy, struct report *report);

#endif
