/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/running: the policy in force, as the gateway has read it.
 *
 * The gateway gives the sealed copies of its files, and the policy is read here
 * once more: what is asked of it does not keep the gateway from its work.
 */
#ifndef GATEHOUSE_CLI_RUNNING_H
#define GATEHOUSE_CLI_RUNNING_H

#include "daemon/snapshot.h"

/* The files of the policy in force, that of the policy itself under `path`. */
struct running {
	struct snapshot snapshot;
	char *path;
};

#define RUNNING_EMPTY ((struct running){ SNAPSHOT_EMPTY, NULL })

/* False when the gateway does not give them; nothing is said.  fini anyway. */
bool running_get(const char *runtime, struct running *ret);
/* One that is kept, by the id that the history gives it; complained of. */
bool running_get_kept(const char *runtime, const char *id, struct running *ret);
void running_fini(struct running *running);

/* The policy, or NULL.  It lives as long as its references. */
struct policy *running_read(struct running *running);

#endif
