/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/early_plan: which sources may be refused before the ruleset.
 *
 * What is dropped at the driver must be what the ruleset drops, by the same
 * rule.  The ruleset sees more (zones, known flows), so of a policy only this
 * can go down there:
 *
 *	the rules	at the head of the list, that say `drop ADDRESSES ->
 *			any` and nothing else: no service, hours, log or limit.
 *			What stands before them must have no say over the
 *			address: rules for sources of other zones, and the
 *			addresses that an earlier rule names are left out
 *	the interfaces	of the zone without prefixes.  There a source that no
 *			zone has, and that is neither local nor the gateway's
 *			own, is not spoofed, so the list is what decides
 *
 * A rule that logs stays: each packet is an event that only the ruleset tells.
 * Known flows are the program's affair (bpf/early_drop.bpf.c), and so are bans,
 * which come before all of this (firewall/early_bans).
 */
#ifndef GATEHOUSE_FIREWALL_EARLY_PLAN_H
#define GATEHOUSE_FIREWALL_EARLY_PLAN_H

#include "policy/policy.h"

/* As many rows as bpf/early_drop.h has. */
#define EARLY_PLAN_ROWS_MAX 8

/* No list of an administrator has more before its first `drop`. */
#define EARLY_PLAN_RULES_MAX 64

struct early_ranges4 {
	struct range4 *items; /* disjoint, ascending */
	size_t count, room;
};

struct early_ranges6 {
	struct range6 *items;
	size_t count, room;
};

/* What one rule drops early; no address is in two rows. */
struct early_row {
	size_t rule; /* of policy->rules */
	struct early_ranges4 v4;
	struct early_ranges6 v6;
};

struct early_plan {
	struct early_row rows[EARLY_PLAN_ROWS_MAX];
	size_t row_count; /* 0: nothing can be refused early */
	size_t range_count;
};

#define EARLY_PLAN_EMPTY ((struct early_plan){ 0 })

/*
 * own: the gateway's addresses, frozen.  ipv6: whether the ruleset knows it.
 * 0 or -ENOMEM; early_plan_fini in any case.
 */
int early_plan_make(const struct policy *policy, const struct address_set *own,
    bool ipv6, struct early_plan *ret);
void early_plan_fini(struct early_plan *plan);

#endif
