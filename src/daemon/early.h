/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/early: early drop (firewall/early_drop) follows what is in force.
 *
 * After each commit of a ruleset and each ban, and whenever the host changes.
 * It cannot fail what it follows: the ruleset has the same verdicts.
 */
#ifndef GATEHOUSE_DAEMON_EARLY_H
#define GATEHOUSE_DAEMON_EARLY_H

#include "daemon/gateway.h"

/*
 * The current generation's ruleset has come into force.  `again`: it is of the
 * policy of the one before, whose counters go on.
 */
void early_follow(struct gateway *gateway, bool again);

/*
 * A ban of this range has come into force in the ruleset, or is not in force
 * there any more.
 */
void early_see_ban(struct gateway *gateway, const struct address_range *range);

/* Interfaces may have come, gone or changed. */
void early_look(struct gateway *gateway);

#endif
