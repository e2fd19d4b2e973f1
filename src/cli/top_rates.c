/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cli/top_rates.h"

#include "cli/amount.h"
#include "cli/columns.h"
#include "policy/duration.h"

#define TITLE_COLUMNS  8
#define NUMBER_COLUMNS 8

/* What is left for bars: title, bars, and two numbers. */
static size_t
bars_of(const struct top_counts *counts, size_t width)
{
	size_t taken = TITLE_COLUMNS + 2 * NUMBER_COLUMNS + 3;
	size_t room = width > taken ? width - taken : 0;

	return room < counts->point_count ? room : counts->point_count;
}

static void
add_head(const struct top_counts *counts, size_t bars, size_t width,
    struct text *out)
{
	struct text words = TEXT_EMPTY;
	size_t room = width > TITLE_COLUMNS + 2 * NUMBER_COLUMNS + 3
			  ? width - TITLE_COLUMNS - 2 * NUMBER_COLUMNS - 3
			  : 0;

	if (bars > 0) {
		text_addz(&words, "the last ");
		amount_add_duration(
		    &words, (double)((int64_t)bars * counts->step * 1000));
		text_addz(&words, ", a bar for ");
		duration_add(counts->step * CLOCK_SECOND, &words);
	}
	columns_add_left(out, STR("A SECOND"), TITLE_COLUMNS);
	text_addc(out, ' ');
	columns_add_left(out, text_str(&words), room);
	text_addc(out, ' ');
	columns_add_right(out, STR("LAST"), NUMBER_COLUMNS);
	text_addc(out, ' ');
	columns_add_right(out, STR("MOST"), NUMBER_COLUMNS);
	text_fini(&words);
}

/* Of what happened in a step, what it is in a second. */
static void
add_rate(const struct top_measure_row *measure, int64_t value, int64_t step,
    struct text *out)
{
	struct text words = TEXT_EMPTY;

	if (value < 0)
		text_addz(&words, "-");
	else if (measure->is_bytes)
		amount_add_size(&words, value / step);
	else if (value < 100 * step)
		/* Few a second are told by tenths. */
		text_addf(&words, "%.1f", (double)value / (double)step);
	else
		amount_add_count(&words, value / step);
	columns_add_right(out, text_str(&words), NUMBER_COLUMNS);
	text_fini(&words);
}

/* Eighths of a line; what is not nothing is seen. */
static void
add_bar(int64_t value, int64_t most, struct text *out)
{
	static const char *const bars[] = { " ", "\u2581", "\u2582", "\u2583",
		"\u2584", "\u2585", "\u2586", "\u2587", "\u2588" };
	int64_t eighths =
	    value <= 0 ? 0 : 1 + (int64_t)((double)value / (double)most * 7.0);

	text_addz(out, bars[eighths]);
}

void
top_rates_line(const struct top_counts *counts, size_t number, size_t width,
    struct text *out)
{
	size_t bars = bars_of(counts, width), start;
	int64_t most = 0, last = -1;

	if (number == 0) {
		add_head(counts, bars, width, out);
		return;
	}
	const struct top_measure_row *measure = &top_measures[number - 1];
	start = counts->point_count - bars;
	columns_add_left(out, str_of(measure->title), TITLE_COLUMNS);
	text_addc(out, ' ');
	for (size_t i = start; i < counts->point_count; i++) {
		last = counts->points[i].values[number - 1];
		most = last > most ? last : most;
	}
	for (size_t i = start; i < counts->point_count; i++)
		add_bar(counts->points[i].values[number - 1], most, out);
	size_t used = TITLE_COLUMNS + 1 + bars + 2 * NUMBER_COLUMNS + 2;
	text_pad(out, ' ', width > used ? width - used : 0);
	text_addc(out, ' ');
	add_rate(measure, last, counts->step > 0 ? counts->step : 1, out);
	text_addc(out, ' ');
	add_rate(measure, most, counts->step > 0 ? counts->step : 1, out);
}
