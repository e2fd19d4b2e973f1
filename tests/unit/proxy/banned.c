/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/banned.h"

#include "../net/harness.h"

#include <errno.h>

static struct address_range
range_of(const char *text)
{
	struct address_range range;
	const char *why;

	assert_int_equal(address_range_parse(str_of(text), &range, &why), 0);
	return range;
}

static void
add(struct banned *banned, const char *text)
{
	struct address_range range = range_of(text);

	assert_int_equal(banned_add(banned, &range), 0);
}

static void
let_go(struct banned *banned, const char *text)
{
	struct address_range range = range_of(text);

	assert_int_equal(banned_remove(banned, &range), 0);
}

static bool
has(const struct banned *banned, const char *text)
{
	return banned_has(banned, range_of(text).first);
}

static void
addresses_and_prefixes(void **state)
{
	struct banned *banned = banned_create();

	(void)state;
	assert_false(has(banned, "192.0.2.7"));
	add(banned, "192.0.2.7");
	add(banned, "198.51.100.0/25");
	add(banned, "2001:db8::/47");
	assert_true(has(banned, "192.0.2.7"));
	assert_false(has(banned, "192.0.2.6"));
	assert_true(has(banned, "198.51.100.0"));
	assert_true(has(banned, "198.51.100.127"));
	assert_false(has(banned, "198.51.100.128"));
	assert_true(has(banned, "2001:db8:0:ffff::1"));
	assert_true(has(banned, "2001:db8:1:ffff::1"));
	assert_false(has(banned, "2001:db8:2::1"));
	assert_false(has(banned, "::c000:207"));
	banned_destroy(banned);
}

/* A ban within a wider one ends for itself. */
static void
each_ends_for_itself(void **state)
{
	struct banned *banned = banned_create();

	(void)state;
	add(banned, "192.0.2.7");
	add(banned, "192.0.2.7");
	add(banned, "192.0.2.0/24");
	let_go(banned, "192.0.2.0/24");
	let_go(banned, "192.0.2.0/25");
	assert_true(has(banned, "192.0.2.7"));
	assert_false(has(banned, "192.0.2.8"));
	let_go(banned, "192.0.2.7");
	assert_false(has(banned, "192.0.2.7"));
	banned_destroy(banned);
	banned_destroy(NULL);
}

static void
what_is_no_prefix(void **state)
{
	struct banned *banned = banned_create();
	struct address_range range = range_of("192.0.2.1-192.0.2.2");

	(void)state;
	assert_int_equal(banned_add(banned, &range), -EINVAL);
	assert_int_equal(banned_remove(banned, &range), -EINVAL);
	assert_false(has(banned, "192.0.2.1"));
	banned_destroy(banned);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_prefixes),
		cmocka_unit_test(each_ends_for_itself),
		cmocka_unit_test(what_is_no_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
