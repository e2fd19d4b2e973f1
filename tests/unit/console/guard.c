/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct console_guard guard;

static int
clear(void **state)
{
	(void)state;
	memset(&guard, 0, sizeof(guard));
	return 0;
}

static struct address
address_of(unsigned last)
{
	return (struct address){ .family = ADDRESS_IPV4,
		.bytes = { 10, 0, (uint8_t)(last >> 8), (uint8_t)last } };
}

static void
test_session(void **state)
{
	const struct console_session *one =
	    console_guard_login(&guard, STR("secret"), 1);

	(void)state;
	assert_non_null(one);
	struct str id = str_of(one->id);
	assert_int_equal(id.len, 64);
	assert_ptr_equal(console_guard_find(&guard, id, 1), one);
	assert_null(console_guard_find(&guard, STR(""), 1));
	assert_null(console_guard_find(&guard, id, 1 + CONSOLE_SESSION_TIME));
	console_guard_logout(&guard, id);
	assert_null(console_guard_find(&guard, id, 1));
}

/* The oldest gives way, and no more than the table holds is held. */
static void
test_sessions_are_bounded(void **state)
{
	char first[CONSOLE_SECRET_TEXT_BYTES];

	(void)state;
	(void)snprintf(first, sizeof(first), "%s",
	    console_guard_login(&guard, STR("a"), 1)->id);
	for (int i = 0; i < CONSOLE_SESSIONS_MAX - 1; i++)
		assert_non_null(console_guard_login(&guard, STR("b"), 2 + i));
	assert_non_null(console_guard_find(&guard, str_of(first), 100));
	assert_non_null(console_guard_login(&guard, STR("c"), 100));
	assert_null(console_guard_find(&guard, str_of(first), 100));
}

static void
test_failures(void **state)
{
	(void)state;
	for (int i = 0; i < CONSOLE_FAILURES_MAX; i++) {
		assert_true(console_guard_may_try(&guard, address_of(1), 5));
		console_guard_failed(&guard, address_of(1), 5);
	}
	assert_false(console_guard_may_try(&guard, address_of(1), 5));
	assert_true(console_guard_may_try(&guard, address_of(2), 5));
	assert_true(console_guard_may_try(
	    &guard, address_of(1), 5 + CONSOLE_FAILURE_TIME));
}

/* Those that nobody has looked at yet count as well, until they were right. */
static void
test_tries_at_once(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= CONSOLE_FAILURES_MAX; i++)
		assert_true(
		    console_guard_begin_try(&guard, i, address_of(1), 5));
	assert_false(console_guard_begin_try(&guard, 9, address_of(1), 5));
	assert_true(console_guard_begin_try(&guard, 9, address_of(2), 5));
	assert_true(console_guard_may_try(&guard, address_of(1), 5));
	console_guard_settle_try(&guard, 1, false, 5);
	assert_true(console_guard_begin_try(&guard, 10, address_of(1), 5));
	console_guard_settle_try(&guard, 2, true, 5);
	assert_false(console_guard_begin_try(&guard, 11, address_of(1), 5));
	/* What is never answered is forgotten. */
	assert_true(console_guard_begin_try(
	    &guard, 11, address_of(1), 5 + CONSOLE_FAILURE_TIME));
	console_guard_settle_try(&guard, 12, true, 5);
	console_guard_settle_try(&guard, 0, true, 5);
	assert_true(console_guard_may_try(&guard, address_of(2), 5));
}

static void
test_tries_are_bounded(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= CONSOLE_TRIES_MAX; i++)
		assert_true(
		    console_guard_begin_try(&guard, i, address_of(i), 5));
	assert_false(console_guard_begin_try(&guard, 99, address_of(99), 5));
}

/* Who has one address of IPv6 has all of its network. */
static void
test_failures_of_a_network(void **state)
{
	struct address address = { .family = ADDRESS_IPV6,
		.bytes = { 0x20, 0x01, 0x0d, 0xb8, 0, 1 } };

	(void)state;
	for (unsigned i = 0; i < CONSOLE_FAILURES_MAX; i++) {
		address.bytes[15] = (uint8_t)i;
		assert_true(console_guard_may_try(&guard, address, 5));
		console_guard_failed(&guard, address, 5);
	}
	address.bytes[8] = 0xff;
	assert_false(console_guard_may_try(&guard, address, 5));
	address.bytes[7] = 1;
	assert_true(console_guard_may_try(&guard, address, 5));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_session, clear),
		cmocka_unit_test_setup(test_sessions_are_bounded, clear),
		cmocka_unit_test_setup(test_failures, clear),
		cmocka_unit_test_setup(test_tries_at_once, clear),
		cmocka_unit_test_setup(test_tries_are_bounded, clear),
		cmocka_unit_test_setup(test_failures_of_a_network, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
