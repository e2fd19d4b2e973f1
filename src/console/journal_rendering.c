/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/journal_rendering.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "console/journal.h"
#include "console/journal_flat.h"

/* RFC 5424, 6.2.1. */
enum severity {
	SEVERITY_WARNING = 4,
	SEVERITY_NOTICE = 5,
	SEVERITY_INFORMATIONAL = 6,
};

static struct {
	char host[JOURNAL_HOST_BYTES];
	int pid;
} self = { .host = "-" };

/* RFC 5424, 6: PRINTUSASCII, which is not a blank. */
void
journal_rendering_begin(void)
{
	if (gethostname(self.host, sizeof(self.host) - 1) < 0)
		self.host[0] = '\0';
	for (char *at = self.host; *at != '\0'; at++)
		if (*at <= ' ' || *at >= 0x7f)
			*at = '?';
	if (self.host[0] == '\0')
		(void)snprintf(self.host, sizeof(self.host), "-");
	self.pid = (int)getpid();
}

void
journal_rendering_init(
    struct journal_rendering *rendering, const struct event *event)
{
	*rendering = (struct journal_rendering){ .event = event };
}

void
journal_rendering_fini(struct journal_rendering *rendering)
{
	for (int i = 0; i < POLICY_JOURNAL_FORM_COUNT; i++)
		text_fini(&rendering->forms[i]);
	text_fini(&rendering->fields);
}

static struct str
json_of(struct journal_rendering *rendering)
{
	struct text *json = &rendering->forms[POLICY_JOURNAL_JSON];

	if (json->len == 0)
		journal_line(rendering->event, json);
	return text_str(json);
}

/* The other forms are made of the JSON, so that an event has one id. */
static struct str
form_of(struct journal_rendering *rendering, enum policy_journal_form form)
{
	struct text *text = &rendering->forms[form];

	if (form == POLICY_JOURNAL_JSON)
		return json_of(rendering);
	if (text->len == 0 && form == POLICY_JOURNAL_LOGFMT)
		journal_flat_logfmt(json_of(rendering), text);
	else if (text->len == 0)
		journal_text(rendering->event, text);
	return text_str(text);
}

static struct str
fields_of(struct journal_rendering *rendering)
{
	if (rendering->fields.len == 0)
		journal_flat_fields(json_of(rendering), &rendering->fields);
	return text_str(&rendering->fields);
}

void
journal_rendering_prepare(
    struct journal_rendering *rendering, struct journal_style style)
{
	(void)form_of(rendering, style.form);
	if (style.kind == POLICY_JOURNAL_SYSTEMD)
		(void)fields_of(rendering);
}

char
journal_record_end(enum policy_journal_kind kind)
{
	return kind == POLICY_JOURNAL_SYSTEMD ? '\0' : '\n';
}

static unsigned
severity_of(const struct event *event)
{
	if (event->kind == EVENT_KIND_FAULT)
		return SEVERITY_WARNING;
	return event->verdict != NULL && strcmp(event->verdict, "allow") == 0
		   ? SEVERITY_INFORMATIONAL
		   : SEVERITY_NOTICE;
}

/* <PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA */
static void
add_syslog_head(const struct event *event, unsigned facility, struct text *out)
{
	const char *kind = event_kind_word(event->kind);
	char time[CLOCK_TEXT_BYTES];

	clock_format(event->time, time);
	text_addf(out, "<%u>1 %s %s gatehouse %d %s - ",
	    facility * 8 + severity_of(event), time, self.host, self.pid,
	    kind != NULL ? kind : "-");
}

/* As sd_journal_sendv(3) writes it; no value holds a newline. */
static void
add_entry(struct journal_rendering *rendering, struct journal_style style,
    struct text *out)
{
	text_addz(out, "MESSAGE=");
	text_add(out, form_of(rendering, style.form));
	text_addf(out,
	    "\nPRIORITY=%u\nSYSLOG_FACILITY=%u\nSYSLOG_IDENTIFIER=gatehouse\n",
	    severity_of(rendering->event), style.facility);
	text_add(out, fields_of(rendering));
}

void
journal_rendering_add(struct journal_rendering *rendering,
    struct journal_style style, struct text *out)
{
	switch (style.kind) {
	case POLICY_JOURNAL_SYSTEMD:
		add_entry(rendering, style, out);
		break;
	case POLICY_JOURNAL_SYSLOG_UNIX:
	case POLICY_JOURNAL_SYSLOG_UDP:
	case POLICY_JOURNAL_SYSLOG_TCP:
		add_syslog_head(rendering->event, style.facility, out);
		text_add(out, form_of(rendering, style.form));
		break;
	case POLICY_JOURNAL_FILE:
	case POLICY_JOURNAL_STDOUT:
	case POLICY_JOURNAL_KIND_COUNT:
		text_add(out, form_of(rendering, style.form));
		break;
	}
	text_addc(out, journal_record_end(style.kind));
}
