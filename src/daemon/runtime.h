/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/runtime: the folder in which a running gateway keeps its state.
 *
 *	DIR/lock		held while gatehoused runs; its pid inside
 *	DIR/control		the control socket
 *	DIR/events.jsonl	the journal, and events.jsonl.1 before it
 *	DIR/bans		who is banned (daemon/ban_file)
 *
 * One gateway has one folder, so that several (in network namespaces of their
 * own) do not meet.
 */
#ifndef GATEHOUSE_DAEMON_RUNTIME_H
#define GATEHOUSE_DAEMON_RUNTIME_H

#include "base/text.h"

#define RUNTIME_DEFAULT "/run/gatehouse"

/* sun_path holds 108 bytes: the folder's name must leave room. */
#define RUNTIME_DIR_BYTES_MAX 90
#define RUNTIME_PATH_BYTES    128

#define RUNTIME_LOCK        "lock"
#define RUNTIME_CONTROL     "control"
#define RUNTIME_EVENTS      "events.jsonl"
#define RUNTIME_BANS        "bans"
#define RUNTIME_CAUGHT      "caught"
#define RUNTIME_NAMES       "names"
#define RUNTIME_UNCONFIRMED "unconfirmed" /* a folder (daemon/interim) */

struct runtime {
	const char *dir;
	int lock_fd; /* -1: not taken */
	bool is_new; /* the folder was not there */
};

/* DIR/name in ret. */
void runtime_path(
    const char *dir, const char *name, char ret[static RUNTIME_PATH_BYTES]);

/*
 * Makes the folder if it is not there and takes its lock.  0, or a negative
 * errno with a sentence in *reterr_why: -EBUSY when another gatehoused runs,
 * and still does after `patience` (nanoseconds).
 */
int runtime_open(const char *dir, int64_t patience, struct runtime *ret,
    struct text *reterr_why);
void runtime_close(struct runtime *runtime);

/* Before it is closed: nothing came of it, so a folder that was made for it
 * goes again, with all that is in it. */
void runtime_discard(const struct runtime *runtime);

/*
 * The program called `name` beside the one that runs, else `installed`.
 * Written to ret (cleared first).
 */
void runtime_program(const char *name, const char *installed, struct text *ret);

#endif
