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

struct gateway;

struct interim {
	bool is_open;
	char dir[RUNTIME_PATH_BYTES];
};

/* Before a policy is tried out: the one in force is kept.  0, also where
 * --state keeps it; or a negative errno with a line in *words. */
int interim_begin(struct gateway *gateway, struct text *words);

/* At the start: whether the gateway before this one left one that waits, which
 * then is open. */
bool interim_was_left(struct gateway *gateway);

/* Nothing waits any more.  Does nothing where none is open. */
void interim_end(struct gateway *gateway);

#endif
