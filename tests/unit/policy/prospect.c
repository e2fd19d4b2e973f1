/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Questions of the DNS, judged as the flows that may follow them: by tables; and
 * of random policies, where whatever flow the evaluator allows must have had a
 * prospect when only its name was known.
 */
#include "policy/prospect.h"

#include "memory.h"
#include "policy/evaluate.h"
#include "random_policy.h"

#define HEAD                                                                   \
	"zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"                        \
	"zone dmz = int1 198.51.100.0/28\n"                                    \
	"zone wan = ext0\n"                                                    \
	"name printers = 10.0.0.200\n"                                         \
	"name cloud = 203.0.113.7\n"                                           \
	"name half = 198.51.100.0-198.51.100.40\n"

static struct flow
question_of(const struct policy *policy, const char *name)
{
	struct flow flow = { .way = FLOW_EXPLICIT,
		.last = POLICY_PHASE_RESPONSE,
		.from_zone = 0,
		.to_zone = ZONE_NONE,
		.own_zone = ZONE_NONE,
		.name = str_of(name) };

	(void)policy;
	assert_int_equal(address_parse(STR("10.0.0.4"), &flow.source), 0);
	flow.known[POLICY_FACT_SOURCE] = FLOW_KNOWN;
	flow.known[POLICY_FACT_NAME] = FLOW_KNOWN;
	return flow;
}

static const struct {
	const char *rules, *outside, *inside; /* verdict and line */
} rows[] = {
	{ "allow lan -> wan tcp 80\n", "allow 7", "allow 7" },
	{ "reject lan -> .ads.example\nallow lan -> wan\n", "reject 7",
	    "reject 7" },
	/* What might match and refuses is passed over... */
	{ "reject lan -> any method POST\ndrop lan -> 203.0.113.9\n"
	  "allow lan -> wan\n",
	    "allow 9", "allow 9" },
	{ "reject lan -> .ads.example tcp 80\nallow lan -> wan\n", "allow 8",
	    "allow 8" },
	/* ...and what might match and allows is enough. */
	{ "allow lan -> any tcp 22\nreject lan -> .ads.example\n", "allow 7",
	    "allow 7" },
	{ "allow lan -> other.example\nreject any -> any\n", "reject 8",
	    "reject 8" },
	{ "allow 10.0.0.9 -> any\n", "drop 0", "drop 0" },
	/* What lies inside is no prospect for a name outside. */
	{ "allow lan -> printers\nallow lan -> self\nallow lan -> dmz\n"
	  "drop any -> any\n",
	    "drop 10", "allow 7" },
	{ "allow lan -> cloud\n", "allow 7", "allow 7" },
	{ "allow lan -> half\n", "allow 7", "allow 7" },
	{ "allow lan -> any except .ads.example\n", "drop 0", "drop 0" },
	{ "report reject lan -> .ads.example\nallow lan -> wan\n", "allow 8",
	    "allow 8" },
	{ "publish wan tcp 80 -> printers\ndrop any -> any\n", "allow 7",
	    "allow 7" },
};

static void
is_judged(const struct policy *policy, bool outside, const char *expected)
{
	struct flow flow = question_of(policy, "x.ads.example");
	struct policy_prospect prospect =
	    policy_prospect(policy, &flow, outside, NULL);
	char text[32];

	(void)snprintf(text, sizeof(text), "%s %u",
	    policy_verdict_word(prospect.verdict), prospect.rule->line);
	assert_string_equal(text, expected);
}

static void
a_name_is_judged_by_what_may_go_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text text = TEXT_EMPTY;
		text_addf(&text, HEAD "%s", rows[i].rules);
		struct policy *policy = memory_policy(text.at);
		is_judged(policy, true, rows[i].outside);
		is_judged(policy, false, rows[i].inside);
		policy_unref(policy);
		text_fini(&text);
	}
}

static void
addresses_are_inside_by_kind_or_by_zone(void **state)
{
	static const struct {
		const char *address;
		bool inside;
	} places[] = { { "10.0.0.4", true }, { "10.9.9.9", true },
		{ "172.15.255.255", false }, { "172.16.0.0", true },
		{ "172.31.255.255", true }, { "172.32.0.0", false },
		{ "192.168.1.1", true }, { "192.169.0.1", false },
		{ "100.64.0.1", true }, { "100.128.0.1", false },
		{ "127.0.0.1", true }, { "0.0.0.0", true },
		{ "169.254.1.1", true }, { "224.0.0.1", true },
		{ "198.51.100.3", true }, { "198.51.100.16", false },
		{ "203.0.113.1", false }, { "::1", true }, { "::", true },
		{ "fe80::1", true }, { "fec0::1", true }, { "fd00::1", true },
		{ "ff02::1", true }, { "2001:db8:1::9", true },
		{ "2001:db8:2::9", false }, { "::ffff:10.0.0.1", true } };
	struct policy *policy = memory_policy(HEAD);
	struct address address;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(places); i++) {
		assert_int_equal(
		    address_parse(str_of(places[i].address), &address), 0);
		if (policy_is_inside(policy, address) != places[i].inside)
			fail_msg("%s", places[i].address);
	}
	policy_unref(policy);
}

/* ---- the twin ---- */

static bool
is_outside(const struct policy *policy, const struct flow *flow)
{
	return flow->to_zone != ZONE_SELF &&
	       !policy_is_inside(policy, flow->destination);
}

/* As it is known when its name is asked for. */
static struct flow
asked_for(const struct flow *flow)
{
	struct flow asked = { .way = FLOW_EXPLICIT,
		.last = POLICY_PHASE_RESPONSE,
		.from_zone = flow->from_zone,
		.to_zone = ZONE_NONE,
		.own_zone = ZONE_NONE,
		.source = flow->source,
		.name = flow->name,
		.minute = flow->minute };

	asked.known[POLICY_FACT_SOURCE] = FLOW_KNOWN;
	asked.known[POLICY_FACT_TIME] = FLOW_KNOWN;
	asked.known[POLICY_FACT_NAME] = flow->known[POLICY_FACT_NAME];
	return asked;
}

static size_t
try_flows(
    const struct policy *policy, const struct space *space, const char *text)
{
	size_t allowed = 0;

	for (unsigned i = 0; i < 200; i++) {
		struct space_cell cell;
		if (!random_cell(space, &cell))
			return allowed;
		struct flow flow = flow_of(space, 0, &cell);
		struct flow asked = asked_for(&flow);
		/* One that shows its name. */
		flow.way = FLOW_EXPLICIT;
		if (flow.from_zone >= policy->zone_count ||
		    policy_evaluate(policy, &flow, POLICY_PHASE_RESPONSE, NULL)
			    .verdict != POLICY_VERDICT_ALLOW)
			continue;
		struct policy_prospect prospect = policy_prospect(
		    policy, &asked, is_outside(policy, &flow), NULL);
		if (prospect.verdict != POLICY_VERDICT_ALLOW)
			fail_msg("no prospect of what is allowed:\n%s", text);
		allowed++;
	}
	return allowed;
}

static void
what_is_allowed_had_a_prospect(void **state)
{
	size_t allowed = 0;

	(void)state;
	for (unsigned round = 0; round < twin_rounds(300); round++) {
		struct text text = TEXT_EMPTY;
		struct space space;
		add_random_policy(&text, 8);
		struct policy *policy = policy_of(text.at);
		const struct policy *one = policy;
		if (space_init(&space, &one, 1) == 0)
			allowed += try_flows(policy, &space, text.at);
		space_fini(&space);
		policy_unref(policy);
		text_fini(&text);
	}
	assert_true(allowed > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_judged_by_what_may_go_there),
		cmocka_unit_test(addresses_are_inside_by_kind_or_by_zone),
		cmocka_unit_test(what_is_allowed_had_a_prospect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
