/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/netns: another network namespace for what this process does next.
 */
#ifndef GATEHOUSE_CLI_NETNS_H
#define GATEHOUSE_CLI_NETNS_H

#include "base/text.h"

/*
 * Enters the namespace that has this name in /run/netns, as `ip netns` gives
 * it, or that of a process, by its number.  0, or a negative errno with a
 * sentence in *reterr_why.  Call it before any socket or thread is made: they
 * stay where they are.
 */
int netns_enter(const char *which, struct text *reterr_why);

#endif
