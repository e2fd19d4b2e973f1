/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/pac: the policy, as a browser can ask it.
 *
 * A script that says of each URL whether the client goes by the proxy (proxy
 * auto-configuration).  It has the rules that allow something, in their order,
 * up to the last that says `direct`: what one of these is the first to fit goes
 * directly, and so does what lives in the client's own zone.  Of what cannot be
 * told without asking the DNS, or whose rule asks for more than a URL shows,
 * the proxy decides; and what is refused is refused on either way.
 *
 * The script is share/proxy.pac; here its data are written, in front of it.
 */
#ifndef GATEHOUSE_POLICY_PAC_H
#define GATEHOUSE_POLICY_PAC_H

#include "policy/policy.h"

/* Beyond so many ranges and names in all, a rule may mean anything. */
#define PAC_ENTRIES_MAX 4000

/*
 * For the clients of a zone; `source`, of one of them, tells which rules are
 * for it (family NONE: none is known).  Added to `out`.  -ENOENT: no listener
 * is for the zone.
 */
int policy_pac_write(const struct policy *policy, uint8_t zone,
    struct address source, struct text *out);

#endif
