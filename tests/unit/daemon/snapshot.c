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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plays_what_was_recorded),
		cmocka_unit_test(a_copy_cannot_be_changed),
		cmocka_unit_test(what_cannot_be_read_is_not_kept),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
