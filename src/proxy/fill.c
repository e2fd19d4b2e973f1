/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/fill.h"

#include "http/body.h"
#include "proxy/limits.h"
#include "proxy/part.h"
#include "proxy/slots.h"
#include "proxy/worker.h"

#include <stdlib.h>

struct fill {
	struct worker *worker;
	struct fill *next, **link; /* of the worker's */
	struct cache_object *object;
	struct cache_body *body; /* the object's */
	struct http_body framing;
	uint64_t skip; /* of what is to come, it is there */
	struct pool_kept server;
	bool keep;           /* the connection, under this key: */
	struct pool_key key; /* its text is `through` */
	struct text through;
	struct loop_timer timer;
	struct cache_waiter *room; /* is waited for */
};

static void
destroy(struct fill *fill)
{
	stream_close(&fill->server.stream);
	slot_release(fill->server.slot);
	loop_timer_cancel(&fill->timer);
	cache_waiter_cancel(&fill->room);
	*fill->link = fill->next;
	if (fill->next != NULL)
		fill->next->link = fill->link;
	text_fini(&fill->through);
	cache_object_unref(fill->object);
	free(fill);
}

static void
finish(struct fill *fill)
{
	cache_body_end(fill->body);
	fill->key.through = text_str(&fill->through);
	if (fill->keep)
		errand_keep_server(fill->worker, fill->key, &fill->server);
	destroy(fill);
}

/* Nobody after this must be given the half of it. */
static void
give_up(struct fill *fill)
{
	part_save(&fill->worker->cache, fill->object);
	destroy(fill);
}

/* ---- what comes ---- */

static void run(struct fill *fill);

static void
mind_time(struct fill *fill)
{
	struct loop *loop = fill->worker->loop;

	loop_timer_arm(
	    loop, &fill->timer, loop_now(loop) + PROXY_STALL_TIMEOUT);
}

/* There is nothing to read: is that the end of it? */
static void
starve(struct fill *fill)
{
	enum http_fault fault;

	if (!stream_has_ended(fill->server.stream))
		mind_time(fill);
	else if (http_body_end(&fill->framing, &fault) < 0)
		give_up(fill);
	else
		finish(fill);
}

/* False: what came is not HTTP, or has no room. */
static bool
take(struct fill *fill, struct str input)
{
	enum http_fault fault;
	struct str content;
	ssize_t used =
	    http_body_decode(&fill->framing, input, &content, &fault);

	if (used < 0)
		return false;
	size_t skip = fill->skip < content.len ? fill->skip : content.len;
	content = str_skip(content, skip);
	fill->skip -= skip;
	if (content.len > 0 && cache_body_append(fill->body, content) < 0)
		return false;
	stream_consume(fill->server.stream, (size_t)used);
	return true;
}

static void
on_room(void *context)
{
	struct fill *fill = context;

	fill->room = NULL;
	stream_read_start(fill->server.stream);
	run(fill);
}

/* It is too large to be kept, and those who follow it set the pace. */
static void
await_room(struct fill *fill)
{
	if (cache_body_is_abandoned(fill->body) ||
	    cache_body_await_room(fill->body, fill->worker->loop, on_room, fill,
		&fill->room) < 0) {
		give_up(fill);
		return;
	}
	loop_timer_cancel(&fill->timer);
	stream_read_stop(fill->server.stream);
}

static void
run(struct fill *fill)
{
	while (!http_body_is_done(&fill->framing)) {
		struct str input = stream_input(fill->server.stream);
		size_t room = cache_body_room(fill->body);
		if (input.len == 0) {
			starve(fill);
			return;
		}
		if (room == 0) {
			await_room(fill);
			return;
		}
		input.len = room < input.len ? room : input.len;
		if (!take(fill, input)) {
			give_up(fill);
			return;
		}
	}
	finish(fill);
}

static void
on_word(struct stream *stream, void *context)
{
	(void)stream;
	run(context);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	give_up(context);
}

static const struct stream_user server_side = {
	.data = on_word,
	.ended = on_word,
	.failed = on_failed,
};

static void
on_time(struct loop_timer *timer)
{
	give_up(timer->context);
}

/* ---- the beginning ---- */

static struct fill *
create(struct worker *worker, struct cache_object *object)
{
	struct fill *fill = calloc(1, sizeof(*fill));

	if (fill == NULL)
		return NULL;
	fill->worker = worker;
	fill->object = cache_object_ref(object);
	fill->body = cache_object_body(object);
	fill->timer = (struct loop_timer){ .fn = on_time, .context = fill };
	fill->next = worker->fills;
	fill->link = &worker->fills;
	if (fill->next != NULL)
		fill->next->link = &fill->next;
	worker->fills = fill;
	return fill;
}

void
fill_start(struct errand *errand, struct cache_object *object,
    const struct http_response *response, uint64_t skip)
{
	struct worker *worker = errand->worker;
	struct fill *fill = create(worker, object);
	struct pool_key key = errand_place(errand);

	if (fill == NULL) {
		(void)cache_drop(&worker->cache, object);
		cache_body_break(cache_object_body(object));
		stream_close(&errand->server);
		return;
	}
	fill->server = errand_give_server(errand);
	fill->key = key;
	fill->skip = skip;
	text_add(&fill->through, key.through);
	fill->keep = response->keep_alive && !fill->through.full &&
		     response->framing != HTTP_FRAMING_UNTIL_CLOSE;
	http_body_init(
	    &fill->framing, response->framing, response->content_length);
	stream_use(fill->server.stream, &server_side, fill);
	stream_read_start(fill->server.stream);
	run(fill);
}

void
fill_end_all(struct worker *worker)
{
	while (worker->fills != NULL)
		give_up(worker->fills);
}
