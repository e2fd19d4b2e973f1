/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/diff_statement: statements `snat` and `map`, lines of `firewall`,
 * choices of `proxy`, its `ca` and its lines `listen ... behind`, and the
 * console, that only one of two policies has.
 *
 * They are compared one by one and not by the flows that they hold: what says
 * the same in other words is told, but nothing that differs is left out.  What
 * is masqueraded or published is told of flows (policy/diff).
 */
#ifndef GATEHOUSE_POLICY_DIFF_STATEMENT_H
#define GATEHOUSE_POLICY_DIFF_STATEMENT_H

#include "policy/policy.h"

/* The statement as it could be written. */
void statement_describe_snat(const struct policy *policy,
    const struct policy_snat *snat, struct text *out);
void statement_describe_map(const struct policy *policy,
    const struct policy_map *map, struct text *out);

/* Of one that stands behind balancers. */
void statement_describe_keep(const struct policy *policy,
    const struct policy_intercept *intercept, struct text *out);
void statement_describe_listen(const struct policy *policy,
    const struct policy_listen *listen, struct text *out);

/*
 * Calls for each statement that is new or gone; of those that both have, and
 * which are asked in another order, for those behind the first that moved: gone
 * and new.  0 or -ENOMEM.
 */
int statement_diff(const struct policy *before, const struct policy *after,
    void (*each)(void *context, struct str statement, bool is_new),
    void *context);

#endif
