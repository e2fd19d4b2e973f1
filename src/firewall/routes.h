/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/routes: the policy route that brings handed-over packets home.
 *
 * TPROXY gives a packet to the proxy's listener only if routing calls it
 * local, although its destination is elsewhere.  Two things say so, for each
 * family:
 *
 *	ip rule add fwmark MARK/MARK lookup 26472 pref 200
 *	ip route add local default dev lo table 26472
 *
 * They belong to a policy that hands over: installed before its rules are
 * committed, removed after they are gone.  Without them a marked packet takes
 * the ordinary way and meets the rule that drops it, so an absence fails
 * closed.  The kernel forgets the routes when lo goes down.
 */
#ifndef GATEHOUSE_FIREWALL_ROUTES_H
#define GATEHOUSE_FIREWALL_ROUTES_H

#include "base/text.h"

/*
 * However often either is called, an install leaves one rule and one route a
 * family and a removal leaves none.  IPv6 is left out where the host has none
 * (kernel_has_ipv6).  0, or a negative errno with a sentence in *reterr_why;
 * an install may then be half done: call routes_remove.
 */
int routes_install(struct text *reterr_why);
int routes_remove(struct text *reterr_why);

#endif
