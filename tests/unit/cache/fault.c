/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory runs out in the store, at each allocation in turn: it keeps less, and
 * what it finds is right; nothing leaks.
 */
#include "../failing_malloc.h"

#ifndef SANITIZED

#include "../net/failing_story.h"

#include "cache/store.h"

struct story {
	struct harness h;
	struct cache *cache;
	struct cache_user user;
};

static void
nothing(void *context)
{
	(void)context;
}

static struct cache_object *
make(const char *key, int64_t length, struct cache_object *freshened)
{
	struct cache_object *object = NULL;
	struct cache_parts parts = {
		.key = str_of(key),
		.vary = STR("accept-language\n"),
		.head = STR("Content-Type: text/plain\r\n"),
		.tags = STR("front"),
		.meta = { .content_length = 99, .last_modified = HTTP_UNSAID },
		.length = length,
		.freshened = freshened,
	};

	return cache_object_create(&parts, &object) == 0 ? object : NULL;
}

static void
put_and_fill(struct story *t, const char *key, int64_t length)
{
	static char bytes[20000];
	struct cache_object *object = make(key, length, NULL);
	struct cache_reader *reader = NULL;
	int rc = 0;

	if (object == NULL)
		return;
	struct cache_body *body = cache_object_body(object);
	(void)cache_put(&t->user, object);
	(void)cache_reader_open(body, 0, &t->h.loop, nothing, NULL, &reader);
	for (int i = 0; i < 4 && rc == 0; i++)
		rc = cache_body_append(
		    body, (struct str){ bytes, sizeof(bytes) });
	if (rc < 0)
		cache_body_break(body);
	else
		cache_body_end(body);
	cache_reader_close(&reader);
	cache_object_unref(object);
}

static void
take_turns(struct story *t, const struct http_request *request)
{
	struct cache_lead *leads[2] = { NULL, NULL };
	struct cache_waiter *waiter = NULL;

	struct cache_wish wish = {
		.key = STR("http://a:80/1"),
		.request = request,
		.loop = &t->h.loop,
		.fn = nothing,
	};

	for (int i = 0; i < 2; i++) {
		wish.known = cache_find(&t->user, wish.key, request);
		(void)cache_take_turn(&t->user, &wish, &leads[i], &waiter);
	}
	cache_lead_end(&t->user, &leads[0], CACHE_LEAD_KEPT);
	cache_lead_end(&t->user, &leads[1], CACHE_LEAD_GONE);
	loop_deliver(&t->h.loop);
}

static void
tell(void)
{
	struct cache_limits limits = { 1 << 20, 1 << 17 };
	struct http_request request = { .method = HTTP_METHOD_GET };
	struct story t;

	if (loop_init(&t.h.loop) < 0)
		return;
	if (cache_create(&limits, &t.cache) == 0) {
		cache_enter(t.cache, &t.user);
		put_and_fill(&t, "http://a:80/1", 80000);
		put_and_fill(&t, "http://a:80/2", HTTP_UNSAID);
		take_turns(&t, &request);
		struct cache_object *old =
		    cache_find(&t.user, STR("http://a:80/1"), &request);
		if (old != NULL) {
			assert_int_equal(
			    cache_body_length(cache_object_body(old)), 80000);
			struct cache_object *fresh =
			    make("http://a:80/1", 0, old);
			if (fresh != NULL)
				assert_int_equal(cache_put(&t.user, fresh), 0);
			cache_object_unref(fresh);
		}
		(void)cache_purge(t.cache, CACHE_PURGE_TAG, STR("front"));
		cache_leave(&t.user);
		cache_destroy(&t.cache);
	}
	loop_fini(&t.h.loop);
}

static void
memory_runs_out(void **state)
{
	(void)state;
	fail_each_allocation(tell);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
