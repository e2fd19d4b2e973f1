/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/caught_keeper.h"

#include "daemon/ban_exempt.h"
#include "daemon/ban_words.h"
#include "daemon/channel.h"
#include "daemon/gateway.h"
#include "daemon/notice.h"
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
tell_spared(struct gateway *gateway, const struct ban *ban, uint32_t line,
    const struct text *why)
{
	struct text reason = TEXT_EMPTY;

	if (was_told(&gateway->caught, ban->range.first))
		return;
	text_addf(&reason, "not banned, though %s: %.*s", ban->because,
	    STR_ARG(text_str(why)));
	ban_tell(ban, line, "allow", reason.at);
	text_fini(&reason);
}

/* ---- all that a change is ---- */

static void arm(struct gateway *gateway);

static void
note(struct gateway *gateway, const struct address_range *range)
{
	struct caught_keeper *keeper = &gateway->caught;
	int rc = ban_file_note(&keeper->file, &keeper->bans, range);

	if (rc < 0)
		notice_say("who was refused too often could not be written "
			   "down: %s; a restart will not know it",
		    strerror(-rc));
	arm(gateway);
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
remove_one(struct gateway *gateway, const struct ban *ban, const char *why,
    struct text *out)
{
	struct ban gone = *ban;

	(void)bans_remove(&gateway->caught.bans, &gone.range);
	note(gateway, &gone.range);
	ban_describe_end(&gone, why, out);
	ban_tell(&gone, 0, "allow", out->at);
}

/* What the list has no room for, the kernel is not to have either. */
static void
keep(struct gateway *gateway, const struct ban *ban, uint32_t line)
{
	struct text words = TEXT_EMPTY;
	struct bans *bans = &gateway->caught.bans;
	int rc = bans->count < CAUGHT_MAX ? bans_put(bans, ban) : -ENOSPC;

	if (rc < 0) {
		release(&ban->range);
		return;
	}
	note(gateway, &ban->range);
	ban_describe(ban, &words);
	ban_tell(ban, line, "drop", words.at);
	text_fini(&words);
}

/* ---- those who are caught ---- */

void
caught_keeper_see(struct gateway *gateway, struct address source, uint32_t line,
    struct str name)
{
	struct address_range range = ban_exempt_source(gateway, source);
	struct text why = TEXT_EMPTY;
	struct wrong wrong;

	/* Of yesterday's policy: nobody knows for how long. */
	if (gateway->current == NULL ||
	    !find_wrong(gateway->current->policy, line, name, &wrong)) {
		release(&range);
		return;
	}
	struct ban ban = ban_for(&wrong, &range);
	if (ban_exempt_refuse(gateway, &range, BAN_FOR_WRONGS, &why) < 0) {
		release(&range);
		tell_spared(gateway, &ban, line, &why);
	} else if (bans_find(&gateway->bans.bans, &range) == NULL) {
		keep(gateway, &ban, line);
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
is_of_now(const struct gateway *gateway, const struct channel_caught *caught)
{
	return gateway->current != NULL &&
	       gateway->current->number == caught->generation;
}

void
caught_keeper_hear(struct gateway *gateway, const struct channel_caught *caught)
{
	struct address_range range = ban_exempt_source(gateway, caught->source);
	struct text words = TEXT_EMPTY;
	struct wrong wrong;

	if (!may_speak(&gateway->caught) || !is_of_now(gateway, caught) ||
	    !read_wrong(gateway->current->policy, caught, &wrong))
		return;
	struct ban ban = ban_for(&wrong, &range);
	if (ban_exempt_refuse(gateway, &range, BAN_FOR_WRONGS, &words) < 0)
		tell_spared(gateway, &ban, wrong.line, &words);
	else if (bans_find(&gateway->bans.bans, &range) == NULL &&
		 ban_keeper_add(gateway, &ban, wrong.line, &words) < 0)
		notice_say("%s", words.at != NULL ? words.at : "?");
	text_fini(&words);
}

void
caught_keeper_sift(struct gateway *gateway)
{
	const struct bans *bans = &gateway->caught.bans;

	for (size_t i = 0; i < bans->count;) {
		struct ban one = bans->items[i];
		struct text why = TEXT_EMPTY, words = TEXT_EMPTY;
		bool goes = ban_exempt_refuse(
				gateway, &one.range, BAN_FOR_WRONGS, &why) < 0;
		if (goes) {
			release(&one.range);
			remove_one(gateway, &one, why.at != NULL ? why.at : "?",
			    &words);
		}
		text_fini(&why);
		text_fini(&words);
		i += !goes;
	}
}

void
caught_keeper_forget(struct gateway *gateway, const struct address_range *range)
{
	if (!bans_remove(&gateway->caught.bans, range))
		return;
	release(range);
	note(gateway, range);
}

int
caught_keeper_unban(struct gateway *gateway, const struct address_range *range,
    struct text *out)
{
	const struct ban *ban = bans_find(&gateway->caught.bans, range);
	struct ban gone;

	if (ban == NULL)
		return -ENOENT;
	gone = *ban;
	int rc = caught_sets_release(range, out);
	if (rc == 0)
		remove_one(gateway, &gone, "it was unbanned", out);
	return rc;
}

/* ---- their end ---- */

/* All of a second at once, for a flood brings and ends them by the hundred. */
static void
on_end(struct loop_timer *timer)
{
	struct gateway *gateway = timer->context;
	const struct bans *bans = &gateway->caught.bans;
	int64_t now = clock_now();

	for (size_t i = 0; i < bans->count;) {
		struct ban one = bans->items[i];
		struct text words = TEXT_EMPTY;
		bool is_over = one.ends <= now;
		if (is_over)
			remove_one(gateway, &one, "its time is over", &words);
		text_fini(&words);
		i += !is_over;
	}
	arm(gateway);
}

static void
arm(struct gateway *gateway)
{
	struct loop_timer *timer = &gateway->caught.end;

	if (gateway->caught.bans.count == 0 || loop_timer_is_armed(timer))
		return;
	timer->fn = on_end;
	timer->context = gateway;
	loop_timer_arm(gateway->loop, timer, clock_now() + CLOCK_SECOND);
}

/* ---- life ---- */

void
caught_keeper_open(struct gateway *gateway)
{
	struct caught_keeper *keeper = &gateway->caught;
	char path[RUNTIME_PATH_BYTES];
	struct text words = TEXT_EMPTY;

	runtime_path(gateway->dir, RUNTIME_CAUGHT, path);
	(void)ban_file_open(
	    &keeper->file, path, &keeper->bans, clock_wall(), &words);
	notice_say_lines(&words);
	arm(gateway);
}

void
caught_keeper_close(struct gateway *gateway)
{
	struct caught_keeper *keeper = &gateway->caught;

	loop_timer_cancel(&keeper->end);
	ban_file_close(&keeper->file);
	bans_fini(&keeper->bans);
}
