/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/crowd.h"

#include "event/counter.h"
#include "event/event.h"

#include "../net/harness.h"

#include <pthread.h>

#define PLACES 60

static struct address
address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(str_of(text), &address), 0);
	return address;
}

struct taken {
	struct crowd_source *items[PLACES];
	size_t count;
};

/* All that this source gets. */
static size_t
take_all(
    struct crowd *crowd, const char *source, bool trusted, struct taken *taken)
{
	size_t before = taken->count;
	struct crowd_source *one;

	while ((one = crowd_enter(crowd, address_of(source), trusted)) != NULL)
		taken->items[taken->count++] = one;
	return taken->count - before;
}

static void
leave_all(struct taken *taken)
{
	while (taken->count > 0)
		crowd_leave(taken->items[--taken->count]);
}

static void
shares(void **state)
{
	struct crowd *crowd = crowd_create(PLACES, "too many");
	struct taken taken = { .count = 0 };

	(void)state;
	/* The greedy one has half, the next half of what is left. */
	assert_int_equal(take_all(crowd, "192.0.2.1", false, &taken), 30);
	assert_int_equal(take_all(crowd, "192.0.2.2", false, &taken), 15);
	assert_null(crowd_enter(crowd, address_of("192.0.2.1"), false));
	/* Whoever has none finds one. */
	assert_int_equal(take_all(crowd, "2001:db8::1", false, &taken), 8);
	/* Of IPv6 a network of 64 bits is one source. */
	assert_null(crowd_enter(crowd, address_of("2001:db8::2"), false));
	assert_int_equal(crowd_count(crowd), 53);
	leave_all(&taken);
	assert_int_equal(crowd_count(crowd), 0);
	/* What it had is forgotten. */
	assert_int_equal(take_all(crowd, "192.0.2.1", false, &taken), 30);
	leave_all(&taken);
	crowd_destroy(crowd);
}

static void
who_is_trusted_takes_the_last(void **state)
{
	struct crowd *crowd = crowd_create(PLACES, "too many");
	struct taken taken = { .count = 0 };

	(void)state;
	assert_int_equal(take_all(crowd, "192.0.2.1", true, &taken), PLACES);
	assert_null(crowd_enter(crowd, address_of("192.0.2.2"), false));
	leave_all(&taken);
	crowd_destroy(crowd);
}

static unsigned told;

static void
hear(const struct event *event, void *context)
{
	(void)context;
	assert_string_equal(event->reason, "too many");
	assert_true(address_eq(event->source.address, address_of("192.0.2.1")));
	told++;
}

static void
refusals_are_counted_and_told_once(void **state)
{
	struct crowd *crowd = crowd_create(1, "too many");
	int64_t before = counter_get(COUNTER_CONNECTIONS_SHED);
	struct crowd_source *one;

	(void)state;
	told = 0;
	event_sink_set(hear, NULL);
	one = crowd_enter(crowd, address_of("192.0.2.1"), false);
	assert_non_null(one);
	for (int i = 0; i < 5; i++)
		assert_null(crowd_enter(crowd, address_of("192.0.2.1"), false));
	event_sink_set(NULL, NULL);
	assert_int_equal(counter_get(COUNTER_CONNECTIONS_SHED) - before, 5);
	assert_int_equal(told, 1);
	crowd_leave(one);
	crowd_leave(NULL);
	crowd_destroy(crowd);
}

#define ROUNDS 20000

static void *
come_and_go(void *context)
{
	struct crowd_source *held[8] = { NULL };
	struct crowd *crowd = context;

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct address source = address_of("192.0.2.0");
		source.bytes[3] = (uint8_t)(i % 5);
		crowd_leave(held[i % 8]);
		held[i % 8] = crowd_enter(crowd, source, i % 3 == 0);
		assert_true(crowd_count(crowd) <= PLACES);
	}
	for (unsigned i = 0; i < 8; i++)
		crowd_leave(held[i]);
	return NULL;
}

static void
threads(void **state)
{
	struct crowd *crowd = crowd_create(PLACES, "too many");
	pthread_t others[4];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_int_equal(
		    pthread_create(&others[i], NULL, come_and_go, crowd), 0);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_int_equal(pthread_join(others[i], NULL), 0);
	assert_int_equal(crowd_count(crowd), 0);
	crowd_destroy(crowd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares),
		cmocka_unit_test(who_is_trusted_takes_the_last),
		cmocka_unit_test(refusals_are_counted_and_told_once),
		cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
