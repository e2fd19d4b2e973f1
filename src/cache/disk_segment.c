/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cache/disk_impl.h"

#include "base/must.h"
#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

/* What is written anew of a segment that goes, at most: else a log that is all
 * popular would do nothing but copy. */
#define KEPT_PART 4

static uint64_t
align(uint64_t offset)
{
	return (offset + CACHE_DISK_UNIT - 1) / CACHE_DISK_UNIT *
	       CACHE_DISK_UNIT;
}

/* ---- files ---- */

int
cache_read_at(int fd, void *to, size_t count, uint64_t offset)
{
	char *at = to;

	while (count > 0) {
		ssize_t got = pread(fd, at, count, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -EIO;
		at += got;
		offset += (uint64_t)got;
		count -= (size_t)got;
	}
	return 0;
}

int
cache_write_at(int fd, const void *from, size_t count, uint64_t offset)
{
	const char *at = from;

	while (count > 0) {
		ssize_t put = pwrite(fd, at, count, (off_t)offset);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -EIO;
		at += put;
		offset += (uint64_t)put;
		count -= (size_t)put;
	}
	return 0;
}

int
cache_log_write(struct cache_disk *disk, struct cache_position purge)
{
	struct cache_log_head head = {
		.magic = CACHE_LOG_MAGIC,
		.hash_key = { disk->hash_key.words[0],
		    disk->hash_key.words[1] },
		.purge_number = purge.number,
		.purge_offset = purge.offset,
	};

	head.check =
	    cache_bytes_sum(&head, offsetof(struct cache_log_head, check), 0);
	return cache_write_at(disk->log_fd, &head, sizeof(head), 0);
}

void
cache_segment_name(uint64_t number, char ret[static 32])
{
	(void)snprintf(ret, 32, "segment.%020llu", (unsigned long long)number);
}

static void
unlink_segment(struct cache_disk *disk, uint64_t number)
{
	char name[32];

	cache_segment_name(number, name);
	(void)unlinkat(disk->dir_fd, name, 0);
}

/* ---- holding ---- */

int
cache_segment_hold(struct cache_disk *disk, uint16_t slot, uint64_t *ret_number)
{
	struct cache_segment *segment = &disk->segments[slot];
	int fd = -ENOENT;

	(void)pthread_mutex_lock(&disk->files);
	if (segment->number != 0 && !segment->dropped) {
		segment->readers++;
		*ret_number = segment->number;
		fd = segment->fd;
	}
	(void)pthread_mutex_unlock(&disk->files);
	return fd;
}

/* With the lock of the files. */
static void
close_if_unused(struct cache_segment *segment)
{
	if (!segment->dropped || segment->readers > 0)
		return;
	(void)close(segment->fd);
	*segment = (struct cache_segment){ .number = 0 };
}

void
cache_segment_let_go(struct cache_disk *disk, uint16_t slot)
{
	(void)pthread_mutex_lock(&disk->files);
	disk->segments[slot].readers--;
	close_if_unused(&disk->segments[slot]);
	(void)pthread_mutex_unlock(&disk->files);
}

static struct cache_segment *
last_of(struct cache_disk *disk)
{
	return &disk->segments[cache_slot_of(disk->last_number)];
}

/* ---- beginning and sealing ---- */

static int
create_file(struct cache_disk *disk, uint64_t number)
{
	struct cache_segment_head head = { .magic = CACHE_SEGMENT_MAGIC,
		.number = number };
	char name[32];

	cache_segment_name(number, name);
	int fd = openat(disk->dir_fd, name,
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	head.check = cache_bytes_sum(
	    &head, offsetof(struct cache_segment_head, check), 0);
	int rc = cache_write_at(fd, &head, sizeof(head), 0);
	if (rc < 0) {
		(void)close(fd);
		unlink_segment(disk, number);
		return rc;
	}
	return fd;
}

int
cache_segment_begin(struct cache_disk *disk)
{
	uint64_t number = disk->last_number + 1;
	struct cache_segment *segment = &disk->segments[cache_slot_of(number)];
	int rc = 0;

	/* Somebody has been reading from it since half of the numbers ago. */
	if (segment->number != 0)
		return -EBUSY;
	int fd = create_file(disk, number);
	if (fd < 0)
		return fd;
	(void)pthread_mutex_lock(&disk->files);
	*segment = (struct cache_segment){ .number = number,
		.bytes = sizeof(struct cache_segment_head),
		.fd = fd };
	disk->last_number = number;
	if (disk->used_segments++ == 0)
		disk->first_number = number;
	(void)pthread_mutex_unlock(&disk->files);
	disk->entries.count = 0;
	disk->sealed = false;
	while (rc == 0 && disk->used_segments > disk->segments_max)
		rc = cache_segment_drop_first(disk, true);
	return rc;
}

int
cache_segment_seal(struct cache_disk *disk)
{
	struct cache_segment *segment = last_of(disk);
	size_t bytes = disk->entries.count * sizeof(*disk->entries.items);
	uint64_t at = align(segment->bytes);
	struct cache_seal seal = {
		.magic = CACHE_SEAL_MAGIC,
		.number = segment->number,
		.count = disk->entries.count,
		.check = cache_bytes_sum(
		    disk->entries.items, bytes, segment->number),
	};
	int rc = cache_write_at(segment->fd, disk->entries.items, bytes, at);

	if (rc == 0)
		rc = cache_write_at(
		    segment->fd, &seal, sizeof(seal), at + bytes);
	/* A write that failed may have left something behind it. */
	if (rc == 0 &&
	    ftruncate(segment->fd, (off_t)(at + bytes + sizeof(seal))) < 0)
		rc = -errno;
	/* What follows may not reach the disk before it. */
	if (rc == 0 && fdatasync(segment->fd) < 0)
		rc = -errno;
	disk->sealed = rc == 0;
	return rc;
}

static int
read_seal(int fd, uint64_t number, struct cache_seal *ret, uint64_t *ret_at)
{
	off_t size = lseek(fd, 0, SEEK_END);

	if (size < (off_t)sizeof(*ret))
		return -EINVAL;
	*ret_at = (uint64_t)size - sizeof(*ret);
	int rc = cache_read_at(fd, ret, sizeof(*ret), *ret_at);
	if (rc < 0)
		return rc;
	if (ret->magic != CACHE_SEAL_MAGIC || ret->number != number ||
	    ret->count > *ret_at / sizeof(struct cache_segment_entry))
		return -EINVAL;
	return 0;
}

size_t
cache_segment_count_entries(int fd, uint64_t number)
{
	struct cache_seal seal;
	uint64_t at;

	return read_seal(fd, number, &seal, &at) == 0 ? seal.count : 0;
}

int
cache_segment_read_entries(
    int fd, uint64_t number, struct cache_segment_entries *ret)
{
	struct cache_seal seal;
	uint64_t at;
	int rc = read_seal(fd, number, &seal, &at);

	if (rc < 0)
		return rc;
	size_t bytes = seal.count * sizeof(struct cache_segment_entry);
	struct cache_segment_entry *items = malloc(bytes + 1);
	if (items == NULL)
		return -ENOMEM;
	rc = cache_read_at(fd, items, bytes, at - bytes);
	if (rc == 0 && seal.check != cache_bytes_sum(items, bytes, number))
		rc = -EINVAL;
	if (rc < 0) {
		free(items);
		return rc;
	}
	*ret = (struct cache_segment_entries){ items, seal.count, seal.count };
	return 0;
}

/* ---- appending ---- */

/* Entry, seal and what aligns them. */
static uint64_t
room_for_seal(size_t entries)
{
	return entries * sizeof(struct cache_segment_entry) +
	       sizeof(struct cache_seal) + CACHE_DISK_UNIT;
}

static uint64_t
bytes_of(const struct cache_record *head)
{
	return align(head->head_bytes + head->body_bytes);
}

static int
make_room(struct cache_disk *disk, uint64_t bytes)
{
	if (sizeof(struct cache_segment_head) + bytes + room_for_seal(1) >
	    disk->segment_bytes)
		return -EFBIG;
	if (disk->used_segments == 0 || disk->sealed)
		return cache_segment_begin(disk);
	if (align(last_of(disk)->bytes) + bytes +
		room_for_seal(disk->entries.count + 1) <=
	    disk->segment_bytes)
		return 0;
	int rc = cache_segment_seal(disk);
	return rc < 0 ? rc : cache_segment_begin(disk);
}

/* Writes the spans, which are consumed, in as few calls as it takes. */
static int
write_spans(int fd, struct iovec *spans, size_t count, uint64_t offset)
{
	while (count > 0) {
		ssize_t put = pwritev(fd, spans,
		    count < IOV_MAX ? (int)count : IOV_MAX, (off_t)offset);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -EIO;
		offset += (uint64_t)put;
		size_t left = (size_t)put;
		while (count > 0 && left >= spans->iov_len) {
			left -= spans->iov_len;
			spans++;
			count--;
		}
		if (count > 0) {
			spans->iov_base = (char *)spans->iov_base + left;
			spans->iov_len -= left;
		}
	}
	return 0;
}

static int
write_record(int fd, struct cache_record *head, const struct iovec *body,
    size_t count, uint64_t offset)
{
	struct iovec *spans = calloc(count + 1, sizeof(*spans));

	if (spans == NULL)
		return -ENOMEM;
	spans[0] = (struct iovec){ head, head->head_bytes };
	if (count > 0)
		memcpy(spans + 1, body, count * sizeof(*spans));
	int rc = write_spans(fd, spans, count + 1, offset);
	free(spans);
	return rc;
}

int
cache_segment_append(struct cache_disk *disk, struct cache_record *head,
    const struct iovec *body, size_t count, struct cache_position *ret)
{
	uint64_t bytes = bytes_of(head);
	int rc = make_room(disk, bytes);

	if (rc < 0)
		return rc;
	struct cache_segment *segment = last_of(disk);
	uint64_t offset = align(segment->bytes);
	head->check =
	    cache_record_check(head, head->head_bytes, segment->number, offset);
	rc = write_record(segment->fd, head, body, count, offset);
	/* A record without an entry would be lost, and might be a purge. */
	if (rc == 0)
		rc = VEC_ADD(&disk->entries,
		    (struct cache_segment_entry){ .hash = head->hash,
			.variant = head->variant,
			.unit = (uint32_t)(offset / CACHE_DISK_UNIT),
			.units = (uint32_t)(bytes / CACHE_DISK_UNIT),
			.kind = head->kind });
	if (rc < 0)
		return rc;
	(void)pthread_mutex_lock(&disk->files);
	segment->bytes = offset + bytes;
	(void)pthread_mutex_unlock(&disk->files);
	*ret = (struct cache_position){ segment->number, offset };
	return 0;
}

struct cache_place_on_disk
cache_place_at(struct cache_position at, uint64_t bytes)
{
	return (struct cache_place_on_disk){
		.slot = cache_slot_of(at.number),
		.unit = (uint32_t)(at.offset / CACHE_DISK_UNIT),
		.length = cache_length_class(bytes),
	};
}

/* ---- reading a record ---- */

static int
read_more(int fd, struct cache_position at, struct cache_record **record,
    size_t *got, size_t need)
{
	if (*got >= need)
		return 0;
	struct cache_record *more = realloc(*record, need);
	if (more == NULL)
		return -ENOMEM;
	*record = more;
	int rc = cache_read_at(
	    fd, (char *)more + *got, need - *got, at.offset + *got);
	*got = rc == 0 ? need : *got;
	return rc;
}

/* As much as there is, for the file may end before. */
static int
read_first(int fd, struct cache_position at, size_t most,
    struct cache_record **ret, size_t *ret_got)
{
	struct cache_record *record = malloc(most);
	ssize_t got = -1;

	if (record == NULL)
		return -ENOMEM;
	do
		got = pread(fd, record, most, (off_t)at.offset);
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		int rc = -errno;
		free(record);
		return rc;
	}
	*ret = record;
	*ret_got = (size_t)got;
	return 0;
}

int
cache_record_read(int fd, struct cache_position at, size_t most,
    struct cache_record **ret, size_t *ret_got)
{
	struct cache_record *record = NULL;
	size_t got = 0;
	int rc = read_first(fd, at,
	    most < sizeof(*record) ? sizeof(*record) : most, &record, &got);

	if (rc < 0)
		return rc;
	if (!cache_record_is_likely(record, got))
		rc = -EINVAL;
	if (rc == 0)
		rc = read_more(fd, at, &record, &got, record->head_bytes);
	if (rc == 0 && !cache_record_is_good(record, at.number, at.offset))
		rc = -EINVAL;
	if (rc < 0) {
		free(record);
		return rc;
	}
	*ret = record;
	*ret_got = got;
	return 0;
}

/* ---- dropping ---- */

static bool
is_body_good(const struct cache_record *record, const char *body)
{
	uint64_t left = record->body_bytes;

	for (size_t i = 0; left > 0; i++) {
		size_t len =
		    left < CACHE_DISK_BLOCK ? (size_t)left : CACHE_DISK_BLOCK;
		if (cache_block_sum((struct str){ body, len }) !=
		    cache_record_sum(record, i))
			return false;
		body += len;
		left -= len;
	}
	return true;
}

/* A record that was asked for, behind the last.  Errors of reading it do not
 * matter, it is only lost. */
static int
write_anew(struct cache_disk *disk, int fd, struct cache_position from,
    const struct cache_segment_entry *entry)
{
	size_t bytes = (size_t)entry->units * CACHE_DISK_UNIT, got = 0;
	struct cache_record *record = NULL;
	struct cache_position at;

	if (cache_record_read(fd, from, bytes, &record, &got) < 0)
		return 0;
	struct cache_record_texts texts = cache_record_texts(record);
	struct iovec body = { (char *)record + record->head_bytes,
		record->body_bytes };
	int rc = 0;
	if (record->kind == CACHE_RECORD_OBJECT &&
	    record->head_bytes + record->body_bytes <= got &&
	    is_body_good(record, body.iov_base) &&
	    !cache_disk_purges_cover(
		&disk->purges, from, texts.key, texts.tags)) {
		rc = cache_segment_append(disk, record, &body, 1, &at);
		if (rc == 0) {
			struct cache_place_on_disk place =
			    cache_place_at(at, bytes);
			(void)cache_index_put(
			    &disk->index, entry->hash, entry->variant, &place);
		}
	}
	free(record);
	return rc == -EFBIG ? 0 : rc;
}

static int
keep_used(struct cache_disk *disk, const struct cache_segment *segment)
{
	struct cache_segment_entries entries = { NULL, 0, 0 };
	uint64_t left = disk->segment_bytes / KEPT_PART;
	int rc = 0;

	if (cache_segment_read_entries(segment->fd, segment->number, &entries) <
	    0)
		return 0;
	for (size_t i = 0; i < entries.count && rc == 0; i++) {
		const struct cache_segment_entry *entry = &entries.items[i];
		uint64_t bytes = (uint64_t)entry->units * CACHE_DISK_UNIT;
		struct cache_position at = { segment->number,
			(uint64_t)entry->unit * CACHE_DISK_UNIT };
		struct cache_place_on_disk place = cache_place_at(at, bytes);
		bool used = false;
		if (entry->kind != CACHE_RECORD_OBJECT || bytes > left ||
		    !cache_index_has(&disk->index, entry->hash, entry->variant,
			&place, &used) ||
		    !used)
			continue;
		rc = write_anew(disk, segment->fd, at, entry);
		left -= bytes;
	}
	free(entries.items);
	return rc;
}

int
cache_segment_drop_first(struct cache_disk *disk, bool keep)
{
	uint64_t number = disk->first_number;
	uint16_t slot = cache_slot_of(number);
	int rc = 0;

	must(disk->used_segments > 0 && disk->segments[slot].number == number);
	if (keep)
		rc = keep_used(disk, &disk->segments[slot]);
	cache_index_remove_segment(&disk->index, slot);
	unlink_segment(disk, number);
	(void)pthread_mutex_lock(&disk->files);
	disk->segments[slot].dropped = true;
	close_if_unused(&disk->segments[slot]);
	disk->first_number = number + 1;
	disk->used_segments--;
	(void)pthread_mutex_unlock(&disk->files);
	cache_disk_purges_expire(&disk->purges, number + 1);
	return rc;
}

void
cache_segment_drop_all(struct cache_disk *disk)
{
	while (disk->used_segments > 0)
		(void)cache_segment_drop_first(disk, false);
}
