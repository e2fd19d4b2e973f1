/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/errand_connect: from admitted addresses to a connection, which is one
 * that was kept, a stream of one that is shared, or a new one.
 */
#include "proxy/errand_impl.h"

#include "event/counter.h"
#include "net/socket.h"
#include "proxy/worker.h"

/* Whether the policy in force says to go by the way that was gone, and from
 * where it was. */
static bool
came_rightly(struct errand *errand, struct address_port at)
{
	return errand_may_proceed(&errand->answer) &&
	       (errand->approach != NULL || errand_came_from(errand, at)) &&
	       policy_carriage(errand->generation->policy, &errand->flow,
		   &errand->answer, &errand->parent) &&
	       policy_parent_same(errand->parent,
		   errand->approach != NULL ? errand->approach->parent : NULL);
}

void
errand_arrive(
    struct errand *errand, struct address_port at, struct stream **server)
{
	if (errand_is_to_be_secured(errand)) {
		errand_secure(errand, at, server);
		return;
	}
	errand_end_turn(errand);
	errand->server = *server;
	*server = NULL;
	errand_take_generation(errand, errand->worker->generation);
	errand->answer = errand_ask_own(errand);
	bool rightly = came_rightly(errand, at);
	errand_release_approach(errand);
	if (errand_is_forbidden(&errand->answer)) {
		stream_close(&errand->server);
		errand_refuse(errand, errand->answer);
		return;
	}
	/* By another way, or only if its address is known: from the start. */
	if (!rightly) {
		stream_close(&errand->server);
		errand_begin(errand);
		return;
	}
	/* Of what is opened each request is counted by itself. */
	if (errand->flow.tls == FLOW_BARE && !errand_take_share(errand)) {
		stream_close(&errand->server);
		errand->done(errand, ERRAND_LIMITED);
		return;
	}
	errand->server_at = at;
	errand->done(errand, ERRAND_READY);
}

/* To the server itself, which is one of the admitted addresses. */
static void
arrive_at(struct errand *errand, struct address_port at, struct stream *server)
{
	admission_destination(errand->generation, &errand->flow, at.address);
	errand_arrive(errand, at, &server);
}

void
errand_fail_dial(struct errand *errand, int error)
{
	if (errand->full.port != 0) {
		errand_queue(errand);
		return;
	}
	counter_add(COUNTER_UPSTREAM_FAILED, 1);
	errand_fail(errand, proxy_failure_of_dial(error));
}

static void
on_dialled(struct dial *dial, int fd, size_t which)
{
	struct errand *errand = dial->context;
	struct stream *server;

	errand_set_slot(errand, dial->slot);
	dial->slot = NULL;
	if (fd < 0) {
		if (errand->full.port == 0)
			errand->full = dial->full;
		/* RFC 8305, 3: the name may still have other addresses. */
		if (!errand_awaits_rest(errand, fd))
			errand_fail_dial(errand, fd);
		return;
	}
	resolver_cancel(&errand->query);
	if (stream_create(
		errand->worker->loop, fd, &stream_limits_usual, &server) < 0) {
		socket_close_reset(fd);
		errand_fail(errand, PROXY_FAILURE_NO_MEMORY);
		return;
	}
	counter_add(COUNTER_UPSTREAM_DIALS, 1);
	struct address_port at = errand->addresses[errand->tried + which];
	errand->from = dial_from(dial, at.address);
	arrive_at(errand, at, server);
}

void
errand_dial(struct errand *errand, size_t first)
{
	const struct policy_servers *servers =
	    &errand->generation->policy->servers;

	errand->tried = first;
	errand->dial.fn = on_dialled;
	errand->dial.context = errand;
	/* A tunnel lasts as long as its ends like: nobody could wait for it. */
	errand->dial.slots =
	    errand->wants_tunnel ? NULL : errand->worker->slots;
	errand->dial.slots_max = servers->slots;
	errand_choose_source(errand);
	dial_start(&errand->dial, errand->worker->loop,
	    &errand->addresses[first], errand->address_count - first);
}

void
errand_arrive_kept(
    struct errand *errand, struct address_port at, struct pool_kept *kept)
{
	struct stream *server = kept->stream;

	counter_add(COUNTER_UPSTREAM_REUSED, 1);
	resolver_cancel(&errand->query);
	errand_set_slot(errand, kept->slot);
	errand->from = errand_key(errand, at).from;
	errand->reused = true;
	errand->secured = errand->tls != NULL;
	arrive_at(errand, at, server);
}

static bool
take_kept(struct errand *errand)
{
	for (size_t i = 0; i < errand->address_count; i++) {
		struct address_port at = errand->addresses[i];
		struct pool_key key = errand_key(errand, at);
		struct pool_kept kept;
		if (!pool_take(errand->worker->pool, key, &kept))
			continue;
		errand_arrive_kept(errand, at, &kept);
		return true;
	}
	return false;
}

/* What proves who asks, by the connection, goes by that one, whatever it is. */
bool
errand_may_take_kept(const struct errand *errand)
{
	return errand->may_reuse || (errand->owner != 0 && !errand->anew);
}

/* Once: who leads it now would wait for itself. */
bool
errand_is_answered_instead(struct errand *errand)
{
	bool (*instead)(struct errand * errand) = errand->instead;

	errand->instead = NULL;
	return instead != NULL && instead(errand);
}

void
errand_connect(struct errand *errand)
{
	errand->reused = false;
	if (errand_is_answered_instead(errand))
		return;
	if (errand->wants_datagrams) {
		errand_open_datagrams(errand);
		return;
	}
	if (errand->parent != NULL) {
		errand_go_by_parent(errand, false);
		return;
	}
	if (!errand_take_shared(errand) &&
	    (!errand_may_take_kept(errand) || !take_kept(errand)) &&
	    !errand_waits_for_turn(errand))
		errand_dial(errand, 0);
}
