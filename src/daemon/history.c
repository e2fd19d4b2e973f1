/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/history.h"

#include "base/clock.h"
#include "base/vec.h"
#include "daemon/history_impl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the folder ---- */

static bool
spares(const void *context, const char *digest)
{
	const struct history *history = context;

	for (size_t i = 0; i < history->count; i++)
		if (history_names(&history->items[i].files, digest))
			return true;
	return false;
}

static void
load(struct history *history, const char *name)
{
	struct history_entry entry = { 0 };
	struct text text = TEXT_EMPTY;
	uint64_t id;

	if (!str_starts(str_of(name), STR(HISTORY_PREFIX)) ||
	    str_number(str_skip(str_of(name), sizeof(HISTORY_PREFIX) - 1),
		UINT32_MAX, &id) < 0)
		return;
	if (id > history->last_id)
		history->last_id = (uint32_t)id;
	int rc = last_good_load(history->good, name, &text);
	if (rc == 0)
		rc = history_entry_read(text_str(&text), &entry);
	if (rc == 0 && entry.id != id)
		rc = -EBADMSG;
	if (rc == 0)
		rc = VEC_ADD(history, entry);
	if (rc < 0)
		history_entry_fini(&entry);
	if (rc == -EBADMSG)
		(void)unlinkat(history->good->fd, name, 0);
	text_fini(&text);
}

/* Death between two files may leave two in force: the later one was. */
static void
settle(struct history *history)
{
	struct history_entry *now = NULL;

	for (size_t i = 0; i < history->count; i++) {
		struct history_entry *one = &history->items[i];
		if (one->state != HISTORY_IN_FORCE)
			continue;
		struct history_entry *old =
		    now == NULL || now->began < one->began ? now : one;
		now = old == now ? one : now;
		if (old == NULL)
			continue;
		old->state = HISTORY_PAST;
		old->ended = now->began;
	}
}

void
history_open(struct history *history, struct last_good *good)
{
	*history = (struct history){ .good = good };
	int fd = openat(good->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	good->spares = spares;
	good->spares_context = history;
	if (dir == NULL) {
		if (fd >= 0)
			(void)close(fd);
		return;
	}
	for (struct dirent *one; (one = readdir(dir)) != NULL;)
		load(history, one->d_name);
	(void)closedir(dir);
	settle(history);
}

void
history_close(struct history *history)
{
	for (size_t i = 0; i < history->count; i++)
		history_entry_fini(&history->items[i]);
	free(history->items);
	text_fini(&history->problem);
	*history = (struct history){ 0 };
}

/* ---- what happens ---- */

static int
save(struct history *history, const struct history_entry *entry)
{
	struct text text = TEXT_EMPTY;
	char name[HISTORY_FILE_BYTES];
	int rc = history_entry_write(entry, &text);

	if (rc == 0)
		rc = last_good_write(
		    history->good, history_file_name(entry->id, name), &text);
	text_fini(&text);
	return rc;
}

/* Once for each trouble: what else is in status. */
static void
save_or_tell(struct history *history, const struct history_entry *entry)
{
	int rc = save(history, entry);

	text_clear(&history->problem);
	if (rc < 0)
		text_addf(&history->problem,
		    "that policy %u is %s could not be kept in %s: %s",
		    entry->id,
		    history_is_over(entry) ? "not in force any more"
					   : "in force",
		    history->good->dir, last_good_why(rc));
}

/* A time that the clock has not reached before. */
static void
begin(struct history_entry *entry, enum history_state state, int64_t now)
{
	if (entry->ended != 0)
		entry->held = history_entry_held(entry, now);
	entry->state = state;
	entry->began = now;
	entry->ended = 0;
}

static void
end(struct history *history, struct history_entry *entry,
    enum history_state state, int64_t now)
{
	entry->state = state;
	entry->ended = now;
	save_or_tell(history, entry);
}

static int
take_words(const struct history_news *news, struct history_entry *entry)
{
	const struct {
		struct str from;
		char **to;
	} words[] = { { news->who, &entry->who },
		{ news->name, &entry->name } };

	for (size_t i = 0; i < 2; i++) {
		char *copy;
		if (words[i].from.len == 0)
			continue;
		copy = strndup(words[i].from.at, words[i].from.len);
		if (copy == NULL)
			return -ENOMEM;
		free(*words[i].to);
		*words[i].to = copy;
	}
	return 0;
}

/* A new entry, in no list yet on the disk. */
static struct history_entry *
add(struct history *history, struct last_good_index *files)
{
	struct history_entry entry = { .id = history->last_id + 1,
		.state = HISTORY_PAST,
		.files = *files };

	if (VEC_ADD(history, entry) < 0)
		return NULL;
	*files = (struct last_good_index){ 0 };
	history->last_id = entry.id;
	return &history->items[history->count - 1];
}

/* That which reads so, or a new one. */
static struct history_entry *
entry_of(struct history *history, const struct history_news *news)
{
	struct last_good_index files = { 0 };
	struct history_entry *entry = NULL;

	for (size_t i = 0; i < news->snapshot->count; i++)
		if (snapshot_digest(&news->snapshot->items[i]) < 0)
			return NULL;
	if (last_good_index_make(
		news->path, news->snapshot, news->since, &files) == 0) {
		entry = news->again ? history_at(history, HISTORY_IN_FORCE)
				    : history_find_same(history, &files);
		if (entry == NULL) {
			entry = add(history, &files);
		} else {
			last_good_index_fini(&entry->files);
			entry->files = files;
			files = (struct last_good_index){ 0 };
		}
	}
	last_good_index_fini(&files);
	if (entry == NULL || take_words(news, entry) < 0)
		return NULL;
	entry->rules = (uint32_t)news->rules;
	return entry;
}

void
history_follow(struct history *history, const struct history_news *news)
{
	if (history->good == NULL)
		return;
	struct history_entry *entry = entry_of(history, news);
	if (entry == NULL) {
		text_clear(&history->problem);
		text_addz(&history->problem,
		    "there was no memory to keep the policy in the history");
		return;
	}
	uint32_t id = entry->id;
	struct history_entry *was = history_at(history, HISTORY_IN_FORCE);
	if (entry != was)
		begin(entry, HISTORY_IN_FORCE, news->since);
	save_or_tell(history, entry);
	if (was != NULL && was->id != id)
		end(history, was, HISTORY_PAST, news->since);
	history_let_go(history);
}

int64_t
history_wait(struct history *history, const struct history_news *news)
{
	if (history->good == NULL)
		return 0;
	struct history_entry *entry = entry_of(history, news);
	if (entry == NULL)
		return -ENOMEM;
	/* That which is in force already has been confirmed. */
	if (entry->state == HISTORY_IN_FORCE)
		return entry->id;
	enum history_state state = entry->state;
	int64_t began = entry->began, ended = entry->ended, held = entry->held;
	int rc = last_good_store(history->good, news->snapshot);
	begin(entry, HISTORY_WAITING, news->since);
	if (rc == 0)
		rc = save(history, entry);
	if (rc == 0)
		return entry->id;
	if (began == 0) {
		history_forget(history, entry);
	} else {
		entry->state = state;
		entry->began = began;
		entry->ended = ended;
		entry->held = held;
	}
	return rc;
}

void
history_forget_waiting(struct history *history)
{
	struct history_entry *entry = history_at(history, HISTORY_WAITING);

	if (entry == NULL)
		return;
	if (entry->held > 0) /* it has been in force before, and was not kept */
		end(history, entry, HISTORY_ROLLED_BACK, clock_wall());
	else
		history_forget(history, entry);
}

/* Its lists may have been read anew meanwhile. */
void
history_confirm(struct history *history, struct snapshot *snapshot)
{
	struct history_entry *entry = history_at(history, HISTORY_WAITING);
	struct history_entry *was = history_at(history, HISTORY_IN_FORCE);
	struct last_good_index files;

	if (entry == NULL)
		return;
	if (snapshot != NULL &&
	    last_good_index_make(
		entry->files.path, snapshot, entry->files.since, &files) == 0) {
		last_good_index_fini(&entry->files);
		entry->files = files;
	}
	entry->state = HISTORY_IN_FORCE;
	save_or_tell(history, entry);
	if (was != NULL)
		end(history, was, HISTORY_PAST, entry->began);
	history_let_go(history);
}

void
history_undo(struct history *history)
{
	struct history_entry *entry = history_at(history, HISTORY_WAITING);

	if (entry != NULL)
		end(history, entry, HISTORY_ROLLED_BACK, clock_wall());
	history_let_go(history);
}

void
history_return(struct history *history, uint32_t id)
{
	struct history_entry *was = history_at(history, HISTORY_IN_FORCE);
	struct history_entry *entry = history_find(history, id);
	int64_t now = clock_wall();

	if (entry == NULL || entry == was)
		return;
	begin(entry, HISTORY_IN_FORCE, now);
	save_or_tell(history, entry);
	if (was != NULL)
		end(history, was, HISTORY_ROLLED_BACK, now);
}
