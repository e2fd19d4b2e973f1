/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/flow_draft: where a flow ends that is under way.
 */
#include "policy/flow_text_impl.h"

#include "policy/own_listener.h"

bool
flow_draft_is_own(const struct flow_draft *draft, struct address address)
{
	struct policy_own_listener own;

	for (size_t i = 0; policy_own_listener(draft->policy, i, &own); i++)
		if (address_eq(own.at.address, address))
			return true;
	for (size_t i = 0; i < draft->own->count; i++)
		if (address_eq(draft->own->items[i], address))
			return true;
	return false;
}

void
flow_draft_set_destination(
    struct flow_draft *draft, uint8_t zone, struct address address)
{
	struct flow *flow = draft->flow;
	uint8_t home = policy_zone_of(draft->policy, address);

	flow->known[POLICY_FACT_DESTINATION] = FLOW_KNOWN;
	flow->destination = address;
	flow->to_zone = zone != ZONE_NONE ? zone : home;
	/* What is mapped ends elsewhere, whoever has the address. */
	if (flow_draft_is_own(draft, address) &&
	    !policy_is_mapped(draft->policy, address)) {
		flow->own_zone = home;
		flow->to_zone = ZONE_SELF;
	}
}
