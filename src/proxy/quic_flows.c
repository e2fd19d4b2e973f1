/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/quic_flows.h"

#include "net/datagram.h"
#include "proxy/quic_flow.h"
#include "proxy/share.h"
#include "proxy/worker.h"

#include <stdlib.h>
#include <sys/random.h>

/* Read from the listener in one go. */
#define DATAGRAMS_MAX 64

#define BUCKETS 4096

struct quic_flows {
	size_t count, young; /* the latter are among the former */
	uint64_t seed;
	struct quic_flow *buckets[BUCKETS];
};

/* ---- finding ---- */

static struct quic_flow **
bucket_of(struct quic_flows *flows, const struct address_port *client,
    const struct address_port *server)
{
	uint8_t key[2 * (sizeof(client->address.bytes) + 2)];
	const struct address_port *const both[] = { client, server };
	size_t len = 0;

	for (int i = 0; i < 2; i++) {
		memcpy(&key[len], both[i]->address.bytes,
		    sizeof(both[i]->address.bytes));
		len += sizeof(both[i]->address.bytes);
		key[len++] = (uint8_t)(both[i]->port >> 8);
		key[len++] = (uint8_t)both[i]->port;
	}
	return &flows->buckets[str_hash((struct str){ (char *)key, len },
				   flows->seed) %
			       BUCKETS];
}

static bool
same_place(const struct address_port *a, const struct address_port *b)
{
	return a->port == b->port && address_eq(a->address, b->address);
}

static struct quic_flow *
find(struct quic_flows *flows, const struct address_port *client,
    const struct address_port *server)
{
	struct quic_flow *flow = *bucket_of(flows, client, server);

	while (flow != NULL && (!same_place(&flow->client, client) ||
				   !same_place(&flow->server, server)))
		flow = flow->next;
	return flow;
}

/* Where nobody is intercepted in this way there is no table. */
static struct quic_flows *
flows_of(struct worker *worker)
{
	if (worker->quic != NULL)
		return worker->quic;
	worker->quic = calloc(1, sizeof(*worker->quic));
	if (worker->quic != NULL &&
	    getrandom(&worker->quic->seed, sizeof(worker->quic->seed), 0) < 0) {
		free(worker->quic);
		worker->quic = NULL;
	}
	return worker->quic;
}

static struct quic_flow *
add(struct quic_flows *flows, struct worker *worker, struct address_port client,
    struct address_port server)
{
	struct quic_flow **bucket = bucket_of(flows, &client, &server);

	if (flows->count >= QUIC_FLOWS_MAX || flows->young >= QUIC_YOUNG_MAX)
		return NULL;
	struct quic_flow *flow =
	    quic_flow_create(flows, worker, client, server);
	if (flow == NULL)
		return NULL;
	flow->link = bucket;
	flow->next = *bucket;
	if (flow->next != NULL)
		flow->next->link = &flow->next;
	*bucket = flow;
	flows->count++;
	flows->young++;
	return flow;
}

void
quic_flows_settle(struct quic_flow *flow)
{
	flow->flows->young -= !flow->settled;
	flow->settled = true;
}

void
quic_flows_end(struct quic_flow *flow, enum proxy_failure why)
{
	quic_flows_settle(flow);
	*flow->link = flow->next;
	if (flow->next != NULL)
		flow->next->link = flow->link;
	flow->flows->count--;
	quic_flow_destroy(flow, why);
}

/* ---- from the listener ---- */

static void
take(struct worker *worker, struct address_port client,
    struct address_port server, struct str datagram)
{
	struct quic_flows *flows = flows_of(worker);

	if (flows == NULL || server.address.family == ADDRESS_NONE ||
	    client.address.family == ADDRESS_NONE)
		return;
	struct quic_flow *flow = find(flows, &client, &server);
	if (flow == NULL)
		flow = add(flows, worker, client, server);
	if (flow != NULL)
		quic_flow_take(flow, datagram);
}

void
quic_flows_receive(struct worker *worker, int listener)
{
	struct address_port client, server;
	struct str bytes;

	for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
		if (datagram_receive_for(listener, &bytes, &client, &server) <
		    0)
			return;
		take(worker, client, server, bytes);
	}
}

/* ---- all of them ---- */

static void
end_if(struct worker *worker,
    bool (*is_over)(struct quic_flow *flow, const void *context),
    const void *context, enum proxy_failure why)
{
	for (size_t i = 0; worker->quic != NULL && i < BUCKETS; i++) {
		struct quic_flow *flow = worker->quic->buckets[i];
		while (flow != NULL) {
			struct quic_flow *next = flow->next;
			if (is_over(flow, context))
				quic_flows_end(flow, why);
			flow = next;
		}
	}
}

static bool
falls(struct quic_flow *flow, const void *context)
{
	(void)context;
	return !quic_flow_stands(flow);
}

static bool
is_in(struct quic_flow *flow, const void *context)
{
	return address_range_has(context, flow->client.address);
}

static bool
is_used_up(struct quic_flow *flow, const void *context)
{
	(void)context;
	return share_is_used_up(&flow->errand.share);
}

static bool
is_any(struct quic_flow *flow, const void *context)
{
	(void)flow;
	(void)context;
	return true;
}

void
quic_flows_judge_again(struct worker *worker)
{
	end_if(worker, falls, NULL, PROXY_FAILURE_POLICY_CHANGED);
}

void
quic_flows_ban(struct worker *worker, const struct address_range *range)
{
	end_if(worker, is_in, range, PROXY_FAILURE_BANNED);
}

void
quic_flows_end_used_up(struct worker *worker)
{
	end_if(worker, is_used_up, NULL, PROXY_FAILURE_QUOTA);
}

void
quic_flows_end_all(struct worker *worker)
{
	end_if(worker, is_any, NULL, PROXY_FAILURE_NONE);
	free(worker->quic);
	worker->quic = NULL;
}
