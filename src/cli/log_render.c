/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/log_render.h"

#include <inttypes.h>
#include <jansson.h>
#include <time.h>

#include "base/clock.h"
#include "base/utf8.h"

#define NONE ((struct str){ NULL, 0 })

static struct str
string_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value))
		return NONE;
	return (
	    struct str){ json_string_value(value), json_string_length(value) };
}

/* A number that is not negative, or -1. */
static int64_t
number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -1;
	return json_integer_value(value);
}

/*
 * A word: printable ASCII without a blank, or a name could hold the fields
 * that follow it.
 */
static void
add_word(struct text *out, struct str word)
{
	for (size_t i = 0; i < word.len; i++) {
		uint8_t c = (uint8_t)word.at[i];
		if (c > 0x20 && c < 0x7f)
			text_addc(out, (char)c);
		else
			text_addf(out, "\\x%02x", (unsigned)c);
	}
}

static void
add_quoted(struct text *out, struct str s)
{
	text_addc(out, '"');
	while (s.len > 0) {
		struct str rest = s, plain = str_cut(&rest, '"');
		utf8_show(out, plain);
		if (plain.len < s.len)
			text_addz(out, "\\\"");
		s = rest;
	}
	text_addc(out, '"');
}

static void
add_time(struct text *out, int64_t wall)
{
	time_t seconds = (time_t)(wall / CLOCK_SECOND);
	char clock[sizeof("12:00:00")];
	struct tm tm;

	(void)localtime_r(&seconds, &tm);
	(void)strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
	text_addf(
	    out, "%s.%03u", clock, (unsigned)(wall % CLOCK_SECOND / CLOCK_MS));
}

/* As wide as the widest of them, so that what follows stands in a column. */
static void
add_verdict(struct text *out, struct str verdict, bool colour)
{
	static const struct {
		const char *word, *colour;
	} rows[] = {
		{ "allow", "\033[32m" },
		{ "reject", "\033[33m" },
		{ "drop", "\033[31m" },
	};
	const char *begin = "";

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (colour && str_is(verdict, rows[i].word))
			begin = rows[i].colour;
	text_addf(out, " %s", begin);
	add_word(out, verdict);
	text_addz(out, begin[0] != '\0' ? "\033[0m" : "");
	text_pad(out, ' ',
	    verdict.len < strlen("reject") ? strlen("reject") - verdict.len
					   : 0);
}

static void
add_zone(struct text *out, const json_t *event, const char *end)
{
	struct str zone = string_of(json_object_get(event, "zone"), end);

	text_addc(out, ' ');
	if (zone.at == NULL)
		return;
	add_word(out, zone);
	text_addc(out, ' ');
}

static void
add_source(struct text *out, const json_t *event)
{
	struct str source = string_of(event, "source");
	struct str user = string_of(event, "user");
	struct str balancer = string_of(event, "balancer");

	add_zone(out, event, "from");
	add_word(out, source.at != NULL ? source : STR("?"));
	if (user.at != NULL) {
		text_addz(out, " user ");
		add_quoted(out, user);
	}
	if (balancer.at != NULL) {
		text_addz(out, " behind ");
		utf8_show(out, balancer);
	}
}

static void
add_host_port(struct text *out, const json_t *event)
{
	struct str host = string_of(event, "name");
	int64_t port = number_of(event, "port");

	if (host.at == NULL)
		host = string_of(event, "destination");
	if (host.at == NULL)
		host = STR("?");
	bool bracket = port >= 0 && str_find(host, ':') < host.len;
	text_addz(out, bracket ? "[" : "");
	add_word(out, host);
	text_addz(out, bracket ? "]" : "");
	if (port >= 0)
		text_addf(out, ":%" PRId64, port);
}

/* A bare SYN is how a connection begins, and what nearly all have. */
static void
add_flags(struct text *out, const json_t *event)
{
	struct str flags = string_of(event, "flags");

	if (flags.at == NULL || str_is(flags, "syn"))
		return;
	text_addc(out, ' ');
	add_word(out, flags);
}

/*
 * A URL names host and port, and that it came by TCP; of its methods GET is
 * what nobody needs to be told.
 */
static void
add_destination(struct text *out, const json_t *event)
{
	struct str method = string_of(event, "method");
	struct str url = string_of(event, "url");
	struct str protocol = string_of(event, "protocol");

	text_addz(out, " ->");
	add_zone(out, event, "to");
	if (url.at != NULL && method.at != NULL && !str_is(method, "GET")) {
		add_word(out, method);
		text_addc(out, ' ');
	}
	if (url.at != NULL)
		add_word(out, url);
	else
		add_host_port(out, event);
	if (protocol.at != NULL &&
	    (url.at == NULL || !str_is(protocol, "tcp"))) {
		text_addc(out, ' ');
		add_word(out, protocol);
	}
	add_flags(out, event);
}

static void
add_decider(struct text *out, const json_t *event)
{
	struct str enforcer = string_of(event, "enforcer");
	struct str phase = string_of(event, "phase");

	if (enforcer.at == NULL && phase.at == NULL)
		return;
	text_addc(out, ' ');
	add_word(out, enforcer.at != NULL ? enforcer : STR("?"));
	text_addc(out, '/');
	add_word(out, phase.at != NULL ? phase : STR("?"));
}

static void
add_rule(struct text *out, const json_t *event)
{
	const json_t *rule = json_object_get(event, "rule");
	struct str name = string_of(rule, "name");
	int64_t line = number_of(rule, "line");

	if (name.at != NULL) {
		text_addc(out, ' ');
		add_quoted(out, name);
	}
	if (line < 0)
		return;
	text_addf(out,
	    name.at != NULL ? " (line %" PRId64 ")" : " line %" PRId64, line);
}

static void
add_parent(struct text *out, const json_t *event)
{
	struct str name = string_of(json_object_get(event, "parent"), "name");

	if (name.at == NULL)
		return;
	text_addz(out, " via ");
	utf8_show(out, name);
}

/* Two figures or more, and a unit: 412, 1.2k, 34M. */
static void
add_size(struct text *out, int64_t bytes)
{
	static const char units[] = "kMGTPE";
	int64_t whole = bytes, rest = 0;
	const char *unit = units;

	if (bytes < 1024) {
		text_addf(out, "%" PRId64, bytes);
		return;
	}
	for (; whole >= 1024; unit++) {
		rest = whole % 1024;
		whole /= 1024;
	}
	int64_t tenths = ((whole * 1024 + rest) * 10 + 512) / 1024;
	if (tenths < 100)
		text_addf(out, "%" PRId64 ".%" PRId64 "%c", tenths / 10,
		    tenths % 10, unit[-1]);
	else
		text_addf(out, "%" PRId64 "%c", (tenths + 5) / 10, unit[-1]);
}

static void
add_bytes(struct text *out, const json_t *event)
{
	const json_t *bytes = json_object_get(event, "bytes");
	int64_t in = number_of(bytes, "in"), sent = number_of(bytes, "out");

	if (in < 0 || sent < 0)
		return;
	text_addc(out, ' ');
	add_size(out, in);
	text_addc(out, '/');
	add_size(out, sent);
}

#define HOUR_MS   ((int64_t)3600 * 1000)
#define MINUTE_MS ((int64_t)60 * 1000)

static void
add_duration(struct text *out, const json_t *event)
{
	const json_t *value = json_object_get(event, "duration_ms");
	double given = json_number_value(value); /* 0 for what is none */

	if (!json_is_number(value) || !(given >= 0) || given > 1e15)
		return;
	int64_t ms = (int64_t)given, tenths = (int64_t)(given * 10) % 10;
	if (ms < 10)
		text_addf(out, " %" PRId64 ".%" PRId64 "ms", ms, tenths);
	else if (ms < 1000)
		text_addf(out, " %" PRId64 "ms", ms);
	else if (ms < MINUTE_MS)
		text_addf(
		    out, " %" PRId64 ".%" PRId64 "s", ms / 1000, ms / 100 % 10);
	else if (ms < HOUR_MS)
		text_addf(out, " %" PRId64 "m%02" PRId64 "s", ms / MINUTE_MS,
		    ms % MINUTE_MS / 1000);
	else
		text_addf(out, " %" PRId64 "h%02" PRId64 "m", ms / HOUR_MS,
		    ms % HOUR_MS / MINUTE_MS);
}

static void
add_status_and_reason(struct text *out, const json_t *event)
{
	struct str reason = string_of(event, "reason");
	int64_t status = number_of(event, "status");

	if (status >= 0)
		text_addf(out, " %" PRId64, status);
	add_bytes(out, event);
	add_duration(out, event);
	if (reason.at == NULL)
		return;
	text_addc(out, ' ');
	utf8_show(out, reason);
}

/* A few tell of the gateway, and name no ends. */
static bool
is_of_a_flow(const json_t *event)
{
	return string_of(event, "source").at != NULL ||
	       string_of(event, "destination").at != NULL ||
	       string_of(event, "name").at != NULL ||
	       string_of(event, "reason").at == NULL;
}

/* Of a rule, between which two zones. */
static void
add_zones(struct text *out, const json_t *event)
{
	const json_t *zone = json_object_get(event, "zone");
	struct str from = string_of(zone, "from"), to = string_of(zone, "to");

	if (from.at == NULL && to.at == NULL)
		return;
	text_addc(out, ' ');
	add_word(out, from.at != NULL ? from : STR("?"));
	text_addz(out, " -> ");
	add_word(out, to.at != NULL ? to : STR("?"));
}

/* False, and nothing added, if this object is no event. */
static bool
render_event(const json_t *event, bool colour, struct text *out)
{
	struct str verdict = string_of(event, "verdict");
	int64_t wall;

	if (verdict.at == NULL ||
	    clock_parse(string_of(event, "time"), &wall) < 0)
		return false;
	add_time(out, wall);
	add_verdict(out, verdict, colour);
	if (is_of_a_flow(event)) {
		add_source(out, event);
		add_destination(out, event);
	} else {
		add_zones(out, event);
	}
	add_decider(out, event);
	add_rule(out, event);
	add_parent(out, event);
	add_status_and_reason(out, event);
	return true;
}

void
log_render(struct str line, bool colour, struct text *out)
{
	/* A name may hold a NUL, which the journal writes as \u0000. */
	json_t *event = json_loadb(
	    line.at != NULL ? line.at : "", line.len, JSON_ALLOW_NUL, NULL);

	if (!render_event(event, colour, out))
		utf8_show(out, line);
	json_decref(event);
}

/* Of a flow the client's port is told as well: it is what ends it in `ss`. */
static void
add_client(struct text *out, const json_t *flow)
{
	struct str source = string_of(flow, "source");
	int64_t port = number_of(flow, "source_port");
	bool bracket = port >= 0 && str_find(source, ':') < source.len;

	add_zone(out, flow, "from");
	text_addz(out, bracket ? "[" : "");
	add_word(out, source.at != NULL ? source : STR("?"));
	text_addz(out, bracket ? "]" : "");
	if (port >= 0)
		text_addf(out, ":%" PRId64, port);
}

void
log_render_flow(struct str line, struct text *out)
{
	json_t *flow = json_loadb(line.at, line.len, 0, NULL);
	struct str id = string_of(flow, "flow");
	struct str enforcer = string_of(flow, "enforcer");

	if (id.at == NULL) {
		utf8_show(out, line);
		json_decref(flow);
		return;
	}
	add_word(out, id);
	add_client(out, flow);
	add_destination(out, flow);
	text_addc(out, ' ');
	add_word(out, enforcer.at != NULL ? enforcer : STR("?"));
	add_rule(out, flow);
	add_bytes(out, flow);
	add_duration(out, flow);
	json_decref(flow);
}
