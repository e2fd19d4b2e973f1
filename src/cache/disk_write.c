/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/disk_write: the thread that writes.
 */
#include "cache/disk_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* Other files may take our room: older segments give theirs. */
static int
append(struct cache_disk *disk, struct cache_record *record,
    const struct iovec *body, size_t count, struct cache_position *ret)
{
	int rc = cache_segment_append(disk, record, body, count, ret);

	while (rc == -ENOSPC && disk->used_segments > (disk->sealed ? 0 : 1)) {
		rc = cache_segment_drop_first(disk, false);
		if (rc == 0)
			rc = cache_segment_append(
			    disk, record, body, count, ret);
	}
	return rc;
}

static size_t
spans_of(const struct cache_body *body, struct iovec **ret)
{
	size_t room = (size_t)(cache_body_bytes(body) / CACHE_BLOCK_BYTES) + 5;
	struct iovec *spans = calloc(room, sizeof(*spans));

	*ret = spans;
	return spans == NULL
		   ? 0
		   : cache_body_spans(body, 0, UINT64_MAX, spans, room);
}

struct writing {
	struct cache_disk *disk;
	const struct cache_job *job;
};

/* Not if it was purged or dropped while it was waiting here. */
static bool
may_be_found(void *context)
{
	const struct writing *writing = context;
	const struct cache_job *job = writing->job;

	return !cache_object_is_dropped(job->object) &&
	       !cache_purges_forbid(
		   &writing->disk->cache->purges, job->object, job->hash);
}

static int
write_object(struct cache_disk *disk, const struct cache_job *job)
{
	struct writing writing = { disk, job };
	const struct cache_body *body = cache_object_body(job->object);
	struct cache_record *record;
	struct cache_position at;
	struct iovec *spans = NULL;

	if (cache_object_is_dropped(job->object))
		return 0; /* its own record will say so */
	if (!may_be_found(&writing))
		return -ESTALE;
	record =
	    cache_record_of_object(job->object, job->hash, &disk->hash_key);
	size_t count = spans_of(body, &spans);
	int rc = record == NULL || spans == NULL ? -ENOMEM : 0;
	if (rc == 0)
		rc = append(disk, record, spans, count, &at);
	if (rc == 0) {
		struct cache_place_on_disk place =
		    cache_place_at(at, record->head_bytes + record->body_bytes);
		rc = cache_index_put(&disk->index, job->hash, record->variant,
		    &place, may_be_found, &writing);
		(void)atomic_fetch_add(&disk->written, 1);
	}
	free(record);
	free(spans);
	return rc;
}

/* A purge: in the log, and its place in the file `log`. */
static int
write_purge(struct cache_disk *disk, enum cache_record_kind kind,
    const struct cache_job *job, struct cache_position *ret)
{
	const struct cache_disk_purge *purge = job->purge;
	struct cache_record *record = cache_record_of_purge(kind, job->hash,
	    job->variant, purge != NULL ? purge->kind : 0,
	    purge != NULL ? purge->what : STR(""));

	if (record == NULL)
		return -ENOMEM;
	int rc = append(disk, record, NULL, 0, ret);
	free(record);
	return rc < 0 ? rc : cache_log_write(disk, *ret);
}

static int
sync_all(struct cache_disk *disk)
{
	int fd = disk->segments[cache_slot_of(disk->last_number)].fd;

	if (disk->used_segments > 0 && fdatasync(fd) < 0)
		return -errno;
	return fdatasync(disk->log_fd) < 0 ? -errno : 0;
}

/*
 * What is too large is not kept, and nor is what it replaced.  The same of what
 * was purged while it waited here: it may be a purge of another key that is
 * taken for one of this (cache/purge), and that leaves no record of its own.
 */
static int
do_object(struct cache_disk *disk, const struct cache_job *job)
{
	struct cache_job drop = { .hash = job->hash };
	struct cache_position at;
	int rc = write_object(disk, job);

	if (rc != -EFBIG && rc != -ENOMEM && rc != -ESTALE)
		return rc;
	(void)atomic_fetch_add(&disk->skipped, 1);
	drop.variant = cache_record_variant(&disk->hash_key,
	    cache_object_key(job->object), cache_object_vary(job->object));
	return write_purge(disk, CACHE_RECORD_DROP, &drop, &at);
}

static int
do_purge(struct cache_disk *disk, const struct cache_job *job)
{
	struct cache_position at;
	int rc = write_purge(disk, CACHE_RECORD_PURGE, job, &at);

	if (rc == 0)
		rc = sync_all(disk);
	/* If not, it stays of all that is there. */
	if (rc == 0)
		cache_disk_purge_place(&disk->purges, job->purge, at);
	return rc;
}

static int
seal_last(struct cache_disk *disk)
{
	if (disk->used_segments == 0 || disk->sealed)
		return 0;
	int rc = cache_segment_seal(disk);
	return rc < 0 ? rc : sync_all(disk);
}

static int
leave(struct cache_disk *disk)
{
	int rc = seal_last(disk);

	if (rc < 0)
		return rc;
	atomic_store(&disk->left, true);
	return flock(disk->log_fd, LOCK_UN) < 0 ? -errno : 0;
}

static int
do_write(struct cache_disk *disk, const struct cache_job *job)
{
	struct cache_position at;

	switch (job->kind) {
	case CACHE_JOB_OBJECT:
		return do_object(disk, job);
	case CACHE_JOB_KEY:
		/* What stood in the queue before it as well. */
		(void)cache_index_remove(
		    &disk->index, job->hash, CACHE_VARIANT_ANY, NULL);
		return write_purge(disk, CACHE_RECORD_KEY, job, &at);
	case CACHE_JOB_DROP:
		(void)cache_index_remove(
		    &disk->index, job->hash, job->variant, NULL);
		return write_purge(disk, CACHE_RECORD_DROP, job, &at);
	case CACHE_JOB_PURGE:
		return do_purge(disk, job);
	case CACHE_JOB_FLUSH:
		return sync_all(disk);
	case CACHE_JOB_LEAVE:
		return leave(disk);
	case CACHE_JOB_LOAD:
		break;
	}
	return 0;
}

static void
end_log(struct cache_disk *disk)
{
	int rc = cache_disk_is_off(disk) ? 0 : seal_last(disk);

	if (rc < 0)
		cache_disk_fail(disk, rc);
}

void *
cache_disk_write_run(void *context)
{
	struct cache_disk *disk = context;
	struct cache_user user;
	struct cache_job *job;

	cache_enter(disk->cache, &user); /* it asks for purges */
	cache_sleep(&user);
	while ((job = cache_job_take(disk, &disk->writes)) != NULL) {
		cache_wake(&user);
		int rc = cache_disk_is_off(disk) ? 0 : do_write(disk, job);
		if (rc < 0)
			cache_disk_fail(disk, rc);
		/* Its room is for others. */
		if (atomic_load(&disk->failed))
			cache_segment_drop_all(disk);
		cache_job_end(disk, job);
		cache_sleep(&user);
	}
	cache_leave(&user);
	end_log(disk);
	return NULL;
}
