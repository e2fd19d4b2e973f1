/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/chronicle_text: a chronicle for a terminal of 80 columns, in plain
 * characters.
 */
#include "cli/chronicle.h"

#include "base/utf8.h"

#include <stdio.h>

#define BARS       60
#define BAR_HEIGHT 6
#define LABEL      10 /* columns of what stands left of a plot */
#define WHAT       37 /* columns of the first one of a table */

/* "2026-11-27 09:00" */
#define MINUTE_BYTES 17
static const char *
minute_of(int64_t wall, char ret[static MINUTE_BYTES])
{
	char text[CLOCK_TEXT_BYTES];

	clock_format(wall, text);
	text[10] = ' ';
	(void)snprintf(ret, MINUTE_BYTES, "%.16s", text);
	return ret;
}

static void
add_head(const struct chronicle *chronicle, struct text *out)
{
	char from[MINUTE_BYTES], to[MINUTE_BYTES];

	text_addf(out, "What happened from %s to %s (UTC)\n\n",
	    minute_of(chronicle->from, from), minute_of(chronicle->to, to));
}

static void
add_total(struct text *out, const char *what, const char *value)
{
	text_addf(out, "  %-24s %14s", what, value);
}

static void
add_share(struct text *out, uint64_t part, uint64_t whole)
{
	if (whole > 0)
		text_addf(out, "   %.1f %% of requests",
		    100.0 * (double)part / (double)whole);
}

static void
add_totals(const struct chronicle *chronicle, struct text *out)
{
	static const struct {
		const char *what;
		enum series_figure figure;
		bool bytes;
	} rows[] = {
		{ "flows allowed", SERIES_ALLOWED, false },
		{ "flows refused", SERIES_REFUSED, false },
		{ "requests", SERIES_REQUESTS, false },
		{ "answered by the cache", SERIES_HITS, false },
		{ "bytes from clients", SERIES_BYTES_IN, true },
		{ "bytes to clients", SERIES_BYTES_OUT, true },
		{ "bytes saved", SERIES_SAVED, true },
	};
	const uint64_t *figures = chronicle->total.figures;
	char room[CHRONICLE_NUMBER_BYTES];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = figures[rows[i].figure];
		add_total(out, rows[i].what,
		    rows[i].bytes ? chronicle_bytes(value, room)
				  : chronicle_number(value, room));
		if (rows[i].figure == SERIES_HITS)
			add_share(out, value, figures[SERIES_REQUESTS]);
		if (rows[i].figure == SERIES_SAVED)
			text_addz(out, "   by cache and compression");
		text_addc(out, '\n');
	}
}

/* ---- plots ---- */

static void
add_row(struct text *out, const char *label, const uint64_t *bars, size_t count,
    double least)
{
	size_t len = out->len;

	text_addf(out, "%*s |", LABEL, label);
	for (size_t i = 0; i < count; i++)
		text_addc(out, (double)bars[i] > least ? '#' : ' ');
	while (out->len > len && out->at[out->len - 1] == ' ')
		text_cut(out, out->len - 1);
	text_addc(out, '\n');
}

static void
add_axis(const struct chronicle *chronicle, size_t count, int64_t hours,
    struct text *out)
{
	char from[MINUTE_BYTES], to[MINUTE_BYTES];
	int64_t end = (chronicle->to / CHRONICLE_HOUR + 1) * CHRONICLE_HOUR;
	int64_t begin = end - (int64_t)count * hours * CHRONICLE_HOUR;

	text_addf(out, "%*s +", LABEL, "0");
	text_pad(out, '-', count);
	text_addf(out, "\n%*s  %-16s", LABEL, "", minute_of(begin, from) + 5);
	if (count > 32) {
		text_pad(out, ' ', count - 16 - 11);
		text_addf(out, "%s", minute_of(end, to) + 5);
	}
	while (out->at != NULL && out->at[out->len - 1] == ' ')
		text_cut(out, out->len - 1);
	text_addc(out, '\n');
}

/* What is there at all is seen: the lowest row begins above nothing. */
static void
add_plot(const struct chronicle *chronicle, enum series_figure figure,
    const char *title, bool bytes, struct text *out)
{
	uint64_t bars[BARS];
	char room[CHRONICLE_NUMBER_BYTES];
	int64_t hours;
	size_t count = chronicle_bar_count(chronicle, BARS, &hours);
	uint64_t most = chronicle_bars(chronicle, figure, bars, count);

	text_addf(out, "\n%s, by %lld hour%s\n", title, (long long)hours,
	    hours == 1 ? "" : "s");
	for (unsigned row = BAR_HEIGHT; row > 0; row--)
		add_row(out,
		    row < BAR_HEIGHT ? ""
		    : bytes          ? chronicle_bytes(most, room)
				     : chronicle_number(most, room),
		    bars, count, (double)most * (row - 1) / BAR_HEIGHT);
	add_axis(chronicle, count, hours, out);
}

/* ---- tables ---- */

static size_t
width_of(struct str text)
{
	size_t columns = 0;

	for (size_t i = 0; i < text.len; i++)
		columns += ((uint8_t)text.at[i] & 0xc0) != 0x80;
	return columns;
}

/* A character has a column; those of East Asia have two, and their rows are
 * wider then. */
static void
add_what(struct text *out, struct str key)
{
	struct text shown = TEXT_EMPTY;
	size_t columns, at = 0;

	utf8_show(&shown, key);
	struct str all = text_str(&shown);
	bool cut = width_of(all) > WHAT;
	for (columns = 0; at < all.len; columns++) {
		size_t len = utf8_length(str_skip(all, at));
		if (cut && columns == WHAT - 3)
			break;
		at += len > 0 ? len : 1;
	}
	text_add(out, (struct str){ all.at, at });
	if (cut)
		text_addz(out, "...");
	else
		text_pad(out, ' ', WHAT - columns);
	text_fini(&shown);
}

static void
add_table(
    const struct chronicle *chronicle, enum tally_kind kind, struct text *out)
{
	const struct heavy *heavy = &chronicle->kinds[kind];
	const struct heavy_entry *top[CHRONICLE_TOP];
	size_t count = heavy_top(heavy, top, CHRONICLE_TOP);
	char a[CHRONICLE_NUMBER_BYTES], b[CHRONICLE_NUMBER_BYTES];

	if (count == 0)
		return;
	text_addf(out, "\n%-*s %12s %12s %7s %7s\n", WHAT,
	    chronicle_title(kind), "flows", "refused", "in", "out");
	for (size_t i = 0; i < count; i++) {
		const struct heavy_count *one = &top[i]->count;
		add_what(out, heavy_key(heavy, top[i]));
		text_addf(out, " %12s %12s", chronicle_number(one->flows, a),
		    chronicle_number(one->refused, b));
		text_addf(out, " %7s %7s\n", chronicle_bytes(one->bytes_in, a),
		    chronicle_bytes(one->bytes_out, b));
	}
}

void
chronicle_text(const struct chronicle *chronicle, struct text *out)
{
	add_head(chronicle, out);
	add_totals(chronicle, out);
	add_plot(chronicle, SERIES_ALLOWED, "Flows allowed", false, out);
	add_plot(chronicle, SERIES_REFUSED, "Flows refused", false, out);
	add_plot(chronicle, SERIES_BYTES_OUT, "Bytes to clients", true, out);
	for (size_t i = 0; i < TALLY_KIND_COUNT; i++)
		add_table(chronicle, (enum tally_kind)i, out);
}
