/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile: a policy's packet phase as one nftables table.
 *
 * The whole list is walked once, in prerouting, by the first packet of a flow,
 * before any address is translated: so rules see what the client wrote, and
 * the kernel knows no more and no less than the evaluator does at that phase.
 * Behind prerouting nothing is decided again; `forward` only makes sure that
 * what was decided is what happens.  What the gateway itself sends is walked
 * in `output` the same way.
 *
 *	prerouting      bans, handed-over and known flows, loopback, essentials
 *	  in.IFACE      the zone of the source, or spoofed
 *	    from.ZONE   the zone of the destination
 *	      A.to.B    the list, for flows from A to B
 *
 * An A.to.B chain ends each flow in one of four ways: accept, reject, drop, or
 * handover.  Of services that are intercepted, a rule that might match hands
 * the flow to the proxy unless every verdict still possible is the same one;
 * of all others a condition that packets do not show is false.
 *
 * The text depends on nothing but the policy and the host given here: two
 * compilations are equal byte for byte.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_H
#define GATEHOUSE_FIREWALL_COMPILE_H

#include "policy/policy.h"

#include "base/text.h"

/* An address of the gateway, and the zone of the interface that has it. */
struct firewall_own {
	struct address address;
	uint8_t zone;
};

/* What the ruleset depends on besides the policy. */
struct firewall_host {
	uint32_t proxy_uid;
	bool ipv6; /* the kernel has IPv6 */
	/* Of local time from UTC, by which the kernel counts hours. */
	int utc_offset_minutes;
	const struct firewall_own *own;
	size_t own_count;
	/*
	 * What the counter of this name begins with; false: with nothing, as
	 * all do where this is NULL.
	 */
	bool (*counted)(void *context, const char *name, uint64_t *ret_packets,
	    uint64_t *ret_bytes);
	void *counted_context;
	/*
	 * The set in the kernel that holds what a long group has of a family.
	 * NULL: the table is to stand for itself, and declares all sets.
	 */
	const char *(*loaded_set)(
	    void *context, const struct policy_group *group, uint8_t family);
	void *loaded_context;
	/*
	 * The set in the kernel that has what is learned from the zone's DNS
	 * for policy->asked[asked - 1].  NULL: the table declares them.
	 */
	const char *(*learned_set)(
	    void *context, uint8_t zone, uint32_t asked, uint8_t family);
	void *learned_context;
	/* Long groups of more ranges are declared without them; 0: none is. */
	size_t shown_ranges_max;
	bool has_bans;   /* somebody is banned */
	bool has_caught; /* somebody was refused too often */
	/*
	 * Flows may live that an earlier ruleset translated.  Without a chain
	 * that translates the kernel stops at once, also for them, and private
	 * addresses would go out.
	 */
	bool keeps_nat;
};

/*
 * What is long is loaded apart from the rules (firewall/list_sets): lists,
 * however few they have now, for they change by themselves; and names of more
 * ranges than this, which take longer as text than as what they are.
 */
#define FIREWALL_NAME_RANGES_MAX 1000
bool firewall_group_is_long(const struct policy_group *group);

/* The set of a named group in one family: list.ads.4, name.servers.6. */
#define FIREWALL_SET_NAME_BYTES 64
void firewall_group_set_name(const struct policy_group *group, uint8_t family,
    char ret[static FIREWALL_SET_NAME_BYTES]);

/* The same of what is learned: learned.lan.1.4. */
void firewall_learned_set_name(const struct policy *policy, uint8_t zone,
    uint32_t asked, uint8_t family, char ret[static FIREWALL_SET_NAME_BYTES]);

/* The table, as nftables text.  0, -ENOMEM, or -E2BIG. */
int firewall_compile(const struct policy *policy,
    const struct firewall_host *host, struct text *ret);

/* Whether that table has chains that translate. */
bool firewall_translates(
    const struct policy *policy, const struct firewall_host *host);

/* Whether it hands datagrams over, for whose ports there are sockets then. */
bool firewall_hands_datagrams(const struct policy *policy);

/* The name of a rule's counter: rule.34, rule.34.2 (the second rule on that
 * line), rule.last. */
#define FIREWALL_COUNTER_BYTES 32
void firewall_counter_name(
    const struct policy_rule *rule, char ret[static FIREWALL_COUNTER_BYTES]);

#endif
