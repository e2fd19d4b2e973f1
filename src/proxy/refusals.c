/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/refusals.h"

#include <pthread.h>
#include <stdlib.h>

#define LOCKS  64 /* a power of two, as are the others */
#define PLACES 8  /* of a set */
#define SETS   (REFUSALS_MAX / PLACES)

struct count {
	uint64_t reason; /* a hash of what refuses; its kind of ban is in it */
	struct address source;
	uint32_t refused;
	int64_t until; /* so long they count; 0: the place is free */
};

struct refusals {
	refusals_tell_fn tell;
	pthread_mutex_t locks[LOCKS];
	struct count places[SETS][PLACES];
};

struct refusals *
refusals_create(void)
{
	struct refusals *refusals = calloc(1, sizeof(*refusals));

	if (refusals == NULL)
		return NULL;
	for (size_t i = 0; i < LOCKS; i++)
		(void)pthread_mutex_init(&refusals->locks[i], NULL);
	return refusals;
}

void
refusals_destroy(struct refusals *refusals)
{
	if (refusals == NULL)
		return;
	for (size_t i = 0; i < LOCKS; i++)
		(void)pthread_mutex_destroy(&refusals->locks[i]);
	free(refusals);
}

void
refusals_tell(struct refusals *refusals, refusals_tell_fn tell)
{
	refusals->tell = tell;
}

/* ---- what is counted ---- */

static const struct policy_ban *
ban_of(const struct policy *policy, const struct policy_rule *rule)
{
	return rule != NULL ? &rule->ban : &policy->users.ban;
}

static uint64_t
reason_of(const struct policy_ban *ban, const struct policy_rule *rule)
{
	struct str words = rule != NULL ? rule->text : STR("users");
	uint64_t line = rule != NULL ? rule->line : 0;

	return str_hash(
	    words, line ^ (uint64_t)ban->within ^ (uint64_t)ban->count << 48);
}

/* As it would be banned. */
static struct address_range
source_of(const struct proxy_generation *generation, struct address source)
{
	bool is_near = false;

	for (size_t i = 0; !is_near && i < generation->own.count; i++)
		is_near = policy_ban_is_near(
		    source, generation->own.items[i].address);
	return policy_ban_source(source, is_near);
}

/* Its own place; or one that is free, or will be first. */
static struct count *
find_place(struct count *set, uint64_t reason, struct address source)
{
	struct count *place = &set[0];

	for (size_t i = 0; i < PLACES; i++) {
		if (set[i].reason == reason &&
		    address_eq(set[i].source, source))
			return &set[i];
		if (set[i].until < place->until)
			place = &set[i];
	}
	*place = (struct count){ .reason = reason, .source = source };
	return place;
}

/* Whether that was the one too many. */
static bool
count_one(struct count *count, const struct policy_ban *ban, int64_t now)
{
	if (count->until <= now) {
		count->refused = 0;
		count->until = now + ban->within;
	}
	if (++count->refused < ban->count)
		return false;
	count->until = 0;
	return true;
}

static bool
is_too_many(struct refusals *refusals, const struct policy_ban *ban,
    uint64_t reason, struct address source, int64_t now)
{
	struct str bytes = { (const char *)source.bytes, sizeof(source.bytes) };
	size_t at = str_hash(bytes, reason) % SETS;
	pthread_mutex_t *lock = &refusals->locks[at % LOCKS];

	(void)pthread_mutex_lock(lock);
	bool too_many = count_one(
	    find_place(refusals->places[at], reason, source), ban, now);
	(void)pthread_mutex_unlock(lock);
	return too_many;
}

void
refusals_count(struct refusals *refusals,
    const struct proxy_generation *generation, const struct policy_rule *rule,
    struct address source, int64_t now)
{
	const struct policy *policy = generation->policy;
	const struct policy_ban *ban = ban_of(policy, rule);
	uint32_t number = (uint32_t)policy->rule_count;

	if (ban->count == 0)
		return;
	struct address_range range = source_of(generation, source);
	if (!is_too_many(refusals, ban, reason_of(ban, rule), range.first, now))
		return;
	if (rule != NULL)
		number = (uint32_t)(rule - policy->rules);
	if (refusals->tell != NULL)
		refusals->tell(source, generation->number, number);
}
