/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/early: early drop (firewall/early_drop) follows what is in force.
 *
 * After each commit of a ruleset and each ban, and whenever the host changes.
 * It cannot fail what it follows: the ruleset has the same verdicts.
 */
#ifndef GATEHOUSE_DAEMON_EARLY_H
#define GATEHOUSE_DAEMON_EARLY_H

#include "daemon/generation.h"
#include "firewall/early_drop.h"

struct early {
	struct early_drop drop;
	/* Lent, and looked at as they are just then: */
	const struct generation *const *current;
	const struct addresses *addresses; /* of the host */
	const struct bans *bans;
	const bool *ipv6; /* the host has it */
};

/*
 * The current generation's ruleset has come into force.  `again`: it is of the
 * policy of the one before, whose counters go on.
 */
void early_follow(struct early *early, bool again);

/*
 * A ban of this range has come into force in the ruleset, or is not in force
 * there any more.
 */
void early_see_ban(struct early *early, const struct address_range *range);

/* Interfaces may have come, gone or changed. */
void early_look(struct early *early);

#endif
