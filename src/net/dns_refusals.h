/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/dns_refusals: name servers that are not there.
 *
 * Where nobody listens the kernel says so at once (ICMP), for the first few
 * packets; beyond those it tells a host nothing for a while (its limit is six,
 * and then one a second).  c-ares asks again as soon as it is told, and so
 * would wait in the end for what is not said any more.  So whoever has refused
 * twice within a second is asked no more in it: a look-up fails then at once,
 * or goes to the next server.
 *
 * Makes the calls that c-ares makes for its sockets.  Of one thread.
 */
#ifndef GATEHOUSE_NET_DNS_REFUSALS_H
#define GATEHOUSE_NET_DNS_REFUSALS_H

#include "net/resolver.h"

struct ares_channeldata;

struct dns_refusals {
	struct dns_refusal {
		struct address_port by;
		int64_t since;
		unsigned count; /* 0: the place is free */
	} items[RESOLVER_SERVERS_MAX];
};

/* All zero before; stays where it is as long as the channel does. */
void dns_refusals_watch(
    struct dns_refusals *refusals, struct ares_channeldata *channel);

#endif
