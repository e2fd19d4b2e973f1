/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli/log_follow, as a process of its own that writes what it is given to a
 * pipe: the test changes the file and waits for the lines.  Nothing sleeps;
 * what does not come within a time that is too long has failed.
 */
#include "cli/log_follow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "console/journal.h"

#include <cmocka.h>

#define TOO_LONG_MS 20000
#define PATH_BYTES  80

static char folder[] = P_tmpdir "/gatehouse-follow-XXXXXX";
static char path[PATH_BYTES], older[PATH_BYTES], linked[PATH_BYTES];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/events.jsonl", folder);
	(void)snprintf(older, sizeof(older), "%s/events.jsonl.1", folder);
	(void)snprintf(linked, sizeof(linked), "%s/link", folder);
	return 0;
}

static int
remove_files(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(older);
	(void)unlink(linked);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

/* Opened for each piece, as another program would. */
static void
add_to(const char *at, struct str content)
{
	int fd = open(at, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, content), 0);
	assert_int_equal(close(fd), 0);
}

static int
write_line(struct str line, void *context)
{
	struct text out = TEXT_EMPTY;

	text_add(&out, line);
	text_addc(&out, '\n');
	int rc = file_write_all(*(int *)context, text_str(&out));
	text_fini(&out);
	return rc;
}

/* A process that follows, and the end of the pipe that it writes to. */
struct child {
	pid_t pid;
	int output;
	struct text unread;
};

static void
child_begin(struct child *child, struct log_follow order)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	*child = (struct child){ .pid = fork(), .output = ends[0] };
	assert_true(child->pid >= 0);
	if (child->pid == 0) {
		(void)close(ends[0]);
		(void)signal(SIGPIPE, SIG_IGN);
		(void)alarm(2 * TOO_LONG_MS / 1000);
		order.output = ends[1];
		order.line = write_line;
		order.context = &ends[1];
		_exit(-log_follow(&order));
	}
	assert_int_equal(close(ends[1]), 0);
}

/* The exit status: 0, or the errno. */
static int
child_end(struct child *child)
{
	int status;

	if (child->output >= 0)
		assert_int_equal(close(child->output), 0);
	text_fini(&child->unread);
	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
read_more(struct child *child)
{
	struct pollfd wait = { .fd = child->output, .events = POLLIN };
	char piece[1000];

	if (poll(&wait, 1, TOO_LONG_MS) != 1)
		fail_msg("nothing came behind '%s'", child->unread.at);
	ssize_t n = read(child->output, piece, sizeof(piece));
	if (n <= 0)
		fail_msg("ended behind '%s'", child->unread.at);
	text_add(&child->unread, (struct str){ piece, (size_t)n });
}

/* Waits for exactly these lines and nothing before them. */
static void
expect(struct child *child, const char *lines)
{
	size_t len = strlen(lines);
	struct text rest = TEXT_EMPTY;

	while (child->unread.len < len)
		read_more(child);
	struct str got = text_str(&child->unread);
	if (!str_starts(got, str_of(lines)))
		fail_msg("got '%s', want '%s'", got.at, lines);
	text_add(&rest, str_skip(got, len));
	text_fini(&child->unread);
	child->unread = rest;
}

static void
expect_end(struct child *child)
{
	struct pollfd wait = { .fd = child->output, .events = POLLIN };
	char byte;

	assert_int_equal(child->unread.len, 0);
	assert_int_equal(poll(&wait, 1, TOO_LONG_MS), 1);
	assert_int_equal(read(child->output, &byte, 1), 0);
}

static void
interrupt(struct child *child, int number)
{
	assert_int_equal(kill(child->pid, number), 0);
	expect_end(child);
	assert_int_equal(child_end(child), 0);
}

/* Told by inotify alone: a change that it missed would never be seen. */
static struct log_follow
follow(size_t last)
{
	return (struct log_follow){
		.path = path,
		.last = last,
		.follow = true,
		.look_ms = INT_MAX,
	};
}

static void
without_following(void **state)
{
	struct child child;

	(void)state;
	add_to(path, STR("a\nb\nc\nno end"));
	child_begin(&child, (struct log_follow){ .path = path, .last = 3 });
	expect(&child, "b\nc\nno end\n");
	expect_end(&child);
	assert_int_equal(child_end(&child), 0);
}

static void
not_there(void **state)
{
	struct child child;

	(void)state;
	child_begin(&child, follow(10));
	expect_end(&child);
	assert_int_equal(child_end(&child), ENOENT);
	child_begin(&child, (struct log_follow){ .path = folder });
	expect_end(&child);
	assert_int_equal(child_end(&child), EISDIR);
}

static void
growth(void **state)
{
	struct child child;

	(void)state;
	add_to(path, STR("a\nb\n"));
	child_begin(&child, follow(1));
	expect(&child, "b\n");
	add_to(path, STR("c\nd\nha"));
	expect(&child, "c\nd\n");
	add_to(path, STR("lf\n"));
	expect(&child, "half\n");
	interrupt(&child, SIGINT);
}

/* Many times a line that comes while another one is looked at. */
static void
nothing_is_missed(void **state)
{
	struct child child;

	(void)state;
	add_to(path, STR("begin\n"));
	child_begin(&child, follow(SIZE_MAX));
	expect(&child, "begin\n");
	for (int i = 0; i < 1000; i++) {
		add_to(path, STR("a\n"));
		add_to(path, STR("b\n"));
		expect(&child, "a\nb\n");
	}
	interrupt(&child, SIGINT);
}

/* When it has begun to look nobody can tell, so there is news until then. */
static void
only_what_is_new(void **state)
{
	struct pollfd wait = { .events = POLLIN };
	struct child child;

	(void)state;
	add_to(path, STR("a\nb\n"));
	child_begin(&child, follow(0));
	wait.fd = child.output;
	for (int i = 0; i < TOO_LONG_MS / 10 && poll(&wait, 1, 10) == 0; i++)
		add_to(path, STR("new\n"));
	expect(&child, "new\n");
	assert_int_equal(close(child.output), 0);
	child.output = -1;
	assert_int_equal(child_end(&child), 0);
}

/* Renamed and begun anew; the proxy still has the old file for a while. */
static void
rotation(void **state)
{
	struct child child;

	(void)state;
	add_to(path, STR("a\n"));
	child_begin(&child, follow(SIZE_MAX));
	expect(&child, "a\n");
	int proxy = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(rename(path, older), 0);
	assert_int_equal(file_write_all(proxy, STR("b\n")), 0);
	expect(&child, "b\n");
	add_to(path, STR("c\n"));
	expect(&child, "c\n");
	assert_int_equal(file_write_all(proxy, STR("late\n")), 0);
	expect(&child, "late\n");
	add_to(path, STR("d\n"));
	expect(&child, "d\n");
	assert_int_equal(close(proxy), 0);
	/* And again: what is older now is another file. */
	assert_int_equal(rename(path, older), 0);
	add_to(path, STR("e\n"));
	expect(&child, "e\n");
	add_to(older, STR("f\n"));
	expect(&child, "f\n");
	interrupt(&child, SIGINT);
}

/* What had no end when its file went out of sight is not kept back. */
static void
rotation_within_a_line(void **state)
{
	struct child child;

	(void)state;
	add_to(path, STR("a\nbroken"));
	child_begin(&child, follow(SIZE_MAX));
	expect(&child, "a\n");
	assert_int_equal(rename(path, older), 0);
	add_to(path, STR("b\n"));
	expect(&child, "b\n");
	assert_int_equal(rename(path, older), 0);
	add_to(path, STR("c\n"));
	expect(&child, "broken\nc\n");
	interrupt(&child, SIGINT);
}

static void
removed_and_back(void **state)
{
	struct child child;

	(void)state;
	add_to(path, STR("a\n"));
	child_begin(&child, follow(SIZE_MAX));
	expect(&child, "a\n");
	assert_int_equal(unlink(path), 0);
	add_to(path, STR("b\n"));
	expect(&child, "b\n");
	interrupt(&child, SIGINT);
}

static void
truncation(void **state)
{
	struct child child;

	(void)state;
	add_to(path, STR("long ago\n"));
	child_begin(&child, follow(SIZE_MAX));
	expect(&child, "long ago\n");
	assert_int_equal(truncate(path, 0), 0);
	add_to(path, STR("b\n"));
	expect(&child, "b\n");
	interrupt(&child, SIGINT);
}

/* inotify sees the folder of the link and not that of the file. */
static void
through_a_link(void **state)
{
	char deep[PATH_BYTES], file[PATH_BYTES + 8];
	struct log_follow order = follow(SIZE_MAX);
	struct child child;

	(void)state;
	(void)snprintf(deep, sizeof(deep), "%s/deep", folder);
	(void)snprintf(file, sizeof(file), "%s/file", deep);
	assert_int_equal(mkdir(deep, 0700), 0);
	add_to(file, STR("a\n"));
	assert_int_equal(symlink(file, linked), 0);
	order.path = linked;
	order.look_ms = 0;
	child_begin(&child, order);
	expect(&child, "a\n");
	add_to(file, STR("b\n"));
	expect(&child, "b\n");
	interrupt(&child, SIGINT);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(rmdir(deep), 0);
}

/* `gatehouse log -f | head -1`: it ends without a line to write. */
static void
reader_goes_away(void **state)
{
	struct child child;

	(void)state;
	add_to(path, STR("a\n"));
	child_begin(&child, follow(SIZE_MAX));
	expect(&child, "a\n");
	assert_int_equal(close(child.output), 0);
	child.output = -1;
	assert_int_equal(child_end(&child), 0);
}

static int
refuse(struct str line, void *context)
{
	(void)line;
	(void)context;
	return -EPIPE;
}

static void
caller_ends_it(void **state)
{
	struct log_follow order = follow(SIZE_MAX);
	sigset_t before, after;

	(void)state;
	add_to(path, STR("a\nb\n"));
	order.output = -1;
	order.line = refuse;
	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &before), 0);
	assert_int_equal(log_follow(&order), -EPIPE);
	order.path = "/nowhere/at/all";
	assert_int_equal(log_follow(&order), -ENOENT);
	/* The signals are as they were. */
	assert_int_equal(pthread_sigmask(SIG_BLOCK, NULL, &after), 0);
	for (int i = 1; i < 32; i++)
		assert_int_equal(
		    sigismember(&before, i), sigismember(&after, i));
}

/* `gatehouse log -f &` in a script: the shell has it ignore SIGINT. */
static void
ignored_signal_stays_ignored(void **state)
{
	struct child child;

	(void)state;
	add_to(path, STR("a\n"));
	(void)signal(SIGINT, SIG_IGN);
	child_begin(&child, follow(SIZE_MAX));
	(void)signal(SIGINT, SIG_DFL);
	expect(&child, "a\n");
	assert_int_equal(kill(child.pid, SIGINT), 0);
	add_to(path, STR("b\n"));
	expect(&child, "b\n");
	interrupt(&child, SIGTERM);
}

/* All that a journal writes over a rotation, in its order. */
static void
a_journal(void **state)
{
	struct text want = TEXT_EMPTY;
	struct journal journal;
	struct child child;

	(void)state;
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	child_begin(&child, follow(SIZE_MAX));
	for (int i = 0; i < 3000; i++) {
		struct event event = { .time = 1 + i * CLOCK_SECOND };
		journal_sink(&event, &journal);
		if (i == 0) /* from here on it follows this file */
			read_more(&child);
		if (i == 1500) {
			journal.bytes_max = 1;
			assert_int_equal(journal_rotate_if_due(&journal), 1);
		}
	}
	for (int i = 0; i < 3000; i++) {
		char time[CLOCK_TEXT_BYTES];
		size_t line;
		while ((line = str_find(text_str(&child.unread), '\n')) ==
		       child.unread.len)
			read_more(&child);
		clock_format(1 + i * CLOCK_SECOND, time);
		text_clear(&want);
		text_addf(&want, "{\"time\": \"%s\"", time);
		assert_true(
		    str_starts(text_str(&child.unread), text_str(&want)));
		text_clear(&want);
		text_add(&want, (struct str){ child.unread.at, line + 1 });
		expect(&child, want.at);
	}
	interrupt(&child, SIGINT);
	journal_fini(&journal);
	text_fini(&want);
}

#define TEST(name) cmocka_unit_test_teardown(name, remove_files)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_following),
		TEST(not_there),
		TEST(growth),
		TEST(nothing_is_missed),
		TEST(only_what_is_new),
		TEST(rotation),
		TEST(rotation_within_a_line),
		TEST(removed_and_back),
		TEST(truncation),
		TEST(through_a_link),
		TEST(reader_goes_away),
		TEST(caller_ends_it),
		TEST(ignored_signal_stays_ignored),
		TEST(a_journal),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
