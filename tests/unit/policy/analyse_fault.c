/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory runs out while a policy is analysed, compared or formatted: the n-th
 * allocation fails, for n = 1, 2, ... until all goes well.  Each time the
 * caller is told, and nothing leaks.
 */
#include "policy/analyse.h"
#include "policy/diff.h"
#include "policy/format.h"

#include "../failing_malloc.h"
#include "random_policy.h"

#ifndef SANITIZED

static const char old_text[] =
    "zone lan = int0 10.0.0.0/24 2001:db8:1::/64  # ours\n"
    "zone wan = ext0\n"
    "name some = { 10.0.0.4, .some.example }\n"
    "list ads = domains \"ads.hosts\"\n"
    "list bad = addresses \"bad.netset\"\n"
    "proxy {\n listen 10.0.0.1:3128 for lan\n intercept web for lan\n"
    " cache memory 64M\n compress\n private\n}\n"
    "masquerade lan -> wan\n"
    "hours office = mon-fri 08:00-18:00\n"
    "report reject lan -> wan tcp 25 log\n"
    "reject lan except 10.0.0.9 -> any header A \"a*\" header a \"*b\"\n"
    "reject lan -> any except ads during office scheme http type image/*\n"
    "reject lan -> ads, some log as \"ads\"\n"
    "drop bad -> any\n"
    "publish wan tcp 25 -> 10.0.0.4\n"
    "allow lan -> wan tcp 1-100\n"
    "allow lan -> wan tcp 80 method GET path \"/a/*\", \"*.b\"\n"
    "allow lan -> wan tcp 90\n";
static const char new_text[] = "zone lan = int1 10.0.0.0/24 2001:db8:1::/64\n"
			       "zone wan = ext0\n"
			       "name some = { 10.0.0.4, .some.example }\n"
			       "list ads = domains \"ads.hosts\"\n"
			       "proxy {\n intercept web for lan\n}\n"
			       "hours office = mon-fri 08:00-18:00\n"
			       "reject lan -> some user anna during office\n"
			       "allow lan -> wan tcp 25 limit 5/s\n"
			       "allow lan -> wan tcp 1-90\n"
			       "allow lan -> ads, some udp\n";

static struct policy *old, *new;

static int
analyse(void)
{
	struct report report;

	report_init(&report);
	int rc = policy_analyse_list(old, true, &report);
	report_fini(&report);
	return rc;
}

static int
compare(void)
{
	struct text lines = TEXT_EMPTY, objects = TEXT_EMPTY;
	struct diff diff;

	int rc = policy_diff(old, new, &diff);
	if (rc == 0)
		rc = diff_describe(&diff, &lines);
	if (rc == 0)
		rc = diff_json(&diff, &objects);
	diff_fini(&diff);
	text_fini(&lines);
	text_fini(&objects);
	return rc;
}

static int
format(void)
{
	struct source source = { .name = STR("test.policy"),
		.text = str_of(old_text) };
	struct text form = TEXT_EMPTY;
	struct report report;

	report_init(&report);
	int rc = policy_format(&source, &report, &form);
	report_fini(&report);
	text_fini(&form);
	return rc;
}

/*
 * Every one of the first, then fewer: a run has thousands that look alike.
 *
 * A report or a line may be lost without a word, where it is one of many and
 * the caller looks at the end; a success must be whole, which the last run is.
 */
static void
fail_each_allocation(int (*run)(void))
{
	long failures = 0;

	assert_int_equal(run(), 0);
	for (bool failed = true; failed; failures += 1 + failures / 16) {
		long live_before = live;
		until_failure = failures;
		int rc = run();
		failed = until_failure < 0;
		until_failure = -1;
		assert_true(rc == 0 || rc == -ENOMEM);
		assert_true(failed || rc == 0);
		assert_int_equal(live, live_before);
		assert_true(failures < 100000);
	}
	assert_true(failures > 10);
}

static void
analysing(void **state)
{
	(void)state;
	fail_each_allocation(analyse);
}

static void
comparing(void **state)
{
	(void)state;
	fail_each_allocation(compare);
}

static void
formatting(void **state)
{
	(void)state;
	fail_each_allocation(format);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(analysing),
		cmocka_unit_test(comparing),
		cmocka_unit_test(formatting),
	};

	old = policy_of(old_text);
	new = policy_of(new_text);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	policy_unref(old);
	policy_unref(new);
	return failed;
}

#endif
