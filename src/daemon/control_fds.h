/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/control_fds: an answer of the control socket that carries descriptors,
 * both ends of it.
 *
 * The socket is a stream: each piece of the bytes brings some descriptors, and
 * whoever reads puts pieces and descriptors together in the order in which they
 * come.
 */
#ifndef GATEHOUSE_DAEMON_CONTROL_FDS_H
#define GATEHOUSE_DAEMON_CONTROL_FDS_H

#include "base/text.h"

/* Of one answer: what surely fits in a socket's queue. */
#define CONTROL_FDS_MAX 512

struct control_fds {
	int *items;
	size_t count, room;
};

/*
 * Sends all, with at least a byte for every descriptor; these stay open here.
 * 0, -EAGAIN when the queue is full, or another negative errno; then some of it
 * may have been sent.
 */
int control_fds_send(int fd, struct str bytes, const struct control_fds *fds);

/*
 * Reads to the end, and waits for it; the descriptors are the caller's.  0 or a
 * negative errno.
 */
int control_fds_receive(int fd, struct text *ret, struct control_fds *fds);

/* Closes them. */
void control_fds_fini(struct control_fds *fds);

#endif
