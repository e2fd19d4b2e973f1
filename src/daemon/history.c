/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/history.h"

#include "base/clock.h"
#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX     "policy."
#define NAME_BYTES 24

/* ---- the folder ---- */

static const char *
name_of(uint32_t id, char ret[static NAME_BYTES])
{
	(void)snprintf(ret, NAME_BYTES, PREFIX "%u", id);
	return ret;
}

static bool
names_digest(const struct last_good_index *files, const char *digest)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->items[i].digest, digest) == 0)
			return true;
	return false;
}

static bool
spares(const void *context, const char *digest)
{
	const struct history *history = context;

	for (size_t i = 0; i < history->count; i++)
		if (names_digest(&history->items[i].files, digest))
			return true;
	return false;
}

/* The place in the list is the one thing that changes. */
static void
forget(struct history *history, struct history_entry *entry)
{
	char name[NAME_BYTES];

	(void)unlinkat(history->good->fd, name_of(entry->id, name), 0);
	history_entry_fini(entry);
	*entry = history->items[--history->count];
}

static void
load(struct history *history, const char *name)
{
	struct history_entry entry = { 0 };
	struct text text = TEXT_EMPTY;
	uint64_t id;

	if (!str_starts(str_of(name), STR(PREFIX)) ||
	    str_number(str_skip(str_of(name), sizeof(PREFIX) - 1), UINT32_MAX,
		&id) < 0)
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

/* ---- finding ---- */

struct history_entry *
history_find(struct history *history, uint32_t id)
{
	for (size_t i = 0; i < history->count; i++)
		if (history->items[i].id == id)
			return &history->items[i];
	return NULL;
}

struct history_entry *
history_at(struct history *history, enum history_state state)
{
	for (size_t i = 0; i < history->count; i++)
		if (history->items[i].state == state)
			return &history->items[i];
	return NULL;
}

struct history_entry *
history_before(struct history *history)
{
	struct history_entry *found = NULL;

	for (size_t i = 0; i < history->count; i++) {
		struct history_entry *one = &history->items[i];
		if (one->state == HISTORY_PAST &&
		    (found == NULL || found->ended < one->ended))
			found = one;
	}
	return found;
}

/* To the byte, in the same places. */
static bool
is_of(const struct history_entry *entry, const struct last_good_index *files)
{
	const struct last_good_index *own = &entry->files;

	if (own->count != files->count || strcmp(own->path, files->path) != 0)
		return false;
	for (size_t i = 0; i < own->count; i++)
		if (strcmp(own->items[i].digest, files->items[i].digest) != 0 ||
		    strcmp(own->items[i].path, files->items[i].path) != 0)
			return false;
	return true;
}

static struct history_entry *
find_same(struct history *history, const struct last_good_index *files)
{
	for (size_t i = 0; i < history->count; i++)
		if (is_of(&history->items[i], files))
			return &history->items[i];
	return NULL;
}

bool
history_waits_for(
    struct history *history, const char *path, const struct snapshot *snapshot)
{
	struct history_entry *entry = history_at(history, HISTORY_WAITING);
	struct last_good_index files = { 0 };

	bool same = entry != NULL &&
		    last_good_index_make(path, snapshot, 0, &files) == 0 &&
		    is_of(entry, &files);
	last_good_index_fini(&files);
	return same;
}

static bool
is_list(const struct policy *policy, const char *path)
{
	for (size_t i = 0; i < policy->group_count; i++)
		if (policy->groups[i]->is_list &&
		    str_is(policy->groups[i]->file, path))
			return true;
	return false;
}

static bool
has_digest(const struct snapshot *snapshot, const char *digest)
{
	for (size_t i = 0; i < snapshot->count; i++)
		if (strcmp(snapshot->items[i].digest, digest) == 0)
			return true;
	return false;
}

/* Under whatever name the files lie: what they say is what was undone. */
static bool
reads_as(const struct history_entry *entry, const struct policy *policy,
    const struct snapshot *snapshot)
{
	const struct last_good_index *files = &entry->files;

	for (size_t i = 0; i < snapshot->count; i++)
		if (!is_list(policy, snapshot->items[i].path) &&
		    !names_digest(files, snapshot->items[i].digest))
			return false;
	for (size_t i = 0; i < files->count; i++)
		if (!is_list(policy, files->items[i].path) &&
		    !has_digest(snapshot, files->items[i].digest))
			return false;
	return true;
}

const struct history_entry *
history_find_undone(const struct history *history, const struct policy *policy,
    struct snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++)
		if (snapshot_digest(&snapshot->items[i]) < 0)
			return NULL;
	for (size_t i = 0; i < history->count; i++)
		if (history->items[i].state == HISTORY_ROLLED_BACK &&
		    reads_as(&history->items[i], policy, snapshot))
			return &history->items[i];
	return NULL;
}

/* ---- bounds ---- */

static uint64_t
bytes_of(const struct history *history, const char *digest)
{
	struct stat st;

	return fstatat(history->good->fd, digest, &st, AT_SYMLINK_NOFOLLOW) < 0
		   ? 0
		   : (uint64_t)st.st_size;
}

static bool
is_over(const struct history_entry *entry)
{
	return entry->state == HISTORY_PAST ||
	       entry->state == HISTORY_ROLLED_BACK;
}

static bool
is_named_before(const struct history *history, size_t at, const char *digest)
{
	for (size_t i = 0; i < history->count; i++)
		if ((i < at || !is_over(&history->items[i])) &&
		    names_digest(&history->items[i].files, digest))
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
		     is_over(&history->items[i]) && k < files->count; k++)
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
		if (!is_over(one))
			continue;
		++*ret_count;
		if (found == NULL || one->ended < found->ended)
			found = one;
	}
	return found;
}

static void
let_go(struct history *history)
{
	struct history_entry *old;
	size_t count;

	while ((old = oldest(history, &count)) != NULL &&
	       (count > HISTORY_POLICIES_MAX ||
		   bytes_of_all(history) > HISTORY_BYTES_MAX))
		forget(history, old);
}

/* ---- what happens ---- */

static int
save(struct history *history, const struct history_entry *entry)
{
	struct text text = TEXT_EMPTY;
	char name[NAME_BYTES];
	int rc = history_entry_write(entry, &text);

	if (rc == 0)
		rc = last_good_write(
		    history->good, name_of(entry->id, name), &text);
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
		    is_over(entry) ? "not in force any more" : "in force",
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
				    : find_same(history, &files);
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
	let_go(history);
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
		forget(history, entry);
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
		forget(history, entry);
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
	let_go(history);
}

void
history_undo(struct history *history)
{
	struct history_entry *entry = history_at(history, HISTORY_WAITING);

	if (entry != NULL)
		end(history, entry, HISTORY_ROLLED_BACK, clock_wall());
	let_go(history);
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

/* ---- telling ---- */

static int
by_began(const void *a, const void *b)
{
	const struct history_entry *const *one = a, *const *other = b;

	return ((*one)->began < (*other)->began) -
	       ((*one)->began > (*other)->began);
}

void
history_json(const struct history *history, struct text *out)
{
	const struct history_entry *all[HISTORY_POLICIES_MAX + 2];
	struct json json = JSON_ON(out);
	size_t count = 0;

	for (; count < history->count && count < HISTORY_POLICIES_MAX + 2;
	     count++)
		all[count] = &history->items[count];
	qsort(all, count, sizeof(*all), by_began);
	json_object_begin(&json);
	json_name(&json, "policies");
	json_array_begin(&json);
	for (size_t i = 0; i < count; i++)
		history_entry_json(all[i], clock_wall(), &json);
	json_array_end(&json);
	json_name(&json, "problem");
	json_put_stringz(
	    &json, history->problem.len > 0 ? history->problem.at : NULL);
	json_object_end(&json);
	text_addc(out, '\n');
}
