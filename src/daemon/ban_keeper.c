/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ban_keeper.h"

#include "daemon/ban_words.h"
#include "daemon/early.h"
#include "daemon/gateway.h"
#include "daemon/notice.h"
#include "policy/duration.h"

#include <errno.h>
#include <stdio.h>

#define SECONDS_MAX ((uint64_t)DURATION_DAYS_MAX * 86400)

/* ---- all that a change is ---- */

static void arm(struct gateway *gateway, int64_t due);

/* What is in force is in force, written down or not. */
static void
note(struct gateway *gateway, const struct address_range *range)
{
	struct ban_keeper *keeper = &gateway->bans;
	int rc = ban_file_note(&keeper->file, &keeper->bans, range);

	if (rc < 0)
		notice_say("a change of the bans could not be written: %s; a "
			   "restart will not know it",
		    strerror(-rc));
	/* One that is gone does not matter: its end is looked for in vain. */
	const struct ban *ban = bans_find(&keeper->bans, range);
	if (ban != NULL && ban->ends != 0)
		arm(gateway, ban->ends);
}

int
ban_keeper_add(struct gateway *gateway, const struct ban *ban, uint32_t line,
    struct text *out)
{
	struct bans *bans = &gateway->bans.bans;
	const struct ban *found = bans_find(bans, &ban->range);
	struct ban before = found != NULL ? *found : (struct ban){ 0 };
	int rc = bans_put(bans, ban);

	if (rc < 0) {
		text_addf(out, "there are too many bans: %zu", bans->count);
		return rc;
	}
	/* Before the first policy there are no sets to follow. */
	if (gateway->current != NULL)
		rc = ban_sets_follow(
		    &gateway->ruleset.bans, bans, &ban->range, out);
	if (rc < 0) {
		if (found != NULL)
			(void)bans_put(bans, &before);
		else
			(void)bans_remove(bans, &ban->range);
		return rc;
	}
	if (gateway->current != NULL)
		early_see_ban(gateway, &ban->range);
	if (gateway->child.pid != 0)
		(void)child_tell_ban(&gateway->child, &ban->range, true);
	if (gateway->current != NULL)
		leash_see_ban(&gateway->leash, gateway->current->policy);
	note(gateway, &ban->range);
	caught_keeper_forget(gateway, &ban->range);
	ban_describe(ban, out);
	ban_tell(ban, line, "drop", out->at);
	return 0;
}

/* `is_over`: by the clock, and not because somebody said so. */
static int
remove_ban(struct gateway *gateway, const struct ban *ban, bool is_over,
    const char *why, struct text *out)
{
	struct bans *bans = &gateway->bans.bans;
	struct ban_sets *sets = &gateway->ruleset.bans;
	struct ban gone = *ban;
	int rc = 0;

	(void)bans_remove(bans, &gone.range);
	if (gateway->current != NULL)
		rc = is_over ? ban_sets_follow_end(sets, bans, &gone.range, out)
			     : ban_sets_follow(sets, bans, &gone.range, out);
	if (rc < 0) {
		/* There was room for it a moment ago. */
		(void)bans_put(bans, &gone);
		return rc;
	}
	if (gateway->current != NULL)
		early_see_ban(gateway, &gone.range);
	if (gateway->child.pid != 0)
		(void)child_tell_ban(&gateway->child, &gone.range, false);
	note(gateway, &gone.range);
	ban_describe_end(&gone, why, out);
	ban_tell(&gone, 0, "allow", out->at);
	return 0;
}

int
ban_keeper_tell_proxy(struct gateway *gateway)
{
	const struct bans *bans = &gateway->bans.bans;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < bans->count; i++)
		rc = child_tell_ban(
		    &gateway->child, &bans->items[i].range, true);
	return rc;
}

/* ---- their end ---- */

/* One that the kernel does not let go is tried again a little later. */
static int
end_one(struct gateway *gateway, const struct ban *ban)
{
	struct text words = TEXT_EMPTY;
	int rc = remove_ban(gateway, ban, true, "its time is over", &words);

	if (rc < 0)
		notice_say("%s", words.at != NULL ? words.at : strerror(-rc));
	text_fini(&words);
	return rc;
}

static void
arm_first(struct gateway *gateway)
{
	const struct ban *first = bans_first_to_end(&gateway->bans.bans);

	if (first != NULL)
		arm(gateway, first->ends);
}

static void
on_end(struct loop_timer *timer)
{
	struct gateway *gateway = timer->context;
	const struct bans *bans = &gateway->bans.bans;
	const struct ban *first;

	while ((first = bans_first_to_end(bans)) != NULL &&
	       first->ends <= clock_now()) {
		if (end_one(gateway, first) == 0)
			continue;
		arm(gateway, clock_now() + CLOCK_SECOND);
		return;
	}
	arm_first(gateway);
}

/* Those that come are many, so that nobody looks at all of them for each. */
static void
arm(struct gateway *gateway, int64_t due)
{
	struct ban_keeper *keeper = &gateway->bans;

	if (loop_timer_is_armed(&keeper->end) && keeper->due <= due)
		return;
	loop_timer_cancel(&keeper->end);
	keeper->end.fn = on_end;
	keeper->end.context = gateway;
	keeper->due = due;
	loop_timer_arm(gateway->loop, &keeper->end, due);
}

/* ---- commands ---- */

static int
parse_range(struct str word, struct address_range *ret, struct text *out)
{
	const char *why = "it is no prefix";

	if (address_range_parse(word, ret, &why) == 0 &&
	    address_range_prefix(ret) >= 0)
		return 0;
	text_addf(
	    out, "'%.*s' is no address and no prefix: %s", STR_ARG(word), why);
	return -EINVAL;
}

/* It goes to terminals and into a file of lines. */
static int
take_because(struct str because, struct ban *ban, struct text *out)
{
	if (because.len > BAN_BECAUSE_BYTES_MAX) {
		text_addf(out, "the reason is longer than %d bytes",
		    BAN_BECAUSE_BYTES_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < because.len; i++) {
		uint8_t byte = (uint8_t)because.at[i];
		if (byte < ' ' || byte == 0x7f) {
			text_addz(out, "the reason holds control characters");
			return -EINVAL;
		}
	}
	if (because.len > 0)
		memcpy(ban->because, because.at, because.len);
	return 0;
}

static int
take_seconds(struct str word, struct ban *ban, struct text *out)
{
	uint64_t seconds;

	if (str_number(word, SECONDS_MAX, &seconds) < 0) {
		text_addz(out, "the time of a ban is a number of seconds");
		return -EINVAL;
	}
	ban->since = clock_wall();
	if (seconds > 0) {
		int64_t time = (int64_t)seconds * CLOCK_SECOND;
		ban->until = ban->since + time;
		ban->ends = clock_now() + time;
	}
	return 0;
}

int
gateway_ban(
    struct gateway *gateway, struct str line, bool by_force, struct text *out)
{
	struct ban ban = { 0 };
	int rc = parse_range(str_cut(&line, ' '), &ban.range, out);

	if (rc == 0)
		rc = take_seconds(str_cut(&line, ' '), &ban, out);
	if (rc == 0)
		rc = take_because(line, &ban, out);
	if (rc == 0)
		rc = ban_exempt_refuse(gateway, &ban.range,
		    by_force ? BAN_FOR_FORCE : BAN_FOR_WISH, out);
	return rc < 0 ? rc : ban_keeper_add(gateway, &ban, 0, out);
}

int
gateway_unban(struct gateway *gateway, struct str line, struct text *out)
{
	const struct bans *bans = &gateway->bans.bans;
	char text[ADDRESS_RANGE_TEXT_BYTES];
	struct address_range range;
	int rc = parse_range(line, &range, out);

	if (rc < 0)
		return rc;
	const struct ban *ban = bans_find(bans, &range);
	if (ban != NULL)
		return remove_ban(gateway, ban, false, "it was unbanned", out);
	rc = caught_keeper_unban(gateway, &range, out);
	if (rc != -ENOENT)
		return rc;
	text_addf(out, "%s is not banned", address_range_format(&range, text));
	ban = bans_cover(bans, range.first);
	if (ban != NULL)
		text_addf(out, " by itself, but by the ban of %s",
		    address_range_format(&ban->range, text));
	return -ENOENT;
}

void
gateway_bans(const struct gateway *gateway, struct text *out)
{
	const struct bans *bans = &gateway->bans.bans;
	const struct bans *caught = &gateway->caught.bans;
	struct json json = JSON_ON(out);
	int64_t now = clock_now();

	json_object_begin(&json);
	json_name(&json, "bans");
	json_array_begin(&json);
	for (size_t i = 0; i < bans->count; i++)
		ban_put_json(&json, &bans->items[i], BAN_REACH_ALL, now);
	for (size_t i = 0; i < caught->count; i++)
		ban_put_json(&json, &caught->items[i], BAN_REACH_OPENS, now);
	json_array_end(&json);
	json_object_end(&json);
	text_addc(out, '\n');
}

const struct ban *
gateway_banned(const struct gateway *gateway, struct address source,
    struct address destination)
{
	const struct bans *bans = &gateway->bans.bans;
	const struct ban *ban = bans_cover(bans, source);

	if (ban == NULL)
		ban = bans_cover(bans, destination);
	return ban != NULL ? ban : bans_cover(&gateway->caught.bans, source);
}

/* ---- life ---- */

void
ban_keeper_see_own(struct gateway *gateway)
{
	const struct bans *bans = &gateway->bans.bans;

	for (size_t i = 0; i < bans->count;) {
		const struct ban *ban = &bans->items[i];
		struct text words = TEXT_EMPTY;
		int rc = -ENOENT;
		if (ban_exempt_own(gateway, &ban->range) != NULL)
			rc = remove_ban(gateway, ban, false,
			    "the gateway has the address itself", &words);
		if (words.len > 0)
			notice_say("%s", words.at);
		text_fini(&words);
		i += rc < 0;
	}
}

void
ban_keeper_open(struct gateway *gateway)
{
	struct ban_keeper *keeper = &gateway->bans;
	char path[RUNTIME_PATH_BYTES];
	struct text words = TEXT_EMPTY;

	runtime_path(gateway->dir, RUNTIME_BANS, path);
	(void)ban_file_open(
	    &keeper->file, path, &keeper->bans, clock_wall(), &words);
	notice_say_lines(&words);
	ban_keeper_see_own(gateway);
	arm_first(gateway);
}

void
ban_keeper_close(struct gateway *gateway)
{
	struct ban_keeper *keeper = &gateway->bans;

	loop_timer_cancel(&keeper->end);
	ban_file_close(&keeper->file);
	bans_fini(&keeper->bans);
}
