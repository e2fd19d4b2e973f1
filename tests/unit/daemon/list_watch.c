/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files are taken, which are not and why, and whose turn it is.
 */
#include "daemon/list_watch.h"

#include "folder.h"

/* What a look says; `known` is what was put there first. */
static int
look(const struct stamp *known, const char *want_text, const char *want_why)
{
	struct text why = TEXT_EMPTY;
	struct snapshot_fresh fresh;
	int rc = list_watch_look(
	    folder_path("a.list"), known, clock_wall(), &fresh, &why);

	if (want_text != NULL)
		assert_true(str_is(text_str(&fresh.text), want_text));
	if (want_why != NULL) {
		assert_true(rc < 0);
		assert_non_null(strstr(why.at, want_why));
	} else {
		assert_int_equal(why.len, 0);
	}
	text_fini(&fresh.text);
	text_fini(&why);
	return rc;
}

static struct stamp
put_first(void)
{
	struct stamp known;

	folder_put("a.list", "192.0.2.1\n");
	assert_int_equal(stamp_of(folder_path("a.list"), &known), 0);
	return known;
}

static void
a_file_that_changed_is_taken(void **state)
{
	struct stamp known = put_first();

	(void)state;
	assert_int_equal(look(&known, "", NULL), 0);
	folder_put("a.list", "192.0.2.2\n"); /* another inode, of one size */
	assert_int_equal(look(&known, "192.0.2.2\n", NULL), 1);
	known = put_first();
	folder_age("a.list", 30); /* the same bytes: it cannot be known */
	assert_int_equal(look(&known, "192.0.2.1\n", NULL), 1);
	folder_put("a.list", "192.0.2.2\r");
	assert_int_equal(look(&known, "192.0.2.2\r", NULL), 1);
	folder_age("a.list", -1000); /* of a clock that is ahead */
	assert_int_equal(look(&known, "192.0.2.2\r", NULL), 1);
}

/* Who keeps a list has root read no other file for him. */
static void
a_link_leads_to_what_its_owner_owns(void **state)
{
	struct stamp known = { 0 };
	char list[128], secret[128];

	(void)state;
	(void)snprintf(list, sizeof(list), "%s", folder_path("a.list"));
	(void)snprintf(secret, sizeof(secret), "%s", folder_path("secret"));
	folder_put("secret", "192.0.2.9\n");
	folder_age("secret", 30);
	(void)unlink(list);
	assert_int_equal(symlink(secret, list), 0);
	/* Our own. */
	assert_int_equal(look(&known, "192.0.2.9\n", NULL), 1);
	if (geteuid() != 0)
		skip();
	assert_int_equal(lchown(list, 65534, 65534), 0);
	assert_int_equal(
	    look(&known, NULL, "a link to a file that is not its owner's"),
	    -EPERM);
	assert_int_equal(chown(secret, 65534, 65534), 0);
	assert_int_equal(look(&known, "192.0.2.9\n", NULL), 1);
	(void)unlink(list);
}

static void
a_file_that_is_not_whole_is_not(void **state)
{
	struct stamp known = put_first();

	(void)state;
	folder_put("a.list", "192.0.2.1\n198.51.1");
	assert_int_equal(look(&known, NULL, "was it cut off?"), -EBADMSG);
	folder_put("a.list", "");
	assert_int_equal(look(&known, NULL, "has no byte"), -EBADMSG);
	folder_put("a.list", "192.0.2.2\n");
	folder_age("a.list", 1);
	assert_int_equal(look(&known, NULL, "still being written"), -EAGAIN);
	folder_age("a.list", 2);
	assert_int_equal(look(&known, "192.0.2.2\n", NULL), 1);
}

static void
a_file_that_cannot_be_read(void **state)
{
	struct stamp known = put_first();

	(void)state;
	assert_int_equal(unlink(folder_path("a.list")), 0);
	assert_int_equal(look(&known, NULL, "there is no file /"), -ENOENT);
	assert_int_equal(mkdir(folder_path("a.list"), 0700), 0);
	folder_age("a.list", 60);
	assert_int_equal(look(&known, NULL, "it is a folder"), -EISDIR);
	assert_int_equal(rmdir(folder_path("a.list")), 0);
	assert_int_equal(mkfifo(folder_path("a.list"), 0600), 0);
	folder_age("a.list", 60);
	assert_int_equal(look(&known, NULL, "not a regular file"), -EINVAL);
	folder_put("a.list", "");
	assert_int_equal(
	    truncate(folder_path("a.list"), (off_t)POLICY_LIST_BYTES_MAX + 1),
	    0);
	folder_age("a.list", 60);
	assert_int_equal(look(&known, NULL, "larger than 512 MiB"), -EFBIG);
}

static struct policy_group slow = { .name = { "slow", 4 },
	.file = { "/slow", 5 },
	.is_list = true,
	.refresh = 60 * CLOCK_SECOND };
static struct policy_group never = { .name = { "never", 5 }, .is_list = true };
static struct policy_group quick = { .name = { "quick", 5 },
	.file = { "/quick", 6 },
	.is_list = true,
	.refresh = CLOCK_SECOND };
static struct policy_group *groups[] = { &slow, &never, &quick };
static const struct policy policy = { .groups = groups, .group_count = 3 };

static void
the_first_that_is_due(void **state)
{
	struct list_watch watch = { 0 };

	(void)state;
	assert_null(list_watch_first(&watch));
	assert_int_equal(
	    list_watch_begin(&watch, &policy, 100 * CLOCK_SECOND), 0);
	assert_int_equal(watch.count, 2);
	assert_ptr_equal(list_watch_first(&watch)->group, &quick);
	assert_int_equal(list_watch_first(&watch)->due, 101 * CLOCK_SECOND);
	list_watch_first(&watch)->due += 100 * CLOCK_SECOND;
	assert_ptr_equal(list_watch_first(&watch)->group, &slow);
	assert_null(list_watch_find(&watch, &never));
	assert_ptr_equal(list_watch_find(&watch, &quick)->group, &quick);
	list_watch_fini(&watch);
}

static void
what_is_known_of_the_others_stays(void **state)
{
	struct list_watch before = { 0 }, after = { 0 };

	(void)state;
	assert_int_equal(list_watch_begin(&before, &policy, 5), 0);
	text_addz(&before.items[0].problem, "it is slow");
	text_addz(&before.items[1].problem, "it is gone");
	before.items[0].due = 77;
	assert_int_equal(
	    list_watch_go_on(&after, &policy, &before, "/quick"), 0);
	assert_int_equal(after.items[0].due, 77);
	assert_string_equal(after.items[0].problem.at, "it is slow");
	assert_int_equal(after.items[1].problem.len, 0);
	list_watch_fini(&before);
	list_watch_fini(&after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_that_changed_is_taken),
		cmocka_unit_test(a_link_leads_to_what_its_owner_owns),
		cmocka_unit_test(a_file_that_is_not_whole_is_not),
		cmocka_unit_test(a_file_that_cannot_be_read),
		cmocka_unit_test(the_first_that_is_due),
		cmocka_unit_test(what_is_known_of_the_others_stays),
	};

	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
