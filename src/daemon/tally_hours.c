/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/tally_hours.h"

#include "base/json.h"
#include "daemon/notice.h"
#include "daemon/tally_words.h"

#include <errno.h>

int
tally_hours_init(struct tally_hours *hours, struct series *series,
    const struct rule_hits *hits)
{
	*hours = (struct tally_hours){ .series = series,
		.hits = hits,
		.book = TALLY_BOOK_CLOSED,
		.is_empty = true };
	return tally_init(&hours->now);
}

void
tally_hours_fini(struct tally_hours *hours)
{
	tally_book_close(&hours->book);
	tally_fini(&hours->now);
}

/* ---- a line ---- */

void
tally_hours_put(const struct tally_hours *hours, int64_t hour,
    const struct series_point *point, const struct tally *tally,
    struct text *out)
{
	struct json json = { .out = out, .comma = true };

	tally_book_begin(hour * TALLY_HOUR, point, out);
	for (size_t i = 0; tally != NULL && i < TALLY_KIND_COUNT; i++) {
		enum tally_kind kind = (enum tally_kind)i;
		json_name(&json, kind == TALLY_REFUSED ? "refused_clients"
						       : tally_kind_word(kind));
		tally_words_put(&json, hours->hits, kind, &tally->kinds[i],
		    TALLY_HOURS_TOP);
	}
	text_addz(out, "}");
}

static int
write_line(struct tally_hours *hours)
{
	struct text line = TEXT_EMPTY;

	tally_hours_put(
	    hours, hours->hour, &hours->now.point, &hours->now, &line);
	int rc = line.full ? -ENOMEM
			   : tally_book_append(&hours->book,
				 hours->hour * TALLY_HOUR, text_str(&line));
	text_fini(&line);
	return rc;
}

void
tally_hours_flush(struct tally_hours *hours)
{
	int rc = 0;

	if (!hours->is_empty && hours->book.fd >= 0) {
		rc = write_line(hours);
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

bool
tally_hours_is_nothing(const struct series_point *point)
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
read_back(struct tally_hours *hours)
{
	int64_t now = clock_wall();
	struct text day = TEXT_EMPTY;
	int rc = 0;

	for (int64_t i = TALLY_SERIES_DAYS; rc == 0 && i >= 0; i--) {
		text_clear(&day);
		rc = tally_book_read(&hours->book, now - i * TALLY_DAY, &day);
		if (rc == 0)
			take_lines(hours->series, now, text_str(&day));
	}
	text_fini(&day);
	return rc;
}

void
tally_hours_open(struct tally_hours *hours, const char *dir)
{
	int rc = tally_book_open(&hours->book, dir);

	if (rc == 0)
		rc = read_back(hours);
	if (rc < 0)
		notice_say("what happened before could not be read from "
			   "%s/hours: %s",
		    dir, strerror(-rc));
}

/* ---- what happens ---- */

void
tally_hours_add(struct tally_hours *hours, int64_t wall,
    const struct tally *news, bool anew)
{
	int64_t hour = wall > 0 ? wall / TALLY_HOUR : 0;

	if (hour != hours->hour)
		tally_hours_flush(hours);
	if (anew && hours->book.fd >= 0)
		(void)read_back(hours);
	hours->hour = hour;
	if (tally_hours_is_nothing(&news->point))
		return;
	tally_merge(&hours->now, news);
	hours->is_empty = false;
}
