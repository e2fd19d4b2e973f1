/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_reading: what a rule is to the flows of a chain.
 *
 * For one pair of zones and one way that flows can go, each rule is one of
 * three: it cannot match here; what the packet shows settles it; or it might
 * match, because it asks for something that the packet does not show.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_READING_H
#define GATEHOUSE_FIREWALL_COMPILE_READING_H

#include "firewall/compile_impl.h"

/* The matches lie in the scratch. */
struct reading {
	struct matches time;
	struct matches source;
	struct matches services;
	struct matches settled; /* destinations that the packet settles */
	struct matches open;    /* destinations at which it might match */
};

struct reading reading_of(struct compiler *compiler, const struct chain *chain,
    const struct policy_rule *rule);

bool reading_can_match(const struct reading *reading);

/* All flows match, or might: none is left for the rules behind. */
bool reading_is_settled(const struct reading *reading);
bool reading_is_open(const struct reading *reading);

/* Whether some of its flows go to the proxy. */
bool chain_is_proxied(const struct chain *chain);

#endif
