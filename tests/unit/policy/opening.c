/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/opening.h"

#include "policy/evaluate.h"
#include "policy/flow_text.h"

#include "random_policy.h"

#define HEAD                                                                   \
	"zone lan = int0 10.0.0.0/24\n"                                        \
	"zone guest = int1 10.0.9.0/24\n"                                      \
	"zone wan = ext0\n"                                                    \
	"proxy { listen 10.0.0.1:3128 for lan; intercept https for guest\n"    \
	"ca \"ca.pem\"; users \"users\" }\n"
#define HEAD_LINES 5

#define IN     "lan 10.0.0.4 -> https://www.example.com/a"
#define CAUGHT "guest 10.0.9.4 -> https://www.example.com/a"

static struct policy_answer
ask(const struct policy *policy, const char *text, struct arena *arena)
{
	struct source source = { .name = STR("flow"), .text = str_of(text) };
	struct policy_own own = { NULL, 0 };
	struct report report;
	struct flow flow;

	report_init(&report);
	assert_int_equal(
	    flow_parse(&source, policy, &own, arena, &report, &flow), 0);
	report_fini(&report);
	return policy_decide(policy, &flow);
}

static unsigned
line_of(const struct policy_rule *rule)
{
	return rule == NULL || rule->line == 0 ? 0 : rule->line - HEAD_LINES;
}

/* Which rule decides, and which one has TLS opened; 0: the last, or none. */
static void
what_is_opened_and_by_what(void **state)
{
	static const struct {
		const char *rules, *flow;
		enum policy_verdict verdict;
		unsigned by, opened;
	} rows[] = {
		/* It matches, or might. */
		{ "allow lan -> any https inspect\n", IN, POLICY_VERDICT_ALLOW,
		    1, 1 },
		{ "allow lan -> any https method GET inspect\n",
		    IN " method GET", POLICY_VERDICT_ALLOW, 1, 1 },
		{ "allow lan -> any https method GET inspect\n",
		    IN " method POST", POLICY_VERDICT_DROP, 0, 1 },
		{ "allow lan -> any https method GET inspect\n", IN,
		    POLICY_VERDICT_UNDECIDED, 0, 1 },
		/* Another rule matches for certain before. */
		{ "allow lan -> www.example.com https\n"
		  "allow lan -> any https inspect\n",
		    IN, POLICY_VERDICT_ALLOW, 1, 0 },
		{ "reject lan -> www.example.com https\n"
		  "allow lan -> any https inspect\n",
		    IN, POLICY_VERDICT_REJECT, 1, 0 },
		/* Or it might, and what lies inside is judged then. */
		{ "reject lan -> any https path \"/a\"\n"
		  "allow lan -> any https inspect\n",
		    IN, POLICY_VERDICT_REJECT, 1, 2 },
		{ "allow lan -> any https method GET\n"
		  "allow lan -> any https inspect\n",
		    IN " method GET", POLICY_VERDICT_ALLOW, 1, 2 },
		/* Not opened, nothing is seen of it. */
		{ "reject lan -> any https path \"/a\"\n"
		  "allow lan -> any https\n",
		    IN, POLICY_VERDICT_ALLOW, 2, 0 },
		/* A report decides nothing. */
		{ "report reject lan -> any https\n"
		  "allow lan -> any https inspect\n",
		    IN, POLICY_VERDICT_ALLOW, 2, 2 },
		/* A rule on CONNECT is about the CONNECT. */
		{ "reject lan -> any method CONNECT\n"
		  "allow lan -> any https inspect\n",
		    IN " method GET", POLICY_VERDICT_REJECT, 1, 0 },
		{ "reject guest -> any method CONNECT\n"
		  "allow guest -> any https inspect\n",
		    CAUGHT " method GET", POLICY_VERDICT_ALLOW, 2, 2 },
		{ "allow lan -> any method CONNECT\n"
		  "allow lan -> any https inspect\n",
		    IN " method GET", POLICY_VERDICT_ALLOW, 1, 0 },
		/* Who asks is known of a CONNECT.  (What is allowed in any case
		 * is so before, by the last of the rules.) */
		{ "allow lan -> any https user anna inspect\n"
		  "allow lan -> any https\n",
		    IN " user anna", POLICY_VERDICT_ALLOW, 2, 1 },
		{ "allow lan -> any https user anna inspect\n"
		  "allow lan -> any https\n",
		    IN " user bert", POLICY_VERDICT_ALLOW, 2, 0 },
		/* What is no request does not match. */
		{ "allow lan -> any inspect\n", IN " method CONNECT",
		    POLICY_VERDICT_DROP, 0, 0 },
		{ "allow lan -> any inspect\n",
		    "lan 10.0.0.4 -> http://www.example.com/ method GET",
		    POLICY_VERDICT_ALLOW, 1, 0 },
		{ "allow lan -> any inspect\n",
		    "lan 10.0.0.4 -> 192.0.2.1 tcp 22", POLICY_VERDICT_DROP, 0,
		    0 },
		/* Intercepted, by the server's name or without. */
		{ "allow guest -> any https type text/* inspect\n",
		    CAUGHT " type image/png method GET", POLICY_VERDICT_DROP, 0,
		    1 },
		{ "allow guest -> any https inspect\n",
		    "guest 10.0.9.4 -> https://192.0.2.1/ method GET",
		    POLICY_VERDICT_ALLOW, 1, 1 },
		{ "allow guest -> any https inspect\n",
		    "guest 10.0.9.4 -> 192.0.2.1 tcp 443",
		    POLICY_VERDICT_ALLOW, 1, 1 },
		{ "allow guest -> any https inspect\n"
		  "allow guest -> any https direct\n",
		    CAUGHT, POLICY_VERDICT_ALLOW, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct text text = TEXT_EMPTY;
		struct arena arena;
		text_addf(&text, HEAD "%s", rows[i].rules);
		struct policy *policy = policy_of(text.at);
		assert_non_null(policy);
		arena_init(&arena, 1 << 20);
		struct policy_answer got = ask(policy, rows[i].flow, &arena);
		if (got.verdict != rows[i].verdict ||
		    line_of(got.rule) != rows[i].by ||
		    line_of(got.opened) != rows[i].opened)
			fail_msg("%s%s\ngot %s by %u, opened by %u",
			    rows[i].rules, rows[i].flow,
			    policy_verdict_word(got.verdict), line_of(got.rule),
			    line_of(got.opened));
		arena_fini(&arena);
		policy_unref(policy);
		text_fini(&text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_opened_and_by_what),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
