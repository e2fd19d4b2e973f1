/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/event_words.h"

#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "cli/amount.h"
#include "cli/log_part.h"
#include "cli/member.h"

void
event_words_label(const char *label, struct text *out)
{
	text_addf(out, "  %-8s", label);
}

void
event_words_time(int64_t wall, struct text *out)
{
	char clock[sizeof("2026-03-01 12:00:00")];
	time_t seconds = (time_t)(wall / CLOCK_SECOND);
	struct tm tm;

	(void)localtime_r(&seconds, &tm);
	(void)strftime(clock, sizeof(clock), "%Y-%m-%d %H:%M:%S", &tm);
	text_addz(out, clock);
}

/* "2026-03-01 12:00:00.123, 3m05s ago" */
static void
add_time(const json_t *event, int64_t now, struct text *out)
{
	int64_t wall;

	if (clock_parse(member_string(event, "time"), &wall) < 0)
		return;
	event_words_time(wall, out);
	text_addf(out, ".%03u", (unsigned)(wall % CLOCK_SECOND / CLOCK_MS));
	if (wall > now)
		return;
	int64_t ago_ms = (now - wall) / CLOCK_MS;
	text_addz(out, ", ");
	amount_add_duration(out, (double)ago_ms);
	text_addz(out, " ago");
}

static void
add_verdict(const json_t *event, bool colour, struct text *out)
{
	struct str verdict = member_string(event, "verdict");
	const char *begin =
	    str_is(verdict, "allow") ? "\033[1;32m" : "\033[1;31m";

	if (verdict.at == NULL) {
		verdict = member_string(event, "kind");
		begin = "\033[1m";
	}
	if (verdict.at == NULL)
		return;
	text_addz(out, colour ? begin : "");
	utf8_show_word(out, verdict);
	text_addz(out, colour ? "\033[0m" : "");
	text_addz(out, ", ");
}

/* A part that begins with a blank, as all of cli/log_part do, or is empty. */
static void
add_part(const char *label, struct text *part, struct text *out)
{
	struct str words = str_trim(text_str(part));

	if (words.len > 0) {
		event_words_label(label, out);
		text_add(out, words);
		text_addc(out, '\n');
	}
	text_clear(part);
}

/* What was asked of the DNS, and where. */
static void
add_name(const json_t *event, struct text *part, struct text *out)
{
	struct str server = member_string(event, "destination");

	utf8_show_word(part, member_string(event, "name"));
	if (server.at != NULL) {
		text_addz(part, ", of ");
		utf8_show_word(part, server);
	}
	add_part("asks", part, out);
}

static void
add_ends(const json_t *event, struct text *part, struct text *out)
{
	struct str name = member_string(event, "name");
	struct str address = member_string(event, "destination");
	struct str zone = member_inner_string(event, "zone", "to");
	struct str protocol = member_string(event, "protocol");

	if (member_string(event, "source").at != NULL)
		log_part_client(part, event);
	add_part("from", part, out);
	if (str_is(member_string(event, "kind"), "dns")) {
		add_name(event, part, out);
		return;
	}
	if (name.at == NULL && address.at == NULL)
		return;
	utf8_show_word(part, zone);
	text_addc(part, ' ');
	log_part_host_port(part, event);
	text_addc(part, ' ');
	utf8_show_word(part, protocol);
	if (name.at != NULL && address.at != NULL) {
		text_addz(part, ", at ");
		utf8_show_word(part, address);
	}
	add_part("to", part, out);
}

static void
add_question(const json_t *event, struct text *part, struct text *out)
{
	struct str method = member_string(event, "method");
	struct str user = member_string(event, "user");

	utf8_show_word(part, method);
	text_addc(part, ' ');
	utf8_show_word(part, member_string(event, "url"));
	add_part("asked", part, out);
	if (user.at != NULL)
		log_part_quoted(part, user);
	add_part("user", part, out);
}

static void
add_decider(const json_t *event, struct text *part, struct text *out)
{
	struct str enforcer = member_string(event, "enforcer");
	struct str phase = member_string(event, "phase");

	if (enforcer.at != NULL) {
		text_addz(part, "by the ");
		utf8_show_word(part, enforcer);
	}
	if (phase.at != NULL) {
		text_addz(part, " in phase ");
		utf8_show_word(part, phase);
	}
	log_part_parent(part, event);
	add_part("decided", part, out);
}

static void
add_numbers(const json_t *event, struct text *part, struct text *out)
{
	int64_t status = member_number(event, "status");
	int64_t in = member_inner_number(event, "bytes", "in");
	int64_t sent = member_inner_number(event, "bytes", "out");
	double ms = json_number_value(json_object_get(event, "duration_ms"));

	if (status >= 0)
		text_addf(part, ", status %" PRId64, status);
	if (in >= 0 && sent >= 0) {
		text_addz(part, ", ");
		amount_add_size(part, in);
		text_addz(part, " bytes from the client and ");
		amount_add_size(part, sent);
		text_addz(part, " to it");
	}
	if (ms > 0 && ms < 1e15) {
		text_addz(part, ", took ");
		amount_add_duration(part, ms);
	}
	/* Whichever comes first has a comma too many. */
	if (part->len > 0)
		part->at[0] = ' ';
	add_part("answer", part, out);
}

void
event_words(const json_t *event, int64_t now, bool colour, struct text *out)
{
	struct text part = TEXT_EMPTY;

	add_verdict(event, colour, out);
	add_time(event, now, out);
	text_addz(out, "\n\n");
	add_ends(event, &part, out);
	add_question(event, &part, out);
	add_decider(event, &part, out);
	add_numbers(event, &part, out);
	utf8_show(&part, member_string(event, "reason"));
	add_part("because", &part, out);
	text_fini(&part);
}
