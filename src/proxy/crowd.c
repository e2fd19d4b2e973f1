/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/crowd.h"

#include "base/clock.h"
#include "event/counter.h"
#include "event/event.h"
#include "proxy/limiter.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define SHARDS        64 /* powers of two */
#define SHARD_BUCKETS 256

#define TELL_EVERY (60 * CLOCK_SECOND)

struct crowd_source {
	struct crowd_source *next;
	struct crowd *crowd;
	struct shard *shard;
	struct address address;
	size_t count; /* places; at 0 it is forgotten */
};

struct shard {
	pthread_mutex_t lock;
	struct crowd_source *buckets[SHARD_BUCKETS];
};

struct crowd {
	const char *words;
	size_t places;
	_Atomic size_t taken;
	_Atomic int64_t told; /* clock_now; 0: never */
	struct shard shards[SHARDS];
};

struct crowd *
crowd_create(size_t places, const char *words)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	if (crowd == NULL)
		return NULL;
	crowd->places = places;
	crowd->words = words;
	for (size_t i = 0; i < SHARDS; i++)
		(void)pthread_mutex_init(&crowd->shards[i].lock, NULL);
	return crowd;
}

void
crowd_destroy(struct crowd *crowd)
{
	if (crowd == NULL)
		return;
	for (size_t i = 0; i < SHARDS; i++)
		(void)pthread_mutex_destroy(&crowd->shards[i].lock);
	free(crowd);
}

/* ---- a source; under its shard's lock ---- */

static uint64_t
hash_of(struct address source)
{
	struct str bytes = { (const char *)source.bytes, sizeof(source.bytes) };

	return str_hash(bytes, source.family);
}

/* Where it is, or its bucket's end. */
static struct crowd_source **
find(struct shard *shard, struct address address)
{
	struct crowd_source **link =
	    &shard->buckets[hash_of(address) / SHARDS % SHARD_BUCKETS];

	while (*link != NULL && !address_eq((*link)->address, address))
		link = &(*link)->next;
	return link;
}

static struct crowd_source *
add(struct crowd *crowd, struct shard *shard, struct address address)
{
	struct crowd_source **link = find(shard, address);

	if (*link != NULL)
		return *link;
	struct crowd_source *fresh = calloc(1, sizeof(*fresh));
	if (fresh == NULL)
		return NULL;
	fresh->crowd = crowd;
	fresh->shard = shard;
	fresh->address = address;
	*link = fresh;
	return fresh;
}

static void
forget_if_gone(struct crowd_source *source)
{
	struct crowd_source **link = find(source->shard, source->address);

	if (source->count > 0)
		return;
	*link = source->next;
	free(source);
}

/* ---- places ---- */

/* Others enter meanwhile, so what is free is asked and taken in one step. */
static bool
take_place(struct crowd *crowd, const struct crowd_source *source, bool trusted)
{
	size_t taken = atomic_load(&crowd->taken);

	do {
		if (taken >= crowd->places ||
		    (!trusted && source->count >= crowd->places - taken))
			return false;
	} while (
	    !atomic_compare_exchange_weak(&crowd->taken, &taken, taken + 1));
	return true;
}

/* A crowd of sources must not be a crowd of events. */
static void
tell_refused(struct crowd *crowd, struct address source)
{
	int64_t now = clock_now(), told = atomic_load(&crowd->told);
	struct event event = {
		.enforcer = "proxy",
		.verdict = "drop",
		.source = { source, 0 },
		.reason = crowd->words,
	};

	counter_add(COUNTER_CONNECTIONS_SHED, 1);
	if ((told == 0 || now - told >= TELL_EVERY) &&
	    atomic_compare_exchange_strong(&crowd->told, &told, now))
		event_emit(&event);
}

struct crowd_source *
crowd_enter(struct crowd *crowd, struct address address, bool trusted)
{
	struct address counted = limiter_source(address);
	struct shard *shard = &crowd->shards[hash_of(counted) % SHARDS];

	(void)pthread_mutex_lock(&shard->lock);
	struct crowd_source *source = add(crowd, shard, counted);
	bool entered = source != NULL && take_place(crowd, source, trusted);
	if (entered)
		source->count++;
	else if (source != NULL)
		forget_if_gone(source);
	(void)pthread_mutex_unlock(&shard->lock);
	if (entered)
		return source;
	tell_refused(crowd, address);
	return NULL;
}

void
crowd_leave(struct crowd_source *source)
{
	if (source == NULL)
		return;
	struct shard *shard = source->shard;
	(void)pthread_mutex_lock(&shard->lock);
	(void)atomic_fetch_sub(&source->crowd->taken, 1);
	source->count--;
	forget_if_gone(source);
	(void)pthread_mutex_unlock(&shard->lock);
}

size_t
crowd_count(struct crowd *crowd)
{
	return atomic_load(&crowd->taken);
}
