/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/flow_text: a flow as people write it.
 *
 *	[ZONE] SOURCE -> [ZONE] DESTINATION [PROTOCOL [PORT]] [FACT ...]
 *	[ZONE] SOURCE asks NAME [address A] [at DAY TIME]
 *
 * DESTINATION is an address, `self` or `self ADDRESS` (an address that is the
 * gateway's own), a domain or a URL (which brings protocol
 * and port).  FACT is `address A` (what the name resolves to), `method M`,
 * `user U`, `header NAME VALUE`, `type T`, `at DAY TIME`, or `explicit` (asked
 * of the explicit proxy).  A zone left out follows from the address.  A name
 * without `address` stands for an address that no zone, name or list of the
 * policy holds.
 *
 * Which way the flow goes follows from the policy: an intercepted service goes
 * through the proxy, a CONNECT or a URL where nothing is intercepted asks the
 * explicit proxy, everything else is packets only.
 */
#ifndef GATEHOUSE_POLICY_FLOW_TEXT_H
#define GATEHOUSE_POLICY_FLOW_TEXT_H

#include "base/nearest.h"
#include "policy/policy.h"
#include "policy/reader.h"

/* The gateway's own addresses, as far as the caller knows them. */
struct policy_own {
	const struct address *items;
	size_t count;
};

/*
 * Reads one flow; the reader is left behind it.  Texts of the flow lie in the
 * reader's arena.  False: reported.
 */
bool flow_read(struct reader *reader, const struct policy *policy,
    const struct policy_own *own, struct flow *ret);

/* Offers the words of protocols and facts: what may go on a flow.  Of a
 * question few of them. */
void flow_offer_facts(struct nearest *nearest);
void flow_offer_question_facts(struct nearest *nearest);

/*
 * The whole text is one flow.  0, -EINVAL (reported) or -ENOMEM.  `source`
 * holds the text for the report's places.
 */
int flow_parse(const struct source *source, const struct policy *policy,
    const struct policy_own *own, struct arena *arena, struct report *report,
    struct flow *ret);

#endif
