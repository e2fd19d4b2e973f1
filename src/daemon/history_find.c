/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/history_find: which policy of before is meant, and what is told of
 * all.
 */
#include "base/clock.h"
#include "daemon/history_impl.h"

#include <stdlib.h>

bool
history_names(const struct last_good_index *files, const char *digest)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->items[i].digest, digest) == 0)
			return true;
	return false;
}

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

struct history_entry *
history_find_same(struct history *history, const struct last_good_index *files)
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
		    !history_names(files, snapshot->items[i].digest))
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
