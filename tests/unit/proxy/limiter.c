/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/limiter: how much passes, on a clock of the test's own.
 *
 * The last one is of many threads, and best built with the thread sanitizer:
 * what passes is counted to the last flow all the same.
 */
#include "proxy/limiter.h"

#include "base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND CLOCK_SECOND
#define DAY    (86400 * SECOND)
#define START  (1000 * DAY) /* any time at all */

#define CLIENT(address) ((struct limiter_client){ .source = (address) })

static struct address
address_of(const char *text)
{
	struct address address = { 0 };

	assert_int_equal(address_parse(str_of(text), &address), 0);
	return address;
}

/* Each has a line of its own, by which the limiter knows it. */
static struct policy_rule
rule_of(uint32_t count, uint32_t seconds, uint32_t burst, enum policy_each each)
{
	static uint32_t lines;

	return (struct policy_rule){ .line = ++lines,
		.limit = { count, seconds, burst, each } };
}

static struct policy_rule
connections_of(uint32_t count, enum policy_each each)
{
	struct policy_rule rule = rule_of(0, 0, 0, POLICY_EACH_NONE);

	rule.connections = count;
	rule.connections_each = each;
	return rule;
}

/* How many of `tries` pass at this time; none holds anything. */
static unsigned
passing(struct limiter *limiter, const struct policy_rule *rule,
    const char *source, int64_t now, unsigned tries)
{
	struct address address = address_of(source);
	struct limiter_entry *held;
	unsigned count = 0;

	for (unsigned i = 0; i < tries; i++) {
		count +=
		    limiter_take(limiter, rule, &CLIENT(address), now, &held);
		assert_null(held);
	}
	return count;
}

static void
a_rate_and_its_burst(void **state)
{
	static const struct {
		uint32_t count, seconds, burst;
		int64_t token; /* the time in which one comes */
	} rows[] = {
		{ 1, 1, 1, SECOND }, { 2, 1, 3, SECOND / 2 },
		{ 50, 1, 50, SECOND / 50 }, { 20, 60, 5, 3 * SECOND },
		{ 3, 3600, 3, 1200 * SECOND }, { 1000000, 1, 1000000, 1000 },
		{ 1000000, 86400, 1000000, DAY / 1000000 },
		{ 7, 86400, 5, DAY / 7 }, /* does not come out even */
		{ 1, 86400, 366, DAY },   /* as long as it can be */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct limiter *limiter = limiter_create();
		uint32_t burst = rows[i].burst;
		struct policy_rule rule = rule_of(
		    rows[i].count, rows[i].seconds, burst, POLICY_EACH_NONE);
		int64_t now = START, token = rows[i].token;
		assert_int_equal(
		    passing(limiter, &rule, "192.0.2.1", now, burst + 9),
		    burst);
		/* Not a moment too early, and one at a time. */
		now += token - 1;
		assert_int_equal(
		    passing(limiter, &rule, "192.0.2.1", now, 2), 0);
		now += 1;
		assert_int_equal(
		    passing(limiter, &rule, "192.0.2.1", now, 2), 1);
		/* Idle for as long as one likes, it holds no more. */
		now += token * (int64_t)burst + DAY;
		assert_int_equal(
		    passing(limiter, &rule, "192.0.2.1", now, burst + 9),
		    burst);
		assert_int_equal(limiter_count(limiter), 1);
		limiter_unref(limiter);
	}
}

/* Over a long time no more passes than the rate, whoever asks how often. */
static void
a_rate_over_an_hour(void **state)
{
	struct limiter *limiter = limiter_create();
	struct policy_rule rule = rule_of(10, 60, 4, POLICY_EACH_NONE);
	unsigned count = 0;

	(void)state;
	for (int64_t at = 0; at <= 3600 * SECOND; at += 77 * SECOND / 100)
		count += passing(limiter, &rule, "192.0.2.1", START + at, 3);
	assert_in_range(count, 4 + 598, 4 + 600);
	limiter_unref(limiter);
}

/* Two threads may read the clock in one order and come in the other. */
static void
a_clock_that_steps_back(void **state)
{
	struct limiter *limiter = limiter_create();
	struct policy_rule rule = rule_of(1, 1, 2, POLICY_EACH_NONE);

	(void)state;
	assert_int_equal(passing(limiter, &rule, "192.0.2.1", START, 9), 2);
	for (unsigned i = 0; i < 1000; i++) {
		int64_t now = START + (i % 2 == 0 ? SECOND - 1 : 0);
		assert_int_equal(
		    passing(limiter, &rule, "192.0.2.1", now, 1), 0);
	}
	assert_int_equal(
	    passing(limiter, &rule, "192.0.2.1", START + SECOND, 9), 1);
	limiter_unref(limiter);
}

static void
each_source_has_its_own(void **state)
{
	static const struct {
		const char *source;
		unsigned passes;
	} rows[] = {
		{ "192.0.2.1", 2 },
		{ "192.0.2.2", 2 },
		{ "192.0.2.1", 0 },
		/* The network of 64 bits is one source. */
		{ "2001:db8:0:1::1", 2 },
		{ "2001:db8:0:1::2", 0 },
		{ "2001:db8:0:1:ffff:ffff:ffff:ffff", 0 },
		{ "2001:db8:0:2::1", 2 },
		{ "2001:db8::1", 2 },
		/* The same bytes, of the other family. */
		{ "c000:201::", 2 },
	};
	struct limiter *limiter = limiter_create();
	struct policy_rule rule = rule_of(1, 3600, 2, POLICY_EACH_SOURCE);
	struct policy_rule other = rule;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    passing(limiter, &rule, rows[i].source, START, 3),
		    rows[i].passes);
	/* A copy of the rule, in the next policy, is the same one; another
	 * text is another rule. */
	assert_int_equal(passing(limiter, &other, "192.0.2.1", START, 3), 0);
	other.text = STR("allow lan -> any limit 1/h per source");
	assert_int_equal(passing(limiter, &other, "192.0.2.1", START, 3), 2);
	assert_int_equal(limiter_count(limiter), 7);
	limiter_unref(limiter);
}

static void
all_sources_share_one(void **state)
{
	struct limiter *limiter = limiter_create();
	struct policy_rule rule = rule_of(1, 3600, 2, POLICY_EACH_NONE);

	(void)state;
	assert_int_equal(passing(limiter, &rule, "192.0.2.1", START, 1), 1);
	assert_int_equal(passing(limiter, &rule, "2001:db8::1", START, 1), 1);
	assert_int_equal(passing(limiter, &rule, "192.0.2.2", START, 1), 0);
	limiter_unref(limiter);
}

static struct limiter_entry *
hold(
    struct limiter *limiter, const struct policy_rule *rule, const char *source)
{
	struct limiter_entry *held;
	bool good = limiter_take(
	    limiter, rule, &CLIENT(address_of(source)), START, &held);

	assert_true(good == (held != NULL));
	return held;
}

static void
connections_at_once(void **state)
{
	struct limiter *limiter = limiter_create();
	struct policy_rule rule = connections_of(2, POLICY_EACH_SOURCE);
	struct limiter_entry *first = hold(limiter, &rule, "192.0.2.1");
	struct limiter_entry *second = hold(limiter, &rule, "192.0.2.1");

	(void)state;
	assert_non_null(first);
	assert_non_null(second);
	assert_null(hold(limiter, &rule, "192.0.2.1"));
	assert_non_null(hold(limiter, &rule, "2001:db8::1"));
	assert_non_null(hold(limiter, &rule, "2001:db8::2"));
	assert_null(hold(limiter, &rule, "2001:db8::3"));
	/* As many as have ended, and no more. */
	limiter_release(first);
	assert_non_null(hold(limiter, &rule, "192.0.2.1"));
	assert_null(hold(limiter, &rule, "192.0.2.1"));
	limiter_release(second);
	limiter_release(NULL);
	assert_non_null(hold(limiter, &rule, "192.0.2.1"));
	limiter_unref(limiter);
}

static void
connections_of_all(void **state)
{
	struct limiter *limiter = limiter_create();
	struct policy_rule rule = connections_of(2, POLICY_EACH_NONE);

	(void)state;
	assert_non_null(hold(limiter, &rule, "192.0.2.1"));
	assert_non_null(hold(limiter, &rule, "2001:db8::1"));
	assert_null(hold(limiter, &rule, "192.0.2.2"));
	limiter_unref(limiter);
}

/* What is beyond one of them holds nothing of the other. */
static void
both_limits(void **state)
{
	struct limiter *limiter = limiter_create();
	struct policy_rule rule = rule_of(1, 3600, 3, POLICY_EACH_NONE);
	struct limiter_entry *first, *second;

	(void)state;
	rule.connections = 1;
	first = hold(limiter, &rule, "192.0.2.1");
	assert_non_null(first);
	assert_null(hold(limiter, &rule, "192.0.2.1")); /* took a token */
	limiter_release(first);
	second = hold(limiter, &rule, "192.0.2.1");
	assert_non_null(second);
	limiter_release(second);
	assert_null(hold(limiter, &rule, "192.0.2.1")); /* there is none left */
	limiter_unref(limiter);
}

static void
no_limit_is_no_entry(void **state)
{
	struct limiter *limiter = limiter_create();
	struct policy_rule rule = { 0 };

	(void)state;
	assert_int_equal(passing(limiter, &rule, "192.0.2.1", START, 9), 9);
	assert_int_equal(limiter_count(limiter), 0);
	limiter_unref(limiter);
	limiter_unref(NULL);
}

static struct address
numbered(uint32_t number)
{
	return (struct address){ .family = ADDRESS_IPV4,
		.bytes = { 10, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
		    (uint8_t)number } };
}

/* A crowd pushes no limit aside: who is known stays so, new ones must wait. */
static void
a_full_table(void **state)
{
	enum {
		CROWD = 2 * LIMITER_ENTRIES_MAX
	};
	struct limiter *limiter = limiter_create();
	struct policy_rule rule = connections_of(1, POLICY_EACH_SOURCE);
	struct limiter_entry **held =
	    calloc(CROWD, sizeof(struct limiter_entry *));
	uint32_t refused = 0, again = 0, in = 0;

	(void)state;
	assert_non_null(held);
	for (uint32_t i = 0; i < CROWD; i++)
		refused += !limiter_take(
		    limiter, &rule, &CLIENT(numbered(i)), START, &held[i]);
	/* Sources are spread well enough to fill every corner. */
	assert_int_equal(limiter_count(limiter), LIMITER_ENTRIES_MAX);
	assert_int_equal(refused, CROWD - LIMITER_ENTRIES_MAX);
	for (uint32_t i = 0; i < CROWD; i += 97) {
		struct limiter_entry *second;
		assert_false(limiter_take(
		    limiter, &rule, &CLIENT(numbered(i)), START, &second));
	}
	/* Those who left make room, whichever they were. */
	for (uint32_t i = 0; i < CROWD; i += 2) {
		limiter_release(held[i]);
		in += held[i] != NULL;
		held[i] = NULL;
	}
	for (uint32_t i = 0; i < CROWD; i++)
		if (held[i] == NULL)
			again += limiter_take(limiter, &rule,
			    &CLIENT(numbered(CROWD + i)), START, &held[i]);
	assert_int_equal(again, in);
	assert_int_equal(limiter_count(limiter), LIMITER_ENTRIES_MAX);
	free(held);
	limiter_unref(limiter);
}

/* A bucket that is full again is forgotten; one that is not is kept. */
static void
idle_buckets_make_room(void **state)
{
	enum {
		CROWD = 2 * LIMITER_ENTRIES_MAX
	};
	struct limiter *limiter = limiter_create();
	struct policy_rule rule = rule_of(1, 60, 2, POLICY_EACH_SOURCE);
	struct limiter_entry *held;
	uint32_t passed = 0;

	(void)state;
	for (uint32_t i = 0; i < CROWD; i++)
		(void)limiter_take(
		    limiter, &rule, &CLIENT(numbered(i)), START, &held);
	assert_int_equal(limiter_count(limiter), LIMITER_ENTRIES_MAX);
	/* A moment before they are full again nobody new comes in. */
	int64_t now = START + 60 * SECOND - 1;
	for (uint32_t i = 0; i < 1000; i++)
		passed += limiter_take(
		    limiter, &rule, &CLIENT(numbered(CROWD + i)), now, &held);
	assert_int_equal(passed, 0);
	now += 1;
	for (uint32_t i = 0; i < CROWD / 4; i++)
		passed += limiter_take(limiter, &rule,
		    &CLIENT(numbered(2 * CROWD + i)), now, &held);
	assert_int_equal(passed, CROWD / 4);
	limiter_unref(limiter);
}

/* That a slow bucket is long in filling says nothing of those behind it. */
static void
fast_buckets_beside_slow_ones(void **state)
{
	enum {
		CROWD = 2 * LIMITER_ENTRIES_MAX
	};
	struct limiter *limiter = limiter_create();
	struct policy_rule slow = rule_of(1, 86400, 9, POLICY_EACH_SOURCE);
	struct policy_rule fast = rule_of(1, 1, 1, POLICY_EACH_SOURCE);
	struct policy_rule connections = connections_of(1, POLICY_EACH_SOURCE);
	struct limiter_entry **held =
	    calloc(LIMITER_ENTRIES_MAX, sizeof(struct limiter_entry *));
	struct limiter_entry *none;
	uint32_t in = 0, again = 0;

	(void)state;
	assert_non_null(held);
	for (uint32_t i = 0; i < LIMITER_ENTRIES_MAX / 2; i++)
		assert_true(limiter_take(limiter, &connections,
		    &CLIENT(numbered(i)), START, &held[i]));
	for (uint32_t i = 0; i < CROWD; i++)
		(void)limiter_take(
		    limiter, &slow, &CLIENT(numbered(i)), START, &none);
	assert_int_equal(limiter_count(limiter), LIMITER_ENTRIES_MAX);
	for (uint32_t i = 0; i < LIMITER_ENTRIES_MAX / 2; i++)
		limiter_release(held[i]);
	for (uint32_t i = 0; i < CROWD; i++)
		in += limiter_take(
		    limiter, &fast, &CLIENT(numbered(i)), START, &none);
	assert_int_equal(in, LIMITER_ENTRIES_MAX / 2);
	for (uint32_t i = 0; i < CROWD; i++)
		again += limiter_take(limiter, &fast,
		    &CLIENT(numbered(CROWD + i)), START + SECOND, &none);
	assert_int_equal(again, in);
	free(held);
	limiter_unref(limiter);
}

/* ---- threads ---- */

enum {
	THREADS = 8,
	TRIES = 4000,
	BURST = 5000,
	AT_ONCE = 5
};

struct crowd {
	struct limiter *limiter;
	struct policy_rule rate, connections;
	atomic_uint passed, under_way, most;
};

static void
hold_for_a_moment(struct crowd *crowd, struct address source)
{
	struct limiter_entry *held;

	if (!limiter_take(crowd->limiter, &crowd->connections, &CLIENT(source),
		START, &held))
		return;
	unsigned now = atomic_fetch_add(&crowd->under_way, 1) + 1;
	unsigned most = atomic_load(&crowd->most);
	while (now > most &&
	       !atomic_compare_exchange_weak(&crowd->most, &most, now))
		;
	sched_yield();
	atomic_fetch_sub(&crowd->under_way, 1);
	limiter_release(held);
}

static void *
run_one(void *context)
{
	struct crowd *crowd = context;
	struct limiter_entry *held;

	for (uint32_t i = 0; i < TRIES; i++) {
		if (limiter_take(crowd->limiter, &crowd->rate,
			&CLIENT(numbered(7)), START, &held))
			atomic_fetch_add(&crowd->passed, 1);
		hold_for_a_moment(crowd, numbered(7));
		/* Others come and go, so that buckets are cleaned. */
		if (limiter_take(crowd->limiter, &crowd->connections,
			&CLIENT(numbered(1000 + i)), START, &held))
			limiter_release(held);
	}
	return NULL;
}

static void
many_threads(void **state)
{
	struct crowd crowd = { .limiter = limiter_create(),
		.rate = rule_of(1, 3600, BURST, POLICY_EACH_SOURCE),
		.connections = connections_of(AT_ONCE, POLICY_EACH_SOURCE) };
	pthread_t threads[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, run_one, &crowd), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&crowd.passed), BURST);
	assert_in_range(atomic_load(&crowd.most), 1, AT_ONCE);
	/* All that was held came back. */
	for (size_t i = 0; i < AT_ONCE; i++)
		assert_non_null(
		    hold(crowd.limiter, &crowd.connections, "10.0.0.7"));
	assert_null(hold(crowd.limiter, &crowd.connections, "10.0.0.7"));
	limiter_unref(crowd.limiter);
}

/* One user from many sources is one, and many at one source are many. */
static void
each_user_is_counted_alone(void **state)
{
	struct limiter *limiter = limiter_create();
	struct policy_rule rate = rule_of(1, 1, 2, POLICY_EACH_USER);
	struct policy_rule two = connections_of(2, POLICY_EACH_USER);
	struct limiter_entry *held[4] = { NULL }, *none;
	unsigned passed = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct limiter_client alice = { numbered(i), STR("alice") };
		passed += limiter_take(limiter, &rate, &alice, START, &none);
		(void)limiter_take(limiter, &two, &alice, START, &held[i]);
	}
	assert_int_equal(passed, 2);
	assert_true(held[0] != NULL && held[0] == held[1]);
	assert_true(held[2] == NULL && held[3] == NULL);
	struct limiter_client bob = { numbered(0), STR("bob") };
	assert_true(limiter_take(limiter, &rate, &bob, START, &none));
	assert_true(limiter_take(limiter, &two, &bob, START, &held[2]));
	for (unsigned i = 0; i < 3; i++)
		limiter_release(held[i]);
	limiter_unref(limiter);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_user_is_counted_alone),
		cmocka_unit_test(a_rate_and_its_burst),
		cmocka_unit_test(a_rate_over_an_hour),
		cmocka_unit_test(a_clock_that_steps_back),
		cmocka_unit_test(each_source_has_its_own),
		cmocka_unit_test(all_sources_share_one),
		cmocka_unit_test(connections_at_once),
		cmocka_unit_test(connections_of_all),
		cmocka_unit_test(both_limits),
		cmocka_unit_test(no_limit_is_no_entry),
		cmocka_unit_test(a_full_table),
		cmocka_unit_test(idle_buckets_make_room),
		cmocka_unit_test(fast_buckets_beside_slow_ones),
		cmocka_unit_test(many_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
