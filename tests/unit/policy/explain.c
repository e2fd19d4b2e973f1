/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/explain: why each rule above the deciding one did not match.
 *
 * The golden files show whole explanations; here each reason stands alone: one
 * rule, one flow, and what is said of that rule.
 */
#include "policy/explain.h"

#include "memory.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const char head[] =
    "zone lan = int0 10.0.0.0/24\nzone guest = int1 10.0.9.0/24\n"
    "zone wan = ext0\n"
    "name shop = shop.example.com\n"
    "proxy {\n listen 10.0.0.1:3128 for lan\n"
    " intercept { tcp 80, tcp 443, udp 443 } for lan\n}\n";

static void
reasons(void **state)
{
	static const struct {
		const char *rule, *flow;
		enum policy_match match;
		const char *because;
	} rows[] = {
		{ "drop guest, 10.0.0.9 -> any", "10.0.0.4 -> 192.0.2.1 tcp 22",
		    POLICY_MATCH_NO, "lan 10.0.0.4 is not in guest, 10.0.0.9" },
		{ "drop lan -> guest, 10.0.0.9", "10.0.0.4 -> 192.0.2.1 tcp 22",
		    POLICY_MATCH_NO,
		    "wan 192.0.2.1 is not in guest, 10.0.0.9" },
		{ "drop lan -> guest", "10.0.0.4 -> www.example.com tcp 22",
		    POLICY_MATCH_NO, "wan is not in guest" },
		{ "publish wan tcp 80 -> 10.0.0.9", "10.0.0.4 -> self tcp 80",
		    POLICY_MATCH_NO,
		    "self is not the gateway's address in wan" },
		{ "drop lan -> any tcp 23", "10.0.0.4 -> 192.0.2.1 tcp 22",
		    POLICY_MATCH_NO, "tcp 22 is not tcp 23" },
		{ "drop lan -> any tcp 23", "10.0.0.4 -> 192.0.2.1 udp",
		    POLICY_MATCH_NO, "udp is not tcp 23" },
		{ "drop lan -> any icmp echo-reply",
		    "10.0.0.4 -> 192.0.2.1 icmp echo-request", POLICY_MATCH_NO,
		    "icmp echo-request is not icmp echo-reply" },
		{ "drop lan -> any icmp echo-reply",
		    "10.0.0.4 -> 192.0.2.1 icmp", POLICY_MATCH_MIGHT,
		    "the kind of message is not given" },
		{ "allow lan -> any tcp 23", "10.0.0.4 -> 192.0.2.1 tcp",
		    POLICY_MATCH_MIGHT, "the port is not given" },
		{ "allow lan -> any tcp 23", "10.0.0.4 -> 192.0.2.1",
		    POLICY_MATCH_MIGHT, "the service is not given" },
		{ "allow lan -> any tcp 23", "10.0.0.4 -> 10.0.0.1 tcp 3128",
		    POLICY_MATCH_MIGHT, "the service is not given" },
		{ "allow lan -> wan", "10.0.0.4 -> 10.0.0.1 tcp 3128",
		    POLICY_MATCH_MIGHT, "the address is not given" },
		{ "drop lan -> shop", "10.0.0.4 -> https://www.example.com/",
		    POLICY_MATCH_NO, "www.example.com is not in shop" },
		{ "drop lan -> shop", "10.0.0.4 -> http://192.0.2.1/",
		    POLICY_MATCH_NO,
		    "no name is asked for that could be in shop" },
		{ "drop lan -> shop", "10.0.0.4 -> 192.0.2.1 tcp 22",
		    POLICY_MATCH_NO,
		    "no name is asked for that could be in shop" },
		{ "drop lan -> shop", "10.0.0.4 -> shop.example.com tcp 22",
		    POLICY_MATCH_NO,
		    "the proxy does not carry this flow, so no name is seen "
		    "that could be in shop" },
		{ "allow lan -> shop", "10.0.0.4 -> 192.0.2.1 tcp 443",
		    POLICY_MATCH_MIGHT, "the name is not given" },
		{ "allow lan -> shop",
		    "10.0.0.4 -> http://shop.example.com/ address 10.0.9.7",
		    POLICY_MATCH_NO,
		    "guest 10.0.9.7 is not opened by a name alone" },
		{ "allow lan -> shop",
		    "10.0.0.4 -> http://shop.example.com/ address 10.0.9.7 "
		    "explicit",
		    POLICY_MATCH_NO,
		    "shop.example.com is at guest 10.0.9.7, which a name alone "
		    "does not open" },
		{ "allow lan -> any method GET",
		    "10.0.0.4 -> http://www.example.com/ method POST",
		    POLICY_MATCH_NO, "the method is POST" },
		{ "allow lan -> any method GET",
		    "10.0.0.4 -> https://www.example.com/", POLICY_MATCH_NO,
		    "the flow shows no method" },
		{ "allow lan -> any method GET",
		    "10.0.0.4 -> http://www.example.com/", POLICY_MATCH_MIGHT,
		    "the method is not given" },
		{ "allow lan -> any path \"/a\"",
		    "10.0.0.4 -> http://www.example.com/b", POLICY_MATCH_NO,
		    "the path is /b" },
		{ "allow lan -> any path \"/a\"",
		    "10.0.0.4 -> https://www.example.com/b", POLICY_MATCH_NO,
		    "the flow shows no path" },
		{ "drop lan -> any tcp 22", "10.0.0.4 -> 192.0.2.1 tcp 22",
		    POLICY_MATCH_YES, "" },
	};
	struct text text = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct explanation explanation;
		struct arena arena;

		text_clear(&text);
		text_addf(&text, "%s%s\n", head, rows[i].rule);
		struct policy *policy = memory_policy(text.at);
		arena_init(&arena, 1 << 20);
		struct flow flow = memory_flow(policy, &arena, rows[i].flow);
		assert_int_equal(explain_flow(policy, &flow, &explanation), 0);
		const struct explanation_step *step =
		    &explanation.steps.items[0];
		if (step->match != rows[i].match ||
		    !str_is(step->because, rows[i].because))
			fail_msg("%s\n%s\nwanted %d %s\ngot    %d %.*s",
			    rows[i].rule, rows[i].flow, rows[i].match,
			    rows[i].because, step->match,
			    STR_ARG(step->because));
		explain_fini(&explanation);
		arena_fini(&arena);
		policy_unref(policy);
	}
	text_fini(&text);
}

/* The kernel refuses; what it allows of a proxied flow the proxy carries. */
static void
enforcers(void **state)
{
	static const struct {
		const char *rule, *flow;
		bool by_proxy;
	} rows[] = {
		{ "allow lan -> any", "10.0.0.4 -> 192.0.2.1 tcp 22", false },
		{ "allow lan -> any", "10.0.0.4 -> 192.0.2.1 tcp 80", true },
		{ "allow lan -> any direct", "10.0.0.4 -> 192.0.2.1 tcp 80",
		    false },
		{ "drop lan -> any", "10.0.0.4 -> 192.0.2.1 tcp 80", false },
		{ "allow lan -> any", "10.0.0.4 -> 192.0.2.1 udp 443", false },
		{ "allow lan -> any direct",
		    "10.0.0.4 -> http://192.0.2.1/ explicit", true },
		{ "drop lan -> any", "10.0.0.4 -> http://192.0.2.1/ explicit",
		    false },
		{ "drop lan -> shop", "10.0.0.4 -> http://shop.example.com/",
		    true },
		{ "drop lan -> shop", "10.0.0.4 -> shop.example.com udp 443",
		    false },
		{ "allow any -> any", "lan 192.0.2.9 -> 192.0.2.1 tcp 80",
		    false },
	};
	struct text text = TEXT_EMPTY;

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct explanation explanation;
		struct arena arena;

		text_clear(&text);
		text_addf(&text, "%s%s\n", head, rows[i].rule);
		struct policy *policy = memory_policy(text.at);
		arena_init(&arena, 1 << 20);
		struct flow flow = memory_flow(policy, &arena, rows[i].flow);
		assert_int_equal(explain_flow(policy, &flow, &explanation), 0);
		if (explanation.by_proxy != rows[i].by_proxy)
			fail_msg("%s, %s", rows[i].rule, rows[i].flow);
		explain_fini(&explanation);
		arena_fini(&arena);
		policy_unref(policy);
	}
	text_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reasons),
		cmocka_unit_test(enforcers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
