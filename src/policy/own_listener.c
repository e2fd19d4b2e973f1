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

bool
policy_own_listener(
    const struct policy *policy, size_t nth, struct policy_own_listener *ret)
{
	const struct policy_dns *dns = &policy->dns;
	const struct policy_console *console = &policy->console;

	if (nth < policy->listen_count) {
		*ret = (struct policy_own_listener){
			.at = policy->listens[nth].at,
			.place = policy->listens[nth].place,
		};
		return true;
	}
	nth -= policy->listen_count;
	if (nth < dns->listen_count) {
		*ret = (struct policy_own_listener){
			.at = dns->listens[nth].at,
			.place = dns->listens[nth].place,
		};
		return true;
	}
	nth -= dns->listen_count;
	if (nth >= console->listen_count)
		return false;
	*ret = (struct policy_own_listener){ .at = console->listens[nth],
		.open_to = console->zones,
		.place = console->place };
	return true;
}

static bool
is_open(const struct policy_own_listener *own, uint8_t zone)
{
	return zone < 64 && (own->open_to & policy_zone_bit(zone)) != 0;
}

bool
policy_is_own_listener(const struct policy *policy, const struct flow *flow)
{
	struct policy_own_listener own;

	if (flow->known[POLICY_FACT_DESTINATION] != FLOW_KNOWN ||
	    flow->known[POLICY_FACT_SERVICE] != FLOW_KNOWN || flow->any_port ||
	    (flow->way != FLOW_EXPLICIT && flow->way != FLOW_INTERCEPTED))
		return false;
	for (size_t i = 0; policy_own_listener(policy, i, &own); i++)
		if (goes_to(flow, own.at) && !is_open(&own, flow->from_zone))
			return true;
	return false;
}
