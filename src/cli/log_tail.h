/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/log_tail: the lines of one open file, as far as it has grown.
 *
 * A tail has a place in its file.  Each step reads a piece from there on and
 * gives whole lines to the caller; what is not yet ended by a newline waits
 * for its end.  If the file became shorter than the place, somebody cut it,
 * and the tail begins again at its start.
 *
 * Life: open, step by step, close.  One thread.
 */
#ifndef GATEHOUSE_CLI_LOG_TAIL_H
#define GATEHOUSE_CLI_LOG_TAIL_H

#include <sys/stat.h>

#include "base/text.h"

/* Eight times what the journal writes; of a longer line no more is given. */
#define LOG_TAIL_LINE_BYTES_MAX ((size_t)64 * 1024)

/* A line without its newline, lent for the call.  0 to go on. */
typedef int (*log_line_fn)(struct str line, void *context);

struct log_tail {
	int fd;              /* owned; -1: closed */
	off_t at;            /* where the next step reads */
	struct text partial; /* the begin of a line */
	bool skipping;       /* the line was too long and has been given */
};

#define LOG_TAIL_CLOSED ((struct log_tail){ .fd = -1 })

/* At the file's start.  0 or a negative errno; -EINVAL for what is no file. */
int log_tail_open(struct log_tail *tail, const char *path);
void log_tail_close(struct log_tail *tail);

/*
 * Reads one piece and gives its lines.  *ret_more: there was something, and
 * there may be more.  0, what `line` returned if that was not 0, or a
 * negative errno.
 */
int log_tail_step(
    struct log_tail *tail, log_line_fn line, void *context, bool *ret_more);

/* Gives what has no newline, if there is something: no more will come. */
int log_tail_finish(struct log_tail *tail, log_line_fn line, void *context);

/* Whether the tail is open on the file that st tells of. */
bool log_tail_is_on(const struct log_tail *tail, const struct stat *st);

#endif
