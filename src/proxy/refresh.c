/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/refresh.h"

#include "cache/reuse.h"
#include "http/parse.h"
#include "http/write.h"
#include "http2/session.h"
#include "proxy/choice.h"
#include "proxy/limits.h"
#include "proxy/worker.h"

#include <errno.h>

struct refresh {
	struct worker *worker;
	struct refresh *next, **link; /* of the worker's */
	struct arena arena;           /* this lies in it */
	struct http_request request;
	struct errand errand;
	struct keep keep;
	bool by_name; /* the key is: see the errand */
	struct http_head_scan scan;
	struct loop_deferred begin;
	struct loop_timer timer;
};

static void
destroy(struct refresh *refresh)
{
	struct arena arena = refresh->arena;

	loop_deferred_cancel(&refresh->begin);
	loop_timer_cancel(&refresh->timer);
	errand_fini(&refresh->errand);
	keep_fini(&refresh->keep);
	*refresh->link = refresh->next;
	if (refresh->next != NULL)
		refresh->next->link = refresh->link;
	arena_fini(&arena);
}

/* ---- the answer ---- */

static void
freshen(struct refresh *refresh, const struct http_response *response, int used)
{
	struct errand *errand = &refresh->errand;

	cache_object_unref(keep_fresher(&refresh->keep, response));
	stream_consume(errand->server, (size_t)used);
	if (response->keep_alive && response->framing == HTTP_FRAMING_NONE)
		errand_keep(errand);
}

static void
take_answer(
    struct refresh *refresh, const struct http_response *response, int used)
{
	struct keep *keep = &refresh->keep;
	enum cache_refusal refusal;

	if (response->status == 304) {
		if (keep_concerns(keep, response))
			freshen(refresh, response, used);
		else
			keep_drop_stale(keep);
	} else if (!cache_reuse_is_error(response->status)) {
		struct cache_object *object = keep_new(
		    keep, &refresh->errand, response, (size_t)used, &refusal);
		if (object == NULL)
			keep_drop_stale(keep);
		cache_object_unref(object);
	}
	destroy(refresh);
}

static void
read_answer(struct refresh *refresh)
{
	struct stream *server = refresh->errand.server;
	struct arena_mark mark = arena_mark(&refresh->arena);
	struct http_response response;
	enum http_fault fault;
	int used;

	refresh->scan.alone = http2_stream_is_alone(server);
	while ((used = http_response_parse(stream_input(server), &refresh->scan,
		    refresh->request.method, &refresh->arena, &response,
		    &fault)) >= 0 &&
	       response.status < 200 && response.status != 101) {
		stream_consume(server, (size_t)used);
		arena_rewind(&refresh->arena, mark);
	}
	if (used == -EAGAIN && !stream_has_ended(server))
		return;
	if (used >= 0 && response.status >= 200)
		take_answer(refresh, &response, used);
	else
		destroy(refresh);
}

static void
on_word(struct stream *stream, void *context)
{
	(void)stream;
	read_answer(context);
}

static void
on_failed(struct stream *stream, int error, void *context)
{
	(void)stream;
	(void)error;
	destroy(context);
}

static const struct stream_user server_side = {
	.data = on_word,
	.ended = on_word,
	.failed = on_failed,
};

/* ---- the request ---- */

static int
write_request(struct refresh *refresh)
{
	struct http_request_options options = {
		.to_parent = refresh->errand.to_url,
		.keep_alive = true,
	};
	struct text *head = &refresh->worker->scratch;
	const struct http_request *request;
	struct http_request copy;
	int rc = keep_ask(&refresh->keep, &copy, &request);

	text_clear(head);
	/* What is stale is there: so it is the copy. */
	if (rc == 0)
		rc = choice_tell(refresh->errand.generation->policy,
		    refresh->errand.client.address, worker_via(),
		    &refresh->arena, &copy, &options);
	if (rc == 0)
		rc = http_request_write(&copy, &options, head);
	if (rc == 0)
		rc = stream_write(refresh->errand.server, text_str(head));
	refresh->scan.framed = http2_stream_is(refresh->errand.server);
	if (rc == 0 && refresh->scan.framed)
		stream_shutdown(refresh->errand.server);
	return rc;
}

static void
on_errand(struct errand *errand, enum errand_outcome outcome)
{
	struct refresh *refresh =
	    (struct refresh *)((char *)errand -
			       offsetof(struct refresh, errand));
	struct loop *loop = refresh->worker->loop;

	/* By another policy it would go elsewhere than its key says. */
	if (outcome != ERRAND_READY || errand->by_name != refresh->by_name ||
	    write_request(refresh) < 0) {
		destroy(refresh);
		return;
	}
	loop_timer_arm(
	    loop, &refresh->timer, loop_now(loop) + PROXY_ANSWER_TIMEOUT);
	stream_use(errand->server, &server_side, refresh);
	stream_read_start(errand->server);
}

static void
on_time(struct loop_timer *timer)
{
	destroy(timer->context);
}

/* ---- the beginning ---- */

/* What came inside of TLS is asked for, and believed, only there. */
static bool
is_as_safe(struct refresh *refresh)
{
	const struct http_uri *uri = &refresh->request.uri;

	return uri->scheme != HTTP_SCHEME_HTTPS ||
	       errand_want_tls(&refresh->errand, uri->host.text) == 0;
}

static void
on_begin(struct loop_deferred *deferred)
{
	struct refresh *refresh = deferred->context;

	refresh->keep.lead = cache_lead_begin(
	    &refresh->worker->cache, refresh->keep.key, &refresh->request);
	if (refresh->keep.lead != NULL && is_as_safe(refresh))
		errand_begin(&refresh->errand);
	else
		destroy(refresh);
}

/* The same question, and what has been found out since is forgotten. */
static void
put_question(struct refresh *refresh, const struct errand *before)
{
	struct errand *errand = &refresh->errand;

	errand_init(errand, refresh->worker, before->flow.way, before->client,
	    before->flow_id);
	errand->flow = before->flow;
	errand->flow.known[POLICY_FACT_TYPE] = FLOW_NOT_GIVEN;
	admission_move(errand->generation, &errand->flow);
	errand_set_user(errand, &before->user);
	errand->meant = before->meant;
	errand->named = before->named;
	errand->may_reuse = before->may_reuse;
	errand->readings = before->readings;
	errand->reading_count = before->reading_count;
	errand->reads_too_many = before->reads_too_many;
	errand->says_url = before->says_url;
	errand->account.told = true;
	errand->done = on_errand;
}

static void
join(struct refresh *refresh, struct worker *worker)
{
	refresh->worker = worker;
	refresh->next = worker->refreshes;
	refresh->link = &worker->refreshes;
	if (refresh->next != NULL)
		refresh->next->link = &refresh->next;
	worker->refreshes = refresh;
}

void
refresh_start(
    struct arena *arena, const struct errand *errand, const struct keep *keep)
{
	struct refresh *refresh = arena_new(arena, struct refresh);

	if (refresh == NULL)
		return;
	join(refresh, keep->worker);
	refresh->request = *keep->request;
	refresh->by_name = errand->by_name;
	put_question(refresh, errand);
	refresh->keep = (struct keep){
		.worker = keep->worker,
		.arena = &refresh->arena,
		.request = &refresh->request,
		.key = keep->key,
	};
	keep_validate(&refresh->keep, keep->stale);
	refresh->timer =
	    (struct loop_timer){ .fn = on_time, .context = refresh };
	refresh->begin =
	    (struct loop_deferred){ .fn = on_begin, .context = refresh };
	refresh->arena = arena_take(arena);
	loop_defer(keep->worker->loop, &refresh->begin);
}

void
refresh_end_all(struct worker *worker)
{
	while (worker->refreshes != NULL)
		destroy(worker->refreshes);
}
