/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/boot_policy: the policy at boot, or what stands in for it.
 *
 * A service that finds its policy refused at boot must not leave the host open.
 * So the last good one (daemon/last_good) comes into force instead, and where
 * there is none, or it is not whole or not good any more, a policy that lets
 * nothing pass but what IPv4 and IPv6 themselves need (daemon/fallback).
 */
#ifndef GATEHOUSE_DAEMON_BOOT_POLICY_H
#define GATEHOUSE_DAEMON_BOOT_POLICY_H

#include "base/text.h"

struct policies;

/*
 * As apply_policy, but of a gateway that must not stay without a policy.  0:
 * something is in force; else even that could not be.
 */
int boot_policy_bring(
    struct policies *policies, const char *path, struct text *words);

#endif
