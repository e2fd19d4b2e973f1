/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever fails, and wherever the machine dies, what the history names is
 * there, whole; and a policy that waits is known to wait from before it is in
 * force until it is the last good one.
 *
 * As in last_good.c, the calls that change the disk are counted on their way to
 * the kernel: the n-th fails, or is the last thing that the process does.
 */
#include "daemon/history.h"

#include "base/clock.h"
#include "folder.h"

#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static bool counts, counts_waiting;
static unsigned steps, fails_at, dies_at;

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
	return is_over() ? -1 : syscall(SYS_write, fd, bytes, count);
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

#define SECOND_OLD 1700000000
#define SECOND_NEW 1800000000

static char store[sizeof(folder) + 80];
static struct last_good good;
static struct history history;

static void
open_store(void)
{
	struct text why = TEXT_EMPTY;

	(void)snprintf(store, sizeof(store), "%s", folder_path("store"));
	assert_int_equal(last_good_open(&good, store, &why), 0);
	history_open(&history, &good);
	text_fini(&why);
}

static void
close_store(void)
{
	history_close(&history);
	last_good_close(&good);
}

static int
empty_store(void **state)
{
	(void)state;
	counts = counts_waiting = false;
	steps = fails_at = dies_at = 0;
	(void)nftw(
	    folder_path("store"), folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static struct snapshot
policy_of(const char *text)
{
	struct snapshot snapshot = SNAPSHOT_EMPTY;
	struct snapshot_kept policy = { "/etc/p", str_of(text), 0 };
	struct snapshot_kept list = { "/etc/l", STR("192.0.2.1\n"), 0 };

	assert_int_equal(snapshot_keep(&snapshot, &policy), 0);
	assert_int_equal(snapshot_keep(&snapshot, &list), 0);
	return snapshot;
}

static struct history_news
news_of(struct snapshot *snapshot, int64_t second)
{
	return (struct history_news){ .path = "/etc/p",
		.snapshot = snapshot,
		.rules = 3,
		.since = second * CLOCK_SECOND,
		.who = STR("alice"),
		.name = STR("a name") };
}

static int
follow(const char *text, int64_t second)
{
	struct snapshot snapshot = policy_of(text);
	struct history_news news = news_of(&snapshot, second);
	int rc = last_good_keep(&good, "/etc/p", &snapshot, news.since);

	if (rc == 0)
		history_follow(&history, &news);
	snapshot_fini(&snapshot);
	return rc;
}

static int64_t
wait_with(const char *text)
{
	struct snapshot snapshot = policy_of(text);
	struct history_news news = news_of(&snapshot, SECOND_NEW);
	counts = counts_waiting;
	int64_t id = history_wait(&history, &news);
	counts = false;

	snapshot_fini(&snapshot);
	return id;
}

static int
confirm(const char *text)
{
	struct snapshot snapshot = policy_of(text);

	counts = true;
	int rc = last_good_keep(
	    &good, "/etc/p", &snapshot, SECOND_NEW * CLOCK_SECOND);
	if (rc == 0)
		history_confirm(&history, &snapshot);
	counts = false;
	snapshot_fini(&snapshot);
	return rc;
}

/* What a start would make of it. */
struct found {
	bool waits;
	bool good_is_new;
};

static struct found
look(void)
{
	struct last_good_policy policy;
	struct text why = TEXT_EMPTY;
	struct found found = { 0 };

	assert_int_equal(last_good_read(&good, &policy, &why), 0);
	found.good_is_new = policy.since == SECOND_NEW * CLOCK_SECOND;
	found.waits =
	    history_at(&history, HISTORY_WAITING) != NULL &&
	    !history_waits_for(&history, policy.path, &policy.snapshot);
	last_good_policy_fini(&policy);
	text_fini(&why);
	return found;
}

static void
assert_all_is_there(void)
{
	for (size_t i = 0; i < history.count; i++) {
		struct last_good_policy policy;
		assert_int_equal(last_good_open_files(
				     &good, &history.items[i].files, &policy),
		    0);
		assert_int_equal(policy.snapshot.count, 2);
		last_good_policy_fini(&policy);
	}
}

/* ---- tests ---- */

static void
what_was_kept_is_read(void **state)
{
	(void)state;
	open_store();
	assert_int_equal(follow("old", SECOND_OLD), 0);
	assert_int_equal(follow("new", SECOND_NEW), 0);
	for (int i = 0; i < 2; i++) {
		const struct history_entry *old = history_find(&history, 1);
		const struct history_entry *new = history_find(&history, 2);
		assert_int_equal(history.count, 2);
		assert_int_equal(old->state, HISTORY_PAST);
		assert_int_equal(old->began, SECOND_OLD * CLOCK_SECOND);
		assert_int_equal(old->ended, SECOND_NEW * CLOCK_SECOND);
		assert_int_equal(history_entry_held(old, 0) / CLOCK_SECOND,
		    SECOND_NEW - SECOND_OLD);
		assert_int_equal(new->state, HISTORY_IN_FORCE);
		assert_int_equal(new->ended, 0);
		assert_int_equal(new->rules, 3);
		assert_string_equal(new->who, "alice");
		assert_string_equal(new->name, "a name");
		assert_ptr_equal(history_before(&history), old);
		close_store();
		open_store();
	}
	close_store();
}

/* Its times in force are added. */
static void
the_same_files_are_the_same_policy(void **state)
{
	(void)state;
	open_store();
	assert_int_equal(follow("old", 1000), 0);
	assert_int_equal(follow("new", 1010), 0);
	assert_int_equal(follow("old", 1030), 0);
	assert_int_equal(history.count, 2);
	const struct history_entry *old = history_find(&history, 1);
	assert_int_equal(old->state, HISTORY_IN_FORCE);
	assert_int_equal(
	    history_entry_held(old, 1035 * CLOCK_SECOND) / CLOCK_SECOND, 15);
	close_store();
}

static void
the_oldest_are_let_go(void **state)
{
	(void)state;
	open_store();
	for (int i = 0; i < HISTORY_POLICIES_MAX + 3; i++) {
		char text[16];
		(void)snprintf(text, sizeof(text), "policy %d", i);
		assert_int_equal(follow(text, 1000 + i), 0);
	}
	assert_int_equal(history.count, HISTORY_POLICIES_MAX + 1);
	assert_null(history_find(&history, 2));
	assert_non_null(history_find(&history, 3));
	assert_all_is_there();
	close_store();
	open_store();
	assert_int_equal(history.count, HISTORY_POLICIES_MAX + 1);
	assert_int_equal(history.last_id, HISTORY_POLICIES_MAX + 3);
	close_store();
}

static void
what_cannot_be_written_does_not_wait(void **state)
{
	unsigned nth, failed = 0;

	(void)state;
	for (nth = 1;; nth++) {
		(void)empty_store(NULL);
		open_store();
		assert_int_equal(follow("old", SECOND_OLD), 0);
		counts_waiting = true;
		steps = 0;
		fails_at = nth;
		int64_t id = wait_with("new");
		assert_true(id == 2 || id == -ENOSPC);
		failed += id < 0;
		bool waits = id > 0;
		assert_int_equal(look().waits, waits);
		close_store();
		open_store();
		/* That it waits although it was not said does no harm: it
		 * never was in force, and the old one comes back. */
		assert_true(!waits || look().waits);
		assert_false(look().good_is_new);
		assert_all_is_there();
		close_store();
		if (steps < nth)
			break;
	}
	/* A file and the entry are written, brought to the disk and renamed,
	 * and the folder twice. */
	assert_int_equal(failed, 8);
}

/* The steps that are done; 0: all. */
static bool
dies_while(unsigned nth, bool confirms)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		open_store();
		counts_waiting = !confirms;
		steps = 0;
		dies_at = nth;
		(void)wait_with("new");
		if (confirms)
			(void)confirm("new");
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status) == 0;
}

static void
begin_with_old(void)
{
	(void)empty_store(NULL);
	open_store();
	assert_int_equal(follow("old", SECOND_OLD), 0);
	close_store();
}

static void
whenever_it_dies_before_it_waits(void **state)
{
	unsigned waited = 0;

	(void)state;
	for (unsigned nth = 1;; nth++) {
		begin_with_old();
		bool died = dies_while(nth, false);
		open_store();
		struct found found = look();
		assert_false(found.good_is_new);
		assert_true(found.waits || died);
		assert_all_is_there();
		waited += found.waits;
		/* And life goes on. */
		history_undo(&history);
		assert_int_equal(follow("other", SECOND_NEW), 0);
		assert_all_is_there();
		close_store();
		if (!died)
			break;
	}
	/* Behind the rename of the entry, and when nobody has died. */
	assert_int_equal(waited, 2);
}

static void
whenever_it_dies_while_it_is_confirmed(void **state)
{
	unsigned old = 0, new = 0;

	(void)state;
	for (unsigned nth = 1;; nth++) {
		begin_with_old();
		bool died = dies_while(nth, true);
		open_store();
		struct found found = look();
		/* One or the other: never a new one that waits and is good. */
		assert_int_equal(found.waits, !found.good_is_new);
		old += found.waits;
		new += !found.waits;
		assert_all_is_there();
		close_store();
		if (!died)
			break;
	}
	assert_true(old > 0 && new > 0);
}

/* Each byte of an entry, another one. */
static void
what_is_not_whole_is_forgotten(void **state)
{
	struct text text = TEXT_EMPTY;
	char path[sizeof(store) + 16];

	(void)state;
	open_store();
	assert_int_equal(follow("old", SECOND_OLD), 0);
	assert_int_equal(follow("new", SECOND_NEW), 0);
	close_store();
	(void)snprintf(path, sizeof(path), "%s/policy.1", store);
	assert_int_equal(file_read(path, 10000, &text), 0);
	for (size_t i = 0; i < text.len; i++) {
		char other = (char)(text.at[i] ^ 1);
		int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		assert_int_equal(
		    pwrite(fd, text.at, text.len, 0), (ssize_t)text.len);
		assert_int_equal(pwrite(fd, &other, 1, (off_t)i), 1);
		(void)close(fd);
		open_store();
		assert_int_equal(history.count, 1);
		assert_int_equal(access(path, F_OK), -1);
		close_store();
	}
	text_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_kept_is_read, empty_store),
		cmocka_unit_test_setup(
		    the_same_files_are_the_same_policy, empty_store),
		cmocka_unit_test_setup(the_oldest_are_let_go, empty_store),
		cmocka_unit_test_setup(
		    what_cannot_be_written_does_not_wait, empty_store),
		cmocka_unit_test_setup(
		    whenever_it_dies_before_it_waits, empty_store),
		cmocka_unit_test_setup(
		    whenever_it_dies_while_it_is_confirmed, empty_store),
		cmocka_unit_test_setup(
		    what_is_not_whole_is_forgotten, empty_store),
	};

	return cmocka_run_group_tests(tests, folder_setup, folder_teardown);
}
