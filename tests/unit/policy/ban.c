/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/ban: who is a source, who is never banned, and how it is said.
 */
#include "policy/ban.h"

#include "random_policy.h"

static struct address
address_of(const char *word)
{
	struct address address = { 0 };

	assert_int_equal(address_parse(str_of(word), &address), 0);
	return address;
}

static void
assert_source(const char *word, bool is_near, const char *expected)
{
	struct address_range source =
	    policy_ban_source(address_of(word), is_near);
	char text[ADDRESS_RANGE_TEXT_BYTES];

	assert_string_equal(address_range_format(&source, text), expected);
}

static void
a_source_is_what_one_client_has(void **state)
{
	(void)state;
	assert_source("192.0.2.7", false, "192.0.2.7");
	assert_source("192.0.2.7", true, "192.0.2.7");
	assert_source("2001:db8:1:2:3:4:5:6", false, "2001:db8:1:2::/64");
	assert_source("2001:db8:1:2:3:4:5:6", true, "2001:db8:1:2:3:4:5:6");
	assert_true(policy_ban_is_near(
	    address_of("2001:db8:1:2::7"), address_of("2001:db8:1:2:f::1")));
	assert_false(policy_ban_is_near(
	    address_of("2001:db8:1:3::7"), address_of("2001:db8:1:2::1")));
	assert_false(policy_ban_is_near(
	    address_of("192.0.2.7"), address_of("192.0.2.1")));
}

static void
is_said_as_it_is_written(void **state)
{
	const struct policy_ban ban = { 20, 60 * CLOCK_SECOND,
		36000 * CLOCK_SECOND };
	struct policy_ban other = ban;
	struct text text = TEXT_EMPTY;

	(void)state;
	policy_ban_describe(&ban, &text);
	assert_string_equal(
	    text.at, "ban 10h after 20 refused in 1m per source");
	assert_true(policy_ban_same(&ban, &other));
	other.within++;
	assert_false(policy_ban_same(&ban, &other));
	text_fini(&text);
}

static const char never[] =
    "zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"
    "zone wan = ext0\n"
    "name few = 192.0.2.7, 192.0.2.64-192.0.2.71\n"
    "list bad = addresses \"bad.netset\"\n"
    "never ban few, 203.0.113.9\n"
    "never ban lan, bad\n"
    "drop wan -> any ban 1h after 3 refused in 1m per source\n";

static unsigned
line_that_spares(const struct policy *policy, const char *word)
{
	struct address_range range;
	const struct policy_never *found;
	const char *why;

	assert_int_equal(address_range_parse(str_of(word), &range, &why), 0);
	found = policy_never_of(policy, &range);
	return found != NULL ? place_line(found->place).line : 0;
}

static void
some_are_never_banned(void **state)
{
	static const struct {
		const char *range;
		unsigned line;
	} rows[] = {
		{ "192.0.2.7", 5 },
		{ "192.0.2.8", 0 },
		{ "192.0.2.71", 5 },
		{ "192.0.2.0/28", 5 }, /* it holds one of them */
		{ "203.0.113.9", 5 },
		{ "203.0.113.10", 0 },
		{ "10.0.0.4", 6 },
		{ "10.0.1.4", 0 },
		{ "2001:db8:1::/64", 6 },
		{ "2001:db8:b:7::/64", 6 },
		{ "2001:db8:2::/64", 0 },
		{ "198.51.100.0/24", 6 },
	};
	struct policy *policy = policy_of(never);

	(void)state;
	assert_true(policy_bans_packets(policy));
	assert_int_equal(policy->rules[0].ban.count, 3);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(
		    line_that_spares(policy, rows[i].range), rows[i].line);
	policy_unref(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_is_what_one_client_has),
		cmocka_unit_test(is_said_as_it_is_written),
		cmocka_unit_test(some_are_never_banned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
