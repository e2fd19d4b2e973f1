/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall/flows.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>

#include "event/event.h"
#include "firewall/names.h"
#include "policy/explain.h"
#include "policy/learning.h"

#define REASON_PROXY "goes through the proxy now"
#define REASON_MOVED "is published elsewhere now"

static const struct firewall_own *
find_own(const struct flows_court *court, struct address address)
{
	for (size_t i = 0; i < court->own_count; i++)
		if (address_eq(court->own[i].address, address))
			return &court->own[i];
	return NULL;
}

/* What stays on the interface lo: from itself to itself. */
static bool
is_loopback(
    const struct flows_court *court, const struct conntrack_tuple *tuple)
{
	struct address from = tuple->source.address;
	struct address to = tuple->destination.address;

	return address_eq(from, to) ||
	       (from.family == ADDRESS_IPV4 && from.bytes[0] == 127) ||
	       (find_own(court, from) != NULL && find_own(court, to) != NULL);
}

/* A zone is known by its place in its own policy alone. */
static uint8_t
home_of(const struct flows_court *court, struct address source)
{
	return find_own(court, source) != NULL
		   ? ZONE_SELF
		   : policy_zone_of(court->policy, source);
}

/* What a listener takes. */
static bool
is_carried(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP;
}

static bool
is_listener(const struct flows_court *court, struct address_port at)
{
	const struct policy *policy = court->policy;

	return policy_listen_at(policy, at) != NULL ||
	       policy_console_listens(&policy->console, at) ||
	       policy_dns_listen_at(&policy->dns, at) != NULL;
}

static enum flow_owner
owner_of(const struct flows_court *court, const struct conntrack_entry *entry)
{
	const struct conntrack_tuple *tuple = &entry->original;

	if ((entry->mark & (FIREWALL_MARK_HANDOVER | FIREWALL_MARK_PROXY)) != 0)
		return FLOW_OWNER_PROXY;
	if (tuple->protocol == IPPROTO_IGMP || is_loopback(court, tuple))
		return FLOW_OWNER_NONE;
	if (is_carried(tuple->protocol) &&
	    (is_listener(court, tuple->destination) ||
		(court->before != NULL &&
		    is_listener(court->before, tuple->destination))))
		return FLOW_OWNER_PROXY;
	return FLOW_OWNER_FIREWALL;
}

/*
 * The flow as the evaluator knows it.
 */

static bool
find_protocol(uint8_t number, enum policy_protocol *ret)
{
	if (number == IPPROTO_ICMPV6)
		number = IPPROTO_ICMP;
	for (unsigned i = 0; i < POLICY_PROTOCOL_COUNT; i++) {
		*ret = (enum policy_protocol)i;
		if (policy_protocol_row(*ret)->number == number)
			return true;
	}
	return false;
}

static void
set_service(struct flow *flow, const struct conntrack_tuple *tuple)
{
	if (!find_protocol(tuple->protocol, &flow->protocol)) {
		flow->protocol = POLICY_PROTOCOL_TCP;
		flow->known[POLICY_FACT_SERVICE] = FLOW_ABSENT;
		return;
	}
	flow->known[POLICY_FACT_SERVICE] = FLOW_KNOWN;
	flow->port = tuple->destination.port;
	/* A kind without a name is only matched by `icmp` alone. */
	if (flow->protocol == POLICY_PROTOCOL_ICMP &&
	    !policy_icmp_kind_of(
		tuple->source.address.family, tuple->icmp_type, &flow->port))
		flow->port = UINT16_MAX;
}

static void
set_destination(const struct flows_court *court, struct flow *flow)
{
	const struct firewall_own *own = find_own(court, flow->destination);

	flow->known[POLICY_FACT_DESTINATION] = FLOW_KNOWN;
	flow->own_zone = ZONE_NONE;
	flow->to_zone = policy_zone_of(court->policy, flow->destination);
	if (own == NULL)
		return;
	flow->own_zone = own->zone;
	flow->to_zone = ZONE_SELF;
}

static void
set_way(const struct policy *policy, struct flow *flow)
{
	flow->way = FLOW_PLAIN;
	flow->last = POLICY_PHASE_PACKET;
	if (flow->known[POLICY_FACT_SERVICE] != FLOW_KNOWN ||
	    flow->to_zone == ZONE_SELF || flow->from_zone == ZONE_SELF ||
	    !policy_intercepts(
		policy, flow->from_zone, flow->protocol, flow->port))
		return;
	if (!policy_carries(
		policy, flow->from_zone, flow->protocol, flow->port)) {
		flow->way = FLOW_UNCARRIED;
		return;
	}
	flow->way = FLOW_INTERCEPTED;
	flow->last = POLICY_PHASE_RESPONSE;
}

/* What the client will ask of it is not in the packet, but who it is. */
static void
set_explicit(struct flow *flow)
{
	flow->way = FLOW_EXPLICIT;
	flow->last = POLICY_PHASE_RESPONSE;
	flow->known[POLICY_FACT_DESTINATION] = FLOW_NOT_GIVEN;
	flow->known[POLICY_FACT_SERVICE] = FLOW_NOT_GIVEN;
}

/* What ends at a socket of ours, by no rule but the one that opens it. */
static void
set_listener(const struct policy *policy, struct flow *flow,
    const struct conntrack_tuple *tuple)
{
	struct address_port at = tuple->destination;
	bool ends_here = flow->to_zone == ZONE_SELF;

	if (!is_carried(tuple->protocol))
		return;
	flow->console =
	    tuple->protocol == IPPROTO_TCP &&
	    policy_console_takes(&policy->console, flow->from_zone, at);
	flow->asks_dns =
	    policy_dns_takes(&policy->dns, flow->from_zone, at, ends_here);
	if (policy_listen_at(policy, at) != NULL)
		set_explicit(flow);
}

static struct policy_answer
decide(const struct flows_court *court, const struct flow *flow)
{
	/* Of what the proxy may carry only the kernel's part is asked. */
	return flow->way == FLOW_PLAIN || flow->console || flow->asks_dns ||
		       flow->way == FLOW_UNCARRIED ||
		       flow->from_zone == ZONE_NONE
		   ? policy_decide(court->policy, flow)
		   : policy_evaluate(
			 court->policy, flow, POLICY_PHASE_PACKET, NULL);
}

/* Under each name that it may have come by, until one lets it pass. */
static void
decide_by_names(const struct flows_court *court, struct flow_judgement *ret)
{
	struct flow *flow = &ret->flow;
	struct str zone = policy_zone_name(court->policy, flow->from_zone);
	const struct learned_address *address =
	    court->names != NULL
		? learned_names_find(court->names, zone, flow->destination)
		: NULL;

	flow->learns = true;
	flow->known[POLICY_FACT_NAME] =
	    address != NULL ? FLOW_KNOWN : FLOW_ABSENT;
	if (address != NULL)
		flow->name = learned_address_name(address);
	ret->answer = decide(court, flow);
	for (size_t i = 0; address != NULL && i < address->names.count &&
			   ret->answer.verdict != POLICY_VERDICT_ALLOW;
	     i++) {
		flow->name = address->names.items[i].name;
		ret->answer = decide(court, flow);
	}
}

static void
ask(const struct flows_court *court, const struct conntrack_tuple *tuple,
    uint8_t from_zone, struct flow_judgement *ret)
{
	struct flow *flow = &ret->flow;

	*flow = (struct flow){
		.from_zone = from_zone,
		.source = tuple->source.address,
		.destination = tuple->destination.address,
		.minute = court->minute,
	};
	flow->known[POLICY_FACT_SOURCE] = FLOW_KNOWN;
	flow->known[POLICY_FACT_TIME] = FLOW_KNOWN;
	set_service(flow, tuple);
	set_destination(court, flow);
	set_way(court->policy, flow);
	set_listener(court->policy, flow, tuple);
	if (flow->way == FLOW_PLAIN && policy_learns(court->policy, from_zone))
		decide_by_names(court, ret);
	else
		ret->answer = decide(court, flow);
}

/*
 * Where the flow is translated to.
 */

static bool
is_published_to(
    const struct policy_rule *rule, const struct conntrack_entry *entry)
{
	const struct conntrack_tuple *reply = &entry->reply;
	struct address target = reply->source.address.family == ADDRESS_IPV4
				    ? rule->target4
				    : rule->target6;

	return address_eq(reply->source.address, target) &&
	       reply->source.port ==
		   policy_target_port(rule, entry->original.destination.port);
}

/*
 * A translation is made once, by the first packet.  One of other programs is
 * theirs; ours is told by the policy that made it.
 */
static bool
is_moved(const struct flows_court *court, const struct conntrack_entry *entry,
    const struct flow_judgement *judgement)
{
	const struct policy_rule *rule = judgement->answer.rule;
	struct address source = entry->original.source.address;
	struct flow_judgement before;

	/* The console's, which no rule lets in. */
	if (rule == NULL)
		return (entry->status & IPS_DST_NAT) != 0;
	if (rule->publish)
		return !is_published_to(rule, entry);
	if ((entry->status & IPS_DST_NAT) == 0 || court->before == NULL)
		return false;
	ask(court->before, &entry->original, home_of(court->before, source),
	    &before);
	return before.answer.rule != NULL && before.answer.rule->publish &&
	       is_published_to(before.answer.rule, entry);
}

/* Why a flow that its rule allows, or may allow, cannot go on as it does. */
static const char *
reason_against(const struct flows_court *court,
    const struct conntrack_entry *entry, const struct flow_judgement *judgement)
{
	const struct policy_answer *answer = &judgement->answer;

	if (answer->verdict == POLICY_VERDICT_UNDECIDED ||
	    judgement->flow.asks_dns ||
	    explain_by_proxy(&judgement->flow, answer))
		return REASON_PROXY;
	if (entry->master.source.address.family == ADDRESS_NONE &&
	    is_moved(court, entry, judgement))
		return REASON_MOVED;
	return NULL;
}

static void
judge_from(const struct flows_court *court, const struct conntrack_entry *entry,
    uint8_t from_zone, struct flow_judgement *ret)
{
	const struct conntrack_tuple *tuple = &entry->original;

	if (entry->master.source.address.family != ADDRESS_NONE)
		tuple = &entry->master;
	ask(court, tuple, from_zone, ret);
	bool refused = ret->answer.verdict == POLICY_VERDICT_REJECT ||
		       ret->answer.verdict == POLICY_VERDICT_DROP;
	ret->reason =
	    refused ? ret->answer.reason : reason_against(court, entry, ret);
	ret->forbidden = refused || ret->reason != NULL;
}

/* One that allows it, or the last one that may be it. */
static void
judge_from_anywhere(const struct flows_court *court,
    const struct conntrack_entry *entry, struct flow_judgement *ret)
{
	const struct policy *policy = court->policy;

	judge_from(court, entry, ZONE_SELF, ret);
	for (uint8_t i = 0; ret->forbidden && i < policy->zone_count; i++)
		if (policy->zones[i].interface_count > 0)
			judge_from(court, entry, i, ret);
}

void
flows_judge(const struct flows_court *court,
    const struct conntrack_entry *entry, struct flow_judgement *ret)
{
	struct address source = entry->master.source.address;

	if (source.family == ADDRESS_NONE)
		source = entry->original.source.address;
	*ret = (struct flow_judgement){ .owner = owner_of(court, entry) };
	if (address_is_local_scope(source) && find_own(court, source) == NULL)
		judge_from_anywhere(court, entry, ret);
	else
		judge_from(court, entry, home_of(court, source), ret);
	if (ret->owner != FLOW_OWNER_FIREWALL) {
		ret->forbidden = false;
		ret->reason = NULL;
	}
	/* It needs no rule, and none would be the one that lets it go. */
	if (ret->owner == FLOW_OWNER_PROXY && ret->flow.from_zone == ZONE_SELF)
		ret->answer = (struct policy_answer){
			.verdict = POLICY_VERDICT_ALLOW,
			.phase = POLICY_PHASE_PACKET,
		};
}

uint16_t
flows_port(const struct conntrack_entry *entry)
{
	uint8_t protocol = entry->original.protocol;

	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6
		   ? entry->original.icmp_type
		   : entry->original.destination.port;
}

uint64_t
flows_id(const struct conntrack_entry *entry)
{
	struct address_port to = { entry->original.destination.address,
		flows_port(entry) };

	return event_flow_id(
	    entry->original.protocol, entry->original.source, to);
}
