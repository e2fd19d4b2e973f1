/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder of the cache's disk that somebody else has written, who knows its
 * form: the input is the records of a segment, whose sums are made right, since
 * no fuzzer finds those.  The first byte:
 *
 *	1	the segment is sealed: the rest of the input is its entries
 *	2	sums stay as they are
 *	4	another segment follows it, with the same bytes
 *	8	the file `log` knows of a purge, where the first record is
 *
 * Must hold: the start ends; what is then found of a key is of that key, and its
 * body as long as it says; and so again after another start.
 */
#include "cache/disk.h"
#include "base/must.h"
#include "cache/disk_index.h"
#include "cache/disk_record.h"
#include "cache/head.h"
#include "net/loop.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum mode {
	MODE_SEALED = 1,
	MODE_AS_IS = 2,
	MODE_TWICE = 4,
	MODE_PURGED = 8,
};

#define KEYS_MAX 4
#define MIB      ((uint64_t)1 << 20)

static const struct cache_hash_key hash_key = { { 1, 2 } };

struct folder {
	unsigned mode;
	char *bytes; /* a segment's */
	size_t size;
	struct str keys[KEYS_MAX]; /* lent from them */
	size_t keys_count;
};

static char path[] = "/dev/shm/gatehouse-fuzz-XXXXXX";
static int dir_fd = -1;

/* ---- what is in it ---- */

static size_t
align(size_t bytes)
{
	return (bytes + CACHE_DISK_UNIT - 1) & ~(size_t)(CACHE_DISK_UNIT - 1);
}

/* As much of it as fits; whether anything does. */
static bool
fit(struct cache_record *record, size_t room)
{
	size_t texts = (size_t)record->key_len + record->vary_len +
		       record->head_len + record->tags_len;

	if (room < sizeof(*record) + texts)
		return false;
	room -= sizeof(*record) + texts;
	record->body_bytes =
	    room < 16 ? 0 : record->body_bytes % (room - room / 8 - 7);
	record->head_bytes =
	    (uint32_t)(sizeof(*record) + texts +
		       cache_record_blocks(record->body_bytes) *
			   sizeof(uint64_t));
	return record->head_bytes + record->body_bytes <=
	       room + sizeof(*record) + texts;
}

static void
put_sums(char *at, const struct cache_record *record)
{
	size_t blocks = cache_record_blocks(record->body_bytes);
	char *sums = at + record->head_bytes - blocks * sizeof(uint64_t);
	const char *body = at + record->head_bytes;

	for (size_t i = 0; i < blocks; i++) {
		size_t from = i * CACHE_DISK_BLOCK;
		size_t len = (size_t)record->body_bytes - from;
		if (len > CACHE_DISK_BLOCK)
			len = CACHE_DISK_BLOCK;
		uint64_t sum =
		    cache_block_sum((struct str){ body + from, len });
		memcpy(sums + i * sizeof(sum), &sum, sizeof(sum));
	}
}

static void
note_key(struct folder *folder, struct str key)
{
	if (folder->keys_count < KEYS_MAX)
		folder->keys[folder->keys_count++] = key;
}

/* The record at `at` becomes a good one; its length, or 0: there is no room. */
static size_t
mend(struct folder *folder, size_t at)
{
	struct cache_record record;

	memcpy(&record, folder->bytes + at, sizeof(record));
	if (!fit(&record, folder->size - at))
		return 0;
	struct str key = { folder->bytes + at + sizeof(record),
		record.key_len };
	record.magic = CACHE_RECORD_MAGIC;
	record.kind = (uint16_t)(1 + record.kind % 4);
	if (record.kind == CACHE_RECORD_OBJECT) {
		record.hash = cache_hash(&hash_key, key);
		note_key(folder, key);
	}
	memcpy(folder->bytes + at, &record, sizeof(record));
	put_sums(folder->bytes + at, &record);
	return record.head_bytes + (size_t)record.body_bytes;
}

static void
seal_record(struct folder *folder, size_t at, uint64_t number)
{
	struct cache_record record;

	memcpy(&record, folder->bytes + at, sizeof(record));
	record.check = cache_record_check(
	    folder->bytes + at, record.head_bytes, number, at);
	memcpy(folder->bytes + at, &record, sizeof(record));
}

/* Where the records end. */
static size_t
mend_all(struct folder *folder, uint64_t number)
{
	size_t at = sizeof(struct cache_segment_head);

	folder->keys_count = 0;
	while (at + sizeof(struct cache_record) <= folder->size) {
		size_t bytes = mend(folder, at);
		if (bytes == 0)
			break;
		seal_record(folder, at, number);
		at = align(at + bytes);
	}
	return at < folder->size ? at : folder->size;
}

/* ---- its files ---- */

static void
write_file(const char *name, const struct iovec *parts, int count)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0 && writev(fd, parts, count) >= 0);
	(void)close(fd);
}

static void
write_segment(struct folder *folder, uint64_t number)
{
	struct cache_segment_head head = { .magic = CACHE_SEGMENT_MAGIC,
		.number = number };
	size_t end = (folder->mode & MODE_AS_IS) != 0
			 ? folder->size
			 : mend_all(folder, number);
	size_t count =
	    (folder->size - end) / sizeof(struct cache_segment_entry);
	size_t bytes = count * sizeof(struct cache_segment_entry);
	struct cache_seal seal = { .magic = CACHE_SEAL_MAGIC,
		.number = number,
		.count = count,
		.check = cache_bytes_sum(folder->bytes + end, bytes, number) };
	bool sealed = (folder->mode & MODE_SEALED) != 0;
	char name[40];

	head.check = cache_bytes_sum(
	    &head, offsetof(struct cache_segment_head, check), 0);
	memcpy(folder->bytes, &head, sizeof(head));
	(void)snprintf(
	    name, sizeof(name), "segment.%020llu", (unsigned long long)number);
	write_file(name,
	    (struct iovec[]){ { folder->bytes, sealed ? end + bytes : end },
		{ &seal, sizeof(seal) } },
	    sealed ? 2 : 1);
}

static void
write_log(const struct folder *folder)
{
	struct cache_log_head log = { .magic = CACHE_LOG_MAGIC,
		.hash_key = { hash_key.words[0], hash_key.words[1] } };

	if ((folder->mode & MODE_PURGED) != 0) {
		log.purge_number = 1;
		log.purge_offset = sizeof(struct cache_segment_head);
	}
	log.check =
	    cache_bytes_sum(&log, offsetof(struct cache_log_head, check), 0);
	write_file("log", (struct iovec[]){ { &log, sizeof(log) } }, 1);
}

/* ---- what is made of it ---- */

static void
on_called(void *context)
{
	loop_stop(context);
}

/* Somebody is not called. */
static void
on_late(struct loop_timer *timer)
{
	must(timer == NULL);
}

/* In the loop, until somebody is called. */
static void
await(struct cache_user *user, struct loop *loop)
{
	struct loop_timer late = { .fn = on_late };

	loop_timer_arm(loop, &late, clock_now() + 20 * CLOCK_SECOND);
	cache_sleep(user);
	must(loop_run(loop) == 0);
	cache_wake(user);
	loop_timer_cancel(&late);
}

/* So that the sanitizer sees each byte. */
static volatile char seen;

static void
look_at(struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		seen = bytes.at[i];
}

static void
look_at_head(const struct cache_object *object)
{
	struct cache_meta meta = cache_object_meta(object);
	struct str head = cache_object_head(object);
	struct http_fields fields;
	struct arena arena;

	look_at(cache_object_vary(object));
	look_at(cache_object_tags(object));
	look_at(cache_meta_etag(&meta, head));
	arena_init(&arena, MIB);
	(void)cache_head_read(head, &arena, &fields);
	arena_fini(&arena);
}

static uint64_t
count_from(const struct cache_object *object, uint64_t at)
{
	const struct cache_body *body = cache_object_body(object);
	struct iovec spans[4];
	uint64_t from = at;
	size_t count;

	while ((count = cache_body_spans(body, at, UINT64_MAX, spans, 4)) > 0)
		for (size_t i = 0; i < count; i++) {
			look_at((struct str){
			    spans[i].iov_base, spans[i].iov_len });
			at += spans[i].iov_len;
		}
	return at - from;
}

static void
read_all(
    struct cache_user *user, struct loop *loop, struct cache_object *object)
{
	struct cache_body *body = cache_object_body(object);
	struct cache_reader *reader = NULL;
	uint64_t at = 0;

	(void)cache_object_ref(object);
	must(cache_reader_open(body, 0, loop, on_called, loop, &reader) == 0);
	while (cache_body_state(body) == CACHE_BODY_FILLING) {
		cache_reader_wait(reader);
		await(user, loop);
		at += count_from(object, at);
		cache_reader_advance(reader, at);
	}
	at += count_from(object, at);
	must(cache_body_state(body) != CACHE_BODY_WHOLE ||
	     at == cache_body_bytes(body));
	cache_reader_close(&reader);
	cache_object_unref(object);
}

static void
find(struct cache_user *user, struct loop *loop, struct str key)
{
	struct http_request request = { .method = HTTP_METHOD_GET };
	struct cache_object *object;
	struct cache_lead *lead = NULL;
	struct cache_waiter *waiter = NULL;

	for (int i = 0; i < 20; i++) {
		object = cache_find(user, key, &request);
		if (object != NULL) {
			must(str_eq(cache_object_key(object), key));
			look_at_head(object);
			read_all(user, loop, object);
			return;
		}
		const struct cache_wish wish = {
			.key = key,
			.request = &request,
			.again = i > 0,
			.loop = loop,
			.fn = on_called,
			.context = loop,
		};
		switch (cache_take_turn(user, &wish, &lead, &waiter)) {
		case CACHE_TURN_LEAD:
			cache_lead_end(user, &lead, CACHE_LEAD_GONE);
			return;
		case CACHE_TURN_WAIT:
			await(user, loop);
			break;
		case CACHE_TURN_FOUND:
		case CACHE_TURN_ALONE:
			break;
		}
	}
}

static void
start(const struct folder *folder)
{
	struct cache_limits limits = { 4 * MIB, MIB };
	struct cache_disk_options options = { .bytes_max = 4 * MIB,
		.segment_bytes = MIB };
	struct cache *cache;
	struct cache_user user;
	struct loop loop;

	must(loop_init(&loop) == 0);
	must(cache_create(&limits, &cache) == 0);
	if (cache_disk_attach(cache, dir_fd, &options) == 0) {
		cache_enter(cache, &user);
		for (size_t i = 0; i < folder->keys_count; i++)
			find(&user, &loop, folder->keys[i]);
		cache_leave(&user);
	}
	cache_destroy(&cache);
	loop_fini(&loop);
}

/* ---- from one input to the next ---- */

static void
empty_folder(void)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY);
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	must(dir != NULL);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			must(unlinkat(dir_fd, entry->d_name, 0) == 0);
	(void)closedir(dir);
}

static void
leave_folder(void)
{
	empty_folder();
	(void)rmdir(path);
}

static void
make_folder(void)
{
	must(mkdtemp(path) != NULL);
	dir_fd = open(path, O_RDONLY | O_DIRECTORY);
	must(dir_fd >= 0);
	(void)atexit(leave_folder);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct folder folder = { .mode = size > 0 ? data[0] : 0 };

	if (dir_fd < 0)
		make_folder();
	if (size < 1)
		return 0;
	folder.size = sizeof(struct cache_segment_head) + size - 1;
	folder.bytes = calloc(1, folder.size);
	must(folder.bytes != NULL);
	memcpy(folder.bytes + sizeof(struct cache_segment_head), data + 1,
	    size - 1);
	write_log(&folder);
	write_segment(&folder, 1);
	if ((folder.mode & MODE_TWICE) != 0)
		write_segment(&folder, 2);
	start(&folder);
	start(&folder);
	empty_folder();
	free(folder.bytes);
	return 0;
}
