/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/quotas: what is used, by whom and in which period, on a clock of the
 * test's own.
 */
#include "proxy/quotas.h"

#include "base/clock.h"
#include "event/counter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY (86400 * CLOCK_SECOND)

/* Noon of a day in UTC, which the tests are in. */
#define NOON (20000 * DAY + DAY / 2)

static int
setup(void **state)
{
	(void)state;
	return setenv("TZ", "UTC0", 1);
}

static struct address
address_of(const char *text)
{
	struct address address = { 0 };

	assert_int_equal(address_parse(str_of(text), &address), 0);
	return address;
}

static struct policy_rule
rule_of(const char *name, uint64_t bytes, bool per_source)
{
	return (struct policy_rule){ .label = str_of(name),
		.quota = { bytes, POLICY_PERIOD_DAY, per_source } };
}

/* Uses so much, as a flow that begins and ends; whether it was let in. */
static bool
use(struct quotas *quotas, const struct policy_rule *rule, const char *source,
    int64_t wall, uint64_t bytes)
{
	struct quota *quota =
	    quotas_hold(quotas, rule, address_of(source), wall);

	assert_non_null(quota);
	bool is_in = !quota_is_used_up(quota);
	if (is_in)
		quota_meter(quota)->used += bytes;
	quotas_release(quotas, quota);
	return is_in;
}

static void
each_source_and_all_together(void **state)
{
	struct policy_rule each = rule_of("each", 100, true);
	struct policy_rule all = rule_of("all", 100, false);
	struct quotas *quotas = quotas_create();

	(void)state;
	assert_true(use(quotas, &each, "10.0.0.4", NOON, 60));
	assert_true(use(quotas, &each, "10.0.0.4", NOON, 60));
	assert_false(use(quotas, &each, "10.0.0.4", NOON, 1));
	assert_true(use(quotas, &each, "10.0.0.5", NOON, 100));
	/* A network of 64 bits is one. */
	assert_true(use(quotas, &each, "2001:db8:0:1::4", NOON, 100));
	assert_false(use(quotas, &each, "2001:db8:0:1:5::4", NOON, 1));
	assert_true(use(quotas, &each, "2001:db8:0:2::4", NOON, 1));
	assert_true(use(quotas, &all, "10.0.0.4", NOON, 60));
	assert_true(use(quotas, &all, "10.0.0.5", NOON, 60));
	assert_false(use(quotas, &all, "2001:db8::4", NOON, 1));
	quotas_unref(quotas);
}

/* For who holds it all night, and for who comes again. */
static void
a_new_day_begins_anew(void **state)
{
	struct policy_rule rule = rule_of("each", 100, true);
	struct quotas *quotas = quotas_create();
	int64_t midnight = NOON + DAY / 2;

	(void)state;
	struct quota *held =
	    quotas_hold(quotas, &rule, address_of("10.0.0.4"), NOON);
	assert_int_equal(quota_end(held), midnight);
	quota_meter(held)->used = 100;
	assert_true(use(quotas, &rule, "10.0.0.5", NOON, 100));
	assert_true(quotas_tick(quotas, midnight - 1));
	assert_true(quota_is_used_up(held));
	assert_false(quotas_tick(quotas, midnight));
	assert_false(quota_is_used_up(held));
	assert_int_equal(quota_end(held), midnight + DAY);
	assert_true(use(quotas, &rule, "10.0.0.5", midnight, 1));
	/* A clock that is set back gives nothing back. */
	quota_meter(held)->used = 100;
	assert_true(quotas_tick(quotas, NOON));
	assert_true(quota_is_used_up(held));
	quotas_release(quotas, held);
	quotas_unref(quotas);
}

/* A day's quota is not used up for the ten years by which a clock was wrong. */
static void
a_clock_that_was_far_ahead(void **state)
{
	const int64_t years = (int64_t)3652 * 86400 * CLOCK_SECOND;
	struct policy_rule rule = rule_of("each", 100, true);
	struct address source = address_of("10.0.0.4");
	struct quotas *quotas = quotas_create();

	(void)state;
	struct quota *held = quotas_hold(quotas, &rule, source, NOON + years);
	quota_meter(held)->used = 100;
	assert_true(quotas_tick(quotas, NOON + years));
	quotas_release(quotas, held);
	held = quotas_hold(quotas, &rule, source, NOON);
	assert_false(quota_is_used_up(held));
	assert_true(quota_end(held) < NOON + years);
	quotas_release(quotas, held);
	quotas_unref(quotas);
}

/* Once, and again when another policy has raised it. */
static void
who_has_run_out_is_told_once(void **state)
{
	struct policy_rule rule = rule_of("each", 100, true);
	struct policy_rule more = rule_of("each", 200, true);
	struct address source = address_of("10.0.0.4");
	struct quotas *quotas = quotas_create();

	(void)state;
	struct quota *held = quotas_hold(quotas, &rule, source, NOON);
	quota_meter(held)->used = 99;
	assert_false(quotas_tick(quotas, NOON));
	quota_meter(held)->used = 100;
	assert_true(quotas_tick(quotas, NOON));
	assert_false(quotas_tick(quotas, NOON));
	struct quota *again = quotas_hold(quotas, &more, source, NOON);
	assert_ptr_equal(again, held);
	assert_false(quotas_tick(quotas, NOON));
	quota_meter(held)->used = 200;
	assert_true(quotas_tick(quotas, NOON));
	quotas_release(quotas, again);
	quotas_release(quotas, held);
	/* Nobody is there to be ended. */
	assert_true(use(quotas, &rule, "10.0.0.5", NOON, 100));
	assert_false(quotas_tick(quotas, NOON));
	quotas_unref(quotas);
}

static void
what_has_changed_is_collected(void **state)
{
	struct policy_rule rule = rule_of("each", 100, true);
	struct quotas *quotas = quotas_create();
	struct quotas *next = quotas_create();
	struct policy_quota_count counts[8];

	(void)state;
	assert_int_equal(quotas_collect(quotas, counts, 8), 0);
	assert_true(use(quotas, &rule, "10.0.0.4", NOON, 100));
	assert_true(use(quotas, &rule, "10.0.0.5", NOON, 50));
	assert_true(use(quotas, &rule, "10.0.0.6", NOON, 0));
	assert_int_equal(quotas_collect(quotas, counts, 1), 1);
	assert_int_equal(quotas_collect(quotas, counts + 1, 7), 1);
	assert_int_equal(quotas_collect(quotas, counts, 0), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(counts[i].id, policy_quota_id(&rule));
		assert_true(policy_quota_count_is_good(&counts[i]));
		assert_int_equal(quotas_put(next, &counts[i], NOON), 0);
	}
	/* Whoever put them there knows them. */
	assert_int_equal(quotas_collect(next, counts + 2, 6), 0);
	assert_false(use(next, &rule, "10.0.0.4", NOON, 1));
	assert_true(use(next, &rule, "10.0.0.5", NOON, 50));
	assert_false(use(next, &rule, "10.0.0.5", NOON, 1));
	/* Of yesterday. */
	counts[0].used = 0;
	assert_int_equal(quotas_put(next, &counts[0], NOON + DAY), 0);
	assert_false(use(next, &rule, "10.0.0.5", NOON, 1));
	assert_false(use(next, &rule, "10.0.0.4", NOON, 1));
	/* Begun anew, for a flow that lives as well. */
	struct quota *held = quotas_hold(next, &rule, counts[1].source, NOON);
	counts[1].used = 0;
	assert_int_equal(quotas_put(next, &counts[1], NOON), 0);
	assert_false(quota_is_used_up(held));
	quotas_release(next, held);
	quotas_unref(quotas);
	quotas_unref(next);
}

static struct address
numbered(uint32_t n)
{
	return (struct address){ .family = ADDRESS_IPV4,
		.bytes = {
		    10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n } };
}

/* The oldest that nobody holds goes, and is counted; if all are held, a new
 * one does not come in. */
static void
a_full_table(void **state)
{
	static struct quota *held[QUOTAS_MAX];
	struct policy_rule rule = rule_of("each", 100, true);
	struct quotas *quotas = quotas_create();
	int64_t before = counter_get(COUNTER_QUOTAS_FORGOTTEN);

	(void)state;
	for (uint32_t i = 0; i < QUOTAS_MAX; i++) {
		held[i] = quotas_hold(quotas, &rule, numbered(i), NOON);
		assert_non_null(held[i]);
		quota_meter(held[i])->used = 100;
	}
	assert_null(quotas_hold(quotas, &rule, numbered(QUOTAS_MAX), NOON));
	quotas_release(quotas, held[7]);
	assert_int_equal(counter_get(COUNTER_QUOTAS_FORGOTTEN), before);
	held[7] = quotas_hold(quotas, &rule, numbered(QUOTAS_MAX), NOON);
	assert_non_null(held[7]);
	assert_false(quota_is_used_up(held[7]));
	assert_int_equal(counter_get(COUNTER_QUOTAS_FORGOTTEN), before + 1);
	/* The others are what they were. */
	assert_true(quota_is_used_up(held[8]));
	for (uint32_t i = 0; i < QUOTAS_MAX; i++)
		quotas_release(quotas, held[i]);
	quotas_unref(quotas);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_source_and_all_together),
		cmocka_unit_test(a_new_day_begins_anew),
		cmocka_unit_test(a_clock_that_was_far_ahead),
		cmocka_unit_test(who_has_run_out_is_told_once),
		cmocka_unit_test(what_has_changed_is_collected),
		cmocka_unit_test(a_full_table),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
