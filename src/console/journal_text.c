/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal_text: an event as a sentence for people.
 *
 * In the order that `gatehouse log` has, with the time as in the other forms:
 * who, to where, who decided, by which rule, and what came of it.  Values that
 * peers have sent are escaped and cut; so nothing in them can end the line, and
 * a word can hold no blank.
 */
#include "console/journal_rendering.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/utf8.h"

/* Of one value: an escaped byte takes four of the line. */
#define WORD_BYTES_MAX 512
#define URL_BYTES_MAX  2000

static struct str
cut(struct str s, size_t bytes_max)
{
	return s.len > bytes_max ? (struct str){ s.at, bytes_max } : s;
}

static void
add_word(struct text *out, struct str word)
{
	utf8_show_word(out, cut(word, WORD_BYTES_MAX));
}

static void
add_zone(struct text *out, struct str zone)
{
	if (zone.len == 0)
		return;
	text_addc(out, ' ');
	add_word(out, zone);
}

static void
add_source(struct text *out, const struct event *event)
{
	char text[ADDRESS_TEXT_BYTES];

	add_zone(out, event->zone_from);
	if (event->source.address.family == ADDRESS_NONE)
		return;
	text_addc(out, ' ');
	text_addz(out, event->source.port != 0
			   ? address_port_format(event->source, text)
			   : address_format(event->source.address, text));
	if (event->user.len > 0) {
		text_addz(out, " user ");
		add_word(out, event->user);
	}
}

static void
add_host(struct text *out, const struct event *event)
{
	char text[ADDRESS_TEXT_BYTES];
	struct address_port at = { event->destination, event->port };

	text_addc(out, ' ');
	if (event->name.len == 0 && event->destination.family == ADDRESS_NONE) {
		text_addc(out, '?');
	} else if (event->name.len == 0) {
		text_addz(out, event->port != 0
				   ? address_port_format(at, text)
				   : address_format(at.address, text));
	} else {
		add_word(out, event->name);
		if (event->port != 0)
			text_addf(out, ":%u", event->port);
	}
	if (event->protocol != NULL)
		text_addf(out, " %s", event->protocol);
}

static void
add_destination(struct text *out, const struct event *event)
{
	text_addz(out, " ->");
	add_zone(out, event->zone_to);
	if (event->url.len == 0) {
		add_host(out, event);
		return;
	}
	text_addc(out, ' ');
	add_word(out, event->method);
	text_addc(out, ' ');
	utf8_show_word(out, cut(event->url, URL_BYTES_MAX));
}

/* Of the DNS: a name is asked for, and nobody is gone to. */
static void
add_question(struct text *out, const struct event *event)
{
	text_addz(out, " asks ");
	if (event->name.len > 0)
		add_word(out, event->name);
	else
		text_addc(out, '?');
}

static void
add_rule(struct text *out, const struct event *event)
{
	if (event->rule_line != 0)
		text_addf(out, " line %" PRIu32, event->rule_line);
	if (event->rule_name.len == 0)
		return;
	text_addz(out, " \"");
	utf8_show(out, cut(event->rule_name, WORD_BYTES_MAX));
	text_addc(out, '"');
}

static void
add_outcome(struct text *out, const struct event *event)
{
	if (event->parent.len > 0) {
		text_addz(out, " via ");
		add_word(out, event->parent);
	}
	if (event->status != 0)
		text_addf(out, " %u", event->status);
	if (event->measured)
		text_addf(out, " %" PRIu64 "/%" PRIu64 " bytes %" PRId64 " ms",
		    event->bytes_in, event->bytes_out,
		    event->duration / CLOCK_MS);
	if (event->reason == NULL)
		return;
	text_addz(out, ": ");
	utf8_show(out, cut(str_of(event->reason), WORD_BYTES_MAX));
}

/* Some tell of the gateway, and name no ends. */
static bool
is_of_a_flow(const struct event *event)
{
	return event->source.address.family != ADDRESS_NONE ||
	       event->destination.family != ADDRESS_NONE || event->name.len > 0;
}

void
journal_text(const struct event *event, struct text *out)
{
	const char *kind = event_kind_word(event->kind);
	char time[CLOCK_TEXT_BYTES];

	clock_format(event->time, time);
	text_addf(out, "%s %s %s", time, kind != NULL ? kind : "-",
	    event->verdict != NULL ? event->verdict : "-");
	if (is_of_a_flow(event)) {
		add_source(out, event);
		if (event->kind == EVENT_KIND_DNS)
			add_question(out, event);
		else
			add_destination(out, event);
	}
	if (event->enforcer != NULL)
		text_addf(out, " %s%s%s", event->enforcer,
		    event->phase != NULL ? "/" : "",
		    event->phase != NULL ? event->phase : "");
	add_rule(out, event);
	add_outcome(out, event);
}
