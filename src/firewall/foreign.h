/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/foreign: what other tables of this network namespace may refuse.
 *
 * In nftables `accept` ends one base chain only, and the next one on the same
 * hook decides again.  So what our table allows may still be dropped by
 * somebody else's, and nothing of that is seen in our counters or events.
 * These are the base chains of which that is true: of type filter, on a hook
 * that a flow through the gateway passes, and with a rule or the policy drop.
 *
 * Only nftables is asked, in which the chains of iptables-nft are; a kernel's
 * older iptables (iptables-legacy) keeps rules of its own.
 */
#ifndef GATEHOUSE_FIREWALL_FOREIGN_H
#define GATEHOUSE_FIREWALL_FOREIGN_H

#include "base/json.h"

/* More than any host has that somebody could still oversee. */
#define FOREIGN_CHAINS_MAX 64

#define FOREIGN_NAME_BYTES 256 /* NFT_NAME_MAXLEN */

enum foreign_hook {
	FOREIGN_PREROUTING,
	FOREIGN_INPUT,
	FOREIGN_FORWARD,
	FOREIGN_OUTPUT,
	FOREIGN_HOOK_COUNT,
};

struct foreign_chain {
	const char *family; /* "inet", "ip" or "ip6" */
	char table[FOREIGN_NAME_BYTES];
	char name[FOREIGN_NAME_BYTES];
	enum foreign_hook hook;
	int32_t priority;
	bool drops; /* what none of its rules decides */
	uint32_t rules;
};

struct foreign {
	struct foreign_chain *items; /* as the kernel lists them */
	size_t count, room;
};

#define FOREIGN_EMPTY ((struct foreign){ 0 })

/* Asks the kernel.  0 or a negative errno; foreign_fini in any case. */
int foreign_read(struct foreign *ret);
void foreign_fini(struct foreign *foreign);

const char *foreign_hook_word(enum foreign_hook hook);

/* An array of objects: those on the hooks whose bits are set. */
void foreign_json(
    const struct foreign *foreign, unsigned hook_bits, struct json *json);

#endif
