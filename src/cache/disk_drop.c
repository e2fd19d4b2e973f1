/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/disk_drop: the first segment goes, to make room.
 */
#include "cache/disk_impl.h"

#include "base/must.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* What is written anew of a segment that goes, at most: else a log that is all
 * popular would do nothing but copy. */
#define KEPT_PART 4

void
cache_segment_close_unused(struct cache_segment *segment)
{
	if (!segment->dropped || segment->readers > 0)
		return;
	(void)close(segment->fd);
	*segment = (struct cache_segment){ .number = 0 };
}

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
			struct cache_place_on_disk old =
			    cache_place_at(from, bytes);
			struct cache_place_on_disk place =
			    cache_place_at(at, bytes);
			cache_index_move(&disk->index, entry->hash,
			    entry->variant, &old, &place);
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
	cache_segment_unlink(disk, number);
	(void)pthread_mutex_lock(&disk->files);
	disk->segments[slot].dropped = true;
	cache_segment_close_unused(&disk->segments[slot]);
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
