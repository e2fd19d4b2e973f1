/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory runs out while a policy is read or a flow is explained: the n-th
 * allocation fails, for n = 1, 2, ... until all goes well.  Each time the
 * answer is -ENOMEM or an error that says so, never a policy of which a part is
 * missing, and nothing leaks.
 */
#include "policy/explain.h"
#include "policy/trial.h"

#include "../failing_malloc.h"
#include "memory.h"

#include <errno.h>
#include <stdlib.h>

#ifndef SANITIZED

/* Enough of everything that each table has to grow. */
static void
write_text(struct text *out)
{
	text_addz(out,
	    "zone lan = int0 10.0.0.0/24 2001:db8:1::/64\n"
	    "zone wan = ext0\nlist ads = domains \"ads\"\n"
	    "name all = { ads, .example.net, 192.0.2.0/24 }\n"
	    "service post = { tcp 25, tcp 465, tcp 587 }\n"
	    "proxy {\n listen 10.0.0.1:3128 for lan\n"
	    " intercept web for lan\n"
	    " cache memory 64M, disk \"/var/cache/gatehouse\" 1G\n"
	    " compress br 5, gzip\n tell client, gateway\n}\n"
	    "masquerade lan -> wan\n"
	    "publish wan tcp 25 -> 10.0.0.25 tcp 2525\n"
	    "reject lan -> all, shop.example.com method GET path \"/a\" log\n"
	    "allow lan -> wan web as \"web\"\n"
	    "test \"x\" {\n 10.0.0.4 -> http://www.example.com/b allow by "
	    "\"web\"\n}\n");
	for (int i = 0; i < 100; i++)
		text_addf(out,
		    "name n%d = { 192.0.2.%d, n%d.example.com }\n"
		    "drop lan -> n%d post\n",
		    i, 2 * i, i, i);
}

/* Whether all went well; what comes out is whole or is refused. */
static bool
load_once(const char *text, long n)
{
	struct policy_loader loader = { .read = memory_read };
	struct policy *policy = NULL, *kept = NULL;
	struct report report;
	struct trial trial;

	memcpy(&loader.context, &text, sizeof(text));
	report_init(&report);
	until_failure = n;
	int rc = policy_load("p", &loader, &report, &policy, &kept);
	bool reached = until_failure < 0;
	until_failure = -1;
	if (rc == 0) {
		trial = policy_try(policy, &report);
		assert_int_equal(trial.passed, 1);
		assert_int_equal(policy->rule_count, 104);
		assert_int_equal(policy->group_count, 102);
	} else {
		assert_true(report.errors > 0);
		assert_null(policy);
	}
	policy_unref(policy);
	policy_unref(kept);
	report_fini(&report);
	return !reached;
}

static void
a_policy_is_whole_or_refused(void **state)
{
	struct text text = TEXT_EMPTY;
	long n = 0, before;

	(void)state;
	write_text(&text);
	before = live;
	while (!load_once(text.at, n++))
		assert_int_equal(live, before);
	assert_int_equal(live, before);
	assert_true(n > 100);
	text_fini(&text);
}

static void
check_explanation(const struct explanation *explanation)
{
	assert_true(str_is(explanation->answer.rule->label, "web"));
	assert_int_equal(explanation->steps.count, 3);
	assert_true(str_is(explanation->steps.items[1].because,
	    "www.example.com is not in all, shop.example.com"));
}

static bool
explain_once(const struct policy *policy, long n)
{
	static const struct policy_own nothing = { NULL, 0 };
	struct source source = { .name = STR("flow"),
		.text =
		    STR("10.0.0.4 -> http://www.example.com/b method GET") };
	struct explanation explanation;
	struct report report;
	struct arena arena;
	struct flow flow;

	report_init(&report);
	arena_init(&arena, 1 << 20);
	until_failure = n;
	int rc = flow_parse(&source, policy, &nothing, &arena, &report, &flow);
	if (rc == 0) {
		rc = explain_flow(policy, &flow, &explanation);
		if (rc == 0)
			check_explanation(&explanation);
		explain_fini(&explanation);
	}
	bool reached = until_failure < 0;
	until_failure = -1;
	assert_int_equal(rc, reached ? -ENOMEM : 0);
	arena_fini(&arena);
	report_fini(&report);
	return !reached;
}

static void
an_explanation_is_whole_or_none(void **state)
{
	struct text text = TEXT_EMPTY;
	struct policy *policy;
	long n = 0, before;

	(void)state;
	write_text(&text);
	policy = memory_policy(text.at);
	before = live;
	while (!explain_once(policy, n++))
		assert_int_equal(live, before);
	assert_int_equal(live, before);
	assert_true(n > 3);
	policy_unref(policy);
	text_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_is_whole_or_refused),
		cmocka_unit_test(an_explanation_is_whole_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
