/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/own_listener.h"

#include "policy/flow.h"

static const struct address loopback4 = { .bytes = { 127, 0, 0, 1 },
	.family = ADDRESS_IPV4 };
static const struct address loopback6 = { .bytes = { [15] = 1 },
	.family = ADDRESS_IPV6 };

bool
policy_own_is_loopback(struct address address)
{
	return address_eq(address, loopback4) || address_eq(address, loopback6);
}

bool
policy_own_is_everywhere(struct address address)
{
	return address_eq(
	    address, (struct address){ .family = address.family });
}

static struct address
dialled(struct address address)
{
	if (!policy_own_is_everywhere(address))
		return address;
	return address.family == ADDRESS_IPV4 ? loopback4 : loopback6;
}

/* Each port counts for TCP and UDP. */
static bool
goes_to(const struct flow *flow, struct address_port listen)
{
	struct address to = dialled(flow->destination);

	if (listen.port != flow->port)
		return false;
	return address_eq(listen.address, to) ||
	       (policy_own_is_everywhere(listen.address) &&
		   listen.address.family == to.family &&
		   flow->to_zone == ZONE_SELF);
}

static bool
goes_to_console(const struct policy_console *console, const struct flow *flow)
{
	if (flow->from_zone < 64 &&
	    (console->zones >> flow->from_zone & 1) != 0)
		return false;
	for (size_t i = 0; i < console->listen_count; i++)
		if (goes_to(flow, console->listens[i]))
			return true;
	return false;
}

bool
policy_is_own_listener(const struct policy *policy, const struct flow *flow)
{
	if (flow->known[POLICY_FACT_DESTINATION] != FLOW_KNOWN ||
	    flow->known[POLICY_FACT_SERVICE] != FLOW_KNOWN || flow->any_port ||
	    (flow->way != FLOW_EXPLICIT && flow->way != FLOW_INTERCEPTED))
		return false;
	for (size_t i = 0; i < policy->listen_count; i++)
		if (goes_to(flow, policy->listens[i].at))
			return true;
	for (size_t i = 0; i < policy->dns.listen_count; i++)
		if (goes_to(flow, policy->dns.listens[i].at))
			return true;
	return goes_to_console(&policy->console, flow);
}
