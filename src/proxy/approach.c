/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/approach.h"

#include "base/must.h"
#include "event/counter.h"
#include "net/socket.h"
#include "proxy/limits.h"
#include "proxy/sessions.h"
#include "proxy/worker.h"

#include <stdio.h>

void
approach_release(struct approach *approach)
{
	parents_unref(approach->parents);
	policy_unref(approach->policy);
	approach->parents = NULL;
	approach->policy = NULL;
	approach->parent = NULL;
	approach->server = NULL;
}

void
approach_cancel(struct approach *approach)
{
	resolver_cancel(&approach->query);
	dial_cancel(&approach->dial);
	tls_handshake_cancel(&approach->handshake);
	passage_cancel(&approach->passage);
	stream_close(&approach->stream);
	approach_release(approach);
}

static void
finish(struct approach *approach, enum proxy_failure failure)
{
	approach->fn(approach, failure);
}

/* ---- which server ---- */

static bool
is_down(const struct approach *approach, size_t i)
{
	return parents_is_down(approach->parents,
	    approach->parent->servers[i].nth, loop_now(approach->worker->loop));
}

static bool
find_next(struct approach *approach)
{
	const struct policy_parent *parent = approach->parent;

	while (approach->next < parent->server_count &&
	       is_down(approach, approach->next))
		approach->next++;
	if (approach->next == parent->server_count)
		return false;
	approach->server = &parent->servers[approach->next++];
	approach->asks = approach->may_ask &&
			 policy_parent_speaks_http(approach->server->protocol);
	return true;
}

static void try_next(struct approach *approach);

static void
pass_over(struct approach *approach)
{
	counter_add(COUNTER_UPSTREAM_FAILED, 1);
	parents_note_down(approach->parents, approach->server->nth,
	    loop_now(approach->worker->loop));
	try_next(approach);
}

/* ---- kept connections ---- */

static uint64_t
hash_of_address(struct address address, uint64_t seed)
{
	struct str bytes = { (const char *)address.bytes,
		sizeof(address.bytes) };

	return str_hash(bytes, seed + address.family);
}

/* A policy that says another source makes connections of its own. */
static uint64_t
hash_of_source(const struct policy *policy)
{
	return hash_of_address(policy->servers.source6,
	    hash_of_address(policy->servers.source4, 0));
}

/*
 * The server, for whom it is trusted, and what it was asked for, if it was: for
 * a URL it can be asked again and again.
 */
static void
write_key(struct approach *approach)
{
	const struct passage_target *target = &approach->target;
	const struct policy_parent_server *server = approach->server;
	struct address_port at = { target->address, target->port };
	unsigned long long trust =
	    str_hash(server->authorities, hash_of_source(approach->policy));
	char place[ADDRESS_TEXT_BYTES];
	int len;

	if (approach->asks)
		len = snprintf(approach->key, sizeof(approach->key),
		    "%.*s %llx", STR_ARG(server->text), trust);
	else if (target->host.at != NULL)
		len = snprintf(approach->key, sizeof(approach->key),
		    "%.*s %llx %.*s:%u %.*s", STR_ARG(server->text), trust,
		    STR_ARG(target->host), target->port,
		    STR_ARG(approach->secures));
	else
		len = snprintf(approach->key, sizeof(approach->key),
		    "%.*s %llx %s %.*s", STR_ARG(server->text), trust,
		    address_port_format(at, place), STR_ARG(approach->secures));
	/* Cut, two targets could have one key. */
	must(len > 0 && (size_t)len < sizeof(approach->key));
	approach->key_len = (size_t)len;
}

struct pool_key
approach_key(const struct approach *approach)
{
	return (
	    struct pool_key){ .through = { approach->key, approach->key_len },
		.owner = approach->owner };
}

static bool
find_kept(struct approach *approach, struct stream **ret)
{
	struct worker *worker = approach->worker;
	struct pool_key key = approach_key(approach);
	struct pool_kept kept;

	if (approach->may_share && sessions_open(worker->sessions, key, ret))
		return true;
	if (!approach->may_reuse || !pool_take(worker->pool, key, &kept))
		return false;
	*ret = kept.stream;
	return true;
}

static bool
take_kept(struct approach *approach)
{
	if (!find_kept(approach, &approach->stream))
		return false;
	counter_add(COUNTER_UPSTREAM_REUSED, 1);
	approach->reused = true;
	finish(approach, PROXY_FAILURE_NONE);
	return true;
}

/* ---- a new one ---- */

static void
on_passed(struct passage *passage, enum proxy_failure failure)
{
	struct approach *approach = passage->context;

	if (failure == PROXY_FAILURE_PARENT_GONE) {
		pass_over(approach);
		return;
	}
	parents_note_up(approach->parents, approach->server->nth);
	approach->stream = passage->stream;
	passage->stream = NULL;
	finish(approach, failure);
}

/* Takes the stream; so does the next. */
static void
ask(struct approach *approach, struct stream **stream)
{
	if (approach->asks) {
		parents_note_up(approach->parents, approach->server->nth);
		approach->stream = *stream;
		*stream = NULL;
		finish(approach, PROXY_FAILURE_NONE);
		return;
	}
	approach->passage.fn = on_passed;
	approach->passage.context = approach;
	passage_start(&approach->passage, stream, approach->server->protocol,
	    &approach->target);
}

static void
on_secured(struct tls_handshake *handshake, int error)
{
	struct approach *approach = handshake->context;

	if (error < 0) {
		(void)snprintf(approach->passage.detail,
		    sizeof(approach->passage.detail), "TLS: %s",
		    handshake->detail);
		pass_over(approach);
	} else {
		ask(approach, &handshake->stream);
	}
}

static void
secure(struct approach *approach, struct stream **stream)
{
	struct tls_peer *peer =
	    parents_peer(approach->parents, approach->server->nth);

	if (peer == NULL) {
		stream_close(stream);
		finish(approach, PROXY_FAILURE_NO_MEMORY);
		return;
	}
	approach->handshake.fn = on_secured;
	approach->handshake.context = approach;
	tls_handshake_start(
	    &approach->handshake, stream, peer, PROXY_PARENT_TIMEOUT);
}

static void
on_dialled(struct dial *dial, int fd, size_t which)
{
	struct approach *approach = dial->context;
	struct stream *stream;

	(void)which;
	if (fd < 0) {
		pass_over(approach);
		return;
	}
	if (stream_create(approach->worker->loop, fd, &stream_limits_usual,
		&stream) < 0) {
		socket_close_reset(fd);
		finish(approach, PROXY_FAILURE_NO_MEMORY);
		return;
	}
	counter_add(COUNTER_UPSTREAM_DIALS, 1);
	if (approach->server->protocol == POLICY_PARENT_PROTOCOL_HTTPS)
		secure(approach, &stream);
	else
		ask(approach, &stream);
}

static void
dial_addresses(struct approach *approach, size_t count)
{
	approach->dial.fn = on_dialled;
	approach->dial.context = approach;
	approach->dial.timeout = PROXY_PARENT_TIMEOUT;
	approach->dial.from4 = approach->policy->servers.source4;
	approach->dial.from6 = approach->policy->servers.source6;
	dial_start(&approach->dial, approach->worker->loop, approach->addresses,
	    count);
}

static void
on_resolved(struct resolver_query *query, const struct resolver_answer *answer)
{
	struct approach *approach = query->context;

	if (answer->count == 0) {
		counter_add(COUNTER_DNS_FAILED, 1);
		pass_over(approach);
		return;
	}
	for (size_t i = 0; i < answer->count; i++)
		approach->addresses[i] =
		    (struct address_port){ answer->addresses[i],
			    approach->server->port };
	dial_addresses(approach, answer->count);
}

static void
reach(struct approach *approach)
{
	const struct policy_parent_server *server = approach->server;

	if (server->host.at == NULL) {
		approach->addresses[0] =
		    (struct address_port){ server->address, server->port };
		dial_addresses(approach, 1);
		return;
	}
	approach->query.fn = on_resolved;
	approach->query.context = approach;
	counter_add(COUNTER_DNS_QUERIES, 1);
	/* Too many questions are open: that is no fault of the server. */
	if (resolver_ask(
		approach->worker->resolver, server->host, &approach->query) < 0)
		finish(approach, PROXY_FAILURE_NO_MEMORY);
}

static void
try_next(struct approach *approach)
{
	if (!find_next(approach)) {
		finish(approach, PROXY_FAILURE_PARENT_DOWN);
		return;
	}
	write_key(approach);
	if (!take_kept(approach))
		reach(approach);
}

void
approach_start(
    struct approach *approach, const struct proxy_generation *generation)
{
	const struct policy_parent *parent = approach->parent;

	approach_release(approach);
	approach->policy = policy_ref(generation->policy);
	approach->parents = parents_ref(generation->parents);
	approach->parent = parent;
	approach->next = 0;
	approach->reused = false;
	approach->key_len = 0;
	try_next(approach);
}
