/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/flow_text_impl: what the files that read a flow share.
 *
 *	flow_text	its two ends and its service, as they are written
 *	flow_facts	what is said of it besides
 *	flow_draft	where it ends
 *	flow_way	which way it goes, and so what can be known of it
 *	flow_settled	whether the list is asked at all
 */
#ifndef GATEHOUSE_POLICY_FLOW_TEXT_IMPL_H
#define GATEHOUSE_POLICY_FLOW_TEXT_IMPL_H

#include "policy/flow_text.h"

enum scheme {
	SCHEME_NONE,
	SCHEME_HTTP,
	SCHEME_HTTPS,
};

/* What was written, before it is known which way the flow goes. */
struct flow_draft {
	struct reader *in;
	const struct policy *policy;
	const struct policy_own *own;
	struct flow *flow;
	enum scheme scheme;
	bool is_explicit;
};

/* Whether the gateway has the address, or listens there. */
bool flow_draft_is_own(const struct flow_draft *draft, struct address address);

/* What the flow's address is; ZONE_NONE: the zone follows from it. */
void flow_draft_set_destination(
    struct flow_draft *draft, uint8_t zone, struct address address);

/* All that follow; false: reported. */
bool flow_draft_read_facts(struct flow_draft *draft);

/* When all is read. */
void flow_draft_find_way(struct flow_draft *draft);

/* When the way is known. */
void flow_draft_settle(struct flow_draft *draft);

#endif
