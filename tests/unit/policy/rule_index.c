/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The index changes no answer: the same policy is asked with it and without,
 * at every phase, over random lists of rules and random flows.  Both answers
 * come from one evaluator; that the evaluator is right is its own twin's
 * affair (evaluate_twin.c).
 */
#include "policy/rule_index.h"

#include "policy/evaluate.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"

#define POLICIES 40
#define FLOWS    1500

static uint64_t seed = 20261126;

/* xorshift64 */
static unsigned
below(unsigned limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % limit);
}

static const char *
one_of(const char *const *words, unsigned count)
{
	return words[below(count)];
}

static const char head[] = "zone lan = int0 10.0.0.0/16 2001:db8:1::/64\n"
			   "zone guest = int1 10.9.0.0/24\n"
			   "zone wan = ext0\n"
			   "name box = { 10.0.0.7, 198.51.100.0/25 }\n"
			   "name sites = { .example.com, example.net }\n"
			   "proxy {\n"
			   " listen 10.0.0.1:3128 for lan\n"
			   " intercept tcp 80, tcp 443, udp 443 for guest\n"
			   "}\n";

static void
add_endpoint(struct text *out, bool to)
{
	static const char *const froms[] = { "lan", "guest", "any", "wan",
		"self", "box", "10.0.0.0/24", "lan except box" };
	static const char *const tos[] = { "wan", "any", "lan", "self", "box",
		"sites", "box, sites", "any except sites",
		"wan except 198.51.100.7" };

	if (below(3) > 0)
		text_addz(out, to ? one_of(tos, 9) : one_of(froms, 8));
	else if (!to || below(2) == 0)
		text_addf(out, "10.%u.0.%u%s", 9 * below(2), below(16),
		    below(3) == 0 ? "" : "-10.9.0.255");
	else
		text_addf(out, "%sn%u.example.com",
		    one_of((const char *[]){ "", ".", "*." }, 3), below(12));
}

static void
add_service(struct text *out)
{
	static const char *const protocols[] = { "tcp", "udp" };
	unsigned port = 78 + below(8);

	switch (below(6)) {
	case 0:
		break;
	case 1:
		text_addz(out, " icmp echo-request");
		break;
	case 2:
		text_addf(out, " %s", one_of(protocols, 2));
		break;
	case 3:
		text_addf(out, " tcp %u-%u, udp 443", port, port + below(400));
		break;
	default:
		text_addf(out, " %s %u", one_of(protocols, 2), port);
	}
}

static void
add_rule(struct text *out)
{
	static const char *const verdicts[] = { "allow", "reject", "drop",
		"allow", "report drop" };
	static const char *const options[] = { "", "", "", " log",
		" method GET", " path \"/a*\"", " type image/*" };

	text_addf(out, "%s ", one_of(verdicts, 5));
	add_endpoint(out, false);
	text_addz(out, " -> ");
	add_endpoint(out, true);
	add_service(out);
	text_addf(out, "%s\n", one_of(options, 7));
}

/* From just enough rules for an index to more than one of its blocks. */
static struct policy *
make_policy(unsigned number)
{
	struct text text = TEXT_EMPTY;
	unsigned rules = number % 8 == 0 ? 1100 + below(1100)
					 : RULE_INDEX_RULES_MIN + below(150);

	text_addz(&text, head);
	for (unsigned i = 0; i < rules; i++)
		add_rule(&text);
	struct policy *policy = memory_policy(text.at);
	text_fini(&text);
	return policy;
}

static struct address
make_address(void)
{
	static const char *const odd[] = { "198.51.100.7", "203.0.113.80",
		"2001:db8:1::5", "2001:db8:f::80", "127.0.0.1", "10.0.0.7" };
	char text[ADDRESS_TEXT_BYTES];
	struct address address = { 0 };

	(void)snprintf(
	    text, sizeof(text), "10.%u.0.%u", 9 * below(2), below(16));
	if (below(10) > 0)
		(void)address_parse(
		    str_of(below(2) == 0 ? text : one_of(odd, 6)), &address);
	return address; /* of no family now and then: elsewhere */
}

static uint8_t
maybe_known(void)
{
	static const uint8_t known[] = { FLOW_KNOWN, FLOW_KNOWN, FLOW_KNOWN,
		FLOW_ABSENT, FLOW_NOT_GIVEN };

	return known[below(5)];
}

static struct flow
make_flow(const struct policy *policy)
{
	static const char *const names[] = { "n1.example.com",
		"a.n2.example.com", "example.net", "b.example.net",
		"n11.example.com", "other.example" };
	static const uint16_t ports[] = { 80, 443, 22, 78, 85, 400, 65535 };
	static const uint8_t zones[] = { 0, 1, 2, ZONE_SELF };
	struct flow flow = {
		.way = (enum flow_way)below(4),
		.last = (enum policy_phase)below(POLICY_PHASE_COUNT),
		.from_zone = zones[below(4)],
		.to_zone = zones[below(4)],
		.own_zone = (uint8_t)below(3),
		.source = make_address(),
		.destination = make_address(),
		.protocol = (enum policy_protocol)below(3),
		.port = ports[below(7)],
		.any_port = below(10) == 0,
		.name = str_of(one_of(names, 6)),
		.method = str_of(below(2) == 0 ? "GET" : "POST"),
		.path = str_of(below(2) == 0 ? "/abc" : "/x"),
		.type = str_of(below(2) == 0 ? "image/png" : "text/html"),
	};

	if (flow.protocol == POLICY_PROTOCOL_ICMP)
		flow.port = (uint16_t)below(3);
	if (below(4) == 0)
		flow.to_zone = ZONE_NONE;
	for (unsigned i = 0; i < POLICY_FACT_COUNT; i++)
		flow.known[i] = maybe_known();
	flow.known[POLICY_FACT_SOURCE] = FLOW_KNOWN;
	(void)policy;
	return flow;
}

static void
assert_same(const struct policy_answer *a, const struct policy_answer *b)
{
	assert_int_equal(a->verdict, b->verdict);
	assert_ptr_equal(a->rule, b->rule);
	assert_int_equal(a->by_name, b->by_name);
	assert_int_equal(a->reported_count, b->reported_count);
	for (unsigned i = 0; i < a->reported_count; i++)
		assert_ptr_equal(a->reported[i], b->reported[i]);
	if (a->verdict == POLICY_VERDICT_UNDECIDED)
		assert_int_equal(a->hangs_on, b->hangs_on);
}

static void
ask_both_ways(struct policy *policy, const struct flow *flow)
{
	struct rule_index *index = policy->index;

	for (unsigned phase = 0; phase < POLICY_PHASE_COUNT; phase++) {
		struct policy_answer with = policy_evaluate(
		    policy, flow, (enum policy_phase)phase, NULL);
		policy->index = NULL;
		struct policy_answer without = policy_evaluate(
		    policy, flow, (enum policy_phase)phase, NULL);
		policy->index = index;
		assert_same(&with, &without);
	}
}

static void
the_index_changes_no_answer(void **state)
{
	(void)state;
	for (unsigned i = 0; i < POLICIES; i++) {
		struct policy *policy = make_policy(i);
		assert_non_null(policy->index);
		for (unsigned j = 0; j < FLOWS; j++) {
			struct flow flow = make_flow(policy);
			ask_both_ways(policy, &flow);
		}
		policy_unref(policy);
	}
}

static void
a_short_list_has_none(void **state)
{
	struct policy *policy = memory_policy("zone wan = ext0\n"
					      "allow wan -> any\n");

	(void)state;
	assert_null(policy->index);
	policy_unref(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_list_has_none),
		cmocka_unit_test(the_index_changes_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
