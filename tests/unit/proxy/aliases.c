/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/aliases.h"

#include "proxy/limits.h"

#include "../net/harness.h"

#include <errno.h>
#include <stdio.h>

static struct address
address_of(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(str_of(text), &address), 0);
	return address;
}

static struct alias
give(struct aliases *aliases, const char *name)
{
	struct alias alias;

	assert_int_equal(aliases_give(aliases, str_of(name), &alias), 0);
	return alias;
}

static void
assert_name(struct aliases *aliases, struct address address, const char *name)
{
	struct str found = aliases_name(aliases, address);

	assert_true(str_is(found, name));
}

static void
a_name_has_one_for_good(void **state)
{
	struct aliases *aliases = aliases_create();
	struct alias one = give(aliases, "one.example.com");
	struct alias two = give(aliases, "two.example.com");
	struct alias again = give(aliases, "one.example.com");

	(void)state;
	assert_true(address_eq(one.four, address_of("198.18.1.0")));
	assert_true(
	    address_eq(one.six, address_of("fd67:6174:6568:6f75::1:0")));
	assert_true(address_eq(two.four, address_of("198.18.1.1")));
	assert_true(address_eq(again.four, one.four));
	assert_true(address_eq(again.six, one.six));
	assert_name(aliases, one.four, "one.example.com");
	assert_name(aliases, one.six, "one.example.com");
	assert_name(aliases, two.six, "two.example.com");
	aliases_destroy(aliases);
}

static void
others_stand_for_nothing(void **state)
{
	static const struct {
		const char *address;
		bool is_alias;
	} cases[] = {
		{ "198.18.1.0", true },
		{ "198.18.1.1", true }, /* of nobody yet */
		{ "198.19.0.255", true },
		{ "198.19.1.0", false },
		{ "198.18.0.255", false },
		{ "198.18.0.1", false },
		{ "198.17.255.255", false },
		{ "0.0.0.0", false },
		{ "255.255.255.255", false },
		{ "fd67:6174:6568:6f75::1:0", true },
		{ "fd67:6174:6568:6f75::1:ffff", true },
		{ "fd67:6174:6568:6f75::2:0", false },
		{ "fd67:6174:6568:6f75::1", false },
		{ "fd67:6174:6568:6f76::1:0", false },
		{ "::1:0", false },
		{ "2001:db8::1:0", false },
	};
	struct aliases *aliases = aliases_create();

	(void)state;
	(void)give(aliases, "one.example.com");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct address address = address_of(cases[i].address);
		assert_int_equal(alias_is(address), cases[i].is_alias);
		assert_int_equal(aliases_name(aliases, address).at != NULL,
		    i == 0 || i == 9);
	}
	assert_false(alias_is((struct address){ .family = ADDRESS_NONE }));
	aliases_destroy(aliases);
}

/* As many names as there may be, and each is found by its address. */
static void
there_is_a_last_one(void **state)
{
	struct aliases *aliases = aliases_create();
	char name[64];
	struct alias alias, last = { .four = { .family = ADDRESS_NONE } };

	(void)state;
	for (int i = 0; i < PROXY_ALIASES_MAX; i++) {
		(void)snprintf(
		    name, sizeof(name), "a-name-with-%d.example.com", i);
		last = give(aliases, name);
		assert_true(alias_is(last.four) && alias_is(last.six));
		assert_name(aliases, last.six, name);
	}
	assert_name(aliases, last.four, name);
	assert_int_equal(
	    aliases_give(aliases, STR("one.more.example.com"), &alias),
	    -ENOSPC);
	/* Those that there are stay what they are. */
	alias = give(aliases, "a-name-with-0.example.com");
	assert_true(address_eq(alias.four, address_of("198.18.1.0")));
	aliases_destroy(aliases);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_one_for_good),
		cmocka_unit_test(others_stand_for_nothing),
		cmocka_unit_test(there_is_a_last_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
