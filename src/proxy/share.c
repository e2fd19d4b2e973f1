/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/share.h"

#include "base/clock.h"

/* ---- what is held ---- */

static void
let_go(struct share *share)
{
	for (unsigned i = 0; i < POLICY_DIRECTION_COUNT; i++) {
		for (unsigned j = 0; j < POLICY_SCOPE_COUNT; j++) {
			limiter_release(share->shaped[i][j]);
			share->shaped[i][j] = NULL;
		}
	}
	if (share->quotas != NULL)
		quotas_release(share->quotas, share->quota);
	share->quota = NULL;
}

static void
set_throttle(struct share *share, unsigned direction)
{
	struct throttle_bucket *buckets[POLICY_SCOPE_COUNT];
	size_t count = 0;

	for (unsigned i = 0; i < POLICY_SCOPE_COUNT; i++)
		if (share->shaped[direction][i] != NULL)
			buckets[count++] =
			    limiter_bucket(share->shaped[direction][i]);
	throttle_set(&share->throttles[direction], buckets, count,
	    share->quota != NULL ? quota_meter(share->quota) : NULL);
}

_Static_assert(
    (int)POLICY_SCOPE_COUNT <= THROTTLE_BUCKETS_MAX, "a bucket for each");

static void
set_throttles(struct share *share)
{
	for (unsigned i = 0; i < POLICY_DIRECTION_COUNT; i++)
		set_throttle(share, i);
}

static void
follow(struct share *share, const struct proxy_generation *generation)
{
	if (share->limiter == NULL)
		share->limiter = limiter_ref(generation->limiter);
	if (share->quotas == NULL)
		share->quotas = quotas_ref(generation->quotas);
}

static bool
take_bandwidth(struct share *share, const struct policy_rule *rule,
    const struct limiter_client *client, int64_t now)
{
	bool good = true;

	for (unsigned i = 0; i < POLICY_DIRECTION_COUNT; i++)
		for (unsigned j = 0; good && j < POLICY_SCOPE_COUNT; j++)
			good = limiter_share(share->limiter, rule, client, now,
			    (enum policy_direction)i, (enum policy_scope)j,
			    &share->shaped[i][j]);
	return good;
}

static enum share_outcome
take_quota(
    struct share *share, const struct policy_rule *rule, struct address source)
{
	if (rule->quota.bytes == 0)
		return SHARE_TAKEN;
	share->quota = quotas_hold(share->quotas, rule, source, clock_wall());
	if (share->quota == NULL)
		return SHARE_LIMITED;
	return quota_is_used_up(share->quota) ? SHARE_USED_UP : SHARE_TAKEN;
}

/* ---- flows ---- */

enum share_outcome
share_take(struct share *share, struct proxy_generation *generation,
    const struct policy_rule *rule, const struct limiter_client *client)
{
	if (share->taken || !policy_rule_is_limited(rule))
		return SHARE_TAKEN;
	int64_t now = clock_now();
	let_go(share);
	follow(share, generation);
	/* Who gets nothing must not have cost anybody a token. */
	enum share_outcome outcome = take_quota(share, rule, client->source);
	if (outcome != SHARE_TAKEN)
		return outcome;
	if (!take_bandwidth(share, rule, client, now) ||
	    !limiter_take(share->limiter, rule, client, now, &share->held)) {
		let_go(share);
		return SHARE_LIMITED;
	}
	set_throttles(share);
	share->taken = true;
	return SHARE_TAKEN;
}

/* What cannot be had of the new rule, of too many sources, is not held. */
void
share_move(struct share *share, struct proxy_generation *generation,
    const struct policy_rule *rule, const struct limiter_client *client)
{
	struct share before = *share;

	if (rule == NULL || (!policy_rule_is_limited(rule) && !share->taken))
		return;
	follow(share, generation);
	memset(share->shaped, 0, sizeof(share->shaped));
	share->quota = NULL;
	(void)take_bandwidth(share, rule, client, clock_now());
	(void)take_quota(share, rule, client->source);
	share->taken = true;
	set_throttles(share);
	let_go(&before);
}

struct throttle *
share_throttle(struct share *share, enum policy_direction direction)
{
	return &share->throttles[direction];
}

void
share_note(struct share *share, uint64_t bytes)
{
	uint64_t counted = share->noted;

	for (unsigned i = 0; i < POLICY_DIRECTION_COUNT; i++)
		counted += share->throttles[i].spent;
	if (!share->taken || share->quota == NULL || bytes <= counted)
		return;
	share->noted += bytes - counted;
	(void)atomic_fetch_add_explicit(&quota_meter(share->quota)->used,
	    bytes - counted, memory_order_relaxed);
}

bool
share_is_used_up(const struct share *share)
{
	return share->taken && share->quota != NULL &&
	       quota_is_used_up(share->quota);
}

int64_t
share_comes_back(const struct share *share)
{
	return share->quota != NULL ? quota_end(share->quota) : 0;
}

void
share_end(struct share *share)
{
	for (unsigned i = 0; i < POLICY_DIRECTION_COUNT; i++)
		throttle_end(&share->throttles[i]);
	let_go(share);
	limiter_release(share->held);
	limiter_unref(share->limiter);
	quotas_unref(share->quotas);
	*share = (struct share){ .taken = false };
}
