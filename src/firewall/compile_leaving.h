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

#endif
