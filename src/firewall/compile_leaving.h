/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/compile_leaving: where a packet leaves must be where its destination
 * lives; a route that says otherwise would carry it past the policy.
 *
 *	leaving		from an interface to its chain
 *	out.IFACE	accepts what lives there
 *	misrouted	drops the rest
 *
 * It is asked of each packet and not of the first alone: routes come and go
 * while flows live, and what went through a tunnel would go on beside it when
 * that has gone.
 */
#ifndef GATEHOUSE_FIREWALL_COMPILE_LEAVING_H
#define GATEHOUSE_FIREWALL_COMPILE_LEAVING_H

#include "firewall/compile_impl.h"

void compile_leaving(struct compiler *compiler);

/*
 * The chain `carried`: what the proxy sends.  What has a prefix leaves by no
 * interface of another zone; what lives elsewhere goes by the gateway's own
 * routes, for name servers and parents may be where the policy has no zone.
 */
void compile_carried(struct compiler *compiler);

#endif
