/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/dns_matter: a question until it is answered.
 */
#include "proxy/dns_impl.h"

#include "dns/service.h"
#include "event/counter.h"
#include "proxy/crowd.h"
#include "proxy/dns_share.h"
#include "proxy/dns_stream.h"
#include "proxy/dns_tell.h"
#include "proxy/worker.h"

#include <stdlib.h>

/* ---- what waits ---- */

void
dns_matter_end(struct dns_matter *matter)
{
	struct dns_stream *stream = matter->client.stream;

	*matter->at = matter->next;
	if (matter->next != NULL)
		matter->next->at = matter->at;
	dns_forward_cancel(&matter->forward);
	learned_cancel(&matter->ticket);
	dns_answer_unref(matter->answer);
	proxy_generation_unref(matter->generation);
	crowd_leave(matter->place);
	free(matter);
	if (stream != NULL)
		dns_stream_done(stream);
}

static void on_forwarded(
    struct dns_forward *forward, struct dns_answer *answer, bool stale);
static void on_learned(struct learned_ticket *ticket);

/* A copy that may wait; NULL: there is no place, or no memory. */
static struct dns_matter *
keep(const struct dns_matter *asked)
{
	struct dns_front *front = asked->front;
	struct crowd_source *place = crowd_enter(
	    dns_share_crowd(front->share), asked->client.source.address, false);
	struct dns_matter *matter =
	    place != NULL ? malloc(sizeof(*matter)) : NULL;

	if (matter == NULL) {
		crowd_leave(place);
		return NULL;
	}
	*matter = *asked;
	matter->place = place;
	matter->generation = proxy_generation_ref(front->worker->generation);
	matter->forward =
	    (struct dns_forward){ .fn = on_forwarded, .context = matter };
	matter->ticket =
	    (struct learned_ticket){ .fn = on_learned, .context = matter };
	matter->next = front->questions;
	matter->at = &front->questions;
	if (matter->next != NULL)
		matter->next->at = &matter->next;
	front->questions = matter;
	if (matter->client.stream != NULL)
		dns_stream_wait(matter->client.stream);
	return matter;
}

static void
on_learned(struct learned_ticket *ticket)
{
	struct dns_matter *matter = ticket->context;

	dns_say_answer(matter);
	dns_matter_end(matter);
}

/* ---- an answer ---- */

/* What the zone's names must be seen by does not reach it hidden. */
static void
show_names(struct dns_matter *matter, const struct proxy_generation *generation,
    uint8_t zone)
{
	struct dns_answer *shown;

	if (!matter->answer->has_services ||
	    !policy_intercepts(
		generation->policy, zone, POLICY_PROTOCOL_TCP, 443))
		return;
	if (dns_service_show_names(matter->answer, &shown) < 0 || shown == NULL)
		return;
	dns_answer_unref(matter->answer);
	matter->answer = shown;
}

enum step {
	STEP_SENT, /* or refused */
	STEP_WAITS,
};

static enum step
tell_learned(struct dns_matter *matter, const struct dns_judge *judge,
    const struct proxy_generation *generation)
{
	const struct learned learned = {
		.generation = generation,
		.zone = judge->flow.from_zone,
		.source = matter->client.source.address,
		.name = judge->name,
		.answer = matter->answer,
		.stale = matter->stale,
	};

	if (matter->answer->address_count == 0 ||
	    learned_tell(matter->front->worker, &learned, &matter->ticket)) {
		dns_say_answer(matter);
		return STEP_SENT;
	}
	return STEP_WAITS;
}

/* The judge has judged the question. */
static enum step
pass_on(struct dns_matter *matter, struct dns_judge *judge,
    const struct proxy_generation *generation)
{
	if (dns_judge_leads_inside(judge, generation, matter->answer)) {
		dns_say_inside(matter, judge, generation);
		return STEP_SENT;
	}
	struct policy_prospect prospect =
	    dns_judge_answer(judge, generation, matter->answer);
	if (prospect.verdict != POLICY_VERDICT_ALLOW) {
		dns_say_refused(matter, judge, generation, &prospect);
		return STEP_SENT;
	}
	dns_tell(matter->front->worker, &matter->client, judge, generation,
	    &prospect, NULL);
	show_names(matter, generation, judge->flow.from_zone);
	return tell_learned(matter, judge, generation);
}

/* By the generation in force now, which may be another than when it came. */
static void
on_forwarded(struct dns_forward *forward, struct dns_answer *answer, bool stale)
{
	struct dns_matter *matter = forward->context;
	const struct proxy_generation *generation =
	    matter->front->worker->generation;
	struct dns_judge judge;

	if (answer == NULL) {
		dns_say(matter, DNS_RCODE_FAILURE, DNS_EXTENDED_OTHER, NULL);
		dns_matter_end(matter);
		return;
	}
	matter->answer = dns_answer_ref(answer);
	matter->stale = stale;
	dns_judge_begin(&judge, generation, matter->client.source.address,
	    &matter->query.question.name);
	if (pass_on(matter, &judge, generation) == STEP_SENT)
		dns_matter_end(matter);
}

void
dns_matter_forward(struct dns_matter *asked)
{
	struct dns_matter *matter = keep(asked);

	if (matter == NULL) {
		counter_add(COUNTER_DNS_SHED, 1);
		dns_say(asked, DNS_RCODE_FAILURE, DNS_EXTENDED_OTHER,
		    "too many questions wait");
		return;
	}
	if (matter->front->is_behind)
		dns_front_change_over(matter->front);
	if (dns_forwarder_ask(
		matter->front->forwarder, &matter->key, &matter->forward) == 0)
		return;
	counter_add(COUNTER_DNS_SHED, 1);
	dns_say(matter, DNS_RCODE_FAILURE, DNS_EXTENDED_OTHER,
	    "too many questions wait");
	dns_matter_end(matter);
}

/* It is there; whoever has to learn of it first may need time. */
void
dns_matter_answer(struct dns_matter *asked, struct dns_judge *judge)
{
	const struct proxy_generation *generation =
	    asked->front->worker->generation;
	struct dns_matter *matter = asked;

	counter_add(COUNTER_DNS_HITS, 1);
	if (learned_may_wait(generation, judge->flow.from_zone, judge->name)) {
		matter = keep(asked);
		if (matter == NULL) {
			dns_answer_unref(asked->answer);
			counter_add(COUNTER_DNS_SHED, 1);
			return;
		}
	}
	if (pass_on(matter, judge, generation) != STEP_SENT)
		return;
	if (matter != asked)
		dns_matter_end(matter);
	else
		dns_answer_unref(matter->answer);
}
