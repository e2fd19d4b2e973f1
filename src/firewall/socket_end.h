/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/socket_end: ends a TCP connection that has a socket on this host.
 *
 * The program that holds it sees it break off, and the peer gets a reset: so
 * for what the proxy carries, where refusing packets would leave its sockets
 * behind.  A socket that listens is never ended, whosever it is.  Of the
 * current network namespace.
 */
#ifndef GATEHOUSE_FIREWALL_SOCKET_END_H
#define GATEHOUSE_FIREWALL_SOCKET_END_H

#include "base/address.h"

/*
 * 0; -ENOENT when there is no such connection; -EOPNOTSUPP when the kernel was
 * built without (CONFIG_INET_DIAG_DESTROY); another negative errno.
 */
int socket_end(struct address_port ours, struct address_port peer);

#endif
