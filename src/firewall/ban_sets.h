/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/ban_sets: the bans as sets in the kernel.
 *
 *	ban.4, ban.6		addresses, in a hash: one more costs the same
 *				whatever else is banned or listed
 *	ban.net.4, ban.net.6	prefixes, as intervals
 *
 * The rules ask them of every packet before anything else (compile_bans), from
 * the first ban on: before it, no packet pays for them.  The sets stay when
 * rules are replaced.  Each change is one transaction by raw netlink.
 *
 * The kernel ends each at its time by itself, whether a daemon runs or not.
 */
#ifndef GATEHOUSE_FIREWALL_BAN_SETS_H
#define GATEHOUSE_FIREWALL_BAN_SETS_H

#include "firewall/bans.h"

#define BAN_SETS_COUNT 4

/* Which sets are ours; all zero: none. */
struct ban_sets {
	uint64_t handles[BAN_SETS_COUNT];
	bool are_asked; /* by the rules that stand */
};

/* Whether the name is one of theirs. */
bool ban_sets_has(const char *name);

/*
 * Puts all bans into sets that stand, unless these are there already; what an
 * earlier life of the daemon left in them goes.  0, or a negative errno with a
 * sentence.
 */
int ban_sets_ensure(
    struct ban_sets *sets, const struct bans *bans, struct text *reterr_why);

/*
 * Follows a change of the list: the ban of this range was put into it or taken
 * from it.  Within the call packets meet it.  0, or a negative errno with a
 * sentence, and nothing changed.
 */
int ban_sets_follow(struct ban_sets *sets, const struct bans *bans,
    const struct address_range *range, struct text *reterr_why);

/*
 * The same for one that was taken from the list because its time is over.  The
 * kernel knows by itself, but for prefixes that lie in one another: so bans
 * that end by the thousand are no transaction each.
 */
int ban_sets_follow_end(struct ban_sets *sets, const struct bans *bans,
    const struct address_range *range, struct text *reterr_why);

#endif
