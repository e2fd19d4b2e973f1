/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/quota_keeper: what is used of quotas outlives the proxy and us.
 *
 * The proxy counts (proxy/quotas).  While the policy in force has quotas it is
 * asked for what has changed every QUOTA_EVERY, and once more before it is told
 * to end; being asked it also ends the flows whose quota has run out.  A new
 * proxy is told all counts before its first policy.  They are written to the
 * folder of the state, or without one to that of the runtime, at most every
 * QUOTA_WRITE_EVERY: so much is lost at most when the power fails, and
 * QUOTA_EVERY when the proxy is killed.
 */
#ifndef GATEHOUSE_DAEMON_QUOTA_KEEPER_H
#define GATEHOUSE_DAEMON_QUOTA_KEEPER_H

#include "daemon/quota_book.h"
#include "net/loop.h"

#define QUOTA_EVERY       CLOCK_SECOND
#define QUOTA_WRITE_EVERY (10 * CLOCK_SECOND)

struct child;
struct generation;

struct quota_keeper {
	/* Lent: */
	struct loop *loop;
	const struct generation *const *current; /* NULL in it: none yet */
	struct child *child;
	/* Its own: */
	struct quota_book book;
	char *path; /* owned; NULL: nothing is kept */
	struct loop_timer timer;
	int64_t written;
	bool failed; /* the last write, which was said */
};

/* Reads what an earlier life has counted and left in the folder. */
void quota_keeper_open(struct quota_keeper *keeper, const char *dir);

/* Takes the last counts from the proxy, which still runs, and writes them. */
void quota_keeper_close(struct quota_keeper *keeper);

/* Another policy is in force. */
void quota_keeper_follow(struct quota_keeper *keeper);

/* Tells a new proxy all that is counted.  0 or a negative errno. */
int quota_keeper_teach(struct quota_keeper *keeper);

/* {"quotas": [{"rule": {"line", "name"}, "source", "period", "since", "until",
 *  "used_bytes", "quota_bytes"}]} */
void quota_keeper_list(struct quota_keeper *keeper, struct text *out);

/*
 * `line` is "RULE SOURCE", with `-` for any of them; RULE is a line or a name.
 * Their counts begin anew.  0 with a sentence in `out`; -EINVAL when it is not
 * understood, -ENOENT when nothing is counted there, or the world's errno.
 */
int quota_keeper_reset(
    struct quota_keeper *keeper, struct str line, struct text *out);

#endif
