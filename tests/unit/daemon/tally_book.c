/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hours are read as they were written, whatever became of the file meanwhile,
 * and no file is kept for ever.
 */
#include "daemon/tally_book.h"

#include "folder.h"

#define DAY (INT64_C(20784) * TALLY_DAY) /* 2026-11-27 */

static struct tally_book book = { .fd = -1 };

static int
setup(void **state)
{
	return folder_setup(state) != 0 || tally_book_open(&book, folder) != 0;
}

static int
teardown(void **state)
{
	tally_book_close(&book);
	return folder_teardown(state);
}

static void
write_hour(int64_t hour, uint64_t allowed, int want)
{
	struct series_point point = { { [SERIES_ALLOWED] = allowed,
	    [SERIES_SAVED] = UINT64_C(1) << 40 } };
	struct text line = TEXT_EMPTY;

	tally_book_begin(hour, &point, &line);
	text_addz(&line, ",\"names\":[]}");
	assert_int_equal(tally_book_append(&book, hour, text_str(&line)), want);
	text_fini(&line);
}

/* The hours that are read, and the sum of what was allowed in them. */
static size_t
read_hours(int64_t day, uint64_t *ret_allowed)
{
	struct text text = TEXT_EMPTY;
	struct series_point point;
	size_t count = 0;
	int64_t hour;

	*ret_allowed = 0;
	assert_int_equal(tally_book_read(&book, day, &text), 0);
	struct str rest = text_str(&text);
	while (rest.len > 0) {
		if (!tally_book_parse(str_cut(&rest, '\n'), &hour, &point))
			continue;
		assert_int_equal(hour / TALLY_DAY, day / TALLY_DAY);
		assert_int_equal(
		    point.figures[SERIES_SAVED], UINT64_C(1) << 40);
		*ret_allowed += point.figures[SERIES_ALLOWED];
		count++;
	}
	text_fini(&text);
	return count;
}

static void
hours_of_two_days(void **state)
{
	uint64_t allowed;

	(void)state;
	for (int64_t i = 0; i < 24; i++)
		write_hour(DAY + i * TALLY_HOUR, 1, 0);
	write_hour(DAY + TALLY_DAY, 100, 0);
	write_hour(DAY + TALLY_DAY, 10, 0); /* started again in that hour */
	assert_int_equal(read_hours(DAY, &allowed), 24);
	assert_int_equal(allowed, 24);
	assert_int_equal(read_hours(DAY + TALLY_DAY, &allowed), 2);
	assert_int_equal(allowed, 110);
	assert_int_equal(read_hours(DAY + 2 * TALLY_DAY, &allowed), 0);
	struct stat st;
	assert_int_equal(stat(folder_path("hours/2026-11-27.jsonl"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* A crash leaves a part of a line: that hour is gone, and no other. */
static void
a_line_that_was_cut_off(void **state)
{
	int64_t day = DAY + 3 * TALLY_DAY;
	uint64_t allowed;
	struct stat st;

	(void)state;
	write_hour(day, 1, 0);
	write_hour(day + TALLY_HOUR, 2, 0);
	const char *path = folder_path("hours/2026-11-30.jsonl");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size - 5), 0);
	assert_int_equal(read_hours(day, &allowed), 1);
	assert_int_equal(allowed, 1);
	write_hour(day + 2 * TALLY_HOUR, 4, 0);
	assert_int_equal(read_hours(day, &allowed), 2);
	assert_int_equal(allowed, 5);
}

static void
what_is_no_line(void **state)
{
	static const char *const lines[] = {
		"",
		"{}",
		"{\"hour\":\"2026-11-27T09:00:00.000000Z\"}",
		"{\"hour\":\"2026-11-27T09:00:01.000000Z\",\"allowed\":1,"
		"\"refused\":2,\"requests\":3,\"bytes_in\":4,\"bytes_out\":5,"
		"\"hits\":6,\"saved\":7}",
		"{\"hour\":\"2026-11-27T09:00:00.000000Z\",\"allowed\":-1,"
		"\"refused\":2,\"requests\":3,\"bytes_in\":4,\"bytes_out\":5,"
		"\"hits\":6,\"saved\":7}",
		"{\"hour\":\"2026-11-27T09:00:00.000000Z\",\"allowed\":,"
		"\"refused\":2,\"requests\":3,\"bytes_in\":4,\"bytes_out\":5,"
		"\"hits\":6,\"saved\":7}",
		"{\"hour\":\"2026-11-27T09:00:00.000000Z\",\"allowed\":"
		"99999999999999999999,\"refused\":2,\"requests\":3,"
		"\"bytes_in\":4,\"bytes_out\":5,\"hits\":6,\"saved\":7}",
	};
	struct series_point point;
	int64_t hour;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_false(tally_book_parse(str_of(lines[i]), &hour, &point));
	assert_true(tally_book_parse(
	    STR("{\"hour\":\"2026-11-27T09:00:00.000000Z\",\"allowed\":1,"
		"\"refused\":2,\"requests\":3,\"bytes_in\":4,\"bytes_out\":5,"
		"\"hits\":6,\"saved\":7,\"later\":[]}"),
	    &hour, &point));
	assert_int_equal(hour, DAY + 9 * TALLY_HOUR);
	assert_int_equal(point.figures[SERIES_SAVED], 7);
}

static void
a_day_that_is_full(void **state)
{
	int64_t day = DAY + 5 * TALLY_DAY;
	uint64_t allowed;

	(void)state;
	write_hour(day, 1, 0);
	assert_int_equal(truncate(folder_path("hours/2026-12-02.jsonl"),
			     (off_t)TALLY_BOOK_DAY_BYTES_MAX - 100),
	    0);
	write_hour(day + TALLY_HOUR, 2, -EFBIG);
	assert_int_equal(read_hours(day, &allowed), 1);
}

/* The oldest, whatever the clock says; and nobody else's file. */
static void
what_is_old_goes(void **state)
{
	static const char *const others[] = { "hours/2000-01-01.txt",
		"hours/x000-01-01.jsonl", "hours/notes" };
	int64_t first = DAY - 500 * TALLY_DAY;
	uint64_t allowed;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		(void)close(
		    open(folder_path(others[i]), O_CREAT | O_WRONLY, 0600));
	for (int64_t i = 0; i < TALLY_BOOK_DAYS; i++)
		write_hour(first + i * TALLY_DAY, 7, 0);
	write_hour(DAY + 30000 * TALLY_DAY, 9, 0);
	tally_book_forget(&book);
	assert_int_equal(read_hours(first, &allowed), 0);
	assert_int_equal(
	    read_hours(first + (TALLY_BOOK_DAYS - 1) * TALLY_DAY, &allowed), 1);
	assert_int_equal(read_hours(DAY, &allowed), 24);
	assert_int_equal(read_hours(DAY + 30000 * TALLY_DAY, &allowed), 1);
	size_t days = 0;
	for (int64_t i = -1000; i < 1000; i++)
		days += read_hours(DAY + i * TALLY_DAY, &allowed) > 0;
	assert_int_equal(days, TALLY_BOOK_DAYS - 1);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(access(folder_path(others[i]), F_OK), 0);
}

static void
what_is_no_file_of_ours(void **state)
{
	int64_t day = DAY + 7 * TALLY_DAY; /* 2026-12-04 */
	struct text text = TEXT_EMPTY;

	(void)state;
	assert_int_equal(
	    symlink("2026-11-27.jsonl", folder_path("hours/2026-12-04.jsonl")),
	    0);
	write_hour(day, 1, -ELOOP);
	assert_int_equal(tally_book_read(&book, day, &text), -ELOOP);
	assert_int_equal(
	    mkfifo(folder_path("hours/2026-12-05.jsonl"), 0600), 0);
	write_hour(day + TALLY_DAY, 1, -EINVAL);
	assert_true(tally_book_read(&book, day + TALLY_DAY, &text) < 0);
	text_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hours_of_two_days),
		cmocka_unit_test(a_line_that_was_cut_off),
		cmocka_unit_test(what_is_no_line),
		cmocka_unit_test(a_day_that_is_full),
		cmocka_unit_test(what_is_old_goes),
		cmocka_unit_test(what_is_no_file_of_ours),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
