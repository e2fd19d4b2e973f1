/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/share: what a flow has of its rule while it lives.
 *
 * One of its connections, a place in the buckets of its bandwidth, its count
 * of a quota.  Taken when the flow is let in, moved when another policy's rule
 * allows it, given back at its end.  A flow's own, of one thread; a share of
 * zeros is an empty one.
 */
#ifndef GATEHOUSE_PROXY_SHARE_H
#define GATEHOUSE_PROXY_SHARE_H

#include "net/throttle.h"
#include "proxy/generation.h"

struct share {
	bool taken;
	struct limiter *limiter; /* a reference, while something is held */
	struct quotas *quotas;   /* the same */
	struct limiter_entry *held;
	struct limiter_entry
	    *shaped[POLICY_DIRECTION_COUNT][POLICY_SCOPE_COUNT];
	struct quota *quota;
	struct throttle throttles[POLICY_DIRECTION_COUNT];
	uint64_t noted; /* bytes that the throttles have counted */
};

enum share_outcome {
	SHARE_TAKEN,
	SHARE_LIMITED, /* beyond the rule's rate or its connections */
	SHARE_USED_UP, /* its quota is */
};

/* Counts one more flow of the rule, once.  Where it is not taken nothing is
 * held but what says when the quota comes back. */
enum share_outcome share_take(struct share *share,
    struct proxy_generation *generation, const struct policy_rule *rule,
    const struct limiter_client *client);

/* The flow is that of another rule from now on: its bandwidth and its quota
 * count; it is not counted as a new one. */
void share_move(struct share *share, struct proxy_generation *generation,
    const struct policy_rule *rule, const struct limiter_client *client);

/* How its bytes may go; lent. */
struct throttle *share_throttle(
    struct share *share, enum policy_direction direction);

/* All bytes of the flow, heads too: what the throttles have not seen counts
 * for the quota as well. */
void share_note(struct share *share, uint64_t bytes);

bool share_is_used_up(const struct share *share);

/* When the quota comes back, wall clock; 0: there is none. */
int64_t share_comes_back(const struct share *share);

void share_end(struct share *share);

#endif
