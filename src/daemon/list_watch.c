/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/list_watch.h"

#include "base/vec.h"
#include "policy/list_file.h"

#include <errno.h>
#include <stdlib.h>

int
list_watch_begin(
    struct list_watch *watch, const struct policy *policy, int64_t now)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < policy->group_count; i++) {
		struct watched_list one = { .group = policy->groups[i] };
		if (one.group->refresh == 0)
			continue;
		one.due = now + one.group->refresh;
		rc = VEC_ADD(watch, one);
	}
	return rc;
}

/* The same text was read in the same order, so the lists are the same. */
int
list_watch_go_on(struct list_watch *watch, const struct policy *policy,
    const struct list_watch *before, const char *fresh)
{
	int rc = list_watch_begin(watch, policy, 0);

	for (size_t i = 0; i < watch->count && i < before->count; i++) {
		struct watched_list *one = &watch->items[i];
		one->due = before->items[i].due;
		if (str_is(one->group->file, fresh))
			continue;
		text_add(&one->problem, text_str(&before->items[i].problem));
		if (one->problem.full)
			rc = -ENOMEM;
	}
	return rc;
}

void
list_watch_fini(struct list_watch *watch)
{
	for (size_t i = 0; i < watch->count; i++)
		text_fini(&watch->items[i].problem);
	free(watch->items);
	*watch = (struct list_watch){ 0 };
}

struct watched_list *
list_watch_first(struct list_watch *watch)
{
	struct watched_list *first = NULL;

	for (size_t i = 0; i < watch->count; i++)
		if (first == NULL || watch->items[i].due < first->due)
			first = &watch->items[i];
	return first;
}

const struct watched_list *
list_watch_find(
    const struct list_watch *watch, const struct policy_group *group)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->items[i].group == group)
			return &watch->items[i];
	return NULL;
}

static int
say_unreadable(const char *path, int rc, struct text *why)
{
	if (rc == -ENOENT)
		text_addf(why, "there is no file %s", path);
	else
		text_addf(why, "cannot read %s: %s", path, list_file_fault(rc));
	return rc;
}

/* A time in the future is of another clock and says nothing. */
static bool
is_settled(const struct stamp *stamp, int64_t wall)
{
	int64_t age = wall - stamp->changed;

	return age < 0 || age >= LIST_WATCH_SETTLE;
}

static bool
ends_its_line(struct str text)
{
	char last = text.at[text.len - 1];

	return last == '\n' || last == '\r';
}

static int
check_whole(const char *path, struct str text, bool torn, struct text *why)
{
	int rc = -EBADMSG;

	if (torn) {
		text_addf(why, "%s was written while it was read", path);
		rc = -EAGAIN;
	} else if (text.len == 0) {
		text_addf(why,
		    "%s has no byte; a list that is to hold nothing has a "
		    "comment in it",
		    path);
	} else if (!ends_its_line(text)) {
		text_addf(why,
		    "the last line of %s has no end: was it cut off?", path);
	} else {
		rc = 1;
	}
	return rc;
}

int
list_watch_look(const char *path, const struct stamp *known, int64_t wall,
    struct snapshot_fresh *ret, struct text *reterr_why)
{
	struct stamp now;
	bool torn = false;
	int rc = stamp_of(path, &now);

	*ret = (struct snapshot_fresh){ .path = path, .read = wall };
	if (rc < 0)
		return say_unreadable(path, rc, reterr_why);
	if (stamp_eq(&now, known))
		return 0;
	if (!is_settled(&now, wall)) {
		text_addf(reterr_why, "%s is still being written", path);
		return -EAGAIN;
	}
	rc = stamp_read(
	    path, POLICY_LIST_BYTES_MAX, &ret->text, &ret->stamp, &torn);
	if (rc < 0)
		return say_unreadable(path, rc, reterr_why);
	return check_whole(path, text_str(&ret->text), torn, reterr_why);
}
