/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/log_part.h"

#include <inttypes.h>

#include "base/utf8.h"
#include "cli/amount.h"
#include "cli/columns.h"
#include "cli/member.h"

void
log_part_quoted(struct text *out, struct str s)
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
add_zone(struct text *out, const json_t *event, const char *end)
{
	struct str zone = member_inner_string(event, "zone", end);

	text_addc(out, ' ');
	if (zone.at == NULL)
		return;
	utf8_show_word(out, zone);
	text_addc(out, ' ');
}

void
log_part_source(struct text *out, const json_t *event)
{
	struct str source = member_string(event, "source");
	struct str user = member_string(event, "user");
	struct str balancer = member_string(event, "balancer");

	add_zone(out, event, "from");
	utf8_show_word(out, source.at != NULL ? source : STR("?"));
	if (user.at != NULL) {
		text_addz(out, " user ");
		log_part_quoted(out, user);
	}
	if (balancer.at != NULL) {
		text_addz(out, " behind ");
		utf8_show(out, balancer);
	}
}

void
log_part_host_port(struct text *out, const json_t *event)
{
	struct str host = member_string(event, "name");
	int64_t port = member_number(event, "port");

	if (host.at == NULL)
		host = member_string(event, "destination");
	if (host.at == NULL)
		host = STR("?");
	bool bracket = port >= 0 && str_find(host, ':') < host.len;
	text_addz(out, bracket ? "[" : "");
	utf8_show_word(out, host);
	text_addz(out, bracket ? "]" : "");
	if (port >= 0)
		text_addf(out, ":%" PRId64, port);
}

/* A bare SYN is how a connection begins, and what nearly all have. */
static void
add_flags(struct text *out, const json_t *event)
{
	struct str flags = member_string(event, "flags");

	if (flags.at == NULL || str_is(flags, "syn"))
		return;
	text_addc(out, ' ');
	utf8_show_word(out, flags);
}

/* A URL says the most at its begin, and a name at its end. */
static void
add_target(struct text *out, const json_t *event, struct str url, size_t most)
{
	struct text whole = TEXT_EMPTY;

	if (url.at != NULL) {
		utf8_show_word(&whole, url);
		columns_add_head(out, text_str(&whole), most);
	} else {
		log_part_host_port(&whole, event);
		columns_add_tail(out, text_str(&whole), most);
	}
	text_fini(&whole);
}

/*
 * A URL names host and port, and that it came by TCP; of its methods GET is
 * what nobody needs to be told.
 */
void
log_part_destination(struct text *out, const json_t *event, size_t most)
{
	struct str method = member_string(event, "method");
	struct str url = member_string(event, "url");
	struct str protocol = member_string(event, "protocol");

	text_addz(out, " ->");
	add_zone(out, event, "to");
	if (url.at != NULL && method.at != NULL && !str_is(method, "GET")) {
		utf8_show_word(out, method);
		text_addc(out, ' ');
	}
	add_target(out, event, url, most);
	if (protocol.at != NULL &&
	    (url.at == NULL || !str_is(protocol, "tcp"))) {
		text_addc(out, ' ');
		utf8_show_word(out, protocol);
	}
	add_flags(out, event);
}

void
log_part_question(struct text *out, const json_t *event, size_t most)
{
	struct str name = member_string(event, "name");
	struct text whole = TEXT_EMPTY;

	utf8_show_word(&whole, name.at != NULL ? name : STR("?"));
	text_addz(out, " asks ");
	columns_add_tail(out, text_str(&whole), most);
	text_fini(&whole);
}

void
log_part_decider(struct text *out, const json_t *event)
{
	struct str enforcer = member_string(event, "enforcer");
	struct str phase = member_string(event, "phase");

	if (enforcer.at == NULL && phase.at == NULL)
		return;
	text_addc(out, ' ');
	utf8_show_word(out, enforcer.at != NULL ? enforcer : STR("?"));
	text_addc(out, '/');
	utf8_show_word(out, phase.at != NULL ? phase : STR("?"));
}

void
log_part_rule(struct text *out, const json_t *event)
{
	const json_t *rule = json_object_get(event, "rule");
	struct str name = member_string(rule, "name");
	int64_t line = member_number(rule, "line");

	if (name.at != NULL) {
		text_addc(out, ' ');
		log_part_quoted(out, name);
	}
	if (line < 0)
		return;
	text_addf(out,
	    name.at != NULL ? " (line %" PRId64 ")" : " line %" PRId64, line);
}

void
log_part_parent(struct text *out, const json_t *event)
{
	struct str name = member_inner_string(event, "parent", "name");

	if (name.at == NULL)
		return;
	text_addz(out, " via ");
	utf8_show(out, name);
}

static void
add_bytes(struct text *out, const json_t *event)
{
	const json_t *bytes = json_object_get(event, "bytes");
	int64_t in = member_number(bytes, "in"),
		sent = member_number(bytes, "out");

	if (in < 0 || sent < 0)
		return;
	text_addc(out, ' ');
	amount_add_size(out, in);
	text_addc(out, '/');
	amount_add_size(out, sent);
}

static void
add_duration(struct text *out, const json_t *event)
{
	const json_t *value = json_object_get(event, "duration_ms");
	double ms = json_number_value(value); /* 0 for what is none */

	if (!json_is_number(value) || !(ms >= 0) || ms > 1e15)
		return;
	text_addc(out, ' ');
	amount_add_duration(out, ms);
}

/* Of a rule, between which two zones. */
void
log_part_zones(struct text *out, const json_t *event)
{
	const json_t *zone = json_object_get(event, "zone");
	struct str from = member_string(zone, "from"),
		   to = member_string(zone, "to");

	if (from.at == NULL && to.at == NULL)
		return;
	text_addc(out, ' ');
	utf8_show_word(out, from.at != NULL ? from : STR("?"));
	text_addz(out, " -> ");
	utf8_show_word(out, to.at != NULL ? to : STR("?"));
}

/* Of a flow the client's port is told as well: it is what ends it in `ss`. */
void
log_part_client(struct text *out, const json_t *flow)
{
	struct str source = member_string(flow, "source");
	int64_t port = member_number(flow, "source_port");
	bool bracket = port >= 0 && str_find(source, ':') < source.len;

	add_zone(out, flow, "from");
	text_addz(out, bracket ? "[" : "");
	utf8_show_word(out, source.at != NULL ? source : STR("?"));
	text_addz(out, bracket ? "]" : "");
	if (port >= 0)
		text_addf(out, ":%" PRId64, port);
}

void
log_part_measures(struct text *out, const json_t *event)
{
	int64_t status = member_number(event, "status");

	if (status >= 0)
		text_addf(out, " %" PRId64, status);
	add_bytes(out, event);
	add_duration(out, event);
}
