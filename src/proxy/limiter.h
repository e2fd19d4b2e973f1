/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/limiter: how much of what the rules allow has passed.
 *
 * One for all generations, shared by all workers: a rule that stands in the
 * next policy as it stood in the last one goes on counting where it was; rules
 * are known by their text.  A rule's rate is a bucket of
 * tokens, filled at the rate up to the burst; its connections are a count of
 * those under way; its bandwidth is a bucket of net/throttle.  All are kept for
 * each source, or once for the rule, and the first two for each user, if the
 * rule says so.  A source is an IPv4 address or an IPv6
 * network of 64 bits, as in the kernel.
 *
 * At most LIMITER_ENTRIES_MAX of them are known at once.  When there are more,
 * those that are idle and whose bucket is full are forgotten, which changes
 * nothing; if there are none such, a new source is refused: a limit that a
 * crowd could push aside would be none.
 *
 * Any thread; entries are spread over locks by their hash.
 */
#ifndef GATEHOUSE_PROXY_LIMITER_H
#define GATEHOUSE_PROXY_LIMITER_H

#include "net/throttle.h"
#include "policy/policy.h"

#define LIMITER_ENTRIES_MAX 65536

struct limiter;
struct limiter_entry;

/* Who is counted; lent for the call. */
struct limiter_client {
	struct address source;
	struct str user; /* that he has authenticated as; at == NULL: none */
};

/* With one reference.  NULL: no memory. */
struct limiter *limiter_create(void);
struct limiter *limiter_ref(struct limiter *limiter);
void limiter_unref(struct limiter *limiter); /* NULL is fine */

/*
 * Counts one more flow of the rule from this client at `now` (clock_now).
 * True, and the flow holds *ret_entry until limiter_release (NULL: nothing is
 * held); false when it is beyond the rule's limit.
 */
bool limiter_take(struct limiter *limiter, const struct policy_rule *rule,
    const struct limiter_client *client, int64_t now,
    struct limiter_entry **ret_entry);

/*
 * The flow holds *ret_entry, whose bucket it shares, until limiter_release.
 * NULL, and true: the rule says nothing of this direction in this scope.  False
 * when there are too many sources.
 */
bool limiter_share(struct limiter *limiter, const struct policy_rule *rule,
    const struct limiter_client *client, int64_t now,
    enum policy_direction direction, enum policy_scope scope,
    struct limiter_entry **ret_entry);
struct throttle_bucket *limiter_bucket(struct limiter_entry *entry);

/* The source as it is counted: a client has as many addresses of its IPv6
 * network as it likes. */
struct address limiter_source(struct address source);

/* The flow has ended; NULL is fine. */
void limiter_release(struct limiter_entry *entry);

/* How many sources are known. */
size_t limiter_count(struct limiter *limiter);

#endif
