/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cache/reader: those who follow a body while it is filling.
 */
#include "cache/body_impl.h"

#include <errno.h>
#include <stdlib.h>

static void
lock(const struct cache_body *body)
{
	(void)pthread_mutex_lock(cache_body_lock(body));
}

static void
unlock(const struct cache_body *body)
{
	(void)pthread_mutex_unlock(cache_body_lock(body));
}

static void
link_reader(struct cache_reader *reader, struct cache_fill *fill)
{
	reader->next = fill->readers;
	reader->link = &fill->readers;
	if (reader->next != NULL)
		reader->next->link = &reader->next;
	fill->readers = reader;
}

static void
unlink_reader(struct cache_reader *reader)
{
	if (reader->link == NULL)
		return;
	*reader->link = reader->next;
	if (reader->next != NULL)
		reader->next->link = reader->link;
	reader->link = NULL;
}

static struct cache_reader *
make_reader(struct cache_body *body, uint64_t at, struct loop *loop,
    cache_waiter_fn fn, void *context)
{
	struct cache_reader *reader = calloc(1, sizeof(*reader));

	if (reader == NULL)
		return NULL;
	reader->waiter =
	    cache_waiter_create(cache_body_lock(body), loop, fn, context);
	if (reader->waiter == NULL) {
		free(reader);
		return NULL;
	}
	reader->waiter->again = true;
	reader->object = cache_object_ref(cache_object_of(body));
	reader->at = at;
	return reader;
}

int
cache_reader_open(struct cache_body *body, uint64_t at, struct loop *loop,
    cache_waiter_fn fn, void *context, struct cache_reader **ret)
{
	struct cache_reader *reader = make_reader(body, at, loop, fn, context);

	if (reader == NULL)
		return -ENOMEM;
	lock(body);
	struct cache_fill *fill = cache_body_fill(body);
	bool gone = cache_body_begins(body) > at;
	if (fill != NULL && !gone)
		link_reader(reader, fill);
	unlock(body);
	if (gone) {
		cache_reader_close(&reader);
		return -ESTALE;
	}
	*ret = reader;
	return 0;
}

void
cache_reader_advance(struct cache_reader *reader, uint64_t at)
{
	struct cache_body *body = &reader->object->body;

	if (cache_body_state(body) != CACHE_BODY_FILLING) {
		reader->at = at;
		return;
	}
	lock(body);
	reader->at = at;
	struct cache_fill *fill = cache_body_fill(body);
	if (fill != NULL)
		cache_body_pass(body, fill);
	unlock(body);
}

void
cache_reader_wait(struct cache_reader *reader)
{
	struct cache_body *body = &reader->object->body;

	lock(body);
	struct cache_fill *fill = cache_body_fill(body);
	if (fill == NULL || cache_body_bytes(body) > reader->at)
		cache_waiter_post(reader->waiter);
	else
		cache_waiter_arm(reader->waiter, &fill->waiting);
	unlock(body);
}

void
cache_reader_close(struct cache_reader **reader)
{
	struct cache_reader *r = *reader;

	*reader = NULL;
	if (r == NULL)
		return;
	struct cache_body *body = &r->object->body;
	cache_waiter_cancel(&r->waiter);
	lock(body);
	unlink_reader(r);
	struct cache_fill *fill = cache_body_fill(body);
	if (fill != NULL)
		cache_body_pass(body, fill);
	unlock(body);
	cache_object_unref(r->object);
	free(r);
}
