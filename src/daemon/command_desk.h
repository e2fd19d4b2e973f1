/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/command_desk: what the control socket and the console may ask of
 * gatehoused: a word, and for some what follows it.
 *
 * Commands about policies are answered by daemon/policy_desk, those about what
 * happened over time by daemon/tally_desk.  One thread, that of the loop.
 */
#ifndef GATEHOUSE_DAEMON_COMMAND_DESK_H
#define GATEHOUSE_DAEMON_COMMAND_DESK_H

#include "daemon/control.h"
#include "daemon/policy_desk.h"

struct gateway;
struct handover;
struct policies;

/* The caller sets gateway, policies and handover; control is NULL until it is
 * open. */
struct command_desk {
	struct gateway *gateway;
	struct policies *policies;
	struct handover *handover;
	struct control *control;
	struct policy_desk policy_desk;
	bool removes; /* `stop` was said */
};

/* A control_fn, with the desk as context: an exit status of the command line,
 * and what is printed. */
int command_desk_answer(void *context, struct str line, struct text *out,
    struct control_more *ret_more);

/* The control socket, and what is lent to an answer that is being sent. */
void command_desk_close(struct command_desk *desk);

#endif
