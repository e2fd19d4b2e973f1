/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/apply: a policy comes into force by an order of the administrator's.
 *
 * It comes from the disk.  One that was kept (daemon/policies) does not, and
 * nobody is asked for an order then: gateway_bring_kept.
 */
#ifndef GATEHOUSE_DAEMON_APPLY_H
#define GATEHOUSE_DAEMON_APPLY_H

#include "base/text.h"

struct apply_order;
struct flows_tally;
struct gateway;
struct policies;

/*
 * Brings the policy into force, or leaves everything as it was.  0; -EINVAL
 * when the policy is refused, -EPERM when it is refused for what it would do
 * now; another negative errno when the world is.  What there is to say is
 * rendered into `words`, warnings too, and how many living flows it has ended.
 */
int apply_policy(struct policies *policies, const struct apply_order *order,
    struct text *words);

/*
 * How many living flows the policy at `path` would end; it does not come into
 * force.  Errors and words as above; ret->rc: it could not be counted.
 */
int apply_count_flows(struct gateway *gateway, const char *path,
    struct flows_tally *ret, struct text *words);

#endif
