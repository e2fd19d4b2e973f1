/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/history_room: the oldest go when there are too many, or too large
 * ones.
 */
#include "daemon/history_impl.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

const char *
history_file_name(uint32_t id, char ret[static HISTORY_FILE_BYTES])
{
	(void)snprintf(ret, HISTORY_FILE_BYTES, HISTORY_PREFIX "%u", id);
	return ret;
}

/* The place in the list is the one thing that changes. */
void
history_forget(struct history *history, struct history_entry *entry)
{
	char name[HISTORY_FILE_BYTES];

	(void)unlinkat(
	    history->good->fd, history_file_name(entry->id, name), 0);
	history_entry_fini(entry);
	*entry = history->items[--history->count];
}

static uint64_t
bytes_of(const struct history *history, const char *digest)
{
	struct stat st;

	return fstatat(history->good->fd, digest, &st, AT_SYMLINK_NOFOLLOW) < 0
		   ? 0
		   : (uint64_t)st.st_size;
}

bool
history_is_over(const struct history_entry *entry)
{
	return entry->state == HISTORY_PAST ||
	       entry->state == HISTORY_ROLLED_BACK;
}

static bool
is_named_before(const struct history *history, size_t at, const char *digest)
{
	for (size_t i = 0; i < history->count; i++)
		if ((i < at || !history_is_over(&history->items[i])) &&
		    history_names(&history->items[i].files, digest))
			return true;
	return false;
}

/* What those that are over need for themselves, each file once. */
static uint64_t
bytes_of_all(const struct history *history)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < history->count; i++) {
		const struct last_good_index *files = &history->items[i].files;
		for (size_t k = 0;
		     history_is_over(&history->items[i]) && k < files->count;
		     k++)
			if (!is_named_before(
				history, i, files->items[k].digest))
				bytes +=
				    bytes_of(history, files->items[k].digest);
	}
	return bytes;
}

static struct history_entry *
oldest(struct history *history, size_t *ret_count)
{
	struct history_entry *found = NULL;

	*ret_count = 0;
	for (size_t i = 0; i < history->count; i++) {
		struct history_entry *one = &history->items[i];
		if (!history_is_over(one))
			continue;
		++*ret_count;
		if (found == NULL || one->ended < found->ended)
			found = one;
	}
	return found;
}

void
history_let_go(struct history *history)
{
	struct history_entry *old;
	size_t count;

	while ((old = oldest(history, &count)) != NULL &&
	       (count > HISTORY_POLICIES_MAX ||
		   bytes_of_all(history) > HISTORY_BYTES_MAX))
		history_forget(history, old);
}
