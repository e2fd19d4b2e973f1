/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/flows: a living flow before a policy.
 *
 * What conntrack knows of a flow is what its first packet showed: both ends as
 * the client wrote them, before any translation.  That is what the packet phase
 * asks, so that the evaluator gives the answer that the first packet would get
 * today.  What conntrack does not know:
 *
 *	the interface	The zone of the source is where its address lives, for
 *			all others were dropped as spoofed when the flow began.
 *			A source without a home (link-local, DHCP) may have come
 *			from any zone, or from the gateway: it is forbidden if
 *			each of them is forbidden it.
 *	the name	Those that were learned for its address, over or not: it
 *			may go on if one of them alone would let it pass, or
 *			where there is none.  By which it came nobody can tell.
 *	the socket	The proxy's own connections bear FIREWALL_MARK_PROXY.
 *
 * Who belongs to another flow (`related`, by a helper) fares as that one.
 * Whatever has come to the proxy is the proxy's to judge.  Limits are not
 * asked: they count beginnings.
 *
 * Pure: no memory of its own, no system call.
 */
#ifndef GATEHOUSE_FIREWALL_FLOWS_H
#define GATEHOUSE_FIREWALL_FLOWS_H

#include "firewall/compile.h"
#include "firewall/conntrack.h"
#include "firewall/learned_names.h"

#include "policy/evaluate.h"

/* By what flows are judged. */
struct flows_court {
	const struct policy *policy;
	const struct firewall_own *own; /* as the policy's zones have them */
	size_t own_count;
	const struct learned_names *names; /* NULL: none are known */
	unsigned minute;                   /* of the week (policy/hours) */
	/* By what they were judged before: listeners and translations of
	 * living flows may be those of that policy.  NULL: none. */
	const struct flows_court *before;
};

enum flow_owner {
	FLOW_OWNER_NONE,     /* needs no rule: the loopback, IGMP */
	FLOW_OWNER_FIREWALL, /* goes as the kernel's rules say */
	FLOW_OWNER_PROXY,    /* came to the proxy, or from it */
};

struct flow_judgement {
	enum flow_owner owner;
	bool forbidden; /* only ever of the firewall's */
	struct flow flow;
	struct policy_answer answer;
	/* Why it is forbidden though its rule allows it; else NULL. */
	const char *reason;
};

/* How a living flow fares under the court's policy; lent as that is. */
void flows_judge(const struct flows_court *court,
    const struct conntrack_entry *entry, struct flow_judgement *ret);

/* As its events have it: the type of ICMP stands for the port. */
uint16_t flows_port(const struct conntrack_entry *entry);

/* The `flow` of all its events (event/event.h). */
uint64_t flows_id(const struct conntrack_entry *entry);

#endif
