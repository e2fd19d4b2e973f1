/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/prospect: whether any flow to a name may be allowed.
 *
 * What a client asks the DNS for it means to go to, by a protocol, a port and
 * with a request that nobody knows yet.  So the list is walked with all that is
 * known (who asks, the name, the time, and behind an answer the address) and
 * the rest open: a rule that matches, or might match, and allows is prospect
 * enough.  If before one comes a rule that matches whatever is open, and
 * refuses, then no flow to there gets through, and the question is refused as
 * the flow would be, by that rule.
 *
 * Of a name that leads outside (`outside`: its address, not known yet, will be
 * one of no zone with prefixes, nor the gateway's) a rule to what lives inside
 * alone gives no prospect.
 */
#ifndef GATEHOUSE_POLICY_PROSPECT_H
#define GATEHOUSE_POLICY_PROSPECT_H

#include "policy/match.h"

struct policy_prospect {
	enum policy_verdict verdict;    /* never UNDECIDED */
	const struct policy_rule *rule; /* of the verdict; the first to allow */
};

/* The trace may be NULL; with one, no rule is passed over. */
struct policy_prospect policy_prospect(const struct policy *policy,
    const struct flow *flow, bool outside, const struct policy_trace *trace);

/*
 * Whether the address is one of those that a name outside cannot have: private
 * (RFC 1918, 4193, 6598), of a zone with prefixes, or of no network (loopback,
 * link-local, multicast); or one that a translator makes such a one of.
 */
bool policy_is_inside(const struct policy *policy, struct address address);

/* Finds out which rules allow anything outside (policy_rule.leads_outside);
 * when they are resolved.  0 or -ENOMEM. */
int policy_find_outside(struct policy *policy);

#endif
