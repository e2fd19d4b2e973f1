/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/own_listener: what the gateway listens on for its zones, and the proxy
 * does not call.
 *
 * Who is asked there knows his zone by the source, and by the proxy that is the
 * gateway's own: another zone would pass for it.  So whatever the rules allow,
 * no flow goes through the proxy to
 *
 *	a listener of the proxy	one that is allowed less would ask again there,
 *				as the gateway, which may more
 *	the DNS			as above, and names would be learned for others
 *	the console		unless it is open to the zone of the client
 */
#ifndef GATEHOUSE_POLICY_OWN_LISTENER_H
#define GATEHOUSE_POLICY_OWN_LISTENER_H

#include "policy/policy.h"

struct flow;

/* One of them. */
struct policy_own_listener {
	struct address_port at;
	uint64_t open_to; /* the zones that the proxy calls it for */
	struct place place;
};

/* The nth of the policy's, always in one order; false behind the last. */
bool policy_own_listener(
    const struct policy *policy, size_t nth, struct policy_own_listener *ret);

/* Whether who dials the unspecified address comes there. */
bool policy_own_is_loopback(struct address address);

/* Who listens there listens on all of the gateway's addresses of its family. */
bool policy_own_is_everywhere(struct address address);

/* Of a flow that goes through the proxy, as far as its destination is known. */
bool policy_is_own_listener(
    const struct policy *policy, const struct flow *flow);

#endif
