/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of a flood, what is not, and that nothing is in neither. */
#include "firewall/log_bound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"

#define FLOOD STR("drop 34 lan wan - ads")
#define START (1000 * CLOCK_SECOND)

static struct log_bound *bound;

/* What the last settlement said. */
static struct {
	size_t records;
	uint64_t suppressed; /* of all */
	char record[128];    /* the last one */
} said;

static int
begin(void **state)
{
	(void)state;
	bound = log_bound_create();
	return bound != NULL ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	log_bound_destroy(bound);
	return 0;
}

static void
hear(struct str record, uint64_t suppressed, void *context)
{
	assert_ptr_equal(context, &said);
	assert_true(suppressed > 0);
	said.records++;
	said.suppressed += suppressed;
	(void)snprintf(
	    said.record, sizeof(said.record), "%.*s", STR_ARG(record));
}

static bool
settle(int64_t now)
{
	memset(&said, 0, sizeof(said));
	return log_bound_settle(bound, now, hear, &said);
}

/* Of `count` packets, one each step: how many are told. */
static size_t
send(struct str record, enum policy_verdict verdict, size_t count, int64_t from,
    int64_t step)
{
	size_t told = 0;

	for (size_t i = 0; i < count; i++)
		told += log_bound_admit(
		    bound, record, verdict, from + (int64_t)i * step);
	return told;
}

static void
a_scan_shows_whole(void **state)
{
	(void)state;
	assert_int_equal(
	    send(FLOOD, POLICY_VERDICT_DROP, 1000, START, CLOCK_MS), 1000);
	assert_true(settle(START + CLOCK_SECOND));
	assert_int_equal(said.records, 0);
}

/* A thousand, then 20 a second: for each verdict that refuses. */
static void
a_flood_does_not(void **state)
{
	static const enum policy_verdict verdicts[] = { POLICY_VERDICT_DROP,
		POLICY_VERDICT_REJECT };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		int64_t start = START + (int64_t)i * 100 * CLOCK_SECOND;
		size_t told =
		    send(FLOOD, verdicts[i], 200001, start, CLOCK_MS / 20);
		assert_int_equal(told, 1000 + 10 * 20);
		assert_true(settle(start + 10 * CLOCK_SECOND));
		assert_int_equal(said.records, 1);
		assert_int_equal(said.suppressed, 200001 - told);
		assert_string_equal(said.record, "drop 34 lan wan - ads");
		/* Said once. */
		assert_true(settle(start + 11 * CLOCK_SECOND));
		assert_int_equal(said.records, 0);
		/* After 50 seconds it is as if nothing had been. */
		assert_false(settle(start + 61 * CLOCK_SECOND));
	}
}

static void
what_is_allowed_may_be_more(void **state)
{
	struct str record = STR("allow 9 lan wan -");

	(void)state;
	assert_int_equal(
	    send(record, POLICY_VERDICT_ALLOW, 10001, START, 0), 10000);
	assert_int_equal(send(record, POLICY_VERDICT_ALLOW, 5000,
			     START + 10 * CLOCK_SECOND, CLOCK_MS),
	    5000);
	assert_false(settle(START + 15 * CLOCK_SECOND));
	assert_int_equal(said.suppressed, 1);
}

/* Another rule, or the same one between other zones, shows as ever. */
static void
one_flood_hides_no_other_record(void **state)
{
	static const struct str others[] = { STR_INIT(
						 "drop 34 guest wan - ads"),
		STR_INIT("drop 35 lan wan -"), STR_INIT("") };

	(void)state;
	assert_int_equal(
	    send(FLOOD, POLICY_VERDICT_DROP, 5000, START, 0), 1000);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(
		    send(others[i], POLICY_VERDICT_DROP, 10, START, 0), 10);
	assert_true(settle(START));
	assert_int_equal(said.records, 1);
	assert_int_equal(said.suppressed, 4000);
}

/* Forgetting some leaves the others as they are, wherever they stood. */
static void
forgets_only_what_is_full(void **state)
{
	char text[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text), "drop %d a b -", i);
		(void)send(str_of(text), POLICY_VERDICT_DROP,
		    i % 3 == 0 ? 1000 : 1, START, 0);
	}
	assert_true(settle(START + CLOCK_SECOND));
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text), "drop %d a b -", i);
		assert_int_equal(send(str_of(text), POLICY_VERDICT_DROP, 1000,
				     START + CLOCK_SECOND, 0),
		    i % 3 == 0 ? 20 : 1000);
	}
	assert_true(settle(START + CLOCK_SECOND));
	assert_int_equal(said.records, 334);
	assert_int_equal(said.suppressed, 334 * 980);
	assert_false(settle(START + 60 * CLOCK_SECOND));
}

/* More records than there is room for are told without a bound. */
static void
is_full_of_records(void **state)
{
	char text[32];

	(void)state;
	for (int i = 0; i < LOG_BOUND_RECORDS_MAX; i++) {
		(void)snprintf(text, sizeof(text), "drop %d a b -", i);
		assert_int_equal(
		    send(str_of(text), POLICY_VERDICT_DROP, 1, START, 0), 1);
	}
	assert_int_equal(
	    send(FLOOD, POLICY_VERDICT_DROP, 5000, START, 0), 5000);
	assert_int_equal(
	    send(STR("drop 7 a b -"), POLICY_VERDICT_DROP, 1000, START, 0),
	    999);
	assert_true(settle(START + CLOCK_SECOND));
	assert_int_equal(said.records, 1);
	/* Room again. */
	assert_int_equal(
	    send(FLOOD, POLICY_VERDICT_DROP, 5000, START + CLOCK_SECOND, 0),
	    1000);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_scan_shows_whole),
		TEST(a_flood_does_not),
		TEST(what_is_allowed_may_be_more),
		TEST(one_flood_hides_no_other_record),
		TEST(forgets_only_what_is_full),
		TEST(is_full_of_records),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
