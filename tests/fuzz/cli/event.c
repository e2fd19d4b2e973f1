/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of the journal from any bytes, behind two NULs; before them the words
 * of a filter, each on a line.  Besides not crashing:
 * - words are read, or it is said why they are not;
 * - whatever is made of an event for people has nothing that a terminal would
 *   obey, and a line is one line that fits;
 * - a flow that is made of it is one line.
 */
#include "cli/event_filter.h"
#include "cli/event_flow.h"
#include "cli/event_words.h"
#include "cli/log_logfmt.h"
#include "cli/log_render.h"

#include "base/clock.h"
#include "base/must.h"
#include "base/utf8.h"
#include "cli/columns.h"

#include <errno.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 64
#define NOW       (1772366400 * CLOCK_SECOND)

static void
check_harmless(struct str s, bool has_lines)
{
	for (size_t len; s.len > 0; s = str_skip(s, len)) {
		len = utf8_length(s);
		must(len > 0);
		must(utf8_is_shown(s) || (has_lines && s.at[0] == '\n'));
	}
}

static void
check_line(const json_t *event, size_t columns)
{
	const struct log_look look = { .columns = columns };
	struct text out = TEXT_EMPTY;

	if (log_render(event, &look, &out)) {
		check_harmless(text_str(&out), false);
		must(columns == 0 || columns_of(text_str(&out)) <= columns);
	}
	text_clear(&out);
	if (log_render_flow(event, &look, &out)) {
		check_harmless(text_str(&out), false);
		must(columns == 0 || columns_of(text_str(&out)) <= columns);
	}
	text_fini(&out);
}

static void
check_event(json_t *event)
{
	struct text out = TEXT_EMPTY;
	const char *why = NULL;

	for (size_t columns = 0; columns < 100; columns += 9)
		check_line(event, columns);
	log_logfmt(event, &out);
	check_harmless(text_str(&out), false);
	text_clear(&out);
	event_words(event, NOW, false, &out);
	check_harmless(text_str(&out), true);
	text_clear(&out);
	if (event_flow_write(event, &out, &why) == 0)
		must(str_find(text_str(&out), '\n') == out.len);
	else
		must(why != NULL);
	text_fini(&out);
}

static void
check_words(char *text, const json_t *event)
{
	char *words[WORDS_MAX];
	struct event_filter filter;
	struct text why = TEXT_EMPTY;
	int count = 0;

	for (char *word = strtok(text, "\n"); word != NULL && count < WORDS_MAX;
	     word = strtok(NULL, "\n"))
		words[count++] = word;
	int rc = event_filter_parse(words, count, NOW, &filter, &why);
	must(rc == 0 || why.len > 0);
	if (rc == 0 && event != NULL)
		(void)event_filter_fits(&filter, event);
	event_filter_fini(&filter);
	text_fini(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	size_t words = 0;

	must(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	copy[size] = '\0';
	while (words + 1 < size && (data[words] != 0 || data[words + 1] != 0))
		words++;
	size_t at = words + 2 < size ? words + 2 : size;
	json_t *event = json_loadb(copy + at, size - at, JSON_ALLOW_NUL, NULL);
	if (json_is_object(event))
		check_event(event);
	check_words(copy, json_is_object(event) ? event : NULL);
	json_decref(event);
	free(copy);
	return 0;
}
