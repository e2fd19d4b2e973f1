/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/limiter.h"

#include "base/clock.h"
#include "base/must.h"

#include <pthread.h>
#include <stdlib.h>

#define SHARDS        64 /* powers of two */
#define SHARD_BUCKETS 256
#define SHARD_MAX     (LIMITER_ENTRIES_MAX / SHARDS)

enum kind {
	RATE,
	CONNECTIONS,
	BANDWIDTH, /* and behind it those of other directions and scopes */
};

/* A limit of a rule, for all together or for one of whom it counts. */
struct key {
	uint64_t rule;         /* a hash of its text */
	unsigned kind;         /* enum kind */
	struct address source; /* family NONE: it is not of a source */
	uint64_t user;         /* a hash of his name */
};

struct limiter_entry {
	struct limiter_entry *next;
	struct shard *shard;
	struct key key;
	struct policy_limit limit; /* of kind RATE, as it was asked last */
	/* Tokens are counted in nanoseconds of filling: a flow costs the time
	 * in which one token comes, and the bucket holds the burst's. */
	int64_t filled;
	int64_t since;        /* when `filled` was right */
	uint32_t connections; /* of the other kinds: flows that hold it */
	struct throttle_bucket bucket; /* of kind BANDWIDTH */
};

struct shard {
	pthread_mutex_t lock; /* of all of it */
	struct limiter_entry *buckets[SHARD_BUCKETS];
	size_t count;
	size_t sweep; /* the bucket that is cleaned next */
	/* A full shard has nothing to forget before this time. */
	int64_t full_until;
};

struct limiter {
	unsigned refs; /* atomic */
	struct shard shards[SHARDS];
};

struct limiter *
limiter_create(void)
{
	struct limiter *limiter = calloc(1, sizeof(*limiter));

	if (limiter == NULL)
		return NULL;
	limiter->refs = 1;
	for (size_t i = 0; i < SHARDS; i++)
		(void)pthread_mutex_init(&limiter->shards[i].lock, NULL);
	return limiter;
}

struct limiter *
limiter_ref(struct limiter *limiter)
{
	(void)__atomic_add_fetch(&limiter->refs, 1, __ATOMIC_RELAXED);
	return limiter;
}

static void
free_chain(struct limiter_entry *entry)
{
	while (entry != NULL) {
		struct limiter_entry *next = entry->next;
		free(entry);
		entry = next;
	}
}

void
limiter_unref(struct limiter *limiter)
{
	if (limiter == NULL ||
	    __atomic_sub_fetch(&limiter->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		for (size_t j = 0; j < SHARD_BUCKETS; j++)
			free_chain(limiter->shards[i].buckets[j]);
		(void)pthread_mutex_destroy(&limiter->shards[i].lock);
	}
	free(limiter);
}

struct address
limiter_source(struct address source)
{
	return address_source(source);
}

static struct key
key_of(const struct policy_rule *rule, unsigned kind, enum policy_each each,
    const struct limiter_client *client)
{
	struct key key = { .rule = str_hash(rule->text, rule->line),
		.kind = kind };

	if (each == POLICY_EACH_SOURCE)
		key.source = limiter_source(client->source);
	else if (each == POLICY_EACH_USER)
		key.user = str_hash(client->user, 0);
	return key;
}

static uint64_t
hash_of(const struct key *key)
{
	struct str bytes = { (const char *)key->source.bytes,
		sizeof(key->source.bytes) };

	return str_hash(bytes, key->rule + key->kind + key->user);
}

static int64_t
cost_of(const struct policy_limit *limit)
{
	must(limit->count > 0); /* or there is no bucket */
	return (int64_t)limit->seconds * CLOCK_SECOND / (int64_t)limit->count;
}

/* A year at most (POLICY_REFILL_SECONDS_MAX). */
static int64_t
capacity_of(const struct policy_limit *limit)
{
	return cost_of(limit) * (int64_t)limit->burst;
}

static void
refill(struct limiter_entry *entry, int64_t now)
{
	entry->filled += now - entry->since;
	entry->since = now;
	if (entry->filled > capacity_of(&entry->limit))
		entry->filled = capacity_of(&entry->limit);
}

/* When a new entry would be just the same, if it is left alone until then. */
static int64_t
forgettable_at(struct limiter_entry *entry, int64_t now)
{
	if (entry->connections > 0)
		return INT64_MAX;
	if (entry->key.kind == CONNECTIONS)
		return now;
	if (entry->key.kind >= BANDWIDTH)
		return entry->bucket.clock;
	refill(entry, now);
	return now + capacity_of(&entry->limit) - entry->filled;
}

/* Moves *until back to the time when the first of the others can go. */
static void
clean_bucket(struct shard *shard, size_t bucket, int64_t now, int64_t *until)
{
	struct limiter_entry **link = &shard->buckets[bucket];

	while (*link != NULL) {
		struct limiter_entry *entry = *link;
		int64_t at = forgettable_at(entry, now);
		if (at > now) {
			link = &entry->next;
			*until = at < *until ? at : *until;
			continue;
		}
		*link = entry->next;
		free(entry);
		shard->count--;
	}
}

/*
 * Each new entry cleans a bucket; a full shard is cleaned whole, but not for
 * every one of a crowd that knocks in vain.
 */
static bool
make_room(struct shard *shard, int64_t now)
{
	int64_t until = INT64_MAX;

	if (shard->count < SHARD_MAX) {
		clean_bucket(shard, shard->sweep, now, &until);
		shard->sweep = (shard->sweep + 1) % SHARD_BUCKETS;
		shard->full_until = 0;
		return true;
	}
	if (now < shard->full_until)
		return false;
	for (size_t i = 0; i < SHARD_BUCKETS; i++)
		clean_bucket(shard, i, now, &until);
	shard->full_until = until;
	return shard->count < SHARD_MAX;
}

static uint64_t
rate_of(const struct policy_rule *rule, unsigned kind)
{
	unsigned which = kind - BANDWIDTH;

	return rule->bandwidth
	    .rates[which / POLICY_SCOPE_COUNT][which % POLICY_SCOPE_COUNT];
}

static struct limiter_entry *
add_entry(struct shard *shard, size_t bucket, const struct key *key,
    const struct policy_rule *rule, int64_t now)
{
	struct limiter_entry *entry = NULL;

	if (make_room(shard, now))
		entry = calloc(1, sizeof(*entry));
	if (entry == NULL)
		return NULL;
	entry->shard = shard;
	entry->key = *key;
	entry->since = now;
	entry->limit = rule->limit;
	if (key->kind == RATE)
		entry->filled = capacity_of(&rule->limit);
	if (key->kind >= BANDWIDTH)
		entry->bucket.bytes_per_second = rate_of(rule, key->kind);
	entry->next = shard->buckets[bucket];
	shard->buckets[bucket] = entry;
	shard->count++;
	return entry;
}

static struct limiter_entry *
find_entry(struct shard *shard, size_t bucket, const struct key *key)
{
	struct limiter_entry *entry = shard->buckets[bucket];

	while (entry != NULL &&
	       (entry->key.rule != key->rule || entry->key.kind != key->kind ||
		   entry->key.user != key->user ||
		   !address_eq(entry->key.source, key->source)))
		entry = entry->next;
	return entry;
}

static bool
charge(struct limiter_entry *entry, const struct policy_rule *rule, int64_t now)
{
	if (entry->key.kind != RATE) {
		if (entry->key.kind == CONNECTIONS &&
		    entry->connections >= rule->connections)
			return false;
		entry->connections++;
		return true;
	}
	entry->limit = rule->limit;
	refill(entry, now);
	if (entry->filled < cost_of(&entry->limit))
		return false;
	entry->filled -= cost_of(&entry->limit);
	return true;
}

/* The entry that was charged, or NULL: beyond the limit. */
static struct limiter_entry *
take(struct limiter *limiter, const struct policy_rule *rule, struct key key,
    int64_t now)
{
	uint64_t hash = hash_of(&key);
	struct shard *shard = &limiter->shards[hash % SHARDS];
	size_t bucket = (size_t)(hash / SHARDS % SHARD_BUCKETS);

	(void)pthread_mutex_lock(&shard->lock);
	struct limiter_entry *entry = find_entry(shard, bucket, &key);
	if (entry == NULL)
		entry = add_entry(shard, bucket, &key, rule, now);
	if (entry != NULL && !charge(entry, rule, now))
		entry = NULL;
	(void)pthread_mutex_unlock(&shard->lock);
	return entry;
}

bool
limiter_take(struct limiter *limiter, const struct policy_rule *rule,
    const struct limiter_client *client, int64_t now,
    struct limiter_entry **ret_entry)
{
	*ret_entry = NULL;
	if (rule->limit.count > 0 &&
	    take(limiter, rule, key_of(rule, RATE, rule->limit.each, client),
		now) == NULL)
		return false;
	if (rule->connections == 0)
		return true;
	*ret_entry = take(limiter, rule,
	    key_of(rule, CONNECTIONS, rule->connections_each, client), now);
	return *ret_entry != NULL;
}

bool
limiter_share(struct limiter *limiter, const struct policy_rule *rule,
    const struct limiter_client *client, int64_t now,
    enum policy_direction direction, enum policy_scope scope,
    struct limiter_entry **ret_entry)
{
	enum policy_each each = scope == POLICY_SCOPE_SOURCE
				    ? POLICY_EACH_SOURCE
				    : POLICY_EACH_NONE;
	unsigned kind = BANDWIDTH + direction * POLICY_SCOPE_COUNT + scope;

	*ret_entry = NULL;
	if (rate_of(rule, kind) == 0)
		return true;
	*ret_entry = take(limiter, rule, key_of(rule, kind, each, client), now);
	return *ret_entry != NULL;
}

struct throttle_bucket *
limiter_bucket(struct limiter_entry *entry)
{
	return &entry->bucket;
}

void
limiter_release(struct limiter_entry *entry)
{
	if (entry == NULL)
		return;
	struct shard *shard = entry->shard;
	(void)pthread_mutex_lock(&shard->lock);
	if (--entry->connections == 0)
		shard->full_until = 0;
	(void)pthread_mutex_unlock(&shard->lock);
}

size_t
limiter_count(struct limiter *limiter)
{
	size_t count = 0;

	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &limiter->shards[i];
		(void)pthread_mutex_lock(&shard->lock);
		count += shard->count;
		(void)pthread_mutex_unlock(&shard->lock);
	}
	return count;
}
