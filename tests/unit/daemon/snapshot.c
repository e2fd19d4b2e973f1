/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one process read, another reads again, though the files have changed.
 */
#include "daemon/snapshot.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/gatehouse-snapshot-XXXXXX";

static const char *
file(const char *name, const char *text)
{
	static char path[sizeof(folder) + 32];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (text == NULL) {
		(void)unlink(path);
		return path;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, str_of(text)), 0);
	(void)close(fd);
	return path;
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	(void)file("a.policy", NULL);
	(void)file("b.list", NULL);
	return rmdir(folder);
}

static void
assert_reads(struct policy_loader loader, const char *path, const char *wanted)
{
	struct text text = TEXT_EMPTY;
	int rc = loader.read(loader.context, path, 1000, &text);

	if (wanted == NULL) {
		assert_int_equal(rc, -ENOENT);
	} else {
		assert_int_equal(rc, 0);
		assert_true(str_is(text_str(&text), wanted));
	}
	text_fini(&text);
}

static void
plays_what_was_recorded(void **state)
{
	struct snapshot snapshot = SNAPSHOT_EMPTY;

	(void)state;
	assert_reads(snapshot_recorder(&snapshot),
	    file("a.policy", "allow any -> any\n"), "allow any -> any\n");
	assert_reads(snapshot_recorder(&snapshot), file("b.list", ""), "");
	(void)file("b.list", "192.0.2.1\n");
	assert_reads(snapshot_player(&snapshot),
	    file("a.policy", "something else"), "allow any -> any\n");
	assert_reads(snapshot_player(&snapshot), file("b.list", NULL), "");
	assert_reads(snapshot_player(&snapshot), "/etc/passwd", NULL);
	snapshot_fini(&snapshot);
}

static void
a_copy_cannot_be_changed(void **state)
{
	struct snapshot snapshot = SNAPSHOT_EMPTY;

	(void)state;
	assert_reads(
	    snapshot_recorder(&snapshot), file("a.policy", "text"), "text");
	assert_int_equal(snapshot.count, 1);
	assert_int_equal(pwrite(snapshot.items[0].fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(snapshot.items[0].fd, 0), -1);
	snapshot_fini(&snapshot);
}

static void
what_cannot_be_read_is_not_kept(void **state)
{
	struct snapshot snapshot = SNAPSHOT_EMPTY;
	struct policy_loader loader = snapshot_recorder(&snapshot);
	struct text text = TEXT_EMPTY;

	(void)state;
	assert_int_equal(
	    loader.read(loader.context, "/no/such/file", 10, &text), -ENOENT);
	assert_int_equal(loader.read(loader.context,
			     file("a.policy", "longer than ten"), 10, &text),
	    -EFBIG);
	assert_int_equal(snapshot.count, 0);
	text_fini(&text);
	snapshot_fini(&snapshot);
}

/* Both enforcers would not read the same bytes else. */
static void
what_is_named_twice_is_read_once(void **state)
{
	struct snapshot snapshot = SNAPSHOT_EMPTY;

	(void)state;
	assert_reads(
	    snapshot_recorder(&snapshot), file("a.policy", "first"), "first");
	assert_reads(
	    snapshot_recorder(&snapshot), file("a.policy", "second"), "first");
	assert_int_equal(snapshot.count, 1);
	assert_int_equal(snapshot.items[0].stamp.size, 5);
	assert_true(snapshot.items[0].read > 0);
	snapshot_fini(&snapshot);
}

static void
count_one(void *context, const char *path)
{
	size_t *count = context;

	assert_non_null(strstr(path, "b.list"));
	(*count)++;
}

static void
an_heir_has_one_fresh_file(void **state)
{
	struct snapshot before = SNAPSHOT_EMPTY, after = SNAPSHOT_EMPTY;
	struct snapshot_fresh fresh = { .path = "/no/such/file", .read = 7 };
	struct snapshot_heir heir = { &after, &before, &fresh };
	struct policy_loader loader = snapshot_inheritor(&heir);
	char path[sizeof(folder) + 32];
	size_t count = 0;

	(void)state;
	assert_reads(
	    snapshot_recorder(&before), file("a.policy", "text"), "text");
	assert_reads(snapshot_recorder(&before), file("b.list", "old"), "old");
	(void)snprintf(path, sizeof(path), "%s", file("b.list", "on disk"));
	text_addz(&fresh.text, "fresh");
	assert_reads(loader, "/no/such/file", NULL);
	fresh.path = path;
	assert_reads(loader, file("a.policy", "edited"), "text");
	assert_reads(loader, path, "fresh");
	assert_reads(loader, path, "fresh");
	assert_int_equal(after.count, 2);
	assert_int_equal(snapshot_find(&after, str_of(path))->read, 7);
	assert_int_equal(
	    loader.list(loader.context, path, count_one, &count), 0);
	assert_int_equal(count, 1);
	snapshot_fini(&before);
	assert_reads(snapshot_player(&after), file("a.policy", NULL), "text");
	text_fini(&fresh.text);
	snapshot_fini(&after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plays_what_was_recorded),
		cmocka_unit_test(a_copy_cannot_be_changed),
		cmocka_unit_test(what_cannot_be_read_is_not_kept),
		cmocka_unit_test(what_is_named_twice_is_read_once),
		cmocka_unit_test(an_heir_has_one_fresh_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
