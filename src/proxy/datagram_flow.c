/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/datagram_flow.h"

#include "event/event.h"
#include "net/datagram.h"
#include "proxy/association.h"
#include "proxy/client.h"
#include "proxy/crowd.h"
#include "proxy/limits.h"
#include "proxy/worker.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

/* Answers taken in one go, so that one flow does not keep the others. */
#define ANSWERS_MAX 16

static void
arm(struct datagram_flow *flow)
{
	struct loop *loop = flow->errand.worker->loop;

	loop_timer_arm(
	    loop, &flow->timer, loop_now(loop) + PROXY_DATAGRAM_TIMEOUT);
}

/* ---- open ---- */

/* What the network says of an earlier one (ECONNREFUSED) may have passed. */
static void
pass_on(struct datagram_flow *flow, struct str bytes)
{
	ssize_t sent =
	    send(flow->errand.datagrams, bytes.at, bytes.len, MSG_NOSIGNAL);

	if (sent < 0 && errno == ECONNREFUSED)
		sent = send(
		    flow->errand.datagrams, bytes.at, bytes.len, MSG_NOSIGNAL);
	if (sent >= 0)
		flow->errand.account.bytes_in += (uint64_t)sent;
}

static void
answer(struct datagram_flow *flow, struct str bytes)
{
	char buffer[SOCKS_DATAGRAM_HEAD_MAX];
	struct str head =
	    socks_datagram_head_write(flow->errand.server_at, buffer);

	flow->errand.account.bytes_out += bytes.len;
	association_answer(flow->association, head, bytes);
}

static void
on_answers(struct loop_watch *watch, unsigned ready)
{
	struct datagram_flow *flow = watch->context;
	struct str bytes;

	(void)ready;
	for (unsigned i = 0; i < ANSWERS_MAX; i++) {
		int rc = datagram_receive(watch->fd, &bytes, NULL);
		if (rc == -EAGAIN)
			return;
		if (rc < 0)
			continue;
		arm(flow);
		answer(flow, bytes);
	}
}

static void
shut(struct datagram_flow *flow)
{
	flow->state = DATAGRAM_FLOW_SHUT;
	datagram_queue_clear(&flow->waiting);
	errand_tell(&flow->errand);
}

static void
open_up(struct datagram_flow *flow)
{
	struct datagram *one;

	flow->watch = (struct loop_watch){ .fd = flow->errand.datagrams,
		.wanted = LOOP_READ,
		.fn = on_answers,
		.context = flow };
	if (loop_watch_start(flow->errand.worker->loop, &flow->watch) < 0) {
		flow->errand.failure = PROXY_FAILURE_NO_MEMORY;
		shut(flow);
		return;
	}
	flow->state = DATAGRAM_FLOW_OPEN;
	while ((one = datagram_queue_take(&flow->waiting)) != NULL) {
		pass_on(flow, datagram_bytes(one));
		free(one);
	}
}

static void
on_errand(struct errand *errand, enum errand_outcome outcome)
{
	struct datagram_flow *flow =
	    (struct datagram_flow *)((char *)errand -
				     offsetof(struct datagram_flow, errand));

	if (outcome == ERRAND_READY) {
		open_up(flow);
		return;
	}
	shut(flow);
}

/* ---- life ---- */

/* Nothing has moved: that is how datagrams end. */
static void
on_time(struct loop_timer *timer)
{
	struct datagram_flow *flow = timer->context;
	struct datagram_flow **link = &flow->association->flows;

	while (*link != flow)
		link = &(*link)->next;
	*link = flow->next;
	flow->association->flow_count--;
	datagram_flow_destroy(flow, PROXY_FAILURE_NONE);
}

static void
fill_errand(struct datagram_flow *flow)
{
	struct errand *errand = &flow->errand;
	const struct caller *caller = &flow->association->caller;
	struct client *client = flow->association->client;

	errand_init(errand, client->worker, FLOW_EXPLICIT, caller->client,
	    event_flow_id(IPPROTO_UDP, caller->client, caller->listener));
	errand->datagrams = -1;
	errand->wants_datagrams = true;
	errand->done = on_errand;
	errand->meant = flow->to;
	errand_set_user(errand, &client->user);
	admission_port(&errand->flow, flow->port);
	errand->flow.protocol = POLICY_PROTOCOL_UDP;
	struct str name = { flow->name_len > 0 ? flow->name : NULL,
		flow->name_len };
	admission_name(&errand->flow, name);
	admission_tunnel(&errand->flow);
}

struct datagram_flow *
datagram_flow_create(struct association *association, struct address to,
    struct str name, uint16_t port)
{
	struct client *client = association->client;
	struct datagram_flow *flow = calloc(1, sizeof(*flow));

	/* Each takes a socket, as a connection does. */
	if (flow != NULL)
		flow->place = crowd_enter(
		    client->worker->crowd, client->peer.address, false);
	if (flow == NULL || flow->place == NULL ||
	    name.len > sizeof(flow->name)) {
		if (flow != NULL)
			crowd_leave(flow->place);
		free(flow);
		return NULL;
	}
	flow->association = association;
	flow->to = to;
	flow->port = port;
	flow->name_len = name.len;
	if (name.len > 0)
		memcpy(flow->name, name.at, name.len);
	datagram_queue_init(&flow->waiting, &association->room);
	flow->timer = (struct loop_timer){ .fn = on_time, .context = flow };
	fill_errand(flow);
	return flow;
}

void
datagram_flow_destroy(struct datagram_flow *flow, enum proxy_failure why)
{
	if (!flow->errand.account.told && why != PROXY_FAILURE_NONE)
		flow->errand.failure = why;
	errand_tell(&flow->errand);
	loop_watch_stop(&flow->watch);
	if (flow->errand.datagrams >= 0)
		(void)close(flow->errand.datagrams);
	loop_timer_cancel(&flow->timer);
	datagram_queue_clear(&flow->waiting);
	errand_fini(&flow->errand);
	crowd_leave(flow->place);
	free(flow);
}

bool
datagram_flow_goes_to(const struct datagram_flow *flow, struct address to,
    struct str name, uint16_t port)
{
	return flow->port == port && address_eq(flow->to, to) &&
	       str_eq((struct str){ flow->name, flow->name_len }, name);
}

void
datagram_flow_send(struct datagram_flow *flow, struct str bytes)
{
	bool is_first = !loop_timer_is_armed(&flow->timer);

	arm(flow);
	switch (flow->state) {
	case DATAGRAM_FLOW_ASKING:
		datagram_queue_add(&flow->waiting, bytes);
		if (is_first)
			errand_begin(&flow->errand);
		break;
	case DATAGRAM_FLOW_OPEN:
		pass_on(flow, bytes);
		break;
	case DATAGRAM_FLOW_SHUT:
		break;
	}
}

bool
datagram_flow_stands(struct datagram_flow *flow)
{
	struct errand *errand = &flow->errand;

	/* What was refused may be allowed now, and asks again. */
	if (flow->state == DATAGRAM_FLOW_SHUT ||
	    !errand_stands(errand, errand->worker->generation))
		return false;
	errand_move(errand);
	return true;
}
