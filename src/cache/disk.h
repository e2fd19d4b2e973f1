/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/disk: what the store keeps beyond its memory, and a restart.
 *
 * A log in one directory: segments are written from their beginning to their
 * end and then never again; the oldest one is dropped when there is no more
 * room, and what was asked for of it is written anew.
 *
 *	objects, as they become whole ---> [ seg 8 ][ seg 9 ][ seg 10 > ]
 *	purges, as they are made      --->     ^ dropped first
 *
 * Nothing wrong is ever served: each record has a checksum that also covers the
 * place where it must stand, each 64 KiB of a body has its own, and all are
 * looked at when they are read, before a byte is given to anyone.  A purge is a
 * record as well, and whatever might hide one (a segment that is missing, or
 * cannot be read through) throws away all that is older.
 *
 * Crash.  kill -9 loses what was waiting to be written; what was torn is cut
 * off.  A sealed segment ends in a list of its records, so a start reads 24
 * bytes an object; only the last one is walked through.  Purges by prefix, host
 * and tag have reached the disk when cache_purge returns; those of one key
 * after cache_disk_flush, or soon.
 *
 * Threads.  One writes, CACHE_DISK_READERS read; a loop never waits for them.
 * What is read goes into the memory store, piece by piece as it is checked, and
 * is sent from there.  (Threads and not io_uring: a sandbox forbids that, and
 * the reads that count are few and large.)
 *
 * Memory: 12 bytes for each record in tables that are at least 65 % full, so at
 * most 18.5 an object.
 *
 * A disk that is full or fails is left alone from then on: the store is as it
 * is without one, the next start begins with an empty log, and the event says
 * so.
 */
#ifndef GATEHOUSE_CACHE_DISK_H
#define GATEHOUSE_CACHE_DISK_H

#include "cache/store.h"

#define CACHE_DISK_READERS 4

/* Objects on their way to the disk hold memory; what is too much is not
 * written at all. */
#define CACHE_DISK_QUEUE_BYTES_MAX ((uint64_t)32 << 20)

/* Purges on their way there are not left out: when a disk is so slow that as
 * many wait for it, it counts as failed. */
#define CACHE_DISK_JOBS_MAX 262144

/* Less would be a log of nothing but beginnings and ends. */
#define CACHE_DISK_BYTES_MIN ((uint64_t)1 << 20)

enum cache_disk_event {
	CACHE_DISK_EMPTIED, /* at the start: what was there cannot be trusted */
	CACHE_DISK_DAMAGED, /* a record was not as it was written */
	CACHE_DISK_FAILED, /* memory only from here on; with a negative errno */
};

struct cache_disk_options {
	uint64_t bytes_max; /* of all files together; 512 GiB at most */
	/* Any thread, with locks of the cache, which it must not call; NULL:
	 * nobody is told. */
	void (*event)(void *context, enum cache_disk_event event, int error);
	void *context;
	uint64_t segment_bytes; /* for tests; 0: what suits bytes_max */
};

/*
 * Before any thread uses the cache, whose disk it becomes; dir_fd stays the
 * caller's, and open until cache_destroy.  Reads what is there.  0, or a
 * negative errno: -EBUSY if another process has the directory, -EINVAL below
 * CACHE_DISK_BYTES_MIN.
 */
int cache_disk_attach(
    struct cache *cache, int dir_fd, const struct cache_disk_options *options);

/* Until all that was put and purged before is on the disk.  Not from a loop. */
void cache_disk_flush(struct cache *cache);

/*
 * The same, and then another process may have the directory: nothing more is
 * written there or looked for; what is just being read is.
 */
void cache_disk_leave(struct cache *cache);

struct cache_disk_stats {
	bool attached, failed;
	uint64_t objects, bytes, bytes_max;
	uint64_t index_bytes; /* of memory */
	uint64_t written, skipped, read, damaged;
};
void cache_disk_stats(struct cache *cache, struct cache_disk_stats *ret);

#endif
