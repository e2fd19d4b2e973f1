/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench/eviction: what a cache throws out, and how many hits that leaves.
 *
 *	eviction
 *
 * Patterns of requests against policies of eviction, at sizes of the cache that
 * are parts of all that is asked for.  The last policy is the memory store
 * itself (cache/store) with objects of that size; the others are the textbook's,
 * without a byte stored.  Prints for each the share of requests and of bytes
 * that were hits, after a third of the requests that only warms up.
 *
 * Sizes are log-normal, as on the web: median 11 KB, mean 40 KB, most 8 MB; all
 * divided by 16 so that the store's share fits.  Everybody is charged 128 bytes
 * an object.  Nothing is random but by one seed.
 */
#include "cache/store.h"
#include "net/loop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OBJECTS  100000  /* that are asked for again */
#define REQUESTS 2000000 /* of a pattern */
#define IDS_MAX  (OBJECTS + REQUESTS)

static uint32_t sizes[IDS_MAX];
static uint32_t requests[REQUESTS];
static uint64_t footprint; /* of the OBJECTS */
static uint64_t room;      /* of the cache */

/* ---- chance ---- */

static uint64_t seed = 88172645463325252u;

static uint64_t
roll(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static double
roll_part(void)
{
	return (double)(roll() >> 11) / 9007199254740992.0;
}

static void
make_sizes(void)
{
	for (size_t i = 0; i < IDS_MAX; i++) {
		double normal = sqrt(-2 * log(roll_part() + 1e-18)) *
				cos(2 * M_PI * roll_part());
		double size = exp(9.3 + 1.6 * normal) / 16;
		sizes[i] = (uint32_t)fmin(fmax(size, 20), 500000) + 128;
		if (i < OBJECTS)
			footprint += sizes[i];
	}
}

/* ---- patterns ---- */

static double zipf_sums[OBJECTS];
static uint32_t shuffled[OBJECTS]; /* popularity has nothing to do with ids */

static void
set_zipf(double exponent)
{
	double sum = 0;

	for (size_t i = 0; i < OBJECTS; i++) {
		sum += pow((double)(i + 1), -exponent);
		zipf_sums[i] = sum;
		shuffled[i] = (uint32_t)i;
	}
	for (size_t i = OBJECTS - 1; i > 0; i--) {
		size_t other = roll() % (i + 1);
		uint32_t held = shuffled[i];
		shuffled[i] = shuffled[other];
		shuffled[other] = held;
	}
}

static uint32_t
roll_zipf(void)
{
	double at = roll_part() * zipf_sums[OBJECTS - 1];
	size_t low = 0, high = OBJECTS - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (zipf_sums[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return shuffled[low];
}

static void
make_zipf(double exponent)
{
	set_zipf(exponent);
	for (size_t i = 0; i < REQUESTS; i++)
		requests[i] = roll_zipf();
}

/* A crawler comes by: a third of the requests are for what nobody else wants,
 * 10,000 at a time. */
static void
make_scan(double exponent)
{
	uint32_t next = OBJECTS;

	set_zipf(exponent);
	for (size_t i = 0; i < REQUESTS; i++)
		requests[i] = i / 10000 % 3 == 2 ? next++ : roll_zipf();
}

/* The same 20,000 again and again, half of the requests. */
static void
make_mixed_loop(double exponent)
{
	set_zipf(exponent);
	for (size_t i = 0; i < REQUESTS; i++)
		requests[i] = i % 2 == 0 ? (uint32_t)(OBJECTS + i / 2 % 20000)
					 : roll_zipf();
}

/* Nothing but that: all of OBJECTS in turn. */
static void
make_loop(double exponent)
{
	(void)exponent;
	for (size_t i = 0; i < REQUESTS; i++)
		requests[i] = (uint32_t)(i % OBJECTS);
}

/* ---- queues of ids ---- */

struct node {
	uint32_t older, newer; /* ids + 1; 0: none */
	uint8_t queue;         /* 0: not in the cache */
	uint8_t used;
};

struct queue {
	uint32_t oldest, newest;
	uint64_t bytes;
	uint32_t count;
};

static struct node nodes[IDS_MAX + 1]; /* by id + 1 */
static struct queue queues[4];         /* 1 to 3 */

static void
add(uint8_t to, uint32_t n)
{
	struct queue *queue = &queues[to];

	nodes[n].queue = to;
	nodes[n].newer = 0;
	nodes[n].older = queue->newest;
	if (queue->newest != 0)
		nodes[queue->newest].newer = n;
	else
		queue->oldest = n;
	queue->newest = n;
	queue->bytes += sizes[n - 1];
	queue->count++;
}

static void
take_out(uint32_t n)
{
	struct node node = nodes[n];
	struct queue *queue = &queues[node.queue];

	if (node.older != 0)
		nodes[node.older].newer = node.newer;
	else
		queue->oldest = node.newer;
	if (node.newer != 0)
		nodes[node.newer].older = node.older;
	else
		queue->newest = node.older;
	nodes[n].queue = 0;
	queue->bytes -= sizes[n - 1];
	queue->count--;
}

static uint64_t
taken(void)
{
	return queues[1].bytes + queues[2].bytes + queues[3].bytes;
}

/* ---- LRU ---- */

static bool
ask_lru(uint32_t n)
{
	bool hit = nodes[n].queue != 0;

	if (hit)
		take_out(n);
	add(1, n);
	while (taken() > room)
		take_out(queues[1].oldest);
	return hit;
}

/* ---- SIEVE (Zhang, Yang, Yue, Vigfusson, Rashmi 2024) ---- */

static uint32_t hand;

static void
sieve_out(void)
{
	uint32_t n = hand != 0 ? hand : queues[1].oldest;

	while (nodes[n].used != 0) {
		nodes[n].used = 0;
		n = nodes[n].newer != 0 ? nodes[n].newer : queues[1].oldest;
	}
	hand = nodes[n].newer;
	take_out(n);
}

static bool
ask_sieve(uint32_t n)
{
	if (nodes[n].queue != 0) {
		nodes[n].used = 1;
		return true;
	}
	nodes[n].used = 0;
	while (queues[1].count > 0 && taken() + sizes[n - 1] > room)
		sieve_out();
	add(1, n);
	return false;
}

/* ---- S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi 2023) ---- */

static uint32_t ghosts[IDS_MAX + 1], ghost_time;

static void
s3_out_of_small(void)
{
	while (queues[1].count > 0) {
		uint32_t n = queues[1].oldest;
		take_out(n);
		if (nodes[n].used <= 1) {
			ghosts[n] = ++ghost_time;
			return;
		}
		nodes[n].used = 0;
		add(2, n);
	}
}

static void
s3_out_of_main(void)
{
	while (queues[2].count > 0) {
		uint32_t n = queues[2].oldest;
		take_out(n);
		if (nodes[n].used == 0)
			return;
		nodes[n].used--;
		add(2, n);
	}
}

static bool
ask_s3_fifo(uint32_t n)
{
	if (nodes[n].queue != 0) {
		if (nodes[n].used < 3)
			nodes[n].used++;
		return true;
	}
	bool ghost = ghosts[n] != 0 &&
		     ghost_time - ghosts[n] < queues[1].count + queues[2].count;
	ghosts[n] = 0;
	nodes[n].used = 0;
	while (taken() > 0 && taken() + sizes[n - 1] > room)
		if (queues[2].count == 0 ||
		    (queues[1].count > 0 && queues[1].bytes >= room / 10))
			s3_out_of_small();
		else
			s3_out_of_main();
	add(ghost ? 2 : 1, n);
	return false;
}

/* ---- W-TinyLFU (Einziger, Friedman, Manes 2017), average victim ---- */

#define ROWS  4
#define WIDTH 65536

static uint8_t counters[ROWS][WIDTH];
static uint64_t added;

static uint8_t *
counter(uint32_t n, unsigned row)
{
	uint64_t mixed = n * 0x9e3779b97f4a7c15u + row * 0xd6e8feb86659fd93u;

	mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93u;
	return &counters[row][(mixed >> 32) % WIDTH];
}

static unsigned
count_of(uint32_t n)
{
	unsigned least = 15;

	for (unsigned row = 0; row < ROWS; row++)
		if (*counter(n, row) < least)
			least = *counter(n, row);
	return least;
}

static void
learn(uint32_t n)
{
	for (unsigned row = 0; row < ROWS; row++)
		if (*counter(n, row) < 15)
			++*counter(n, row);
	if (++added < WIDTH * 10)
		return;
	added /= 2;
	for (unsigned row = 0; row < ROWS; row++)
		for (size_t i = 0; i < WIDTH; i++)
			counters[row][i] /= 2;
}

/* Queues: 1 window, 2 probation, 3 protected. */
static void
tiny_hit(uint32_t n)
{
	uint8_t queue = nodes[n].queue;

	take_out(n);
	add(queue == 1 ? 1 : 3, n);
	while (queues[3].bytes > room / 100 * 79) {
		uint32_t oldest = queues[3].oldest;
		take_out(oldest);
		add(2, oldest);
	}
}

static bool
tiny_admits(uint32_t n, uint64_t main_room)
{
	uint64_t bytes = queues[2].bytes + queues[3].bytes;
	uint32_t victim = queues[2].oldest;
	unsigned sum = 0, victims = 0;

	while (victim != 0 && bytes + sizes[n - 1] > main_room) {
		sum += count_of(victim);
		victims++;
		bytes -= sizes[victim - 1];
		victim = nodes[victim].newer;
	}
	return victims == 0 || count_of(n) > sum / victims;
}

static bool
ask_tiny_lfu(uint32_t n)
{
	uint64_t main_room = room / 100 * 99;

	learn(n);
	if (nodes[n].queue != 0) {
		tiny_hit(n);
		return true;
	}
	add(1, n);
	while (queues[1].bytes > room / 100) {
		uint32_t oldest = queues[1].oldest;
		take_out(oldest);
		if (!tiny_admits(oldest, main_room))
			continue;
		while (queues[2].bytes + queues[3].bytes > 0 &&
		       queues[2].bytes + queues[3].bytes + sizes[oldest - 1] >
			   main_room)
			take_out(queues[queues[2].count > 0 ? 2 : 3].oldest);
		add(2, oldest);
	}
	return false;
}

/* ---- the store ---- */

static struct cache *cache;
static struct cache_user user;

static void
store_put(struct str key, uint32_t size)
{
	static const char bytes[500000];
	struct cache_parts parts = { .key = key,
		.meta = { .last_modified = HTTP_UNSAID,
		    .content_length = size },
		.length = size };
	struct cache_object *object;

	if (cache_object_create(&parts, &object) < 0)
		exit(3);
	(void)cache_body_append(
	    cache_object_body(object), (struct str){ bytes, size });
	cache_body_end(cache_object_body(object));
	(void)cache_put(&user, object);
	cache_object_unref(object);
}

static bool
ask_store(uint32_t n)
{
	static const struct http_request request = { .method =
							 HTTP_METHOD_GET };
	char text[16];
	struct str key = { text,
		(size_t)snprintf(text, sizeof(text), "%u", n) };

	cache_rest(&user);
	if (cache_find(&user, key, &request) != NULL)
		return true;
	store_put(key, sizes[n - 1] - 128);
	return false;
}

/* ---- runs ---- */

static const struct {
	const char *name;
	bool (*ask)(uint32_t n);
} policies[] = {
	{ "LRU", ask_lru },
	{ "SIEVE", ask_sieve },
	{ "S3-FIFO", ask_s3_fifo },
	{ "W-TinyLFU", ask_tiny_lfu },
	{ "store", ask_store },
};

static const struct {
	const char *name;
	void (*make)(double exponent);
	double exponent;
	double parts[3]; /* of the footprint */
} patterns[] = {
	{ "Zipf 0.7", make_zipf, 0.7, { 0.01, 0.05, 0.2 } },
	{ "Zipf 0.9", make_zipf, 0.9, { 0.01, 0.05, 0.2 } },
	{ "Zipf 1.1", make_zipf, 1.1, { 0.01, 0.05, 0.2 } },
	{ "Zipf 0.9 and scans", make_scan, 0.9, { 0.01, 0.05, 0.2 } },
	{ "Zipf 0.9 and a loop", make_mixed_loop, 0.9, { 0.01, 0.05, 0.2 } },
	{ "loop", make_loop, 0, { 0.2, 0.5, 0.9 } },
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void
begin(void)
{
	struct cache_limits limits = { room, room / 8 };

	memset(nodes, 0, sizeof(nodes));
	memset(queues, 0, sizeof(queues));
	memset(ghosts, 0, sizeof(ghosts));
	memset(counters, 0, sizeof(counters));
	ghost_time = 0;
	added = 0;
	hand = 0;
	if (cache_create(&limits, &cache) < 0)
		exit(3);
	cache_enter(cache, &user);
}

static void
run(bool (*ask)(uint32_t n))
{
	uint64_t hits = 0, hit_bytes = 0, bytes = 0, count = 0;

	begin();
	for (size_t i = 0; i < REQUESTS; i++) {
		uint32_t size = sizes[requests[i]];
		bool hit = ask(requests[i] + 1);
		if (i < REQUESTS / 3)
			continue;
		count++;
		hits += hit;
		bytes += size;
		hit_bytes += hit ? size : 0;
	}
	cache_leave(&user);
	cache_destroy(&cache);
	(void)printf(" %4.1f / %4.1f |", 100 * (double)hits / (double)count,
	    100 * (double)hit_bytes / (double)bytes);
	(void)fflush(stdout);
}

int
main(void)
{
	make_sizes();
	(void)printf("| pattern | cache |");
	for (size_t i = 0; i < COUNT_OF(policies); i++)
		(void)printf(" %s |", policies[i].name);
	(void)printf("\n| --- | --- | --- | --- | --- | --- | --- |\n");
	for (size_t i = 0; i < COUNT_OF(patterns) * 3; i++) {
		double part = patterns[i / 3].parts[i % 3];
		if (i % 3 == 0)
			patterns[i / 3].make(patterns[i / 3].exponent);
		room = (uint64_t)((double)footprint * part);
		(void)printf(
		    "| %s | %.0f %% |", patterns[i / 3].name, 100 * part);
		for (size_t j = 0; j < COUNT_OF(policies); j++)
			run(policies[j].ask);
		(void)printf("\n");
	}
	return 0;
}
