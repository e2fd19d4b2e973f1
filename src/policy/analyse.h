/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/analyse: what is probably not meant.
 *
 * Warnings about a policy that is well formed, by kind:
 *
 *	unused      a name, list, service or zone that nothing uses, and what is
 *	            intercepted of a zone that may send no such thing
 *	nothing     no rule allows anything
 *	blind       a condition that no flow of the rule can ever show
 *	bypass      packets go around the proxy that is to refuse them
 *	hidden      a source is kept, and masqueraded all the same
 *	interface   a zone without an interface: nothing can enter by it
 *	unreached   a rule that never matches: earlier ones take all of it
 *	redundant   a rule whose removal would change nothing
 *	late        a rule that a broader one above it makes vain
 *
 * and a note, which is no fault:
 *
 *	overlap     earlier rules refuse part of what this one allows, or allow
 *	            part of what it refuses
 */
#ifndef GATEHOUSE_POLICY_ANALYSE_H
#define GATEHOUSE_POLICY_ANALYSE_H

#include "policy/policy.h"

/* What a look at each part alone can tell: quick, for every load. */
void policy_analyse(const struct policy *policy, struct report *report);

/*
 * How the rules stand to each other, exactly (policy/meaning): unreached,
 * redundant, late and, if wanted, overlap.  0, -ENOMEM, or -E2BIG where there
 * is too much to tell apart; the report then says so.
 */
int policy_analyse_list(
    const struct policy *policy, bool want_notes, struct report *report);

#endif
