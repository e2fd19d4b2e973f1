/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory runs out while lists are read: the n-th allocation fails, for n = 1,
 * 2, ... until all goes well.  Each time that is said (or, where memory only
 * makes a look-up faster, nothing), no answer is wrong, and nothing leaks.
 */
#include "policy/list_file.h"
#include "policy/membership.h"

#include "../failing_malloc.h"

#include <errno.h>

#ifndef SANITIZED

/* ---- the stories ---- */

/* Runs it with the n-th allocation failing, until none does any more. */
static void
each_failure(int (*story)(void))
{
	bool done = false;
	long failures = 0;

	for (long n = 0; !done; n++) {
		long before = live;
		until_failure = n;
		int rc = story();
		done = until_failure >= 0;
		until_failure = -1;
		assert_int_equal(live, before);
		assert_true(rc == 0 || rc == -ENOMEM);
		assert_true(rc == 0 || !done);
		failures += rc < 0;
	}
	/* It would prove nothing if none had failed. */
	assert_true(failures > 3);
}

static int
read_list(const struct text *text, bool domains, struct policy_group *group)
{
	struct report report;

	report_init(&report);
	int rc = list_file_read(text_str(text), "list", domains,
	    (struct place){ 0 }, &report, group);
	report_fini(&report);
	return rc;
}

static void
end_group(struct policy_group *group)
{
	domain_set_fini(&group->domains);
	address_set_fini(&group->addresses);
}

static struct text names, ranges;

static int
read_both(void)
{
	struct policy_group a = { 0 }, b = { 0 };
	int rc = read_list(&names, true, &a);

	if (rc == 0) {
		assert_true(domain_set_covers(&a.domains, STR("a.n7.example")));
		assert_false(
		    domain_set_covers(&a.domains, STR("ok.n7.example")));
		rc = read_list(&ranges, false, &b);
	}
	for (size_t i = 0; rc == 0 && i < address_set_count(&b.addresses);
	     i++) {
		struct address_range range = address_set_range(&b.addresses, i);
		assert_true(address_set_has(&b.addresses, range.last));
	}
	end_group(&a);
	end_group(&b);
	return rc;
}

static int
join(void)
{
	struct policy_group a = { 0 };
	struct domain_set joined = { 0 };
	int rc = read_list(&names, true, &a);

	if (rc == 0)
		rc = domain_set_add(
		    &joined, STR("ok.n7.example"), DOMAIN_ITSELF);
	if (rc == 0)
		rc = domain_set_add_all(&joined, &a.domains);
	/* And into a frozen one. */
	if (rc == 0)
		rc = domain_set_add(&a.domains, STR("test"), DOMAIN_BOTH);
	if (rc == 0)
		assert_true(domain_set_covers(&joined, STR("ok.n7.example")) &&
			    domain_set_covers(&a.domains, STR("a.n7.example")));
	domain_set_fini(&joined);
	end_group(&a);
	return rc;
}

static struct policy_group groups[2];

static int
index_both(void)
{
	static const struct policy_group *const pointers[] = { &groups[0],
		&groups[1] };
	struct membership index;
	int rc = membership_init(&index, pointers, 2);

	if (rc == 0) {
		assert_int_equal(
		    membership_of_name(&index, STR("a.n7.example"))->count, 1);
		membership_fini(&index);
	}
	return rc;
}

static void
lists_are_read(void **state)
{
	(void)state;
	each_failure(read_both);
}

static void
sets_are_joined(void **state)
{
	(void)state;
	each_failure(join);
}

static void
lists_are_indexed(void **state)
{
	(void)state;
	assert_int_equal(read_list(&names, true, &groups[0]), 0);
	assert_int_equal(read_list(&ranges, false, &groups[1]), 0);
	each_failure(index_both);
	end_group(&groups[0]);
	end_group(&groups[1]);
}

static int
write_lists(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		text_addf(
		    &names, "||n%u.example^\n@@||ok.n%u.example^\n", i, i);
		text_addf(&ranges, "192.0.%u.%u/31\n2001:db8:%x::/48\n", i / 60,
		    i % 60 * 4, i * 2);
	}
	text_addz(&names, "b\xc3\xbc"
			  "cher.example\nwhat is this?\n");
	return names.full || ranges.full ? -1 : 0;
}

static int
free_lists(void **state)
{
	(void)state;
	text_fini(&names);
	text_fini(&ranges);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read),
		cmocka_unit_test(sets_are_joined),
		cmocka_unit_test(lists_are_indexed),
	};

	return cmocka_run_group_tests(tests, write_lists, free_lists);
}

#endif
