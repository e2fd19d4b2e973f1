/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/disk_segment: segments: who reads one, the one that is written to, and
 * its seal, by which a start knows what is in it.
 */
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

static uint64_t
align(uint64_t offset)
{
	return (offset + CACHE_DISK_UNIT - 1) / CACHE_DISK_UNIT *
	       CACHE_DISK_UNIT;
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

void
cache_segment_let_go(struct cache_disk *disk, uint16_t slot)
{
	(void)pthread_mutex_lock(&disk->files);
	disk->segments[slot].readers--;
	cache_segment_close_unused(&disk->segments[slot]);
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
		cache_segment_unlink(disk, number);
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
