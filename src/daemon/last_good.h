/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/last_good: the last policy that came into force, kept on the disk.
 *
 *	DIR/policy	which policy, since when, and of which files
 *	DIR/DIGEST	one file of it, called by its own SHA-256
 *	DIR/policy.N	a policy of before (daemon/history)
 *	DIR/new		what is being written just now
 *
 *	gatehouse last good policy 1
 *	since 2026-11-27T10:00:00.000000Z
 *	path /etc/gatehouse/gatehouse.policy
 *	file DIGEST READ PATH		READ: when, or - for not known
 *	end DIGEST			of all lines before
 *
 * A file is written beside its place, brought to the disk and renamed; the
 * index comes last, and only when it stands is taken away what it does not
 * name.  So whatever dies when, the index is the old or the new one and all of
 * its files are there.  What is there already, to the byte, is not written
 * again: a list of a million lines costs nothing while it stays as it is.
 *
 * What lies there is never trusted: each file must have its digest, or all of
 * it counts as none.  That finds what was torn or edited; who can forge the
 * index is root, and could as well write a policy.
 *
 * All of it is the owner's alone to read (0600).  A folder in which others can
 * write is refused, and one that another gateway keeps its policy in.  It holds
 * the files of one policy, of one more while that one is written, and what
 * daemon/history spares.
 */
#ifndef GATEHOUSE_DAEMON_LAST_GOOD_H
#define GATEHOUSE_DAEMON_LAST_GOOD_H

#include "daemon/last_good_index.h"

#define LAST_GOOD_DEFAULT "/var/lib/gatehouse"

/* The index: INCLUDE_FILES_MAX names and those of lists, none over PATH_MAX. */
#define LAST_GOOD_INDEX_BYTES_MAX ((size_t)16 << 20)

/* A file that this process has written or looked through. */
struct last_good_file {
	char digest[SHA256_TEXT_BYTES];
	struct stamp stamp;
};

struct last_good {
	const char *dir; /* lent; NULL: nothing is kept */
	int fd;          /* of the folder, locked */
	struct {
		struct last_good_file *items;
		size_t count, room;
	} known;
	/* What else is of use, called by its digest; NULL: nothing is. */
	bool (*spares)(const void *context, const char *digest);
	const void *spares_context;
	int64_t kept;        /* since when that policy was in force; 0: none */
	struct text problem; /* why the last one is not kept; empty: it is */
};

#define LAST_GOOD_CLOSED ((struct last_good){ .fd = -1 })

/*
 * Makes the folder if there is none.  0, or a negative errno with a sentence in
 * *reterr_why, and then nothing will be kept.
 */
int last_good_open(
    struct last_good *good, const char *dir, struct text *reterr_why);
void last_good_close(struct last_good *good);

/*
 * Keeps this policy instead of the one before.  0, or a negative errno with a
 * sentence in good->problem: the one before is still kept.
 */
int last_good_keep(struct last_good *good, const char *policy,
    struct snapshot *snapshot, int64_t since);

struct last_good_policy {
	char *path; /* owned; of the policy, which is in the snapshot */
	int64_t since;
	struct snapshot snapshot;
};

/*
 * Reads what is kept.  0; -ENOENT: nothing is; -EBADMSG: it is not whole;
 * another negative errno.  On failure there is a sentence in *reterr_why.
 */
int last_good_read(struct last_good *good, struct last_good_policy *ret,
    struct text *reterr_why);
void last_good_policy_fini(struct last_good_policy *policy);

/*
 * For daemon/history, whose files lie in the same folder.  All files of a
 * policy, whole and on the disk; a file of our own, likewise, in place of what
 * had its name; what such a file holds; the files that an index names.  0 or a
 * negative errno, -EBADMSG as above.
 */
int last_good_store(struct last_good *good, struct snapshot *snapshot);
int last_good_write(
    struct last_good *good, const char *name, const struct text *text);
int last_good_load(
    const struct last_good *good, const char *name, struct text *ret);
int last_good_open_files(struct last_good *good,
    const struct last_good_index *index, struct last_good_policy *ret);

/* Why it could not be: strerror, or a sentence of our own. */
const char *last_good_why(int rc);

#endif
