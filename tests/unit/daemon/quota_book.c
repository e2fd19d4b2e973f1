/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is used of quotas is read as it was written, and no more of it than its
 * period has.
 */
#include "daemon/quota_book.h"

#include "base/clock.h"
#include "folder.h"

static char path[sizeof(folder) + 16];

static int
setup(void **state)
{
	int rc = folder_setup(state);

	(void)snprintf(path, sizeof(path), "%s/quotas", folder);
	return rc;
}

static struct policy_quota_count
count_of(
    uint64_t id, const char *source, enum policy_period period, uint64_t used)
{
	struct policy_quota_count count = {
		.id = id, .used = used, .period = (uint8_t)period
	};
	int64_t end;

	policy_period_of(period, clock_wall(), &count.begin, &end);
	if (source != NULL)
		assert_int_equal(
		    address_parse(str_of(source), &count.source), 0);
	return count;
}

static void
expect(const struct quota_book *book, const struct policy_quota_count *count)
{
	const struct policy_quota_count *found =
	    quota_book_find(book, count->id, count->source);

	assert_non_null(found);
	assert_int_equal(found->used, count->used);
	assert_int_equal(found->begin, count->begin);
	assert_int_equal(found->period, count->period);
}

static void
what_is_written_is_read(void **state)
{
	const struct policy_quota_count counts[] = {
		count_of(1, NULL, POLICY_PERIOD_MONTH, 5),
		count_of(1, "10.0.0.4", POLICY_PERIOD_MONTH, UINT64_MAX),
		count_of(UINT64_MAX, "2001:db8::", POLICY_PERIOD_MONTH, 0),
		count_of(2, "10.0.0.4", POLICY_PERIOD_MONTH, 1),
	};
	struct quota_book book = { .items = NULL }, again = { .items = NULL };

	(void)state;
	assert_int_equal(quota_book_read(&book, path, clock_wall()), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(quota_book_put(&book, &counts[i]), 0);
	assert_true(book.changed);
	assert_int_equal(quota_book_write(&book, path), 0);
	assert_false(book.changed);
	assert_int_equal(quota_book_read(&again, path, clock_wall()), 0);
	assert_int_equal(again.count, 4);
	for (size_t i = 0; i < 4; i++)
		expect(&again, &counts[i]);
	quota_book_fini(&book);
	quota_book_fini(&again);
}

static void
a_count_takes_the_place_of_the_one_before(void **state)
{
	struct policy_quota_count count =
	    count_of(1, "10.0.0.4", POLICY_PERIOD_MONTH, 5);
	struct quota_book book = { .items = NULL };

	(void)state;
	assert_int_equal(quota_book_put(&book, &count), 0);
	count.used = 7;
	assert_int_equal(quota_book_put(&book, &count), 0);
	assert_int_equal(book.count, 1);
	expect(&book, &count);
	quota_book_fini(&book);
}

static void
what_is_over_goes(void **state)
{
	struct policy_quota_count old =
	    count_of(1, "10.0.0.4", POLICY_PERIOD_HOUR, 5);
	struct policy_quota_count now =
	    count_of(2, "10.0.0.4", POLICY_PERIOD_MONTH, 6);
	struct quota_book book = { .items = NULL };

	(void)state;
	old.begin -= 3600 * CLOCK_SECOND;
	assert_int_equal(quota_book_put(&book, &old), 0);
	assert_int_equal(quota_book_put(&book, &now), 0);
	quota_book_clean(&book, clock_wall());
	assert_int_equal(book.count, 1);
	assert_null(quota_book_find(&book, 1, old.source));
	expect(&book, &now);
	quota_book_fini(&book);
}

static void
write_file(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, str_of(text)), 0);
	(void)close(fd);
}

/* Torn lines are left out, another file is none. */
static void
a_file_that_makes_no_sense(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} rows[] = {
		{ "", -EINVAL },
		{ "something else\n", -EINVAL },
		{ "gatehouse quotas 2\n", -EINVAL },
		{ "gatehouse quotas 1\n", 0 },
		{ "gatehouse quotas 1\n\n \n0 day\n", 0 },
		{ "gatehouse quotas 1\n"
		  "0000000000000001 day 2026-11-27T00:00:00.000000Z 10.0.0.",
		    0 },
		{ "gatehouse quotas 1\n"
		  "000000000000000x day 2026-11-27T00:00:00.000000Z - 5\n",
		    0 },
		{ "gatehouse quotas 1\n"
		  "0000000000000001 year 2026-11-27T00:00:00.000000Z - 5\n",
		    0 },
		{ "gatehouse quotas 1\n"
		  "0000000000000001 month 9999-11-01T00:00:00.000000Z - -5\n",
		    0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct quota_book book = { .items = NULL };
		write_file(rows[i].text);
		assert_int_equal(
		    quota_book_read(&book, path, clock_wall()), rows[i].rc);
		assert_int_equal(book.count, 0);
		quota_book_fini(&book);
	}
}

/* Those that came first go, and all others are still found. */
static void
a_full_book_makes_room(void **state)
{
	struct policy_quota_count count =
	    count_of(0, "10.0.0.4", POLICY_PERIOD_MONTH, 1);
	struct quota_book book = { .items = NULL };

	(void)state;
	for (uint64_t id = 0; id < QUOTA_BOOK_MAX; id++) {
		count.id = id;
		assert_int_equal(quota_book_put(&book, &count), 0);
	}
	count.id = QUOTA_BOOK_MAX;
	assert_int_equal(quota_book_put(&book, &count), 1);
	assert_true(book.count <= QUOTA_BOOK_MAX);
	assert_null(quota_book_find(&book, 0, count.source));
	for (uint64_t id = QUOTA_BOOK_MAX / 2; id <= QUOTA_BOOK_MAX; id++)
		assert_non_null(quota_book_find(&book, id, count.source));
	assert_int_equal(quota_book_write(&book, path), 0);
	quota_book_fini(&book);
	assert_int_equal(quota_book_read(&book, path, clock_wall()), 0);
	assert_true(book.count > QUOTA_BOOK_MAX / 2);
	quota_book_fini(&book);
}

static void
a_disk_that_takes_nothing(void **state)
{
	struct policy_quota_count count =
	    count_of(1, NULL, POLICY_PERIOD_DAY, 1);
	struct quota_book book = { .items = NULL };

	(void)state;
	assert_int_equal(quota_book_put(&book, &count), 0);
	assert_true(quota_book_write(&book, "/nowhere/quotas") < 0);
	assert_true(book.changed);
	quota_book_fini(&book);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(a_count_takes_the_place_of_the_one_before),
		cmocka_unit_test(what_is_over_goes),
		cmocka_unit_test(a_file_that_makes_no_sense),
		cmocka_unit_test(a_full_book_makes_room),
		cmocka_unit_test(a_disk_that_takes_nothing),
	};

	return cmocka_run_group_tests(tests, setup, folder_teardown);
}
