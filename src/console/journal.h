/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal: events as JSON lines, in one file that two processes share.
 *
 *	gatehoused        journal_open("events.jsonl")   opens, rotates
 *	gatehouse-proxy   journal_use_fd(fd)             is handed it
 *
 * One event is one line, and a write(2) to a descriptor that appends is of
 * whole lines, so that lines of two processes and of many threads never mix.
 * It is one line, but for a batch: who has many events at once begins one, and
 * until its end lines are gathered and written some hundred at a time.  The
 * journal never waits for a reader or a disk: a line that cannot be written at
 * once is lost and counted (COUNTER_EVENTS_LOST).  If a part of one went out,
 * the next line begins with a newline, so that one broken line is all that a
 * reader sees.
 *
 * Life: init, then open or use_fd, then the sink from any thread; reopen,
 * rotate_if_due, use_fd and fini from one thread, and fini when no thread
 * emits any more.  The process ignores SIGPIPE and SIGXFSZ: a closed pipe and
 * a file size limit are answered here like a full disk.
 *
 * The format is documented in docs/events.md and is part of the outside.
 */
#ifndef GATEHOUSE_CONSOLE_JOURNAL_H
#define GATEHOUSE_CONSOLE_JOURNAL_H

#include <pthread.h>
#include <sys/types.h>

#include "base/text.h"
#include "event/event.h"

/* A line with its newline: long names and URLs are cut to keep to it. */
#define JOURNAL_LINE_BYTES_MAX 8192

/* The size at which a file is due, unless bytes_max says another. */
#define JOURNAL_BYTES_MAX ((int64_t)64 << 20)

struct journal {
	pthread_mutex_t lock; /* of fd, broken and the batch */
	int fd;               /* owned; -1: none, and every event is lost */
	bool broken;          /* the last line written has no end */
	bool batching;
	struct text batch; /* its lines that are not written yet */
	int64_t gathered;  /* how many they are */
	char *path;        /* owned; NULL: the descriptor was given */
	mode_t mode;
	int64_t bytes_max;
};

void journal_init(struct journal *journal);
void journal_fini(struct journal *journal);

/*
 * Opens the file at path for appending, made with this mode if it was not
 * there.  A symbolic link is refused (-ELOOP).  0 or a negative errno, and
 * then the journal is as it was.
 */
int journal_open(struct journal *journal, const char *path, mode_t mode);

/* Opens the path again, after somebody moved the file.  0 or negative errno. */
int journal_reopen(struct journal *journal);

/*
 * If the file has reached bytes_max: renames it to PATH.1, in place of the one
 * before, and opens PATH anew.  1: rotated, and the other process needs
 * journal_fd; 0: not due; or a negative errno, and writing goes on where it
 * was.  What is written to the old descriptor meanwhile is in PATH.1.
 */
int journal_rotate_if_due(struct journal *journal);

/*
 * Writes to this descriptor from now on, which is taken over.  It is made to
 * append and, if it is no file, not to block; that holds for everybody who
 * shares the open file, so a pipe should be the journal's own.  0 or a
 * negative errno, and then fd is still the caller's.
 */
int journal_use_fd(struct journal *journal, int fd);

/* The descriptor, lent until the next change of file; -1: none. */
int journal_fd(const struct journal *journal);

/*
 * What is emitted between the two is in the file by the end at the latest.
 * Not nested; nothing may wait between them, since readers do.
 */
void journal_batch_begin(struct journal *journal);
void journal_batch_end(struct journal *journal);

/* The event_sink_fn; context is the journal.  Any thread. */
void journal_sink(const struct event *event, void *journal);

/* Adds the event as one JSON object, without newline, and with a new id. */
void journal_line(const struct event *event, struct text *line);

#endif
