/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/tally_report.h"

#include "daemon/tally_keeper.h"

#include <errno.h>
#include <stdlib.h>

#define SECONDS_MAX ((uint64_t)TALLY_BOOK_DAYS * 86400)

struct reading {
	struct tally_keeper *keeper;
	int64_t at, to; /* days of the book, or hours of the memory */
	bool from_book;
};

static void
put_now(const struct tally_keeper *keeper, struct text *out)
{
	const struct tally_hours *hours = &keeper->by_hour;

	if (hours->is_empty)
		return;
	tally_hours_put(
	    hours, hours->hour, &hours->now.point, &hours->now, out);
	text_addc(out, '\n');
}

static void
put_hour(const struct tally_keeper *keeper, int64_t hour, struct text *out)
{
	const struct series_point *point =
	    series_at(&keeper->series[TALLY_SERIES - 1], hour * TALLY_HOUR);

	if (point == NULL || tally_hours_is_nothing(point))
		return;
	tally_hours_put(&keeper->by_hour, hour, point,
	    periods_at(&keeper->hours, hour * TALLY_HOUR), out);
	text_addc(out, '\n');
}

static int
next_piece(void *state, struct text *out)
{
	struct reading *reading = state;
	struct tally_keeper *keeper = reading->keeper;

	if (!reading->from_book)
		put_hour(keeper, reading->at, out);
	else if (tally_book_read(
		     &keeper->by_hour.book, reading->at * TALLY_DAY, out) < 0)
		text_clear(out);
	if (++reading->at <= reading->to)
		return 1;
	if (reading->from_book)
		put_now(keeper, out);
	return 0;
}

static void
put_head(int64_t from, int64_t to, struct text *out)
{
	char begin[CLOCK_TEXT_BYTES], end[CLOCK_TEXT_BYTES];

	clock_format(from, begin);
	clock_format(to, end);
	text_addf(out, "{\"from\":\"%s\",\"to\":\"%s\"}\n", begin, end);
}

int
tally_report_begin(struct tally_keeper *keeper, struct str words,
    struct text *out, struct control_more *ret_more)
{
	uint64_t seconds;

	if (str_number(words, SECONDS_MAX, &seconds) < 0 || seconds == 0) {
		text_addz(out, "report SECONDS: up to 400 days\n");
		return -EINVAL;
	}
	struct reading *reading = calloc(1, sizeof(*reading));
	if (!keeper->is_open || reading == NULL) {
		text_addz(out, "there is no memory to count over time\n");
		free(reading);
		return -ENOMEM;
	}
	tally_keeper_refresh(keeper);
	int64_t to = clock_wall(), from = to - (int64_t)seconds * CLOCK_SECOND;
	bool from_book = keeper->by_hour.book.fd >= 0;
	int64_t unit = from_book ? TALLY_DAY : TALLY_HOUR;
	*reading = (struct reading){ .keeper = keeper,
		.from_book = from_book,
		.at = from / unit,
		.to = to / unit };
	put_head(from, to, out);
	*ret_more = (struct control_more){ next_piece, free, reading };
	return 0;
}
