/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_known: what comes in of flows that are known.
 *
 *	known		from an interface to its chain, whatever is of a flow
 *	known.IFACE	on, if its source lives there
 *	errors		ICMP errors about a flow
 *	errors.IFACE	on, if that end of the flow lives there
 *	belongs		handed over, ended, or accepted
 *
 * That a flow is known says nothing of who sends a packet of it: who knows its
 * addresses and ports could put a packet into it, or take it to send something
 * out, from any side of the gateway.  So a source must live where it comes from
 * in each packet, as it must in the first.  An error's source is any router on
 * the way, but it comes from the side of the end that it speaks for.
 *
 * One thing is let in that lives elsewhere: answers to what the gateway itself
 * has asked, by the interface by which it would send there.  Its routes are its
 * own, and may lead to where the policy has no zone.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_KNOWN_H
#define GATEHOUSE_FIREWALL_COMPILE_KNOWN_H

#include "firewall/compile_impl.h"

/* Lines of the chain `prerouting`. */
void compile_ask_known(struct compiler *compiler);

void compile_known_chains(struct compiler *compiler);

#endif
