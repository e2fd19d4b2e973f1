/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/bans: who is banned, until when and why.
 *
 * A ban is an address or a prefix with which nothing is exchanged any more,
 * whatever the policy says.  This is the list of them, sorted; it is what
 * counts, and the kernel's sets (firewall/ban_sets) follow it.  Who wants to
 * enforce bans elsewhere as well goes over bans_ranges() whenever `changes` is
 * another number.  A ban ends by the clock that never goes back, as the kernel
 * has it; what people and the file are told is by the wall clock.  No system
 * call.
 */
#ifndef GATEHOUSE_FIREWALL_BANS_H
#define GATEHOUSE_FIREWALL_BANS_H

#include "base/address.h"
#include "base/clock.h"
#include "base/text.h"

/* What fail2ban collects in years; each change looks at all of them once. */
#define BANS_MAX 65536

/* By refused packets: everybody can have them made, and each change of the list
 * moves all that stand behind it. */
#define CAUGHT_MAX 16384

/* Those of more than an address are put in the kernel again at each change. */
#define BANS_PREFIXES_MAX 4096

/* What an event's reason holds, with the words around it. */
#define BAN_BECAUSE_BYTES_MAX 160

struct ban {
	struct address_range range;              /* a prefix */
	int64_t ends;                            /* clock_now; 0: never */
	int64_t since, until;                    /* the same by clock_wall */
	char because[BAN_BECAUSE_BYTES_MAX + 1]; /* "": not said */
};

struct bans {
	struct ban *items; /* by first address, wider ones first */
	size_t count, room;
	size_t prefixes;  /* of them, those of more than an address */
	uint64_t changes; /* another number after each */
};

#define BANS_EMPTY ((struct bans){ 0 })

void bans_fini(struct bans *bans);

bool ban_is_prefix(const struct ban *ban);

/* Whether anything of the one is in the other. */
bool ban_touches(const struct ban *ban, const struct address_range *range);

/*
 * Adds a ban, or replaces the one of the same range.  1: there was one; 0:
 * there was none; -ENOSPC beyond the limits, -ENOMEM.
 */
int bans_put(struct bans *bans, const struct ban *ban);

/* The ban of exactly this range, or NULL; until the next change. */
const struct ban *bans_find(
    const struct bans *bans, const struct address_range *range);

/* The widest ban that the address falls under; NULL: it is not banned. */
const struct ban *bans_cover(const struct bans *bans, struct address address);

/* False if there was none of exactly this range. */
bool bans_remove(struct bans *bans, const struct address_range *range);

/* The ban that ends first; NULL: none ends. */
const struct ban *bans_first_to_end(const struct bans *bans);

/*
 * Each outermost range once, ascending within a family, with the time (of
 * clock_now) by which all that lie in it have ended; 0: never.  `each` may not
 * change the bans.
 */
typedef void (*bans_range_fn)(
    void *context, const struct address_range *range, int64_t ends);
void bans_ranges(const struct bans *bans, bool prefixes_only,
    bans_range_fn each, void *context);

#endif
