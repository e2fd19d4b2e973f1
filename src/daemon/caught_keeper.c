/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/caught_keeper.h"

#include "daemon/ban_exempt.h"
#include "daemon/ban_keeper.h"
#include "daemon/ban_words.h"
#include "daemon/channel.h"
#include "daemon/generation.h"
#include "daemon/notice.h"
#include "daemon/runtime.h"
#include "firewall/caught_sets.h"
#include "policy/duration.h"

#include <errno.h>
#include <stdio.h>

/* ---- for what, and how long ---- */

struct wrong {
	struct policy_ban ban;
	uint32_t line;
	struct str name; /* of the rule; at == NULL: none */
};

static bool
same_name(struct str a, struct str b)
{
	return (a.at == NULL) == (b.at == NULL) && str_eq(a, b);
}

/* By line and name, for a packet knows no more of its rule. */
static bool
find_wrong(const struct policy *policy, uint32_t line, struct str name,
    struct wrong *ret)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		const struct policy_rule *rule = &policy->rules[i];
		if (rule->line != line || rule->ban.count == 0 ||
		    !same_name(rule->label, name))
			continue;
		*ret = (struct wrong){ rule->ban, line, rule->label };
		return true;
	}
	return false;
}

/* "20 refused in 1m by line 34 (ssh)" */
static struct ban
ban_for(const struct wrong *wrong, const struct address_range *range)
{
	struct ban ban = { .range = *range,
		.since = clock_wall(),
		.ends = clock_now() + wrong->ban.time };
	struct text in = TEXT_EMPTY;

	ban.until = ban.since + wrong->ban.time;
	duration_add(wrong->ban.within, &in);
	(void)snprintf(ban.because, sizeof(ban.because),
	    "%u refused in %.*s by line %u%s%.*s%s", wrong->ban.count,
	    STR_ARG(text_str(&in)), wrong->line,
	    wrong->name.at != NULL ? " (" : "", STR_ARG(wrong->name),
	    wrong->name.at != NULL ? ")" : "");
	text_fini(&in);
	return ban;
}

/* ---- who is never banned ---- */

/* Whether it was told of within the last minute; it is now. */
static bool
was_told(struct caught_keeper *keeper, struct address address)
{
	int64_t now = clock_now();

	for (size_t i = 0; i < CAUGHT_SPARED_MAX; i++) {
		if (!address_eq(keeper->spared[i].address, address) ||
		    keeper->spared[i].told + CAUGHT_SPARED_TOLD < now)
			continue;
		return true;
	}
	keeper->spared[keeper->spared_next].address = address;
	keeper->spared[keeper->spared_next].told = now;
	keeper->spared_next = (keeper->spared_next + 1) % CAUGHT_SPARED_MAX;
	return false;
}

static void
tell_spared(struct caught_keeper *keeper, const struct ban *ban, uint32_t line,
    const struct text *why)
{
	struct text reason = TEXT_EMPTY;

	if (was_told(keeper, ban->range.first))
		return;
	text_addf(&reason, "not banned, though %s: %.*s", ban->because,
	    STR_ARG(text_str(why)));
	ban_tell(ban, line, "allow", reason.at);
	text_fini(&reason);
}

/* ---- all that a change is ---- */

static void arm(struct caught_keeper *keeper);

static void
note(struct caught_keeper *keeper, const struct address_range *range)
{
	int rc = ban_file_note(&keeper->file, &keeper->bans, range);

	if (rc < 0)
		notice_say("who was refused too often could not be written "
			   "down: %s; a restart will not know it",
		    strerror(-rc));
	arm(keeper);
}

/* The kernel lets go; what it does not is told of and ends in its time. */
static void
release(const struct address_range *range)
{
	struct text why = TEXT_EMPTY;

	if (caught_sets_release(range, &why) < 0)
		notice_say("%s", why.at != NULL ? why.at : "?");
	text_fini(&why);
}

static void
remove_one(struct caught_keeper *keeper, const struct ban *ban, const char *why,
    struct text *out)
{
	struct ban gone = *ban;

	(void)bans_remove(&keeper->bans, &gone.range);
	note(keeper, &gone.range);
	ban_describe_end(&gone, why, out);
	ban_tell(&gone, 0, "allow", out->at);
}

/* What the list has no room for, the kernel is not to have either. */
static void
keep(struct caught_keeper *keeper, const struct ban *ban, uint32_t line)
{
	struct text words = TEXT_EMPTY;
	struct bans *bans = &keeper->bans;
	int rc = bans->count < CAUGHT_MAX ? bans_put(bans, ban) : -ENOSPC;

	if (rc < 0) {
		release(&ban->range);
		return;
	}
	note(keeper, &ban->range);
	ban_describe(ban, &words);
	ban_tell(ban, line, "drop", words.at);
	text_fini(&words);
}

/* ---- those who are caught ---- */

void
caught_keeper_see(struct caught_keeper *keeper, struct address source,
    uint32_t line, struct str name)
{
	struct address_range range = ban_exempt_source(keeper->exempt, source);
	struct text why = TEXT_EMPTY;
	struct wrong wrong;

	/* Of yesterday's policy: nobody knows for how long. */
	if (*keeper->current == NULL ||
	    !find_wrong((*keeper->current)->policy, line, name, &wrong)) {
		release(&range);
		return;
	}
	struct ban ban = ban_for(&wrong, &range);
	if (ban_exempt_refuse(keeper->exempt, &range, BAN_FOR_WRONGS, &why) <
	    0) {
		release(&range);
		tell_spared(keeper, &ban, line, &why);
	} else if (bans_find(&keeper->ban_keeper->bans, &range) == NULL) {
		keep(keeper, &ban, line);
	}
	text_fini(&why);
}

/* A bucket, as firewall/log_bound has them. */
static bool
may_speak(struct caught_keeper *keeper)
{
	const int64_t interval = CLOCK_SECOND / CAUGHT_A_SECOND;
	int64_t now = clock_now();

	if (keeper->full_at < now)
		keeper->full_at = now;
	if (keeper->full_at - now > (CAUGHT_BURST - 1) * interval)
		return false;
	keeper->full_at += interval;
	return true;
}

/* The line of users bans as well; it has no rule. */
static bool
read_wrong(const struct policy *policy, const struct channel_caught *caught,
    struct wrong *ret)
{
	const struct policy_users *users = &policy->users;

	if (caught->rule < policy->rule_count) {
		const struct policy_rule *rule = &policy->rules[caught->rule];
		*ret = (struct wrong){ rule->ban, rule->line, rule->label };
	} else {
		*ret = (struct wrong){ users->ban,
			place_line(users->place).line, STR("users") };
	}
	return ret->ban.count > 0;
}

/* Of the policy before: it is counted again by the one in force. */
static bool
is_of_now(
    const struct caught_keeper *keeper, const struct channel_caught *caught)
{
	return *keeper->current != NULL &&
	       (*keeper->current)->number == caught->generation;
}

/* Then there is no need of it here. */
static void
ban_altogether(struct caught_keeper *keeper, const struct ban *ban,
    uint32_t line, struct text *words)
{
	if (ban_keeper_add(keeper->ban_keeper, ban, line, words) < 0)
		notice_say("%s", words->at != NULL ? words->at : "?");
	else
		caught_keeper_forget(keeper, &ban->range);
}

void
caught_keeper_hear(
    struct caught_keeper *keeper, const struct channel_caught *caught)
{
	struct address_range range =
	    ban_exempt_source(keeper->exempt, caught->source);
	struct text words = TEXT_EMPTY;
	struct wrong wrong;

	if (!may_speak(keeper) || !is_of_now(keeper, caught) ||
	    !read_wrong((*keeper->current)->policy, caught, &wrong))
		return;
	struct ban ban = ban_for(&wrong, &range);
	if (ban_exempt_refuse(keeper->exempt, &range, BAN_FOR_WRONGS, &words) <
	    0)
		tell_spared(keeper, &ban, wrong.line, &words);
	else if (bans_find(&keeper->ban_keeper->bans, &range) == NULL)
		ban_altogether(keeper, &ban, wrong.line, &words);
	text_fini(&words);
}

void
caught_keeper_sift(struct caught_keeper *keeper)
{
	const struct bans *bans = &keeper->bans;

	for (size_t i = 0; i < bans->count;) {
		struct ban one = bans->items[i];
		struct text why = TEXT_EMPTY, words = TEXT_EMPTY;
		bool goes = ban_exempt_refuse(keeper->exempt, &one.range,
				BAN_FOR_WRONGS, &why) < 0;
		if (goes) {
			release(&one.range);
			remove_one(keeper, &one, why.at != NULL ? why.at : "?",
			    &words);
		}
		text_fini(&why);
		text_fini(&words);
		i += !goes;
	}
}

void
caught_keeper_forget(
    struct caught_keeper *keeper, const struct address_range *range)
{
	if (!bans_remove(&keeper->bans, range))
		return;
	release(range);
	note(keeper, range);
}

int
caught_keeper_unban(struct caught_keeper *keeper,
    const struct address_range *range, struct text *out)
{
	const struct ban *ban = bans_find(&keeper->bans, range);
	struct ban gone;

	if (ban == NULL)
		return -ENOENT;
	gone = *ban;
	int rc = caught_sets_release(range, out);
	if (rc == 0)
		remove_one(keeper, &gone, "it was unbanned", out);
	return rc;
}

/* ---- their end ---- */

/* All of a second at once, for a flood brings and ends them by the hundred. */
static void
on_end(struct loop_timer *timer)
{
	struct caught_keeper *keeper = timer->context;
	const struct bans *bans = &keeper->bans;
	int64_t now = clock_now();

	for (size_t i = 0; i < bans->count;) {
		struct ban one = bans->items[i];
		struct text words = TEXT_EMPTY;
		bool is_over = one.ends <= now;
		if (is_over)
			remove_one(keeper, &one, "its time is over", &words);
		text_fini(&words);
		i += !is_over;
	}
	arm(keeper);
}

static void
arm(struct caught_keeper *keeper)
{
	struct loop_timer *timer = &keeper->end;

	if (keeper->bans.count == 0 || loop_timer_is_armed(timer))
		return;
	timer->fn = on_end;
	timer->context = keeper;
	loop_timer_arm(keeper->loop, timer, clock_now() + CLOCK_SECOND);
}

/* ---- life ---- */

void
caught_keeper_open(struct caught_keeper *keeper, const char *dir)
{
	char path[RUNTIME_PATH_BYTES];
	struct text words = TEXT_EMPTY;

	runtime_path(dir, RUNTIME_CAUGHT, path);
	(void)ban_file_open(
	    &keeper->file, path, &keeper->bans, clock_wall(), &words);
	notice_say_lines(&words);
	arm(keeper);
}

void
caught_keeper_close(struct caught_keeper *keeper)
{
	loop_timer_cancel(&keeper->end);
	ban_file_close(&keeper->file);
	bans_fini(&keeper->bans);
}
