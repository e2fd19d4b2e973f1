/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/flow_way: by which way a flow comes, where its text does not say it.
 */
#include "policy/flow_text_impl.h"

#include "policy/learning.h"

#include <string.h>

/* The listener that the flow goes to; NULL: none. */
static const struct policy_listen *
find_listener(const struct flow_draft *draft)
{
	const struct flow *flow = draft->flow;
	struct address_port at = { flow->destination, flow->port };

	if (flow->known[POLICY_FACT_SERVICE] != FLOW_KNOWN || flow->any_port ||
	    (flow->protocol != POLICY_PROTOCOL_TCP &&
		flow->protocol != POLICY_PROTOCOL_UDP))
		return NULL;
	return policy_listen_at(draft->policy, at);
}

static bool
goes_to_console(const struct flow_draft *draft)
{
	const struct flow *flow = draft->flow;
	struct address_port at = { flow->destination, flow->port };

	return flow->known[POLICY_FACT_SERVICE] == FLOW_KNOWN &&
	       !flow->any_port && flow->protocol == POLICY_PROTOCOL_TCP &&
	       policy_console_takes(
		   &draft->policy->console, flow->from_zone, at);
}

/* Of a name that was given in place of an address nobody knows whether it is
 * the gateway's. */
static bool
goes_to_dns(const struct flow_draft *draft)
{
	const struct flow *flow = draft->flow;
	struct address_port at = { flow->destination, flow->port };

	return flow->known[POLICY_FACT_SERVICE] == FLOW_KNOWN &&
	       !flow->any_port &&
	       (flow->protocol == POLICY_PROTOCOL_TCP ||
		   flow->protocol == POLICY_PROTOCOL_UDP) &&
	       policy_dns_takes(&draft->policy->dns, flow->from_zone, at,
		   flow->to_zone == ZONE_SELF);
}

/* A connection to the listener itself: what it will ask is not known yet. */
static bool
goes_to_listener(const struct flow_draft *draft)
{
	const struct policy_listen *listen = find_listener(draft);

	return listen != NULL &&
	       (listen->zones & policy_zone_bit(draft->flow->from_zone)) != 0;
}

static bool
is_intercepted(const struct flow_draft *draft)
{
	const struct flow *flow = draft->flow;

	return flow->known[POLICY_FACT_SERVICE] == FLOW_KNOWN &&
	       !flow->any_port && flow->to_zone != ZONE_SELF &&
	       policy_intercepts(
		   draft->policy, flow->from_zone, flow->protocol, flow->port);
}

/* The service is not all known, and the proxy intercepts what it may be. */
static bool
may_be_intercepted(const struct flow_draft *draft)
{
	const struct policy *policy = draft->policy;
	const struct flow *flow = draft->flow;
	bool given = flow->known[POLICY_FACT_SERVICE] == FLOW_KNOWN;

	if ((given && !flow->any_port) || flow->to_zone == ZONE_SELF)
		return false;
	for (size_t i = 0; i < policy->intercept_count; i++) {
		const struct policy_intercept *one = &policy->intercepts[i];
		if ((one->zones & policy_zone_bit(flow->from_zone)) == 0)
			continue;
		for (size_t j = 0; j < one->services.count; j++)
			if (!given ||
			    one->services.items[j].protocol == flow->protocol)
				return true;
	}
	return false;
}

static enum flow_way
find_way(const struct flow_draft *draft)
{
	if (draft->is_explicit || str_is(draft->flow->method, "CONNECT"))
		return FLOW_EXPLICIT;
	if (may_be_intercepted(draft))
		return FLOW_INTERCEPTED;
	if (is_intercepted(draft))
		return policy_carries(draft->policy, draft->flow->from_zone,
			   draft->flow->protocol, draft->flow->port)
			   ? FLOW_INTERCEPTED
			   : FLOW_UNCARRIED;
	uint64_t listeners = policy_listen_zones(draft->policy);
	return draft->scheme != SCHEME_NONE &&
		       (listeners & policy_zone_bit(draft->flow->from_zone)) !=
			   0
		   ? FLOW_EXPLICIT
		   : FLOW_PLAIN;
}

/* What is no http is taken for TLS: that shows its server name, and nothing
 * else unless it is opened.  QUIC never is. */
static void
set_intercepted(struct flow_draft *draft)
{
	struct flow *flow = draft->flow;
	bool tcp = flow->protocol == POLICY_PROTOCOL_TCP;
	bool http =
	    tcp && (draft->scheme == SCHEME_HTTP ||
		       (draft->scheme == SCHEME_NONE &&
			   (flow->port == 80 ||
			       flow->known[POLICY_FACT_METHOD] == FLOW_KNOWN)));

	flow->last = http ? POLICY_PHASE_RESPONSE : POLICY_PHASE_NAME;
	if (tcp && !http)
		flow->tls = FLOW_TLS_REQUEST;
}

static void
set_explicit(struct flow_draft *draft)
{
	struct flow *flow = draft->flow;
	bool method_given = flow->known[POLICY_FACT_METHOD] == FLOW_KNOWN;

	if (flow->known[POLICY_FACT_NAME] != FLOW_KNOWN)
		flow->known[POLICY_FACT_NAME] = FLOW_ABSENT;
	if (draft->scheme == SCHEME_HTTPS && !str_is(flow->method, "CONNECT")) {
		flow->tls = FLOW_TLS_REQUEST;
		flow->connects = true;
		flow->last = POLICY_PHASE_RESPONSE;
		return;
	}
	if (draft->scheme != SCHEME_HTTP && !method_given) {
		flow->method = STR("CONNECT");
		flow->known[POLICY_FACT_METHOD] = FLOW_KNOWN;
	}
	bool tunnel = str_is(flow->method, "CONNECT");
	if (tunnel) {
		/* What goes through a tunnel is not looked at. */
		flow->known[POLICY_FACT_PATH] = FLOW_ABSENT;
		flow->known[POLICY_FACT_SCHEME] = FLOW_ABSENT;
	}
	flow->last = tunnel ? POLICY_PHASE_REQUEST : POLICY_PHASE_RESPONSE;
}

static void
set_scheme(struct flow_draft *draft)
{
	if (draft->scheme == SCHEME_NONE)
		return;
	draft->flow->scheme = draft->scheme == SCHEME_HTTP
				  ? POLICY_SCHEME_HTTP
				  : POLICY_SCHEME_HTTPS;
	draft->flow->known[POLICY_FACT_SCHEME] = FLOW_KNOWN;
}

/* Of a connection to the listener only who made it, and when, is known. */
static void
set_unasked(struct flow *flow)
{
	uint8_t time = flow->known[POLICY_FACT_TIME];

	flow->way = FLOW_EXPLICIT;
	flow->last = POLICY_PHASE_RESPONSE;
	memset(flow->known, FLOW_NOT_GIVEN, sizeof(flow->known));
	flow->known[POLICY_FACT_SOURCE] = FLOW_KNOWN;
	flow->known[POLICY_FACT_TIME] = time;
}

/* Only who knows of the proxy is asked who he is, and only where there are
 * users.  What a flow says all the same is taken, to see what would be. */
static void
set_user(struct flow_draft *draft)
{
	struct flow *flow = draft->flow;

	if (flow->known[POLICY_FACT_USER] == FLOW_NOT_GIVEN &&
	    (flow->way == FLOW_INTERCEPTED ||
		(flow->way == FLOW_EXPLICIT &&
		    !policy_has_users(draft->policy))))
		flow->known[POLICY_FACT_USER] = FLOW_ABSENT;
}

/* Who has an address has asked for its name; who writes one, for none. */
static void
set_learned(struct flow_draft *draft)
{
	struct flow *flow = draft->flow;

	flow->learns = flow->way == FLOW_PLAIN &&
		       policy_learns(draft->policy, flow->from_zone);
	if (flow->learns && flow->known[POLICY_FACT_NAME] != FLOW_KNOWN)
		flow->known[POLICY_FACT_NAME] = FLOW_ABSENT;
}

void
flow_draft_find_way(struct flow_draft *draft)
{
	struct flow *flow = draft->flow;

	const struct policy_listen *listen = find_listener(draft);

	flow->console = goes_to_console(draft);
	flow->asks_dns = goes_to_dns(draft);
	flow->balanced = listen != NULL &&
			 flow->protocol == POLICY_PROTOCOL_TCP &&
			 policy_listen_trusts(listen, flow->source);
	if (flow->balanced || goes_to_listener(draft)) {
		set_unasked(flow);
		return;
	}
	set_scheme(draft);
	flow->way = find_way(draft);
	flow->last = POLICY_PHASE_PACKET;
	/* Where the way hangs on the service, no later phase can be told. */
	if (flow->way == FLOW_INTERCEPTED && !may_be_intercepted(draft))
		set_intercepted(draft);
	else if (flow->way == FLOW_EXPLICIT)
		set_explicit(draft);
	set_user(draft);
	set_learned(draft);
	flow_draft_settle(draft);
}
