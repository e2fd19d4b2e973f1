/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/disk_start: what a start finds.
 *
 * Segments are read in their order.  Of a sealed one its entries, else all its
 * records one after another; what is torn at the end of the last one is cut
 * off.  Anything that may hide a purge makes all that is older useless, and it
 * is dropped: a segment that is missing or cannot be read through, and a last
 * purge that is not where the file `log` has it.  (So the last segment may be
 * cut off wherever it is bad: if a purge is lost with that, the last one is.)
 */
#include "cache/disk_impl.h"

#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/* Read of a record at first, when each is looked at: most heads fit. */
#define HEAD_GUESS 2048

struct numbers {
	uint64_t *items;
	size_t count, room;
};

struct start {
	struct cache_disk *disk;
	struct numbers numbers;
	struct cache_position purge; /* the last one, by the file `log` */
	bool purge_seen;
};

/* ---- the file `log` ---- */

static bool
is_log_good(const struct cache_log_head *head)
{
	return head->magic == CACHE_LOG_MAGIC &&
	       head->check == cache_bytes_sum(head,
				  offsetof(struct cache_log_head, check), 0);
}

/* 0; -ENODATA: there is none that is good; -EBUSY; or the error of the file. */
static int
open_log(struct start *start)
{
	struct cache_disk *disk = start->disk;
	struct cache_log_head head = { .magic = 0 };

	disk->log_fd = openat(disk->dir_fd, CACHE_LOG_NAME,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (disk->log_fd < 0)
		return -errno;
	if (flock(disk->log_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (cache_read_at(disk->log_fd, &head, sizeof(head), 0) < 0 ||
	    !is_log_good(&head))
		return -ENODATA;
	disk->hash_key =
	    (struct cache_hash_key){ { head.hash_key[0], head.hash_key[1] } };
	start->purge =
	    (struct cache_position){ head.purge_number, head.purge_offset };
	return 0;
}

/* ---- which files there are ---- */

static uint64_t
number_of(const char *name)
{
	struct str text = str_of(name), head = STR("segment.");
	uint64_t number = 0;

	if (!str_starts(text, head) || text.len != head.len + 20)
		return 0;
	for (size_t i = head.len; i < text.len; i++) {
		if (!ascii_is_digit(text.at[i]))
			return 0;
		number = number * 10 + (uint64_t)(text.at[i] - '0');
	}
	return number < UINT64_MAX / 2 ? number : 0;
}

static int
compare(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

static int
list_numbers(struct start *start)
{
	int fd = openat(
	    start->disk->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int rc = 0;

	if (dir == NULL) {
		rc = -errno;
		if (fd >= 0)
			(void)close(fd);
		return rc;
	}
	while (rc == 0 && (entry = readdir(dir)) != NULL) {
		uint64_t number = number_of(entry->d_name);
		if (number != 0)
			rc = VEC_ADD(&start->numbers, number);
	}
	(void)closedir(dir);
	if (start->numbers.count > 0)
		qsort(start->numbers.items, start->numbers.count,
		    sizeof(uint64_t), compare);
	return rc;
}

/* ---- one segment ---- */

static int
open_segment(struct cache_disk *disk, uint64_t number)
{
	struct cache_segment_head head;
	char name[32];

	cache_segment_name(number, name);
	int fd = openat(disk->dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	int rc = cache_read_at(fd, &head, sizeof(head), 0);
	if (rc == 0 &&
	    (head.magic != CACHE_SEGMENT_MAGIC || head.number != number ||
		head.check != cache_bytes_sum(&head,
				  offsetof(struct cache_segment_head, check),
				  0)))
		rc = -EINVAL;
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}

static uint64_t
size_of(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);

	return size < 0 ? 0 : (uint64_t)size;
}

/* One after another; *ret_end: where the next would stand. */
static int
walk(int fd, uint64_t number, struct cache_segment_entries *ret,
    uint64_t *ret_end)
{
	struct cache_position at = { number,
		sizeof(struct cache_segment_head) };
	uint64_t size = size_of(fd);
	struct cache_record *record;
	size_t got;
	int rc = 0;

	while (rc == 0 &&
	       cache_record_read(fd, at, HEAD_GUESS, &record, &got) == 0) {
		uint64_t bytes = record->head_bytes + record->body_bytes;
		uint64_t units =
		    (bytes + CACHE_DISK_UNIT - 1) / CACHE_DISK_UNIT;
		bool torn = at.offset + bytes > size;
		if (!torn)
			rc = VEC_ADD(ret,
			    (struct cache_segment_entry){ .hash = record->hash,
				.variant = record->variant,
				.unit = (uint32_t)(at.offset / CACHE_DISK_UNIT),
				.units = (uint32_t)units,
				.kind = record->kind });
		free(record);
		if (torn)
			break;
		at.offset += units * CACHE_DISK_UNIT;
	}
	*ret_end = at.offset;
	return rc;
}

/* ---- applying ---- */

static void
apply_purge(struct start *start, int fd, struct cache_position at)
{
	struct cache_disk_purges *purges = &start->disk->purges;
	struct cache_disk_purge *purge = NULL;
	struct cache_record *record;
	size_t got;

	/* What cannot be read may be of anything. */
	if (cache_record_read(fd, at, HEAD_GUESS, &record, &got) < 0) {
		cache_disk_purges_raise(purges, at);
		return;
	}
	if (record->purge != CACHE_PURGE_ALL)
		purge = cache_disk_purge_add(purges,
		    (enum cache_purge_kind)record->purge,
		    cache_record_texts(record).key);
	if (purge != NULL)
		cache_disk_purge_place(purges, purge, at);
	else
		cache_disk_purges_raise(purges, at);
	if (record->purge == CACHE_PURGE_ALL)
		cache_index_clear(&start->disk->index);
	free(record);
}

static int
apply(struct start *start, int fd, uint64_t number,
    const struct cache_segment_entry *entry)
{
	struct cache_index *index = &start->disk->index;
	struct cache_position at = { number,
		(uint64_t)entry->unit * CACHE_DISK_UNIT };
	struct cache_place_on_disk place =
	    cache_place_at(at, (uint64_t)entry->units * CACHE_DISK_UNIT);

	if (entry->kind == CACHE_RECORD_OBJECT)
		return cache_index_put(
		    index, entry->hash, entry->variant, &place, NULL, NULL);
	if (at.number == start->purge.number &&
	    at.offset == start->purge.offset)
		start->purge_seen = true;
	if (entry->kind == CACHE_RECORD_PURGE)
		apply_purge(start, fd, at);
	else
		(void)cache_index_remove(index, entry->hash,
		    entry->kind == CACHE_RECORD_KEY ? CACHE_VARIANT_ANY
						    : entry->variant,
		    NULL);
	return 0;
}

static void
adopt(struct cache_disk *disk, uint64_t number, int fd, uint64_t bytes)
{
	disk->segments[cache_slot_of(number)] = (struct cache_segment){
		.number = number, .bytes = bytes, .fd = fd
	};
	if (disk->used_segments++ == 0)
		disk->first_number = number;
	disk->last_number = number;
}

/* All that has been read so far, and this one. */
static void
drop_so_far(struct start *start, uint64_t number)
{
	cache_segment_drop_all(start->disk);
	cache_segment_unlink(start->disk, number);
	start->disk->last_number = number;
	cache_disk_say(start->disk, CACHE_DISK_EMPTIED, 0);
}

/* Of a segment that cannot be opened. */
static int
do_without(struct start *start, uint64_t number, bool last, int error)
{
	struct cache_disk *disk = start->disk;

	if (!last) {
		drop_so_far(start, number);
		return 0;
	}
	if (error != -EINVAL && error != -EIO)
		return error;
	/* Torn at its very beginning: it is begun again. */
	cache_segment_unlink(disk, number);
	if (disk->used_segments > 0)
		return cache_segment_begin(disk);
	disk->last_number = number;
	return 0;
}

static int
read_segment(struct start *start, uint64_t number, bool last)
{
	struct cache_disk *disk = start->disk;
	struct cache_segment_entries entries = { NULL, 0, 0 };
	int fd = open_segment(disk, number);
	uint64_t end = 0;

	if (fd < 0)
		return do_without(start, number, last, fd);
	int rc = cache_segment_read_entries(fd, number, &entries);
	bool sealed = rc == 0;
	end = size_of(fd);
	if (rc < 0 && rc != -ENOMEM)
		rc = walk(fd, number, &entries, &end);
	if (rc == 0 && !sealed && !last)
		rc = -EINVAL;
	adopt(disk, number, fd, end);
	for (size_t i = 0; rc == 0 && i < entries.count; i++)
		rc = apply(start, fd, number, &entries.items[i]);
	disk->entries =
	    sealed ? (struct cache_segment_entries){ NULL, 0, 0 } : entries;
	if (sealed || rc < 0) {
		free(entries.items);
		disk->entries = (struct cache_segment_entries){ NULL, 0, 0 };
	}
	if (rc == -EINVAL || rc == -EIO) {
		drop_so_far(start, number);
		return 0;
	}
	/* A torn end would lie under what is written next, and behind it. */
	if (rc == 0 && !sealed && ftruncate(fd, (off_t)end) < 0)
		rc = -errno;
	if (rc == 0 && last && sealed)
		rc = cache_segment_begin(disk);
	return rc;
}

/* ---- all of them ---- */

static uint64_t
bytes_of(const struct cache_disk *disk)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < CACHE_DISK_SEGMENTS_MAX; i++)
		bytes += disk->segments[i].bytes;
	return bytes;
}

/* Growing on the way would take half of the time of a start. */
static void
expect_entries(struct start *start)
{
	size_t count = 0;

	for (size_t i = 0; i < start->numbers.count; i++) {
		uint64_t number = start->numbers.items[i];
		int fd = open_segment(start->disk, number);
		if (fd < 0)
			continue;
		count += cache_segment_count_entries(fd, number);
		(void)close(fd);
	}
	cache_index_expect(&start->disk->index, count);
}

static int
read_segments(struct start *start)
{
	struct cache_disk *disk = start->disk;
	const struct numbers *numbers = &start->numbers;
	int rc = 0;

	expect_entries(start);
	/* More than there are slots were not written by us. */
	size_t from = numbers->count > CACHE_DISK_SEGMENTS_MAX / 2
			  ? numbers->count - CACHE_DISK_SEGMENTS_MAX / 2
			  : 0;
	for (size_t i = 0; i < from; i++)
		cache_segment_unlink(disk, numbers->items[i]);
	for (size_t i = from; rc == 0 && i < numbers->count; i++) {
		if (disk->used_segments > 0 &&
		    numbers->items[i] != disk->last_number + 1) {
			cache_segment_drop_all(disk);
			cache_disk_say(disk, CACHE_DISK_EMPTIED, 0);
		}
		rc = read_segment(
		    start, numbers->items[i], i + 1 == numbers->count);
	}
	return rc;
}

static bool
is_purge_missing(const struct start *start)
{
	return start->purge.number != 0 && !start->purge_seen &&
	       start->disk->used_segments > 0 &&
	       start->purge.number >= start->disk->first_number;
}

/* Nothing of what is there is by this key. */
static int
begin_anew(struct start *start)
{
	struct cache_disk *disk = start->disk;

	for (size_t i = 0; i < start->numbers.count; i++) {
		cache_segment_unlink(disk, start->numbers.items[i]);
		disk->last_number = start->numbers.items[i];
	}
	if (start->numbers.count > 0)
		cache_disk_say(disk, CACHE_DISK_EMPTIED, 0);
	disk->hash_key = cache_hash_key_random();
	return cache_log_write(disk, (struct cache_position){ 0, 0 });
}

static int
read_all(struct start *start)
{
	struct cache_disk *disk = start->disk;
	int rc = read_segments(start);

	if (rc == 0 && is_purge_missing(start)) {
		cache_segment_drop_all(disk);
		cache_disk_say(disk, CACHE_DISK_EMPTIED, 0);
	}
	/* A number is used once. */
	if (disk->last_number < start->purge.number)
		disk->last_number = start->purge.number;
	while (rc == 0 && disk->used_segments > 1 &&
	       (disk->used_segments > disk->segments_max ||
		   bytes_of(disk) > disk->options.bytes_max))
		rc = cache_segment_drop_first(disk, false);
	return rc;
}

int
cache_disk_start(struct cache_disk *disk)
{
	struct start start = { .disk = disk };
	int rc = open_log(&start);

	if (rc == 0 || rc == -ENODATA) {
		int listed = list_numbers(&start);
		if (listed < 0)
			rc = listed;
	}
	if (rc == -ENODATA)
		rc = begin_anew(&start);
	else if (rc == 0)
		rc = read_all(&start);
	free(start.numbers.items);
	return rc;
}
