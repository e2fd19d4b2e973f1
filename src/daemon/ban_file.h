/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/ban_file: the bans on disk, so that they outlive the daemon.
 *
 * DIR/bans, a line for each change, in the order in which they came:
 *
 *	ban 203.0.113.9 SINCE UNTIL too many logins
 *	ban 2001:db8::/32 SINCE -
 *	unban 203.0.113.9
 *
 * Times are those of clock_format (`-`: for ever); the reason may be missing.
 * A change is one line that is appended; the file is written anew, beside and
 * in one step, when it is opened and when most of its lines are of the past.
 */
#ifndef GATEHOUSE_DAEMON_BAN_FILE_H
#define GATEHOUSE_DAEMON_BAN_FILE_H

#include "firewall/bans.h"

/* Lines of the past in the file, beside twice as many as there are bans. */
#define BAN_FILE_OLD_LINES_MAX 1000

/* BANS_MAX lines, and as many of the past, of the longest kind. */
#define BAN_FILE_BYTES_MAX ((size_t)64 << 20)

struct ban_file {
	char *path; /* owned; NULL: not opened */
	int fd;     /* -1: none */
	size_t lines;
};

#define BAN_FILE_CLOSED ((struct ban_file){ .path = NULL, .fd = -1 })

/*
 * Reads what is at `path` into the bans (which were empty) and begins the file
 * anew.  What has ended by `now` is left out; lines that make no sense are told
 * of in *words, one line each.  0, or a negative errno with a sentence in
 * *words: the bans that could be read are there, and nothing is kept.
 */
int ban_file_open(struct ban_file *file, const char *path, struct bans *bans,
    int64_t now, struct text *words);
void ban_file_close(struct ban_file *file);

/*
 * Notes the change of this range, which was put into the bans or taken from
 * them.  0 or a negative errno.
 */
int ban_file_note(struct ban_file *file, const struct bans *bans,
    const struct address_range *range);

#endif
