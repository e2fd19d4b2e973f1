/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules go on counting where they stand in the next policy, wherever that is;
 * and what the kernel counts is added up over its rulesets.
 */
#include "daemon/rule_hits.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define NOW (INT64_C(1764201600) * CLOCK_SECOND)

static const char *text;

static int
read_text(void *context, const char *path, size_t bytes_max, struct text *ret)
{
	(void)context;
	(void)path;
	(void)bytes_max;
	text_addz(ret, text);
	return ret->full ? -ENOMEM : 0;
}

/* The rules alone. */
static struct policy *
policy_of(const char *rules)
{
	const struct policy_loader loader = { .read = read_text };
	struct policy *policy = NULL, *kept = NULL;
	struct text whole = TEXT_EMPTY;
	struct report report;

	text_addf(
	    &whole, "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n%s", rules);
	text = whole.at;
	report_init(&report);
	assert_int_equal(
	    policy_load("test.policy", &loader, &report, &policy, &kept), 0);
	report_fini(&report);
	policy_unref(kept);
	text_fini(&whole);
	return policy;
}

static void
follow(
    struct rule_hits *hits, uint32_t generation, const char *rules, bool anew)
{
	struct policy *policy = policy_of(rules);

	assert_int_equal(rule_hits_follow(hits, generation, policy, anew), 0);
	assert_int_equal(hits->count, policy->rule_count);
	policy_unref(policy);
}

static uint64_t
see(struct rule_hits *hits, size_t at, uint64_t packets)
{
	const struct rule_amount now[RULE_COUNTER_COUNT] = {
		[RULE_COUNTER_RULESET] = { packets, packets * 60 },
	};
	struct heavy_count more =
	    rule_hits_see(hits, &hits->items[at], now, NOW);

	assert_int_equal(more.bytes_in, more.flows * 60);
	return more.flows;
}

static void
a_rule_moves(void **state)
{
	struct rule_hits hits = { 0 };

	(void)state;
	follow(&hits, 1, "allow lan -> wan tcp 22\nallow lan -> wan tcp 80\n",
	    true);
	assert_int_equal(hits.items[0].last, 0);
	assert_int_equal(see(&hits, 0, 5), 5);
	assert_int_equal(see(&hits, 0, 5), 0);
	assert_int_equal(see(&hits, 0, 7), 2);
	assert_int_equal(hits.items[0].last, NOW);
	hits.anew = false;
	follow(&hits, 2,
	    "drop lan -> wan tcp 25\nallow lan -> wan tcp 80\n"
	    "allow lan -> wan tcp 22\n",
	    true);
	assert_int_equal(hits.items[2].packets, 7);
	assert_int_equal(hits.items[2].last, NOW);
	assert_int_equal(hits.items[0].packets, 0);
	assert_int_equal(hits.items[0].last, 0);
	/* The kernel has begun anew. */
	assert_int_equal(see(&hits, 2, 3), 3);
	assert_int_equal(hits.items[2].packets, 10);
	assert_int_equal(hits.items[2].bytes, 600);
	rule_hits_fini(&hits);
}

static void
counts_that_go_on(void **state)
{
	struct rule_hits hits = { 0 };

	(void)state;
	follow(&hits, 1, "allow lan -> wan tcp 22\n", true);
	assert_int_equal(see(&hits, 0, 100), 100);
	hits.anew = false;
	follow(&hits, 2, "allow lan -> wan tcp 22\n", false);
	/* Two were met while the rules changed over, and are lost. */
	assert_int_equal(see(&hits, 0, 98), 0);
	assert_int_equal(see(&hits, 0, 99), 1);
	assert_int_equal(hits.items[0].packets, 101);
	rule_hits_fini(&hits);
}

/* What is counted at the driver may go on when the ruleset begins anew. */
static void
two_counters_of_a_rule(void **state)
{
	struct rule_hits hits = { 0 };
	struct rule_amount now[RULE_COUNTER_COUNT] = { { 10, 600 },
		{ 5, 300 } };
	struct rule_hit *hit;

	(void)state;
	follow(&hits, 1, "drop lan -> any\n", true);
	hit = &hits.items[0];
	assert_int_equal(rule_hits_see(&hits, hit, now, NOW).flows, 15);
	follow(&hits, 2, "drop lan -> any\n", true);
	hit = &hits.items[0];
	now[RULE_COUNTER_RULESET] = (struct rule_amount){ 1, 60 };
	now[RULE_COUNTER_EARLY] = (struct rule_amount){ 7, 420 };
	assert_int_equal(rule_hits_see(&hits, hit, now, NOW).flows, 3);
	assert_int_equal(hit->packets, 18);
	assert_int_equal(hit->bytes, 18 * 60);
	rule_hits_fini(&hits);
}

static void
rules_of_the_same_words(void **state)
{
	static const char rules[] =
	    "drop any -> any log\nallow lan -> wan\ndrop any -> any log\n";
	struct rule_hits hits = { 0 };

	(void)state;
	follow(&hits, 1, rules, true);
	assert_int_equal(see(&hits, 0, 1), 1);
	assert_int_equal(see(&hits, 2, 20), 20);
	assert_int_equal(see(&hits, 3, 300), 300); /* the built-in one */
	follow(&hits, 2, rules, true);
	assert_int_equal(hits.items[0].packets, 1);
	assert_int_equal(hits.items[2].packets, 20);
	assert_int_equal(hits.items[3].packets, 300);
	rule_hits_fini(&hits);
}

static struct rule_hit *
find(const struct rule_hits *hits, uint32_t generation, uint32_t at)
{
	return rule_hits_find(hits, &(struct tally_rule){ generation, at });
}

/* A flow that ends is of the policy that it was judged by. */
static void
flows_of_policies_before(void **state)
{
	struct rule_hits hits = { 0 };

	(void)state;
	follow(&hits, 1, "allow lan -> wan tcp 22\nallow lan -> wan tcp 80\n",
	    true);
	follow(&hits, 2, "allow lan -> wan tcp 80\n", true);
	assert_ptr_equal(find(&hits, 2, 0), &hits.items[0]);
	assert_ptr_equal(find(&hits, 1, 1), &hits.items[0]);
	assert_null(find(&hits, 1, 0)); /* stands there no more */
	assert_null(find(&hits, 2, 2));
	assert_null(find(&hits, 1, 3));
	assert_null(find(&hits, 1, UINT32_MAX));
	assert_null(find(&hits, 3, 0));
	for (uint32_t i = 3; i < 3 + RULE_HITS_PAST; i++)
		follow(&hits, i, "allow lan -> wan tcp 80\n", false);
	assert_non_null(find(&hits, 3, 0));
	assert_null(find(&hits, 1, 1)); /* too long ago */
	rule_hits_fini(&hits);
}

static void
before_the_first(void **state)
{
	struct rule_hits hits = { 0 };

	(void)state;
	assert_null(find(&hits, 0, 0));
	assert_null(find(&hits, 1, 0));
	assert_null(rule_hits_of_id(&hits, 7));
	rule_hits_fini(&hits);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_moves),
		cmocka_unit_test(counts_that_go_on),
		cmocka_unit_test(two_counters_of_a_rule),
		cmocka_unit_test(rules_of_the_same_words),
		cmocka_unit_test(flows_of_policies_before),
		cmocka_unit_test(before_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
