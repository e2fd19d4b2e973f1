/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/stamp: which state of a file was read.
 *
 * Device, inode, size and time of change: a file that was replaced by a rename
 * and one that was written in place both show.
 */
#ifndef GATEHOUSE_DAEMON_STAMP_H
#define GATEHOUSE_DAEMON_STAMP_H

#include "base/text.h"

#include <sys/types.h>

struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	int64_t changed; /* clock_wall */
};

/* Of the file that the path leads to now.  0 or a negative errno. */
int stamp_of(const char *path, struct stamp *ret);
int stamp_of_fd(int fd, struct stamp *ret);

bool stamp_eq(const struct stamp *a, const struct stamp *b);

/*
 * As file_read, by daemon/trail; *ret is the state before the first byte was
 * read, and *ret_torn says whether it was another one after the last.
 */
int stamp_read(const char *path, size_t bytes_max, struct text *ret_text,
    struct stamp *ret, bool *ret_torn);

#endif
