/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec/signals: which signals go on to the command, and the stops of a job.
 */
#ifndef GATEHOUSE_EXEC_SIGNALS_H
#define GATEHOUSE_EXEC_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

struct exec_signals {
	int fd;          /* a signalfd of all below */
	sigset_t before; /* what was blocked */
};

/* Blocks them.  0 or a negative errno. */
int exec_signals_open(struct exec_signals *signals);
void exec_signals_close(struct exec_signals *signals);

/*
 * The next one that is there: a number to be sent to the command, SIGCHLD, or
 * 0: none (any more).
 */
int exec_signals_next(const struct exec_signals *signals);

/* Whether it is one that stops a job. */
bool exec_signals_is_stop(int number);

/* Stops ourselves as the command was stopped; returns when we go on. */
void exec_signals_stop(int number);

#endif
