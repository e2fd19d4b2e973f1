/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/ban: who is banned for what he does.
 *
 *	ban 10m after 20 refused in 1m per source
 *
 * What refuses may say so: a rule that rejects or drops, and the line of users.
 * It counts what it refuses of each source by itself, from the first one on;
 * when the time in which they count is over the next one is the first again.
 * Who comes to the number is banned.  Both enforcers count so, each for itself.
 *
 * A source is an IPv4 address or an IPv6 network of 64 bits, of which a client
 * has all addresses; but a network that the gateway itself has an address in
 * belongs to many, and there a source is an address.
 */
#ifndef GATEHOUSE_POLICY_BAN_H
#define GATEHOUSE_POLICY_BAN_H

#include "base/address.h"
#include "base/clock.h"
#include "base/text.h"

struct policy_ban {
	uint32_t count; /* of refusals; 0: nobody is banned */
	int64_t within; /* so long they count, whole seconds */
	int64_t time;   /* so long the ban lasts, whole seconds */
};

bool policy_ban_same(const struct policy_ban *a, const struct policy_ban *b);

/* "ban 10m after 20 refused in 1m per source" */
void policy_ban_describe(const struct policy_ban *ban, struct text *out);

/* The source that an address belongs to, which is what is banned; `is_near`:
 * the gateway has an address in its network of 64 bits. */
struct address_range policy_ban_source(struct address address, bool is_near);

/* Whether both are of one IPv6 network of 64 bits. */
bool policy_ban_is_near(struct address address, struct address own);

#endif
