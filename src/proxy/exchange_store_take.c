/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange_store_take: what the server answers, where there is a cache.
 *
 *	what may be kept      a fill takes the server, and it is served
 *	304, of what is stale it is fresh again, and served
 *	a part                completes the one that is stored
 *	an error, or nothing  what is stale may be served instead
 *	anything else         is passed on
 */
#include "proxy/exchange_impl.h"

#include "event/counter.h"
#include "proxy/client.h"
#include "proxy/worker.h"

/* The response is what has just come of it. */
static void
serve_new(struct exchange *exchange, struct cache_object *object,
    const struct http_response *response)
{
	bool cookies =
	    http_fields_get(&response->fields, HTTP_NAME_SET_COOKIE) != NULL;
	struct cache_meta meta = cache_object_meta(object);
	int64_t now = keep_now();
	struct cache_status status = {
		.name = worker_via(),
		.forward = exchange->store.forward,
		.stored = true,
		.ttl_said = true,
		.ttl = cache_meta_ttl(&meta, now),
	};

	exchange_serve(
	    exchange, object, &status, cache_meta_age(&meta, now), cookies);
	cache_object_unref(object);
}

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

/* Its content was still arriving when it was found. */
static bool
is_broken(const struct cache_object *object)
{
	return cache_body_state(cache_object_body(object)) == CACHE_BODY_BROKEN;
}

static void
freshen(
    struct exchange *exchange, const struct http_response *response, int used)
{
	struct keep *keep = &exchange->store.keep;

	if (!keep_concerns(keep, response) || is_broken(keep->stale)) {
		keep_drop_stale(keep);
		exchange_ask_again(exchange);
		return;
	}
	counter_add(COUNTER_CACHE_VALIDATED, 1);
	struct cache_object *object = keep_fresher(keep, response);
	let_server_go(exchange, response, used);
	if (object == NULL)
		exchange_answer_failure(exchange, PROXY_FAILURE_NO_MEMORY);
	else if (exchange_may_have(exchange, object))
		serve_new(exchange, object, response);
	else
		cache_object_unref(object);
}

/* RFC 5861, 4 */
static void
serve_instead(struct exchange *exchange)
{
	struct cache_object *stale = exchange->store.keep.stale;
	struct cache_meta meta = cache_object_meta(stale);
	int64_t now = keep_now();
	struct cache_status status = {
		.name = worker_via(),
		.forward = exchange->store.forward,
		.ttl_said = true,
		.ttl = cache_meta_ttl(&meta, now),
		.detail = STR("stale-if-error"),
	};

	counter_add(COUNTER_CACHE_STALE, 1);
	keep_end_lead(&exchange->store.keep, CACHE_LEAD_GONE);
	stream_close(&exchange->errand.server);
	exchange_serve(
	    exchange, stale, &status, cache_meta_age(&meta, now), false);
}

/* What it says of the client has been judged by then, or is judged here. */
bool
exchange_store_rescue(struct exchange *exchange, enum proxy_failure failure)
{
	struct exchange_store *store = &exchange->store;

	if (store->keep.stale == NULL || !store->if_unreachable ||
	    is_broken(store->keep.stale) || !proxy_failure_is_server(failure))
		return false;
	if (exchange_may_have(exchange, store->keep.stale))
		serve_instead(exchange);
	return true;
}

/* What it is not kept for; whoever waits need not. */
static void
pass_on(struct exchange *exchange, enum cache_refusal refusal)
{
	exchange->store.why = cache_refusal_text(refusal);
	keep_drop_stale(&exchange->store.keep);
	/* It could be kept another time: it was purged meanwhile, or memory is
	 * short. */
	keep_end_lead(&exchange->store.keep,
	    refusal == CACHE_STORABLE ? CACHE_LEAD_GONE : CACHE_LEAD_NOT_KEPT);
}

static struct cache_status
status_of_forwarded(
    const struct exchange *exchange, const struct http_response *response)
{
	return (struct cache_status){
		.name = worker_via(),
		.forward = exchange->store.forward,
		.forward_status = response->status,
		.detail = exchange->store.why,
	};
}

/* RFC 9110, 9.3.3: the answer to a POST may be what a GET would give. */
static bool
is_kept_post(
    struct exchange *exchange, struct http_response *response, int used)
{
	struct keep *keep = &exchange->store.keep;
	struct cache *cache = exchange_cache(exchange)->cache;
	struct str key = exchange_store_key(exchange);
	bool holds = cache_stamp_holds(cache, keep->stamp, key);
	enum cache_refusal refusal;

	keep_invalidate(keep, response);
	/* A purge of ours is not one that the answer is older than.  A fill
	 * would take the server away from content that is on its way. */
	if (exchange->request.method != HTTP_METHOD_POST ||
	    !exchange->up_done || key.len == 0 || !holds)
		return false;
	keep->stamp = cache_stamp(cache);
	keep->key = key;
	struct cache_object *object =
	    keep_new(keep, &exchange->errand, response, (size_t)used, &refusal);
	keep->key = STR("");
	if (object != NULL)
		serve_new(exchange, object, response);
	return object != NULL;
}

/* RFC 9111, 4.3.5: it tells what is stored how fresh it is, or that it is not
 * right any more.  The answer itself is passed on. */
static void
learn_from_head(struct exchange *exchange, const struct http_response *response)
{
	struct keep *keep = &exchange->store.keep;

	if (keep->stale == NULL || response->status != 200)
		return;
	if (keep_concerns(keep, response))
		cache_object_unref(keep_fresher(keep, response));
	else
		keep_drop_stale(keep);
}

/* RFC 5861, 4: what is stored is better than this error. */
static bool
is_replaced(
    const struct exchange *exchange, const struct http_response *response)
{
	const struct exchange_store *store = &exchange->store;

	return exchange->request.method == HTTP_METHOD_GET &&
	       store->keep.stale != NULL && store->if_error &&
	       !is_broken(store->keep.stale) &&
	       cache_reuse_is_error(response->status);
}

/* What was asked for is a rest: the client did not ask for that. */
static bool
is_of_part(
    const struct exchange *exchange, const struct http_response *response)
{
	return exchange->store.keep.part != NULL &&
	       (response->status == 206 || response->status == 304 ||
		   response->status == 416);
}

static bool
is_good_again(
    const struct exchange *exchange, const struct http_response *response)
{
	return exchange->store.keep.stale != NULL && response->status == 304;
}

bool
exchange_store_gives_stored(
    const struct exchange *exchange, const struct http_response *response)
{
	return exchange->store.on && exchange->store.keep.key.len > 0 &&
	       (is_good_again(exchange, response) ||
		   is_of_part(exchange, response) ||
		   is_replaced(exchange, response));
}

/* What comes of it is judged as what is stored. */
static void
complete(struct exchange *exchange, struct http_response *response, int used)
{
	struct keep *keep = &exchange->store.keep;
	enum cache_refusal refusal;
	struct cache_object *object =
	    keep_new(keep, &exchange->errand, response, (size_t)used, &refusal);

	if (object == NULL) {
		keep_drop_part(keep);
		exchange_ask_again(exchange);
	} else if (exchange_may_have(exchange, object)) {
		serve_new(exchange, object, response);
	} else {
		cache_object_unref(object);
	}
}

/* The answer to a GET; true: it is served from the store. */
static bool
take_answer(struct exchange *exchange, struct http_response *response, int used)
{
	struct exchange_store *store = &exchange->store;
	enum cache_refusal refusal;

	if (is_replaced(exchange, response)) {
		if (exchange_may_have(exchange, store->keep.stale))
			serve_instead(exchange);
		return true;
	}
	struct cache_object *object = keep_new(
	    &store->keep, &exchange->errand, response, (size_t)used, &refusal);
	if (object == NULL)
		pass_on(exchange, refusal);
	else
		serve_new(exchange, object, response);
	return object != NULL;
}

/*
 * Another policy came between the key and the server, and the answer is from
 * where the client dialled and not from where the name leads, or the other way
 * round.  True: it was asked if something is right that it knows nothing of.
 */
static bool
lose_key(struct exchange *exchange, const struct http_response *response)
{
	struct keep *keep = &exchange->store.keep;
	bool is_lost = (keep->stale != NULL && response->status == 304) ||
		       is_of_part(exchange, response);

	keep->key = STR("");
	keep_fini(keep);
	if (is_lost)
		exchange_ask_again(exchange);
	return is_lost;
}

bool
exchange_store_take(
    struct exchange *exchange, struct http_response *response, int used)
{
	struct exchange_store *store = &exchange->store;
	bool is_taken = false;

	if (store->keep.key.len > 0 &&
	    store->by_name != exchange->errand.by_name &&
	    lose_key(exchange, response))
		return true;
	if (!store->on) {
		is_taken = false;
	} else if (store->keep.key.len == 0) {
		is_taken = is_kept_post(exchange, response, used);
	} else if (is_of_part(exchange, response)) {
		complete(exchange, response, used);
		is_taken = true;
	} else if (is_good_again(exchange, response)) {
		freshen(exchange, response, used);
		is_taken = true;
	} else if (exchange->request.method == HTTP_METHOD_HEAD) {
		learn_from_head(exchange, response);
	} else {
		is_taken = take_answer(exchange, response, used);
	}
	if (is_taken)
		return true;
	struct cache_status status = status_of_forwarded(exchange, response);
	return exchange_serve_passing(exchange, response, used, &status);
}

int
exchange_store_note(struct exchange *exchange, struct http_response *response)
{
	struct cache_status status = status_of_forwarded(exchange, response);

	if (!exchange->store.on)
		return 0;
	return http_fields_add(&response->fields, &exchange->client->arena,
	    STR("Cache-Status"), exchange_serve_note(exchange, &status));
}
