/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/quic_flow.h"

#include "event/event.h"
#include "net/datagram.h"
#include "net/quic_refusal.h"
#include "proxy/crowd.h"
#include "proxy/limits.h"
#include "proxy/quic_flows.h"
#include "proxy/worker.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

/* Taken in one go, so that one flow does not keep the others. */
#define DATAGRAMS_MAX 64

static void
arm(struct quic_flow *flow, int64_t time)
{
	struct loop *loop = flow->worker->loop;

	loop_timer_arm(loop, &flow->timer, loop_now(loop) + time);
}

static void
forget_hellos(struct quic_flow *flow)
{
	free(flow->hello);
	free(flow->again);
	flow->hello = flow->again = NULL;
}

/* ---- open ---- */

/* What the network says of an earlier one (ECONNREFUSED) may have passed. */
static bool
send_on(int fd, struct str bytes)
{
	ssize_t sent = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);

	if (sent < 0 && errno == ECONNREFUSED)
		sent = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);
	return sent >= 0;
}

static void
send_to_server(struct quic_flow *flow, struct str bytes)
{
	if (send_on(flow->errand.datagrams, bytes))
		flow->errand.account.bytes_in += bytes.len;
}

/* ---- another connection in the flow ---- */

static void
flush(struct quic_flow *flow)
{
	struct datagram *one;

	while ((one = datagram_queue_take(&flow->waiting)) != NULL) {
		send_to_server(flow, datagram_bytes(one));
		free(one);
	}
}

static void
keep_id(struct quic_flow *flow, const struct quic_hello *hello)
{
	flow->id_len = hello->id_len;
	if (flow->id_len > 0)
		memcpy(flow->id, hello->id, flow->id_len);
}

static bool
is_same_name(const struct quic_flow *flow, const struct hello *hello)
{
	return str_eq(hello_server_name(hello),
	    (struct str){ flow->name, flow->name_len });
}

/* After a Retry, for one; false: the flow is to end. */
static bool
take_another(struct quic_flow *flow, struct str datagram)
{
	struct hello hello;

	if (flow->again == NULL)
		flow->again = calloc(1, sizeof(*flow->again));
	if (flow->again == NULL)
		return true;
	int rc = quic_hello_add(flow->again, datagram, &hello);
	if (rc == 0 && !is_same_name(flow, &hello))
		return false;
	if (rc == 0 || rc == -EAGAIN)
		datagram_queue_add(&flow->waiting, datagram);
	else
		datagram_queue_clear(&flow->waiting);
	if (rc == 0) {
		keep_id(flow, flow->again);
		flush(flow);
	}
	if (rc != -EAGAIN)
		forget_hellos(flow);
	return true;
}

/* From the client, once it is open; false: the flow is to end. */
static bool
pass_on(struct quic_flow *flow, struct str datagram)
{
	struct str id = { flow->id, flow->id_len };

	if (quic_begins_another(datagram, id))
		return take_another(flow, datagram);
	send_to_server(flow, datagram);
	return true;
}

/* ---- to and fro ---- */

/* False: there are no more. */
static bool
read_next(int fd, struct str *ret)
{
	int rc;

	do {
		rc = datagram_receive(fd, ret, NULL);
	} while (rc == -ECONNREFUSED);
	return rc == 0;
}

static void
on_near(struct loop_watch *watch, unsigned ready)
{
	struct quic_flow *flow = watch->context;
	struct str datagram;

	(void)ready;
	arm(flow, PROXY_DATAGRAM_TIMEOUT);
	for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
		if (!read_next(watch->fd, &datagram))
			return;
		if (!pass_on(flow, datagram)) {
			quic_flows_end(flow, PROXY_FAILURE_HELLO_BAD);
			return;
		}
	}
}

static void
on_far(struct loop_watch *watch, unsigned ready)
{
	struct quic_flow *flow = watch->context;
	struct str datagram;

	(void)ready;
	arm(flow, PROXY_DATAGRAM_TIMEOUT);
	for (unsigned i = 0; i < DATAGRAMS_MAX; i++) {
		if (!read_next(watch->fd, &datagram))
			return;
		if (send_on(flow->near.fd, datagram))
			flow->errand.account.bytes_out += datagram.len;
	}
}

static int
watch_side(
    struct quic_flow *flow, struct loop_watch *watch, int fd, loop_watch_fn fn)
{
	*watch = (struct loop_watch){
		.fd = fd, .wanted = LOOP_READ, .fn = fn, .context = flow
	};
	return loop_watch_start(flow->worker->loop, watch);
}

/* ---- refused ---- */

static void
shut(struct quic_flow *flow)
{
	flow->state = QUIC_FLOW_SHUT;
	quic_flows_settle(flow);
	datagram_queue_clear(&flow->waiting);
	forget_hellos(flow);
	errand_tell(&flow->errand);
	arm(flow, QUIC_SHUT_TIME);
}

static void
send_refusal(struct quic_flow *flow, int fd)
{
	uint8_t bytes[QUIC_REFUSAL_BYTES_MAX];
	int len = flow->hello != NULL ? quic_refusal_write(flow->hello, bytes)
				      : -EINVAL;

	if (len > 0)
		(void)send_on(fd, (struct str){ (char *)bytes, (size_t)len });
	(void)close(fd);
}

/* ---- a socket that stands for the server ---- */

/* What has waited is looked at like all that comes; it is told of once the flow
 * is over. */
static void
pass_on_queue(struct quic_flow *flow)
{
	struct datagram *first = datagram_queue_take_all(&flow->waiting);
	bool good = true;

	while (first != NULL) {
		struct datagram *one = first;
		first = one->next;
		good = good && pass_on(flow, datagram_bytes(one));
		free(one);
	}
	if (!good)
		quic_flows_end(flow, PROXY_FAILURE_HELLO_BAD);
}

static void
open_up(struct quic_flow *flow, int fd)
{
	if (watch_side(flow, &flow->near, fd, on_near) < 0 ||
	    watch_side(flow, &flow->far, flow->errand.datagrams, on_far) < 0) {
		flow->errand.failure = PROXY_FAILURE_NO_MEMORY;
		shut(flow);
		return;
	}
	flow->state = QUIC_FLOW_OPEN;
	quic_flows_settle(flow);
	if (flow->hello != NULL)
		keep_id(flow, flow->hello);
	forget_hellos(flow);
	arm(flow, PROXY_DATAGRAM_TIMEOUT);
	pass_on_queue(flow);
}

static void
on_stand(int fd, void *context)
{
	struct quic_flow *flow = context;

	flow->ticket = NULL;
	if (flow->refused) {
		if (fd >= 0)
			send_refusal(flow, fd);
		shut(flow);
	} else if (fd < 0) {
		flow->errand.failure = PROXY_FAILURE_NO_SOURCE;
		shut(flow);
	} else {
		open_up(flow, fd);
	}
}

static void
ask_for_stand(struct quic_flow *flow)
{
	struct worker *worker = flow->worker;

	flow->state = QUIC_FLOW_WAITING;
	if (worker->sources == NULL ||
	    source_ask_stand(worker->sources, flow->client, flow->server,
		worker->loop, on_stand, flow, &flow->ticket) < 0)
		on_stand(-EAGAIN, flow);
}

/* ---- asking ---- */

static void
on_errand(struct errand *errand, enum errand_outcome outcome)
{
	struct quic_flow *flow =
	    (struct quic_flow *)((char *)errand -
				 offsetof(struct quic_flow, errand));

	flow->refused = outcome != ERRAND_READY;
	if (flow->refused && (flow->hello == NULL ||
				 errand->answer.verdict == POLICY_VERDICT_DROP))
		shut(flow);
	else
		ask_for_stand(flow);
}

/* As of TLS: a name, and no request behind it. */
static void
begin_errand(struct quic_flow *flow)
{
	struct errand *errand = &flow->errand;
	struct str name = { flow->name_len > 0 ? flow->name : NULL,
		flow->name_len };

	flow->state = QUIC_FLOW_ASKING;
	loop_timer_cancel(&flow->timer);
	admission_name(&errand->flow, name);
	errand_begin(errand);
}

static void
fill_errand(struct quic_flow *flow)
{
	struct errand *errand = &flow->errand;

	errand_init(errand, flow->worker, FLOW_INTERCEPTED, flow->client,
	    event_flow_id(IPPROTO_UDP, flow->client, flow->server));
	errand->client_fd = -1;
	errand->datagrams = -1;
	errand->wants_datagrams = true;
	errand->done = on_errand;
	errand->meant = flow->server.address;
	admission_port(&errand->flow, flow->server.port);
	errand->flow.protocol = POLICY_PROTOCOL_UDP;
	admission_name(&errand->flow, (struct str){ NULL, 0 });
	admission_tunnel(&errand->flow);
}

/* ---- the hello ---- */

static void
refuse_hello(struct quic_flow *flow)
{
	flow->errand.answer = (struct policy_answer){
		.verdict = POLICY_VERDICT_REJECT,
		.phase = POLICY_PHASE_NAME,
	};
	flow->errand.failure = PROXY_FAILURE_HELLO_BAD;
	shut(flow);
}

static void
take_name(struct quic_flow *flow, const struct hello *hello)
{
	struct str name = hello_server_name(hello);

	flow->name_len = name.len;
	if (name.len > 0)
		memcpy(flow->name, name.at, name.len);
	begin_errand(flow);
}

static void
read_hello(struct quic_flow *flow, struct str datagram)
{
	struct hello hello;
	int rc = quic_hello_add(flow->hello, datagram, &hello);

	if (rc == 0)
		take_name(flow, &hello);
	else if (rc == -ENOTSUP)
		begin_errand(flow); /* it says no name that we know of */
	else if (rc != -EAGAIN)
		refuse_hello(flow);
}

static void
begin_hello(struct quic_flow *flow, struct str datagram)
{
	arm(flow, QUIC_HELLO_TIMEOUT);
	if (!quic_looks_like_initial(datagram)) {
		begin_errand(flow);
		return;
	}
	flow->hello = calloc(1, sizeof(*flow->hello));
	if (flow->hello == NULL) {
		flow->errand.failure = PROXY_FAILURE_NO_MEMORY;
		shut(flow);
		return;
	}
	read_hello(flow, datagram);
}

void
quic_flow_take(struct quic_flow *flow, struct str datagram)
{
	bool is_first = flow->state == QUIC_FLOW_HELLO &&
			!loop_timer_is_armed(&flow->timer);

	if (flow->state == QUIC_FLOW_SHUT)
		return;
	if (flow->state == QUIC_FLOW_OPEN) {
		/* It was on its way when the flow's own socket came. */
		if (!pass_on(flow, datagram))
			quic_flows_end(flow, PROXY_FAILURE_HELLO_BAD);
		return;
	}
	datagram_queue_add(&flow->waiting, datagram);
	if (is_first)
		begin_hello(flow, datagram);
	else if (flow->state == QUIC_FLOW_HELLO)
		read_hello(flow, datagram);
}

/* ---- life ---- */

static void
on_time(struct loop_timer *timer)
{
	struct quic_flow *flow = timer->context;

	/* What has not come by now is absent. */
	if (flow->state == QUIC_FLOW_HELLO)
		begin_errand(flow);
	else
		quic_flows_end(flow, PROXY_FAILURE_NONE);
}

struct quic_flow *
quic_flow_create(struct quic_flows *flows, struct worker *worker,
    struct address_port client, struct address_port server)
{
	struct quic_flow *flow = calloc(1, sizeof(*flow));

	/* Each takes sockets, as a connection does. */
	if (flow != NULL)
		flow->place = crowd_enter(worker->crowd, client.address, false);
	if (flow == NULL || flow->place == NULL) {
		free(flow);
		return NULL;
	}
	flow->flows = flows;
	flow->worker = worker;
	flow->client = client;
	flow->server = server;
	flow->room = QUIC_QUEUE_BYTES_MAX;
	datagram_queue_init(&flow->waiting, &flow->room);
	flow->near.fd = flow->far.fd = -1;
	flow->timer = (struct loop_timer){ .fn = on_time, .context = flow };
	fill_errand(flow);
	return flow;
}

void
quic_flow_destroy(struct quic_flow *flow, enum proxy_failure why)
{
	if (!flow->errand.account.told && why != PROXY_FAILURE_NONE)
		flow->errand.failure = why;
	errand_tell(&flow->errand);
	source_ticket_cancel(&flow->ticket);
	loop_watch_stop(&flow->near);
	loop_watch_stop(&flow->far);
	if (flow->near.fd >= 0)
		(void)close(flow->near.fd);
	if (flow->errand.datagrams >= 0)
		(void)close(flow->errand.datagrams);
	loop_timer_cancel(&flow->timer);
	datagram_queue_clear(&flow->waiting);
	forget_hellos(flow);
	errand_fini(&flow->errand);
	crowd_leave(flow->place);
	free(flow);
}

/* One that is on its way is judged when it arrives. */
bool
quic_flow_stands(struct quic_flow *flow)
{
	struct errand *errand = &flow->errand;
	const struct policy *policy = flow->worker->generation->policy;

	/* What was refused may be allowed now, and asks again. */
	if (flow->state == QUIC_FLOW_SHUT ||
	    !policy_intercepts(policy, errand->flow.from_zone,
		POLICY_PROTOCOL_UDP, flow->server.port) ||
	    !policy_carries(policy, errand->flow.from_zone, POLICY_PROTOCOL_UDP,
		flow->server.port) ||
	    !errand_stands(errand, flow->worker->generation))
		return false;
	errand_move(errand);
	return true;
}
