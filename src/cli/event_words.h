/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/event_words: one event in words, on some lines.
 *
 * Pure but for the time zone of the process.  What peers sent is shown as in
 * cli/log_part.
 */
#ifndef GATEHOUSE_CLI_EVENT_WORDS_H
#define GATEHOUSE_CLI_EVENT_WORDS_H

#include "base/text.h"

#include <jansson.h>

/* Adds the lines, as seen from `now` (clock_wall). */
void event_words(
    const json_t *event, int64_t now, bool colour, struct text *out);

/* A line of such a block: "  rule     words". */
void event_words_label(const char *label, struct text *out);

/* "2026-03-01 12:00:00", local time. */
void event_words_time(int64_t wall, struct text *out);

#endif
