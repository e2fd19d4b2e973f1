/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/learning: which names packets are asked for, and what they make of
 * the evaluator's answer.
 */
#include "policy/learning.h"

#include <errno.h>

#include "memory.h"
#include "policy/analyse.h"
#include "policy/evaluate.h"
#include "policy/explain.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char head[] =
    "zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"
    "zone guest = int1 10.0.9.0/24\n"
    "zone wan = ext0\n"
    "proxy {\n intercept { tcp 80-89, tcp 443, udp 443 } for lan, guest\n}\n";
#define HEAD_LINES 6

enum {
	LAN = 1 << 0,
	GUEST = 1 << 1,
};

/* Names of these zones' flows are learned. */
static struct policy *
learning(const char *rules, uint64_t zones)
{
	struct text text = TEXT_EMPTY;
	const struct policy_rule *rule = NULL;

	text_addf(&text, "%s%s", head, rules);
	struct policy *policy = memory_policy(text.at);
	text_fini(&text);
	policy->learns = zones;
	assert_int_equal(policy_learning_find(policy, &rule), 0);
	return policy;
}

/* ---- what is asked ---- */

/* "N: ZONES" of each rule's names, then of what is behind its `except`. */
static void
add_asked(const struct policy *policy, const struct policy_endpoint *who,
    struct text *out)
{
	if (who == NULL || who->asked == 0)
		return;
	const struct policy_asked *asked = &policy->asked[who->asked - 1];
	text_addf(out, "%s%u:%s%s%s", out->len > 0 ? " " : "", who->asked,
	    (asked->zones & LAN) != 0 ? "lan" : "",
	    (asked->zones & GUEST) != 0 ? "guest" : "",
	    asked->opens_only ? " opens" : "");
}

static void
only_what_goes_past_the_proxy_is_asked(void **state)
{
	static const struct {
		const char *rules, *want;
	} rows[] = {
		{ "allow lan -> a.example.com tcp 22\n", "1:lan opens" },
		{ "allow lan, guest -> a.example.com tcp 22\n", "1:lan opens" },
		{ "allow guest -> a.example.com tcp 22\n", "" },
		{ "allow any -> a.example.com\n", "1:lan opens" },
		{ "allow 10.0.0.4 -> a.example.com udp 53\n", "1:lan opens" },
		{ "reject lan -> a.example.com udp 53\n", "1:lan" },
		/* All that the rule is for is intercepted. */
		{ "allow lan -> a.example.com tcp 443\n", "" },
		{ "allow lan -> a.example.com tcp 80-89\n", "" },
		{ "allow lan -> a.example.com udp 443\n", "" },
		{ "allow lan -> a.example.com tcp 80-90\n", "1:lan opens" },
		{ "allow lan -> a.example.com tcp 80-89, udp 444\n",
		    "1:lan opens" },
		{ "allow lan -> a.example.com icmp echo-request\n",
		    "1:lan opens" },
		/* No packet would match it, whatever its name. */
		{ "allow lan -> a.example.com method GET\n", "" },
		{ "allow lan -> wan tcp 22\n", "" },
		{ "allow lan -> any except a.example.com tcp 22\n", "1:lan" },
		{ "allow lan -> .example.com except a.example.com tcp 22\n",
		    "1:lan opens 2:lan" },
		/* Rules with the same names have one set. */
		{ "name x = a.example.com, b.example.com\n"
		  "allow lan -> x tcp 22\nreject lan -> x udp 22\n",
		    "1:lan 1:lan" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct policy *policy = learning(rows[i].rules, LAN);
		struct text got = TEXT_EMPTY;
		for (size_t j = 0; j < policy->rule_count; j++) {
			add_asked(policy, &policy->rules[j].to, &got);
			add_asked(policy, policy->rules[j].to.except, &got);
		}
		if (!str_is(text_str(&got), rows[i].want))
			fail_msg("%s: wanted '%s', got '%s'", rows[i].rules,
			    rows[i].want, got.at);
		text_fini(&got);
		policy_unref(policy);
	}
}

static void
names_that_nobody_asks_for_are_nobodys_business(void **state)
{
	struct policy *policy = learning("allow lan -> .a.example tcp 22\n"
					 "allow guest -> b.example tcp 22\n",
	    LAN | GUEST);

	(void)state;
	assert_true(policy_learning_wants(policy, 0, STR("x.a.example")));
	assert_true(policy_learning_wants(policy, 1, STR("b.example")));
	assert_false(policy_learning_wants(policy, 0, STR("b.example")));
	assert_false(policy_learning_wants(policy, 1, STR("a.example")));
	assert_false(policy_learning_wants(policy, 2, STR("a.example")));
	policy_unref(policy);
}

static struct address
address_of(const char *text)
{
	struct address ret;

	assert_int_equal(address_parse(str_of(text), &ret), 0);
	return ret;
}

/* DNS rebinding: what only opens has no address that a name does not open. */
static void
what_lives_inside_is_not_taken(void **state)
{
	struct policy *policy = learning("allow lan -> a.example tcp 22\n"
					 "reject lan -> b.example tcp 22\n",
	    LAN);
	const struct policy_asked *opens = &policy->asked[0];
	const struct policy_asked *refuses = &policy->asked[1];

	(void)state;
	assert_true(policy_asked_takes(policy, opens, address_of("192.0.2.1")));
	assert_true(
	    policy_asked_takes(policy, opens, address_of("2001:db8:f::1")));
	assert_false(policy_asked_takes(policy, opens, address_of("10.0.9.1")));
	assert_false(
	    policy_asked_takes(policy, opens, address_of("127.0.0.1")));
	assert_false(policy_asked_takes(policy, opens, address_of("fe80::1")));
	assert_false(
	    policy_asked_takes(policy, opens, address_of("2001:db8:1::1")));
	assert_true(
	    policy_asked_takes(policy, refuses, address_of("10.0.9.1")));
	policy_unref(policy);
}

static void
there_are_so_many_and_no_more(void **state)
{
	struct text text = TEXT_EMPTY;
	const struct policy_rule *rule = NULL;

	(void)state;
	text_addz(&text, head);
	for (int i = 0; i <= POLICY_ASKED_MAX; i++)
		text_addf(&text, "allow lan -> a%d.example tcp 22\n", i);
	struct policy *policy = memory_policy(text.at);
	policy->learns = LAN;
	assert_int_equal(policy_learning_find(policy, &rule), -E2BIG);
	assert_ptr_equal(rule, &policy->rules[POLICY_ASKED_MAX]);
	policy_unref(policy);
	text_fini(&text);
}

/* ---- what it decides ---- */

struct row {
	const char *flow;
	const char *names; /* learned for its address, parted by blanks */
	const char *want;
};

static void
say(const struct policy_answer *answer, struct text *out)
{
	text_clear(out);
	text_addf(out, "%s %s", policy_verdict_word(answer->verdict),
	    policy_phase_word(answer->phase));
	if (answer->verdict == POLICY_VERDICT_UNDECIDED)
		text_addf(out, " on %s", policy_fact_word(answer->hangs_on));
	else if (answer->rule == NULL)
		text_addf(out, ": %s", answer->reason);
	else
		text_addf(out, " by %u",
		    answer->rule->line == 0 ? 0
					    : answer->rule->line - HEAD_LINES);
}

static void
give_names(struct flow *flow, const char *names, struct str also[8])
{
	struct str rest = str_of(names != NULL ? names : "");

	if (rest.len == 0)
		return;
	flow->known[POLICY_FACT_NAME] = FLOW_KNOWN;
	flow->name = str_cut(&rest, ' ');
	flow->also = also;
	while (rest.len > 0)
		also[flow->also_count++] = str_cut(&rest, ' ');
}

static void
try_rows(const char *rules, const struct row *rows, size_t count)
{
	struct policy *policy = learning(rules, LAN);
	struct text got = TEXT_EMPTY;
	struct str also[8];
	struct arena arena;

	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < count; i++) {
		struct flow flow = memory_flow(policy, &arena, rows[i].flow);
		give_names(&flow, rows[i].names, also);
		struct policy_answer answer = policy_decide(policy, &flow);
		say(&answer, &got);
		if (!str_is(text_str(&got), rows[i].want))
			fail_msg("%s%s (%s): wanted %s, got %s", rules,
			    rows[i].flow,
			    rows[i].names != NULL ? rows[i].names : "",
			    rows[i].want, got.at);
	}
	arena_fini(&arena);
	text_fini(&got);
	policy_unref(policy);
}

#define TRY(rules, ...)                                                        \
	do {                                                                   \
		static const struct row rows[] = { __VA_ARGS__ };              \
		try_rows(rules, rows, COUNT(rows));                            \
	} while (0)

static void
packets_show_what_was_learned(void **state)
{
	(void)state;
	TRY("allow lan, guest -> git.example tcp 22\n",
	    { "10.0.0.4 -> git.example tcp 22", NULL, "allow packet by 1" },
	    { "10.0.0.4 -> other.example tcp 22", NULL, "drop packet by 0" },
	    /* By an address for whose name nobody has asked. */
	    { "10.0.0.4 -> 192.0.2.1 tcp 22", NULL, "drop packet by 0" },
	    { "10.0.0.4 -> 192.0.2.1 tcp 22", "git.example",
		"allow packet by 1" },
	    { "10.0.0.4 -> 192.0.2.1 udp 22", "git.example",
		"drop packet by 0" },
	    /* Other zones have not asked. */
	    { "10.0.9.4 -> git.example tcp 22", NULL, "drop packet by 0" });
}

/* An address tells no names apart: the order of the list does. */
static void
one_of_many_names_is_enough(void **state)
{
	(void)state;
	TRY("reject lan -> bad.example tcp 22\n"
	    "allow lan -> good.example tcp\n"
	    "reject lan -> worse.example\n",
	    { "10.0.0.4 -> 192.0.2.1 tcp 22", "good.example",
		"allow packet by 2" },
	    { "10.0.0.4 -> 192.0.2.1 tcp 22", "good.example bad.example",
		"reject packet by 1" },
	    { "10.0.0.4 -> 192.0.2.1 tcp 23", "good.example bad.example",
		"allow packet by 2" },
	    { "10.0.0.4 -> 192.0.2.1 tcp 22", "worse.example good.example",
		"allow packet by 2" },
	    { "10.0.0.4 -> 192.0.2.1 udp 9", "other.example worse.example",
		"reject packet by 3" });
	TRY("allow lan -> .example except bad.example tcp 22\n",
	    { "10.0.0.4 -> 192.0.2.1 tcp 22", "good.example",
		"allow packet by 1" },
	    { "10.0.0.4 -> 192.0.2.1 tcp 22", "good.example bad.example",
		"drop packet by 0" });
}

static void
what_is_intercepted_goes_its_way(void **state)
{
	(void)state;
	TRY("allow lan -> good.example\nreject lan -> any\n",
	    { "10.0.0.4 -> https://good.example/", NULL, "allow name by 1" },
	    { "10.0.0.4 -> 192.0.2.1 tcp 443", NULL, "undecided name on name" },
	    { "10.0.0.4 -> good.example udp 443", NULL,
		"reject packet: needs the proxy" });
}

static void
a_name_opens_nothing_inside(void **state)
{
	(void)state;
	TRY("allow lan -> .example\nreject lan -> bad.example\n",
	    { "10.0.0.4 -> a.example tcp 22 address 10.0.9.7", NULL,
		"drop packet by 0" },
	    { "10.0.0.4 -> a.example tcp 22 address 10.0.0.1", NULL,
		"drop packet by 0" },
	    { "10.0.0.4 -> bad.example tcp 22 address 10.0.9.7", NULL,
		"reject packet by 2" });
}

/* ---- what is said ---- */

static void
explained(const char *rules, const char *flow_text, const char *names,
    const char *want)
{
	struct policy *policy = learning(rules, LAN);
	struct explanation explanation;
	struct arena arena;
	struct str also[8];

	arena_init(&arena, 1 << 20);
	struct flow flow = memory_flow(policy, &arena, flow_text);
	give_names(&flow, names, also);
	assert_int_equal(explain_flow(policy, &flow, &explanation), 0);
	struct str because = explanation.steps.items[0].because;
	if (!str_is(because, want))
		fail_msg("%s: wanted '%s', got '%.*s'", flow_text, want,
		    STR_ARG(because));
	explain_fini(&explanation);
	arena_fini(&arena);
	policy_unref(policy);
}

static void
it_is_explained(void **state)
{
	static const char rules[] = "allow lan -> git.example tcp 22\n";

	(void)state;
	explained(rules, "10.0.0.4 -> 192.0.2.1 tcp 22", NULL,
	    "no name is asked for that could be in git.example");
	explained(rules, "10.0.0.4 -> a.example tcp 22", NULL,
	    "a.example is not in git.example");
	explained(rules, "10.0.0.4 -> 192.0.2.1 tcp 22", "a.example b.example",
	    "a.example (and 1 more) is not in git.example");
	explained(rules, "10.0.0.4 -> git.example tcp 22 address 10.0.9.7",
	    NULL,
	    "git.example is at guest 10.0.9.7, which a name alone does not "
	    "open");
}

/* "KIND LINE: MESSAGE" of the warnings of these kinds. */
static void
warned(const char *rules, uint64_t zones, const char *want)
{
	struct policy *policy = learning(rules, zones);
	struct text got = TEXT_EMPTY;
	struct report report;

	report_init(&report);
	policy_analyse(policy, &report);
	for (size_t i = 0; i < report.count; i++) {
		const struct finding *item = &report.items[i];
		if (item->kind == NULL ||
		    (strcmp(item->kind, "blind") != 0 &&
			strcmp(item->kind, "approximate") != 0))
			continue;
		text_addf(&got, "%s %u;", item->kind,
		    place_line(item->place).line - HEAD_LINES);
	}
	text_addz(&got, "");
	if (!str_is(text_str(&got), want))
		fail_msg("%s: wanted '%s', got '%s'", rules, want, got.at);
	report_fini(&report);
	text_fini(&got);
	policy_unref(policy);
}

static void
what_is_learned_is_not_blind(void **state)
{
	(void)state;
	warned("allow lan -> git.example tcp 22\n", 0, "blind 1;");
	warned("allow lan -> git.example tcp 22\n", LAN, "approximate 1;");
	warned("allow lan, guest -> git.example tcp 22\n", LAN,
	    "blind 1;approximate 1;");
	warned("allow any -> git.example tcp 22\n", LAN, "approximate 1;");
	warned("allow lan -> git.example tcp 443\n", LAN, "");
	/* Once is enough. */
	warned("allow lan -> git.example tcp 443\n"
	       "allow lan -> git.example tcp 22\n"
	       "reject guest -> www.example tcp 22\n",
	    LAN | GUEST, "approximate 2;");
	warned("allow lan -> git.example tcp 22 method GET\n", LAN, "blind 1;");
	warned("allow lan -> any except git.example tcp 22\n", 0, "blind 1;");
	warned("allow lan -> any except git.example tcp 22\n", LAN,
	    "approximate 1;");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_goes_past_the_proxy_is_asked),
		cmocka_unit_test(
		    names_that_nobody_asks_for_are_nobodys_business),
		cmocka_unit_test(what_lives_inside_is_not_taken),
		cmocka_unit_test(there_are_so_many_and_no_more),
		cmocka_unit_test(packets_show_what_was_learned),
		cmocka_unit_test(one_of_many_names_is_enough),
		cmocka_unit_test(what_is_intercepted_goes_its_way),
		cmocka_unit_test(a_name_opens_nothing_inside),
		cmocka_unit_test(it_is_explained),
		cmocka_unit_test(what_is_learned_is_not_blind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
