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

static struct address
dialled(struct address address)
{
	static const struct address none4 = { .family = ADDRESS_IPV4 };
	static const struct address none6 = { .family = ADDRESS_IPV6 };

	if (address_eq(address, none4))
		return loopback4;
	return address_eq(address, none6) ? loopback6 : address;
}

bool
policy_is_own_listener(const struct policy *policy, const struct flow *flow)
{
	struct address_port at = { dialled(flow->destination), flow->port };

	if (flow->known[POLICY_FACT_DESTINATION] != FLOW_KNOWN ||
	    flow->known[POLICY_FACT_SERVICE] != FLOW_KNOWN || flow->any_port ||
	    (flow->way != FLOW_EXPLICIT && flow->way != FLOW_INTERCEPTED))
		return false;
	/* Each port counts for TCP and UDP. */
	if (policy_listen_at(policy, at) != NULL ||
	    policy_dns_listen_at(&policy->dns, at) != NULL)
		return true;
	return policy_console_listens(&policy->console, at) &&
	       !policy_console_takes(&policy->console, flow->from_zone, at);
}
