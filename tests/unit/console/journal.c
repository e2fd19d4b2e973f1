/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal: opening, rotating, and what happens when there is no room.
 * Several processes and threads are in journal_shared.c.
 */
#include "console/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "event/counter.h"

#include <cmocka.h>

#define FILE_BYTES_MAX ((size_t)64 << 20)
#define PATH_BYTES     80

static char folder[] = P_tmpdir "/gatehouse-journal-XXXXXX";
static char path[PATH_BYTES], older[PATH_BYTES];

static int
make_folder(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/events.jsonl", folder);
	(void)snprintf(older, sizeof(older), "%s/events.jsonl.1", folder);
	return 0;
}

static int
remove_files(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(older);
	(void)alarm(0);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

/* A test that waits for ever is one that failed. */
static int
no_waiting(void **state)
{
	(void)state;
	(void)alarm(120);
	return 0;
}

static void
write_file(const char *at, struct str content)
{
	int fd = open(at, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, content), 0);
	assert_int_equal(close(fd), 0);
}

static void
emit(struct journal *journal, const char *name)
{
	struct event event = { .time = 1, .name = str_of(name) };

	journal_sink(&event, journal);
}

static void
emit_long(struct journal *journal)
{
	struct text url = TEXT_EMPTY;

	text_pad(&url, 'x', 6000);
	struct event event = { .time = 1, .url = text_str(&url) };
	journal_sink(&event, journal);
	text_fini(&url);
}

/* What the lines of a text are: "NAME NAME ! NAME", '!' is no JSON. */
static void
assert_lines(struct str content, const char *want)
{
	struct text got = TEXT_EMPTY;

	while (content.len > 0) {
		struct str line = str_cut(&content, '\n');
		json_t *root = json_loadb(line.at, line.len, 0, NULL);
		const char *name =
		    json_string_value(json_object_get(root, "name"));
		text_addz(&got, got.len > 0 ? " " : "");
		text_addz(&got, root == NULL ? "!" : name ? name : "-");
		json_decref(root);
	}
	text_addz(&got, "");
	assert_string_equal(got.at, want);
	text_fini(&got);
}

static void
assert_file(const char *at, const char *want)
{
	struct text content = TEXT_EMPTY;

	assert_int_equal(file_read(at, FILE_BYTES_MAX, &content), 0);
	assert_lines(text_str(&content), want);
	text_fini(&content);
}

static void
opening(void **state)
{
	struct journal journal;
	struct stat st;

	(void)state;
	(void)umask(022);
	journal_init(&journal);
	assert_int_equal(journal_fd(&journal), -1);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	emit(&journal, "a");
	journal_fini(&journal);
	assert_int_equal(journal_fd(&journal), -1);
	/* What is there stays. */
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	emit(&journal, "b");
	assert_int_not_equal(
	    fcntl(journal_fd(&journal), F_GETFD) & FD_CLOEXEC, 0);
	journal_fini(&journal);
	assert_file(path, "a b");
}

/* Whatever cannot be opened leaves the journal where it was. */
static void
opening_fails(void **state)
{
	struct journal journal;
	char missing[PATH_BYTES];

	(void)state;
	(void)snprintf(missing, sizeof(missing), "%s/no/file", folder);
	assert_int_equal(symlink(path, older), 0);
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, missing, 0640), -ENOENT);
	assert_int_equal(journal_reopen(&journal), -EINVAL);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	emit(&journal, "a");
	assert_int_equal(journal_open(&journal, missing, 0640), -ENOENT);
	assert_int_equal(journal_open(&journal, folder, 0640), -EISDIR);
	assert_int_equal(journal_open(&journal, older, 0640), -ELOOP);
	assert_int_equal(journal_use_fd(&journal, -1), -EBADF);
	emit(&journal, "b");
	assert_int_equal(journal_reopen(&journal), 0);
	emit(&journal, "c");
	journal_fini(&journal);
	assert_file(path, "a b c");
}

static void
nowhere_to_write(void **state)
{
	int64_t lost = counter_get(COUNTER_EVENTS_LOST);
	int64_t written = counter_get(COUNTER_EVENTS);
	struct journal journal;

	(void)state;
	journal_init(&journal);
	emit(&journal, "a");
	assert_int_equal(counter_get(COUNTER_EVENTS_LOST) - lost, 1);
	assert_int_equal(journal_rotate_if_due(&journal), 0);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	emit(&journal, "b");
	assert_int_equal(counter_get(COUNTER_EVENTS_LOST) - lost, 1);
	assert_int_equal(counter_get(COUNTER_EVENTS) - written, 1);
	journal_fini(&journal);
	assert_file(path, "b");
}

static void
given_descriptor(void **state)
{
	struct journal journal;
	int fd = open(path, O_WRONLY | O_CREAT, 0600), ends[2];

	(void)state;
	journal_init(&journal);
	assert_int_equal(journal_use_fd(&journal, fd), 0);
	assert_int_equal(journal_fd(&journal), fd);
	assert_int_not_equal(fcntl(fd, F_GETFL) & O_APPEND, 0);
	assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	/* The same again is the same. */
	assert_int_equal(journal_use_fd(&journal, fd), 0);
	emit(&journal, "a");
	assert_int_equal(journal_reopen(&journal), -EINVAL);

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(journal_use_fd(&journal, ends[1]), 0);
	assert_int_not_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	emit(&journal, "b");
	journal_fini(&journal);
	assert_int_equal(close(ends[0]), 0);
	assert_file(path, "a");
}

/* A writer died within its last line; the next one does not pay for it. */
static void
broken_end_of_a_file(void **state)
{
	struct journal journal;

	(void)state;
	write_file(path, STR("{\"name\": \"a\"}\n{\"name\": \"b"));
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	emit(&journal, "c");
	emit(&journal, "d");
	journal_fini(&journal);
	assert_file(path, "a ! c d");
}

/* A part of a line fits, then nothing, then there is room again. */
static void
no_room_in_the_file(void **state)
{
	int64_t lost = counter_get(COUNTER_EVENTS_LOST);
	struct rlimit before, limit;
	struct journal journal;
	struct stat st;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	emit(&journal, "a");
	assert_int_equal(stat(path, &st), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)st.st_size + 50;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	emit(&journal, "b");
	emit(&journal, "c");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(counter_get(COUNTER_EVENTS_LOST) - lost, 2);
	emit(&journal, "d");
	emit(&journal, "e");
	assert_int_equal(counter_get(COUNTER_EVENTS_LOST) - lost, 2);
	journal_fini(&journal);
	assert_file(path, "a ! d e");
}

static void
full_device(void **state)
{
	int64_t lost = counter_get(COUNTER_EVENTS_LOST);
	struct journal journal;

	(void)state;
	journal_init(&journal);
	assert_int_equal(
	    journal_use_fd(&journal, open("/dev/full", O_WRONLY)), 0);
	emit(&journal, "a");
	assert_int_equal(counter_get(COUNTER_EVENTS_LOST) - lost, 1);
	journal_fini(&journal);
}

static void
read_pipe(int fd, struct text *got)
{
	char chunk[1000];
	ssize_t n;

	text_clear(got);
	assert_int_not_equal(fcntl(fd, F_SETFL, O_NONBLOCK), -1);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		text_add(got, (struct str){ chunk, (size_t)n });
}

/* A line of more than one page is cut by the kernel where the pipe ends. */
static void
full_pipe(void **state)
{
	int64_t lost = counter_get(COUNTER_EVENTS_LOST);
	struct text got = TEXT_EMPTY;
	struct journal journal;
	int ends[2];

	(void)state;
	journal_init(&journal);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
	assert_int_equal(journal_use_fd(&journal, ends[1]), 0);
	emit_long(&journal);
	emit(&journal, "a");
	emit(&journal, "b");
	assert_int_equal(counter_get(COUNTER_EVENTS_LOST) - lost, 3);
	read_pipe(ends[0], &got);
	assert_lines(text_str(&got), "!");
	assert_int_equal(got.len, 4096);
	/* The reader saw no end of that line; it comes before the next one. */
	emit(&journal, "c");
	emit(&journal, "d");
	read_pipe(ends[0], &got);
	assert_int_equal(got.at[0], '\n');
	assert_lines(str_skip(text_str(&got), 1), "c d");
	assert_int_equal(counter_get(COUNTER_EVENTS_LOST) - lost, 3);

	/* Nobody reads any more. */
	assert_int_equal(close(ends[0]), 0);
	emit(&journal, "e");
	assert_int_equal(counter_get(COUNTER_EVENTS_LOST) - lost, 4);
	journal_fini(&journal);
	text_fini(&got);
}

/* Without a reader: the pipe fills, and the rest is lost and counted. */
static void
pipe_without_a_reader(void **state)
{
	int64_t lost = counter_get(COUNTER_EVENTS_LOST);
	int64_t written = counter_get(COUNTER_EVENTS);
	struct text got = TEXT_EMPTY;
	struct journal journal;
	int ends[2];

	(void)state;
	journal_init(&journal);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(journal_use_fd(&journal, ends[1]), 0);
	for (int i = 0; i < 1000; i++)
		emit(&journal, "a");
	lost = counter_get(COUNTER_EVENTS_LOST) - lost;
	written = counter_get(COUNTER_EVENTS) - written;
	assert_true(lost > 0);
	assert_int_equal(lost + written, 1000);
	read_pipe(ends[0], &got);
	struct str rest = text_str(&got);
	for (int64_t i = 0; i < written; i++)
		assert_lines(str_cut(&rest, '\n'), "a");
	journal_fini(&journal);
	assert_int_equal(close(ends[0]), 0);
	text_fini(&got);
}

/* What is emitted in a batch is there at its end, at a change of the file,
 * and when it is much. */
static void
batch(void **state)
{
	int64_t written = counter_get(COUNTER_EVENTS);
	struct journal journal;
	struct stat early, st;

	(void)state;
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	journal_batch_begin(&journal);
	journal_batch_end(&journal);
	assert_file(path, "");
	journal_batch_begin(&journal);
	emit(&journal, "a");
	emit(&journal, "b");
	assert_file(path, "");
	assert_int_equal(journal_reopen(&journal), 0);
	assert_file(path, "a b");
	emit(&journal, "c");
	journal_batch_end(&journal);
	assert_file(path, "a b c");
	emit(&journal, "d");
	assert_file(path, "a b c d");
	assert_int_equal(counter_get(COUNTER_EVENTS) - written, 4);
	journal_batch_begin(&journal);
	for (int i = 0; i < 1000; i++)
		emit_long(&journal);
	assert_int_equal(stat(path, &early), 0);
	journal_batch_end(&journal);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, 5000000, 6000000);
	assert_in_range(st.st_size - early.st_size, 0, 70000);
	assert_int_equal(counter_get(COUNTER_EVENTS) - written, 1004);
	journal_fini(&journal);
}

/* Where there is no room any more some lines are whole, and one is not. */
static void
no_room_for_a_batch(void **state)
{
	int64_t lost = counter_get(COUNTER_EVENTS_LOST);
	int64_t written = counter_get(COUNTER_EVENTS);
	struct rlimit before, limit;
	struct journal journal;
	struct stat st;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	emit(&journal, "a");
	assert_int_equal(stat(path, &st), 0);
	for (int round = 0; round < 2; round++) {
		limit = before;
		limit.rlim_cur = (rlim_t)st.st_size * (rlim_t)(3 + round * 2);
		limit.rlim_cur += (rlim_t)(60 + round * 60);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		journal_batch_begin(&journal);
		emit(&journal, "b");
		emit(&journal, "c");
		emit(&journal, "d");
		emit(&journal, "e");
		journal_batch_end(&journal);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(
		    counter_get(COUNTER_EVENTS_LOST) - lost, 2 + 2 * round);
		assert_int_equal(
		    counter_get(COUNTER_EVENTS) - written, 3 + 2 * round);
	}
	journal_batch_begin(&journal);
	emit(&journal, "f");
	journal_batch_end(&journal);
	journal_fini(&journal);
	assert_file(path, "a b c ! b c ! f");
}

static void
rotating(void **state)
{
	struct journal journal;

	(void)state;
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	assert_true(journal.bytes_max == JOURNAL_BYTES_MAX);
	emit(&journal, "a");
	assert_int_equal(journal_rotate_if_due(&journal), 0);
	journal.bytes_max = 1000; /* two or three lines */
	assert_int_equal(journal_rotate_if_due(&journal), 0);
	emit(&journal, "b");
	emit(&journal, "c");
	assert_int_equal(journal_rotate_if_due(&journal), 1);
	assert_file(older, "a b c");
	assert_file(path, "");
	assert_int_equal(journal_rotate_if_due(&journal), 0);
	emit(&journal, "d");
	emit(&journal, "e");
	emit(&journal, "f");
	assert_int_equal(journal_rotate_if_due(&journal), 1);
	emit(&journal, "g");
	assert_file(older, "d e f");
	assert_file(path, "g");
	journal_fini(&journal);
}

/* Somebody else rotated: our file is gone, and the one there is not ours. */
static void
rotated_by_another(void **state)
{
	struct journal journal;
	char away[PATH_BYTES];

	(void)state;
	(void)snprintf(away, sizeof(away), "%s/away", folder);
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	journal.bytes_max = 1;
	emit(&journal, "a");
	assert_int_equal(rename(path, away), 0);
	emit(&journal, "b");
	write_file(path, STR("{\"name\": \"theirs\"}\n"));
	assert_int_equal(journal_rotate_if_due(&journal), 1);
	emit(&journal, "c");
	assert_int_equal(access(older, F_OK), -1);
	assert_file(away, "a b");
	assert_file(path, "theirs c");

	assert_int_equal(rename(path, away), 0);
	assert_int_equal(journal_reopen(&journal), 0);
	emit(&journal, "d");
	assert_file(path, "d");
	/* And once more, with nothing at the path. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(journal_rotate_if_due(&journal), 1);
	emit(&journal, "e");
	assert_file(path, "e");
	assert_int_equal(access(older, F_OK), -1);
	journal_fini(&journal);
	assert_int_equal(unlink(away), 0);
}

static void
rotating_fails(void **state)
{
	struct journal journal;

	(void)state;
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	journal.bytes_max = 1;
	emit(&journal, "a");
	assert_int_equal(mkdir(older, 0700), 0);
	assert_int_equal(journal_rotate_if_due(&journal), -EISDIR);
	emit(&journal, "b");
	assert_file(path, "a b");
	assert_int_equal(rmdir(older), 0);
	assert_int_equal(journal_rotate_if_due(&journal), 1);
	assert_file(older, "a b");
	journal_fini(&journal);
}

static void
no_rotation_of_what_is_no_file(void **state)
{
	struct journal journal;
	int reader;

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), -ENXIO);
	reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	journal.bytes_max = 0;
	emit(&journal, "a");
	assert_int_equal(journal_rotate_if_due(&journal), 0);
	journal_fini(&journal);
	assert_int_equal(close(reader), 0);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, no_waiting, remove_files)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opening),
		TEST(opening_fails),
		TEST(nowhere_to_write),
		TEST(given_descriptor),
		TEST(broken_end_of_a_file),
		TEST(no_room_in_the_file),
		TEST(full_device),
		TEST(full_pipe),
		TEST(pipe_without_a_reader),
		TEST(batch),
		TEST(no_room_for_a_batch),
		TEST(rotating),
		TEST(rotated_by_another),
		TEST(rotating_fails),
		TEST(no_rotation_of_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
