/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/chronicle.h"

#include "base/vec.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* A gateway of a few thousand names a day is told of exactly. */
#define ROOM 8192

static const struct {
	const char *member;
	const char *title;
} kinds[TALLY_KIND_COUNT] = {
	[TALLY_NAMES] = { "names", "Names" },
	[TALLY_CLIENTS] = { "clients", "Clients" },
	[TALLY_REFUSED] = { "refused_clients", "Clients that were refused" },
	[TALLY_RULES] = { "rules", "Rules" },
	[TALLY_PAIRS] = { "pairs", "From zone to zone" },
};

const char *
chronicle_title(enum tally_kind kind)
{
	return kinds[kind].title;
}

int
chronicle_init(struct chronicle *chronicle)
{
	int rc = 0;

	*chronicle = (struct chronicle){ 0 };
	for (size_t i = 0; rc == 0 && i < TALLY_KIND_COUNT; i++)
		rc = heavy_init(&chronicle->kinds[i], ROOM);
	return rc;
}

void
chronicle_fini(struct chronicle *chronicle)
{
	for (size_t i = 0; i < TALLY_KIND_COUNT; i++)
		heavy_fini(&chronicle->kinds[i]);
	free(chronicle->hours.items);
	*chronicle = (struct chronicle){ 0 };
}

/* ---- reading ---- */

static bool
take_time(const json_t *line, const char *name, int64_t *ret)
{
	const char *text = json_string_value(json_object_get(line, name));

	return text != NULL && clock_parse(str_of(text), ret) == 0;
}

static uint64_t
number_of(const json_t *of, const char *name)
{
	json_int_t value = json_integer_value(json_object_get(of, name));

	return value > 0 ? (uint64_t)value : 0;
}

static void
take_entry(struct heavy *heavy, enum tally_kind kind, const json_t *entry)
{
	const json_t *what =
	    json_object_get(entry, kind == TALLY_RULES ? "text" : "what");
	struct heavy_count count = {
		.flows = number_of(entry, "flows"),
		.refused = number_of(entry, "refused"),
		.bytes_in = number_of(entry, "bytes_in"),
		.bytes_out = number_of(entry, "bytes_out"),
	};
	struct str key = { json_string_value(what), json_string_length(what) };

	/* Longer ones have no table of their own anyway. */
	if (key.len > HEAVY_KEY_BYTES_MAX)
		key.len = HEAVY_KEY_BYTES_MAX;
	if (key.at != NULL)
		heavy_add(heavy, key, &count);
}

static void
take_hour(struct chronicle *chronicle, const json_t *line, int64_t begin)
{
	struct chronicle_hour hour = { .begin = begin };
	const json_t *entry;
	size_t at;

	for (size_t i = 0; i < SERIES_FIGURE_COUNT; i++)
		hour.point.figures[i] =
		    number_of(line, series_figure_word((enum series_figure)i));
	series_point_add(&chronicle->total, &hour.point);
	if (VEC_ADD(&chronicle->hours, hour) < 0)
		chronicle->full = true;
	for (size_t i = 0; i < TALLY_KIND_COUNT; i++)
		json_array_foreach(
		    json_object_get(line, kinds[i].member), at, entry)
		    take_entry(&chronicle->kinds[i], (enum tally_kind)i, entry);
}

void
chronicle_take(struct chronicle *chronicle, struct str line)
{
	json_t *object = json_loadb(line.at, line.len, 0, NULL);
	int64_t hour;

	if (take_time(object, "from", &chronicle->from) &&
	    take_time(object, "to", &chronicle->to)) {
		/* That is the head. */
	} else if (!take_time(object, "hour", &hour)) {
		chronicle->strange++;
	} else if (hour + CHRONICLE_HOUR > chronicle->from &&
		   hour <= chronicle->to) {
		take_hour(chronicle, object, hour);
	}
	json_decref(object);
}

/* ---- what is drawn ---- */

static int64_t
hours_of(const struct chronicle *chronicle)
{
	int64_t first = chronicle->from / CHRONICLE_HOUR;
	int64_t last = chronicle->to / CHRONICLE_HOUR;

	return last - first + 1;
}

size_t
chronicle_bar_count(
    const struct chronicle *chronicle, size_t max, int64_t *ret_hours)
{
	int64_t hours = hours_of(chronicle);

	*ret_hours = (hours + (int64_t)max - 1) / (int64_t)max;
	return (size_t)((hours + *ret_hours - 1) / *ret_hours);
}

uint64_t
chronicle_bars(const struct chronicle *chronicle, enum series_figure figure,
    uint64_t *ret, size_t count)
{
	int64_t last = chronicle->to / CHRONICLE_HOUR, hours;
	uint64_t most = 0;

	(void)chronicle_bar_count(chronicle, count, &hours);
	memset(ret, 0, count * sizeof(*ret));
	for (size_t i = 0; i < chronicle->hours.count; i++) {
		const struct chronicle_hour *one = &chronicle->hours.items[i];
		int64_t back = (last - one->begin / CHRONICLE_HOUR) / hours;
		if (back < 0 || back >= (int64_t)count)
			continue;
		size_t at = count - 1 - (size_t)back;
		ret[at] += one->point.figures[figure];
		if (ret[at] > most)
			most = ret[at];
	}
	return most;
}

/* ---- for people ---- */

const char *
chronicle_number(uint64_t number, char ret[static CHRONICLE_NUMBER_BYTES])
{
	char digits[24];
	size_t len =
	    (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, number);
	size_t at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			ret[at++] = ',';
		ret[at++] = digits[i];
	}
	ret[at] = '\0';
	return ret;
}

const char *
chronicle_bytes(uint64_t bytes, char ret[static CHRONICLE_NUMBER_BYTES])
{
	static const char units[] = { 'k', 'M', 'G', 'T', 'P' };
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1000) {
		(void)snprintf(ret, CHRONICLE_NUMBER_BYTES, "%" PRIu64, bytes);
		return ret;
	}
	while (value >= 1000 && unit + 1 < sizeof(units)) {
		value /= 1024;
		unit++;
	}
	(void)snprintf(
	    ret, CHRONICLE_NUMBER_BYTES, "%.1f%c", value, units[unit]);
	return ret;
}
