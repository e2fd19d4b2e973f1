/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/disk.h"

#include "base/must.h"
#include "cache/disk_impl.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* A log of so many segments loses a 64th of itself at a time. */
#define SEGMENTS          64
#define SEGMENTS_MIN      8
#define SEGMENT_BYTES_MIN ((uint64_t)64 << 10)
#define SEGMENT_BYTES_MAX ((uint64_t)CACHE_DISK_UNITS_MAX * CACHE_DISK_UNIT)
/* Half of the slots: one that is read for long is not needed again soon. */
#define SEGMENTS_MAX (CACHE_DISK_SEGMENTS_MAX / 2)

/* ---- jobs ---- */

static struct cache_job *
make_job(enum cache_job_kind kind, uint64_t hash)
{
	struct cache_job *job = calloc(1, sizeof(*job));

	if (job != NULL) {
		job->kind = kind;
		job->hash = hash;
	}
	return job;
}

/* With the lock. */
static void
add_job(struct cache_jobs *jobs, struct cache_job *job)
{
	if (jobs->last != NULL)
		jobs->last->next = job;
	else
		jobs->first = job;
	jobs->last = job;
	jobs->count++;
	(void)pthread_cond_signal(&jobs->more);
}

/* A purge of one key or object; they come from loops, which do not wait. */
static void
post_purge(struct cache_disk *disk, struct cache_job *job)
{
	bool room = false;

	if (job != NULL) {
		(void)pthread_mutex_lock(&disk->lock);
		room = disk->writes.count < CACHE_DISK_JOBS_MAX;
		if (room)
			add_job(&disk->writes, job);
		(void)pthread_mutex_unlock(&disk->lock);
	}
	if (room)
		return;
	cache_disk_fail(disk, job == NULL ? -ENOMEM : -ENOBUFS);
	free(job);
}

struct cache_job *
cache_job_take(struct cache_disk *disk, struct cache_jobs *jobs)
{
	(void)pthread_mutex_lock(&disk->lock);
	while (jobs->first == NULL && !disk->stopping)
		(void)pthread_cond_wait(&jobs->more, &disk->lock);
	struct cache_job *job = jobs->first;
	if (job != NULL) {
		jobs->first = job->next;
		jobs->count--;
		if (jobs->first == NULL)
			jobs->last = NULL;
	}
	(void)pthread_mutex_unlock(&disk->lock);
	return job;
}

void
cache_job_end(struct cache_disk *disk, struct cache_job *job)
{
	(void)pthread_mutex_lock(&disk->lock);
	if (job->object != NULL)
		disk->queued_bytes -= cache_object_charge(job->object);
	if (job->done != NULL) {
		*job->done = true;
		(void)pthread_cond_broadcast(&disk->done);
	}
	(void)pthread_mutex_unlock(&disk->lock);
	cache_object_unref(job->object);
	free(job);
}

/* Adds it to the writer's and waits. */
static void
do_job(struct cache_disk *disk, struct cache_job *job)
{
	bool done = false;

	job->done = &done;
	(void)pthread_mutex_lock(&disk->lock);
	add_job(&disk->writes, job);
	while (!done)
		(void)pthread_cond_wait(&disk->done, &disk->lock);
	(void)pthread_mutex_unlock(&disk->lock);
}

/* ---- failing ---- */

void
cache_disk_say(struct cache_disk *disk, enum cache_disk_event event, int error)
{
	if (disk->options.event != NULL)
		disk->options.event(disk->options.context, event, error);
}

/*
 * What is purged from now on is not written any more, so what is there must not
 * be found by the next start: without its file `log` it is not.
 */
void
cache_disk_fail(struct cache_disk *disk, int error)
{
	if (atomic_load(&disk->left) || atomic_exchange(&disk->failed, true))
		return;
	cache_index_clear(&disk->index);
	if (unlinkat(disk->dir_fd, CACHE_LOG_NAME, 0) < 0 &&
	    ftruncate(disk->log_fd, 0) < 0)
		error = -errno; /* it says more about what is to be done */
	cache_disk_say(disk, CACHE_DISK_FAILED, error);
}

/* ---- for the store ---- */

/* Of what is not written an older one must not come to light. */
static void
post_drop(struct cache_disk *disk, uint64_t hash, uint32_t variant)
{
	struct cache_job *job = make_job(CACHE_JOB_DROP, hash);

	(void)cache_index_remove(&disk->index, hash, variant, NULL);
	if (job != NULL)
		job->variant = variant;
	post_purge(disk, job);
}

static bool
queue_object(
    struct cache_disk *disk, struct cache_job *job, struct cache_object *object)
{
	uint64_t charge = cache_object_charge(object);
	bool room = false;

	(void)pthread_mutex_lock(&disk->lock);
	if (disk->queued_bytes + charge <= CACHE_DISK_QUEUE_BYTES_MAX) {
		room = true;
		job->object = cache_object_ref(object);
		disk->queued_bytes += charge;
		add_job(&disk->writes, job);
	}
	(void)pthread_mutex_unlock(&disk->lock);
	return room;
}

static uint32_t
variant_of(const struct cache_disk *disk, const struct cache_object *object)
{
	return cache_record_variant(&disk->hash_key, cache_object_key(object),
	    cache_object_vary(object));
}

void
cache_disk_put(
    struct cache_disk *disk, struct cache_object *object, uint64_t hash)
{
	uint32_t variant = variant_of(disk, object);
	struct cache_job *job = NULL;

	if (cache_disk_is_off(disk))
		return;
	(void)cache_index_remove(&disk->index, hash, variant, NULL);
	job = make_job(CACHE_JOB_OBJECT, hash);
	if (job != NULL && queue_object(disk, job, object))
		return;
	free(job);
	(void)atomic_fetch_add(&disk->skipped, 1);
	post_drop(disk, hash, variant);
}

void
cache_disk_drop(
    struct cache_disk *disk, const struct cache_object *object, uint64_t hash)
{
	if (!cache_disk_is_off(disk))
		post_drop(disk, hash, variant_of(disk, object));
}

void
cache_disk_forget_key(struct cache_disk *disk, uint64_t hash)
{
	(void)cache_index_remove(&disk->index, hash, CACHE_VARIANT_ANY, NULL);
}

void
cache_disk_purge_key(struct cache_disk *disk, uint64_t hash)
{
	if (!cache_disk_is_off(disk))
		post_purge(disk, make_job(CACHE_JOB_KEY, hash));
}

struct cache_disk_purge *
cache_disk_purge_begin(
    struct cache_disk *disk, enum cache_purge_kind kind, struct str what)
{
	struct cache_disk_purge *purge =
	    cache_disk_purge_add(&disk->purges, kind, what);

	if (purge == NULL)
		cache_disk_fail(disk, -ENOMEM);
	if (kind == CACHE_PURGE_ALL)
		cache_index_clear(&disk->index);
	return purge;
}

void
cache_disk_purge_end(struct cache_disk *disk, struct cache_disk_purge *purge)
{
	if (purge == NULL)
		return;
	struct cache_job *job = make_job(CACHE_JOB_PURGE, 0);
	if (job == NULL) {
		cache_disk_fail(disk, -ENOMEM);
		return;
	}
	job->purge = purge;
	do_job(disk, job);
}

bool
cache_disk_has(struct cache_disk *disk, uint64_t hash, struct str key,
    const struct str *vary)
{
	struct cache_place_on_disk place;
	uint32_t variant = CACHE_VARIANT_ANY;

	if (cache_disk_is_off(disk))
		return false;
	if (vary != NULL)
		variant = cache_record_variant(&disk->hash_key, key, *vary);
	return cache_index_find(&disk->index, hash, variant, &place, 1) > 0;
}

bool
cache_disk_load(struct cache_disk *disk, uint64_t hash, struct cache_lead *lead)
{
	struct cache_job *job = make_job(CACHE_JOB_LOAD, hash);

	if (job == NULL)
		return false;
	job->stamp = cache_stamp(disk->cache);
	job->lead = lead;
	(void)pthread_mutex_lock(&disk->lock);
	add_job(&disk->loads, job);
	(void)pthread_mutex_unlock(&disk->lock);
	return true;
}

static void
do_bare_job(struct cache *cache, enum cache_job_kind kind)
{
	struct cache_disk *disk = cache->disk;
	struct cache_job *job;

	if (disk == NULL || cache_disk_is_off(disk))
		return;
	job = make_job(kind, 0);
	if (job == NULL)
		cache_disk_fail(disk, -ENOMEM);
	else
		do_job(disk, job);
}

void
cache_disk_flush(struct cache *cache)
{
	do_bare_job(cache, CACHE_JOB_FLUSH);
}

void
cache_disk_leave(struct cache *cache)
{
	do_bare_job(cache, CACHE_JOB_LEAVE);
}

void
cache_disk_stats(struct cache *cache, struct cache_disk_stats *ret)
{
	struct cache_disk *disk = cache->disk;
	size_t index_bytes = 0;

	*ret = (struct cache_disk_stats){ .attached = disk != NULL };
	if (disk == NULL)
		return;
	ret->failed = atomic_load(&disk->failed);
	ret->objects = cache_index_count(&disk->index, &index_bytes);
	ret->index_bytes = index_bytes;
	ret->bytes_max = disk->options.bytes_max;
	ret->written = atomic_load(&disk->written);
	ret->skipped = atomic_load(&disk->skipped);
	ret->read = atomic_load(&disk->read);
	ret->damaged = atomic_load(&disk->damaged);
	(void)pthread_mutex_lock(&disk->files);
	for (size_t i = 0; i < CACHE_DISK_SEGMENTS_MAX; i++)
		ret->bytes += disk->segments[i].bytes;
	(void)pthread_mutex_unlock(&disk->files);
}

/* ---- life ---- */

/* The largest object of the store must find room in a segment, unless that
 * leaves too few of them. */
static uint64_t
choose_segment_bytes(const struct cache_disk *disk)
{
	uint64_t all = disk->options.bytes_max, bytes = all / SEGMENTS;
	uint64_t object = atomic_load(&disk->cache->object_bytes_max);

	if (disk->options.segment_bytes != 0)
		bytes = disk->options.segment_bytes;
	else if (bytes < object + object / 8)
		bytes = object + object / 8;
	if (bytes > all / SEGMENTS_MIN)
		bytes = all / SEGMENTS_MIN;
	if (bytes < SEGMENT_BYTES_MIN)
		bytes = SEGMENT_BYTES_MIN;
	return bytes < SEGMENT_BYTES_MAX ? bytes : SEGMENT_BYTES_MAX;
}

static void
choose_sizes(struct cache_disk *disk)
{
	uint64_t bytes = choose_segment_bytes(disk);
	uint64_t count = disk->options.bytes_max / bytes;

	disk->segment_bytes = bytes;
	/* One more is there for a moment, while the first is emptied. */
	disk->segments_max =
	    count - 1 < SEGMENTS_MAX ? (unsigned)count - 1 : SEGMENTS_MAX;
}

static void
init(struct cache_disk *disk)
{
	(void)pthread_mutex_init(&disk->lock, NULL);
	(void)pthread_mutex_init(&disk->files, NULL);
	(void)pthread_cond_init(&disk->writes.more, NULL);
	(void)pthread_cond_init(&disk->loads.more, NULL);
	(void)pthread_cond_init(&disk->done, NULL);
	cache_index_init(&disk->index);
	cache_disk_purges_init(&disk->purges);
}

static void
close_segments(struct cache_disk *disk)
{
	for (size_t i = 0; i < CACHE_DISK_SEGMENTS_MAX; i++)
		if (disk->segments[i].number != 0)
			(void)close(disk->segments[i].fd);
}

static void
fini(struct cache_disk *disk)
{
	close_segments(disk);
	if (disk->log_fd >= 0)
		(void)close(disk->log_fd);
	free(disk->entries.items);
	cache_index_fini(&disk->index);
	cache_disk_purges_fini(&disk->purges);
	(void)pthread_cond_destroy(&disk->done);
	(void)pthread_cond_destroy(&disk->loads.more);
	(void)pthread_cond_destroy(&disk->writes.more);
	(void)pthread_mutex_destroy(&disk->files);
	(void)pthread_mutex_destroy(&disk->lock);
	free(disk);
}

/* Signals are for the thread that creates these. */
static int
start_threads(struct cache_disk *disk)
{
	sigset_t all, before;
	int rc = 0;

	(void)sigfillset(&all);
	(void)sigdelset(&all, SIGSYS); /* daemon/refusal's */
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = -pthread_create(&disk->writer, NULL, cache_disk_write_run, disk);
	disk->writes_run = rc == 0;
	while (rc == 0 && disk->threads < CACHE_DISK_READERS) {
		rc = -pthread_create(&disk->readers[disk->threads], NULL,
		    cache_disk_read_run, disk);
		if (rc == 0)
			disk->threads++;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

static void
stop_threads(struct cache_disk *disk)
{
	(void)pthread_mutex_lock(&disk->lock);
	disk->stopping = true;
	(void)pthread_cond_broadcast(&disk->loads.more);
	(void)pthread_cond_broadcast(&disk->writes.more);
	(void)pthread_mutex_unlock(&disk->lock);
	for (unsigned i = 0; i < disk->threads; i++)
		(void)pthread_join(disk->readers[i], NULL);
	if (disk->writes_run)
		(void)pthread_join(disk->writer, NULL);
}

/* What was queued is written, and the last segment sealed. */
void
cache_disk_close(struct cache_disk **disk)
{
	struct cache_disk *d = *disk;

	if (d == NULL)
		return;
	stop_threads(d); /* which read the pointer */
	*disk = NULL;
	fini(d);
}

int
cache_disk_attach(
    struct cache *cache, int dir_fd, const struct cache_disk_options *options)
{
	must(cache->disk == NULL);
	if (options->bytes_max < CACHE_DISK_BYTES_MIN)
		return -EINVAL;
	struct cache_disk *disk = aligned_alloc(64, sizeof(*disk));
	if (disk == NULL)
		return -ENOMEM;
	memset(disk, 0, sizeof(*disk));
	disk->cache = cache;
	disk->options = *options;
	disk->dir_fd = dir_fd;
	disk->log_fd = -1;
	init(disk);
	choose_sizes(disk);
	int rc = cache_disk_start(disk);
	if (rc < 0) {
		fini(disk);
		return rc;
	}
	/* One hash for both: a look-up computes it once. */
	cache->hash_key = disk->hash_key;
	cache->disk = disk;
	rc = start_threads(disk);
	if (rc < 0)
		cache_disk_close(&cache->disk);
	return rc;
}
