/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory runs out while a policy is compiled: the n-th allocation fails, for
 * more and more n until all goes well.  Each time the answer is -ENOMEM, or the
 * ruleset is the whole one; never one of which a rule is missing, and nothing
 * leaks.  The same for what goes down to the driver.
 */
#include "firewall/compile.h"
#include "firewall/early_table.h"

#include "../failing_malloc.h"
#include "../policy/memory.h"

#include <errno.h>

#ifndef SANITIZED

/* Maps of each kind, and lines that stay. */
static void
write_text(struct text *out)
{
	text_addz(out,
	    "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
	    "proxy { intercept tcp 80, udp 80 for lan }\n"
	    "firewall { clamp mss for wan\n helper ftp for lan }\n"
	    "snat 10.0.0.9 -> wan to 192.0.2.9\n"
	    "map 10.0.0.8 <-> 192.0.2.8 at wan\n"
	    "publish wan tcp 90-91 -> 10.0.0.7 tcp 80-81\n"
	    "report reject lan -> 198.51.100.0/24, r.example tcp 25-80\n");
	for (int i = 0; i < 12; i++)
		text_addf(out,
		    "allow 10.0.0.%d -> 192.0.2.%d tcp 22\n"
		    "drop 10.0.0.%d -> wan udp %d-%d log\n"
		    "allow lan -> 203.0.113.%d-203.0.113.%d limit 9/s "
		    "bandwidth 9MB/s per source\n"
		    "reject 10.0.0.%d -> n%d.example\n",
		    i, i, i, i + 1, 9 * i + 90, 9 * i, 9 * i + 12, i, i);
	text_addz(out, "reject lan -> wan\n");
}

static const struct firewall_host host = { .proxy_uid = 1000 };

/* Whether all went well. */
static bool
compile_once(const struct policy *policy, const struct text *good, long n)
{
	struct text text = TEXT_EMPTY;

	until_failure = n;
	int rc = firewall_compile(policy, &host, &text);
	bool reached = until_failure < 0;
	until_failure = -1;
	if (rc == 0)
		assert_true(str_eq(text_str(&text), text_str(good)));
	else
		assert_int_equal(rc, -ENOMEM);
	assert_true(reached || rc == 0);
	text_fini(&text);
	return !reached;
}

/* Each of the first, then ever fewer: a list is many times the same. */
static void
a_ruleset_is_whole_or_none(void **state)
{
	struct text text = TEXT_EMPTY, good = TEXT_EMPTY;
	long n = 0;

	(void)state;
	write_text(&text);
	struct policy *policy = memory_policy(text.at);
	assert_int_equal(firewall_compile(policy, &host, &good), 0);
	assert_non_null(strstr(good.at, "\tmap shape."));
	assert_non_null(strstr(good.at, "\tchain ports."));
	assert_non_null(strstr(good.at, "flags interval\n\t\telements = {\n"));
	long before = live;
	while (!compile_once(policy, &good, n)) {
		assert_int_equal(live, before);
		n += 1 + n / 300;
	}
	assert_int_equal(live, before);
	assert_true(n > 1000);
	text_fini(&good);
	text_fini(&text);
	policy_unref(policy);
}

/* Sets that overlap, and exceptions; both families. */
static const char early_text[] =
    "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
    "name bad = { 8.0.0.0/7, 192.0.2.7-192.0.2.77, 2001:db8:bad::/48 }\n"
    "name worse = { 192.0.0.0/16, 2001:db8:bae:7::-2001:db8:bae:9::77 }\n"
    "drop bad except 192.0.2.16/28 -> any\ndrop worse, bad -> any\n";

/* Whether all went well. */
static bool
table_once(const struct policy *policy, const struct address_set *own, long n)
{
	struct early_plan plan;
	struct early_table table = { .stems = { 0 } };

	until_failure = n;
	int rc = early_plan_make(policy, own, true, &plan);
	if (rc == 0)
		rc = early_table_fill(&plan, &table);
	bool reached = until_failure < 0;
	until_failure = -1;
	if (rc == 0) {
		assert_int_equal(plan.range_count, 7);
		assert_int_equal(table.spans.count, 3);
		assert_int_equal(table.blocks.count, 2);
		assert_int_equal(table.prefixes.count, 7);
	} else {
		assert_int_equal(rc, -ENOMEM);
	}
	assert_true(reached || rc == 0);
	early_table_fini(&table);
	early_plan_fini(&plan);
	return !reached;
}

static void
what_goes_down_is_whole_or_nothing(void **state)
{
	struct policy *policy = memory_policy(early_text);
	struct address_set own = { 0 };
	long before = live, n = 0;

	(void)state;
	while (!table_once(policy, &own, n)) {
		assert_int_equal(live, before);
		n++;
	}
	assert_int_equal(live, before);
	assert_true(n > 20);
	policy_unref(policy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ruleset_is_whole_or_none),
		cmocka_unit_test(what_goes_down_is_whole_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
