/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ban_words.h"

#include "event/event.h"
#include "policy/duration.h"

void
ban_describe(const struct ban *ban, struct text *out)
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

void
ban_describe_end(const struct ban *ban, const char *why, struct text *out)
{
	char range[ADDRESS_RANGE_TEXT_BYTES];

	text_addf(out, "%s is not banned any more: %s",
	    address_range_format(&ban->range, range), why);
}

void
ban_tell(const struct ban *ban, uint32_t line, const char *verdict,
    const char *reason)
{
	event_emit(&(struct event){
	    .kind = EVENT_KIND_BAN,
	    .enforcer = "firewall",
	    .phase = "packet",
	    .verdict = verdict,
	    .rule_line = line,
	    .rule_name = STR("ban"),
	    .source.address = ban->range.first,
	    .reason = reason,
	});
}

static void
put_time(struct json *json, const char *name, int64_t time)
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(time, text);
	json_name(json, name);
	json_put_stringz(json, time != 0 ? text : NULL);
}

void
ban_put_json(
    struct json *json, const struct ban *ban, enum ban_reach reach, int64_t now)
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
	json_name(json, "reach");
	json_put_stringz(json, reach == BAN_REACH_ALL ? "all" : "opens");
	json_object_end(json);
}
