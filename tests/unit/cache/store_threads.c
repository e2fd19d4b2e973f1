/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four threads with their loops ask one store for the same few keys, as the
 * proxy does: find, or wait for who leads, or lead and fill; while another
 * changes the contents and purges.  Each body is what its key says, from the
 * first byte to the last, and none is older than a purge that had ended when it
 * was asked for; with a disk behind the store and without.  TSan and ASan look
 * on.
 */
#include "disk_stock.h"

#include "base/must.h"
#include "cache/purge.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#define THREADS 4
#define KEYS    24
#define ASKERS  8 /* of a thread at once */
#define ANSWERS 6000
#define TURNS   100

struct world {
	struct cache *cache;
	_Atomic unsigned answers, led, broken, waited;
	_Atomic bool over;
	/* What the server would send; and what is the oldest to be seen. */
	_Atomic unsigned version[KEYS], least[KEYS];
};

struct member {
	struct world *world;
	struct loop loop;
	struct cache_user user;
	uint64_t seed;
	unsigned asking; /* askers that have not ended */
	struct asker *askers;
};

enum step {
	ASKING,
	LEADING,
	FILLING,
	READING,
};

struct asker {
	struct member *member;
	enum step step;
	unsigned key;
	struct cache_lead *lead;
	struct cache_waiter *waiter;
	struct cache_object *object; /* a reference: read, or filled */
	struct cache_reader *reader;
	uint64_t at;
	struct loop_deferred later;
	uint32_t stamp;   /* of its request */
	unsigned version; /* that the server sends */
};

static uint32_t
roll(struct member *m, uint32_t sides)
{
	m->seed ^= m->seed << 13;
	m->seed ^= m->seed >> 7;
	m->seed ^= m->seed << 17;
	return (uint32_t)(m->seed >> 33) % sides;
}

static uint64_t
length_of(unsigned key)
{
	return (uint64_t)key * key * key * 40 + key;
}

static char
byte_of(unsigned key)
{
	return (char)('A' + key);
}

static struct str
text_of(unsigned key, char ret[40])
{
	int len = snprintf(
	    ret, 40, "http://%c.example:80/%u", key % 2 == 0 ? 'a' : 'b', key);

	return (struct str){ ret, (size_t)len };
}

static void
head_of(unsigned version, char ret[40])
{
	(void)snprintf(ret, 40, "Version: %u\r\n", version);
}

static unsigned
version_of(const struct cache_object *object)
{
	struct str head = cache_object_head(object);
	unsigned version = 0;

	for (size_t i = strlen("Version: "); ascii_is_digit(head.at[i]); i++)
		version = version * 10 + (unsigned)(head.at[i] - '0');
	return version;
}

static void go(struct asker *asker);

static void
on_later(struct loop_deferred *deferred)
{
	go(deferred->context);
}

static void
go_later(struct asker *asker)
{
	loop_defer(&asker->member->loop, &asker->later);
}

static void
on_wake(void *context)
{
	struct asker *asker = context;

	asker->waiter = NULL;
	go(asker);
}

static void
on_more(void *context)
{
	go(context);
}

/* ---- reading ---- */

static void
let_go(struct asker *asker)
{
	cache_reader_close(&asker->reader);
	cache_object_unref(asker->object);
	asker->object = NULL;
	asker->step = ASKING;
}

static void
check_some(struct asker *asker, const struct cache_body *body)
{
	struct iovec spans[3];
	size_t count = cache_body_spans(body, asker->at,
	    1 + roll(asker->member, 200000), spans, COUNT_OF(spans));

	for (size_t i = 0; i < count; i++) {
		const char *bytes = spans[i].iov_base;
		for (size_t j = 0; j < spans[i].iov_len; j += 97)
			must(bytes[j] == byte_of(asker->key));
		asker->at += spans[i].iov_len;
	}
	if (asker->reader != NULL)
		cache_reader_advance(asker->reader, asker->at);
}

static void
read_some(struct asker *asker)
{
	struct cache_body *body = cache_object_body(asker->object);
	enum cache_body_state state = cache_body_state(body);

	check_some(asker, body);
	if (roll(asker->member, 200) == 0) {
		let_go(asker); /* its client has left */
		go_later(asker);
	} else if (asker->at < cache_body_bytes(body)) {
		go_later(asker);
	} else if (state == CACHE_BODY_FILLING) {
		cache_reader_wait(asker->reader);
	} else {
		if (state == CACHE_BODY_WHOLE)
			must(asker->at == length_of(asker->key));
		atomic_fetch_add(&asker->member->world->answers, 1);
		let_go(asker);
		go_later(asker);
	}
}

/* ---- filling ---- */

static void
begin_filling(struct asker *asker)
{
	struct member *m = asker->member;
	uint64_t length = length_of(asker->key);
	char text[40], head[40];
	struct cache_parts parts = {
		.key = text_of(asker->key, text),
		.head = { head, 0 },
		.tags = asker->key % 3 == 0 ? STR("third") : STR(""),
		.meta = { .status = 200, .content_length = HTTP_UNSAID },
		.length = roll(m, 2) == 0 ? (int64_t)length : HTTP_UNSAID,
	};

	parts.stamp = asker->stamp;
	head_of(asker->version, head);
	parts.head.len = strlen(head);
	must(cache_object_create(&parts, &asker->object) == 0);
	int rc = cache_put(&m->user, asker->object);
	cache_lead_end(&m->user, &asker->lead,
	    rc == 0 ? CACHE_LEAD_KEPT : CACHE_LEAD_GONE);
	atomic_fetch_add(&m->world->led, 1);
	asker->at = 0;
	asker->step = FILLING;
}

/* The server takes its time, and may not answer at all. */
static void
lead_on(struct asker *asker)
{
	struct member *m = asker->member;

	if (roll(m, 40) == 0) {
		cache_lead_end(&m->user, &asker->lead, CACHE_LEAD_GONE);
		asker->step = ASKING;
	} else if (roll(m, 8) == 0) {
		begin_filling(asker);
	}
	go_later(asker);
}

static void
end_filling(struct asker *asker, bool whole)
{
	struct cache_body *body = cache_object_body(asker->object);

	if (whole)
		cache_body_end(body);
	else
		cache_body_break(body);
	let_go(asker);
	go_later(asker);
}

static void
fill_some(struct asker *asker)
{
	struct member *m = asker->member;
	struct cache_body *body = cache_object_body(asker->object);
	uint64_t left = length_of(asker->key) - asker->at;
	size_t more = roll(m, 90000);
	static _Thread_local char bytes[90000];

	if (cache_body_is_abandoned(body) || roll(m, 50) == 0) {
		atomic_fetch_add(&m->world->broken, 1);
		end_filling(asker, false);
		return;
	}
	size_t room = cache_body_room(body);
	if (room == 0) {
		must(cache_body_await_room(
			 body, &m->loop, on_wake, asker, &asker->waiter) == 0);
		return;
	}
	more = more < room ? more : room;
	more = more < left ? more : (size_t)left;
	memset(bytes, byte_of(asker->key), more);
	must(cache_body_append(body, (struct str){ bytes, more }) == 0);
	asker->at += more;
	if (asker->at == length_of(asker->key))
		end_filling(asker, true);
	else
		go_later(asker);
}

/* ---- asking ---- */

static void
begin_reading(struct asker *asker, struct cache_object *object)
{
	struct cache_body *body = cache_object_body(object);

	asker->at = 0;
	if (cache_body_state(body) == CACHE_BODY_FILLING &&
	    cache_reader_open(body, 0, &asker->member->loop, on_more, asker,
		&asker->reader) < 0) {
		go_later(asker); /* it is passing: ask again */
		return;
	}
	asker->object = cache_object_ref(object);
	asker->step = READING;
	go_later(asker);
}

static void
ask(struct asker *asker)
{
	struct member *m = asker->member;
	char text[40];
	struct asked asked;

	asker->key = roll(m, KEYS);
	struct str key = text_of(asker->key, text);
	const struct http_request *request = asking(&asked, NULL);
	unsigned least = atomic_load(&m->world->least[asker->key]);
	struct cache_object *object = cache_find(&m->user, key, request);
	if (object != NULL) {
		must(str_eq(cache_object_key(object), key));
		must(version_of(object) >= least);
		begin_reading(asker, object);
		return;
	}
	const struct cache_wish wish = {
		.key = key,
		.request = request,
		.loop = &m->loop,
		.fn = on_wake,
		.context = asker,
	};
	switch (
	    cache_take_turn(&m->user, &wish, &asker->lead, &asker->waiter)) {
	case CACHE_TURN_LEAD:
		asker->step = LEADING;
		asker->stamp = cache_stamp(m->world->cache);
		asker->version = atomic_load(&m->world->version[asker->key]);
		go_later(asker);
		return;
	case CACHE_TURN_WAIT:
		atomic_fetch_add(&m->world->waited, 1);
		return;
	case CACHE_TURN_FOUND:
	case CACHE_TURN_ALONE:
		break;
	}
	go_later(asker);
}

static void
go(struct asker *asker)
{
	struct member *m = asker->member;

	if (asker->step == LEADING)
		lead_on(asker);
	else if (asker->step == FILLING)
		fill_some(asker);
	else if (asker->step == READING)
		read_some(asker);
	else if (!atomic_load(&m->world->over))
		ask(asker);
	else if (--m->asking == 0)
		loop_stop(&m->loop);
	cache_rest(&m->user);
}

/* ---- the threads ---- */

/* After all have asked for the last time somebody may still wait for a leader
 * of another thread; so each thread ends when its own have. */
static void *
run(void *context)
{
	struct member *m = context;
	struct asker askers[ASKERS];

	cache_enter(m->world->cache, &m->user);
	m->asking = ASKERS;
	for (size_t i = 0; i < ASKERS; i++) {
		askers[i] = (struct asker){ .member = m };
		askers[i].later = (struct loop_deferred){ .fn = on_later,
			.context = &askers[i] };
		go_later(&askers[i]);
	}
	must(loop_run(&m->loop) == 0);
	cache_leave(&m->user);
	return NULL;
}

static const struct {
	enum cache_purge_kind kind;
	const char *what;
} purges[] = {
	{ CACHE_PURGE_TAG, "third" },
	{ CACHE_PURGE_HOST, "a.example" },
	{ CACHE_PURGE_PREFIX, "http://b.example:80/1" },
	{ CACHE_PURGE_KEY, "http://b.example:80/3" },
	{ CACHE_PURGE_KEY, "http://a.example:80/20" },
	{ CACHE_PURGE_KEY, "http://b.example:80/23" },
	{ CACHE_PURGE_ALL, "" },
};

static bool
is_of_key(size_t purge, unsigned key)
{
	char text[40];

	return cache_purge_is_of(purges[purge].kind, str_of(purges[purge].what),
	    text_of(key, text), key % 3 == 0 ? STR("third") : STR(""));
}

/* The contents change, and all that is older is purged: when that has ended,
 * nobody sees it any more. */
static void
change_and_purge(struct world *world, size_t purge)
{
	unsigned versions[KEYS];

	for (unsigned key = 0; key < KEYS; key++)
		versions[key] =
		    is_of_key(purge, key)
			? atomic_fetch_add(&world->version[key], 1) + 1
			: 0;
	must(cache_purge(world->cache, purges[purge].kind,
		 str_of(purges[purge].what)) >= 0);
	for (unsigned key = 0; key < KEYS; key++)
		if (versions[key] > 0)
			atomic_store(&world->least[key], versions[key]);
}

static void *
purge(void *context)
{
	struct world *world = context;
	unsigned turn = 0;

	while (atomic_load(&world->answers) < ANSWERS || turn < TURNS) {
		change_and_purge(world, turn % 50 == 49
					    ? COUNT_OF(purges) - 1
					    : turn % (COUNT_OF(purges) - 1));
		turn++;
		/* Others must come to something between two purges. */
		(void)poll(NULL, 0, 2);
	}
	atomic_store(&world->over, true);
	return NULL;
}

static void
run_world(struct world *world, struct cache_stats *ret)
{
	static struct member members[THREADS];
	pthread_t threads[THREADS + 1];

	for (size_t i = 0; i < THREADS; i++) {
		members[i] =
		    (struct member){ .world = world, .seed = 7919 * (i + 1) };
		assert_int_equal(loop_init(&members[i].loop), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, run, &members[i]), 0);
	assert_int_equal(
	    pthread_create(&threads[THREADS], NULL, purge, world), 0);
	for (size_t i = 0; i <= THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < THREADS; i++) {
		loop_deliver(&members[i].loop);
		loop_fini(&members[i].loop);
	}
	cache_stats(world->cache, ret);
	print_message("%u answers, %u led, %u waited, %u broken, %lu found, "
		      "%lu evicted, %lu purged\n",
	    world->answers, world->led, world->waited, world->broken,
	    (unsigned long)ret->found, (unsigned long)ret->evicted,
	    (unsigned long)ret->purged);
	assert_true(world->waited > 20 && world->led > 100);
	assert_true(ret->evicted > 20 && ret->purged > 20);
	assert_true(ret->bytes <= ret->bytes_max);
}

static void
each_answer_is_that_of_its_key(void **state)
{
	struct cache_limits limits = { 2 * MIB, MIB / 2 };
	struct world world = { .over = false };
	struct cache_stats stats;

	(void)state;
	assert_int_equal(cache_create(&limits, &world.cache), 0);
	run_world(&world, &stats);
	cache_destroy(&world.cache);
}

static void
and_with_a_disk(void **state)
{
	struct world world = { .over = false };
	struct cache_disk_stats on_disk;
	struct cache_stats stats;
	struct disk_stock d;

	(void)state;
	disk_begin(&d, 4 * MIB, 0);
	stock_end(&d.s);
	d.memory = 2 * MIB;
	d.object = MIB / 2;
	assert_int_equal(disk_attach(&d), 0);
	cache_sleep(&d.s.user);
	world.cache = d.s.cache;
	run_world(&world, &stats);
	cache_wake(&d.s.user);
	on_disk = disk_stats(&d);
	print_message("%lu written, %lu read, %lu skipped\n",
	    (unsigned long)on_disk.written, (unsigned long)on_disk.read,
	    (unsigned long)on_disk.skipped);
	assert_true(on_disk.written > 100 && on_disk.read > 20);
	assert_int_equal(d.damaged + d.failed + d.emptied, 0);
	disk_end(&d);
}

/* ---- growing ---- */

#define PUT 30000

struct growth {
	struct cache *cache;
	_Atomic unsigned put; /* keys below it are there */
};

static void *
find_all_the_time(void *context)
{
	struct growth *g = context;
	struct member m = { .seed = (uintptr_t)&m };
	struct cache_user user;
	struct asked asked;
	char text[40];
	unsigned put = 0;

	cache_enter(g->cache, &user);
	while ((put = atomic_load(&g->put)) < PUT) {
		struct str key =
		    put == 0 ? STR("") : text_of(roll(&m, put), text);
		if (put > 0)
			must(cache_find(&user, key, asking(&asked, NULL)) !=
			     NULL);
		if (roll(&m, 50) == 0) {
			cache_sleep(&user);
			cache_wake(&user);
		}
		cache_rest(&user);
	}
	cache_leave(&user);
	return NULL;
}

/* What is there is found at every moment, also by those whom a growing table
 * leads astray. */
static void
growing_hides_nothing(void **state)
{
	struct cache_limits limits = { 1024 * MIB, MIB };
	struct growth g = { .put = 0 };
	pthread_t threads[3];
	struct stock s = { .calls = 0 };
	char text[40];

	(void)state;
	assert_int_equal(cache_create(&limits, &g.cache), 0);
	s.cache = g.cache;
	cache_enter(g.cache, &s.user);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, find_all_the_time, &g),
		    0);
	for (unsigned i = 0; i < PUT; i++) {
		assert_int_equal(put(&s,
				     (struct made){ .key = text_of(i, text).at,
					 .length = 3 },
				     'x'),
		    0);
		atomic_store(&g.put, i + 1);
		cache_rest(&s.user);
	}
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	cache_leave(&s.user);
	cache_destroy(&g.cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_answer_is_that_of_its_key),
		cmocka_unit_test(and_with_a_disk),
		cmocka_unit_test(growing_hides_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
