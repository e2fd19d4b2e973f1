/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/closed: rules for a host whose gateway has not come up yet.
 *
 * They refuse everything but the host's talk with itself and neighbour
 * discovery, need no file, no policy and no proxy, and ask little of the
 * kernel.  The service has them put in place before it starts: whatever then
 * goes wrong, the host is not open.
 */
#ifndef GATEHOUSE_FIREWALL_CLOSED_H
#define GATEHOUSE_FIREWALL_CLOSED_H

#include "base/text.h"

/*
 * Puts them in place, unless our table stands already: rules that a gateway
 * has left are better.  0, or a negative errno with words in *reterr_why.
 */
int firewall_close(struct text *reterr_why);

#endif
