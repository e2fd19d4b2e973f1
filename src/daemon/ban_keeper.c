/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ban_keeper.h"

#include "base/json.h"
#include "daemon/early.h"
#include "daemon/gateway.h"
#include "event/event.h"
#include "policy/duration.h"

#include <errno.h>
#include <stdio.h>

#define SECONDS_MAX ((uint64_t)DURATION_DAYS_MAX * 86400)

/* ---- telling ---- */

static void
tell_event(const struct ban *ban, const char *verdict, const char *reason)
{
	event_emit(&(struct event){
	    .enforcer = "firewall",
	    .phase = "packet",
	    .verdict = verdict,
	    .rule_name = STR("ban"),
	    .source.address = ban->range.first,
	    .reason = reason,
	});
}

/* "203.0.113.9 is banned for 1h: too many tries" */
static void
describe(const struct ban *ban, struct text *out)
{
	char range[ADDRESS_RANGE_TEXT_BYTES];

	text_addf(
	    out, "%s is banned", address_range_format(&ban->range, range));
	if (ban->until != 0) {
		text_addz(out, " for ");
		duration_add(ban->until - ban->since, out);
	}
	if (ban->because[0] != '\0')
		text_addf(out, ": %s", ban->because);
}

/* "203.0.113.9 is not banned any more: its time is over" */
static void
describe_end(const struct ban *ban, const char *why, struct text *out)
{
	char range[ADDRESS_RANGE_TEXT_BYTES];

	text_addf(out, "%s is not banned any more: %s",
	    address_range_format(&ban->range, range), why);
}

/* ---- all that a change is ---- */

static void arm_end(struct gateway *gateway);

/* What is in force is in force, written down or not. */
static void
note(struct gateway *gateway, const struct address_range *range)
{
	struct ban_keeper *keeper = &gateway->bans;
	int rc = ban_file_note(&keeper->file, &keeper->bans, range);

	if (rc < 0)
		gateway_say("a change of the bans could not be written: %s; a "
			    "restart will not know it",
		    strerror(-rc));
	arm_end(gateway);
}

static int
add(struct gateway *gateway, const struct ban *ban, struct text *out)
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
	note(gateway, &ban->range);
	describe(ban, out);
	tell_event(ban, "drop", out->at);
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
	describe_end(&gone, why, out);
	tell_event(&gone, "allow", out->at);
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
		gateway_say("%s", words.at != NULL ? words.at : strerror(-rc));
	text_fini(&words);
	return rc;
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
		loop_timer_arm(
		    gateway->loop, timer, clock_now() + CLOCK_SECOND);
		return;
	}
	arm_end(gateway);
}

static void
arm_end(struct gateway *gateway)
{
	struct loop_timer *timer = &gateway->bans.end;
	const struct ban *first = bans_first_to_end(&gateway->bans.bans);

	loop_timer_cancel(timer);
	timer->fn = on_end;
	timer->context = gateway;
	if (first != NULL)
		loop_timer_arm(gateway->loop, timer, first->ends);
}

/* ---- who is never banned ---- */

/* An address of the gateway in the range; NULL: none. */
static const struct host_address *
find_own(const struct gateway *gateway, const struct address_range *range)
{
	const struct host_addresses *all = &gateway->addresses.addresses;

	for (size_t i = 0; i < all->count; i++)
		if (!all->items[i].is_broadcast &&
		    address_range_has(range, all->items[i].address))
			return &all->items[i];
	return NULL;
}

static int
refuse_own(const struct gateway *gateway, const struct address_range *range,
    struct text *why)
{
	const struct host_address *own = find_own(gateway, range);
	char text[ADDRESS_TEXT_BYTES];

	if (own == NULL)
		return 0;
	text_addf(why, "%s is an address of the gateway itself (%s)",
	    address_format(own->address, text), own->interface_name);
	return -EPERM;
}

/* What ends at each host itself would ban the neighbours, or nobody. */
static bool
has_local_scope(const struct address_range *range)
{
	return address_is_local_scope(range->first) ||
	       address_is_local_scope(range->last);
}

static int
refuse(const struct gateway *gateway, const struct address_range *range,
    struct text *why)
{
	bool is_ipv4 = range->first.family == ADDRESS_IPV4;
	int bits_min = is_ipv4 ? BAN_BITS_MIN_4 : BAN_BITS_MIN_6;

	if (address_range_prefix(range) < bits_min) {
		text_addf(why,
		    "a ban of more than a /%d is most likely a "
		    "mistake; the policy is the place for it",
		    bits_min);
		return -EPERM;
	}
	if (has_local_scope(range)) {
		text_addz(why, "loopback, link-local and multicast addresses "
			       "are nobody's in particular and are not banned");
		return -EPERM;
	}
	return refuse_own(gateway, range, why);
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
gateway_ban(struct gateway *gateway, struct str line, struct text *out)
{
	struct ban ban = { 0 };
	int rc = parse_range(str_cut(&line, ' '), &ban.range, out);

	if (rc == 0)
		rc = take_seconds(str_cut(&line, ' '), &ban, out);
	if (rc == 0)
		rc = take_because(line, &ban, out);
	if (rc == 0)
		rc = refuse(gateway, &ban.range, out);
	return rc < 0 ? rc : add(gateway, &ban, out);
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
	text_addf(out, "%s is not banned", address_range_format(&range, text));
	ban = bans_cover(bans, range.first);
	if (ban != NULL)
		text_addf(out, " by itself, but by the ban of %s",
		    address_range_format(&ban->range, text));
	return -ENOENT;
}

static void
put_time(struct json *json, const char *name, int64_t time)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(time, text);
	json_name(json, name);
	json_put_stringz(json, time != 0 ? text : NULL);
}

static void
put_ban(struct json *json, const struct ban *ban, int64_t now)
{
	char range[ADDRESS_RANGE_TEXT_BYTES];

	json_object_begin(json);
	json_name(json, "address");
	json_put_stringz(json, address_range_format(&ban->range, range));
	put_time(json, "since", ban->since);
	put_time(json, "until", ban->until);
	json_name(json, "left_seconds");
	if (ban->ends != 0)
		json_put_integer(json, (ban->ends - now) / CLOCK_SECOND);
	else
		json_put_null(json);
	json_name(json, "because");
	json_put_stringz(json, ban->because[0] != '\0' ? ban->because : NULL);
	json_object_end(json);
}

void
gateway_bans(const struct gateway *gateway, struct text *out)
{
	const struct bans *bans = &gateway->bans.bans;
	struct json json = JSON_ON(out);
	int64_t now = clock_now();

	json_object_begin(&json);
	json_name(&json, "bans");
	json_array_begin(&json);
	for (size_t i = 0; i < bans->count; i++)
		put_ban(&json, &bans->items[i], now);
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

	return ban != NULL ? ban : bans_cover(bans, destination);
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
		if (find_own(gateway, &ban->range) != NULL)
			rc = remove_ban(gateway, ban, false,
			    "the gateway has the address itself", &words);
		if (words.len > 0)
			gateway_say("%s", words.at);
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
	struct str rest = text_str(&words);
	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		gateway_say("%.*s", STR_ARG(line));
	}
	text_fini(&words);
	ban_keeper_see_own(gateway);
	arm_end(gateway);
}

void
ban_keeper_close(struct gateway *gateway)
{
	struct ban_keeper *keeper = &gateway->bans;

	loop_timer_cancel(&keeper->end);
	ban_file_close(&keeper->file);
	bans_fini(&keeper->bans);
}
