/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/interim: what comes back, where nothing is kept.
 *
 * A gateway without --state (`gatehouse run`) has in memory alone what comes
 * back of a policy that is tried out, and a death in between would make that
 * policy last.  So as long as one waits to be confirmed there is a folder
 * beside the control socket with what --state would have.  Who starts next
 * with that runtime folder goes back, as with --state; then the folder goes.
 */
#ifndef GATEHOUSE_DAEMON_INTERIM_H
#define GATEHOUSE_DAEMON_INTERIM_H

#include "base/text.h"
#include "daemon/runtime.h"

#include <stdbool.h>

struct history;
struct last_good;

struct interim {
	/* Lent; they are opened and closed with it: */
	struct last_good *good;
	struct history *history;
	const char *runtime; /* its folder */
	/* Its own: */
	bool is_open;
	char dir[RUNTIME_PATH_BYTES];
};

/* Before a policy is tried out, where nothing is kept: what is in force can be.
 * 0, or a negative errno with a sentence. */
int interim_open(struct interim *interim, struct text *reterr_why);

/* At the start: whether the gateway before this one left one that waits, which
 * then is open. */
bool interim_was_left(struct interim *interim);

/* Nothing waits any more.  Does nothing where none is open. */
void interim_end(struct interim *interim);

#endif
