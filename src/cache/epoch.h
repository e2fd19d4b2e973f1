/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/epoch: when what was taken out of a table may be freed.
 *
 * Readers take no lock, so memory that was unlinked may still be looked at.
 * Time is counted in epochs: unlinking begins a new one, and each reader says
 * once a round which epoch it saw last while it held nothing.  What was
 * unlinked at the beginning of epoch n is free when all who are awake have seen
 * n (quiescent states; McKenney's RCU).
 *
 * Why not liburcu: it needs 12 ns less for a rest and gives nothing else here,
 * but its barriers are assembler, which the thread sanitizer cannot see, and
 * a table without a lock that no sanitizer has seen is not to be trusted.
 *
 * A seat is on a cache line of its own, written by one thread, and only if the
 * epoch has changed.
 */
#ifndef GATEHOUSE_CACHE_EPOCH_H
#define GATEHOUSE_CACHE_EPOCH_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Loops, the threads of the disk and the one that purges. */
#define CACHE_SEATS_MAX 160

struct cache_seat {
	_Alignas(64) _Atomic uint64_t seen; /* 0: asleep, or nobody's */
	_Atomic uint64_t finds, found;      /* counted by the seat's thread */
	bool taken;
};

struct cache_epoch {
	_Alignas(64) _Atomic uint64_t now; /* from 1 on */
	pthread_mutex_t lock;              /* of `taken` */
	_Atomic unsigned used;             /* no seat from here on was taken */
	struct cache_seat seats[CACHE_SEATS_MAX];
};

void cache_epoch_init(struct cache_epoch *epoch);
void cache_epoch_fini(struct cache_epoch *epoch);

/* The caller is awake. */
struct cache_seat *cache_epoch_sit(struct cache_epoch *epoch);
void cache_epoch_stand(struct cache_epoch *epoch, struct cache_seat *seat);

void cache_epoch_sleep(struct cache_seat *seat);
void cache_epoch_wake(struct cache_epoch *epoch, struct cache_seat *seat);

static inline void
cache_epoch_rest(const struct cache_epoch *epoch, struct cache_seat *seat)
{
	uint64_t now = atomic_load_explicit(&epoch->now, memory_order_acquire);

	if (atomic_load_explicit(&seat->seen, memory_order_relaxed) != now)
		atomic_store_explicit(&seat->seen, now, memory_order_release);
}

/* After something was unlinked: the epoch that all must have seen. */
uint64_t cache_epoch_next(struct cache_epoch *epoch);

/* What all who are awake have seen. */
uint64_t cache_epoch_seen(const struct cache_epoch *epoch);

/* What waits for its epoch, oldest first; the caller has a lock for it. */
struct cache_retired {
	struct cache_retired *next;
	uint64_t epoch;
};

struct cache_retired_list {
	struct cache_retired *first, *last;
};

void cache_retire(struct cache_epoch *epoch, struct cache_retired_list *list,
    struct cache_retired *item);

/* Takes the first off if its epoch has been seen, else NULL. */
struct cache_retired *cache_retired_take(
    struct cache_retired_list *list, uint64_t seen);

#endif
