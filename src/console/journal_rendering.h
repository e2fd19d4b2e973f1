/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal_rendering: one event in the forms that outputs want.
 *
 * Each form is made when the first output asks for it, and once.  A record is
 * what an output's queue holds: a line of a file, a message of syslog (RFC
 * 5424), the fields of an entry of systemd's journal.  It ends in a byte that
 * it cannot hold: a newline, or NUL where fields stand in lines.
 */
#ifndef GATEHOUSE_CONSOLE_JOURNAL_RENDERING_H
#define GATEHOUSE_CONSOLE_JOURNAL_RENDERING_H

#include "base/text.h"
#include "event/event.h"
#include "policy/journal.h"

/* Of RFC 1035; a host that has none is "-" (RFC 5424, 6.2.4). */
#define JOURNAL_HOST_BYTES 256

/* A line and the fields beside it, with all their escapes. */
#define JOURNAL_RECORD_BYTES_MAX ((size_t)64 << 10)

struct journal_rendering {
	const struct event *event; /* lent */
	struct text forms[POLICY_JOURNAL_FORM_COUNT];
	struct text fields;
};

/* How an output wants it. */
struct journal_style {
	enum policy_journal_kind kind;
	enum policy_journal_form form;
	unsigned facility;
};

void journal_rendering_init(
    struct journal_rendering *rendering, const struct event *event);
void journal_rendering_fini(struct journal_rendering *rendering);

/* Makes now what a record in this style will be made of. */
void journal_rendering_prepare(
    struct journal_rendering *rendering, struct journal_style style);

/* Adds the record and the byte that ends it. */
void journal_rendering_add(struct journal_rendering *rendering,
    struct journal_style style, struct text *out);

char journal_record_end(enum policy_journal_kind kind);

/* The name of this host and the number of this process, for syslog; before any
 * event, and in a child that goes on as a daemon again. */
void journal_rendering_begin(void);

/* The event as a sentence for people (journal_text.c), without a newline. */
void journal_text(const struct event *event, struct text *out);

#endif
