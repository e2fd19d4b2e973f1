/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal: opening, rotating, and what happens when there is no room,
 * or nobody reads.  Several processes and threads are in journal_shared.c,
 * servers and sockets in journal_socket.c.
 */
#include "journal_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "event/counter.h"

#define FILE_BYTES_MAX ((size_t)64 << 20)

static void
write_file(const char *at, struct str content)
{
	int fd = open(at, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, content), 0);
	assert_int_equal(close(fd), 0);
}

/* An output has said what became of all that was emitted. */
static void
flush(struct journal *journal)
{
	assert_true(journal_flush(journal, 60 * CLOCK_SECOND));
}

static void
emit_only(struct journal *journal, const char *name)
{
	struct event event = { .time = 1, .name = str_of(name) };

	journal_sink(&event, journal);
}

static void
emit(struct journal *journal, const char *name)
{
	emit_only(journal, name);
	flush(journal);
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

/* As the proxy has it: a descriptor and no path. */
static int
use_fd(struct journal *journal, int fd)
{
	return journal_put(journal, 0, &policy_journal_usual, NULL, fd);
}

static bool
is_fault(const json_t *root)
{
	const char *kind = json_string_value(json_object_get(root, "kind"));

	return kind != NULL && strcmp(kind, "fault") == 0;
}

/*
 * What the lines of a text are: "NAME NAME ! NAME", '!' is no JSON.  What was
 * lost is told between two of them, by the thread when it can: not here.
 */
static void
assert_lines(struct str content, const char *want)
{
	struct text got = TEXT_EMPTY;

	while (content.len > 0) {
		struct str line = str_cut(&content, '\n');
		json_t *root = json_loadb(line.at, line.len, 0, NULL);
		const char *name =
		    json_string_value(json_object_get(root, "name"));
		if (!is_fault(root)) {
			text_addz(&got, got.len > 0 ? " " : "");
			text_addz(&got, root == NULL ? "!" : name ? name : "-");
		}
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

/* How many events the faults of a text say were lost. */
static int64_t
count_told(struct str content)
{
	int64_t count = 0;

	while (content.len > 0) {
		struct str line = str_cut(&content, '\n');
		json_t *root = json_loadb(line.at, line.len, 0, NULL);
		if (is_fault(root))
			count += atoll(
			    json_string_value(json_object_get(root, "reason")));
		json_decref(root);
	}
	return count;
}

static int64_t
count_told_in(const char *at)
{
	struct text content = TEXT_EMPTY;

	assert_int_equal(file_read(at, FILE_BYTES_MAX, &content), 0);
	int64_t count = count_told(text_str(&content));
	text_fini(&content);
	return count;
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

static void
opening(void **state)
{
	struct journal journal;
	struct stat st;

	(void)state;
	(void)umask(022);
	journal_init(&journal);
	assert_int_equal(journal_dup_fd(&journal, 0), -ENOENT);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	emit(&journal, "a");
	journal_fini(&journal);
	/* What is there stays. */
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	emit(&journal, "b");
	int fd = journal_dup_fd(&journal, 0);
	assert_int_not_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	assert_int_not_equal(fcntl(fd, F_GETFL) & O_APPEND, 0);
	assert_int_equal(close(fd), 0);
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
	assert_int_equal(symlink(path, older(1)), 0);
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, missing, 0640), -ENOENT);
	journal_reopen(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	emit(&journal, "a");
	assert_int_equal(journal_open(&journal, missing, 0640), -ENOENT);
	assert_int_equal(journal_open(&journal, folder, 0640), -EISDIR);
	assert_int_equal(journal_open(&journal, older(1), 0640), -ELOOP);
	emit(&journal, "b");
	journal_reopen(&journal);
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

/* The thread takes what it is given, and closes what it had. */
static void
given_descriptor(void **state)
{
	struct journal journal;
	struct text got = TEXT_EMPTY;
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600), ends[2];

	(void)state;
	journal_init(&journal);
	assert_int_equal(use_fd(&journal, fd), 0);
	emit(&journal, "a");
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_int_equal(use_fd(&journal, ends[1]), 0);
	emit(&journal, "b");
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	read_pipe(ends[0], &got);
	assert_lines(text_str(&got), "b");
	journal_fini(&journal);
	assert_int_equal(fcntl(ends[1], F_GETFD), -1);
	assert_int_equal(close(ends[0]), 0);
	assert_file(path, "a");
	text_fini(&got);
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
	assert_int_not_equal(journal_look(&journal, 0).error, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(counter_get(COUNTER_EVENTS_LOST) - lost, 2);
	emit(&journal, "d");
	emit(&journal, "e");
	assert_int_equal(counter_get(COUNTER_EVENTS_LOST) - lost, 2);
	assert_int_equal(journal_look(&journal, 0).lost, 2);
	assert_int_equal(journal_look(&journal, 0).written, 3);
	assert_int_equal(journal_look(&journal, 0).error, 0);
	journal_fini(&journal);
	assert_file(path, "a ! d e");
	assert_int_equal(count_told_in(path), 2);
}

static void
full_device(void **state)
{
	int64_t lost = counter_get(COUNTER_EVENTS_LOST);
	struct journal journal;

	(void)state;
	journal_init(&journal);
	assert_int_equal(use_fd(&journal, open("/dev/full", O_WRONLY)), 0);
	emit(&journal, "a");
	assert_int_equal(counter_get(COUNTER_EVENTS_LOST) - lost, 1);
	assert_int_equal(journal_look(&journal, 0).error, -ENOSPC);
	journal_fini(&journal);
}

/* A reader that comes late has all of it, in whole lines. */
static void
slow_reader(void **state)
{
	int64_t lost = counter_get(COUNTER_EVENTS_LOST);
	struct text got = TEXT_EMPTY, all = TEXT_EMPTY;
	struct journal journal;
	int ends[2];

	(void)state;
	journal_init(&journal);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
	assert_int_equal(use_fd(&journal, ends[1]), 0);
	for (int i = 0; i < 100; i++)
		emit_long(&journal);
	emit_only(&journal, "a");
	while (!journal_flush(&journal, 0)) {
		read_pipe(ends[0], &got);
		text_add(&all, text_str(&got));
	}
	read_pipe(ends[0], &got);
	text_add(&all, text_str(&got));
	struct str rest = text_str(&all);
	for (int i = 0; i < 100; i++)
		assert_lines(str_cut(&rest, '\n'), "-");
	assert_lines(rest, "a");
	assert_int_equal(counter_get(COUNTER_EVENTS_LOST), lost);

	/* Nobody reads any more. */
	assert_int_equal(close(ends[0]), 0);
	emit(&journal, "e");
	assert_int_equal(counter_get(COUNTER_EVENTS_LOST) - lost, 1);
	assert_int_equal(journal_look(&journal, 0).error, -EPIPE);
	journal_fini(&journal);
	text_fini(&got);
	text_fini(&all);
}

/*
 * Without a reader the pipe fills, then the queue, and the rest is lost and
 * counted, while who emits goes on.  `blocks`: the write itself hangs, as that
 * to a disk does which does not answer.
 */
static void
hung(bool blocks)
{
	int64_t lost = counter_get(COUNTER_EVENTS_LOST);
	struct text got = TEXT_EMPTY, all = TEXT_EMPTY;
	struct journal journal;
	int ends[2];

	journal_init(&journal);
	assert_int_equal(pipe2(ends, blocks ? 0 : O_NONBLOCK), 0);
	assert_int_equal(use_fd(&journal, ends[1]), 0);
	int64_t began = clock_now();
	for (int i = 0; i < 4000; i++)
		emit_long(&journal);
	/* 24 MB of lines: a queue holds a third of them. */
	assert_in_range(clock_now() - began, 0, 5 * CLOCK_SECOND);
	lost = counter_get(COUNTER_EVENTS_LOST) - lost;
	assert_in_range(lost, 1000, 3999);
	assert_int_equal(journal_look(&journal, 0).lost, lost);
	while (!journal_flush(&journal, 0)) {
		read_pipe(ends[0], &got);
		text_add(&all, text_str(&got));
	}
	read_pipe(ends[0], &got);
	text_add(&all, text_str(&got));
	assert_int_equal(journal_look(&journal, 0).written + lost, 4000);
	/* There is room again: so it is said, behind what had been kept. */
	assert_int_equal(count_told(text_str(&all)), lost);
	journal_fini(&journal);
	assert_int_equal(close(ends[0]), 0);
	text_fini(&got);
	text_fini(&all);
}

static void
pipe_without_a_reader(void **state)
{
	(void)state;
	hung(false);
}

static void
write_that_hangs(void **state)
{
	(void)state;
	hung(true);
}

/* Neither does the end of the process wait for it, nor another output. */
static void
end_with_a_hung_output(void **state)
{
	struct policy_journal_output pipes = { .kind = POLICY_JOURNAL_STDOUT };
	struct journal journal;
	int ends[2];

	(void)state;
	journal_init(&journal);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 4096), 4096);
	assert_int_equal(journal_put(&journal, 1, &pipes, NULL, ends[1]), 0);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	for (int i = 0; i < 100; i++)
		emit_long(&journal);
	emit_only(&journal, "a");
	int64_t began = clock_now();
	journal_fini(&journal);
	assert_in_range(clock_now() - began, JOURNAL_END_PATIENCE / 2,
	    2 * JOURNAL_END_PATIENCE);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, 100 * 5000, 100 * 6000 + 1000);
	/* Lets the thread go. */
	assert_int_equal(close(ends[0]), 0);
}

/* The end is soon, and all is there: nobody asked for it before. */
static void
the_end_writes_all(void **state)
{
	struct journal journal;
	struct stat st;

	(void)state;
	journal_init(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	for (int i = 0; i < 1000; i++)
		emit_long(&journal);
	journal_fini(&journal);
	assert_int_equal(stat(path, &st), 0);
	assert_in_range(st.st_size, 5000000, 6000000);
}

/* What is emitted before there may be threads waits for them. */
static void
held(void **state)
{
	struct journal journal;

	(void)state;
	journal_init(&journal);
	journal_hold(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	emit_only(&journal, "a");
	assert_false(journal_flush(&journal, 20 * CLOCK_MS));
	assert_file(path, "");
	assert_int_equal(journal_start(&journal), 0);
	emit(&journal, "b");
	assert_file(path, "a b");
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
		emit_only(&journal, "b");
		emit_only(&journal, "c");
		emit_only(&journal, "d");
		emit(&journal, "e");
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		assert_int_equal(
		    counter_get(COUNTER_EVENTS_LOST) - lost, 2 + 2 * round);
		assert_int_equal(
		    counter_get(COUNTER_EVENTS) - written, 3 + 2 * round);
	}
	emit(&journal, "f");
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
	assert_true(journal.bytes_max == POLICY_JOURNAL_BYTES);
	emit(&journal, "a");
	assert_int_equal(journal_rotate_if_due(&journal), 0);
	journal.bytes_max = 1000; /* two or three lines */
	assert_int_equal(journal_rotate_if_due(&journal), 0);
	emit(&journal, "b");
	emit(&journal, "c");
	assert_int_equal(journal_rotate_if_due(&journal), 1);
	assert_file(older(1), "a b c");
	assert_file(path, "");
	assert_int_equal(journal_rotate_if_due(&journal), 0);
	emit(&journal, "d");
	emit(&journal, "e");
	emit(&journal, "f");
	assert_int_equal(journal_rotate_if_due(&journal), 1);
	emit(&journal, "g");
	assert_file(older(1), "d e f");
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
	flush(&journal);
	assert_int_equal(rename(path, away), 0);
	emit(&journal, "b");
	write_file(path, STR("{\"name\": \"theirs\"}\n"));
	assert_int_equal(journal_rotate_if_due(&journal), 1);
	emit(&journal, "c");
	assert_int_equal(access(older(1), F_OK), -1);
	assert_file(away, "a b");
	assert_file(path, "theirs c");

	assert_int_equal(rename(path, away), 0);
	journal_reopen(&journal);
	emit(&journal, "d");
	assert_file(path, "d");
	/* And once more, with nothing at the path. */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(journal_rotate_if_due(&journal), 1);
	emit(&journal, "e");
	assert_file(path, "e");
	assert_int_equal(access(older(1), F_OK), -1);
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
	assert_int_equal(mkdir(older(1), 0700), 0);
	assert_int_equal(journal_rotate_if_due(&journal), -EISDIR);
	emit(&journal, "b");
	assert_file(path, "a b");
	assert_int_equal(rmdir(older(1)), 0);
	assert_int_equal(journal_rotate_if_due(&journal), 1);
	assert_file(older(1), "a b");
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
		TEST(slow_reader),
		TEST(pipe_without_a_reader),
		TEST(write_that_hangs),
		TEST(end_with_a_hung_output),
		TEST(the_end_writes_all),
		TEST(held),
		TEST(no_room_for_a_batch),
		TEST(rotating),
		TEST(rotated_by_another),
		TEST(rotating_fails),
		TEST(no_rotation_of_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
