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

/* For one peer: what others send does not arrive. */
int datagram_connect(const struct address_port *to);

/* A count, or a negative errno; -EAGAIN when none is there. */
ssize_t datagram_receive(
    int fd, void *to, size_t room, struct address_port *ret_from);

/* From a socket that listens.  0 or a negative errno. */
int datagram_send(int fd, const struct address_port *to, struct str bytes);

#endif
