/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/disk: what its own files share.
 *
 *	disk		attaching, jobs and threads, failing
 *	disk_segment	segments: writing to the last, sealing it
 *	disk_drop	dropping the first
 *	disk_file	bytes of files
 *	disk_start	what is there when the program starts
 *	disk_write	the thread that writes: objects and purges
 *	disk_read	the threads that read
 *	disk_purges	purges that are of records written before them
 *	disk_index, disk_record
 *
 * Locks: `lock` is of the jobs; `files` of segments and floor; purges and index
 * have their own, and with those no other is taken.  Jobs are added with the
 * lock of a shard of the store, an entry of the index removed with that or the
 * lock of the store's purges.  Only the writing thread (and the start)
 * changes segments.
 */
#ifndef GATEHOUSE_CACHE_DISK_IMPL_H
#define GATEHOUSE_CACHE_DISK_IMPL_H

#include "cache/disk.h"

#include "cache/disk_index.h"
#include "cache/disk_record.h"
#include "cache/store_impl.h"

#define CACHE_LOG_NAME "log"

/* A place in the log; what is less was written before. */
struct cache_position {
	uint64_t number; /* of the segment */
	uint64_t offset;
};

static inline bool
cache_is_before(struct cache_position a, struct cache_position b)
{
	return a.number != b.number ? a.number < b.number : a.offset < b.offset;
}

/* ---- segments ---- */

struct cache_segment {
	uint64_t number; /* 0: no segment is in this slot */
	uint64_t bytes;
	int fd;
	unsigned readers; /* under way; the file stays open for them */
	bool dropped;
};

struct cache_segment_entries {
	struct cache_segment_entry *items;
	size_t count, room;
};

/* ---- purges (cache/disk_purges) ---- */

/* Beyond it the oldest become one purge of all that is older. */
#define CACHE_DISK_PURGES_MAX 4096

struct cache_disk_purge {
	struct cache_disk_purge *next; /* an older one */
	/* Records before it are purged; number UINT64_MAX until it has its own
	 * record: then all are. */
	struct cache_position at;
	enum cache_purge_kind kind;
	struct str what; /* lies behind the struct */
};

struct cache_disk_purges {
	pthread_mutex_t lock;
	struct cache_disk_purge *newest;
	size_t count;
	struct cache_position floor; /* all before it is purged */
};

void cache_disk_purges_init(struct cache_disk_purges *purges);
void cache_disk_purges_fini(struct cache_disk_purges *purges);

/* Of all that is on the disk now, until cache_disk_purge_place.  NULL: no
 * memory. */
struct cache_disk_purge *cache_disk_purge_add(struct cache_disk_purges *purges,
    enum cache_purge_kind kind, struct str what);
void cache_disk_purge_place(struct cache_disk_purges *purges,
    struct cache_disk_purge *purge, struct cache_position at);

/* All before it. */
void cache_disk_purges_raise(
    struct cache_disk_purges *purges, struct cache_position floor);

/* No record is older than this any more. */
void cache_disk_purges_expire(
    struct cache_disk_purges *purges, uint64_t oldest_number);

bool cache_disk_purges_cover(struct cache_disk_purges *purges,
    struct cache_position at, struct str key, struct str tags);

/* ---- jobs ---- */

enum cache_job_kind {
	CACHE_JOB_OBJECT,
	CACHE_JOB_KEY,
	CACHE_JOB_DROP,
	CACHE_JOB_PURGE,
	CACHE_JOB_FLUSH,
	CACHE_JOB_LEAVE,
	CACHE_JOB_LOAD, /* for a reader */
};

struct cache_job {
	struct cache_job *next;
	enum cache_job_kind kind;
	uint64_t hash;
	uint32_t variant;
	uint32_t stamp;                 /* LOAD */
	struct cache_object *object;    /* OBJECT: a reference */
	struct cache_disk_purge *purge; /* PURGE */
	struct cache_lead *lead;        /* LOAD */
	bool *done; /* PURGE, FLUSH: somebody waits for it, or NULL */
};

struct cache_jobs {
	struct cache_job *first, *last;
	size_t count;
	pthread_cond_t more;
};

/* ---- the disk ---- */

struct cache_disk {
	struct cache_index index;
	struct cache *cache;
	struct cache_disk_options options;
	int dir_fd, log_fd;
	struct cache_hash_key hash_key;
	uint64_t segment_bytes;
	unsigned segments_max;
	struct cache_disk_purges purges;

	pthread_mutex_t lock; /* of what follows */
	struct cache_jobs writes, loads;
	pthread_cond_t done;
	uint64_t queued_bytes;
	_Atomic bool stopping; /* set with the lock */
	_Atomic bool failed;
	_Atomic bool left; /* it is another's */

	pthread_mutex_t files; /* of what follows */
	struct cache_segment segments[CACHE_DISK_SEGMENTS_MAX];
	uint64_t first_number, last_number; /* last 0: none */

	/* The writing thread's. */
	struct cache_segment_entries entries; /* of the last segment */
	bool sealed;                          /* it is */
	unsigned used_segments;

	_Atomic uint64_t written, skipped, read, damaged;
	_Atomic unsigned read_errors; /* one after another */
	pthread_t writer, readers[CACHE_DISK_READERS];
	unsigned threads; /* readers that run */
	bool writes_run;
};

static inline uint16_t
cache_slot_of(uint64_t number)
{
	return (uint16_t)(number % CACHE_DISK_SEGMENTS_MAX);
}

void cache_disk_say(
    struct cache_disk *disk, enum cache_disk_event event, int error);

/* Memory only from here on. */
void cache_disk_fail(struct cache_disk *disk, int error);

/* Nothing is written or looked for any more. */
static inline bool
cache_disk_is_off(const struct cache_disk *disk)
{
	return atomic_load(&disk->failed) || atomic_load(&disk->left);
}

/* ---- disk_segment ---- */

/* Opens a new last segment.  0 or a negative errno. */
int cache_segment_begin(struct cache_disk *disk);

/* The last one is full, or the program ends. */
int cache_segment_seal(struct cache_disk *disk);

/*
 * Writes a record behind the last, with its check; the body is of `count`
 * spans.  0 and its place; -EFBIG: larger than a segment; else the error of the
 * file.
 */
int cache_segment_append(struct cache_disk *disk, struct cache_record *head,
    const struct iovec *body, size_t count, struct cache_position *ret);

/* The first goes; what was asked for of it may be written anew, into a last
 * one that has just begun. */
int cache_segment_drop_first(struct cache_disk *disk, bool keep_used);

/* All go, and what is known of them. */
void cache_segment_drop_all(struct cache_disk *disk);

/* For reading: its descriptor and number, which may be another one's by now;
 * then to be let go of.  -ENOENT. */
int cache_segment_hold(
    struct cache_disk *disk, uint16_t slot, uint64_t *ret_number);
void cache_segment_let_go(struct cache_disk *disk, uint16_t slot);

/* How many entries it says to have; 0: it is not sealed. */
size_t cache_segment_count_entries(int fd, uint64_t number);

/* Entries of a sealed segment, or -EINVAL. */
int cache_segment_read_entries(
    int fd, uint64_t number, struct cache_segment_entries *ret);

/* A segment that was dropped, if nobody reads it; with the lock of files. */
void cache_segment_close_unused(struct cache_segment *segment);

/* That it may be gone already is fine: nothing is told. */
void cache_segment_unlink(struct cache_disk *disk, uint64_t number);
/* Its file, in the folder of the cache. */
void cache_segment_name(uint64_t number, char ret[static 32]);

/* Where a record stands, as the index has it. */
struct cache_place_on_disk cache_place_at(
    struct cache_position at, uint64_t bytes);

/*
 * The record at a place, of which `most` bytes are read at first into room for
 * at least sizeof(struct cache_record), then all of its head.  It is good, and
 * for free().  0; -EINVAL: it is not; -ENOMEM; else the error of the file.
 * *ret_got: how many bytes of head and body there are.
 */
int cache_record_read(int fd, struct cache_position at, size_t most,
    struct cache_record **ret, size_t *ret_got);

/* All of it, or a negative errno (-EIO at the end of the file). */
int cache_read_at(int fd, void *to, size_t count, uint64_t offset);
int cache_write_at(int fd, const void *from, size_t count, uint64_t offset);

/* The file `log`.  0 or a negative errno. */
int cache_log_write(struct cache_disk *disk, struct cache_position purge);

/* ---- the threads ---- */

int cache_disk_start(struct cache_disk *disk); /* disk_start */
void *cache_disk_write_run(void *context);     /* struct cache_disk */
void *cache_disk_read_run(void *context);

/* The next job, waiting for one; NULL: it is over, and all are done. */
struct cache_job *cache_job_take(
    struct cache_disk *disk, struct cache_jobs *jobs);

/* One job is done: frees it and tells who waits. */
void cache_job_end(struct cache_disk *disk, struct cache_job *job);

/* ---- for the store ---- */

void cache_disk_close(struct cache_disk **disk);

/* A whole object, with the lock of its shard. */
void cache_disk_put(
    struct cache_disk *disk, struct cache_object *object, uint64_t hash);
void cache_disk_drop(
    struct cache_disk *disk, const struct cache_object *object, uint64_t hash);

/* All of one URL, in the index: when it is forbidden, and before the purge
 * counts. */
void cache_disk_forget_key(struct cache_disk *disk, uint64_t hash);
/* Then in the log, with the lock of the shard. */
void cache_disk_purge_key(struct cache_disk *disk, uint64_t hash);

/* Before it counts as purged, and after all was walked through; waits until it
 * is written.  NULL is fine. */
struct cache_disk_purge *cache_disk_purge_begin(
    struct cache_disk *disk, enum cache_purge_kind kind, struct str what);
void cache_disk_purge_end(
    struct cache_disk *disk, struct cache_disk_purge *purge);

/* Whether there may be an object on the disk; vary NULL: any. */
bool cache_disk_has(struct cache_disk *disk, uint64_t hash, struct str key,
    const struct str *vary);

/* Reads what there is into memory and ends the lead.  false: no memory, and the
 * lead is as before.  With the lock of the shard. */
bool cache_disk_load(
    struct cache_disk *disk, uint64_t hash, struct cache_lead *lead);

#endif
