/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ban_keeper.h"

#include "daemon/ban_exempt.h"
#include "daemon/ban_words.h"
#include "daemon/child.h"
#include "daemon/early.h"
#include "daemon/generation.h"
#include "daemon/leash.h"
#include "daemon/notice.h"
#include "daemon/runtime.h"
#include "firewall/ban_sets.h"

#include <errno.h>
#include <stdio.h>

/* ---- all that a change is ---- */

static void arm(struct ban_keeper *keeper, int64_t due);

/* What is in force is in force, written down or not. */
static void
note(struct ban_keeper *keeper, const struct address_range *range)
{
	int rc = ban_file_note(&keeper->file, &keeper->bans, range);

	if (rc < 0)
		notice_say("a change of the bans could not be written: %s; a "
			   "restart will not know it",
		    strerror(-rc));
	/* One that is gone does not matter: its end is looked for in vain. */
	const struct ban *ban = bans_find(&keeper->bans, range);
	if (ban != NULL && ban->ends != 0)
		arm(keeper, ban->ends);
}

int
ban_keeper_add(struct ban_keeper *keeper, const struct ban *ban, uint32_t line,
    struct text *out)
{
	struct bans *bans = &keeper->bans;
	const struct ban *found = bans_find(bans, &ban->range);
	struct ban before = found != NULL ? *found : (struct ban){ 0 };
	int rc = bans_put(bans, ban);

	if (rc < 0) {
		text_addf(out, "there are too many bans: %zu", bans->count);
		return rc;
	}
	/* Before the first policy there are no sets to follow. */
	if (*keeper->current != NULL)
		rc = ban_sets_follow(keeper->sets, bans, &ban->range, out);
	if (rc < 0) {
		if (found != NULL)
			(void)bans_put(bans, &before);
		else
			(void)bans_remove(bans, &ban->range);
		return rc;
	}
	if (*keeper->current != NULL)
		early_see_ban(keeper->early, &ban->range);
	if (keeper->child->pid != 0)
		(void)child_tell_ban(keeper->child, &ban->range, true);
	if (*keeper->current != NULL)
		leash_see_ban(keeper->leash, (*keeper->current)->policy);
	note(keeper, &ban->range);
	ban_describe(ban, out);
	ban_tell(ban, line, "drop", out->at);
	return 0;
}

/* `is_over`: by the clock, and not because somebody said so. */
static int
remove_ban(struct ban_keeper *keeper, const struct ban *ban, bool is_over,
    const char *why, struct text *out)
{
	struct bans *bans = &keeper->bans;
	struct ban_sets *sets = keeper->sets;
	struct ban gone = *ban;
	int rc = 0;

	(void)bans_remove(bans, &gone.range);
	if (*keeper->current != NULL)
		rc = is_over ? ban_sets_follow_end(sets, bans, &gone.range, out)
			     : ban_sets_follow(sets, bans, &gone.range, out);
	if (rc < 0) {
		/* There was room for it a moment ago. */
		(void)bans_put(bans, &gone);
		return rc;
	}
	if (*keeper->current != NULL)
		early_see_ban(keeper->early, &gone.range);
	if (keeper->child->pid != 0)
		(void)child_tell_ban(keeper->child, &gone.range, false);
	note(keeper, &gone.range);
	ban_describe_end(&gone, why, out);
	ban_tell(&gone, 0, "allow", out->at);
	return 0;
}

int
ban_keeper_remove(
    struct ban_keeper *keeper, const struct ban *ban, struct text *out)
{
	return remove_ban(keeper, ban, false, "it was unbanned", out);
}

int
ban_keeper_tell_proxy(struct ban_keeper *keeper)
{
	const struct bans *bans = &keeper->bans;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < bans->count; i++)
		rc = child_tell_ban(keeper->child, &bans->items[i].range, true);
	return rc;
}

/* ---- their end ---- */

/* One that the kernel does not let go is tried again a little later. */
static int
end_one(struct ban_keeper *keeper, const struct ban *ban)
{
	struct text words = TEXT_EMPTY;
	int rc = remove_ban(keeper, ban, true, "its time is over", &words);

	if (rc < 0)
		notice_say("%s", words.at != NULL ? words.at : strerror(-rc));
	text_fini(&words);
	return rc;
}

static void
arm_first(struct ban_keeper *keeper)
{
	const struct ban *first = bans_first_to_end(&keeper->bans);

	if (first != NULL)
		arm(keeper, first->ends);
}

static void
on_end(struct loop_timer *timer)
{
	struct ban_keeper *keeper = timer->context;
	const struct bans *bans = &keeper->bans;
	const struct ban *first;

	while ((first = bans_first_to_end(bans)) != NULL &&
	       first->ends <= clock_now()) {
		if (end_one(keeper, first) == 0)
			continue;
		arm(keeper, clock_now() + CLOCK_SECOND);
		return;
	}
	arm_first(keeper);
}

/* Those that come are many, so that nobody looks at all of them for each. */
static void
arm(struct ban_keeper *keeper, int64_t due)
{
	if (loop_timer_is_armed(&keeper->end) && keeper->due <= due)
		return;
	loop_timer_cancel(&keeper->end);
	keeper->end.fn = on_end;
	keeper->end.context = keeper;
	keeper->due = due;
	loop_timer_arm(keeper->loop, &keeper->end, due);
}

/* ---- life ---- */

void
ban_keeper_see_own(struct ban_keeper *keeper)
{
	const struct bans *bans = &keeper->bans;

	for (size_t i = 0; i < bans->count;) {
		const struct ban *ban = &bans->items[i];
		struct text words = TEXT_EMPTY;
		int rc = -ENOENT;
		if (ban_exempt_own(keeper->exempt, &ban->range) != NULL)
			rc = remove_ban(keeper, ban, false,
			    "the gateway has the address itself", &words);
		if (words.len > 0)
			notice_say("%s", words.at);
		text_fini(&words);
		i += rc < 0;
	}
}

void
ban_keeper_open(struct ban_keeper *keeper, const char *dir)
{
	char path[RUNTIME_PATH_BYTES];
	struct text words = TEXT_EMPTY;

	runtime_path(dir, RUNTIME_BANS, path);
	(void)ban_file_open(
	    &keeper->file, path, &keeper->bans, clock_wall(), &words);
	notice_say_lines(&words);
	ban_keeper_see_own(keeper);
	arm_first(keeper);
}

void
ban_keeper_close(struct ban_keeper *keeper)
{
	loop_timer_cancel(&keeper->end);
	ban_file_close(&keeper->file);
	bans_fini(&keeper->bans);
}
