/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/parse and policy/resolve*: what becomes of a text that is right.
 *
 * What is wrong is told by the golden files (tests/golden/fail).
 */
#include "policy/resolve.h"

#include "policy/describe.h"

#include "memory.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const char head[] =
    "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
    "name mail = 10.0.0.25\nname shop = shop.example.com\n";

/* Each row: rules that mean the same, in the words of policy/describe. */
static void
spellings_of_services(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "", "any service" },
		{ "tcp 80", "tcp 80" },
		{ "tcp 80, 443", "tcp 80, tcp 443" },
		{ "tcp 80, 443, udp 53", "tcp 80, tcp 443, udp 53" },
		{ "tcp { 80, 443 }", "tcp 80, tcp 443" },
		{ "tcp { 80\n 443\n }", "tcp 80, tcp 443" },
		{ "tcp { 80, 443, }", "tcp 80, tcp 443" },
		{ "tcp 80,\n  tcp 443", "tcp 80, tcp 443" },
		{ "{ tcp 80, udp 53 }", "tcp 80, udp 53" },
		{ "{ { tcp 80 }, { { udp 53 } } }", "tcp 80, udp 53" },
		{ "{ tcp 80, udp 53 }, gre", "tcp 80, udp 53, gre" },
		{ "tcp 80 udp 53", "tcp 80, udp 53" },
		{ "tcp 80 log udp 53", "tcp 80, udp 53" },
		{ "icmp echo-request, echo-reply",
		    "icmp echo-request, icmp echo-reply" },
		{ "tcp", "tcp" },
		{ "tcp 1-65535", "tcp 1-65535" },
		{ "web, ssh", "tcp 80, tcp 443, udp 443, tcp 22" },
	};
	struct text text = TEXT_EMPTY, got = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		text_clear(&text);
		text_addf(&text, "%sallow lan -> wan %s\n", head, rows[i].text);
		struct policy *policy = memory_policy(text.at);
		text_clear(&got);
		describe_services(&policy->rules[0].services, &got);
		assert_string_equal(got.at, rows[i].want);
		policy_unref(policy);
	}
	text_fini(&text);
	text_fini(&got);
}

static void
a_rule_and_its_parts(void **state)
{
	struct policy *policy = memory_policy(
	    "zone lan = int0 10.0.0.0/24\n\nzone wan = ext0\n"
	    "reject lan ->\n    wan tcp 80  method GET, POST   # why\n"
	    "drop lan -> any path \"/a\", \"/b*\" log as \"two\"\n"
	    "allow any -> any direct");
	const struct policy_rule *rule = policy->rules;

	(void)state;
	assert_int_equal(policy->rule_count, 4);
	assert_int_equal(rule[0].verdict, POLICY_VERDICT_REJECT);
	assert_int_equal(rule[0].line, 4);
	assert_true(
	    str_is(rule[0].text, "reject lan -> wan tcp 80 method GET, POST"));
	assert_int_equal(rule[0].method_count, 2);
	assert_true(str_is(rule[0].methods[1], "POST"));
	assert_null(rule[0].label.at);
	assert_false(rule[0].log);
	assert_int_equal(rule[1].line, 6);
	assert_int_equal(rule[1].path_count, 2);
	assert_true(str_is(rule[1].paths[1], "/b*"));
	assert_true(rule[1].log);
	assert_true(str_is(rule[1].label, "two"));
	assert_int_equal(rule[2].line, 7);
	assert_true(rule[2].direct);
	assert_true(rule[2].to.zones == POLICY_ZONES_ANY);
	/* Behind them stands the built-in one. */
	assert_int_equal(rule[3].line, 0);
	assert_int_equal(rule[3].verdict, POLICY_VERDICT_DROP);
	assert_true(rule[3].log);
	policy_unref(policy);
}

static void
zones_and_where_addresses_live(void **state)
{
	static const struct {
		const char *address;
		uint8_t zone;
	} rows[] = {
		{ "10.0.0.7", 0 },
		{ "2001:db8:1::7", 0 },
		{ "10.0.9.255", 1 },
		{ "10.0.10.0", 2 },
		{ "2001:db8:2::1", 2 },
		{ "127.0.0.1", ZONE_SELF },
		{ "fe80::1", ZONE_SELF },
		{ "224.0.0.1", ZONE_SELF },
		{ "ff02::1", ZONE_SELF },
	};
	struct policy *policy =
	    memory_policy("zone lan = int0, int1 10.0.0.0/24 2001:db8:1::/64\n"
			  "zone guest = { 10.0.9.0/24, int2 }\n"
			  "zone wan = ext0\n");
	struct address address;
	uint8_t zone;

	(void)state;
	assert_int_equal(policy->zone_count, 3);
	assert_int_equal(policy->zones[0].interface_count, 2);
	assert_int_equal(policy->elsewhere, 2);
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(
		    address_parse(str_of(rows[i].address), &address), 0);
		assert_int_equal(policy_zone_of(policy, address), rows[i].zone);
	}
	assert_true(policy_zone_find(policy, STR("guest"), &zone));
	assert_int_equal(zone, 1);
	assert_true(policy_zone_find(policy, STR("self"), &zone));
	assert_int_equal(zone, ZONE_SELF);
	assert_false(policy_zone_find(policy, STR("Lan"), &zone));
	policy_unref(policy);
}

/* A name holds what the names and lists above it hold. */
static void
names_hold_names(void **state)
{
	struct policy *policy =
	    memory_policy("list ads = domains \"ads\"\n"
			  "name a = 192.0.2.1, 192.0.2.3-192.0.2.4\n"
			  "name b = { a, ads, .example.net, 192.0.2.2\n }\n"
			  "zone lan = int0 10.0.0.0/24\n"
			  "drop lan -> b\n");
	const struct policy_group *group = policy->rules[0].to.groups[0];
	struct address_range range = address_set_range(&group->addresses, 0);
	char text[ADDRESS_RANGE_TEXT_BYTES];

	(void)state;
	assert_true(str_is(group->name, "b"));
	assert_int_equal(address_set_count(&group->addresses), 1);
	assert_string_equal(
	    address_range_format(&range, text), "192.0.2.1-192.0.2.4");
	assert_true(domain_set_covers(&group->domains, STR("ads.example.com")));
	assert_true(domain_set_covers(&group->domains, STR("x.example.net")));
	assert_false(domain_set_covers(&group->domains, STR("example.com")));
	for (size_t i = 0; i < policy->group_count; i++)
		assert_true(policy->groups[i]->used);
	policy_unref(policy);
}

static void
the_proxy_and_masquerading(void **state)
{
	struct policy *policy = memory_policy(
	    "zone lan = int0 10.0.0.0/24\nzone dmz = int1 10.0.1.0/24\n"
	    "zone wan = ext0\n"
	    "proxy {\n listen 10.0.0.1:3128 for lan\n\n"
	    " listen [2001:db8::1]:8080 for { lan, dmz }\n"
	    " intercept http, tcp 8000-8099 for dmz\n}\n"
	    "proxy { intercept udp 443 for lan }\n"
	    "masquerade lan, dmz -> wan\n");

	(void)state;
	assert_int_equal(policy->listen_count, 2);
	assert_int_equal(policy->listens[1].at.port, 8080);
	assert_int_equal(policy->listens[1].at.address.family, ADDRESS_IPV6);
	assert_int_equal(policy_listen_zones(policy), 3);
	assert_int_equal(policy->intercept_count, 2);
	assert_true(policy_intercepts(policy, 1, POLICY_PROTOCOL_TCP, 80));
	assert_true(policy_intercepts(policy, 1, POLICY_PROTOCOL_TCP, 8099));
	assert_false(policy_intercepts(policy, 1, POLICY_PROTOCOL_TCP, 8100));
	assert_false(policy_intercepts(policy, 1, POLICY_PROTOCOL_UDP, 80));
	assert_false(policy_intercepts(policy, 0, POLICY_PROTOCOL_TCP, 80));
	assert_true(policy_intercepts(policy, 0, POLICY_PROTOCOL_UDP, 443));
	assert_int_equal(policy->masquerade_count, 1);
	assert_int_equal(policy->masquerades[0].from, 3);
	assert_int_equal(policy->masquerades[0].to, 4);
	policy_unref(policy);
}

static void
what_is_published(void **state)
{
	struct policy *policy =
	    memory_policy("zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
			  "name mail = { 10.0.0.25, 2001:db8::25 }\n"
			  "publish wan tcp 25, 587 -> mail log as \"in\"\n"
			  "publish wan, lan tcp 8443 -> 10.0.0.9 tcp 443\n"
			  "publish wan udp 20-29 -> 10.0.0.9 udp 120-129\n"
			  "publish wan udp 30-39 -> 10.0.0.9 udp 40\n"
			  "publish wan tcp 81 -> 10.0.0.9 tcp 80-80\n");
	const struct policy_rule *rule = policy->rules;

	(void)state;
	assert_true(rule[0].publish && rule[0].log);
	assert_int_equal(rule[0].verdict, POLICY_VERDICT_ALLOW);
	assert_int_equal(rule[0].target4.family, ADDRESS_IPV4);
	assert_int_equal(rule[0].target6.family, ADDRESS_IPV6);
	assert_int_equal(rule[0].target_port, 0);
	assert_int_equal(rule[0].services.count, 2);
	assert_int_equal(rule[1].target6.family, ADDRESS_NONE);
	assert_int_equal(policy_target_port(&rule[0], 587), 587);
	assert_int_equal(policy_target_port(&rule[1], 8443), 443);
	assert_int_equal(policy_target_port(&rule[2], 27), 127);
	assert_int_equal(policy_target_port(&rule[3], 30), 40);
	assert_int_equal(policy_target_port(&rule[3], 39), 40);
	assert_int_equal(policy_target_port(&rule[4], 81), 80);
	assert_int_equal(rule[1].to.own, 3);
	assert_int_equal(rule[1].from.zones, 3);
	policy_unref(policy);
}

/* A service of the policy takes the place of the built-in one, and may use it. */
static void
built_in_services_can_be_replaced(void **state)
{
	struct policy *policy =
	    memory_policy("zone lan = int0 10.0.0.0/24\n"
			  "service web = { web, tcp 8080 }\n"
			  "service ssh = tcp 2222\n"
			  "allow lan -> any web\nallow lan -> any ssh\n");

	(void)state;
	assert_int_equal(policy->rules[0].services.count, 4);
	assert_int_equal(policy->rules[1].services.count, 1);
	assert_int_equal(policy->rules[1].services.items[0].first, 2222);
	policy_unref(policy);
}

static void
tests_of_a_policy(void **state)
{
	struct policy *policy = memory_policy(
	    "zone lan = int0 10.0.0.0/24\ndrop any -> any as \"end\"\n"
	    "test \"a\" { 10.0.0.4 -> 192.0.2.1 tcp 80 drop by \"end\" }\n"
	    "test \"b\" {\n"
	    " 10.0.0.4   -> 192.0.2.1 tcp 80  undecided   # no\n"
	    " 10.0.0.4 -> 192.0.2.1 drop by 2\n}\n");

	(void)state;
	assert_int_equal(policy->case_count, 3);
	assert_true(str_is(policy->cases[0].title, "a"));
	assert_true(str_is(policy->cases[0].by, "end"));
	assert_true(
	    str_is(policy->cases[0].flow_text, "10.0.0.4 -> 192.0.2.1 tcp 80"));
	assert_int_equal(policy->cases[1].verdict, POLICY_VERDICT_UNDECIDED);
	assert_null(policy->cases[1].by.at);
	assert_true(str_is(policy->cases[2].by, "2"));
	assert_int_equal(place_line(policy->cases[2].place).line, 6);
	policy_unref(policy);
}

/* One mistake, one error: nothing that comes of it is told as well. */
static void
one_mistake_is_one_error(void **state)
{
	static const struct {
		const char *text;
		const char *want;
	} rows[] = {
		{ "allow lan -> wan tpc 80\n", "no protocol is called 'tpc'" },
		{ "allow lan -> wan during office\n",
		    "no set of hours is called 'office'" },
		{ "allow {{{{{{{{{ lan }}}}}}}}} -> wan\n",
		    "braces nest too deeply" },
		{ "service x = { }\nservice y = {\n}\nallow lan -> wan { x }\n",
		    "there is nothing in these braces\n"
		    "there is nothing in these braces\n"
		    "no service, condition or option is called 'x'" },
		{ "reject lan -> wan method { }\n",
		    "there is nothing in these braces" },
		{ "allow lan => wan\n", "'=>' has no place here" },
		{ "zone dmz = int1 10.0.1.1/24\n",
		    "bits are set behind the prefix length" },
		{ "service x = {\nallow lan -> wan\n",
		    "this brace is not closed" },
		{ "proxy {\n intercept web for {\nallow lan -> wan\n",
		    "this brace is not closed\nthis brace is not closed" },
		{ "allow lan,\nallow lan -> wan\n",
		    "expected a zone, a name, a list, an address, a domain, "
		    "'any' or 'self', found 'allow'" },
		{ "list x = domain \"x\"\nreject lan -> x\n",
		    "a list holds 'addresses' or 'domains', not 'domain'" },
	};
	struct text text = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		text_clear(&text);
		text_addf(&text, "%s%s", head, rows[i].text);
		struct text got = memory_errors(text.at);
		assert_string_equal(got.at, rows[i].want);
		text_fini(&got);
	}
	text_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings_of_services),
		cmocka_unit_test(a_rule_and_its_parts),
		cmocka_unit_test(zones_and_where_addresses_live),
		cmocka_unit_test(names_hold_names),
		cmocka_unit_test(the_proxy_and_masquerading),
		cmocka_unit_test(what_is_published),
		cmocka_unit_test(built_in_services_can_be_replaced),
		cmocka_unit_test(tests_of_a_policy),
		cmocka_unit_test(one_mistake_is_one_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
