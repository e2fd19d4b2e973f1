/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/flow_settled: flows that the kernel does not ask the list about (docs,
 * "What needs no rule"; firewall/compile_base says the same in its words).
 */
#include "policy/flow_text_impl.h"

/* A link-local address is not ours because it is `self`, nor is multicast. */
static bool
is_loopback(const struct flow *flow)
{
	struct address to = flow->destination;

	if (flow->from_zone != ZONE_SELF || flow->to_zone != ZONE_SELF)
		return false;
	return flow->own_zone != ZONE_NONE || !address_is_local_scope(to) ||
	       (to.family == ADDRESS_IPV4 && to.bytes[0] == 127) ||
	       (to.family == ADDRESS_IPV6 && to.bytes[0] == 0);
}

/* The types of ICMPv6 from listener queries to neighbour advertisements, but
 * for redirects, and listener reports of MLD 2. */
static bool
is_of_neighbours(int type)
{
	return (type >= 130 && type <= 136) || type == 143;
}

static bool
is_of_listeners(int type)
{
	return type <= 132 || type == 143;
}

/* Types with which a flow of connection tracking may begin; and redirects,
 * which begin none, go to the list when they come in. */
static bool
may_begin(bool is_ipv6, int type)
{
	return is_ipv6 ? type == 128 || type == 137 || is_of_neighbours(type)
		       : type == 8 || type == 13 || type == 5;
}

static bool
takes_invalid(const struct policy *policy, uint8_t zone)
{
	return zone != ZONE_NONE &&
	       (policy->invalid & policy_zone_bit(zone)) != 0;
}

/* What goes to a neighbour ends there: only the gateway itself says it to
 * others, and hears it. */
static bool
is_neighbourly(const struct flow *flow, int type)
{
	static const struct address none = { .family = ADDRESS_IPV6 };

	if (!is_of_neighbours(type))
		return false;
	if (flow->from_zone == ZONE_SELF)
		return true;
	return flow->to_zone == ZONE_SELF &&
	       (!is_of_listeners(type) || address_is_link_local(flow->source) ||
		   address_eq(flow->source, none));
}

static enum policy_reason
settle_message(const struct flow_draft *draft)
{
	const struct flow *flow = draft->flow;
	const struct policy_icmp_kind *kind = &policy_icmp_kinds[flow->port];
	uint8_t family = flow->source.family != ADDRESS_NONE
			     ? flow->source.family
			     : flow->destination.family;
	bool is_ipv6 = family == ADDRESS_IPV6;
	int type = is_ipv6 ? kind->type6 : kind->type4;

	if (family == ADDRESS_NONE || type < 0)
		return POLICY_REASON_NONE;
	if (is_ipv6 && is_neighbourly(flow, type))
		return POLICY_REASON_NEIGHBOURS;
	if (!may_begin(is_ipv6, type) &&
	    !takes_invalid(draft->policy, flow->from_zone))
		return POLICY_REASON_INVALID;
	return POLICY_REASON_NONE;
}

void
flow_draft_settle(struct flow_draft *draft)
{
	struct flow *flow = draft->flow;

	if (flow->way != FLOW_PLAIN)
		return;
	if (is_loopback(flow))
		flow->settled = POLICY_REASON_LOOPBACK;
	else if (flow->known[POLICY_FACT_SERVICE] == FLOW_KNOWN &&
		 flow->protocol == POLICY_PROTOCOL_ICMP && !flow->any_port &&
		 flow->port < policy_icmp_kind_count)
		flow->settled = settle_message(draft);
}
