/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/inheritance: what a gatehoused is started with, of one before it.
 *
 * Listening sockets come as sd_listen_fds(3) has it: from 3 on, LISTEN_FDS of
 * them, for the process LISTEN_PID, with names in LISTEN_FDNAMES.  Where the
 * policy wants to listen at their place, they are used, and nobody who connects
 * meanwhile is refused; the others are closed.  One by the name of
 * "leash-DIGEST" is no listener: it holds what the proxy of before still does
 * (daemon/leash).
 */
#ifndef GATEHOUSE_DAEMON_INHERITANCE_H
#define GATEHOUSE_DAEMON_INHERITANCE_H

#include "base/address.h"
#include "base/sha256.h"

#include <stddef.h>

#define INHERITANCE_FIRST_FD 3
#define INHERITANCE_MAX      256
#define INHERITANCE_LEASH    "leash-"

struct inheritance {
	int sockets[INHERITANCE_MAX]; /* owned; -1: taken */
	size_t count;
	int leash; /* owned until it is taken; -1: none */
	char digest[SHA256_TEXT_BYTES];
};

#define INHERITANCE_NONE ((struct inheritance){ .leash = -1 })

/* Takes what the environment says, and takes it out of there; once, before
 * anything is opened. */
void inheritance_read(struct inheritance *inheritance);

/* The socket that listens there, for datagrams or for connections, the
 * caller's from now on; -ENOENT. */
int inheritance_take(
    struct inheritance *inheritance, struct address_port there, bool datagrams);

/* What nobody has taken is closed. */
void inheritance_close(struct inheritance *inheritance);

#endif
