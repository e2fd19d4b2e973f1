/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "proxy/admission.h"

#include "policies.h"

static char text[] = "zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"
		     "zone dmz = int1 192.0.2.0/24\n"
		     "zone wan = ext0\n"
		     "proxy {\n"
		     "    listen 10.0.0.1:3128 for lan\n"
		     "    listen [2001:db8:1::1]:3128 for lan, dmz\n"
		     "    listen 10.0.0.1:3129 for dmz\n"
		     "}\n"
		     "reject lan -> ads.example as \"ads\"\n"
		     "reject lan -> any tcp 80 method DELETE\n"
		     "reject lan -> any tcp 80 path \"/admin/*\"\n"
		     "allow lan -> good.example\n"
		     "allow lan -> wan tcp 80\n"
		     "reject lan -> any\n";

/* The same places seen by another office. */
static char moved[] = "zone lan = int0 10.0.9.0/24\n"
		      "zone dmz = int1 10.0.0.0/24\n"
		      "zone wan = ext0\n"
		      "allow dmz -> wan\n";

static struct proxy_generation *
office(void)
{
	static const struct {
		const char *address, *zone;
	} own[] = {
		{ "10.0.0.1", "lan" },
		{ "2001:db8:1::1", "lan" },
		{ "fe80::1", "lan" },
		{ "192.0.2.1", "dmz" },
		{ "198.51.100.1", "wan" },
	};
	struct proxy_generation *generation = generation_of(text);

	for (size_t i = 0; i < COUNT_OF(own); i++)
		assert_int_equal(
		    proxy_generation_add_own(generation,
			(struct proxy_own){ address_of(own[i].address),
			    zone_of(generation, own[i].zone) }),
		    0);
	return generation;
}

/* A neighbour on the link must not pass for the gateway itself. */
static void
where_a_source_lives(void **state)
{
	static const struct {
		const char *source, *zone;
	} cases[] = {
		{ "10.0.0.4", "lan" },
		{ "2001:db8:1::4", "lan" },
		{ "192.0.2.4", "dmz" },
		{ "198.51.100.4", "wan" },
		{ "2001:db8:9::4", "wan" },
		{ "10.0.0.1", "self" },
		{ "192.0.2.1", "self" },
		{ "198.51.100.1", "self" },
		{ "fe80::1", "self" },
		{ "fe80::2", "-" },
		{ "169.254.0.4", "-" },
		{ "127.0.0.1", "-" },
		{ "::1", "-" },
		{ "224.0.0.1", "-" },
		{ "0.0.0.0", "-" },
	};
	struct proxy_generation *generation = office();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct flow flow;
		admission_begin(generation, FLOW_EXPLICIT,
		    address_of(cases[i].source), &flow);
		if (flow.from_zone != zone_of(generation, cases[i].zone))
			fail_msg(
			    "%s is not in %s", cases[i].source, cases[i].zone);
		assert_int_equal(flow.known[POLICY_FACT_SOURCE], FLOW_KNOWN);
		assert_int_equal(
		    flow.known[POLICY_FACT_DESTINATION], FLOW_NOT_GIVEN);
	}
	proxy_generation_unref(generation);
}

/* As a destination all that is local is the gateway. */
static void
where_a_destination_lives(void **state)
{
	static const struct {
		const char *destination, *zone, *own;
	} cases[] = {
		{ "10.0.0.4", "lan", "-" },
		{ "10.0.0.1", "self", "lan" },
		{ "192.0.2.1", "self", "dmz" },
		{ "198.51.100.1", "self", "wan" },
		{ "198.51.100.2", "wan", "-" },
		{ "127.0.0.1", "self", "-" },
		{ "127.9.9.9", "self", "-" },
		{ "::1", "self", "-" },
		{ "fe80::2", "self", "-" },
		{ "169.254.169.254", "self", "-" },
		{ "0.0.0.0", "self", "-" },
	};
	struct proxy_generation *generation = office();
	struct flow flow;

	(void)state;
	admission_begin(
	    generation, FLOW_EXPLICIT, address_of("10.0.0.4"), &flow);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		admission_destination(
		    generation, &flow, address_of(cases[i].destination));
		if (flow.to_zone != zone_of(generation, cases[i].zone) ||
		    flow.own_zone != zone_of(generation, cases[i].own))
			fail_msg("%s is not in %s", cases[i].destination,
			    cases[i].zone);
	}
	proxy_generation_unref(generation);
}

static void
who_may_use_a_listener(void **state)
{
	static const struct {
		const char *source, *listener;
		uint16_t port;
		bool may;
	} cases[] = {
		{ "10.0.0.4", "10.0.0.1", 3128, true },
		{ "192.0.2.4", "10.0.0.1", 3128, false },
		{ "198.51.100.4", "10.0.0.1", 3128, false },
		{ "10.0.0.1", "10.0.0.1", 3128, false },
		{ "fe80::2", "10.0.0.1", 3128, false },
		{ "10.0.0.4", "2001:db8:1::1", 3128, true },
		{ "192.0.2.4", "2001:db8:1::1", 3128, true },
		{ "198.51.100.4", "2001:db8:1::1", 3128, false },
		{ "10.0.0.4", "10.0.0.1", 3129, false },
		{ "192.0.2.4", "10.0.0.1", 3129, true },
		{ "10.0.0.4", "10.0.0.1", 3130, false },
		{ "10.0.0.4", "10.0.0.2", 3128, false },
	};
	struct proxy_generation *generation = office();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct address_port at = { address_of(cases[i].listener),
			cases[i].port };
		struct flow flow;
		admission_begin(generation, FLOW_EXPLICIT,
		    address_of(cases[i].source), &flow);
		if (admission_may_listen(generation, &flow, &at) !=
		    cases[i].may)
			fail_msg("%s at %s:%u", cases[i].source,
			    cases[i].listener, cases[i].port);
	}
	proxy_generation_unref(generation);
}

static void
what_is_answered(void **state)
{
	static const struct {
		const char *source, *name, *destination;
		uint16_t port;
		const char *method, *path;
		enum policy_verdict verdict;
	} cases[] = {
		/* Refused without the address; open until it is known. */
		{ "10.0.0.4", "ads.example", NULL, 80, "GET", "/",
		    POLICY_VERDICT_REJECT },
		{ "10.0.0.4", "www.example", NULL, 80, "GET", "/",
		    POLICY_VERDICT_UNDECIDED },
		{ "10.0.0.4", "www.example", "198.51.100.7", 80, "GET", "/",
		    POLICY_VERDICT_ALLOW },
		{ "10.0.0.4", "www.example", "10.0.0.7", 80, "GET", "/",
		    POLICY_VERDICT_REJECT },
		{ "10.0.0.4", "www.example", "127.0.0.1", 80, "GET", "/",
		    POLICY_VERDICT_REJECT },
		/* A name opens what lives elsewhere, and nothing else. */
		{ "10.0.0.4", "good.example", "198.51.100.7", 443, "CONNECT",
		    NULL, POLICY_VERDICT_ALLOW },
		{ "10.0.0.4", "good.example", "10.0.0.1", 443, "CONNECT", NULL,
		    POLICY_VERDICT_REJECT },
		{ "10.0.0.4", "good.example", "192.0.2.7", 443, "CONNECT", NULL,
		    POLICY_VERDICT_REJECT },
		{ "10.0.0.4", "www.example", "198.51.100.7", 80, "DELETE", "/",
		    POLICY_VERDICT_REJECT },
		{ "10.0.0.4", "www.example", "198.51.100.7", 80, "GET",
		    "/admin/x", POLICY_VERDICT_REJECT },
		{ "10.0.0.4", NULL, "198.51.100.7", 80, NULL, NULL,
		    POLICY_VERDICT_ALLOW },
		{ "fe80::2", "www.example", "198.51.100.7", 80, "GET", "/",
		    POLICY_VERDICT_DROP },
		{ "192.0.2.4", "www.example", "198.51.100.7", 80, "GET", "/",
		    POLICY_VERDICT_DROP },
	};
	struct proxy_generation *generation = office();
	struct str none = { NULL, 0 };

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct flow flow;
		admission_begin(generation, FLOW_EXPLICIT,
		    address_of(cases[i].source), &flow);
		admission_port(&flow, cases[i].port);
		admission_name(&flow,
		    cases[i].name != NULL ? str_of(cases[i].name) : none);
		admission_head(&flow,
		    cases[i].method != NULL ? str_of(cases[i].method) : none,
		    cases[i].path != NULL ? str_of(cases[i].path) : none);
		if (cases[i].destination != NULL)
			admission_destination(generation, &flow,
			    address_of(cases[i].destination));
		if (admission_ask(generation, &flow).verdict !=
		    cases[i].verdict)
			fail_msg("case %zu", i);
	}
	proxy_generation_unref(generation);
}

static void
a_flow_moves_to_another_generation(void **state)
{
	struct proxy_generation *before = office();
	struct proxy_generation *after = generation_of(moved);
	struct flow flow;

	(void)state;
	admission_begin(before, FLOW_EXPLICIT, address_of("10.0.0.4"), &flow);
	admission_move(after, &flow);
	assert_int_equal(flow.from_zone, zone_of(after, "dmz"));
	assert_int_equal(flow.known[POLICY_FACT_DESTINATION], FLOW_NOT_GIVEN);
	admission_destination(before, &flow, address_of("10.0.0.1"));
	assert_int_equal(flow.to_zone, ZONE_SELF);
	admission_move(after, &flow);
	assert_int_equal(flow.to_zone, zone_of(after, "dmz"));
	assert_int_equal(flow.own_zone, ZONE_NONE);
	proxy_generation_unref(before);
	proxy_generation_unref(after);
}

static char asking[] = "zone lan = int0 10.0.0.0/24\n"
		       "zone wan = ext0\n"
		       "proxy {\n"
		       "    listen 10.0.0.1:3128 for lan\n"
		       "    users \"users\"\n"
		       "}\n"
		       "reject lan -> no.example user anna\n"
		       "allow lan -> type.example type text/*\n"
		       "allow lan -> type.example user anna\n"
		       "reject lan -> type.example\n"
		       "allow lan -> wan tcp 80\n";

/* Who is asked and silent may be anybody; who cannot be asked is nobody. */
static void
who_is_asked(void **state)
{
	static const struct policy_user anna = { STR_INIT("anna"),
		STR_INIT(ANNA_HASH) };
	static const struct policy_user other = { STR_INIT("anna"),
		STR_INIT("another hash") };
	static const struct policy_user nobody = { STR_INIT("ann"),
		STR_INIT(ANNA_HASH) };
	static const struct {
		char *policy;
		enum flow_way way;
		const struct policy_user *user;
		enum flow_known known;
	} cases[] = {
		{ text, FLOW_EXPLICIT, &anna, FLOW_ABSENT },
		{ asking, FLOW_INTERCEPTED, &anna, FLOW_ABSENT },
		{ asking, FLOW_EXPLICIT, NULL, FLOW_NOT_GIVEN },
		{ asking, FLOW_EXPLICIT, &anna, FLOW_KNOWN },
		{ asking, FLOW_EXPLICIT, &other, FLOW_NOT_GIVEN },
		{ asking, FLOW_EXPLICIT, &nobody, FLOW_NOT_GIVEN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct proxy_generation *generation =
		    generation_of(cases[i].policy);
		struct flow flow;
		admission_begin(
		    generation, cases[i].way, address_of("10.0.0.4"), &flow);
		admission_user(generation, &flow, cases[i].user);
		if (flow.known[POLICY_FACT_USER] != cases[i].known)
			fail_msg("case %zu", i);
		proxy_generation_unref(generation);
	}
}

static struct policy_answer
answer_to(const struct proxy_generation *generation, const char *name,
    const struct policy_user *user)
{
	struct flow flow;

	admission_begin(
	    generation, FLOW_EXPLICIT, address_of("10.0.0.4"), &flow);
	admission_port(&flow, 80);
	admission_name(&flow, str_of(name));
	admission_head(&flow, STR("GET"), STR("/"));
	admission_scheme(&flow, POLICY_SCHEME_HTTP);
	admission_destination(generation, &flow, address_of("198.51.100.7"));
	admission_user(generation, &flow, user);
	return admission_ask(generation, &flow);
}

/* What hangs on the answer's type is not sent before it is known who asks. */
static void
what_hangs_on_who_asks(void **state)
{
	static const struct policy_user anna = { STR_INIT("anna"),
		STR_INIT(ANNA_HASH) };
	struct proxy_generation *generation = generation_of(asking);
	struct policy_answer answer;

	(void)state;
	answer = answer_to(generation, "any.example", NULL);
	assert_int_equal(answer.verdict, POLICY_VERDICT_ALLOW);
	answer = answer_to(generation, "no.example", NULL);
	assert_int_equal(answer.verdict, POLICY_VERDICT_UNDECIDED);
	assert_int_equal(answer.hangs_on, POLICY_FACT_USER);
	answer = answer_to(generation, "no.example", &anna);
	assert_int_equal(answer.verdict, POLICY_VERDICT_REJECT);
	answer = answer_to(generation, "type.example", NULL);
	assert_int_equal(answer.verdict, POLICY_VERDICT_UNDECIDED);
	assert_int_equal(answer.hangs_on, POLICY_FACT_USER);
	answer = answer_to(generation, "type.example", &anna);
	assert_int_equal(answer.verdict, POLICY_VERDICT_ALLOW);
	proxy_generation_unref(generation);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_a_source_lives),
		cmocka_unit_test(where_a_destination_lives),
		cmocka_unit_test(who_may_use_a_listener),
		cmocka_unit_test(what_is_answered),
		cmocka_unit_test(a_flow_moves_to_another_generation),
		cmocka_unit_test(who_is_asked),
		cmocka_unit_test(what_hangs_on_who_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
