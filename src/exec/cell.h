/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec/cell: the namespaces that a command is run in.
 *
 * The keeper is a process of our own, the first one in the cell's pid
 * namespace: it sets the network up (firewall/captive), hands the sockets out,
 * gives up every right that it had by that, and then runs the command and waits
 * for it.  When it ends, the kernel ends all that is left in the cell; it ends
 * when we do.
 *
 * In the cell the user is who he was, in namespaces of users, network, mounts,
 * pids and IPC.  Files are the host's.
 */
#ifndef GATEHOUSE_EXEC_CELL_H
#define GATEHOUSE_EXEC_CELL_H

#include "base/text.h"
#include "firewall/captive.h"

#include <signal.h>
#include <sys/types.h>

struct cell_wish {
	char *const *command; /* ends with NULL */
	uid_t uid; /* who we are: in the cell nobody knows it, at first */
	gid_t gid;
	const sigset_t *signals; /* that the command is to have blocked */
	const int *kept;         /* descriptors, besides 0 to 2 */
	size_t kept_count;
	bool unix_sockets;
};

struct cell {
	pid_t keeper; /* 0: none */
	int words;    /* to it (exec/word); -1 */
	struct captive captive;
};

/* All of it but the command.  0, or a negative errno with words of one or more
 * lines, and there is nothing to close. */
int cell_open(
    struct cell *cell, const struct cell_wish *wish, struct text *reterr_why);

/* Has the command run. */
int cell_go(struct cell *cell);

/* Ends it at once, if it has not ended; so that all of it is gone. */
void cell_close(struct cell *cell);

#endif
