/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/last_good_index: which files the last good policy is made of.
 *
 * The text is drawn in daemon/last_good.h; its last line is the digest of all
 * before, so that half an index is none.
 */
#ifndef GATEHOUSE_DAEMON_LAST_GOOD_INDEX_H
#define GATEHOUSE_DAEMON_LAST_GOOD_INDEX_H

#include "daemon/snapshot.h"

struct last_good_line {
	char digest[SHA256_TEXT_BYTES];
	char *path;   /* owned */
	int64_t read; /* clock_wall; 0: not known */
};

struct last_good_index {
	char *path; /* owned; of the policy */
	int64_t since;
	struct last_good_line *items;
	size_t count, room;
};

/*
 * Appends the index of the snapshot, whose digests are known.  0, -EINVAL for
 * a name that no line can hold, or -ENOMEM.
 */
int last_good_index_write(const char *policy, const struct snapshot *snapshot,
    int64_t since, struct text *out);

/* Likewise, of what was read or made already. */
int last_good_index_rewrite(
    const struct last_good_index *index, struct text *out);

/* What last_good_index_read would give for it.  0 or -ENOMEM; fini anyway. */
int last_good_index_make(const char *policy, const struct snapshot *snapshot,
    int64_t since, struct last_good_index *ret);

/* 0; -EBADMSG: it is not whole, or not ours; -ENOMEM.  The caller frees *ret
 * in any case. */
int last_good_index_read(struct str text, struct last_good_index *ret);
void last_good_index_fini(struct last_good_index *index);

#endif
