/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/journal_keeper: the journal's outputs, in both processes.
 *
 * What the policy in force says of `journal` is true of gatehoused's journal
 * and of the proxy's (console/journal).  The two have the same outputs under
 * the same numbers.  gatehoused opens files and sockets of the host and hands
 * descriptors over, again when a file was begun anew; connections to servers
 * of syslog each process opens itself, for two cannot share a stream.
 *
 * A change of policy is in two steps: prepare opens what is new, and may
 * refuse; commit cannot fail.  An output that goes on for the same place keeps
 * its queue, so no event is lost by it.
 */
#ifndef GATEHOUSE_DAEMON_JOURNAL_KEEPER_H
#define GATEHOUSE_DAEMON_JOURNAL_KEEPER_H

#include "base/json.h"
#include "console/journal.h"
#include "net/loop.h"

struct child;
struct policy;

/* An output, by the number that it has in both processes. */
struct journal_place {
	bool used;
	int fd; /* of a draft, until it is in force; -1: none */
	struct policy_journal_output settings; /* its path is not lent */
	char *path;                            /* owned; NULL: there is none */
};

struct journal_keeper {
	struct loop *loop;
	struct child *child;
	const char *dir;
	struct journal journal;
	struct journal_place places[POLICY_JOURNAL_OUTPUTS_MAX];
	struct journal_place draft[POLICY_JOURNAL_OUTPUTS_MAX];
	bool drafted;
	struct loop_message mail; /* a file is another now */
	atomic_bool mailed;
};

/*
 * Events go to DIR/events.jsonl until a policy says otherwise.  They wait until
 * start, which begins threads.  Loop, child and dir are lent until it is
 * closed.  0 or a negative errno.
 */
int journal_keeper_open(struct journal_keeper *keeper, struct loop *loop,
    struct child *child, const char *dir);
int journal_keeper_start(struct journal_keeper *keeper);

/*
 * 0, or a negative errno with a sentence, and then there is no draft.
 * `booting`: a place that is not there yet is no reason to refuse.
 */
int journal_keeper_prepare(struct journal_keeper *keeper,
    const struct policy *policy, bool booting, struct text *reterr_why);
void journal_keeper_abandon(struct journal_keeper *keeper);

/* The draft is in force, here and in the proxy that runs. */
void journal_keeper_commit(struct journal_keeper *keeper);

/* Tells a proxy that has just started of all outputs. */
int journal_keeper_teach(struct journal_keeper *keeper);

/* SIGUSR1: somebody has moved the files. */
void journal_keeper_reopen(struct journal_keeper *keeper);

/* "journal": {"version", "outputs": [{"to", "as", "events", "lost",
 * "problem"}]}, of both processes; of gatehoused alone if the proxy has not
 * answered just now. */
void journal_keeper_json(
    struct journal_keeper *keeper, bool answers, struct json *json);

/* Writes what waits, for JOURNAL_END_PATIENCE at most. */
void journal_keeper_close(struct journal_keeper *keeper);

#endif
