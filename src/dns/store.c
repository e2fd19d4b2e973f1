/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dns/store.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/random.h>

#define SHARDS 16

/* An answer of usual length, with what stands around it: so many slots there
 * are for the bytes. */
#define ENTRY_BYTES 512

struct entry {
	struct entry *next; /* of its slot */
	TAILQ_ENTRY(entry) age;
	uint64_t hash;
	struct dns_answer *answer; /* a reference */
	uint16_t type;
	uint8_t flags;
	uint8_t name_len;
	uint8_t name[];
};

struct shard {
	pthread_mutex_t lock;
	struct entry **slots;
	size_t slot_count;                 /* a power of two */
	TAILQ_HEAD(entries, entry) by_age; /* the newest first */
	uint64_t bytes, answers, bytes_max;
};

struct dns_store {
	uint64_t seed;
	struct shard shards[SHARDS];
};

struct dns_key
dns_key_of(const struct dns_query *query)
{
	struct dns_key key = { .name = query->question.name,
		.type = query->question.type };

	dns_name_lower(&key.name);
	if (query->edns.secure)
		key.flags |= DNS_KEY_SECURE;
	if ((query->head.flags & DNS_FLAG_UNCHECKED) != 0)
		key.flags |= DNS_KEY_UNCHECKED;
	return key;
}

bool
dns_key_eq(const struct dns_key *a, const struct dns_key *b)
{
	return a->type == b->type && a->flags == b->flags &&
	       dns_name_same(&a->name, &b->name);
}

uint64_t
dns_store_hash(const struct dns_store *store, const struct dns_key *key)
{
	return str_hash(dns_name_str(&key->name),
	    store->seed + ((uint64_t)key->type << 8 | key->flags));
}

/* ---- entries of a shard, whose lock is held ---- */

static struct shard *
shard_of(struct dns_store *store, uint64_t hash)
{
	return &store->shards[hash >> 60];
}

static struct entry **
find(struct shard *shard, const struct dns_key *key, uint64_t hash)
{
	struct entry **link = &shard->slots[hash & (shard->slot_count - 1)];

	while (*link != NULL &&
	       ((*link)->hash != hash || (*link)->type != key->type ||
		   (*link)->flags != key->flags ||
		   (*link)->name_len != key->name.len ||
		   memcmp((*link)->name, key->name.bytes, key->name.len) != 0))
		link = &(*link)->next;
	return link;
}

static uint64_t
bytes_of(const struct entry *entry)
{
	return sizeof(*entry) + entry->name_len +
	       dns_answer_bytes(entry->answer);
}

static void
drop(struct shard *shard, struct entry **link)
{
	struct entry *entry = *link;

	*link = entry->next;
	TAILQ_REMOVE(&shard->by_age, entry, age);
	shard->bytes -= bytes_of(entry);
	shard->answers--;
	dns_answer_unref(entry->answer);
	free(entry);
}

static void
drop_oldest(struct shard *shard)
{
	struct entry *oldest = TAILQ_LAST(&shard->by_age, entries);
	struct entry **link =
	    &shard->slots[oldest->hash & (shard->slot_count - 1)];

	while (*link != oldest)
		link = &(*link)->next;
	drop(shard, link);
}

static void
make_room(struct shard *shard)
{
	while (shard->bytes > shard->bytes_max)
		drop_oldest(shard);
}

/* Takes the reference. */
static void
add(struct shard *shard, const struct dns_key *key, uint64_t hash,
    struct dns_answer *answer)
{
	struct entry **slot = &shard->slots[hash & (shard->slot_count - 1)];
	struct entry *entry = malloc(sizeof(*entry) + key->name.len);

	if (entry == NULL) {
		dns_answer_unref(answer);
		return;
	}
	*entry = (struct entry){ .next = *slot,
		.hash = hash,
		.answer = answer,
		.type = key->type,
		.flags = key->flags,
		.name_len = key->name.len };
	memcpy(entry->name, key->name.bytes, key->name.len);
	*slot = entry;
	TAILQ_INSERT_HEAD(&shard->by_age, entry, age);
	shard->bytes += bytes_of(entry);
	shard->answers++;
}

/* ---- the store ---- */

static struct entry **
make_slots(uint64_t bytes_max, size_t *ret_count)
{
	size_t count = 64;

	while (count * ENTRY_BYTES < bytes_max)
		count *= 2;
	*ret_count = count;
	return calloc(count, sizeof(struct entry *));
}

static bool
init_shard(struct shard *shard, uint64_t bytes_max)
{
	(void)pthread_mutex_init(&shard->lock, NULL);
	TAILQ_INIT(&shard->by_age);
	shard->bytes_max = bytes_max;
	shard->slots = make_slots(bytes_max, &shard->slot_count);
	return shard->slots != NULL;
}

struct dns_store *
dns_store_create(uint64_t bytes_max)
{
	struct dns_store *store = calloc(1, sizeof(*store));
	bool good = true;

	if (store == NULL)
		return NULL;
	if (getrandom(&store->seed, sizeof(store->seed), 0) !=
	    (ssize_t)sizeof(store->seed))
		store->seed = (uint64_t)clock_wall();
	for (size_t i = 0; i < SHARDS; i++)
		good &= init_shard(&store->shards[i], bytes_max / SHARDS);
	if (!good) {
		dns_store_destroy(store);
		return NULL;
	}
	return store;
}

static void
clear(struct shard *shard)
{
	while (!TAILQ_EMPTY(&shard->by_age))
		drop_oldest(shard);
}

void
dns_store_destroy(struct dns_store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < SHARDS; i++) {
		if (store->shards[i].slots != NULL)
			clear(&store->shards[i]);
		free(store->shards[i].slots);
		(void)pthread_mutex_destroy(&store->shards[i].lock);
	}
	free(store);
}

void
dns_store_clear(struct dns_store *store)
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &store->shards[i];
		(void)pthread_mutex_lock(&shard->lock);
		clear(shard);
		(void)pthread_mutex_unlock(&shard->lock);
	}
}

static void
move_entries(struct shard *shard, struct entry **slots, size_t count)
{
	struct entry *one;

	TAILQ_FOREACH(one, &shard->by_age, age)
	{
		struct entry **slot = &slots[one->hash & (count - 1)];
		one->next = *slot;
		*slot = one;
	}
	free(shard->slots);
	shard->slots = slots;
	shard->slot_count = count;
}

/* Without memory the chains are longer than they should be. */
static void
resize(struct shard *shard, uint64_t bytes_max)
{
	size_t count;

	if (shard->bytes_max == bytes_max)
		return;
	shard->bytes_max = bytes_max;
	make_room(shard);
	struct entry **slots = make_slots(bytes_max, &count);
	if (slots != NULL)
		move_entries(shard, slots, count);
}

void
dns_store_resize(struct dns_store *store, uint64_t bytes_max)
{
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &store->shards[i];
		(void)pthread_mutex_lock(&shard->lock);
		resize(shard, bytes_max / SHARDS);
		(void)pthread_mutex_unlock(&shard->lock);
	}
}

struct dns_answer *
dns_store_find(struct dns_store *store, const struct dns_key *key, int64_t now)
{
	uint64_t hash = dns_store_hash(store, key);
	struct shard *shard = shard_of(store, hash);
	struct dns_answer *answer = NULL;

	(void)pthread_mutex_lock(&shard->lock);
	struct entry **link = find(shard, key, hash);
	if (*link != NULL) {
		struct entry *entry = *link;
		if (entry->answer->fresh_until + DNS_STALE_MAX < now) {
			drop(shard, link);
		} else {
			TAILQ_REMOVE(&shard->by_age, entry, age);
			TAILQ_INSERT_HEAD(&shard->by_age, entry, age);
			answer = dns_answer_ref(entry->answer);
		}
	}
	(void)pthread_mutex_unlock(&shard->lock);
	return answer;
}

void
dns_store_put(struct dns_store *store, const struct dns_key *key,
    struct dns_answer *answer)
{
	uint64_t hash = dns_store_hash(store, key);
	struct shard *shard = shard_of(store, hash);

	(void)pthread_mutex_lock(&shard->lock);
	struct entry **link = find(shard, key, hash);
	if (*link != NULL)
		drop(shard, link);
	add(shard, key, hash, dns_answer_ref(answer));
	make_room(shard);
	(void)pthread_mutex_unlock(&shard->lock);
}

void
dns_store_look(struct dns_store *store, struct dns_store_figures *ret)
{
	*ret = (struct dns_store_figures){ 0 };
	for (size_t i = 0; i < SHARDS; i++) {
		struct shard *shard = &store->shards[i];
		(void)pthread_mutex_lock(&shard->lock);
		ret->answers += shard->answers;
		ret->bytes += shard->bytes;
		(void)pthread_mutex_unlock(&shard->lock);
	}
}
