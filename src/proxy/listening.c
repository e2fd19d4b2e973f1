/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/listening.h"

#include "base/must.h"
#include "net/socket.h"
#include "proxy/alias_datagram.h"
#include "proxy/association.h"
#include "proxy/client.h"
#include "proxy/dns_datagrams.h"
#include "proxy/dns_stream.h"
#include "proxy/limits.h"
#include "proxy/quic_flows.h"
#include "proxy/worker.h"

#include <stdlib.h>

struct worker_listener {
	struct worker *worker;
	const struct proxy_listener *listener; /* the generation's */
	struct loop_watch watch;
};

/* Out of descriptors or memory: a full queue would spin the loop. */
static void
pause_accepting(struct worker *worker)
{
	for (size_t i = 0; i < worker->listener_count; i++)
		(void)loop_watch_change(
		    &worker->listeners[i].watch, LOOP_EXCLUSIVE);
	loop_timer_arm(worker->loop, &worker->accept_again,
	    loop_now(worker->loop) + SOCKET_ACCEPT_PAUSE);
}

static void
accept_all(struct worker *worker)
{
	for (size_t i = 0; i < worker->listener_count; i++)
		if (loop_watch_change(&worker->listeners[i].watch,
			LOOP_READ | LOOP_EXCLUSIVE) < 0) {
			pause_accepting(worker);
			return;
		}
}

/* What was handed over is known by where it was going. */
static bool
asks_dns(const struct worker *worker, const struct proxy_listener *listener,
    const struct socket_accepted *accepted)
{
	const struct policy *policy = worker->generation->policy;
	struct address_port to;

	if (!listener->intercepts || listener->sandbox)
		return listener->dns;
	return policy->dns.intercepts != 0 &&
	       socket_local(accepted->fd, &to) == 0 &&
	       policy_dns_takes(&policy->dns,
		   policy_zone_of(policy, accepted->peer.address), to, false);
}

static void
serve(struct worker *worker, const struct proxy_listener *listener,
    const struct socket_accepted *accepted)
{
	if (asks_dns(worker, listener, accepted))
		dns_stream_open(worker, listener->intercepts, &listener->at,
		    accepted->fd, accepted->peer);
	else
		client_create(worker, listener->intercepts, &listener->at,
		    accepted->fd, accepted->peer);
}

static void
on_connections(struct loop_watch *watch, unsigned ready)
{
	struct worker_listener *listener = watch->context;
	struct socket_accepted accepted[PROXY_ACCEPTS_MAX];
	struct worker *worker = listener->worker;
	int count = socket_accept(watch->fd, accepted, PROXY_ACCEPTS_MAX);

	(void)ready;
	if (count < 0)
		pause_accepting(worker);
	for (int i = 0; i < count; i++)
		serve(worker, listener->listener, &accepted[i]);
}

static void
on_datagrams(struct loop_watch *watch, unsigned ready)
{
	struct worker_listener *listener = watch->context;

	(void)ready;
	association_receive(
	    listener->worker, &listener->listener->at, watch->fd);
}

static void
on_dns(struct loop_watch *watch, unsigned ready)
{
	struct worker_listener *listener = watch->context;

	(void)ready;
	dns_datagrams_take(listener->worker->dns, listener->listener);
}

static void
on_questions(struct loop_watch *watch, unsigned ready)
{
	struct worker_listener *listener = watch->context;

	(void)ready;
	alias_datagrams_receive(listener->worker, watch->fd);
}

static void
on_quic(struct loop_watch *watch, unsigned ready)
{
	struct worker_listener *listener = watch->context;

	(void)ready;
	quic_flows_receive(listener->worker, watch->fd);
}

static loop_watch_fn
reader_of(const struct proxy_listener *listener)
{
	if (!listener->datagrams)
		return on_connections;
	if (listener->quic)
		return on_quic;
	if (listener->sandbox)
		return on_questions;
	return listener->dns || listener->intercepts ? on_dns : on_datagrams;
}

/* What one client sends is read in its order; a question stands for itself. */
static bool
is_for_other(const struct worker *worker, loop_watch_fn reader)
{
	bool has_order = reader == on_quic || reader == on_datagrams;

	return has_order && !worker->takes_datagrams;
}

void
listening_stop(struct worker *worker)
{
	loop_timer_cancel(&worker->accept_again);
	for (size_t i = 0; i < worker->listener_count; i++)
		loop_watch_stop(&worker->listeners[i].watch);
	free(worker->listeners);
	worker->listeners = NULL;
	worker->listener_count = 0;
}

static bool
make_watches(struct worker *worker)
{
	const struct proxy_generation *generation = worker->generation;
	size_t count = generation->listeners.count;

	worker->listeners = calloc(count + 1, sizeof(*worker->listeners));
	if (worker->listeners == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct proxy_listener *listener =
		    &generation->listeners.items[i];
		struct worker_listener *one =
		    &worker->listeners[worker->listener_count];
		if (is_for_other(worker, reader_of(listener)))
			continue;
		one->worker = worker;
		one->listener = listener;
		one->watch = (struct loop_watch){ .fd = listener->fd,
			.wanted = LOOP_EXCLUSIVE,
			.fn = reader_of(listener),
			.context = one };
		/* It wants nothing yet, and so nothing can fail. */
		must(loop_watch_start(worker->loop, &one->watch) == 0);
		worker->listener_count++;
	}
	return true;
}

/* It is too late to refuse the generation: what fails is tried again, and who
 * comes meanwhile waits in the listener's queue. */
static void
start(struct worker *worker)
{
	if (worker->listeners != NULL || make_watches(worker))
		accept_all(worker);
	else
		pause_accepting(worker);
}

static void
on_again(struct loop_timer *timer)
{
	start(timer->context);
}

void
listening_start(struct worker *worker)
{
	worker->accept_again =
	    (struct loop_timer){ .fn = on_again, .context = worker };
	start(worker);
}
