/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever fails, and wherever the machine dies, the folder holds the old
 * policy or the new one, whole; and what is not whole is none.
 *
 * The calls that change the disk are counted here, on their way to the kernel:
 * the n-th fails, or is the last thing that the process does.
 */
#include "daemon/last_good.h"

#include "folder.h"

#include <dirent.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define SINCE_OLD (1700000000 * (int64_t)1000000000)
#define SINCE_NEW (1800000000 * (int64_t)1000000000)

/* ---- the disk ---- */

/* Only what the store does counts. */
static bool counts;
static unsigned steps, fails_at, dies_at, written;

static bool
is_over(void)
{
	if (!counts)
		return false;
	steps++;
	if (steps == dies_at)
		_exit(0);
	errno = ENOSPC;
	return steps == fails_at;
}

/* Half of it is written at the moment of death. */
ssize_t
write(int fd, const void *bytes, size_t count)
{
	if (counts && steps + 1 == dies_at)
		(void)syscall(SYS_write, fd, bytes, count / 2);
	if (is_over())
		return -1;
	written += counts ? (unsigned)count : 0;
	return syscall(SYS_write, fd, bytes, count);
}

int
fsync(int fd)
{
	return is_over() ? -1 : (int)syscall(SYS_fsync, fd);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return is_over()
		   ? -1
		   : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

int
unlinkat(int dir, const char *name, int flags)
{
	return is_over() ? -1 : (int)syscall(SYS_unlinkat, dir, name, flags);
}

/* ---- a store and its policies ---- */

static char store[sizeof(folder) + 80];

static void
open_store(struct last_good *good)
{
	struct text why = TEXT_EMPTY;

	(void)snprintf(store, sizeof(store), "%s", folder_path("store"));
	assert_int_equal(last_good_open(good, store, &why), 0);
	text_fini(&why);
}

static void
add(struct snapshot *snapshot, const char *path, const char *text, int64_t read)
{
	struct snapshot_kept kept = { path, str_of(text), read };

	assert_int_equal(snapshot_keep(snapshot, &kept), 0);
}

/* A policy and a list that both have in common. */
static struct snapshot
policy_of(const char *text)
{
	struct snapshot snapshot = SNAPSHOT_EMPTY;

	add(&snapshot, "/etc/p", text, SINCE_OLD);
	add(&snapshot, "/etc/the list", "192.0.2.1\n", 0);
	return snapshot;
}

static int
keep_policy(struct last_good *good, const char *text, int64_t since)
{
	struct snapshot snapshot = policy_of(text);

	counts = true;
	int rc = last_good_keep(good, "/etc/p", &snapshot, since);
	counts = false;
	snapshot_fini(&snapshot);
	return rc;
}

static void
assert_file(struct snapshot *snapshot, const char *path, const char *wanted)
{
	struct policy_loader loader = snapshot_player(snapshot);
	struct text text = TEXT_EMPTY;

	assert_int_equal(loader.read(loader.context, path, 1000, &text), 0);
	assert_true(str_is(text_str(&text), wanted));
	text_fini(&text);
}

/* Since when it was in force; 0: it is none. */
static int64_t
read_store(struct last_good *good, const char *old, const char *new)
{
	struct last_good_policy policy;
	struct text why = TEXT_EMPTY;
	int64_t since = 0;

	if (last_good_read(good, &policy, &why) == 0) {
		since = policy.since;
		assert_string_equal(policy.path, "/etc/p");
		assert_int_equal(policy.snapshot.count, 2);
		assert_file(
		    &policy.snapshot, "/etc/p", since == SINCE_OLD ? old : new);
		assert_file(&policy.snapshot, "/etc/the list", "192.0.2.1\n");
		assert_int_equal(policy.snapshot.items[0].read, SINCE_OLD);
		last_good_policy_fini(&policy);
	} else {
		assert_true(why.len > 0);
	}
	text_fini(&why);
	return since;
}

static unsigned
count_files(void)
{
	unsigned count = 0;
	DIR *dir = opendir(folder_path("store"));

	assert_non_null(dir);
	for (struct dirent *one; (one = readdir(dir)) != NULL;)
		count += one->d_name[0] != '.';
	(void)closedir(dir);
	return count;
}

static int
empty_store(void **state)
{
	(void)state;
	steps = fails_at = dies_at = written = 0;
	(void)nftw(
	    folder_path("store"), folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

/* ---- tests ---- */

static void
what_was_kept_is_read(void **state)
{
	struct last_good good;
	struct stat st;

	(void)state;
	open_store(&good);
	assert_int_equal(read_store(&good, "", ""), 0);
	assert_int_equal(good.kept, 0);
	assert_int_equal(keep_policy(&good, "old", SINCE_OLD), 0);
	assert_int_equal(good.kept, SINCE_OLD);
	assert_int_equal(read_store(&good, "old", ""), SINCE_OLD);
	last_good_close(&good);
	/* Another process, and nobody else. */
	open_store(&good);
	assert_int_equal(read_store(&good, "old", ""), SINCE_OLD);
	last_good_close(&good);
	assert_int_equal(stat(folder_path("store"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(folder_path("store/policy"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void
only_what_changed_is_written(void **state)
{
	struct last_good good;

	(void)state;
	open_store(&good);
	assert_int_equal(keep_policy(&good, "old", SINCE_OLD), 0);
	unsigned first = written;
	assert_int_equal(keep_policy(&good, "old", SINCE_OLD), 0);
	/* The index alone. */
	assert_int_equal(written - first + sizeof("old192.0.2.1\n") - 1, first);
	last_good_close(&good);
	/* A process that has not seen the list looks through it. */
	open_store(&good);
	first = written;
	assert_int_equal(keep_policy(&good, "new!", SINCE_NEW), 0);
	assert_true(written - first < first);
	assert_int_equal(read_store(&good, "", "new!"), SINCE_NEW);
	/* Index, policy and list: the old policy is gone. */
	assert_int_equal(count_files(), 3);
	last_good_close(&good);
}

static void
whatever_fails_the_old_one_stays(void **state)
{
	struct last_good good;
	unsigned nth;

	(void)state;
	for (nth = 1;; nth++) {
		(void)empty_store(NULL);
		open_store(&good);
		assert_int_equal(keep_policy(&good, "old", SINCE_OLD), 0);
		steps = 0;
		fails_at = nth;
		int rc = keep_policy(&good, "new", SINCE_NEW);
		fails_at = 0;
		bool all = steps < nth;
		int64_t since = read_store(&good, "old", "new");
		assert_true(rc == 0 || rc == -ENOSPC);
		assert_int_equal(rc<0, good.problem.len> 0);
		assert_true(since == SINCE_NEW || (rc < 0 && since != 0));
		/* And the next one goes well. */
		assert_int_equal(keep_policy(&good, "new", SINCE_NEW), 0);
		assert_int_equal(read_store(&good, "old", "new"), SINCE_NEW);
		assert_int_equal(good.problem.len, 0);
		assert_int_equal(count_files(), 3);
		last_good_close(&good);
		if (all)
			break;
	}
	/* Two files written, brought to the disk and renamed, two folders
	 * brought to it, and one file taken away. */
	assert_int_equal(nth, 10);
}

static void
die_while_keeping(unsigned nth)
{
	struct last_good good;
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		open_store(&good);
		steps = 0;
		dies_at = nth;
		(void)keep_policy(&good, "new", SINCE_NEW);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), nth > 9);
}

static void
whenever_it_dies_one_of_both_is_whole(void **state)
{
	unsigned old = 0, new = 0;
	struct last_good good;

	(void)state;
	for (unsigned nth = 1; nth <= 10; nth++) {
		(void)empty_store(NULL);
		open_store(&good);
		assert_int_equal(keep_policy(&good, "old", SINCE_OLD), 0);
		last_good_close(&good);
		die_while_keeping(nth);
		open_store(&good);
		int64_t since = read_store(&good, "old", "new");
		assert_true(since == SINCE_OLD || since == SINCE_NEW);
		old += since == SINCE_OLD;
		new += since == SINCE_NEW;
		assert_int_equal(keep_policy(&good, "new", SINCE_NEW), 0);
		assert_int_equal(count_files(), 3);
		last_good_close(&good);
	}
	/* The rename of the index is the seventh. */
	assert_int_equal(old, 7);
	assert_int_equal(new, 3);
}

/* Each byte of each file, another one; and each file cut off, and gone. */
static void
what_is_not_whole_is_none(void **state)
{
	struct last_good good;
	struct dirent *one;

	(void)state;
	open_store(&good);
	assert_int_equal(keep_policy(&good, "old", SINCE_OLD), 0);
	DIR *dir = opendir(folder_path("store"));
	assert_non_null(dir);
	while ((one = readdir(dir)) != NULL) {
		struct text text = TEXT_EMPTY;
		char path[sizeof(store) + 256];

		if (one->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", store, one->d_name);
		assert_int_equal(file_read(path, 1000, &text), 0);
		int fd = open(path, O_RDWR | O_CLOEXEC);
		for (size_t i = 0; i < text.len; i++) {
			char other = (char)(text.at[i] ^ 1);
			assert_int_equal(pwrite(fd, &other, 1, (off_t)i), 1);
			assert_int_equal(read_store(&good, "", ""), 0);
			assert_int_equal(
			    pwrite(fd, text.at + i, 1, (off_t)i), 1);
		}
		assert_int_equal(read_store(&good, "old", ""), SINCE_OLD);
		assert_int_equal(ftruncate(fd, (off_t)text.len - 1), 0);
		assert_int_equal(read_store(&good, "", ""), 0);
		assert_int_equal(
		    pwrite(fd, text.at, text.len, 0), (ssize_t)text.len);
		(void)close(fd);
		assert_int_equal(rename(path, folder_path("away")), 0);
		assert_int_equal(read_store(&good, "", ""), 0);
		assert_int_equal(symlink(folder_path("away"), path), 0);
		assert_int_equal(read_store(&good, "", ""), 0);
		assert_int_equal(rename(folder_path("away"), path), 0);
		text_fini(&text);
	}
	(void)closedir(dir);
	assert_int_equal(read_store(&good, "old", ""), SINCE_OLD);
	last_good_close(&good);
}

static void
what_was_edited_is_written_again(void **state)
{
	struct snapshot snapshot = policy_of("old");
	struct last_good good;
	char path[sizeof(store) + SHA256_TEXT_BYTES];

	(void)state;
	open_store(&good);
	assert_int_equal(
	    last_good_keep(&good, "/etc/p", &snapshot, SINCE_OLD), 0);
	(void)snprintf(
	    path, sizeof(path), "%s/%s", store, snapshot.items[0].digest);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, "odd", 3, 0), 3);
	(void)close(fd);
	assert_int_equal(read_store(&good, "", ""), 0);
	/* As another process would: within one tick of the clock, a file that
	 * was just written looks the same. */
	last_good_close(&good);
	open_store(&good);
	assert_int_equal(
	    last_good_keep(&good, "/etc/p", &snapshot, SINCE_OLD), 0);
	assert_int_equal(read_store(&good, "old", ""), SINCE_OLD);
	snapshot_fini(&snapshot);
	last_good_close(&good);
}

static void
a_name_of_two_lines_is_not_kept(void **state)
{
	struct snapshot snapshot = policy_of("new");
	struct last_good good;

	(void)state;
	open_store(&good);
	assert_int_equal(keep_policy(&good, "old", SINCE_OLD), 0);
	add(&snapshot, "/etc/a\nfile b", "x", 0);
	assert_int_equal(
	    last_good_keep(&good, "/etc/p", &snapshot, SINCE_NEW), -EINVAL);
	assert_non_null(strstr(good.problem.at, "line end"));
	assert_int_equal(read_store(&good, "old", ""), SINCE_OLD);
	snapshot_fini(&snapshot);
	last_good_close(&good);
}

static void
a_folder_of_others_is_refused(void **state)
{
	struct last_good good, second;
	struct text why = TEXT_EMPTY;

	(void)state;
	open_store(&good);
	assert_int_equal(last_good_open(&second, store, &why), -EWOULDBLOCK);
	assert_non_null(strstr(why.at, "another gateway"));
	assert_null(second.dir);
	last_good_close(&good);
	assert_int_equal(chmod(store, 0770), 0);
	assert_int_equal(last_good_open(&good, store, &why), -EPERM);
	assert_int_equal(
	    last_good_open(&good, "/no/such/folder", &why), -ENOENT);
	text_fini(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_kept_is_read, empty_store),
		cmocka_unit_test_setup(
		    only_what_changed_is_written, empty_store),
		cmocka_unit_test_setup(
		    whatever_fails_the_old_one_stays, empty_store),
		cmocka_unit_test_setup(
		    whenever_it_dies_one_of_both_is_whole, empty_store),
		cmocka_unit_test_setup(what_is_not_whole_is_none, empty_store),
		cmocka_unit_test_setup(
		    what_was_edited_is_written_again, empty_store),
		cmocka_unit_test_setup(
		    a_name_of_two_lines_is_not_kept, empty_store),
		cmocka_unit_test_setup(
		    a_folder_of_others_is_refused, empty_store),
	};

	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
