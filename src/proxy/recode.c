/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/recode.h"

#include "base/text.h"
#include "cache/head.h"
#include "http/coder.h"
#include "proxy/thorough.h"
#include "proxy/worker.h"

#include <errno.h>
#include <stdlib.h>

/* Of the source, in one round: no other connection waits for longer than it
 * takes to code so much. */
#define STEP_BYTES ((size_t)64 << 10)

/* A decoder may make 256 times of it, and for that no room is waited for. */
#define DECODE_BYTES ((size_t)2 << 10)

/* What is made at a time; on the stack. */
#define MADE_BYTES ((size_t)16 << 10)

/* What nobody needed for so long is let go. */
#define REST_EVERY (60 * CLOCK_SECOND)

struct recode {
	struct worker *worker;
	struct recode *next, **link; /* of the worker's */
	struct cache_object *source, *object;
	struct http_coder *coder;
	uint64_t at; /* in the source */
	bool decodes;
	bool flushed;                /* all that was taken can be read */
	struct cache_reader *reader; /* NULL: the source was whole */
	struct cache_waiter *room;
	struct loop_deferred step;
};

static void
destroy(struct recode *recode)
{
	loop_deferred_cancel(&recode->step);
	cache_reader_close(&recode->reader);
	cache_waiter_cancel(&recode->room);
	http_coder_close(&recode->coder);
	*recode->link = recode->next;
	if (recode->next != NULL)
		recode->next->link = recode->link;
	cache_object_unref(recode->source);
	cache_object_unref(recode->object);
	free(recode);
}

/* Nobody after this must be given the half of it. */
static void
give_up(struct recode *recode)
{
	(void)cache_drop(&recode->worker->cache, recode->object);
	cache_body_break(cache_object_body(recode->object));
	destroy(recode);
}

/* ---- coding ---- */

/* All of the input, and what it makes goes into the object.  False: it is not
 * in its coding, or there is no memory. */
static bool
code(struct recode *recode, struct str input, enum http_coder_flow flow)
{
	struct cache_body *body = cache_object_body(recode->object);
	char made[MADE_BYTES];

	do {
		ssize_t n = http_coder_code(
		    recode->coder, &input, flow, made, sizeof(made));
		if (n < 0 ||
		    (n > 0 && cache_body_append(
				  body, (struct str){ made, (size_t)n }) < 0))
			return false;
	} while (input.len > 0 || http_coder_is_pending(recode->coder));
	recode->flushed = flow != HTTP_CODER_MORE;
	return true;
}

static void
finish(struct recode *recode)
{
	if (!code(recode, STR(""), HTTP_CODER_END)) {
		give_up(recode);
		return;
	}
	cache_body_end(cache_object_body(recode->object));
	destroy(recode);
}

/* All that there is of the source has been taken. */
static void
starve(struct recode *recode)
{
	const struct cache_body *body = cache_object_body(recode->source);
	enum cache_body_state state = cache_body_state(body);

	if (state == CACHE_BODY_BROKEN) {
		give_up(recode);
	} else if (cache_body_bytes(body) > recode->at) {
		loop_defer(recode->worker->loop, &recode->step);
	} else if (state == CACHE_BODY_WHOLE) {
		finish(recode);
	} else if (!recode->flushed &&
		   !code(recode, STR(""), HTTP_CODER_FLUSH)) {
		give_up(recode);
	} else {
		cache_reader_wait(recode->reader);
	}
}

static void step(struct recode *recode);

static void
on_room(void *context)
{
	struct recode *recode = context;

	recode->room = NULL;
	step(recode);
}

static void
await_room(struct recode *recode)
{
	struct cache_body *body = cache_object_body(recode->object);

	if (cache_body_is_abandoned(body) ||
	    cache_body_await_room(
		body, recode->worker->loop, on_room, recode, &recode->room) < 0)
		give_up(recode);
}

/* False: it is over. */
static bool
take(struct recode *recode, size_t bytes)
{
	struct iovec span;

	if (cache_body_spans(cache_object_body(recode->source), recode->at,
		bytes, &span, 1) == 0)
		return false;
	if (!code(recode, (struct str){ span.iov_base, span.iov_len },
		HTTP_CODER_MORE)) {
		give_up(recode);
		return false;
	}
	recode->at += span.iov_len;
	if (recode->reader != NULL)
		cache_reader_advance(recode->reader, recode->at);
	return true;
}

static void
step(struct recode *recode)
{
	const struct cache_body *source = cache_object_body(recode->source);
	size_t most = recode->decodes ? DECODE_BYTES : STEP_BYTES;
	uint64_t end = recode->at + most;

	while (recode->at < end && cache_body_bytes(source) > recode->at) {
		if (cache_body_room(cache_object_body(recode->object)) == 0) {
			await_room(recode);
			return;
		}
		if (!take(recode, (size_t)(end - recode->at)))
			return;
	}
	starve(recode);
}

static void
on_step(struct loop_deferred *deferred)
{
	step(deferred->context);
}

static void
on_more(void *context)
{
	step(context);
}

/* ---- making ---- */

static void
arm_rest(struct worker *worker)
{
	loop_timer_arm(worker->loop, &worker->coders_rest,
	    loop_now(worker->loop) + REST_EVERY);
}

/* Until there is nothing left that could be let go. */
static void
on_rest(struct loop_timer *timer)
{
	struct worker *worker = timer->context;

	http_coder_pool_rest(worker->coders);
	if (http_coder_pool_memory(worker->coders) > 0)
		arm_rest(worker);
}

static int
open_coder(struct recode *recode, const struct recode_order *order)
{
	struct worker *worker = order->worker;
	struct http_coder_want want = {
		.coding = order->how.coding,
		.decode = order->how.kind == HTTP_RECODING_DECODE,
		.level = order->level,
		.length = -1,
	};

	if (worker->coders == NULL)
		worker->coders = http_coder_pool_create();
	if (worker->coders == NULL)
		return -ENOMEM;
	if (!loop_timer_is_armed(&worker->coders_rest)) {
		worker->coders_rest =
		    (struct loop_timer){ .fn = on_rest, .context = worker };
		arm_rest(worker);
	}
	return http_coder_open(worker->coders, &want, &recode->coder);
}

static void
join(struct recode *recode, struct worker *worker)
{
	recode->worker = worker;
	recode->next = worker->recodes;
	recode->link = &worker->recodes;
	if (recode->next != NULL)
		recode->next->link = &recode->next;
	worker->recodes = recode;
}

static int
follow(struct recode *recode)
{
	struct cache_body *body = cache_object_body(recode->source);

	if (cache_body_is_all(body))
		return 0;
	return cache_reader_open(
	    body, 0, recode->worker->loop, on_more, recode, &recode->reader);
}

static int
start(const struct recode_order *order, struct cache_object *object)
{
	struct recode *recode = calloc(1, sizeof(*recode));

	if (recode == NULL)
		return -ENOMEM;
	join(recode, order->worker);
	recode->decodes = order->how.kind == HTTP_RECODING_DECODE;
	recode->source = cache_object_ref(order->source);
	recode->object = cache_object_ref(object);
	recode->step =
	    (struct loop_deferred){ .fn = on_step, .context = recode };
	int rc = open_coder(recode, order);
	if (rc == 0)
		rc = follow(recode);
	if (rc < 0)
		destroy(recode);
	else
		step(recode);
	return rc;
}

/* Of this content only, and purged with the rest of the URL (cache/key). */
static void
write_key(const struct recode_order *order, struct text *out)
{
	struct cache_meta meta = cache_object_meta(order->source);
	bool decode = order->how.kind == HTTP_RECODING_DECODE;
	const char *word = http_coding_row(order->how.coding)->word;

	text_add(out, cache_object_key(order->source));
	text_addf(out, "\n%s%s %08x", decode ? "un" : "", word, meta.content);
}

static int
create(const struct recode_order *order, struct str key,
    struct cache_object *known, struct cache_object **ret)
{
	struct text head = TEXT_EMPTY;
	struct cache_parts parts = {
		.key = key,
		.tags = cache_object_tags(order->source),
		.meta = cache_object_meta(order->source),
		.stamp = cache_stamp(order->worker->cache.cache),
		.length = HTTP_UNSAID,
		.freshened = known,
	};
	int rc =
	    http_recoding_apply(&order->how, order->response, order->arena);

	if (rc == 0)
		rc = cache_head_write(order->response, &head, &parts.meta);
	parts.head = text_str(&head);
	if (rc == 0)
		rc = cache_object_create(&parts, ret);
	text_fini(&head);
	return rc;
}

/* The same head as the source's, recoded: no fresher one has come since. */
static bool
is_current(const struct cache_object *known, const struct cache_object *source)
{
	return cache_object_meta(known).response_time ==
	       cache_object_meta(source).response_time;
}

static struct cache_object *
make(const struct recode_order *order, struct str key,
    struct cache_object *known)
{
	struct cache_object *object;

	if (create(order, key, known, &object) < 0)
		return NULL;
	if (order->store)
		(void)cache_put(&order->worker->cache, object);
	if (known == NULL && start(order, object) < 0) {
		(void)cache_drop(&order->worker->cache, object);
		cache_body_break(cache_object_body(object));
		cache_object_unref(object);
		return NULL;
	}
	return object;
}

/* What is popular is made again, for those to come. */
static void
improve(const struct recode_order *order, struct str key,
    struct cache_object *known)
{
	struct worker *worker = order->worker;
	const struct cache_body *source = cache_object_body(order->source);
	struct thorough_job job = {
		.cache = worker->cache.cache,
		.source = order->source,
		.swift = known,
		.coding = order->how.coding,
	};

	if (!order->improves || order->how.kind != HTTP_RECODING_ENCODE ||
	    !cache_body_is_all(source) ||
	    !cache_body_is_all(cache_object_body(known)) ||
	    cache_body_bytes(source) > THOROUGH_BYTES_MAX ||
	    !thorough_is_worth(worker->thorough, key) ||
	    create(order, key, NULL, &job.object) < 0)
		return;
	thorough_begin(worker->thorough, &job);
	cache_object_unref(job.object);
}

struct cache_object *
recode_get(const struct recode_order *order)
{
	struct text key = TEXT_EMPTY;
	struct cache_object *object = NULL, *known = NULL;

	write_key(order, &key);
	if (order->store && !key.full)
		known = cache_find(
		    &order->worker->cache, text_str(&key), order->request);
	if (known != NULL && is_current(known, order->source)) {
		object = cache_object_ref(known);
		improve(order, text_str(&key), known);
	} else if (!key.full) {
		object = make(order, text_str(&key), known);
	}
	text_fini(&key);
	return object;
}

void
recode_end_all(struct worker *worker)
{
	while (worker->recodes != NULL)
		give_up(worker->recodes);
	loop_timer_cancel(&worker->coders_rest);
	http_coder_pool_destroy(&worker->coders);
}
