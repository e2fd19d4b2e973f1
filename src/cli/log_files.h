/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/log_files: the journal's files, and what of them is wanted.
 *
 *	NAME, NAME.1, NAME.2 ...	the newest first
 *
 * They are opened from the newest on, as far back as something in them can be
 * wanted, and stay open: what is renamed meanwhile is still the same file.
 */
#ifndef GATEHOUSE_CLI_LOG_FILES_H
#define GATEHOUSE_CLI_LOG_FILES_H

#include "cli/log_seek.h"

/* Below what a process may have open. */
#define LOG_FILES_MAX 512

struct log_wish {
	int64_t since, until; /* clock_wall; INT64_MIN and INT64_MAX: all */
	size_t last;          /* so many wanted lines; SIZE_MAX: all */
	log_wanted_fn wanted;
	void *context;
};

/* What is to be read of one file. */
struct log_file {
	struct log_tail tail; /* where the first wanted line begins */
	off_t end;            /* before it; what is written later is new */
};

struct log_files {
	struct log_file *items; /* the newest first */
	size_t count, room;
};

/*
 * Opens the files that may have what is wanted, and finds its start in each.
 * 0 or a negative errno: the file at `path` cannot be read.  log_files_close
 * in any case.
 */
int log_files_open(
    const char *path, const struct log_wish *wish, struct log_files *ret);
void log_files_close(struct log_files *files);

/*
 * Gives the lines of the oldest file, and so on to the one with the index
 * `newest`.  0, what `line` returned if that was not 0, or a negative errno.
 */
int log_files_give(
    struct log_files *files, size_t newest, log_line_fn line, void *context);

#endif
