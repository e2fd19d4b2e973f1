/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/history_impl: what the files of daemon/history share: what happens
 * (history.c), what is found (history_find.c), and what there is room for
 * (history_room.c).
 */
#ifndef GATEHOUSE_DAEMON_HISTORY_IMPL_H
#define GATEHOUSE_DAEMON_HISTORY_IMPL_H

#include "daemon/history.h"

#define HISTORY_PREFIX     "policy."
#define HISTORY_FILE_BYTES 24

/* What the file of an entry is called. */
const char *history_file_name(uint32_t id, char ret[static HISTORY_FILE_BYTES]);

/* Whether the digest is that of one of the files. */
bool history_names(const struct last_good_index *files, const char *digest);

/* It is not in force, nor does it wait. */
bool history_is_over(const struct history_entry *entry);

/* The one of these files, to the byte and in the same places; or NULL. */
struct history_entry *history_find_same(
    struct history *history, const struct last_good_index *files);

/* Also on the disk.  Another entry takes its place in memory. */
void history_forget(struct history *history, struct history_entry *entry);

/* Forgets the oldest, as long as there are too many or too large ones. */
void history_let_go(struct history *history);

#endif
