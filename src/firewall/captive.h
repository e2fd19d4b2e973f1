/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/captive: a network namespace of which nothing leads out.
 *
 * It has the interface lo and nothing else.  Every address of the world is
 * local there, so that what is sent comes in again by lo:
 *
 *	TCP	to any address and port: one listener's (TPROXY), under the
 *		address that the client wrote
 *	TCP	between the namespace's own addresses: its own affair, but for
 *		port 53
 *	UDP 53	to any address: the socket for questions
 *	UDP	to any other port: refused by the kernel at once, with an ICMP
 *		error, for nobody listens
 *
 * Whoever is given the sockets serves the namespace from outside of it.  Needs
 * CAP_NET_ADMIN and CAP_NET_BIND_SERVICE in the namespace that the caller is
 * in, and no privilege anywhere else.
 */
#ifndef GATEHOUSE_FIREWALL_CAPTIVE_H
#define GATEHOUSE_FIREWALL_CAPTIVE_H

#include "base/address.h"
#include "base/text.h"

enum captive_socket {
	CAPTIVE_TCP4,
	CAPTIVE_UDP4, /* port 53 */
	CAPTIVE_TCP6, /* the last two only where there is IPv6 */
	CAPTIVE_UDP6,
	CAPTIVE_SOCKET_COUNT
};

struct captive {
	struct address own4, own6; /* that what is in it has */
	struct address_port at[CAPTIVE_SOCKET_COUNT]; /* where each listens */
	int fds[CAPTIVE_SOCKET_COUNT]; /* owned; -1: there is no IPv6 */
};

/* Says where; the own addresses are the caller's choice. */
void captive_places(struct captive *captive);

/* Of this namespace, for good.  0, or a negative errno with a sentence that
 * says what is missing, and nothing is open. */
int captive_build(struct captive *captive, struct text *reterr_why);

void captive_fini(struct captive *captive);

#endif
