/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/disk_file: bytes of files: a record, the file `log`, names.
 */
#include "cache/disk_impl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

void
cache_segment_unlink(struct cache_disk *disk, uint64_t number)
{
	char name[32];

	cache_segment_name(number, name);
	(void)unlinkat(disk->dir_fd, name, 0);
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
		int rc = errno != 0 ? -errno : -EIO;
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

	if (rc < 0 || record == NULL)
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
