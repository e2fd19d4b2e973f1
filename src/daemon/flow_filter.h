/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/flow_filter: which living flows are meant.
 *
 *	[ID] [from WHO] [to WHO] [PROTOCOL] [port NUMBER] [rule LINE|NAME]
 *	[by firewall|proxy]
 *
 * Words, of which a flow must fit all.  WHO is a zone, `self`, an address, a
 * prefix or a range; ID is the `flow` of its events.
 *
 * Pure: a value without memory of its own.
 */
#ifndef GATEHOUSE_DAEMON_FLOW_FILTER_H
#define GATEHOUSE_DAEMON_FLOW_FILTER_H

#include "base/text.h"
#include "firewall/flows.h"

/* Between two words: what stands in none of them. */
#define FLOW_FILTER_MARK '\t'

struct flow_filter_side {
	uint8_t zone;               /* ZONE_NONE: not asked for */
	struct address_range range; /* family NONE: not asked for */
};

struct flow_filter {
	bool is_any; /* no word was said */
	bool has_id;
	uint64_t id;
	struct flow_filter_side from, to;
	bool has_protocol;
	uint8_t protocol; /* of IP; that of ICMP stands for both */
	bool has_port;
	uint16_t port;
	uint32_t rule_line; /* 0: not asked for */
	char rule_name[POLICY_RULE_NAME_MAX + 1];
	enum flow_owner owner; /* NONE: not asked for */
};

/* 0, or -EINVAL with a sentence in *reterr_why. */
int flow_filter_parse(struct str words, const struct policy *policy,
    struct flow_filter *ret, struct text *reterr_why);

bool flow_filter_fits(const struct flow_filter *filter,
    const struct conntrack_entry *entry,
    const struct flow_judgement *judgement);

#endif
