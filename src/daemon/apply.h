/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/apply: how a policy comes into force, and what is kept of it.
 *
 * A policy comes from the disk, by an order of the administrator's; or from
 * what was kept (daemon/last_good, daemon/history, daemon/confirmation), and
 * then the disk is not asked.
 */
#ifndef GATEHOUSE_DAEMON_APPLY_H
#define GATEHOUSE_DAEMON_APPLY_H

#include "base/text.h"

struct apply_order;
struct flows_tally;
struct gateway;

/*
 * Brings the policy into force, or leaves everything as it was.  0; -EINVAL
 * when the policy is refused, -EPERM when it is refused for what it would do
 * now; another negative errno when the world is.  What there is to say is
 * rendered into `words`, warnings too, and how many living flows it has ended.
 */
int gateway_apply(struct gateway *gateway, const struct apply_order *order,
    struct text *words);

/*
 * How many living flows the policy at `path` would end; it does not come into
 * force.  Errors and words as above; ret->rc: it could not be counted.
 */
int gateway_count_flows(struct gateway *gateway, const char *path,
    struct flows_tally *ret, struct text *words);

/* What is in force is what the next start may fall back to. */
void gateway_keep(struct gateway *gateway);

#endif
