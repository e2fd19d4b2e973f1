/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal: all events of a process, to where the policy says.
 *
 *	event ->  journal_sink  ->  output 0: file      (a queue, a thread)
 *				->  output 1: syslog    (a queue, a thread)
 *
 * gatehoused and gatehouse-proxy have the same outputs, by number.  gatehoused
 * opens, rotates and reopens files and hands descriptors over; each process
 * writes what happened in it, so gatehoused reads no byte of what a peer sent
 * to the proxy, and a dead process takes nothing of the other's with it.  What
 * an output does with what it cannot write, console/journal_output says.
 *
 * Life: init, put or open, then the sink from any thread; all other calls are
 * one thread's, and fini when no thread emits any more.  The process ignores
 * SIGPIPE and SIGXFSZ: a closed pipe and a file size limit are answered here
 * like a full disk.
 *
 * The format is documented in docs/events.md and is part of the outside.
 */
#ifndef GATEHOUSE_CONSOLE_JOURNAL_H
#define GATEHOUSE_CONSOLE_JOURNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "base/clock.h"
#include "console/journal_output.h"
#include "event/event.h"

/* A line with its newline: long names and URLs are cut to keep to it. */
#define JOURNAL_LINE_BYTES_MAX 8192

/* The version of docs/events.md. */
#define JOURNAL_VERSION 1

/*
 * Who ends waits so long for what is not written yet: less than gatehoused
 * gives the proxy to end.  An output that goes by the way has more time.
 */
#define JOURNAL_END_PATIENCE  (CLOCK_SECOND / 2)
#define JOURNAL_DROP_PATIENCE (10 * CLOCK_SECOND)

struct journal {
	pthread_mutex_t lock; /* of the outputs' places */
	struct journal_output *outputs[POLICY_JOURNAL_OUTPUTS_MAX];
	atomic_uint forms;    /* bits of those that they want */
	bool held;            /* no thread is started yet */
	const char *enforcer; /* that tells of what was lost; or NULL */
	/* By an output's thread: a file is another now (journal_moved). */
	void (*moved)(void *context);
	void *context;
	/* Of the file of journal_open. */
	int64_t bytes_max;
};

void journal_init(struct journal *journal);

/* What is not written after JOURNAL_END_PATIENCE is left behind. */
void journal_fini(struct journal *journal);

/*
 * Until journal_start what is emitted waits: for a process that may not have
 * threads yet.  0 or a negative errno of the first that could not be started.
 */
void journal_hold(struct journal *journal);
int journal_start(struct journal *journal);

/*
 * Makes the output with this number one for these settings and this
 * descriptor, which is taken, unless it is one for this place already: then the
 * settings alone change and, if there is one, the descriptor.  `path` as in
 * console/journal_output.  0, or a negative errno, and then the descriptor is
 * still the caller's.
 */
int journal_put(struct journal *journal, size_t number,
    const struct policy_journal_output *settings, const char *path, int fd);

/* What it has is written by the way. */
void journal_drop(struct journal *journal, size_t number);

/* A copy of the descriptor of an output, or a negative errno. */
int journal_dup_fd(struct journal *journal, size_t number);

/* Another process turns all files over from now on (daemon/handover). */
void journal_follow(struct journal *journal);

/* Opens all files again, after somebody has moved them. */
void journal_reopen(struct journal *journal);

struct journal_output_state journal_look(
    struct journal *journal, size_t number);

/* Whether all that was emitted before is written or lost within this time. */
bool journal_flush(struct journal *journal, int64_t patience);

/*
 * One output, a file of JSON at `path`, with the mode 0640 cut by the umask: as
 * without a statement in the policy.  A symbolic link is refused (-ELOOP).  0
 * or a negative errno, and then the journal is as it was.
 */
int journal_open(struct journal *journal, const char *path, mode_t mode);

/*
 * Has that file begun anew if it has reached bytes_max, and what was emitted
 * before is in the one before.  1: it has; 0: not due; or a negative errno.
 */
int journal_rotate_if_due(struct journal *journal);

/* The event_sink_fn; context is the journal.  Any thread. */
void journal_sink(const struct event *event, void *journal);

/* Adds the event as one JSON object, without newline, and with a new id. */
void journal_line(const struct event *event, struct text *line);

#endif
