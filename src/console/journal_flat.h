/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal_flat: the keys of a line of the journal, one by one.
 *
 * Reads what console/journal_line has written a moment ago, and nothing else:
 * so the other forms of an event have its keys and its escapes by themselves,
 * and none of them has to know what an event is made of.  What is null is
 * passed over.
 */
#ifndef GATEHOUSE_CONSOLE_JOURNAL_FLAT_H
#define GATEHOUSE_CONSOLE_JOURNAL_FLAT_H

#include "base/text.h"

struct journal_flat {
	struct str rest;
	struct str outer; /* the object that we are in; len 0: the line */
};

struct journal_flat_key {
	struct str outer; /* len 0: none */
	struct str name;
	struct str value; /* as it stands: a string with its quotes */
};

struct journal_flat journal_flat_begin(struct str line);
bool journal_flat_next(struct journal_flat *flat, struct journal_flat_key *ret);

/* `rule.line=43 name=www.example reason="the flow has ended"` */
void journal_flat_logfmt(struct str line, struct text *out);

/* Fields for systemd's journal, each with a line end: GATEHOUSE_RULE_LINE=43 */
void journal_flat_fields(struct str line, struct text *out);

#endif
