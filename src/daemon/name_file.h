/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/name_file: learned names on disk, so that they outlive the daemon.
 *
 * DIR/names, a line for each answer that was news:
 *
 *	NOTED UNTIL lan git.example.com 192.0.2.1 192.0.2.2
 *
 * Times are those of clock_format.  What has come is one write, when it is
 * settled; the file is written anew, beside and in one step, when it is opened
 * and when most of its lines are of the past.
 */
#ifndef GATEHOUSE_DAEMON_NAME_FILE_H
#define GATEHOUSE_DAEMON_NAME_FILE_H

#include "firewall/learned_sets.h"

#include "base/text.h"

/* Lines of the past in the file, beside twice as many as there are names. */
#define NAME_FILE_OLD_LINES_MAX 10000

/* As many lines of the longest name with one address, and those of the past. */
#define NAME_FILE_BYTES_MAX ((size_t)128 << 20)

struct name_file {
	char *path; /* owned; NULL: not opened */
	int fd;     /* -1: none */
	size_t lines;
	struct text next; /* what is not written yet */
	size_t next_lines;
};

#define NAME_FILE_CLOSED ((struct name_file){ .path = NULL, .fd = -1 })

/*
 * Reads what is at `path` into the names (of which there were none) and begins
 * the file anew.  What has ended by `now` is left out; that lines make no sense
 * is told in *words.  0, or a negative errno with a sentence in *words: what
 * could be read is there, and nothing is kept.
 */
int name_file_open(struct name_file *file, const char *path,
    struct learned_names *names, int64_t now, struct text *words);
void name_file_close(struct name_file *file);

/* One more answer, which name_file_write will write. */
void name_file_note(struct name_file *file, struct str zone,
    const struct learned_answer *answer);

/* 0 or a negative errno. */
int name_file_write(struct name_file *file, const struct learned_names *names);

#endif
