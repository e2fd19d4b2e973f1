/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/snapshot: the files of a policy, as they were when it was read.
 *
 * gatehoused reads a policy through a snapshot, which keeps a sealed copy of
 * each file; the proxy is given the copies and reads them through a snapshot
 * of its own.  So both enforcers read the same bytes, also when a list is
 * written in between, and the proxy needs no right to open anything.
 */
#ifndef GATEHOUSE_DAEMON_SNAPSHOT_H
#define GATEHOUSE_DAEMON_SNAPSHOT_H

#include "policy/policy.h"

struct snapshot_file {
	char *path; /* owned */
	int fd;     /* owned: a sealed memory file */
};

struct snapshot {
	struct snapshot_file *items;
	size_t count, room;
};

#define SNAPSHOT_EMPTY ((struct snapshot){ 0 })

void snapshot_fini(struct snapshot *snapshot);

/* Reads files from the disk and keeps a copy of each. */
struct policy_loader snapshot_recorder(struct snapshot *snapshot);

/* Reads only what the snapshot has; -ENOENT for anything else. */
struct policy_loader snapshot_player(struct snapshot *snapshot);

/* Takes fd on success.  0 or -ENOMEM. */
int snapshot_add(struct snapshot *snapshot, const char *path, int fd);

#endif
