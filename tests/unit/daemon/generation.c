/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A generation that inherits all from the one before but one list.
 */
#include "daemon/generation.h"

#include "folder.h"

static const char policy_text[] =
    "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
    "list bad = addresses \"bad.list\" refresh 1h\n"
    "include \"parts/*.policy\"\n"
    "drop lan -> bad\n"
    "test \"the mail stays open\" {\n"
    "    lan 10.0.0.4 -> 203.0.113.25 tcp 25  allow\n"
    "}\n";

static const struct addresses nowhere;

static int
create(const struct generation *before, const struct snapshot_fresh *fresh,
    struct generation **ret, struct text *said)
{
	struct generation_wish wish = {
		.path = before != NULL ? before->path : folder_path("p"),
		.number = before != NULL ? before->number + 1 : 1,
		.before = before,
		.addresses = &nowhere,
		.fresh = fresh,
	};
	struct policy *kept = NULL;
	struct report report;

	*ret = NULL;
	report_init(&report);
	int rc = generation_create(&wish, &report, ret, &kept);
	text_clear(said);
	report_render(&report, false, said);
	text_addz(said, "");
	report_fini(&report);
	policy_unref(kept);
	return rc;
}

/* The list read anew, with this text. */
static int
create_with(const struct generation *before, const char *text,
    struct generation **ret, struct text *said)
{
	char path[sizeof(folder) + 64];
	struct snapshot_fresh fresh = { .path = path, .read = 42 };

	(void)snprintf(path, sizeof(path), "%s", folder_path("bad.list"));
	text_addz(&fresh.text, text);
	int rc = create(before, &fresh, ret, said);
	text_fini(&fresh.text);
	return rc;
}

static struct generation *
create_first(struct text *said)
{
	struct generation *first;

	(void)mkdir(folder_path("parts"), 0700);
	(void)unlink(folder_path("parts/b.policy"));
	folder_put("p", policy_text);
	folder_put("bad.list", "192.0.2.1\n");
	folder_put("parts/a.policy", "allow lan -> wan tcp 25\n");
	assert_int_equal(create(NULL, NULL, &first, said), 0);
	return first;
}

static bool
drops(const struct generation *generation, const char *text)
{
	struct address address;

	assert_int_equal(address_parse(str_of(text), &address), 0);
	return address_set_has(
	    &generation->policy->groups[0]->addresses, address);
}

static void
takes_one_list_and_nothing_else(void **state)
{
	struct text said = TEXT_EMPTY;
	struct generation *first = create_first(&said), *second, *third;

	(void)state;
	/* All of this is on the disk, and none of it was applied. */
	folder_put("p", "nonsense\n");
	folder_put("parts/a.policy", "nonsense\n");
	folder_put("parts/b.policy", "nonsense\n");
	folder_put("bad.list", "192.0.2.9\n");
	assert_int_equal(
	    create_with(first, "198.51.100.0/24\n192.0.2.2\n", &second, &said),
	    0);
	assert_int_equal(second->number, 2);
	assert_int_equal(second->policy->rule_count, first->policy->rule_count);
	assert_false(drops(second, "192.0.2.1"));
	assert_false(drops(second, "192.0.2.9"));
	assert_true(drops(second, "192.0.2.2"));
	assert_true(drops(second, "198.51.100.7"));
	assert_int_equal(second->policy->groups[0]->entries, 2);
	assert_int_equal(
	    snapshot_find(&second->snapshot, second->policy->groups[0]->file)
		->read,
	    42);
	/* And what it has inherited lives on without the first one. */
	generation_destroy(first);
	assert_int_equal(create_with(second, "192.0.2.3\n", &third, &said), 0);
	assert_int_equal(third->snapshot.count, second->snapshot.count);
	generation_destroy(second);
	assert_true(drops(third, "192.0.2.3"));
	generation_destroy(third);
	text_fini(&said);
}

static void
a_list_that_breaks_a_test_is_refused(void **state)
{
	struct text said = TEXT_EMPTY;
	struct generation *first, *second;

	(void)state;
	first = create_first(&said);
	folder_put("parts/a.policy", "allow lan -> wan tcp 25\n");
	assert_int_equal(
	    create_with(first, "203.0.113.0/24\n", &second, &said), 0);
	generation_destroy(second);
	generation_destroy(first);
	/* The rule stands below the drop in this one. */
	folder_put("p", "zone lan = int0 10.0.0.0/24\nzone wan = ext0\n"
			"list bad = addresses \"bad.list\" refresh 1h\n"
			"drop lan -> bad\nallow lan -> wan\n"
			"test \"the mail stays open\" {\n"
			"    lan 10.0.0.4 -> 203.0.113.25 tcp 25  allow\n}\n");
	assert_int_equal(create(NULL, NULL, &first, &said), 0);
	assert_int_equal(
	    create_with(first, "203.0.113.0/24\n", &second, &said), -EINVAL);
	assert_null(second);
	assert_non_null(strstr(said.at, "\"the mail stays open\" fails"));
	generation_destroy(first);
	text_fini(&said);
}

static void
a_list_that_nobody_understands_is_refused(void **state)
{
	struct text said = TEXT_EMPTY;
	struct generation *first = create_first(&said), *second;

	(void)state;
	assert_int_equal(
	    create_with(first, "<html>\n</html>\n", &second, &said), -EINVAL);
	assert_null(second);
	assert_non_null(strstr(said.at, "is understood"));
	generation_destroy(first);
	text_fini(&said);
}

/* Neither the policy nor its list, nor a folder of parts, is there any more. */
static void
what_was_kept_needs_no_disk(void **state)
{
	struct text said = TEXT_EMPTY;
	struct generation *first = create_first(&said), *second = NULL;
	struct generation_wish wish = {
		.path = first->path,
		.number = 2,
		.addresses = &nowhere,
		.kept = &first->snapshot,
	};
	struct policy *kept = NULL;
	struct report report;

	(void)state;
	(void)unlink(folder_path("p"));
	(void)unlink(folder_path("bad.list"));
	(void)unlink(folder_path("parts/a.policy"));
	report_init(&report);
	assert_int_equal(generation_create(&wish, &report, &second, &kept), 0);
	assert_int_equal(report.count, 0);
	report_fini(&report);
	assert_null(kept);
	assert_true(second->kept && !first->kept);
	assert_int_equal(second->policy->rule_count, first->policy->rule_count);
	assert_int_equal(second->snapshot.count, first->snapshot.count);
	generation_destroy(first);
	assert_true(drops(second, "192.0.2.1"));
	generation_destroy(second);
	text_fini(&said);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_one_list_and_nothing_else),
		cmocka_unit_test(a_list_that_breaks_a_test_is_refused),
		cmocka_unit_test(a_list_that_nobody_understands_is_refused),
		cmocka_unit_test(what_was_kept_needs_no_disk),
	};

	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
