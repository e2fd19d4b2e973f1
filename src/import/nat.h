/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import/nat: what becomes of addresses.
 *
 * iptables and nft translate in one place and allow in another; `publish` does
 * both, for everybody.  So whom the forward list refuses the server is refused
 * the published address before; where the gateway itself would have answered
 * him there, nothing is published.
 */
#ifndef GATEHOUSE_IMPORT_NAT_H
#define GATEHOUSE_IMPORT_NAT_H

#include "import/walk.h"

/* One family's lists, of what passes through and of what comes to the host. */
struct import_nat_lists {
	const struct import_walk *through, *to_self;
};

/* The `firewall`, `masquerade` and `snat` statements. */
void import_nat_print(struct import_ruleset *rules, struct text *out);

/*
 * The `publish` rules, by the lists of IPv4 and of IPv6.  What they take from
 * flows that pass through, so that those are refused, is in *ret_through.
 */
void import_published_print(struct import_ruleset *rules,
    const struct import_nat_lists lists[static 2], struct text *out,
    struct text *ret_through);

/* What the gateway's own flows are translated to, which no policy does. */
void import_nat_own_print(struct import_ruleset *rules, struct text *out);

#endif
