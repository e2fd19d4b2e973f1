/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/log_follow: what the journal has, and then each new line.
 *
 * The file may grow, be cut, or be renamed and begun anew (rotation).  After a
 * rotation the file before is still read until the next one: the proxy writes
 * to it until it has been given the new file.  If the file is rotated twice
 * while nobody looks, what stood in between is not seen.
 *
 * inotify tells that something happened in the folder; a look a second tells
 * it where inotify cannot (a link into another folder, a network file system,
 * no watches left).
 */
#ifndef GATEHOUSE_CLI_LOG_FOLLOW_H
#define GATEHOUSE_CLI_LOG_FOLLOW_H

#include "cli/log_tail.h"

struct log_follow {
	const char *path;
	/* Gives what is in older files, and puts the one at the path where it
	 * is to be read from; 0, or what is to be returned.  NULL: nothing is
	 * older, and all is read. */
	int (*past)(struct log_tail *current, void *context);
	bool follow; /* and then each new line */
	int look_ms; /* how often to look untold; 0: every second */
	int output;  /* lent; the end when nobody reads from it; -1: none */
	log_line_fn line;
	void *context;
};

/*
 * Gives the lines.  While it follows, SIGINT and SIGTERM are taken as the wish
 * to end (unless they were ignored before).  0 at the end; what `past` or
 * `line` returned, if that was not 0; or a negative errno: the file is not
 * there, or is none.
 */
int log_follow(const struct log_follow *order);

#endif
