/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange_store: what an exchange has to do with the cache.
 *
 *	asked:	fresh -> served
 *		stale -> validated: 304 -> freshened and served
 *		none  -> the first who asks leads, the others wait for it
 *	came:	may be kept -> a fill takes the server, and it is served
 *
 * Only GET is kept, and HEAD answered from it.  What a client dialled itself
 * is kept for those who dial the same (cache/key): the name that it claims for
 * the server says nothing of what lives there.
 */
#include "proxy/exchange_impl.h"

#include "base/text.h"
#include "cache/condition.h"
#include "cache/head.h"
#include "cache/invalidate.h"
#include "cache/key.h"
#include "cache/update.h"
#include "cache/vary.h"
#include "http/status.h"
#include "proxy/client.h"
#include "proxy/fill.h"
#include "proxy/worker.h"

#include <errno.h>

static const struct cache_rules rules = {
	.heuristic_max = 86400,
	.obey_requests = true,
};

static int64_t
now_seconds(void)
{
	return clock_wall() / CLOCK_SECOND;
}

static struct cache_user *
cache_of(const struct exchange *exchange)
{
	return &exchange->client->worker->cache;
}

/* ---- serving ---- */

static void
end_serving(struct exchange *exchange)
{
	exchange->out += exchange->store.serve.passed;
	exchange->store.serve.passed = 0;
}

static void
see(struct exchange *exchange, enum serve_result result)
{
	struct client *client = exchange->client;
	struct loop *loop = client->worker->loop;

	exchange->moved = loop_now(loop);
	end_serving(exchange);
	switch (result) {
	case SERVE_WAITS:
		if (!loop_timer_is_armed(&client->timer))
			exchange_arm(
			    exchange, exchange->moved + PROXY_STALL_TIMEOUT);
		break;
	case SERVE_DONE:
		exchange_finish(exchange);
		break;
	case SERVE_BROKEN:
		exchange_cut_off(exchange, PROXY_FAILURE_ANSWER_CUT);
		break;
	case SERVE_STUCK:
		client_destroy(client);
		break;
	}
}

void
exchange_store_run(struct exchange *exchange)
{
	see(exchange, serve_run(&exchange->store.serve));
}

static void
on_more(void *context)
{
	struct exchange *exchange = context;

	exchange_store_run(exchange);
}

static struct str
note_status(struct exchange *exchange, const struct cache_status *status)
{
	struct text text = TEXT_EMPTY;

	cache_status_add(status, &text);
	struct str line = arena_str(&exchange->client->arena, text_str(&text));
	text_fini(&text);
	return line;
}

/* Answers with it; the policy and its limits have been asked. */
static void
serve(struct exchange *exchange, struct cache_object *object,
    const struct cache_status *status, uint32_t age)
{
	struct client *client = exchange->client;
	struct serve_order order = {
		.object = object,
		.request = &exchange->request,
		.to = client->stream,
		.scratch = &client->worker->scratch,
		.via = worker_via(),
		.cache_status = note_status(exchange, status),
		.age = age,
		.keep_alive = exchange->keep,
		.wake = on_more,
		.context = exchange,
	};

	exchange->answered = true;
	exchange->up_done = true;
	enum serve_result result = serve_begin(&exchange->store.serve, &order);
	exchange->errand.account.status =
	    (uint16_t)exchange->store.serve.status;
	exchange->keep = exchange->store.serve.keep_alive;
	exchange_forget_head(exchange);
	see(exchange, result);
}

/* ---- a hit ---- */

/* RFC 9110, 8.3.1: without parameters and in lower case; at == NULL: none. */
static struct str
media_type(const struct cache_object *object, struct arena *arena)
{
	struct str rest = cache_object_head(object);
	struct http_field field;

	while (cache_head_next(&rest, &field)) {
		if (field.id != HTTP_NAME_CONTENT_TYPE)
			continue;
		field.value.len = str_find(field.value, ';');
		return arena_lower(arena, str_trim(field.value));
	}
	return (struct str){ NULL, 0 };
}

/* Whether the client may have it; if not, it has been told. */
static bool
may_have(struct exchange *exchange, const struct cache_object *object)
{
	struct errand *errand = &exchange->errand;
	enum errand_outcome outcome = errand_settle(errand);

	if (outcome == ERRAND_READY)
		outcome = errand_see_type(
		    errand, media_type(object, &exchange->client->arena));
	if (outcome == ERRAND_LIMITED)
		exchange_answer_failure(exchange, PROXY_FAILURE_LIMITED);
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

	if (may_have(exchange, object))
		serve(exchange, object, &status, reuse->age);
}

/* ---- waiting for who leads ---- */

static void
on_turn(void *context)
{
	struct exchange *exchange = context;

	exchange->store.waiter = NULL;
	exchange->store.collapsed = true;
	exchange->errand.instead = exchange_store_answers;
	errand_begin(&exchange->errand);
}

static void
wait_for_lead(struct exchange *exchange)
{
	struct loop *loop = exchange->client->worker->loop;

	exchange->up_done = true;
	exchange->moved = loop_now(loop);
	exchange_arm(exchange, exchange->moved + PROXY_ANSWER_TIMEOUT);
}

static bool ask(struct exchange *exchange);

/* True: somebody else asks for it, and this one waits, or was answered with
 * what has just come.  known: it is stored, and no answer as it is. */
static bool
take_turn(struct exchange *exchange, const struct cache_object *known)
{
	struct exchange_store *store = &exchange->store;

	if (exchange->request.method != HTTP_METHOD_GET)
		return false;
	switch (cache_take_turn(cache_of(exchange), store->key,
	    &exchange->request, known, exchange->client->worker->loop, on_turn,
	    exchange, &store->lead, &store->waiter)) {
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

static void
answer_only_cached(struct exchange *exchange)
{
	exchange_answer_page(exchange, 504,
	    "it is not in the cache, and was asked for only from there");
}

static bool
miss(struct exchange *exchange)
{
	if (cache_reuse_is_only(&exchange->request, &rules)) {
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
	cache_object_unref(store->stale);
	store->stale = cache_object_ref(object);
	store->if_error = reuse->if_error;
	return false;
}

static bool
look_at(struct exchange *exchange, struct cache_object *object)
{
	struct cache_meta meta = cache_object_meta(object);
	struct cache_reuse reuse;

	cache_reuse(&meta, &exchange->request, now_seconds(), &rules, &reuse);
	switch (reuse.use) {
	case CACHE_USE_FRESH:
	case CACHE_USE_STALE:
	case CACHE_USE_REVALIDATE:
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
	struct cache_object *object = cache_find(
	    cache_of(exchange), exchange->store.key, &exchange->request);

	return object != NULL ? look_at(exchange, object) : miss(exchange);
}

/* Whether the client's own address and port are where the URL leads. */
static bool
leads_where_it_says(const struct errand *errand)
{
	return errand->says_url &&
	       (errand->flow.name.at == NULL || errand_goes_by_name(errand));
}

static struct str
make_key(struct exchange *exchange)
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

	exchange->store.key = make_key(exchange);
	return exchange->store.key.len > 0 && ask(exchange);
}

static bool
may_ask(const struct exchange *exchange)
{
	const struct http_request *request = &exchange->request;

	return (request->method == HTTP_METHOD_GET ||
		   request->method == HTTP_METHOD_HEAD) &&
	       request->framing == HTTP_FRAMING_NONE && !exchange->websocket;
}

void
exchange_store_begin(struct exchange *exchange)
{
	const struct policy *policy = exchange->errand.generation->policy;

	if (policy->cache.memory_bytes == 0)
		return;
	exchange->store.on = true;
	if (may_ask(exchange))
		exchange->errand.instead = exchange_store_answers;
	else
		exchange->store.forward = CACHE_FORWARD_METHOD;
}

/* ---- what the server is asked ---- */

/* The client's texts are needed until the answer comes. */
static int
keep_request(struct exchange *exchange)
{
	struct str head = stream_input(exchange->client->stream);

	if (exchange->head_bytes == 0)
		return 0;
	head.len = exchange->head_bytes;
	return http_request_keep(
	    &exchange->request, head, &exchange->client->arena);
}

/* The fields are changed, of which the client's own are still needed. */
static int
copy_request(struct exchange *exchange, struct http_request *copy)
{
	struct arena *arena = &exchange->client->arena;
	const struct http_fields *fields = &exchange->request.fields;

	*copy = exchange->request;
	copy->fields = (struct http_fields){ 0 };
	int rc = http_fields_room(&copy->fields, arena, fields->count + 2);
	for (size_t i = 0; rc == 0 && i < fields->count; i++)
		copy->fields.items[copy->fields.count++] = fields->items[i];
	return rc;
}

int
exchange_store_request(struct exchange *exchange, struct http_request *copy,
    const struct http_request **ret)
{
	struct exchange_store *store = &exchange->store;
	struct cache_object *stale = store->stale;
	struct cache_meta meta;
	int rc = 0;

	*ret = &exchange->request;
	if (!store->on)
		return 0;
	store->sent_at = now_seconds();
	store->stamp = cache_stamp(cache_of(exchange)->cache);
	rc = keep_request(exchange);
	if (rc < 0 || stale == NULL)
		return rc;
	rc = copy_request(exchange, copy);
	meta = cache_object_meta(stale);
	if (rc == 0)
		rc = cache_condition_validate(copy, &meta,
		    cache_object_head(stale), &exchange->client->arena);
	*ret = copy;
	return rc;
}

/* ---- what the server answers ---- */

static void
end_lead(struct exchange *exchange, enum cache_lead_result result)
{
	if (exchange->store.lead != NULL)
		cache_lead_end(
		    cache_of(exchange), &exchange->store.lead, result);
}

static struct cache_times
times_of(const struct exchange *exchange)
{
	return (struct cache_times){ .request = exchange->store.sent_at,
		.response = now_seconds() };
}

static struct pool_key
place_of(struct exchange *exchange)
{
	return errand_place(&exchange->errand);
}

/* In the store, or for this answer only; the caller's reference.  NULL: it
 * cannot be. */
static struct cache_object *
make(struct exchange *exchange, const struct cache_parts *parts, bool keep)
{
	struct cache_object *object;

	if (cache_object_create(parts, &object) < 0)
		return NULL;
	if (keep && cache_put(cache_of(exchange), object) < 0) {
		cache_object_unref(object);
		return NULL;
	}
	return object;
}

/* ---- a new one ---- */

static int64_t
length_of(const struct http_response *response)
{
	if (response->framing == HTTP_FRAMING_NONE)
		return 0;
	return response->framing == HTTP_FRAMING_LENGTH
		   ? response->content_length
		   : HTTP_UNSAID;
}

static struct cache_object *
make_object(struct exchange *exchange, const struct http_response *response,
    struct cache_meta *meta)
{
	struct text head = TEXT_EMPTY, vary = TEXT_EMPTY;
	struct cache_parts parts = { .key = exchange->store.key,
		.stamp = exchange->store.stamp,
		.length = length_of(response) };
	struct cache_object *object = NULL;
	int rc = cache_head_write(response, &head, meta);

	if (rc == 0)
		rc = cache_vary_key(
		    &response->fields, &exchange->request, &vary);
	if (rc == 0) {
		parts.head = text_str(&head);
		parts.vary = text_str(&vary);
		parts.meta = *meta;
		object = make(exchange, &parts, true);
	}
	text_fini(&head);
	text_fini(&vary);
	return object;
}

/* The one that was validated has a successor, or none any more. */
static void
drop_stale(struct exchange *exchange)
{
	struct exchange_store *store = &exchange->store;

	if (store->stale != NULL)
		cache_drop(cache_of(exchange), store->stale);
	cache_object_unref(store->stale);
	store->stale = NULL;
}

static void
serve_new(struct exchange *exchange, struct cache_object *object)
{
	struct cache_meta meta = cache_object_meta(object);
	int64_t now = now_seconds();
	struct cache_status status = {
		.name = worker_via(),
		.forward = exchange->store.forward,
		.stored = true,
		.ttl_said = true,
		.ttl = cache_meta_ttl(&meta, now),
	};

	serve(exchange, object, &status, cache_meta_age(&meta, now));
}

static bool
keep_new(struct exchange *exchange, struct http_response *response,
    struct cache_meta *meta, int used)
{
	struct errand *errand = &exchange->errand;
	struct cache_object *object = make_object(exchange, response, meta);

	if (object == NULL)
		return false;
	drop_stale(exchange);
	end_lead(exchange, CACHE_LEAD_KEPT);
	stream_consume(errand->server, (size_t)used);
	fill_start(exchange->client->worker, object, response,
	    place_of(exchange), &errand->server);
	serve_new(exchange, object);
	cache_object_unref(object);
	return true;
}

/* ---- one that was validated ---- */

static void
let_server_go(
    struct exchange *exchange, const struct http_response *response, int used)
{
	struct errand *errand = &exchange->errand;

	stream_consume(errand->server, (size_t)used);
	if (response->keep_alive && response->framing == HTTP_FRAMING_NONE)
		errand_keep(errand);
	else
		stream_close(&errand->server);
}

static struct cache_object *
make_fresher(struct exchange *exchange, const struct http_response *response)
{
	struct cache_object *stale = exchange->store.stale;
	struct cache_times times = times_of(exchange);
	struct cache_parts parts = {
		.key = cache_object_key(stale),
		.vary = cache_object_vary(stale),
		.tags = cache_object_tags(stale),
		.stamp = exchange->store.stamp,
		.freshened = stale,
	};
	struct cache_meta meta = cache_object_meta(stale);
	struct text head = TEXT_EMPTY;
	struct cache_object *object = NULL;

	enum cache_refusal refusal = cache_update(&exchange->request, response,
	    &times, &rules, &meta, cache_object_head(stale),
	    &exchange->client->arena, &head, &parts.meta);
	parts.head = text_str(&head);
	if (!head.full)
		object = make(exchange, &parts, refusal == CACHE_STORABLE);
	if (refusal != CACHE_STORABLE)
		cache_drop(cache_of(exchange), stale);
	text_fini(&head);
	return object;
}

static bool
freshen(
    struct exchange *exchange, const struct http_response *response, int used)
{
	struct cache_object *stale = exchange->store.stale;

	struct cache_meta meta = cache_object_meta(stale);

	if (!cache_update_concerns(response, &meta, cache_object_head(stale))) {
		drop_stale(exchange);
		exchange_ask_again(exchange);
		return true;
	}
	struct cache_object *object = make_fresher(exchange, response);
	let_server_go(exchange, response, used);
	end_lead(exchange, object != NULL ? CACHE_LEAD_KEPT : CACHE_LEAD_GONE);
	if (object == NULL)
		exchange_answer_failure(exchange, PROXY_FAILURE_NO_MEMORY);
	else
		serve_new(exchange, object);
	cache_object_unref(object);
	return true;
}

/* RFC 5861, 4 */
static void
serve_instead(struct exchange *exchange)
{
	struct cache_object *stale = exchange->store.stale;
	struct cache_meta meta = cache_object_meta(stale);
	int64_t now = now_seconds();
	struct cache_status status = {
		.name = worker_via(),
		.forward = exchange->store.forward,
		.ttl_said = true,
		.ttl = cache_meta_ttl(&meta, now),
		.detail = STR("stale-if-error"),
	};

	end_lead(exchange, CACHE_LEAD_GONE);
	stream_close(&exchange->errand.server);
	serve(exchange, stale, &status, cache_meta_age(&meta, now));
}

bool
exchange_store_rescue(struct exchange *exchange)
{
	struct exchange_store *store = &exchange->store;

	if (store->stale == NULL || !store->if_error || exchange->answered ||
	    !may_have(exchange, store->stale))
		return false;
	serve_instead(exchange);
	return true;
}

/* ---- all of it ---- */

/* RFC 9111, 4.4 */
static void
invalidate(struct exchange *exchange, const struct http_response *response)
{
	struct http_uri uris[CACHE_INVALIDATE_MAX];
	size_t count = cache_invalidate(
	    &exchange->request, response, &exchange->client->arena, uris);

	for (size_t i = 0; i < count; i++) {
		struct text key = TEXT_EMPTY;
		cache_key_add(&uris[i], (struct address_port){ 0 }, &key);
		if (!key.full)
			(void)cache_purge(cache_of(exchange)->cache,
			    CACHE_PURGE_KEY, text_str(&key));
		text_fini(&key);
	}
}

/* What it is not kept for; whoever waits need not. */
static void
pass_on(struct exchange *exchange, enum cache_refusal refusal)
{
	exchange->store.why = cache_refusal_text(refusal);
	drop_stale(exchange);
	end_lead(exchange, CACHE_LEAD_NOT_KEPT);
}

bool
exchange_store_take(
    struct exchange *exchange, struct http_response *response, int used)
{
	struct exchange_store *store = &exchange->store;
	struct cache_times times = times_of(exchange);
	struct cache_meta meta;

	if (!store->on)
		return false;
	if (store->key.len == 0) {
		invalidate(exchange, response);
		return false;
	}
	if (store->stale != NULL && response->status == 304)
		return freshen(exchange, response, used);
	if (store->stale != NULL && store->if_error &&
	    cache_reuse_is_error(response->status)) {
		serve_instead(exchange);
		return true;
	}
	enum cache_refusal refusal = cache_meta_make(
	    &exchange->request, response, &times, &rules, &meta);
	if (refusal == CACHE_STORABLE &&
	    keep_new(exchange, response, &meta, used))
		return true;
	pass_on(exchange, refusal);
	return false;
}

int
exchange_store_note(struct exchange *exchange, struct http_response *response)
{
	struct cache_status status = {
		.name = worker_via(),
		.forward = exchange->store.forward,
		.forward_status = response->status,
		.detail = exchange->store.why,
	};

	if (!exchange->store.on)
		return 0;
	return http_fields_add(&response->fields, &exchange->client->arena,
	    STR("Cache-Status"), note_status(exchange, &status));
}

void
exchange_store_fini(struct exchange *exchange)
{
	struct exchange_store *store = &exchange->store;

	cache_waiter_cancel(&store->waiter);
	end_lead(exchange, CACHE_LEAD_GONE);
	cache_object_unref(store->stale);
	store->stale = NULL;
	serve_fini(&store->serve);
}
