/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/snapshot: the files of a policy, as they were when it was read.
 *
 * gatehoused reads a policy through a snapshot, which keeps a sealed copy of
 * each file; the proxy is given the copies and reads them through a snapshot
 * of its own.  So both enforcers read the same bytes, also when a list is
 * written in between, and the proxy needs no right to open anything.
 *
 * When one list is read anew, the next snapshot inherits every other file from
 * the one in force: what else has been written since is not in force and does
 * not become so by the way.
 */
#ifndef GATEHOUSE_DAEMON_SNAPSHOT_H
#define GATEHOUSE_DAEMON_SNAPSHOT_H

#include "base/sha256.h"
#include "daemon/stamp.h"
#include "policy/policy.h"

struct snapshot_file {
	char *path; /* owned */
	int fd;     /* owned: a sealed memory file */
	/* Of what was read from the disk; 0 where it came from elsewhere: */
	struct stamp stamp;
	int64_t read; /* clock_wall */
	/* Empty until it is asked for: the copy never changes. */
	char digest[SHA256_TEXT_BYTES];
};

struct snapshot {
	struct snapshot_file *items;
	size_t count, room;
};

#define SNAPSHOT_EMPTY ((struct snapshot){ 0 })

/* One file as it is now, in place of what a snapshot has under its path. */
struct snapshot_fresh {
	const char *path;
	struct text text;
	struct stamp stamp;
	int64_t read; /* clock_wall */
};

/* A snapshot that is made of another one; all three are lent.  NULL: no file
 * is fresh. */
struct snapshot_heir {
	struct snapshot *snapshot;
	const struct snapshot *from;
	const struct snapshot_fresh *fresh;
};

void snapshot_fini(struct snapshot *snapshot);

/* Reads files from the disk and keeps a copy of each. */
struct policy_loader snapshot_recorder(struct snapshot *snapshot);

/* Reads only what the snapshot has; -ENOENT for anything else. */
struct policy_loader snapshot_player(struct snapshot *snapshot);

/*
 * Reads the fresh file and else what `from` has, and keeps a copy of each;
 * -ENOENT for anything else.
 */
struct policy_loader snapshot_inheritor(struct snapshot_heir *heir);

/* What was kept elsewhere; all of it is lent. */
struct snapshot_kept {
	const char *path;
	struct str text;
	int64_t read; /* clock_wall; 0: not known */
};

/* Keeps a sealed copy.  0 or a negative errno. */
int snapshot_keep(struct snapshot *snapshot, const struct snapshot_kept *kept);

/* All that `from` has, the sealed copies shared.  0, or a negative errno and
 * *ret is empty. */
int snapshot_copy(const struct snapshot *from, struct snapshot *ret);

/* Fills in the digest.  0 or a negative errno. */
int snapshot_digest(struct snapshot_file *file);

/* Calls `each` with all bytes, in order, until it answers less than 0.  0, or
 * a negative errno. */
int snapshot_each_piece(const struct snapshot_file *file,
    int (*each)(void *context, struct str piece), void *context);

/* Takes fd on success.  0 or -ENOMEM. */
int snapshot_add(struct snapshot *snapshot, const char *path, int fd);

/* The file that was read under this path, or NULL. */
const struct snapshot_file *snapshot_find(
    const struct snapshot *snapshot, struct str path);

#endif
