/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/dns_front.h"

#include "event/counter.h"
#include "proxy/dns_impl.h"
#include "proxy/dns_share.h"
#include "proxy/dns_stream.h"
#include "proxy/worker.h"

#include <errno.h>
#include <stdlib.h>

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
serve(struct dns_matter *matter)
{
	struct dns_front *front = matter->front;
	const struct proxy_generation *generation = front->worker->generation;
	struct dns_judge judge;

	dns_judge_begin(&judge, generation, matter->client.source.address,
	    &matter->query.question.name);
	if (!is_welcome(
		&matter->client, generation->policy, judge.flow.from_zone))
		return;
	if (dns_judge_is_nobodys(&judge, generation)) {
		dns_say(matter, DNS_RCODE_NO_NAME, DNS_EXTENDED_NONE, NULL);
		return;
	}
	struct policy_prospect prospect =
	    dns_judge_question(&judge, generation);
	if (prospect.verdict != POLICY_VERDICT_ALLOW) {
		dns_say_refused(matter, &judge, generation, &prospect);
		return;
	}
	matter->key = dns_key_of(&matter->query);
	matter->answer =
	    dns_forwarder_find(front->forwarder, &matter->key, &matter->stale);
	if (matter->answer != NULL)
		dns_matter_answer(matter, &judge);
	else
		dns_matter_forward(matter);
}

/* Classes but IN, and whole zones, are not passed on. */
static bool
is_served(const struct dns_inquiry *inquiry)
{
	return inquiry->class == DNS_CLASS_IN &&
	       inquiry->type != DNS_TYPE_AXFR &&
	       inquiry->type != DNS_TYPE_IXFR && inquiry->type != DNS_TYPE_OPT;
}

void
dns_front_take(struct dns_front *front, const struct dns_client *client,
    struct str message)
{
	struct dns_matter matter = { .front = front, .client = *client };

	counter_add(COUNTER_DNS_QUESTIONS, 1);
	if (!is_within_limit(front, client)) {
		counter_add(COUNTER_DNS_SHED, 1);
		return;
	}
	int rc = dns_query_read(message, &matter.query);
	if (rc < 0)
		counter_add(COUNTER_DNS_MALFORMED, 1);
	if (rc == -EPROTO)
		return;
	if (rc < 0)
		dns_say(&matter, dns_query_fault(&matter.query),
		    DNS_EXTENDED_NONE, NULL);
	else if (!is_served(&matter.query.question))
		dns_say(&matter, DNS_RCODE_REFUSED, DNS_EXTENDED_NONE, NULL);
	else
		serve(&matter);
}

/* ---- life ---- */

void
dns_front_leave(struct dns_front *front, const struct dns_stream *stream)
{
	struct dns_matter *matter = front->questions;

	while (matter != NULL) {
		struct dns_matter *next = matter->next;
		if (matter->client.stream == stream) {
			matter->client.stream = NULL;
			dns_matter_end(matter);
		}
		matter = next;
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
	front->is_behind =
	    dns_forwarder_use(front->forwarder, wishes, count,
		(struct dns_ttl_limits){ dns->ttl_min, dns->ttl_max }) < 0;
	dns_share_use(front->share, dns, &front->servers);
}

struct dns_front *
dns_front_create(struct worker *worker, struct dns_share *share)
{
	struct dns_front *front = calloc(1, sizeof(*front));

	if (front == NULL)
		return NULL;
	front->worker = worker;
	front->share = share;
	front->forwarder =
	    dns_forwarder_create(worker->loop, dns_share_store(share));
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
		dns_matter_end(front->questions);
	dns_forwarder_destroy(front->forwarder);
	free(front);
}
