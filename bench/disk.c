/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/disk: what the disk store of the cache costs.
 *
 *	disk DIRECTORY OBJECTS
 *
 * Objects of 1,000 bytes are written by a process that is then killed; how long
 * a start after that takes, and after a proper end; what an object takes of
 * memory while it is only there; and how long one takes that is read from there
 * (most often from the page cache of the kernel).
 */
#include "cache/disk.h"

#include "stopwatch.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define BODY_BYTES 1000
#define READS      20000

static struct cache *cache;
static struct cache_user user;
static struct loop loop;
static int dir_fd;
static const struct http_request request = { .method = HTTP_METHOD_GET };

static void
die(const char *what)
{
	(void)fprintf(stderr, "disk: %s\n", what);
	exit(3);
}

static struct str
key_of(size_t i, char ret[80])
{
	int len = snprintf(
	    ret, 80, "http://www.example.com:80/pictures/%010zu/small.png", i);

	return (struct str){ ret, (size_t)len };
}

/* How long it took. */
static int64_t
start(void)
{
	struct cache_limits limits = { (uint64_t)64 << 20, 1 << 20 };
	struct cache_disk_options options = { .bytes_max = (uint64_t)16 << 30 };
	int64_t began = clock_now();

	if (cache_create(&limits, &cache) < 0 ||
	    cache_disk_attach(cache, dir_fd, &options) < 0)
		die("cannot begin");
	int64_t took = clock_now() - began;
	cache_enter(cache, &user);
	return took;
}

static void
stop(void)
{
	cache_leave(&user);
	cache_destroy(&cache);
}

static void
put(size_t i)
{
	static const char bytes[BODY_BYTES];
	char text[80];
	struct cache_parts parts = {
		.key = key_of(i, text),
		.head = STR("Content-Type: image/png\r\n"
			    "Cache-Control: max-age=600\r\n"),
		.meta = { .content_length = BODY_BYTES, .status = 200 },
		.length = BODY_BYTES,
	};
	struct cache_object *object;

	if (cache_object_create(&parts, &object) < 0)
		die("no memory");
	(void)cache_body_append(
	    cache_object_body(object), (struct str){ bytes, sizeof(bytes) });
	cache_body_end(cache_object_body(object));
	(void)cache_put(&user, object);
	cache_object_unref(object);
	cache_rest(&user);
}

static void
write_and_die(size_t count)
{
	(void)start();
	int64_t began = clock_now();
	for (size_t i = 0; i < count; i++) {
		put(i);
		if (i % 10000 == 0)
			cache_disk_flush(cache);
	}
	cache_disk_flush(cache);
	(void)printf("%-44s %7.2f us\n", "written, with syncs, each",
	    (double)(clock_now() - began) / (double)count / 1e3);
	(void)fflush(stdout);
	(void)kill(getpid(), SIGKILL);
}

static void
on_call(void *context)
{
	(void)context;
	loop_stop(&loop);
}

static void
read_one(size_t i)
{
	struct cache_lead *lead = NULL;
	struct cache_waiter *waiter = NULL;
	char text[80];
	const struct cache_wish wish = {
		.key = key_of(i, text),
		.request = &request,
		.loop = &loop,
		.fn = on_call,
	};

	if (cache_take_turn(&user, &wish, &lead, &waiter) == CACHE_TURN_WAIT) {
		cache_sleep(&user);
		(void)loop_run(&loop);
		cache_wake(&user);
	}
	cache_lead_end(&user, &lead, CACHE_LEAD_GONE);
	cache_rest(&user);
}

static void
bench_reads(size_t count)
{
	struct cache_disk_stats stats;
	uint64_t seed = 88172645463325252u;
	int64_t began = clock_now();

	for (size_t i = 0; i < READS; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		read_one((seed >> 33) % count);
	}
	int64_t took = clock_now() - began;
	cache_disk_stats(cache, &stats);
	(void)printf("%-44s %7.2f us\n", "read, one after another, each",
	    (double)took / (double)stats.read / 1e3);
}

int
main(int argc, char **argv)
{
	size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	struct cache_disk_stats stats;

	if (count == 0) {
		(void)fputs("usage: disk DIRECTORY OBJECTS\n", stderr);
		return 2;
	}
	dir_fd = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd < 0 || loop_init(&loop) < 0)
		die("cannot open it");
	pid_t child = fork();
	if (child == 0)
		write_and_die(count);
	(void)waitpid(child, NULL, 0);
	(void)printf(
	    "%-44s %7.1f ms\n", "a start after kill -9", (double)start() / 1e6);
	cache_disk_stats(cache, &stats);
	if (stats.objects < count * 9 / 10)
		die("it has forgotten too many");
	(void)printf("%-44s %7.1f bytes\n", "an object's entry in memory",
	    (double)stats.index_bytes / (double)stats.objects);
	bench_reads(count);
	stop();
	(void)printf("%-44s %7.1f ms\n", "a start after a proper end",
	    (double)start() / 1e6);
	stop();
	loop_fini(&loop);
	return 0;
}
