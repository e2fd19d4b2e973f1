/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange_store: the cache is asked, before anything is dialled.
 *
 *	fresh  -> served
 *	stale  -> validated (exchange_store_take)
 *	a part -> served if it is enough, or completed
 *	none   -> the first who asks leads, the others wait for it
 *
 * Only GET is kept, and HEAD answered from it.  What a client dialled itself
 * is kept for those who dial the same (cache/key): the name that it claims for
 * the server says nothing of what lives there.
 */
#include "proxy/exchange_impl.h"

#include "cache/condition.h"
#include "cache/head.h"
#include "cache/key.h"
#include "event/counter.h"
#include "proxy/client.h"
#include "proxy/part.h"
#include "proxy/refresh.h"
#include "proxy/worker.h"

struct cache_user *
exchange_cache(const struct exchange *exchange)
{
	return &exchange->client->worker->cache;
}

/* ---- a hit ---- */

static enum errand_outcome
see_type(struct exchange *exchange, const struct cache_object *object)
{
	struct http_fields fields;

	if (cache_head_read(cache_object_head(object), &exchange->client->arena,
		&fields) < 0)
		return errand_see_no_type(&exchange->errand);
	return exchange_see_type(exchange, &fields);
}

/* Whether the client may have it; if not, it has been told.  What the server
 * has answered just now, a 304 or an error, says nothing of its type. */
bool
exchange_may_have(struct exchange *exchange, const struct cache_object *object)
{
	struct errand *errand = &exchange->errand;
	enum errand_outcome outcome = errand_settle(errand);

	if (outcome == ERRAND_READY)
		outcome = see_type(exchange, object);
	if (outcome == ERRAND_LIMITED)
		exchange_answer_failure(exchange, errand->failure);
	else if (outcome != ERRAND_READY)
		exchange_answer_refusal(exchange);
	return outcome == ERRAND_READY;
}

static void
serve_hit(struct exchange *exchange, struct cache_object *object,
    const struct cache_reuse *reuse)
{
	struct cache_status status = {
		.name = worker_via(),
		.ttl_said = true,
		.ttl = reuse->ttl,
		.collapsed = exchange->store.collapsed,
	};

	exchange->store.forward = CACHE_FORWARD_NOT;
	counter_add(COUNTER_CACHE_HITS, 1);
	if (exchange_may_have(exchange, object))
		exchange_serve(exchange, object, &status, reuse->age, false);
}

/* ---- waiting for who leads ---- */

static void
on_turn(void *context)
{
	struct exchange *exchange = context;

	exchange->store.waiter = NULL;
	exchange->store.collapsed = true;
	counter_add(COUNTER_CACHE_COLLAPSED, 1);
	exchange->errand.instead = exchange_store_answers;
	errand_begin(&exchange->errand);
}

bool
exchange_store_is_impatient(struct exchange *exchange)
{
	if (exchange->store.waiter == NULL)
		return false;
	cache_waiter_cancel(&exchange->store.waiter);
	loop_timer_cancel(&exchange->client->timer);
	errand_begin(&exchange->errand);
	return true;
}

static void
wait_for_lead(struct exchange *exchange)
{
	struct loop *loop = exchange->client->worker->loop;

	exchange->up_done = true;
	exchange->moved = loop_now(loop);
	exchange_arm(exchange, exchange->moved + PROXY_LEAD_PATIENCE);
}

static bool ask(struct exchange *exchange);

/* True: somebody else asks for it, and this one waits, or was answered with
 * what has just come.  known: it is stored, and no answer as it is. */
static bool
take_turn(struct exchange *exchange, const struct cache_object *known)
{
	struct exchange_store *store = &exchange->store;
	const struct cache_wish wish = {
		.key = store->keep.key,
		.request = &exchange->request,
		.known = known,
		.again = store->collapsed,
		.loop = exchange->client->worker->loop,
		.fn = on_turn,
		.context = exchange,
	};

	if (exchange->request.method != HTTP_METHOD_GET)
		return false;
	switch (cache_take_turn(exchange_cache(exchange), &wish,
	    &store->keep.lead, &store->waiter)) {
	case CACHE_TURN_FOUND:
		return ask(exchange);
	case CACHE_TURN_WAIT:
		wait_for_lead(exchange);
		return true;
	case CACHE_TURN_LEAD:
	case CACHE_TURN_ALONE:
		break;
	}
	return false;
}

/* ---- what is stored, looked at ---- */

/* The client's texts are needed until the answer comes. */
static int
keep_texts(struct exchange *exchange)
{
	struct str head = stream_input(exchange->client->stream);

	if (exchange->head_bytes == 0)
		return 0;
	head.len = exchange->head_bytes;
	return http_request_keep(
	    &exchange->request, head, &exchange->client->arena);
}

static void
answer_only_cached(struct exchange *exchange)
{
	exchange_answer_page(exchange, 504,
	    "it is not in the cache, and was asked for only from there");
}

static bool
miss(struct exchange *exchange)
{
	if (cache_reuse_is_only(&exchange->request, &keep_rules)) {
		answer_only_cached(exchange);
		return true;
	}
	exchange->store.forward = CACHE_FORWARD_URI_MISS;
	return take_turn(exchange, NULL);
}

static bool
validate(struct exchange *exchange, struct cache_object *object,
    const struct cache_reuse *reuse)
{
	struct exchange_store *store = &exchange->store;

	store->forward =
	    reuse->asked ? CACHE_FORWARD_REQUEST : CACHE_FORWARD_STALE;
	if (take_turn(exchange, object))
		return true;
	keep_validate(&store->keep, object);
	store->if_error = reuse->if_error;
	store->if_unreachable = reuse->if_unreachable;
	return false;
}

/* When the client has been served: the texts of its request are needed.  Who
 * proves by his connection who he is does not do so by one of ours. */
static void
want_refresh(struct exchange *exchange, struct cache_object *object)
{
	if (exchange->request.method != HTTP_METHOD_GET ||
	    exchange->request.authenticated || keep_texts(exchange) < 0)
		return;
	keep_validate(&exchange->store.keep, object);
	exchange->store.refresh = true;
}

/* Nobody waits for another's part. */
static bool
need_more(struct exchange *exchange, struct cache_object *part)
{
	struct exchange_store *store = &exchange->store;

	if (cache_reuse_is_only(&exchange->request, &keep_rules)) {
		answer_only_cached(exchange);
		return true;
	}
	store->forward = CACHE_FORWARD_PARTIAL;
	if (!part_is_beginning(part, &exchange->request))
		return false;
	if (take_turn(exchange, part))
		return true;
	keep_complete(&store->keep, part);
	return false;
}

static bool
look_at(struct exchange *exchange, struct cache_object *object)
{
	struct cache_meta meta = cache_object_meta(object);
	struct cache_reuse reuse;

	if (cache_object_is_part(object) &&
	    !part_answers(object, &exchange->request))
		return need_more(exchange, object);
	cache_reuse(&meta, &exchange->request, keep_now(), &keep_rules, &reuse);
	switch (reuse.use) {
	case CACHE_USE_REVALIDATE:
		want_refresh(exchange, object);
		serve_hit(exchange, object, &reuse);
		return true;
	case CACHE_USE_FRESH:
	case CACHE_USE_STALE:
		serve_hit(exchange, object, &reuse);
		return true;
	case CACHE_USE_VALIDATE:
		return validate(exchange, object, &reuse);
	case CACHE_USE_NOT:
		break;
	}
	answer_only_cached(exchange);
	return true;
}

static bool
ask(struct exchange *exchange)
{
	struct cache_object *object = cache_find(exchange_cache(exchange),
	    exchange->store.keep.key, &exchange->request);

	return object != NULL ? look_at(exchange, object) : miss(exchange);
}

/* Whether the client's own address and port are where the URL leads. */
static bool
leads_where_it_says(const struct errand *errand)
{
	return errand->says_url &&
	       (errand->flow.name.at == NULL || errand->by_name);
}

struct str
exchange_store_key(struct exchange *exchange)
{
	const struct errand *errand = &exchange->errand;
	struct text *text = &exchange->client->worker->scratch;
	struct address_port dialled = { 0 };

	if (!leads_where_it_says(errand))
		dialled =
		    (struct address_port){ errand->meant, errand->flow.port };
	text_clear(text);
	cache_key_add(&exchange->request.uri, dialled, text);
	if (text->full)
		return STR("");
	return arena_str(&exchange->client->arena, text_str(text));
}

bool
exchange_store_answers(struct errand *errand)
{
	struct exchange *exchange = exchange_of(errand);

	exchange->store.by_name = errand->by_name;
	exchange->store.keep.key = exchange_store_key(exchange);
	return exchange->store.keep.key.len > 0 && ask(exchange);
}

static bool
may_ask(const struct exchange *exchange)
{
	const struct http_request *request = &exchange->request;

	return (request->method == HTTP_METHOD_GET ||
		   request->method == HTTP_METHOD_HEAD) &&
	       !http_request_has_content(request) && !exchange->websocket &&
	       !cache_condition_is_for_origin(request);
}

void
exchange_store_begin(struct exchange *exchange)
{
	const struct policy *policy = exchange->errand.generation->policy;

	exchange->store.recodes = policy->compression.count > 0;
	exchange->store.on = policy->cache.memory_bytes > 0;
	exchange->store.accept = http_accept_of(&exchange->request.fields);
	exchange->store.keep = (struct keep){
		.worker = exchange->client->worker,
		.arena = &exchange->client->arena,
		.request = &exchange->request,
	};
	exchange->store.forward = CACHE_FORWARD_BYPASS;
	if (!exchange->store.on)
		return;
	if (may_ask(exchange))
		exchange->errand.instead = exchange_store_answers;
	else if (!http_method_is_safe(exchange->request.method))
		exchange->store.forward = CACHE_FORWARD_METHOD;
}

/* ---- what the server is asked ---- */

int
exchange_store_request(struct exchange *exchange, struct http_request *copy,
    const struct http_request **ret)
{
	int rc = 0;

	*ret = &exchange->request;
	if (!exchange->store.on)
		return 0;
	if (exchange->store.keep.key.len > 0)
		counter_add(COUNTER_CACHE_MISSES, 1);
	rc = keep_texts(exchange);
	return rc < 0 ? rc : keep_ask(&exchange->store.keep, copy, ret);
}

/* ---- the end of it ---- */

void
exchange_store_end(struct exchange *exchange)
{
	if (exchange->store.refresh)
		refresh_start(&exchange->client->arena, &exchange->errand,
		    &exchange->store.keep);
}

void
exchange_store_fini(struct exchange *exchange)
{
	struct exchange_store *store = &exchange->store;

	cache_waiter_cancel(&store->waiter);
	keep_fini(&store->keep);
	serve_fini(&store->serve);
	cache_object_unref(store->plain);
	store->plain = NULL;
}
