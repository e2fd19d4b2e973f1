/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/log_logfmt: an event as KEY=VALUE pairs.
 *
 *	time=2026-03-01T12:00:00.123456Z verdict=drop rule.line=43 name="a b"
 *
 * The keys of docs/events.md in their order, without those that are null.  A
 * value stands in quotes where it has to: there `"` and `\` have a backslash
 * before them, and control characters are \u00XX as in JSON.
 */
#ifndef GATEHOUSE_CLI_LOG_LOGFMT_H
#define GATEHOUSE_CLI_LOG_LOGFMT_H

#include "base/text.h"

#include <jansson.h>

/* Adds the pairs, without a newline, to an empty text. */
void log_logfmt(json_t *event, struct text *out);

#endif
