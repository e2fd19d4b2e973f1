/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/errand_source: from which address an errand is seen.
 *
 * The client's own, where the policy keeps it, and then never another one; else
 * the one that the policy says, or that the kernel chooses.  A connection that
 * is kept is one of the address that it came from, and of nobody else's.
 */
#include "proxy/errand_impl.h"

#include "http2/session.h"
#include "proxy/worker.h"

bool
errand_keeps_source(const struct errand *errand)
{
	return errand->flow.way == FLOW_INTERCEPTED &&
	       policy_keeps_source(errand->generation->policy,
		   errand->flow.from_zone, errand->flow.protocol,
		   errand->flow.port);
}

bool
errand_can_reach(const struct errand *errand, struct address address)
{
	return !errand_keeps_source(errand) ||
	       address.family == errand->client.address.family;
}

static struct address
said_source(const struct policy *policy, uint8_t family)
{
	return family == ADDRESS_IPV4 ? policy->servers.source4
				      : policy->servers.source6;
}

struct pool_key
errand_key(const struct errand *errand, struct address_port server)
{
	return (struct pool_key){ .server = server,
		.from = errand_keeps_source(errand)
			    ? errand->client.address
			    : said_source(errand->generation->policy,
				  server.address.family),
		.through = errand_tls_key(errand),
		.owner = errand->owner };
}

void
errand_choose_source(struct errand *errand)
{
	const struct policy *policy = errand->generation->policy;
	struct dial *dial = &errand->dial;
	bool keeps = errand_keeps_source(errand);

	dial->sources = keeps ? errand->worker->sources : NULL;
	dial->client = errand->client_fd;
	dial->from4 =
	    keeps ? errand->client.address : said_source(policy, ADDRESS_IPV4);
	dial->from6 =
	    keeps ? errand->client.address : said_source(policy, ADDRESS_IPV6);
}

bool
errand_came_from(const struct errand *errand, struct address_port server)
{
	bool kept = address_eq(errand->from, errand->client.address);

	return kept == errand_keeps_source(errand) &&
	       (!kept || errand_can_reach(errand, server.address));
}

/* ---- what is kept for another request ---- */

static bool
is_a_clients(const struct policy *policy, const struct pool_key *key)
{
	return key->from.family != ADDRESS_NONE &&
	       policy_keeps_source(policy, policy_zone_of(policy, key->from),
		   POLICY_PROTOCOL_TCP, key->server.port);
}

static bool
is_by_parent(const struct pool_key *key)
{
	return key->server.address.family == ADDRESS_NONE;
}

/* The policy may say another source by now. */
static bool
comes_from_elsewhere(const struct policy *policy, const struct pool_key *key)
{
	return !is_by_parent(key) && !is_a_clients(policy, key) &&
	       !address_eq(
		   key->from, said_source(policy, key->server.address.family));
}

static void
drop(struct pool_kept *kept)
{
	stream_close(&kept->stream);
	slot_release(kept->slot);
}

/* A client's own, or TLS, is no use to others, whose turn at the server it may
 * be. */
static void
keep_unless_awaited(
    struct worker *worker, struct pool_key key, struct pool_kept *kept)
{
	if (slot_is_awaited(kept->slot))
		drop(kept);
	else
		pool_put(worker->pool, key, kept);
}

void
errand_keep_server(
    struct worker *worker, struct pool_key key, struct pool_kept *kept)
{
	const struct policy *policy = worker->generation->policy;

	if (http2_stream_is(kept->stream)) {
		/* Its connection stays where it is. */
		http2_stream_let_go(&kept->stream);
		slot_release(kept->slot);
	} else if (comes_from_elsewhere(policy, &key))
		drop(kept);
	else if (key.owner != 0 ||
		 (!is_by_parent(&key) && is_a_clients(policy, &key)))
		keep_unless_awaited(worker, key, kept);
	else if (!slot_pass_on(kept->slot, &kept->stream))
		keep_unless_awaited(worker, key, kept);
	*kept = (struct pool_kept){ NULL, NULL };
}
