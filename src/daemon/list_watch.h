/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/list_watch: the lists that say `refresh`, and what their files are.
 *
 * A watch belongs to a generation, whose policy's groups it lends.  It knows
 * when each list is looked at next, and why, if so, the file on the disk is
 * not what is in force.  Looking is one system call until a file has changed;
 * the clock that it goes by is the caller's.
 *
 * Who writes a list may be at it just now.  So what changed a moment ago or
 * while it was read, has no bytes at all, or ends within a line is not taken:
 * a list that is cut off lets pass what it should have refused.
 */
#ifndef GATEHOUSE_DAEMON_LIST_WATCH_H
#define GATEHOUSE_DAEMON_LIST_WATCH_H

#include "base/clock.h"
#include "daemon/snapshot.h"

/* A file that changed less than this ago may still be written: by buffers that
 * are flushed, by a download that stalls for a moment. */
#define LIST_WATCH_SETTLE (2 * CLOCK_SECOND)

struct watched_list {
	const struct policy_group *group; /* lent */
	int64_t due;                      /* clock_now */
	struct text problem;              /* empty: none */
};

struct list_watch {
	struct watched_list *items;
	size_t count, room;
};

/* All lists of the policy were read just now.  0 or -ENOMEM. */
int list_watch_begin(
    struct list_watch *watch, const struct policy *policy, int64_t now);

/*
 * The same policy once more, with the list file `fresh` read anew: what is
 * known of the others stays.  0 or -ENOMEM.
 */
int list_watch_go_on(struct list_watch *watch, const struct policy *policy,
    const struct list_watch *before, const char *fresh);

void list_watch_fini(struct list_watch *watch);

/* The one that is due first; NULL: no list says `refresh`. */
struct watched_list *list_watch_first(struct list_watch *watch);

/* NULL: this list is not watched. */
const struct watched_list *list_watch_find(
    const struct list_watch *watch, const struct policy_group *group);

/*
 * Looks at the file whose state `known` is in force; `wall` is clock_wall.
 * 0: the same; 1: another, which is in *ret, whose text the caller frees in
 * any case.  A negative errno with a sentence in *reterr_why: -EAGAIN when it
 * is worth another look in a moment.
 */
int list_watch_look(const char *path, const struct stamp *known, int64_t wall,
    struct snapshot_fresh *ret, struct text *reterr_why);

#endif
