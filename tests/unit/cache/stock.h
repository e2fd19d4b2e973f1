/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of the store share: a loop, a store with one user, requests
 * and objects in a line.
 */
#ifndef GATEHOUSE_TESTS_UNIT_CACHE_STOCK_H
#define GATEHOUSE_TESTS_UNIT_CACHE_STOCK_H

#include "../net/harness.h"

#include "cache/store.h"

#include <stdio.h>

#define MIB ((uint64_t)1 << 20)

struct stock {
	struct harness h;
	struct cache *cache;
	struct cache_user user;
	int calls; /* of waiters: count_call */
};

static inline void
stock_begin(struct stock *s, uint64_t bytes_max, uint64_t object_bytes_max)
{
	struct cache_limits limits = { bytes_max, object_bytes_max };

	*s = (struct stock){ .calls = 0 };
	harness_begin(&s->h);
	assert_int_equal(cache_create(&limits, &s->cache), 0);
	cache_enter(s->cache, &s->user);
}

static inline void
stock_end(struct stock *s)
{
	cache_leave(&s->user);
	cache_destroy(&s->cache);
	harness_end(&s->h);
}

static inline void
count_call(void *context)
{
	struct stock *s = context;

	s->calls++;
}

/* ---- requests ---- */

/* Accept-Language is what the tests vary by; NULL: none. */
struct asked {
	struct http_field field;
	struct http_request request;
};

static inline const struct http_request *
asking(struct asked *asked, const char *language)
{
	*asked = (struct asked){ .request.method = HTTP_METHOD_GET };
	if (language == NULL)
		return &asked->request;
	asked->field = (struct http_field){ .name = STR("Accept-Language"),
		.value = str_of(language),
		.id = (uint8_t)http_name_find(STR("Accept-Language")) };
	asked->request.fields = (struct http_fields){ &asked->field, 1, 1 };
	return &asked->request;
}

static inline struct cache_object *
find(struct stock *s, const char *key, const char *language)
{
	struct asked asked;

	return cache_find(&s->user, str_of(key), asking(&asked, language));
}

/* ---- objects ---- */

/* Of a length and a body that is all `fill`; an empty vary does not vary. */
struct made {
	const char *key, *vary, *tags;
	int64_t length; /* said */
	uint32_t stamp;
	struct cache_object *freshened;
};

static inline struct cache_object *
make(struct made made)
{
	struct cache_object *object = NULL;
	struct cache_parts parts = {
		.key = str_of(made.key),
		.vary = str_of(made.vary),
		.tags = str_of(made.tags),
		.head = STR("Content-Type: text/plain\r\n"),
		.meta = { .content_length = made.length,
		    .last_modified = HTTP_UNSAID,
		    .status = 200 },
		.stamp = made.stamp,
		.length = made.length,
		.freshened = made.freshened,
	};

	assert_int_equal(cache_object_create(&parts, &object), 0);
	return object;
}

static inline void
fill(struct cache_object *object, char with, size_t count)
{
	struct cache_body *body = cache_object_body(object);
	char bytes[1024];

	memset(bytes, with, sizeof(bytes));
	while (count > 0) {
		size_t len = count < sizeof(bytes) ? count : sizeof(bytes);
		assert_int_equal(
		    cache_body_append(body, (struct str){ bytes, len }), 0);
		count -= len;
	}
}

/* Whole, with `length` bytes of `with`, not put. */
static inline struct cache_object *
whole(struct made made, char with)
{
	struct cache_object *object = make(made);

	fill(object, with, (size_t)made.length);
	cache_body_end(cache_object_body(object));
	return object;
}

/* Puts a whole one and lets go of it. */
static inline int
put(struct stock *s, struct made made, char with)
{
	struct cache_object *object = whole(made, with);
	int rc = cache_put(&s->user, object);

	cache_object_unref(object);
	return rc;
}

/* All that is published from `at` on is `with`; how much. */
static inline uint64_t
all_is(const struct cache_object *object, uint64_t at, char with)
{
	const struct cache_body *body = cache_object_body(object);
	struct iovec spans[4];
	uint64_t sum = 0;
	size_t count;

	while ((count = cache_body_spans(
		    body, at + sum, UINT64_MAX, spans, COUNT_OF(spans))) > 0)
		for (size_t i = 0; i < count; i++) {
			const char *bytes = spans[i].iov_base;
			for (size_t j = 0; j < spans[i].iov_len; j++)
				assert_int_equal(bytes[j], with);
			sum += spans[i].iov_len;
		}
	return sum;
}

#endif
