/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * proxy/refusals: who comes to the number, on a clock of the test's own.
 */
#include "proxy/refusals.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define START (1000 * CLOCK_SECOND)

static struct {
	pthread_mutex_t lock;
	unsigned count;
	struct address source;
	uint32_t generation, rule;
} told = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
tell(struct address source, uint32_t generation, uint32_t rule)
{
	(void)pthread_mutex_lock(&told.lock);
	told.count++;
	told.source = source;
	told.generation = generation;
	told.rule = rule;
	(void)pthread_mutex_unlock(&told.lock);
}

static struct address
address_of(const char *word)
{
	struct address address = { 0 };

	assert_int_equal(address_parse(str_of(word), &address), 0);
	return address;
}

/* Of two rules that ban after 3 within 10 s, one that does not, and of users
 * who are banned after 2. */
static struct policy_rule rules[] = {
	{ .text = { "a", 1 },
	    .line = 7,
	    .ban = { 3, 10 * CLOCK_SECOND, CLOCK_SECOND } },
	{ .text = { "a", 1 },
	    .line = 8,
	    .ban = { 3, 10 * CLOCK_SECOND, CLOCK_SECOND } },
	{ .text = { "b", 1 }, .line = 9 },
};
static struct proxy_own own[] = { { .zone = 0 } };
static struct policy policy = { .rules = rules, .rule_count = 3 };
static struct proxy_generation generation = { .number = 5, .policy = &policy };

static int
begin(void **state)
{
	struct refusals *refusals = refusals_create();

	policy.users.ban =
	    (struct policy_ban){ 2, 10 * CLOCK_SECOND, CLOCK_SECOND };
	own[0].address = address_of("2001:db8:1::1");
	generation.own.items = own;
	generation.own.count = 1;
	told.count = 0;
	if (refusals == NULL)
		return -1;
	refusals_tell(refusals, tell);
	*state = refusals;
	return 0;
}

static int
end(void **state)
{
	refusals_destroy(*state);
	return 0;
}

/* How many bans that brings. */
static unsigned
refuse(struct refusals *refusals, const struct policy_rule *rule,
    const char *source, int64_t now)
{
	unsigned before = told.count;

	refusals_count(refusals, &generation, rule, address_of(source), now);
	return told.count - before;
}

static void
who_comes_to_the_number_is_told_of(void **state)
{
	(void)state;
	assert_int_equal(refuse(*state, &rules[0], "192.0.2.1", START), 0);
	assert_int_equal(refuse(*state, &rules[0], "192.0.2.1", START), 0);
	assert_int_equal(refuse(*state, &rules[0], "192.0.2.2", START), 0);
	assert_int_equal(refuse(*state, &rules[1], "192.0.2.1", START), 0);
	assert_int_equal(refuse(*state, &rules[2], "192.0.2.1", START), 0);
	assert_int_equal(refuse(*state, NULL, "192.0.2.1", START), 0);
	assert_int_equal(refuse(*state, &rules[0], "192.0.2.1", START + 1), 1);
	assert_true(address_eq(told.source, address_of("192.0.2.1")));
	assert_int_equal(told.generation, 5);
	assert_int_equal(told.rule, 0);
	/* Then it begins anew. */
	assert_int_equal(refuse(*state, &rules[0], "192.0.2.1", START + 2), 0);
	assert_int_equal(refuse(*state, NULL, "192.0.2.1", START), 1);
	assert_int_equal(told.rule, 3);
}

static void
they_count_from_the_first_on(void **state)
{
	const int64_t over = START + 10 * CLOCK_SECOND;

	(void)state;
	assert_int_equal(refuse(*state, &rules[0], "192.0.2.1", START), 0);
	assert_int_equal(refuse(*state, &rules[0], "192.0.2.1", over - 1), 0);
	assert_int_equal(refuse(*state, &rules[0], "192.0.2.1", over), 0);
	assert_int_equal(refuse(*state, &rules[0], "192.0.2.1", over + 1), 0);
	assert_int_equal(refuse(*state, &rules[0], "192.0.2.1", over + 2), 1);
}

static void
a_source_is_what_is_banned(void **state)
{
	(void)state;
	assert_int_equal(refuse(*state, &rules[0], "2001:db8:7::1", START), 0);
	assert_int_equal(refuse(*state, &rules[0], "2001:db8:7::2", START), 0);
	assert_int_equal(refuse(*state, &rules[0], "2001:db8:7::3", START), 1);
	/* The gateway's own neighbours. */
	assert_int_equal(refuse(*state, &rules[0], "2001:db8:1::4", START), 0);
	assert_int_equal(refuse(*state, &rules[0], "2001:db8:1::5", START), 0);
	assert_int_equal(refuse(*state, &rules[0], "2001:db8:1::6", START), 0);
	assert_int_equal(refuse(*state, &rules[0], "2001:db8:1::4", START), 0);
	assert_int_equal(refuse(*state, &rules[0], "2001:db8:1::4", START), 1);
}

/* The counts of a crowd make room for each other, and ban nobody. */
static void
a_crowd_bans_nobody(void **state)
{
	unsigned bans = 0;

	(void)state;
	for (unsigned i = 0; i < 4 * REFUSALS_MAX; i++) {
		char source[ADDRESS_TEXT_BYTES];
		struct address address = { .family = ADDRESS_IPV4 };
		address.bytes[0] = 10;
		address.bytes[1] = (uint8_t)(i >> 16);
		address.bytes[2] = (uint8_t)(i >> 8);
		address.bytes[3] = (uint8_t)i;
		bans += refuse(
		    *state, &rules[0], address_format(address, source), START);
	}
	assert_int_equal(bans, 0);
	for (unsigned i = 0; i < 3; i++)
		bans += refuse(*state, &rules[0], "192.0.2.1", START + 1);
	assert_int_equal(bans, 1);
}

#define THREADS 4
#define TIMES   30000

static void *
refuse_often(void *refusals)
{
	for (unsigned i = 0; i < TIMES; i++)
		refusals_count(refusals, &generation, &rules[0],
		    address_of("192.0.2.1"), START);
	return NULL;
}

/* Best built with the thread sanitizer: none is lost. */
static void
threads_count_together(void **state)
{
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, refuse_often, *state), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(told.count, THREADS * TIMES / 3);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(who_comes_to_the_number_is_told_of),
		TEST(they_count_from_the_first_on),
		TEST(a_source_is_what_is_banned),
		TEST(a_crowd_bans_nobody),
		TEST(threads_count_together),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
