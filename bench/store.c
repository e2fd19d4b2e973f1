/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/store: what the memory store of the cache costs, in CPU time.
 *
 *	store OBJECTS
 *
 * Finding one object again and again (all of it is in the processor's cache),
 * one of all at random (nothing is), none; putting; and how much memory an
 * object takes beside its own bytes.
 */
#include "cache/store.h"
#include "net/loop.h"

#include "stopwatch.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#define FINDS      2000000
#define BODY_BYTES 1000

static struct cache *cache;
static struct cache_user user;
static struct http_request request = { .method = HTTP_METHOD_GET };

static struct str
key_of(size_t i, char ret[80])
{
	int len = snprintf(ret, 80,
	    "http://www.example.com:80/pictures/%010zu"
	    "/small.png",
	    i);

	return (struct str){ ret, (size_t)len };
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
		exit(3);
	(void)cache_body_append(
	    cache_object_body(object), (struct str){ bytes, sizeof(bytes) });
	cache_body_end(cache_object_body(object));
	(void)cache_put(&user, object);
	cache_object_unref(object);
	cache_rest(&user);
}

static void
say(const char *what, int64_t time, size_t count)
{
	(void)printf("%-44s %7.1f ns\n", what, (double)time / (double)count);
}

static void
bench_put(size_t count)
{
	size_t before = mallinfo2().uordblks, own = 0;
	char text[80];
	int64_t start = cpu_now();

	for (size_t i = 0; i < count; i++)
		put(i);
	say("put, with its making and 1,000 bytes", cpu_now() - start, count);
	own = (key_of(0, text).len + BODY_BYTES + 53) * count;
	(void)printf("%-44s %7.1f bytes\n", "an object beside its own bytes",
	    (double)(mallinfo2().uordblks - before - own) / (double)count);
}

/* A key that differs each time costs its making; that is taken off. */
static void
bench_find(const char *what, size_t from, size_t count)
{
	volatile size_t found = 0;
	int64_t times[2];
	char text[80];

	for (size_t round = 0; round < 2; round++) {
		uint64_t seed = 88172645463325252u;
		int64_t start = cpu_now();
		for (size_t i = 0; i < FINDS; i++) {
			seed =
			    seed * 6364136223846793005u + 1442695040888963407u;
			struct str key =
			    key_of(from + (seed >> 33) % count, text);
			if (round == 1)
				found +=
				    cache_find(&user, key, &request) != NULL;
			cache_rest(&user);
		}
		times[round] = cpu_now() - start;
	}
	(void)found; /* written so that no look-up can be left out */
	say(what, times[1] - times[0], FINDS);
}

int
main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	struct cache_limits limits = { (uint64_t)1 << 40, 1 << 20 };

	if (count == 0) {
		(void)fputs("usage: store OBJECTS\n", stderr);
		return 2;
	}
	if (cache_create(&limits, &cache) < 0)
		return 3;
	cache_enter(cache, &user);
	bench_put(count);
	bench_find("find one, the same each time", 0, 1);
	bench_find("find one of 1,000", 0, 1000);
	bench_find("find one of all", 0, count);
	bench_find("find none", count, count);
	cache_leave(&user);
	cache_destroy(&cache);
	return 0;
}
