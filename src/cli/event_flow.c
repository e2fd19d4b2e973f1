/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/event_flow.h"

#include "base/address.h"
#include "base/clock.h"
#include "cli/member.h"
#include "policy/hours.h"
#include "policy/words.h"

#include <errno.h>
#include <inttypes.h>

/* The journal cuts a URL that is longer (docs/events.md); its end says so. */
#define URL_BYTES_MAX 3000

#define WRONG_WORDS "its flow cannot be written in the words of a policy"

static bool
is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!ascii_is_alpha(s.at[i]) && !ascii_is_digit(s.at[i]) &&
		    strchr("._-", s.at[i]) == NULL)
			return false;
	return s.len > 0;
}

static bool
is_address(struct str s)
{
	struct address address;

	return address_parse(s, &address) == 0;
}

/* A URL runs to the next blank, and nothing in it has another meaning. */
static bool
is_url(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.at[i] <= ' ' || s.at[i] == 0x7f)
			return false;
	return s.len <= URL_BYTES_MAX && (str_starts(s, STR("http://")) ||
					     str_starts(s, STR("https://")));
}

/* A quoted text has no escapes. */
static bool
is_quotable(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.at[i] < ' ' || s.at[i] == '"' || s.at[i] == 0x7f)
			return false;
	return true;
}

static void
add_zone(const json_t *event, const char *end, struct text *out)
{
	struct str zone = member_inner_string(event, "zone", end);

	if (is_name(zone))
		text_addf(out, "%.*s ", STR_ARG(zone));
}

static bool
add_source(const json_t *event, struct text *out)
{
	struct str source = member_string(event, "source");

	if (str_is(member_inner_string(event, "zone", "from"), "self")) {
		text_addz(out, "self");
		return true;
	}
	add_zone(event, "from", out);
	text_add(out, source);
	return is_address(source);
}

/* "tcp 443", or nothing where a URL says it. */
static bool
add_service(const json_t *event, struct text *out)
{
	struct str word = member_string(event, "protocol");
	int64_t port = member_number(event, "port");
	enum policy_protocol protocol;

	if (str_is(word, "icmpv6"))
		word = STR("icmp");
	if (word.at == NULL)
		return true;
	if (!policy_protocol_find(word, &protocol))
		return false;
	text_addf(out, " %.*s", STR_ARG(word));
	if (port > 0)
		text_addf(out, " %" PRId64, port);
	return true;
}

/* What a name was resolved to. */
static void
add_address(const json_t *event, struct text *out)
{
	struct str destination = member_string(event, "destination");

	if (is_address(destination))
		text_addf(out, " address %.*s", STR_ARG(destination));
}

static bool
add_destination(const json_t *event, struct text *out)
{
	struct str name = member_string(event, "name");
	struct str url = member_string(event, "url");
	struct str destination = member_string(event, "destination");
	bool is_self = str_is(member_inner_string(event, "zone", "to"), "self");

	if (is_self && !is_url(url)) {
		text_addf(out, "self%s%.*s", destination.at != NULL ? " " : "",
		    STR_ARG(destination));
		return add_service(event, out);
	}
	if (!is_self)
		add_zone(event, "to", out);
	if (is_url(url)) {
		text_add(out, url);
		add_address(event, out);
		return true;
	}
	if (is_name(name) && !is_address(name)) {
		text_add(out, name);
		if (!add_service(event, out))
			return false;
		add_address(event, out);
		return true;
	}
	text_add(out, is_address(name) ? name : destination);
	return (is_address(destination) || is_address(name)) &&
	       add_service(event, out);
}

static void
add_time(const json_t *event, struct text *out)
{
	int64_t wall;

	if (clock_parse(member_string(event, "time"), &wall) < 0)
		return;
	text_addz(out, " at ");
	hours_minute_add(hours_minute_of(wall), out);
}

static void
add_facts(const json_t *event, struct text *out)
{
	struct str method = member_string(event, "method");
	struct str user = member_string(event, "user");

	if (is_name(method))
		text_addf(out, " method %.*s", STR_ARG(method));
	if (user.at != NULL && is_quotable(user))
		text_addf(out, " user \"%.*s\"", STR_ARG(user));
	add_time(event, out);
}

static int
write_question(const json_t *event, struct text *out, const char **reterr_why)
{
	struct str name = member_string(event, "name");

	if (member_string(event, "reason").at != NULL) {
		*reterr_why = "it hung on the answer, of which nothing is kept";
		return -EINVAL;
	}
	bool good = add_source(event, out);
	text_addf(out, " asks %.*s", STR_ARG(name));
	if (!good || !is_name(name)) {
		*reterr_why = WRONG_WORDS;
		return -EINVAL;
	}
	add_time(event, out);
	return out->full ? -ENOMEM : 0;
}

int
event_flow_write(const json_t *event, struct text *out, const char **reterr_why)
{
	if (str_is(member_string(event, "kind"), "dns"))
		return write_question(event, out, reterr_why);
	if (member_string(event, "source").at == NULL ||
	    member_string(event, "protocol").at == NULL) {
		*reterr_why = "it is not of one flow";
		return -EINVAL;
	}
	bool good = add_source(event, out);
	text_addz(out, " -> ");
	if (!good || !add_destination(event, out)) {
		*reterr_why = WRONG_WORDS;
		return -EINVAL;
	}
	add_facts(event, out);
	return out->full ? -ENOMEM : 0;
}
