/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/caught_sets: whom the kernel itself has banned, as sets.
 *
 *	caught.4	IPv4 addresses
 *	caught.6	IPv6 networks of 64 bits, by their first address; and
 *			addresses of those that the gateway is in
 *
 * The rules put who is refused too often into them (firewall/compile_refused),
 * with the time of the ban, and ask them of each packet that begins a flow.
 * They stay when rules are replaced; the list that counts (firewall/bans) is
 * the daemon's, which is told of each.  So the kernel is followed here, and has
 * only to be filled after a restart, and to let go whom the list does not have.
 *
 * The kernel ends each at its time by itself, whether a daemon runs or not.
 */
#ifndef GATEHOUSE_FIREWALL_CAUGHT_SETS_H
#define GATEHOUSE_FIREWALL_CAUGHT_SETS_H

#include "firewall/bans.h"

#define CAUGHT_SETS_COUNT 2

/* Which sets are ours; all zero: none. */
struct caught_sets {
	uint64_t handles[CAUGHT_SETS_COUNT];
};

/* Whether the name is one of theirs. */
bool caught_sets_has(const char *name);

/*
 * Puts all bans into sets that stand, unless these are there already; what an
 * earlier life of the daemon left in them goes.  0, or a negative errno with a
 * sentence.
 */
int caught_sets_ensure(
    struct caught_sets *sets, const struct bans *bans, struct text *reterr_why);

/* It may begin flows again.  0, also if it was not there; or a negative errno
 * with a sentence. */
int caught_sets_release(
    const struct address_range *range, struct text *reterr_why);

#endif
