/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/dns_front.h"

#include "base/must.h"
#include "dns/reply.h"
#include "dns/service.h"
#include "event/counter.h"
#include "proxy/crowd.h"
#include "proxy/dns_datagrams.h"
#include "proxy/dns_judge.h"
#include "proxy/dns_stream.h"
#include "proxy/dns_tell.h"
#include "proxy/learned.h"
#include "proxy/worker.h"

#include <errno.h>
#include <stdlib.h>

struct dns_share {
	struct dns_store *store;
	struct crowd *crowd; /* of questions that wait */
};

/* A question; on the stack until it has to wait. */
struct question {
	struct dns_front *front;
	struct question *next, **at; /* at == NULL: it does not wait */
	struct dns_client client;
	struct dns_query query;
	struct dns_key key;
	struct proxy_generation *generation; /* a reference, if it waits */
	struct dns_answer *answer;           /* a reference; NULL: none yet */
	bool stale;
	struct crowd_source *place;
	struct dns_forward forward;
	struct learned_ticket ticket;
};

struct dns_front {
	struct worker *worker;
	struct dns_share *share;
	struct dns_forwarder *forwarder;
	struct question *questions; /* that wait */
	struct dns_stream *streams;
	struct policy_rule limit; /* that no policy has written */
};

/* ---- answering ---- */

static void
send_reply(const struct question *question, const struct dns_reply *reply)
{
	static _Thread_local char bytes[DNS_MESSAGE_MAX];
	const struct dns_client *client = &question->client;
	size_t room = client->stream != NULL ? sizeof(bytes)
					     : dns_reply_room(&question->query);
	size_t len = dns_reply_write(reply, clock_now(), room, bytes);
	struct str message = { bytes, len };

	if (client->stream != NULL)
		dns_stream_send(client->stream, message);
	else
		dns_datagrams_send(client, message);
}

static void
say(const struct question *question, enum dns_rcode rcode,
    enum dns_extended extended, const char *words)
{
	const struct dns_reply reply = {
		.query = &question->query,
		.rcode = rcode,
		.extended = extended,
		.words = words,
	};

	send_reply(question, &reply);
}

/* `drop` is no answer, and NXDOMAIN is what no client asks again for. */
static void
refuse(const struct question *question, const struct dns_judge *judge,
    const struct proxy_generation *generation,
    const struct policy_prospect *prospect)
{
	char words[DNS_TELL_WORDS_BYTES];

	counter_add(COUNTER_DNS_REFUSED, 1);
	dns_tell(question->front->worker, &question->client, judge, generation,
	    prospect, NULL);
	if (prospect->verdict == POLICY_VERDICT_REJECT)
		say(question, DNS_RCODE_NO_NAME, DNS_EXTENDED_BLOCKED,
		    dns_tell_words(prospect->rule, words));
}

static void
refuse_inside(const struct question *question, const struct dns_judge *judge,
    const struct proxy_generation *generation)
{
	static const struct policy_prospect none = {
		.verdict = POLICY_VERDICT_REJECT
	};

	counter_add(COUNTER_DNS_GUARDED, 1);
	dns_tell(question->front->worker, &question->client, judge, generation,
	    &none, policy_reason_sentence(POLICY_REASON_INSIDE));
	say(question, DNS_RCODE_NO_NAME, DNS_EXTENDED_BLOCKED,
	    "the answer leads inside");
}

static void
send_answer(const struct question *question)
{
	const struct dns_reply reply = {
		.query = &question->query,
		.answer = question->answer,
		.stale = question->stale,
		.extended = !question->stale ? DNS_EXTENDED_NONE
			    : question->answer->rcode == DNS_RCODE_NO_NAME
				? DNS_EXTENDED_STALE_NO_NAME
				: DNS_EXTENDED_STALE,
	};

	if (question->stale)
		counter_add(COUNTER_DNS_STALE, 1);
	send_reply(question, &reply);
}

/* ---- what waits ---- */

static void
end(struct question *question)
{
	struct dns_stream *stream = question->client.stream;

	*question->at = question->next;
	if (question->next != NULL)
		question->next->at = question->at;
	dns_forward_cancel(&question->forward);
	learned_cancel(&question->ticket);
	dns_answer_unref(question->answer);
	proxy_generation_unref(question->generation);
	crowd_leave(question->place);
	free(question);
	if (stream != NULL)
		dns_stream_done(stream);
}

static void on_forwarded(
    struct dns_forward *forward, struct dns_answer *answer, bool stale);
static void on_learned(struct learned_ticket *ticket);

/* A copy that may wait; NULL: there is no place, or no memory. */
static struct question *
keep(const struct question *asked)
{
	struct dns_front *front = asked->front;
	struct crowd_source *place = crowd_enter(
	    front->share->crowd, asked->client.source.address, false);
	struct question *question =
	    place != NULL ? malloc(sizeof(*question)) : NULL;

	if (question == NULL) {
		crowd_leave(place);
		return NULL;
	}
	*question = *asked;
	question->place = place;
	question->generation = proxy_generation_ref(front->worker->generation);
	question->forward =
	    (struct dns_forward){ .fn = on_forwarded, .context = question };
	question->ticket =
	    (struct learned_ticket){ .fn = on_learned, .context = question };
	question->next = front->questions;
	question->at = &front->questions;
	if (question->next != NULL)
		question->next->at = &question->next;
	front->questions = question;
	if (question->client.stream != NULL)
		dns_stream_wait(question->client.stream);
	return question;
}

static void
on_learned(struct learned_ticket *ticket)
{
	struct question *question = ticket->context;

	send_answer(question);
	end(question);
}

/* ---- an answer ---- */

/* What the zone's names must be seen by does not reach it hidden. */
static void
show_names(struct question *question, const struct proxy_generation *generation,
    uint8_t zone)
{
	struct dns_answer *shown;

	if (!question->answer->has_services ||
	    !policy_intercepts(
		generation->policy, zone, POLICY_PROTOCOL_TCP, 443))
		return;
	if (dns_service_show_names(question->answer, &shown) < 0 ||
	    shown == NULL)
		return;
	dns_answer_unref(question->answer);
	question->answer = shown;
}

enum step {
	STEP_SENT, /* or refused */
	STEP_WAITS,
};

static enum step
tell_learned(struct question *question, const struct dns_judge *judge,
    const struct proxy_generation *generation)
{
	const struct learned learned = {
		.generation = generation,
		.zone = judge->flow.from_zone,
		.source = question->client.source.address,
		.name = judge->name,
		.answer = question->answer,
		.stale = question->stale,
	};

	if (question->answer->address_count == 0 ||
	    learned_tell(
		question->front->worker, &learned, &question->ticket)) {
		send_answer(question);
		return STEP_SENT;
	}
	return STEP_WAITS;
}

/* The judge has judged the question. */
static enum step
pass_on(struct question *question, struct dns_judge *judge,
    const struct proxy_generation *generation)
{
	if (dns_judge_leads_inside(judge, generation, question->answer)) {
		refuse_inside(question, judge, generation);
		return STEP_SENT;
	}
	struct policy_prospect prospect =
	    dns_judge_answer(judge, generation, question->answer);
	if (prospect.verdict != POLICY_VERDICT_ALLOW) {
		refuse(question, judge, generation, &prospect);
		return STEP_SENT;
	}
	dns_tell(question->front->worker, &question->client, judge, generation,
	    &prospect, NULL);
	show_names(question, generation, judge->flow.from_zone);
	return tell_learned(question, judge, generation);
}

/* By the generation in force now, which may be another than when it came. */
static void
on_forwarded(struct dns_forward *forward, struct dns_answer *answer, bool stale)
{
	struct question *question = forward->context;
	const struct proxy_generation *generation =
	    question->front->worker->generation;
	struct dns_judge judge;

	if (answer == NULL) {
		say(question, DNS_RCODE_FAILURE, DNS_EXTENDED_OTHER, NULL);
		end(question);
		return;
	}
	question->answer = dns_answer_ref(answer);
	question->stale = stale;
	dns_judge_begin(&judge, generation, question->client.source.address,
	    &question->query.question.name);
	if (pass_on(question, &judge, generation) == STEP_SENT)
		end(question);
}

static void
forward(struct question *asked)
{
	struct question *question = keep(asked);

	if (question == NULL) {
		counter_add(COUNTER_DNS_SHED, 1);
		say(asked, DNS_RCODE_FAILURE, DNS_EXTENDED_OTHER,
		    "too many questions wait");
		return;
	}
	if (dns_forwarder_ask(question->front->forwarder, &question->key,
		&question->forward) == 0)
		return;
	counter_add(COUNTER_DNS_SHED, 1);
	say(question, DNS_RCODE_FAILURE, DNS_EXTENDED_OTHER,
	    "too many questions wait");
	end(question);
}

/* It is there; whoever has to learn of it first may need time. */
static void
answer_now(struct question *asked, struct dns_judge *judge)
{
	const struct proxy_generation *generation =
	    asked->front->worker->generation;
	struct question *question = asked;

	counter_add(COUNTER_DNS_HITS, 1);
	if (learned_may_wait(generation, judge->flow.from_zone, judge->name)) {
		question = keep(asked);
		if (question == NULL) {
			dns_answer_unref(asked->answer);
			counter_add(COUNTER_DNS_SHED, 1);
			return;
		}
	}
	if (pass_on(question, judge, generation) != STEP_SENT)
		return;
	if (question != asked)
		end(question);
	else
		dns_answer_unref(question->answer);
}

/* ---- a question ---- */

/* The kernel lets only those in whom the policy names; so do we.  The gateway
 * itself asks by its loopback. */
static bool
is_welcome(
    const struct dns_client *client, const struct policy *policy, uint8_t zone)
{
	return zone == ZONE_SELF || policy_dns_takes(&policy->dns, zone,
					client->asked, !client->intercepted);
}

static bool
is_within_limit(struct dns_front *front, const struct dns_client *client)
{
	struct limiter_client source = { .source = client->source.address };
	struct limiter_entry *entry = NULL;
	bool within = limiter_take(front->worker->generation->limiter,
	    &front->limit, &source, loop_now(front->worker->loop), &entry);

	limiter_release(entry);
	return within;
}

static void
serve(struct question *question)
{
	struct dns_front *front = question->front;
	const struct proxy_generation *generation = front->worker->generation;
	struct dns_judge judge;

	dns_judge_begin(&judge, generation, question->client.source.address,
	    &question->query.question.name);
	if (!is_welcome(
		&question->client, generation->policy, judge.flow.from_zone))
		return;
	if (dns_judge_is_nobodys(&judge, generation)) {
		say(question, DNS_RCODE_NO_NAME, DNS_EXTENDED_NONE, NULL);
		return;
	}
	struct policy_prospect prospect =
	    dns_judge_question(&judge, generation);
	if (prospect.verdict != POLICY_VERDICT_ALLOW) {
		refuse(question, &judge, generation, &prospect);
		return;
	}
	question->key = dns_key_of(&question->query);
	question->answer = dns_forwarder_find(
	    front->forwarder, &question->key, &question->stale);
	if (question->answer != NULL)
		answer_now(question, &judge);
	else
		forward(question);
}

/* Classes but IN, and whole zones, are not passed on. */
static bool
is_served(const struct dns_inquiry *question)
{
	return question->class == DNS_CLASS_IN &&
	       question->type != DNS_TYPE_AXFR &&
	       question->type != DNS_TYPE_IXFR &&
	       question->type != DNS_TYPE_OPT;
}

void
dns_front_take(struct dns_front *front, const struct dns_client *client,
    struct str message)
{
	struct question question = { .front = front, .client = *client };

	counter_add(COUNTER_DNS_QUESTIONS, 1);
	if (!is_within_limit(front, client)) {
		counter_add(COUNTER_DNS_SHED, 1);
		return;
	}
	int rc = dns_query_read(message, &question.query);
	if (rc < 0)
		counter_add(COUNTER_DNS_MALFORMED, 1);
	if (rc == -EPROTO)
		return;
	if (rc < 0)
		say(&question, dns_query_fault(&question.query),
		    DNS_EXTENDED_NONE, NULL);
	else if (!is_served(&question.query.question))
		say(&question, DNS_RCODE_REFUSED, DNS_EXTENDED_NONE, NULL);
	else
		serve(&question);
}

/* ---- life ---- */

void
dns_front_leave(struct dns_front *front, const struct dns_stream *stream)
{
	struct question *question = front->questions;

	while (question != NULL) {
		struct question *next = question->next;
		if (question->client.stream == stream) {
			question->client.stream = NULL;
			end(question);
		}
		question = next;
	}
}

struct dns_stream **
dns_front_streams(struct dns_front *front)
{
	return &front->streams;
}

void
dns_front_drain(struct dns_front *front)
{
	struct dns_stream *stream = front->streams;

	while (stream != NULL) {
		struct dns_stream *next = dns_stream_next(stream);
		dns_stream_drain(stream);
		stream = next;
	}
}

static size_t
collect_wishes(const struct proxy_generation *generation,
    struct dns_server_wish wishes[static DNS_UPSTREAMS_MAX])
{
	const struct policy_dns *dns = &generation->policy->dns;

	for (size_t i = 0; i < dns->upstream_count; i++)
		wishes[i] = (struct dns_server_wish){ dns->upstreams[i].at,
			generation->name_servers[i] };
	return dns->upstream_count;
}

static void
set_limit(struct policy_rule *limit, const struct policy_dns *dns)
{
	bool said = dns->limit_count > 0;

	limit->limit = (struct policy_limit){
		.count = said ? dns->limit_count : DNS_QUESTIONS_PER_SECOND,
		.seconds = said ? dns->limit_seconds : 1,
		.burst = said ? dns->limit_burst : DNS_QUESTIONS_BURST,
		.each = POLICY_EACH_SOURCE,
	};
	limit->text = STR("dns");
}

void
dns_front_change_over(struct dns_front *front)
{
	const struct proxy_generation *generation = front->worker->generation;
	const struct policy_dns *dns = &generation->policy->dns;
	struct dns_server_wish wishes[DNS_UPSTREAMS_MAX];
	size_t count = collect_wishes(generation, wishes);

	set_limit(&front->limit, dns);
	/* Without memory the servers of before are asked; of none there is
	 * nobody to ask. */
	must(dns_forwarder_use(front->forwarder, wishes, count,
		 (struct dns_ttl_limits){ dns->ttl_min, dns->ttl_max }) == 0);
	dns_store_resize(front->share->store, dns->cache_bytes);
}

struct dns_front *
dns_front_create(struct worker *worker, struct dns_share *share)
{
	struct dns_front *front = calloc(1, sizeof(*front));

	if (front == NULL)
		return NULL;
	front->worker = worker;
	front->share = share;
	front->forwarder = dns_forwarder_create(worker->loop, share->store);
	if (front->forwarder == NULL) {
		free(front);
		return NULL;
	}
	return front;
}

void
dns_front_destroy(struct dns_front *front)
{
	if (front == NULL)
		return;
	while (front->streams != NULL)
		dns_stream_close(front->streams);
	while (front->questions != NULL)
		end(front->questions);
	dns_forwarder_destroy(front->forwarder);
	free(front);
}

struct dns_share *
dns_share_create(void)
{
	struct dns_share *share = calloc(1, sizeof(*share));

	if (share == NULL)
		return NULL;
	share->store = dns_store_create(POLICY_DNS_CACHE);
	share->crowd = crowd_create(
	    DNS_QUESTIONS_MAX, "too many of its questions to the DNS wait");
	if (share->store == NULL || share->crowd == NULL) {
		dns_share_destroy(share);
		return NULL;
	}
	return share;
}

void
dns_share_destroy(struct dns_share *share)
{
	if (share == NULL)
		return;
	dns_store_destroy(share->store);
	crowd_destroy(share->crowd);
	free(share);
}

struct dns_store *
dns_share_store(struct dns_share *share)
{
	return share->store;
}
