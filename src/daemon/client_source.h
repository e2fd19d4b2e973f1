/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/client_source: a socket that bears an intercepted client's address.
 *
 * The proxy may not make one.  It shows the client's connection, and the kernel
 * is asked what that is: it believes no more of the proxy than that the client
 * is connected to it.  The address and the port of what it gets are fixed.
 */
#ifndef GATEHOUSE_DAEMON_CLIENT_SOURCE_H
#define GATEHOUSE_DAEMON_CLIENT_SOURCE_H

#include "daemon/generation.h"
#include "firewall/names.h"

/* Free ones are found at once until nearly all are taken. */
#define CLIENT_SOURCE_TRIES 32

/*
 * A socket that is not connected, its port one of FIREWALL_KEPT_PORTS.  -EPERM
 * if the policy keeps no source for the client at the other end of this
 * connection, or if it is none that was handed over; -EADDRINUSE if the
 * client's ports are taken.
 */
int client_source_make(const struct policy *policy, int client);

/*
 * A socket that stands for a server to a client whose datagrams are handed
 * over; there is no connection that could be shown, so that the proxy is
 * believed who they are, as far as the policy hands over such at all.  -EPERM,
 * or another negative errno.
 */
int client_source_stand(
    const struct generation *generation, const struct channel_stand *stand);

#endif
