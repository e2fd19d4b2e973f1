/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/log_files, log_seek and event_find on a journal of three files, against
 * one that reads all of it: the last N that fit, those of a span of time, one
 * by its id.
 */
#include "cli/log_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/event_find.h"
#include "cli/member.h"

#include <cmocka.h>

/* Events that come a second after each other, most of the time. */
enum {
	FILES = 3,
	LINES = 2500,
	COUNT = FILES * LINES,
};

#define BEGIN      (1772366400 * CLOCK_SECOND)
#define PATH_BYTES 80

static char folder[] = P_tmpdir "/gatehouse-files-XXXXXX";
static char paths[FILES][PATH_BYTES]; /* the newest first */

static int64_t
time_of(int number)
{
	/* The two writers may be a little out of order. */
	return BEGIN + (number + (number % 7 == 0 ? 3 : 0)) * CLOCK_SECOND;
}

static void
add_event(struct text *out, int number)
{
	char time[CLOCK_TEXT_BYTES];

	clock_format(time_of(number), time);
	text_addf(out,
	    "{\"time\": \"%s\", \"id\": \"%012" PRIx64 "%08x\", "
	    "\"flow\": \"%016x\", \"number\": %d, \"pad\": \"",
	    time, (uint64_t)(time_of(number) / CLOCK_MS), (unsigned)number,
	    (unsigned)number / 2, number);
	text_pad(out, 'x', (size_t)(number * 37 % 251));
	text_addz(out, "\"}\n");
	if (number % 400 == 3)
		text_addz(out, "\n{\"time\": \"2026-03-0\nbroken\n");
	if (number % 2000 == 77)
		text_pad(out, 'y', LOG_TAIL_LINE_BYTES_MAX + 5);
	if (number % 2000 == 77)
		text_addc(out, '\n');
}

static int
make_files(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	for (int i = 0; i < FILES; i++) {
		struct text content = TEXT_EMPTY;
		int first = (FILES - 1 - i) * LINES;
		(void)snprintf(paths[i], PATH_BYTES,
		    i == 0 ? "%s/events" : "%s/events.%d", folder, i);
		for (int n = first; n < first + LINES; n++)
			add_event(&content, n);
		int fd = open(paths[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (file_write_all(fd, text_str(&content)) < 0)
			return -1;
		(void)close(fd);
		text_fini(&content);
	}
	return 0;
}

static int
remove_files(void **state)
{
	(void)state;
	for (int i = 0; i < FILES; i++)
		(void)unlink(paths[i]);
	return rmdir(folder);
}

/* The numbers of the events that are divided by `by` and of the span. */
struct wanted {
	int by;
	int64_t since, until;
	int *numbers;
	size_t count, looked_at;
};

static int
number_of(const struct wanted *wanted, struct str line)
{
	json_t *event = json_loadb(line.at, line.len, 0, NULL);
	int64_t number = member_number(event, "number"), wall = 0;

	bool good = number >= 0 && number % wanted->by == 0 &&
		    clock_parse(member_string(event, "time"), &wall) == 0 &&
		    wall >= wanted->since && wall < wanted->until;
	json_decref(event);
	return good ? (int)number : -1;
}

static bool
is_wanted(struct str line, void *context)
{
	return number_of(context, line) >= 0;
}

static int
gather(struct str line, void *context)
{
	struct wanted *wanted = context;
	int number = number_of(wanted, line);

	wanted->looked_at++;
	if (number >= 0)
		wanted->numbers[wanted->count++] = number;
	return 0;
}

static void
assert_found(int by, int64_t since, int64_t until, size_t last)
{
	static int got[COUNT], want[COUNT];
	struct wanted wanted = { by, since, until, got, 0, 0 };
	const struct log_wish wish = { since, until, last, is_wanted, &wanted };
	struct log_files files;
	size_t count = 0;

	for (int n = 0; n < COUNT; n += by)
		if (time_of(n) >= since && time_of(n) < until)
			want[count++] = n;
	size_t skipped = count > last ? count - last : 0;
	assert_int_equal(log_files_open(paths[0], &wish, &files), 0);
	assert_int_equal(log_files_give(&files, 0, gather, &wanted), 0);
	log_files_close(&files);
	assert_int_equal(wanted.count, count - skipped);
	assert_memory_equal(
	    got, want + skipped, wanted.count * sizeof(want[0]));
	/* A short span is not found by reading all of it. */
	if ((last < 50 && by < 10) || (since > INT64_MIN && until < INT64_MAX))
		assert_in_range(wanted.looked_at, 0, COUNT / 2);
}

static void
last_ones(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 3, 17, 500, LINES, COUNT - 1,
		COUNT, COUNT + 1, SIZE_MAX };
	static const int divisors[] = { 1, 7, 1000, 6001 };

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (size_t k = 0; k < 4; k++)
			assert_found(
			    divisors[k], INT64_MIN, INT64_MAX, counts[i]);
}

static void
spans(void **state)
{
	(void)state;
	for (int from = -100; from < COUNT + 200; from += 333) {
		int64_t since = BEGIN + from * CLOCK_SECOND;
		assert_found(1, since, INT64_MAX, SIZE_MAX);
		assert_found(1, INT64_MIN, since, SIZE_MAX);
		assert_found(3, since, since + 100 * CLOCK_SECOND, SIZE_MAX);
		assert_found(3, since, since + 100 * CLOCK_SECOND, 5);
		assert_found(1, INT64_MIN, since, 5);
	}
}

static void
by_id(void **state)
{
	(void)state;
	for (int n = 0; n < COUNT; n += 501) {
		json_t *event, *other;
		char id[24];
		(void)snprintf(id, sizeof(id), "%012" PRIx64 "%08x",
		    (uint64_t)(time_of(n) / CLOCK_MS), (unsigned)n);
		assert_int_equal(
		    event_find(paths[0], str_of(id), &event, &other), 0);
		assert_int_equal(member_number(event, "number"), n);
		assert_null(other);
		json_decref(event);
		/* As much of it as says the second. */
		assert_int_equal(event_find(paths[0], (struct str){ id, 15 },
				     &event, &other),
		    0);
		assert_non_null(event);
		json_decref(event);
		json_decref(other);
	}
}

static void
by_flow_and_by_nothing(void **state)
{
	json_t *event, *other;

	(void)state;
	/* Two events are of each flow, and none begins with its digits. */
	assert_int_equal(
	    event_find(paths[0], STR("0000000000000064"), &event, &other), 0);
	assert_int_equal(member_number(event, "number"), 201);
	assert_null(other);
	json_decref(event);
	assert_int_equal(
	    event_find(paths[0], STR("ffffffff"), &event, &other), 0);
	assert_null(event);
	assert_int_equal(event_find(paths[0], STR("no id"), &event, &other), 0);
	assert_null(event);
	/* Nearly all ids begin so. */
	assert_int_equal(event_find(paths[0], STR("019"), &event, &other), 0);
	assert_int_equal(member_number(event, "number"), COUNT - 1);
	assert_int_equal(member_number(other, "number"), COUNT - 2);
	json_decref(event);
	json_decref(other);
}

static void
no_files(void **state)
{
	struct wanted wanted = { .by = 1 };
	const struct log_wish wish = { INT64_MIN, INT64_MAX, 1, is_wanted,
		&wanted };
	struct log_files files;

	(void)state;
	assert_int_equal(log_files_open("/nowhere", &wish, &files), -ENOENT);
	log_files_close(&files);
	assert_int_equal(log_files_open(folder, &wish, &files), -EISDIR);
	log_files_close(&files);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_ones),
		cmocka_unit_test(spans),
		cmocka_unit_test(by_id),
		cmocka_unit_test(by_flow_and_by_nothing),
		cmocka_unit_test(no_files),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
