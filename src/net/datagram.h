/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/datagram: UDP sockets.
 *
 * Every descriptor is non-blocking and close-on-exec.
 */
#ifndef GATEHOUSE_NET_DATAGRAM_H
#define GATEHOUSE_NET_DATAGRAM_H

#include "base/address.h"

#include <sys/types.h>

/* No datagram of UDP has more. */
#define DATAGRAM_BYTES_MAX 65536

/* Takes all that comes to the place; freebind: its address may come later. */
int datagram_listen(const struct address_port *at, bool freebind);

/*
 * Takes what TPROXY hands over, and sends from any address, but from the port
 * of `at` alone; needs CAP_NET_ADMIN (-EPERM).
 */
int datagram_intercept(const struct address_port *at);

/*
 * Stands for `server`, which is somebody else, to one client: what the client
 * sends there and is handed over comes here, and what is sent comes from there.
 * CAP_NET_ADMIN, and CAP_NET_BIND_SERVICE below port 1024.
 */
int datagram_stand_for(
    const struct address_port *server, const struct address_port *client);

/*
 * Has the kernel keep more of what comes at once than it does for any socket:
 * some thousand short datagrams, those of a second in which nobody reads.  With
 * CAP_NET_ADMIN, else as far as the host lets everybody.
 */
void datagram_widen(int fd);

/* For one peer: what others send does not arrive. */
int datagram_connect(const struct address_port *to);

/*
 * The next one, and from whom it is (ret_from NULL: that is known).  0, or a
 * negative errno; -EAGAIN when none is there.  *ret lies in the thread's room
 * for what it receives, and is good until it receives another.
 */
int datagram_receive(int fd, struct str *ret, struct address_port *ret_from);

/* So too from datagram_intercept, and where it was sent to. */
int datagram_receive_for(int fd, struct str *ret, struct address_port *ret_from,
    struct address_port *ret_to);

/* From datagram_intercept, bearing this address. */
int datagram_send_as(int fd, const struct address_port *to, struct address from,
    struct str bytes);

/* From a socket that listens.  0 or a negative errno. */
int datagram_send(int fd, const struct address_port *to, struct str bytes);

/* The same, as one datagram. */
int datagram_send_both(
    int fd, const struct address_port *to, struct str head, struct str bytes);

#endif
