/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/top_counts.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "cli/member.h"

#include <inttypes.h>

#define ARENA_BYTES_MAX ((size_t)16 << 20)

const struct top_measure_row top_measures[TOP_MEASURE_COUNT] = {
	[TOP_MEASURE_ALLOWED] = { "allowed", "allowed", false },
	[TOP_MEASURE_REFUSED] = { "refused", "refused", false },
	[TOP_MEASURE_REQUESTS] = { "requests", "requests", false },
	[TOP_MEASURE_IN] = { "bytes_in", "in", true },
	[TOP_MEASURE_OUT] = { "bytes_out", "out", true },
	[TOP_MEASURE_HITS] = { "hits", "hits", false },
	[TOP_MEASURE_SAVED] = { "saved", "saved", true },
};

/* ---- columns ---- */

static int64_t
entry_flows(const void *row)
{
	return ((const struct top_entry *)row)->flows;
}

static int64_t
entry_refused(const void *row)
{
	return ((const struct top_entry *)row)->refused;
}

static int64_t
entry_in(const void *row)
{
	return ((const struct top_entry *)row)->in;
}

static int64_t
entry_out(const void *row)
{
	return ((const struct top_entry *)row)->out;
}

static struct str
entry_what(const void *row)
{
	return ((const struct top_entry *)row)->what;
}

static const struct top_column entry_columns[] = {
	{ "FLOWS", TOP_FORM_COUNT, 7, 0, 0, entry_flows, NULL },
	{ "REFUSED", TOP_FORM_COUNT, 8, 0, 3, entry_refused, NULL },
	{ "IN", TOP_FORM_SIZE, 6, 0, 2, entry_in, NULL },
	{ "OUT", TOP_FORM_SIZE, 6, 0, 1, entry_out, NULL },
	{ "WHO OR WHAT", TOP_FORM_WORDS, 12, 1, 0, NULL, entry_what },
};

const struct top_kind top_entries_kind = {
	entry_columns,
	sizeof(entry_columns) / sizeof(entry_columns[0]),
	0,
	NULL,
};

static int64_t
rule_packets(const void *row)
{
	return ((const struct top_rule *)row)->packets;
}

static int64_t
rule_bytes(const void *row)
{
	return ((const struct top_rule *)row)->bytes;
}

static int64_t
rule_flows(const void *row)
{
	return ((const struct top_rule *)row)->flows;
}

static int64_t
rule_ago(const void *row)
{
	return ((const struct top_rule *)row)->ago_ms;
}

/* The first line comes first, where others begin with the greatest. */
static int64_t
rule_order(const void *row)
{
	int64_t line = ((const struct top_rule *)row)->line;

	return line > 0 ? -line : INT64_MIN;
}

static struct str
rule_place(const void *row)
{
	return ((const struct top_rule *)row)->place;
}

static struct str
rule_text(const void *row)
{
	return ((const struct top_rule *)row)->text;
}

static const struct top_column rule_columns[] = {
	{ "LINE", TOP_FORM_WORDS, 5, 0, 0, rule_order, rule_place },
	{ "PACKETS", TOP_FORM_COUNT, 8, 0, 2, rule_packets, NULL },
	{ "BYTES", TOP_FORM_SIZE, 6, 0, 3, rule_bytes, NULL },
	{ "FLOWS", TOP_FORM_COUNT, 6, 0, 1, rule_flows, NULL },
	{ "LAST", TOP_FORM_AGO, 7, 0, 4, rule_ago, NULL },
	{ "RULE", TOP_FORM_WORDS, 12, 1, 0, NULL, rule_text },
};

const struct top_kind top_rules_kind = {
	rule_columns,
	sizeof(rule_columns) / sizeof(rule_columns[0]),
	0,
	NULL,
};

/* ---- life ---- */

void
top_counts_init(struct top_counts *counts)
{
	*counts = (struct top_counts){ 0 };
	arena_init(&counts->arena, ARENA_BYTES_MAX);
}

void
top_counts_fini(struct top_counts *counts)
{
	arena_fini(&counts->arena);
}

/* Room for what an array has, at most so much, in place of what was. */
static void *
begin(struct top_counts *counts, const json_t *array, size_t most, size_t size,
    size_t *ret_count)
{
	top_counts_fini(counts);
	top_counts_init(counts);
	*ret_count = json_array_size(array);
	if (*ret_count > most)
		*ret_count = most;
	void *room = arena_array(&counts->arena, *ret_count, size);
	if (room == NULL)
		*ret_count = 0;
	return room;
}

static struct str
keep(struct top_counts *counts, struct str words)
{
	struct text shown = TEXT_EMPTY;

	utf8_show(&shown, words);
	struct str kept = arena_str(&counts->arena, text_str(&shown));
	text_fini(&shown);
	return kept;
}

/* ---- answers ---- */

bool
top_counts_take_entries(struct top_counts *counts, const json_t *answer)
{
	const json_t *array = json_object_get(answer, "entries");
	size_t count;

	if (!json_is_array(array))
		return false;
	struct top_entry *entries =
	    begin(counts, array, TOP_ENTRIES_MAX, sizeof(*entries), &count);
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(array, i);
		entries[i] = (struct top_entry){
			.what = keep(counts, member_string(entry, "what")),
			.flows = member_number(entry, "flows"),
			.refused = member_number(entry, "refused"),
			.in = member_number(entry, "bytes_in"),
			.out = member_number(entry, "bytes_out"),
		};
	}
	counts->entries = entries;
	counts->entry_count = count;
	return true;
}

/* Null is never, and what is not there at all is not known. */
static int64_t
ago_of(const json_t *rule, int64_t now)
{
	const json_t *last = json_object_get(rule, "last");
	int64_t wall;

	if (clock_parse(member_string(rule, "last"), &wall) == 0)
		return wall < now ? (now - wall) / CLOCK_MS : 0;
	return json_is_null(last) ? -2 : -1;
}

static void
take_rule(struct top_counts *counts, const json_t *json, int64_t now,
    struct top_rule *ret)
{
	struct text place = TEXT_EMPTY;
	int64_t nth = member_number(json, "nth");

	ret->line = member_number(json, "line");
	if (ret->line > 0)
		text_addf(&place, "%" PRId64, ret->line);
	else
		text_addz(&place, "last");
	if (ret->line > 0 && nth > 1)
		text_addf(&place, "/%" PRId64, nth);
	ret->place = arena_str(&counts->arena, text_str(&place));
	ret->text = keep(counts, member_string(json, "text"));
	ret->packets = member_number(json, "packets");
	ret->bytes = member_number(json, "bytes");
	ret->flows = member_number(json, "flows");
	ret->ago_ms = ago_of(json, now);
	text_fini(&place);
}

bool
top_counts_take_rules(
    struct top_counts *counts, const json_t *answer, int64_t now)
{
	const json_t *array = json_object_get(answer, "rules");
	size_t count;

	if (!json_is_array(array))
		return false;
	struct top_rule *rules =
	    begin(counts, array, TOP_ENTRIES_MAX, sizeof(*rules), &count);
	for (size_t i = 0; i < count; i++)
		take_rule(counts, json_array_get(array, i), now, &rules[i]);
	counts->rules = rules;
	counts->rule_count = count;
	return true;
}

bool
top_counts_take_points(struct top_counts *counts, const json_t *answer)
{
	const json_t *array = json_object_get(answer, "points");
	int64_t step = member_number(answer, "step");
	size_t count;

	if (!json_is_array(array) || step <= 0)
		return false;
	struct top_point *points =
	    begin(counts, array, TOP_POINTS_MAX, sizeof(*points), &count);
	size_t skipped = json_array_size(array) - count;
	for (size_t i = 0; i < count; i++)
		for (size_t m = 0; m < TOP_MEASURE_COUNT; m++)
			points[i].values[m] =
			    member_number(json_array_get(array, skipped + i),
				top_measures[m].name);
	counts->points = points;
	counts->point_count = count;
	counts->step = step;
	return true;
}
