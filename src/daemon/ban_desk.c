/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ban_desk.h"

#include "daemon/ban_words.h"
#include "daemon/gateway.h"
#include "policy/duration.h"

#include <errno.h>

#define SECONDS_MAX ((uint64_t)DURATION_DAYS_MAX * 86400)

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
ban_desk_add(
    struct gateway *gateway, struct str line, bool by_force, struct text *out)
{
	struct ban ban = { 0 };
	int rc = parse_range(str_cut(&line, ' '), &ban.range, out);

	if (rc == 0)
		rc = take_seconds(str_cut(&line, ' '), &ban, out);
	if (rc == 0)
		rc = take_because(line, &ban, out);
	if (rc == 0)
		rc = ban_exempt_refuse(&gateway->exempt, &ban.range,
		    by_force ? BAN_FOR_FORCE : BAN_FOR_WISH, out);
	if (rc == 0)
		rc = ban_keeper_add(&gateway->bans, &ban, 0, out);
	if (rc == 0)
		caught_keeper_forget(&gateway->caught, &ban.range);
	return rc;
}

int
ban_desk_remove(struct gateway *gateway, struct str line, struct text *out)
{
	const struct bans *bans = &gateway->bans.bans;
	char text[ADDRESS_RANGE_TEXT_BYTES];
	struct address_range range;
	int rc = parse_range(line, &range, out);

	if (rc < 0)
		return rc;
	const struct ban *ban = bans_find(bans, &range);
	if (ban != NULL)
		return ban_keeper_remove(&gateway->bans, ban, out);
	rc = caught_keeper_unban(&gateway->caught, &range, out);
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
ban_desk_list(const struct gateway *gateway, struct text *out)
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
