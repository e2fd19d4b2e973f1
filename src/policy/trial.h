/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/trial: a policy's own tests.
 */
#ifndef GATEHOUSE_POLICY_TRIAL_H
#define GATEHOUSE_POLICY_TRIAL_H

#include "policy/policy.h"

struct trial {
	size_t passed;
	size_t failed;
};

/*
 * Runs every line of every test block; each failure is an error of the report.
 */
struct trial policy_try(const struct policy *policy, struct report *report);

#endif
