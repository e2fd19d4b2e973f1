/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/tally_hours.h"

#include "base/json.h"
#include "daemon/gateway.h"
#include "daemon/notice.h"
#include "daemon/tally_words.h"

#include <errno.h>
#include <stdlib.h>

#define SECONDS_MAX ((uint64_t)TALLY_BOOK_DAYS * 86400)

int
tally_hours_init(struct tally_hours *hours)
{
	*hours =
	    (struct tally_hours){ .book = TALLY_BOOK_CLOSED, .is_empty = true };
	return tally_init(&hours->now);
}

void
tally_hours_fini(struct tally_hours *hours)
{
	tally_book_close(&hours->book);
	tally_fini(&hours->now);
}

/* ---- a line ---- */

/* `tally` NULL: only the point is known. */
static void
put_line(const struct gateway *gateway, int64_t hour,
    const struct series_point *point, const struct tally *tally,
    struct text *out)
{
	struct json json = { .out = out, .comma = true };

	tally_book_begin(hour * TALLY_HOUR, point, out);
	for (size_t i = 0; tally != NULL && i < TALLY_KIND_COUNT; i++) {
		enum tally_kind kind = (enum tally_kind)i;
		json_name(&json, kind == TALLY_REFUSED ? "refused_clients"
						       : tally_kind_word(kind));
		tally_words_put(
		    &json, gateway, kind, &tally->kinds[i], TALLY_HOURS_TOP);
	}
	text_addz(out, "}");
}

static int
write_line(struct gateway *gateway)
{
	struct tally_hours *hours = &gateway->tally.by_hour;
	struct text line = TEXT_EMPTY;

	put_line(gateway, hours->hour, &hours->now.point, &hours->now, &line);
	int rc = line.full ? -ENOMEM
			   : tally_book_append(&hours->book,
				 hours->hour * TALLY_HOUR, text_str(&line));
	text_fini(&line);
	return rc;
}

void
tally_hours_flush(struct gateway *gateway)
{
	struct tally_hours *hours = &gateway->tally.by_hour;
	int rc = 0;

	if (!hours->is_empty && hours->book.fd >= 0) {
		rc = write_line(gateway);
		if (rc < 0 && !hours->failed)
			notice_say("what happened in an hour could not be "
				   "written: %s",
			    strerror(-rc));
		hours->failed = rc < 0;
		tally_book_forget(&hours->book);
	}
	tally_clear(&hours->now);
	hours->is_empty = true;
}

static bool
is_nothing(const struct series_point *point)
{
	static const struct series_point nothing;

	return memcmp(point, &nothing, sizeof(nothing)) == 0;
}

/* ---- what was written ---- */

/* Those that the series has room for: one that is older would have it begin
 * anew. */
static void
take_lines(struct series *series, int64_t now, struct str rest)
{
	int64_t first = now / TALLY_HOUR - (int64_t)series->count + 1;
	struct series_point point;
	int64_t hour;

	while (rest.len > 0)
		if (tally_book_parse(str_cut(&rest, '\n'), &hour, &point) &&
		    hour <= now && hour / TALLY_HOUR >= first)
			(void)series_add(series, hour, &point);
}

static int
read_back(struct gateway *gateway)
{
	struct tally_keeper *keeper = &gateway->tally;
	struct series *series = &keeper->series[TALLY_SERIES - 1];
	int64_t now = clock_wall();
	struct text day = TEXT_EMPTY;
	int rc = 0;

	for (int64_t i = TALLY_SERIES_DAYS; rc == 0 && i >= 0; i--) {
		text_clear(&day);
		rc = tally_book_read(
		    &keeper->by_hour.book, now - i * TALLY_DAY, &day);
		if (rc == 0)
			take_lines(series, now, text_str(&day));
	}
	text_fini(&day);
	return rc;
}

void
tally_hours_open(struct gateway *gateway)
{
	struct tally_keeper *keeper = &gateway->tally;
	const char *dir = gateway->last_good.dir;

	if (!keeper->is_open || dir == NULL)
		return;
	int rc = tally_book_open(&keeper->by_hour.book, dir);
	if (rc == 0)
		rc = read_back(gateway);
	if (rc < 0)
		notice_say("what happened before could not be read from "
			   "%s/hours: %s",
		    dir, strerror(-rc));
}

/* ---- what happens ---- */

void
tally_hours_add(
    struct gateway *gateway, int64_t wall, const struct tally *news, bool anew)
{
	struct tally_hours *hours = &gateway->tally.by_hour;
	int64_t hour = wall > 0 ? wall / TALLY_HOUR : 0;

	if (hour != hours->hour)
		tally_hours_flush(gateway);
	if (anew && hours->book.fd >= 0)
		(void)read_back(gateway);
	hours->hour = hour;
	if (is_nothing(&news->point))
		return;
	tally_merge(&hours->now, news);
	hours->is_empty = false;
}

/* ---- report ---- */

struct reading {
	struct gateway *gateway;
	int64_t at, to; /* days of the book, or hours of the memory */
	bool from_book;
};

static void
put_now(struct gateway *gateway, struct text *out)
{
	const struct tally_hours *hours = &gateway->tally.by_hour;

	if (hours->is_empty)
		return;
	put_line(gateway, hours->hour, &hours->now.point, &hours->now, out);
	text_addc(out, '\n');
}

static void
put_hour(struct gateway *gateway, int64_t hour, struct text *out)
{
	const struct tally_keeper *keeper = &gateway->tally;
	const struct series_point *point =
	    series_at(&keeper->series[TALLY_SERIES - 1], hour * TALLY_HOUR);

	if (point == NULL || is_nothing(point))
		return;
	put_line(gateway, hour, point,
	    periods_at(&keeper->hours, hour * TALLY_HOUR), out);
	text_addc(out, '\n');
}

static int
next_piece(void *state, struct text *out)
{
	struct reading *reading = state;
	struct gateway *gateway = reading->gateway;

	if (!reading->from_book)
		put_hour(gateway, reading->at, out);
	else if (tally_book_read(&gateway->tally.by_hour.book,
		     reading->at * TALLY_DAY, out) < 0)
		text_clear(out);
	if (++reading->at <= reading->to)
		return 1;
	if (reading->from_book)
		put_now(gateway, out);
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
tally_hours_report(struct gateway *gateway, struct str words, struct text *out,
    struct control_more *ret_more)
{
	uint64_t seconds;

	if (str_number(words, SECONDS_MAX, &seconds) < 0 || seconds == 0) {
		text_addz(out, "report SECONDS: up to 400 days\n");
		return -EINVAL;
	}
	struct reading *reading = calloc(1, sizeof(*reading));
	if (!gateway->tally.is_open || reading == NULL) {
		text_addz(out, "there is no memory to count over time\n");
		free(reading);
		return -ENOMEM;
	}
	tally_keeper_refresh(gateway);
	int64_t to = clock_wall(), from = to - (int64_t)seconds * CLOCK_SECOND;
	bool from_book = gateway->tally.by_hour.book.fd >= 0;
	int64_t unit = from_book ? TALLY_DAY : TALLY_HOUR;
	*reading = (struct reading){ .gateway = gateway,
		.from_book = from_book,
		.at = from / unit,
		.to = to / unit };
	put_head(from, to, out);
	*ret_more = (struct control_more){ next_piece, free, reading };
	return 0;
}
