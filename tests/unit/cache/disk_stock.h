/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the disk share: a store with a disk in a directory of its
 * own, which can be left and come back to.
 *
 * Bodies say what they are: all of one is its key's letter, so that whatever is
 * found can be judged without a list.
 */
#ifndef GATEHOUSE_TESTS_UNIT_CACHE_DISK_STOCK_H
#define GATEHOUSE_TESTS_UNIT_CACHE_DISK_STOCK_H

#include "stock.h"

#include "cache/disk.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>

struct disk_stock {
	struct stock s;
	char path[40];
	int dir_fd;
	struct cache_disk_options options;
	_Atomic int emptied, damaged, failed; /* events */
	uint64_t memory, object;              /* limits of the store */
	bool called;
};

static inline void
count_event(void *context, enum cache_disk_event event, int error)
{
	struct disk_stock *d = context;

	(void)error;
	if (event == CACHE_DISK_EMPTIED)
		atomic_fetch_add(&d->emptied, 1);
	else if (event == CACHE_DISK_DAMAGED)
		atomic_fetch_add(&d->damaged, 1);
	else
		atomic_fetch_add(&d->failed, 1);
}

static inline int
disk_attach(struct disk_stock *d)
{
	stock_begin(&d->s, d->memory, d->object);
	/* Only the test's thread, so that attaching comes before it. */
	cache_leave(&d->s.user);
	int rc = cache_disk_attach(d->s.cache, d->dir_fd, &d->options);
	cache_enter(d->s.cache, &d->s.user);
	return rc;
}

static inline void
disk_begin_in(struct disk_stock *d, const char *path, uint64_t bytes_max,
    uint64_t segment_bytes)
{
	*d = (struct disk_stock){ .memory = 64 * MIB, .object = 8 * MIB };
	(void)snprintf(d->path, sizeof(d->path), "%s", path);
	d->dir_fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(d->dir_fd >= 0);
	d->options = (struct cache_disk_options){ .bytes_max = bytes_max,
		.segment_bytes = segment_bytes,
		.event = count_event,
		.context = d };
	assert_int_equal(disk_attach(d), 0);
}

static inline void
disk_begin(struct disk_stock *d, uint64_t bytes_max, uint64_t segment_bytes)
{
	/* In memory, where to sync costs nothing. */
	char shared[] = "/dev/shm/gatehouse-XXXXXX";
	char path[] = "/tmp/gatehouse-XXXXXX";

	if (mkdtemp(shared) != NULL) {
		disk_begin_in(d, shared, bytes_max, segment_bytes);
		return;
	}
	assert_non_null(mkdtemp(path));
	disk_begin_in(d, path, bytes_max, segment_bytes);
}

/* As after a restart. */
static inline void
disk_again(struct disk_stock *d)
{
	stock_end(&d->s);
	assert_int_equal(disk_attach(d), 0);
}

static inline void
empty_directory(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	while ((entry = readdir(dir)) != NULL)
		(void)unlinkat(dir_fd, entry->d_name, 0);
	(void)closedir(dir);
}

static inline void
disk_end(struct disk_stock *d)
{
	stock_end(&d->s);
	empty_directory(d->dir_fd);
	(void)close(d->dir_fd);
	(void)rmdir(d->path);
}

/* ---- finding, as the proxy does ---- */

static inline void
disk_called(void *context)
{
	struct disk_stock *d = context;

	d->called = true;
	loop_stop(&d->s.h.loop);
}

/* In memory or on the disk; NULL: nowhere. */
static inline struct cache_object *
disk_find(struct disk_stock *d, const char *key, const char *language)
{
	struct cache_lead *lead = NULL;
	struct cache_waiter *waiter = NULL;
	struct asked asked;
	const struct http_request *request = asking(&asked, language);
	struct cache_user *user = &d->s.user;

	for (int i = 0; i < 20; i++) {
		struct cache_object *object =
		    cache_find(user, str_of(key), request);
		if (object != NULL)
			return object;
		const struct cache_wish wish = {
			.key = str_of(key),
			.request = request,
			.again = i > 0,
			.loop = &d->s.h.loop,
			.fn = disk_called,
			.context = d,
		};
		switch (cache_take_turn(user, &wish, &lead, &waiter)) {
		case CACHE_TURN_LEAD:
			cache_lead_end(user, &lead, CACHE_LEAD_GONE);
			return NULL;
		case CACHE_TURN_WAIT:
			d->called = false;
			cache_sleep(user);
			harness_run(&d->s.h);
			cache_wake(user);
			assert_true(d->called);
			break;
		case CACHE_TURN_FOUND:
		case CACHE_TURN_ALONE:
			break;
		}
	}
	fail_msg("it is read again and again: %s", key);
	return NULL;
}

/* Waits until it is whole: how much of it there is; -1 if it broke. */
static inline int64_t
disk_read_all(struct disk_stock *d, struct cache_object *object, char with)
{
	struct cache_body *body = cache_object_body(object);
	struct cache_reader *reader = NULL;
	uint64_t at = 0;

	(void)cache_object_ref(object);
	assert_int_equal(
	    cache_reader_open(body, 0, &d->s.h.loop, disk_called, d, &reader),
	    0);
	while (cache_body_state(body) == CACHE_BODY_FILLING) {
		cache_reader_wait(reader);
		harness_run(&d->s.h);
		at += all_is(object, at, with);
		cache_reader_advance(reader, at);
	}
	at += all_is(object, at, with);
	bool whole = cache_body_state(body) == CACHE_BODY_WHOLE;
	cache_reader_close(&reader);
	cache_object_unref(object);
	return whole ? (int64_t)at : -1;
}

static inline struct cache_disk_stats
disk_stats(struct disk_stock *d)
{
	struct cache_disk_stats stats;

	cache_disk_stats(d->s.cache, &stats);
	return stats;
}

#endif
