/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/top_link: a question to the gateway whose answer is read as it comes, so
 * that keys are not kept waiting by ten thousand flows.
 *
 * One question at a time; each is a connection of its own.
 */
#ifndef GATEHOUSE_CLI_TOP_LINK_H
#define GATEHOUSE_CLI_TOP_LINK_H

#include "cli/command.h"

struct top_link {
	int fd;             /* owned; -1: nothing is asked */
	bool by_lines;      /* given as they come, once the status is known */
	int status;         /* -1: not known yet */
	struct text answer; /* what has come, without its status; by_lines: what
			       is no whole line yet */
};

#define TOP_LINK_CLOSED ((struct top_link){ .fd = -1, .status = -1 })

/* Asks.  0, or a negative errno: there is none to be asked. */
int top_link_ask(struct top_link *link, const char *runtime, const char *line,
    bool by_lines);
void top_link_close(struct top_link *link);

/*
 * Reads what there is, without waiting; lines of a good answer go to `each`.
 * 1: there will be more; 0: that was all, and status and answer stand; or a
 * negative errno.
 */
int top_link_read(struct top_link *link,
    void (*each)(void *context, struct str line), void *context);

#endif
