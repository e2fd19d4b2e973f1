/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/pam_service: whether this host can be asked who its users are.
 *
 * A service that is not there refuses everybody, which is no way around a rule;
 * so it is said and no error, as of interfaces (daemon/interfaces).
 */
#ifndef GATEHOUSE_DAEMON_PAM_SERVICE_H
#define GATEHOUSE_DAEMON_PAM_SERVICE_H

#include "policy/policy.h"

/* A warning of kind "users" if the policy's service of PAM is missing here, or
 * PAM in this build. */
void pam_service_check(const struct policy *policy, struct report *report);

#endif
