/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/carriage.h"

#include "memory.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define HEAD                                                                   \
	"zone lan = int0 10.0.0.0/24\n"                                        \
	"zone wan = ext0\n"                                                    \
	"parent corp = http 192.0.2.8:3128\n"                                  \
	"parent same = http 192.0.2.8:3128\n"                                  \
	"parent lab = socks5 192.0.2.9:1080\n"                                 \
	"proxy { listen 10.0.0.1:3128 for lan }\n"

/* A request whose answer has not come, for a name without an address. */
static const struct {
	const char *rules;
	const char *parent; /* NULL: none; "?": something else is open, too */
} rows[] = {
	{ "allow lan -> any\n", NULL },
	{ "allow lan -> any via corp\n", "corp" },
	{ "reject lan -> wan type video/*\nallow lan -> any via corp\n", "?" },
	{ "reject any -> any type video/*\nallow lan -> any via corp\n",
	    "corp" },
	{ "allow lan -> any type image/* via lab\nallow lan -> any via corp\n",
	    "lab" },
	{ "allow lan -> any type image/*\nallow lan -> any via corp\n",
	    "corp" },
	{ "allow lan -> any type image/* via lab\nallow lan -> any\n", "lab" },
	{ "allow lan -> any type image/* via lab\nreject lan -> any\n", "lab" },
	{ "allow lan -> any type image/*\nreject lan -> any\n"
	  "allow lan -> any via corp\n",
	    NULL },
	{ "reject lan -> 203.0.113.66\nallow lan -> any via corp\n", "?" },
	{ "allow lan -> any type image/*\nreject lan -> 203.0.113.66\n"
	  "allow lan -> any via corp\n",
	    "?" },
	{ "report reject any -> any type video/* log\n"
	  "allow lan -> any via corp\n",
	    "corp" },
};

static const char *
parent_of(const struct policy *policy, const struct flow *flow)
{
	struct policy_answer answer = policy_decide(policy, flow);
	const struct policy_parent *parent;
	static char name[POLICY_NAME_MAX + 1];

	if (!policy_carriage(policy, flow, &answer, &parent))
		return "?";
	if (parent == NULL)
		return "none";
	memcpy(name, parent->name.at, parent->name.len);
	name[parent->name.len] = '\0';
	return name;
}

static void
the_parent_is_known_before_the_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text text = TEXT_EMPTY;
		struct arena arena;
		text_addf(&text, HEAD "%s", rows[i].rules);
		struct policy *policy = memory_policy(text.at);
		arena_init(&arena, 1 << 16);
		struct flow flow = memory_flow(policy, &arena,
		    "lan 10.0.0.4 -> http://www.example.com/ method GET");
		flow.known[POLICY_FACT_DESTINATION] = FLOW_NOT_GIVEN;
		flow.known[POLICY_FACT_USER] = FLOW_ABSENT;
		assert_string_equal(parent_of(policy, &flow),
		    rows[i].parent != NULL ? rows[i].parent : "none");
		arena_fini(&arena);
		policy_unref(policy);
		text_fini(&text);
	}
}

static void
what_a_rule_allows_fits_what_was_used(void **state)
{
	struct policy *policy =
	    memory_policy(HEAD "allow lan -> any\n"
			       "allow lan -> any via corp\n"
			       "allow lan -> any via same\n"
			       "allow lan -> any via lab\n");
	const struct policy_rule *rules = policy->rules;

	(void)state;
	assert_true(policy_carriage_fits(NULL, NULL));
	assert_true(policy_carriage_fits(&rules[0], NULL));
	assert_true(policy_carriage_fits(&rules[0], rules[1].parent));
	assert_true(policy_carriage_fits(&rules[1], rules[2].parent));
	assert_false(policy_carriage_fits(&rules[1], NULL));
	assert_false(policy_carriage_fits(&rules[1], rules[3].parent));
	policy_unref(policy);
}

static void
servers_are_read(void **state)
{
	struct policy *policy = memory_policy(
	    "zone lan = int0 10.0.0.0/24\n"
	    "parent corp = http Proxy.Corp.Example:3128, http 10.9.0.9:80,\n"
	    "\tsocks5 [2001:DB8:0::8]:1080\n"
	    "parent lab = socks5 10.9.0.9:1080\n");
	const struct policy_parent *corp = &policy->parents[0];

	(void)state;
	assert_int_equal(policy->parent_count, 2);
	assert_int_equal(policy->parent_server_count, 4);
	assert_int_equal(corp->server_count, 3);
	assert_true(
	    str_is(corp->servers[0].text, "http proxy.corp.example:3128"));
	assert_true(str_is(corp->servers[0].host, "proxy.corp.example"));
	assert_int_equal(corp->servers[0].port, 3128);
	assert_null(corp->servers[1].host.at);
	assert_true(str_is(corp->servers[2].text, "socks5 [2001:db8::8]:1080"));
	assert_int_equal(
	    corp->servers[2].protocol, POLICY_PARENT_PROTOCOL_SOCKS5);
	assert_int_equal(policy->parents[1].servers[0].nth, 3);
	assert_false(policy_parent_same(corp, &policy->parents[1]));
	assert_false(policy_parent_same(corp, NULL));
	assert_true(policy_parent_same(NULL, NULL));
	policy_unref(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_parent_is_known_before_the_answer),
		cmocka_unit_test(what_a_rule_allows_fits_what_was_used),
		cmocka_unit_test(servers_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
