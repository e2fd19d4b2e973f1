/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/report.h"

#include "base/utf8.h"
#include "base/vec.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define REPORT_BYTES_MAX ((size_t)1 << 20)
#define MESSAGE_BYTES    512
#define TAB_STOP         8
#define GUTTER_MIN       5

/* Of a longer line only this much is shown, so that a report stays small. */
#define EXCERPT_BYTES_MAX    200
#define EXCERPT_BYTES_BEFORE 60 /* of them before the mark */
#define CUT                  "..."

void
report_init(struct report *report)
{
	*report = (struct report){ 0 };
	arena_init(&report->arena, REPORT_BYTES_MAX);
}

void
report_fini(struct report *report)
{
	free(report->items);
	arena_fini(&report->arena);
	*report = (struct report){ 0 };
}

__attribute__((format(printf, 2, 0))) static struct str
format_message(struct report *report, const char *format, va_list args)
{
	char message[MESSAGE_BYTES];

	(void)vsnprintf(message, sizeof(message), format, args);
	return arena_str(&report->arena, str_of(message));
}

/* Counts one more of its weight; false if it is only counted. */
static bool
admit(struct report *report, enum report_weight weight)
{
	size_t *total = weight == REPORT_ERROR     ? &report->errors
			: weight == REPORT_WARNING ? &report->warnings
						   : &report->notes;

	(*total)++;
	report->kept = *total <= REPORT_FINDINGS_MAX;
	if (!report->kept)
		report->cut = true;
	return report->kept;
}

__attribute__((format(printf, 3, 0))) static void
add(struct report *report, struct finding finding, const char *format,
    va_list args)
{
	if (!admit(report, finding.weight))
		return;
	finding.message = format_message(report, format, args);
	report->kept = VEC_ADD(report, finding) == 0;
	if (!report->kept)
		report->cut = true;
}

void
report_error(struct report *report, struct place place, const char *format, ...)
{
	struct finding finding = {
		.weight = REPORT_ERROR, .place = place, .see = report->topic
	};
	va_list args;

	va_start(args, format);
	add(report, finding, format, args);
	va_end(args);
}

void
report_warning(struct report *report, const char *kind, struct place place,
    const char *format, ...)
{
	struct finding finding = {
		.weight = REPORT_WARNING, .kind = kind, .place = place
	};
	va_list args;

	va_start(args, format);
	add(report, finding, format, args);
	va_end(args);
}

void
report_note(struct report *report, const char *kind, struct place place,
    const char *format, ...)
{
	struct finding finding = {
		.weight = REPORT_NOTE, .kind = kind, .place = place
	};
	va_list args;

	va_start(args, format);
	add(report, finding, format, args);
	va_end(args);
}

void
report_hint(struct report *report, const char *format, ...)
{
	va_list args;

	if (!report->kept)
		return;
	va_start(args, format);
	report->items[report->count - 1].hint =
	    format_message(report, format, args);
	va_end(args);
}

const char *
report_topic(struct report *report, const char *section)
{
	const char *before = report->topic;

	report->topic = section;
	return before;
}

void
report_see(struct report *report, const char *section)
{
	if (report->kept)
		report->items[report->count - 1].see = section;
}

/* Room doubles whenever the count is a power of two. */
void
report_by(struct report *report, uint32_t line)
{
	if (!report->kept)
		return;
	struct finding *finding = &report->items[report->count - 1];
	size_t count = finding->by_count;
	if ((count & (count - 1)) == 0) {
		uint32_t *by = arena_array(
		    &report->arena, count > 0 ? count * 2 : 1, sizeof(*by));
		if (by == NULL)
			return;
		if (count > 0)
			memcpy(by, finding->by, count * sizeof(*by));
		finding->by = by;
	}
	finding->by[finding->by_count++] = line;
}

static int
by_place(const struct place *a, const struct place *b)
{
	int order = 0;

	if (a->source == NULL || b->source == NULL)
		return (a->source != NULL) - (b->source != NULL);
	if (a->source != b->source)
		order = str_cmp(a->source->name, b->source->name);
	return order != 0 ? order : (a->at > b->at) - (a->at < b->at);
}

/*
 * By insertion: few, nearly sorted, and what stands at one place must keep
 * its order, which qsort does not promise.
 */
void
report_sort(struct report *report)
{
	for (size_t i = 1; i < report->count; i++) {
		struct finding finding = report->items[i];
		size_t to = i;
		while (to > 0 && by_place(&report->items[to - 1].place,
				     &finding.place) > 0) {
			report->items[to] = report->items[to - 1];
			to--;
		}
		report->items[to] = finding;
	}
}

static size_t
line_start(struct place place)
{
	size_t at = place.at;

	while (at > 0 && place.source->text.at[at - 1] != '\n')
		at--;
	return at;
}

struct line_column
place_line(struct place place)
{
	struct line_column where = { 1, 1 };

	if (place.source == NULL)
		return (struct line_column){ 0, 0 };
	size_t start = line_start(place);
	where.line += place.source->lines_before;
	for (size_t i = 0; i < start; i++)
		where.line += place.source->text.at[i] == '\n';
	where.column = (uint32_t)(place.at - start) + 1;
	return where;
}

struct str
place_line_text(struct place place)
{
	if (place.source == NULL)
		return (struct str){ NULL, 0 };
	struct str rest = str_skip(place.source->text, line_start(place));
	struct str line = str_cut(&rest, '\n');
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

/*
 * The bytes of the character at the head of line: a sequence of UTF-8, or one
 * byte that is none.
 */
static size_t
character(struct str line)
{
	size_t len = utf8_length(line);

	return len > 0 ? len : 1;
}

/* The column behind the character at the head of line, if it is at `column`. */
static size_t
column_after(struct str line, size_t column)
{
	return column + (line.at[0] == '\t' ? TAB_STOP - column % TAB_STOP : 1);
}

/* How many columns the first len bytes of line take on a terminal. */
static size_t
columns(struct str line, size_t len)
{
	size_t column = 0;

	for (size_t i = 0; i < len && i < line.len;) {
		struct str rest = str_skip(line, i);
		column = column_after(rest, column);
		i += character(rest);
	}
	return column;
}

static void
add_expanded(struct text *out, struct str line)
{
	size_t column = 0;

	while (line.len > 0) {
		size_t len = character(line);
		size_t after = column_after(line, column);
		if (line.at[0] == '\t')
			text_pad(out, ' ', after - column);
		else if (utf8_length(line) > 0 && utf8_is_shown(line))
			text_add(out, (struct str){ line.at, len });
		else
			text_addc(out, '?');
		column = after;
		line = str_skip(line, len);
	}
}

/* The columns before the bar: five, or what the line's number takes. */
static int
gutter(struct line_column where)
{
	return snprintf(NULL, 0, "%*u", GUTTER_MIN, where.line);
}

/* Back to the first byte of the character that `at` is in. */
static size_t
character_start(struct str line, size_t at)
{
	while (at > 0 && at < line.len && ((uint8_t)line.at[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* The part of the line around the byte at `at` that is shown. */
static struct str
shown_part(struct str line, size_t at)
{
	if (line.len <= EXCERPT_BYTES_MAX)
		return line;
	size_t from = at > EXCERPT_BYTES_BEFORE
			  ? character_start(line, at - EXCERPT_BYTES_BEFORE)
			  : 0;
	struct str part = str_skip(line, from);
	if (part.len > EXCERPT_BYTES_MAX)
		part.len = character_start(part, EXCERPT_BYTES_MAX);
	return part;
}

static void
render_excerpt(const struct finding *finding, bool colour, struct text *out)
{
	struct place place = finding->place;
	struct line_column where = place_line(place);
	struct str line = place_line_text(place);
	struct str part = shown_part(line, where.column - 1);
	size_t hidden = (size_t)(part.at - line.at);
	size_t at = where.column - 1 - hidden;
	size_t before = columns(part, at);
	size_t end = at + (place.len > 0 ? place.len : 1);
	size_t marked = columns(part, end) - before;

	text_addf(
	    out, "%*u | %s", GUTTER_MIN, where.line, hidden > 0 ? CUT : "");
	add_expanded(out, part);
	text_addz(out, hidden + part.len < line.len ? CUT : "");
	text_addf(out, "\n%*s | ", gutter(where), "");
	before += hidden > 0 ? sizeof(CUT) - 1 : 0;
	text_pad(out, ' ', before);
	text_addz(out, colour ? "\033[1;31m" : "");
	text_pad(out, '^', marked > 0 ? marked : 1);
	text_addz(out, colour ? "\033[0m\n" : "\n");
}

static const struct {
	const char *word;
	const char *colour;
} weights[REPORT_WEIGHT_COUNT] = {
	[REPORT_ERROR] = { "error", "\033[1;31m" },
	[REPORT_WARNING] = { "warning", "\033[1;33m" },
	[REPORT_NOTE] = { "note", "\033[1;36m" },
};

static void
render_finding(const struct finding *finding, bool colour, struct text *out)
{
	struct line_column where = place_line(finding->place);

	if (finding->place.source != NULL) {
		utf8_show(out, finding->place.source->name);
		text_addf(out, ":%u:%u: ", where.line, where.column);
	}
	text_addz(out, colour ? weights[finding->weight].colour : "");
	text_addz(out, weights[finding->weight].word);
	text_addz(out, colour ? "\033[0m: " : ": ");
	utf8_show(out, finding->message);
	text_addc(out, '\n');
	if (finding->place.source != NULL)
		render_excerpt(finding, colour, out);
	if (finding->hint.at != NULL) {
		text_addf(out, "%*s = ", gutter(where), "");
		utf8_show(out, finding->hint);
		text_addc(out, '\n');
	}
	if (finding->see != NULL)
		text_addf(
		    out, "%*s = manual: %s\n", gutter(where), "", finding->see);
}

void
report_render(const struct report *report, bool colour, struct text *out)
{
	for (size_t i = 0; i < report->count; i++)
		render_finding(&report->items[i], colour, out);
	if (report->cut)
		text_addf(out,
		    "... and more: %zu errors, %zu warnings in all\n",
		    report->errors, report->warnings);
}

static void
finding_json(const struct finding *finding, struct json *json)
{
	struct line_column where = place_line(finding->place);

	json_object_begin(json);
	if (finding->weight != REPORT_ERROR) {
		json_name(json, "kind");
		json_put_stringz(json, finding->kind);
	}
	json_name(json, "file");
	json_put_string(json, finding->place.source != NULL
				  ? finding->place.source->name
				  : (struct str){ NULL, 0 });
	json_name(json, "line");
	json_put_integer(json, where.line);
	json_name(json, "column");
	json_put_integer(json, where.column);
	if (finding->weight != REPORT_ERROR) {
		json_name(json, "by");
		json_array_begin(json);
		for (size_t i = 0; i < finding->by_count; i++)
			json_put_integer(json, finding->by[i]);
		json_array_end(json);
	}
	json_name(json, "message");
	json_put_string(json, finding->message);
	json_name(json, "hint");
	json_put_string(json, finding->hint);
	json_name(json, "see");
	json_put_stringz(json, finding->see);
	json_object_end(json);
}

void
report_json(
    const struct report *report, enum report_weight weight, struct json *json)
{
	json_array_begin(json);
	for (size_t i = 0; i < report->count; i++)
		if (report->items[i].weight == weight)
			finding_json(&report->items[i], json);
	json_array_end(json);
}
