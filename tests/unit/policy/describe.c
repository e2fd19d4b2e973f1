/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/describe: parts of a policy in words.
 */
#include "policy/describe.h"

#include "memory.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const char head[] = "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
			   "name mail = { 10.0.0.25, mail.example.com }\n"
			   "list ads = domains \"x\"\n"
			   "service post = { tcp 25, tcp 465 }\n";

/* What a rule's two sides, its services and it itself are called. */
static void
rules_in_words(void **state)
{
	static const struct {
		const char *rule;
		const char *from, *to, *services, *itself;
	} rows[] = {
		{ "allow lan -> any", "lan", "any", "any service", "line 6" },
		{ "drop any -> self, wan as \"x\"", "any", "wan, self",
		    "any service", "line 6 (x)" },
		{ "allow self, 10.0.0.7 -> mail, ads tcp 80", "self, 10.0.0.7",
		    "mail, ads", "tcp 80", "line 6" },
		{ "allow lan -> 192.0.2.0/24, 192.0.2.9, 198.51.100.1, "
		  "198.51.100.2-198.51.100.4",
		    "lan", "192.0.2.0/24, 198.51.100.1-198.51.100.4",
		    "any service", "line 6" },
		{ "allow lan -> 192.0.2.1, 192.0.2.3, 192.0.2.5, 192.0.2.7, "
		  "192.0.2.9",
		    "lan", "192.0.2.1, 192.0.2.3, 192.0.2.5, 192.0.2.7, ...",
		    "any service", "line 6" },
		{ "allow lan -> .example.com post", "lan", ".example.com",
		    "tcp 25, tcp 465", "line 6" },
		{ "allow lan -> *.example.com tcp 1024-65535", "lan",
		    "*.example.com", "tcp 1024-65535", "line 6" },
		{ "allow lan -> example.com tcp 65535, sctp 5, udp", "lan",
		    "example.com", "tcp 65535, sctp 5, udp", "line 6" },
		{ "allow lan -> any icmp, icmp echo-request, gre", "lan", "any",
		    "icmp, icmp echo-request, gre", "line 6" },
	};
	struct text text = TEXT_EMPTY, got = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		text_clear(&text);
		text_addf(&text, "%s%s\n", head, rows[i].rule);
		struct policy *policy = memory_policy(text.at);
		const struct policy_rule *rule = &policy->rules[0];
		text_clear(&got);
		describe_endpoint(policy, &rule->from, &got);
		assert_string_equal(got.at, rows[i].from);
		text_clear(&got);
		describe_endpoint(policy, &rule->to, &got);
		assert_string_equal(got.at, rows[i].to);
		text_clear(&got);
		describe_services(&rule->services, &got);
		assert_string_equal(got.at, rows[i].services);
		text_clear(&got);
		describe_rule(rule, &got);
		assert_string_equal(got.at, rows[i].itself);
		policy_unref(policy);
	}
	text_fini(&text);
	text_fini(&got);
}

static void
published_and_built_in(void **state)
{
	struct policy *policy =
	    memory_policy("zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
			  "publish lan, wan tcp 80 -> 10.0.0.9\n");
	struct text got = TEXT_EMPTY;

	(void)state;
	describe_endpoint(policy, &policy->rules[0].to, &got);
	assert_string_equal(got.at, "the gateway's address in lan, wan");
	text_clear(&got);
	describe_rule(&policy->rules[1], &got);
	assert_string_equal(got.at, "the built-in last rule");
	text_fini(&got);
	policy_unref(policy);
}

static void
places(void **state)
{
	struct policy *policy = memory_policy("zone lan = int0 10.0.0.0/24\n");
	struct address address = { 0 };
	struct text got = TEXT_EMPTY;

	(void)state;
	describe_place(policy, ZONE_SELF, address, &got);
	assert_string_equal(got.at, "self");
	assert_int_equal(address_parse(STR("2001:db8::1"), &address), 0);
	text_clear(&got);
	describe_place(policy, 0, address, &got);
	assert_string_equal(got.at, "lan 2001:db8::1");
	text_clear(&got);
	describe_place(policy, ZONE_NONE, address, &got);
	assert_string_equal(got.at, "- 2001:db8::1");
	text_fini(&got);
	policy_unref(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_in_words),
		cmocka_unit_test(published_and_built_in),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
