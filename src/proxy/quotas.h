/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/quotas: what the flows of rules have used of their quotas.
 *
 * One for all generations, shared by all workers, as the limiter is.  A count
 * is a meter (net/throttle) that the flows of a rule, or of one source, hold
 * while they live; it begins anew with the period.  gatehoused keeps what is
 * collected here (daemon/quota_keeper), and puts it back into the next process.
 *
 * At most QUOTAS_MAX counts are known.  When there are more, the one that was
 * held last the longest ago is dropped, which is counted and told: its source
 * begins anew.  If all are held a new source is refused.
 *
 * Any thread; one lock, which is taken when flows begin and end and not for
 * their bytes.
 */
#ifndef GATEHOUSE_PROXY_QUOTAS_H
#define GATEHOUSE_PROXY_QUOTAS_H

#include "net/throttle.h"
#include "policy/policy.h"

#define QUOTAS_MAX 65536

struct quotas;
struct quota;

/* With one reference.  NULL: no memory. */
struct quotas *quotas_create(void);
struct quotas *quotas_ref(struct quotas *quotas);
void quotas_unref(struct quotas *quotas); /* NULL is fine */

/*
 * The flow's count, held until quotas_release; `wall` is clock_wall().  NULL:
 * there are too many.
 */
struct quota *quotas_hold(struct quotas *quotas, const struct policy_rule *rule,
    struct address source, int64_t wall);
void quotas_release(struct quotas *quotas, struct quota *quota);

struct throttle_meter *quota_meter(struct quota *quota);
bool quota_is_used_up(const struct quota *quota);
int64_t quota_end(const struct quota *quota); /* of the period, wall clock */

/*
 * Begins periods that have come.  True when some count has run out since the
 * last time, so that flows are to be ended.
 */
bool quotas_tick(struct quotas *quotas, int64_t wall);

/* Counts that have changed since they were collected last, `room` at most. */
size_t quotas_collect(
    struct quotas *quotas, struct policy_quota_count *ret, size_t room);

/* Sets what was used, for flows that live as well; what is of a period that is
 * over is left out.  0 or -ENOMEM. */
int quotas_put(struct quotas *quotas, const struct policy_quota_count *count,
    int64_t wall);

#endif
