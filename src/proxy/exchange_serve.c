/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/exchange_serve: an exchange whose answer is an object of the cache's
 * making, in the coding that the client takes.
 */
#include "proxy/exchange_impl.h"

#include "base/text.h"
#include "cache/head.h"
#include "event/counter.h"
#include "proxy/choice.h"
#include "proxy/client.h"
#include "proxy/recode.h"
#include "proxy/worker.h"

static void
end_serving(struct exchange *exchange)
{
	uint64_t passed = exchange->store.serve.passed;

	if (exchange->store.forward == CACHE_FORWARD_NOT) {
		counter_add(COUNTER_CACHE_HIT_BYTES, (int64_t)passed);
		exchange->errand.account.hit = true;
		exchange->errand.account.saved += passed;
	}
	exchange->out += passed;
	exchange->store.serve.passed = 0;
}

/* By then both are whole: as it came, and as it was sent. */
static void
note_compression(struct exchange *exchange)
{
	const struct exchange_store *store = &exchange->store;

	if (store->plain == NULL || store->serve.status != 200)
		return;
	uint64_t before = cache_body_bytes(cache_object_body(store->plain));
	uint64_t after =
	    cache_body_bytes(cache_object_body(store->serve.object));
	counter_add(COUNTER_COMPRESSED_BYTES, (int64_t)before);
	counter_add(COUNTER_COMPRESSED_TO_BYTES, (int64_t)after);
	if (before > after)
		exchange->errand.account.saved += before - after;
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
		note_compression(exchange);
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
exchange_serve_run(struct exchange *exchange)
{
	see(exchange, serve_run(&exchange->store.serve));
}

static void
on_more(void *context)
{
	struct exchange *exchange = context;

	exchange_serve_run(exchange);
}

struct str
exchange_serve_note(
    struct exchange *exchange, const struct cache_status *status)
{
	struct text *text = &exchange->client->worker->scratch;

	if (!exchange->store.on)
		return STR("");
	text_clear(text);
	cache_status_add(status, text);
	return arena_str(&exchange->client->arena, text_str(text));
}

/* As in a serve_order. */
struct serve_how {
	int64_t age;
	bool varies, cookies, judged;
};

/* What it had has gone, and it is of no use in the place of an answer. */
static void
give_up(struct exchange *exchange)
{
	serve_fini(&exchange->store.serve);
	exchange->store.if_unreachable = false;
	exchange_answer_failure(exchange, PROXY_FAILURE_ANSWER_CUT);
}

/* Takes the reference. */
static void
serve_as_it_is(struct exchange *exchange, struct cache_object *object,
    const struct cache_status *status, const struct serve_how *how)
{
	struct client *client = exchange->client;
	struct serve_order order = {
		.object = object,
		.request = &exchange->request,
		.to = client->stream,
		.scratch = &client->worker->scratch,
		.arena = &client->arena,
		.via = worker_via(),
		.cache_status = exchange_serve_note(exchange, status),
		.age = how->age,
		.varies = how->varies,
		.cookies = how->cookies,
		.judged = how->judged,
		.keep_alive = exchange->keep,
		.throttle = share_throttle(
		    &exchange->errand.share, POLICY_DIRECTION_DOWN),
		.wake = on_more,
		.context = exchange,
	};

	enum serve_result result = serve_begin(&exchange->store.serve, &order);
	cache_object_unref(object);
	exchange->up_done = true;
	if (result == SERVE_BROKEN && exchange->store.serve.passed == 0) {
		give_up(exchange);
		return;
	}
	exchange->answered = true;
	exchange->errand.account.status =
	    (uint16_t)exchange->store.serve.status;
	exchange->keep = exchange->store.serve.keep_alive;
	exchange_forget_head(exchange);
	see(exchange, result);
}

/* ---- in the coding that the client takes ---- */

static struct http_recoding
choose_recoding(
    const struct exchange *exchange, const struct http_response *response)
{
	const struct policy *policy = exchange->errand.generation->policy;
	enum http_coding codings[HTTP_CODING_COUNT];
	size_t count = choice_codings(policy, codings);

	return http_recoding_choose(&exchange->request, response,
	    &exchange->store.accept, codings, count);
}

/* A part is a part of what the server sent. */
static bool
may_recode(const struct exchange *exchange)
{
	return exchange->store.recodes &&
	       exchange->request.method == HTTP_METHOD_GET &&
	       http_fields_get(&exchange->request.fields, HTTP_NAME_RANGE) ==
		   NULL;
}

static int
read_response(struct exchange *exchange, const struct cache_object *object,
    struct http_response *ret)
{
	struct cache_meta meta = cache_object_meta(object);
	int64_t length = cache_body_length(cache_object_body(object));

	*ret = http_response_own(meta.status, exchange->request.method, length);
	if (length == HTTP_UNSAID && ret->framing != HTTP_FRAMING_NONE)
		ret->framing = HTTP_FRAMING_CHUNKED;
	return cache_head_read(
	    cache_object_head(object), &exchange->client->arena, &ret->fields);
}

/* The object in the coding that is to be sent; the caller's reference. */
static struct cache_object *
recode(struct exchange *exchange, struct cache_object *object, bool stored,
    bool *ret_varies)
{
	const struct policy *policy = exchange->errand.generation->policy;
	struct http_response response;

	*ret_varies = false;
	if (!may_recode(exchange) ||
	    read_response(exchange, object, &response) < 0)
		return cache_object_ref(object);
	struct http_recoding how = choose_recoding(exchange, &response);
	struct recode_order order = {
		.worker = exchange->client->worker,
		.source = object,
		.request = &exchange->request,
		.how = how,
		.level = choice_level(policy, how.coding),
		.store = stored,
		.improves = choice_level_is_ours(policy, how.coding),
		.response = &response,
		.arena = &exchange->client->arena,
	};
	*ret_varies = how.kind == HTTP_RECODING_NONE && how.varies;
	struct cache_object *other =
	    how.kind == HTTP_RECODING_NONE ? NULL : recode_get(&order);
	if (other != NULL && how.kind == HTTP_RECODING_ENCODE) {
		cache_object_unref(exchange->store.plain);
		exchange->store.plain = cache_object_ref(object);
	}
	return other != NULL ? other : cache_object_ref(object);
}

void
exchange_serve(struct exchange *exchange, struct cache_object *object,
    const struct cache_status *status, uint32_t age, bool cookies)
{
	const struct policy *policy = exchange->errand.generation->policy;
	struct serve_how how = { .age = age,
		.cookies = cookies || policy->cache.cookies };
	struct cache_object *other =
	    recode(exchange, object, true, &how.varies);

	serve_as_it_is(exchange, other, status, &how);
}

/* ---- what is passed on ---- */

bool
exchange_serve_passing(struct exchange *exchange,
    const struct http_response *response, int used,
    const struct cache_status *status)
{
	struct http_recoding how = { .kind = HTTP_RECODING_NONE };
	struct cache_object *object = NULL;
	struct serve_how passing = {
		.age = HTTP_UNSAID,
		.cookies = true,
		.judged = true,
	};

	if (exchange->up_done && may_recode(exchange))
		how = choose_recoding(exchange, response);
	if (how.kind != HTTP_RECODING_NONE)
		object = keep_passing(&exchange->store.keep, &exchange->errand,
		    response, (size_t)used);
	if (object == NULL)
		return false;
	struct cache_object *other =
	    recode(exchange, object, false, &passing.varies);
	serve_as_it_is(exchange, other, status, &passing);
	cache_object_unref(object);
	return true;
}
