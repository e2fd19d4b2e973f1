/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * net/datagrams: several at once.
 *
 * Of short questions and answers the system calls are the larger part of what
 * they cost; these take and give DATAGRAMS_MAX by one.  A caller's memory; of
 * one thread.
 */
#ifndef GATEHOUSE_NET_DATAGRAMS_H
#define GATEHOUSE_NET_DATAGRAMS_H

#include "base/address.h"

#include <sys/uio.h>

/* More are no cheaper, and who waits for the first answer waits for all. */
#define DATAGRAMS_MAX 32

/* A question, or an answer that is sent by UDP; what is longer is cut. */
#define DATAGRAMS_BYTES 2048

struct datagrams {
	size_t count;
	struct mmsghdr heads[DATAGRAMS_MAX];
	struct iovec spans[DATAGRAMS_MAX];
	struct sockaddr_storage peers[DATAGRAMS_MAX];
	char bytes[DATAGRAMS_MAX][DATAGRAMS_BYTES];
};

/* Replaces what was in it.  A count, or a negative errno. */
int datagrams_receive(int fd, struct datagrams *datagrams);

/* The i-th, lent, and from whom it is. */
struct str datagrams_at(
    const struct datagrams *datagrams, size_t i, struct address_port *ret_from);

/* A copy, to be sent; false: there is no room.  `to` is the peer of one that
 * was received. */
bool datagrams_add(struct datagrams *datagrams, const struct address_port *to,
    struct str bytes);

/* All that were added; what the kernel does not take is lost.  It is empty
 * then. */
void datagrams_send(int fd, struct datagrams *datagrams);

#endif
