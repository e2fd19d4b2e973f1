/* SPDX-License-Identifier: GPL-2.0-or-later */
/* event/counter: names and meanings of every row, and sums of many threads. */
#include "event/counter.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define THREADS 4
#define ROUNDS  50000

/* Names are keys of `status --json`: lower case, no two alike. */
static void
rows(void **state)
{
	(void)state;
	for (int i = 0; i < COUNTER_COUNT; i++) {
		const char *name = counter_name((enum counter)i);
		assert_true(strlen(name) > 0);
		assert_int_equal(
		    strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
		assert_true(strlen(counter_meaning((enum counter)i)) > 0);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
			    name, counter_name((enum counter)j));
	}
	assert_string_equal(counter_name(COUNTER_EVENTS_LOST), "events_lost");
	assert_string_equal(counter_meaning(COUNTER_DNS_QUERIES),
	    "names asked of the resolver");
}

static void
adding(void **state)
{
	(void)state;
	assert_int_equal(counter_get(COUNTER_CONNECTIONS_OPEN), 0);
	counter_add(COUNTER_CONNECTIONS_OPEN, 2);
	counter_add(COUNTER_CONNECTIONS_OPEN, -1);
	counter_add(COUNTER_CONNECTIONS_OPEN, 0);
	assert_int_equal(counter_get(COUNTER_CONNECTIONS_OPEN), 1);
	counter_add(COUNTER_BYTES_IN, (int64_t)1 << 40);
	assert_true(counter_get(COUNTER_BYTES_IN) == (int64_t)1 << 40);
	assert_int_equal(counter_get(COUNTER_BYTES_OUT), 0);
}

static void *
count(void *unused)
{
	for (int i = 0; i < ROUNDS; i++) {
		counter_add(COUNTER_REQUESTS, 1);
		counter_add(COUNTER_TUNNELS, i % 2 == 0 ? 3 : -3);
	}
	return unused;
}

static void
threads(void **state)
{
	pthread_t thread[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&thread[i], NULL, count, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(counter_get(COUNTER_REQUESTS), THREADS * ROUNDS);
	assert_int_equal(counter_get(COUNTER_TUNNELS), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows),
		cmocka_unit_test(adding),
		cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
