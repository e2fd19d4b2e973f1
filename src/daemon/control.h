/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/control: the socket on which a running gateway takes commands.
 *
 * DIR/control, a Unix stream socket of mode 0600: who may open it is root or
 * the gateway's own user.  A client writes one line and reads to the end:
 *
 *	apply WORDS | count PATH | explain FORM FLOW | files | flows WORDS |
 *	end WORDS | hand over | ban RANGE SECONDS BECAUSE |
 *	force RANGE SECONDS BECAUSE | unban RANGE | bans | session ADDRESS |
 *	confirm | diff ID ID | history | kept ID | metrics | rollback [ID] |
 *	purge KIND WHAT | quotas | report SECONDS | reset RULE SOURCE | rules |
 *	series STEP COUNT | status | stop | top WHAT SECONDS COUNT
 *
 * Of what `report`, `rules`, `series` and `top` answer, daemon/tally_report and
 * daemon/tally_desk tell.
 * Of what `apply`, `confirm`, `history` and so on do, daemon/policy_desk tells.
 *
 * FORM is text, colour (for a terminal) or json.  `count` says how many living
 * flows a policy would end.  WORDS (daemon/flow_filter) have a TAB between
 * them.  SECONDS may be 0, for ever, and BECAUSE be empty; `force` bans who is
 * never banned, too.  A `session` is where orders come from, by ssh, and is not
 * banned.  KIND is url,
 * prefix, host, tag, or all, which has no WHAT.
 *
 * The answer's first line is an exit status of `gatehouse` (0 to 3), the rest
 * is for the client's standard output (status 0) or standard error.
 *
 * `hand over` is of daemon/handover.
 *
 * `files` is answered with names, each behind a NUL: the policy in force, and
 * every file that it was read from, whose sealed copies come along as
 * descriptors in the same order.  So a client can compare another policy with
 * the one in force, and gatehoused, which has one thread, does not wait for it.
 */
#ifndef GATEHOUSE_DAEMON_CONTROL_H
#define GATEHOUSE_DAEMON_CONTROL_H

#include "base/text.h"
#include "net/loop.h"

/* A line: a command and a path. */
#define CONTROL_LINE_BYTES_MAX 8192

/* Clients at a time; more wait in the socket's queue. */
#define CONTROL_CLIENTS_MAX 16

/* A client that says nothing is forgotten after this. */
#define CONTROL_PATIENCE (10 * CLOCK_SECOND)

struct control;

/*
 * What is still to come of a long answer, so that neither memory nor the daemon
 * have to hold all of it.
 */
struct control_more {
	/* Appends a piece.  1: there are more; 0: that was the last. */
	int (*next)(void *state, struct text *out);
	/* Once, after the last piece or when the client has gone. */
	void (*end)(void *state);
	void *state;
};

/*
 * Answers a command: text is appended to `out`, and the exit status returned.
 * The line has no line end.  Where `next` of *ret_more is set, pieces follow.
 */
typedef int (*control_fn)(void *context, struct str line, struct text *out,
    struct control_more *ret_more);

/*
 * Listens at `path`; what was there before is replaced.  0, or a negative
 * errno with a sentence in *reterr_why.
 */
int control_open(struct loop *loop, const char *path, control_fn answer,
    void *context, struct control **ret, struct text *reterr_why);

/*
 * During an answer: the descriptor goes with it, and stays open here; it is
 * lent until the answer is given.  0, -ENOMEM, or -E2BIG.
 */
int control_attach(struct control *control, int fd);

/*
 * Stops listening and removes the socket; answers under way are still sent.
 * NULL is fine.
 */
void control_close(struct control **control);

#endif
