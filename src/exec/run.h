/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec/run: a command in its cell, and the proxy that serves it.
 *
 *	policy read -> cell open -> command goes
 *			 `-> gatehouse-proxy, given the cell's sockets
 *
 * We are to gatehouse-proxy what gatehoused is, by the same channel and with
 * the same code (daemon/child); it runs as our own user, outside of the cell,
 * and its connections are like those of any program of the host.  What the
 * command dials before the proxy is there waits in the sockets.  If the proxy
 * ends, nothing leads out of the cell any more, and the command is ended.
 *
 * Signals that are sent to us are the command's; what the terminal sends, it
 * gets itself, and we stop when it does.
 */
#ifndef GATEHOUSE_EXEC_RUN_H
#define GATEHOUSE_EXEC_RUN_H

#include "daemon/snapshot.h"
#include "policy/policy.h"

struct exec_wish {
	struct policy *policy;        /* all of it is lent */
	const struct snapshot *files; /* of the policy */
	char *const *command;
	const int *kept; /* descriptors, besides 0 to 2 */
	size_t kept_count;
	bool unix_sockets;
	/* Each event, as docs/events.md has it, without its newline; also those
	 * of connections that end after the command. */
	void (*event)(void *context, struct str line);
	void *context;
};

/*
 * 0, and how the command has ended in *ret_status, as waitpid(2) says it; or a
 * negative errno with a sentence, of one or more lines, and it did not run or
 * was ended.
 */
int exec_run(
    const struct exec_wish *wish, int *ret_status, struct text *reterr_why);

#endif
