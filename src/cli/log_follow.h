/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/log_follow: the last lines of the journal, and then each new one.
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
	size_t last; /* lines to begin with; SIZE_MAX: all there are */
	bool follow; /* and then each new one */
	int look_ms; /* how often to look untold; 0: every second */
	int output;  /* lent; the end when nobody reads from it; -1: none */
	log_line_fn line;
	void *context;
};

/*
 * Gives the lines.  While it follows, SIGINT and SIGTERM are taken as the wish
 * to end (unless they were ignored before).  0 at the end; what `line`
 * returned, if that was not 0; or a negative errno: the file is not there, or
 * is none.
 */
int log_follow(const struct log_follow *order);

#endif
