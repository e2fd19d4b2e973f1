/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/file: whole files, read or written at once.
 */
#ifndef GATEHOUSE_BASE_FILE_H
#define GATEHOUSE_BASE_FILE_H

#include "base/text.h"

#include <stddef.h>

/*
 * Reads all of a regular file into ret.  0, or a negative errno: -EISDIR and
 * -EINVAL for what is not a regular file, -EFBIG above bytes_max.
 */
int file_read(const char *path, size_t bytes_max, struct text *ret);
int file_read_fd(int fd, size_t bytes_max, struct text *ret);

/* Whether others than its owner can read it; what cannot be asked is open. */
bool file_is_open(const char *path);

/* Writes all of s, through interruptions.  0 or a negative errno. */
int file_write_all(int fd, struct str s);

/*
 * Writes all of s beside the path, and puts that in its place: a crash leaves
 * the one or the other.  0, and *ret_fd is open for appending, for the owner of
 * the process alone; or a negative errno.
 */
int file_write_anew(const char *path, struct str s, int *ret_fd);

/*
 * The path of `name` as seen from the folder of `beside`; absolute names stay.
 * Written into ret (cleared first).
 */
void file_beside(const char *beside, struct str name, struct text *ret);

/*
 * Calls `each` with every path that the pattern fits (glob(3)), sorted by its
 * bytes; none is fine.  0 or a negative errno.
 */
int file_list(const char *pattern,
    void (*each)(void *each_context, const char *path), void *each_context);

#endif
