/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/log_bound: how much of a flood becomes events.
 *
 * Each record that is written (firewall/log_prefix: a rule, or a reason such as
 * a ban, between two zones) has a bucket.  What comes while it is not empty is
 * told, the rest is counted; whoever reads the log says the number once a
 * second.  So what is told, and what is said not to be, are together all that
 * was logged, and a flood that meets one rule takes nothing from the others.
 *
 *	refused   1,000 at once, then 20 a second: a scan of a thousand ports
 *	          shows whole, and a flood for an hour is 40 MB
 *	allowed   10,000 at once, then 1,000 a second: these are flows that the
 *	          policy wants, and who logs them wants each
 *
 * Here and not in the ruleset: a `limit` before `log` ends its rule, so each
 * rule would need a second one, nothing would tell what it held back, and it
 * is shared by nobody but itself.  The price is that the kernel hands over
 * what is not told; see bench/README.md.
 *
 * Buckets that are full again are forgotten, so memory is for what is busy.
 * At most LOG_BOUND_RECORDS_MAX at a time; what is beyond has no bound.
 *
 * Pure: the caller says what time it is.  One thread.
 */
#ifndef GATEHOUSE_FIREWALL_LOG_BOUND_H
#define GATEHOUSE_FIREWALL_LOG_BOUND_H

#include "base/str.h"
#include "policy/words.h"

/* 600 kB, of which is used what is filled. */
#define LOG_BOUND_RECORDS_MAX 4096

struct log_bound;

/* A record, lent for the call, and how many of its packets were not told. */
typedef void (*log_bound_fn)(
    struct str record, uint64_t suppressed, void *context);

struct log_bound *log_bound_create(void); /* NULL: no memory */
void log_bound_destroy(struct log_bound *bound);

/*
 * Whether the packet with this record, of at most FIREWALL_LOG_PREFIX_BYTES_MAX
 * bytes, is told; if not, it is counted.  now: clock_now, never going back.
 */
bool log_bound_admit(struct log_bound *bound, struct str record,
    enum policy_verdict verdict, int64_t now);

/*
 * Tells of each record whose packets were not all told since the last call.
 * Whether there are busy ones left, which wait for another call.
 */
bool log_bound_settle(
    struct log_bound *bound, int64_t now, log_bound_fn fn, void *context);

#endif
