/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/policy_desk: commands about which policy is in force.
 *
 *	apply [confirm=SECONDS TAB] [by=WHO TAB] [as=NAME TAB]
 *	    [session=ADDRESS PORT ADDRESS PORT TAB] PATH
 *	count PATH
 *	confirm			keeps the policy that waits
 *	rollback [ID]		takes it back; or the one before, or that one
 *	history			those that are kept, in JSON
 *	diff ID ID		what changes between two of them, in JSON
 *	files			the policy in force, with its files
 *	kept ID			one that is kept, likewise
 *
 * `session` is the connection that the caller comes by, as client and server
 * see it: a policy that would end it is refused, or with `confirm` told of.
 *
 * `files` and `kept` are answered with names, each behind a NUL: the policy,
 * and every file that it was read from, whose sealed copies come along as
 * descriptors.  `diff` is bounded: the daemon's one thread has more to do.
 */
#ifndef GATEHOUSE_DAEMON_POLICY_DESK_H
#define GATEHOUSE_DAEMON_POLICY_DESK_H

#include "daemon/control.h"
#include "daemon/last_good.h"

struct policies;

struct policy_desk {
	struct policies *policies;
	struct control *control;
	struct last_good_policy lent; /* to the answer that is being sent */
};

/* False: the line is no command of these. */
bool policy_desk_answer(struct policy_desk *desk, struct str line,
    struct text *out, int *ret_status);
void policy_desk_close(struct policy_desk *desk);

#endif
