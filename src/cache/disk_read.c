/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/disk_read: the threads that read.
 *
 * A job is a URL: all that the index has under its hash comes into memory, the
 * newest in front.  Of a single one those who wait are called when its head is
 * there, and follow the body as it is read and checked.
 */
#include "cache/disk_impl.h"

#include <errno.h>
#include <stdlib.h>

/* Read at first: by far the most are in memory after one read. */
#define FIRST_BYTES ((size_t)256 << 10)

/* So many failures to read, one after another, are a disk that fails. */
#define ERRORS_MAX 16

struct reading {
	struct cache_disk *disk;
	struct cache_user user;
	struct cache_job *job;
	struct cache_place_on_disk place;
	struct cache_position at;
	int fd;
	struct cache_record *record;
	size_t got; /* of its bytes */
	char block[CACHE_DISK_BLOCK];
};

/* ---- what is not as it should be ---- */

/* It may have been dropped or replaced since it was found; if not, it is
 * damaged. */
static void
forget(struct reading *r, bool damaged)
{
	struct cache_disk *disk = r->disk;
	size_t gone = cache_index_remove(
	    &disk->index, r->job->hash, CACHE_VARIANT_ANY, &r->place);

	if (gone == 0 || !damaged)
		return;
	(void)atomic_fetch_add(&disk->damaged, 1);
	cache_disk_say(disk, CACHE_DISK_DAMAGED, 0);
}

static void
note(struct reading *r, int rc)
{
	if (rc == 0)
		atomic_store(&r->disk->read_errors, 0);
	else if (rc == -EIO &&
		 atomic_fetch_add(&r->disk->read_errors, 1) + 1 >= ERRORS_MAX)
		cache_disk_fail(r->disk, rc);
}

/* ---- a body ---- */

/* A block of it, from what was read at first or from the file. */
static int
get_block(struct reading *r, uint64_t from, size_t len, const char **ret)
{
	uint64_t at = r->record->head_bytes + from;

	if (at + len <= r->got) {
		*ret = (char *)r->record + at;
		return 0;
	}
	*ret = r->block;
	return cache_read_at(r->fd, r->block, len, r->at.offset + at);
}

static int
read_body(struct reading *r, struct cache_body *body)
{
	uint64_t length = r->record->body_bytes;
	const char *block;
	int rc = 0;

	for (uint64_t from = 0; from < length && rc == 0;) {
		size_t len = length - from < CACHE_DISK_BLOCK
				 ? (size_t)(length - from)
				 : CACHE_DISK_BLOCK;
		rc = get_block(r, from, len, &block);
		if (rc == 0 && cache_block_sum((struct str){ block, len }) !=
				   cache_record_sum(r->record,
				       (size_t)(from / CACHE_DISK_BLOCK)))
			rc = -EINVAL;
		if (rc == 0)
			rc =
			    cache_body_append(body, (struct str){ block, len });
		from += len;
	}
	if (rc == 0)
		cache_body_end(body);
	else
		cache_body_break(body);
	return rc;
}

/* ---- an object ---- */

static int
make_object(struct reading *r, struct cache_object **ret)
{
	struct cache_record_texts texts = cache_record_texts(r->record);
	struct cache_parts parts = {
		.key = texts.key,
		.vary = texts.vary,
		.head = texts.head,
		.tags = texts.tags,
		.meta = r->record->meta,
		.stamp = r->job->stamp,
		.length = (int64_t)r->record->body_bytes,
	};
	int rc = cache_record_is_sound(r->record)
		     ? cache_object_create(&parts, ret)
		     : -EINVAL;

	if (rc == 0)
		(*ret)->flags |= CACHE_OBJECT_STORED;
	return rc;
}

/* Whether it is still there: else its purges may have been forgotten. */
static bool
is_dropped(struct reading *r)
{
	(void)pthread_mutex_lock(&r->disk->files);
	bool dropped = r->disk->segments[r->place.slot].dropped;
	(void)pthread_mutex_unlock(&r->disk->files);
	return dropped;
}

/* In this order. */
static bool
is_purged(struct reading *r)
{
	struct cache_record_texts texts = cache_record_texts(r->record);

	return cache_disk_purges_cover(
		   &r->disk->purges, r->at, texts.key, texts.tags) ||
	       is_dropped(r);
}

/* A body that is all there is checked before the object is to be found; a long
 * one is followed. */
static int
put_object(struct reading *r, bool alone)
{
	struct cache_object *object;
	int rc = make_object(r, &object);

	if (rc < 0)
		return rc;
	struct cache_body *body = cache_object_body(object);
	bool follow = r->record->head_bytes + r->record->body_bytes > r->got;
	if (follow) {
		rc = cache_put(&r->user, object);
		if (rc == 0 && alone)
			cache_lead_end(
			    &r->user, &r->job->lead, CACHE_LEAD_KEPT);
	}
	if (rc == 0)
		rc = read_body(r, body);
	else
		cache_body_break(body);
	if (rc == 0 && !follow)
		rc = cache_put(&r->user, object);
	cache_object_unref(object);
	return rc;
}

static void
read_record(struct reading *r, bool alone)
{
	uint64_t most = cache_length_of_class(r->place.length);
	int rc = cache_record_read(r->fd, r->at,
	    most < FIRST_BYTES ? (size_t)most : FIRST_BYTES, &r->record,
	    &r->got);

	note(r, rc);
	if (rc < 0) {
		forget(r, rc == -EINVAL || rc == -EIO);
		return;
	}
	if (r->record->hash != r->job->hash ||
	    r->record->kind != CACHE_RECORD_OBJECT || is_purged(r)) {
		forget(r, false);
	} else {
		rc = put_object(r, alone);
		if (rc == 0)
			(void)atomic_fetch_add(&r->disk->read, 1);
		else if (rc != -EEXIST && rc != -ENOMEM)
			forget(r, rc == -EINVAL || rc == -EIO);
	}
	free(r->record);
	r->record = NULL;
}

static void
read_place(struct reading *r, bool alone)
{
	r->fd = cache_segment_hold(r->disk, r->place.slot, &r->at.number);
	if (r->fd < 0) {
		forget(r, false);
		return;
	}
	r->at.offset = (uint64_t)r->place.unit * CACHE_DISK_UNIT;
	read_record(r, alone);
	cache_segment_let_go(r->disk, r->place.slot);
}

/* ---- a URL ---- */

static struct cache_position
position_of(struct cache_disk *disk, const struct cache_place_on_disk *place)
{
	(void)pthread_mutex_lock(&disk->files);
	uint64_t number = disk->segments[place->slot].number;
	(void)pthread_mutex_unlock(&disk->files);
	return (struct cache_position){ number,
		(uint64_t)place->unit * CACHE_DISK_UNIT };
}

/* The newest first, as they will stand in the store. */
static void
sort(struct cache_disk *disk, struct cache_place_on_disk *places, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct cache_place_on_disk one = places[i];
		struct cache_position at = position_of(disk, &one);
		size_t to = i;
		for (; to > 0 &&
		       cache_is_before(position_of(disk, &places[to - 1]), at);
		     to--)
			places[to] = places[to - 1];
		places[to] = one;
	}
}

static void
load(struct reading *r)
{
	struct cache_place_on_disk places[CACHE_VARIANTS_MAX];
	size_t count = cache_index_find(&r->disk->index, r->job->hash,
	    CACHE_VARIANT_ANY, places, CACHE_VARIANTS_MAX);

	sort(r->disk, places, count);
	for (size_t i = 0; i < count; i++) {
		r->place = places[i];
		read_place(r, count == 1);
	}
}

void *
cache_disk_read_run(void *context)
{
	struct cache_disk *disk = context;
	struct reading *r = calloc(1, sizeof(*r));
	struct cache_user user;
	struct cache_job *job;

	cache_enter(disk->cache, &user);
	cache_sleep(&user);
	if (r != NULL)
		*r = (struct reading){ .disk = disk, .user = user };
	while ((job = cache_job_take(disk, &disk->loads)) != NULL) {
		cache_wake(&user);
		if (r != NULL && !atomic_load(&disk->stopping)) {
			r->job = job;
			load(r);
		}
		cache_lead_end(&user, &job->lead, CACHE_LEAD_KEPT);
		cache_job_end(disk, job);
		cache_sleep(&user);
	}
	free(r);
	cache_leave(&user);
	return NULL;
}
