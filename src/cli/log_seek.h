/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/log_seek: a place in a file of the journal, found without reading all
 * of it: by time, or by counting from its end.
 *
 * Lines stand very nearly in the order of their times.  Where a clock was set
 * back, a search by time finds one of the places that there are.
 */
#ifndef GATEHOUSE_CLI_LOG_SEEK_H
#define GATEHOUSE_CLI_LOG_SEEK_H

#include "cli/log_tail.h"

/* How far a line may stand from its place by time. */
#define LOG_SEEK_SLACK_S 60

/* How near a search by time comes. */
#define LOG_SEEK_NEAR_BYTES 65536

/*
 * The start of a line that has none before it (in its first `size` bytes) of
 * this time or a later one, at most so many bytes before the first that has.
 * 0 or a negative errno.
 */
int log_seek_time(int fd, off_t size, int64_t time, off_t *ret);

/* Whether the line is one that is looked for; lent for the call. */
typedef bool (*log_wanted_fn)(struct str line, void *context);

/*
 * Goes back from `end` to `begin`, a line's start, until it has met *count
 * wanted lines; *ret is the start of the last of them, or `begin`, and *count
 * how many are missing still.  What `end` cuts off a line is no line.  0 or a
 * negative errno.
 */
int log_seek_back(int fd, off_t begin, off_t end, size_t *count,
    log_wanted_fn wanted, void *context, off_t *ret);

#endif
