/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * console/journal, as two processes use it: the parent has opened the file and
 * rotates it, the child has been given the descriptor, both write with several
 * threads.  Every line is whole and there once, and every id is another.
 */
#include "journal_folder.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/file.h"
#include "event/counter.h"

#define FILE_BYTES_MAX ((size_t)64 << 20)

/* Half of the writers are in the parent, half in the child. */
#define WRITERS          8
#define LINES_PER_WRITER 2500
#define LINES            (WRITERS * LINES_PER_WRITER)

/* One of the threads that emit, numbered over both processes. */
static void *
write_lines(void *number)
{
	int first = *(int *)number * LINES_PER_WRITER;

	for (int i = first; i < first + LINES_PER_WRITER; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "%d", i);
		event_emit(&(struct event){
		    .verdict = "allow",
		    .name = str_of(name),
		    .url = STR("http://www.example/\n\"\xff"),
		});
	}
	return NULL;
}

struct writers {
	pthread_t thread[WRITERS / 2];
	int number[WRITERS / 2];
	int64_t lost;
};

static void
writers_begin(struct writers *writers, struct journal *journal, int first)
{
	writers->lost = counter_get(COUNTER_EVENTS_LOST);
	event_sink_set(journal_sink, journal);
	for (int i = 0; i < WRITERS / 2; i++) {
		writers->number[i] = first + i;
		if (pthread_create(&writers->thread[i], NULL, write_lines,
			&writers->number[i]) != 0)
			abort();
	}
}

/* How many events were lost meanwhile; the others are in the file. */
static int64_t
writers_end(const struct writers *writers, struct journal *journal)
{
	for (int i = 0; i < WRITERS / 2; i++)
		if (pthread_join(writers->thread[i], NULL) != 0)
			abort();
	event_sink_set(NULL, NULL);
	if (!journal_flush(journal, 60 * CLOCK_SECOND))
		abort();
	return counter_get(COUNTER_EVENTS_LOST) - writers->lost;
}

/* As the proxy has it: a descriptor and no path. */
static int
use_fd(struct journal *journal, int fd)
{
	return fd < 0
		   ? fd
		   : journal_put(journal, 0, &policy_journal_usual, NULL, fd);
}

struct tally {
	bool seen[LINES];
	int lines;
	char (*ids)[21];
};

/* Each line of the file is whole, is one of ours, and is there once. */
static void
tally_file(struct tally *tally, const char *at)
{
	struct text content = TEXT_EMPTY;

	assert_int_equal(file_read(at, FILE_BYTES_MAX, &content), 0);
	struct str rest = text_str(&content);
	assert_true(rest.len == 0 || str_ends(rest, STR("\n")));
	while (rest.len > 0) {
		struct str line = str_cut(&rest, '\n');
		json_t *root = json_loadb(line.at, line.len, 0, NULL);
		if (root == NULL)
			fail_msg("no JSON: %.*s", STR_ARG(line));
		json_t *name = json_object_get(root, "name");
		uint64_t n;
		assert_int_equal(
		    str_number(str_of(json_string_value(name)), LINES - 1, &n),
		    0);
		assert_false(tally->seen[n]);
		/* One that emits is told in its order. */
		assert_true(n % LINES_PER_WRITER == 0 || tally->seen[n - 1]);
		tally->seen[n] = true;
		(void)snprintf(tally->ids[tally->lines++], 21, "%s",
		    json_string_value(json_object_get(root, "id")));
		json_decref(root);
	}
	text_fini(&content);
}

static int
by_id(const void *a, const void *b)
{
	return strcmp(a, b);
}

static struct tally *
tally_begin(void)
{
	struct tally *tally = calloc(1, sizeof(*tally));

	assert_non_null(tally);
	tally->ids = calloc((size_t)LINES + 1, sizeof(tally->ids[0]));
	assert_non_null(tally->ids);
	return tally;
}

/* None is missing, and no id was given twice. */
static void
tally_end(struct tally *tally)
{
	assert_int_equal(tally->lines, LINES);
	qsort(tally->ids, (size_t)LINES, sizeof(tally->ids[0]), by_id);
	for (int i = 1; i < LINES; i++)
		assert_string_not_equal(tally->ids[i - 1], tally->ids[i]);
	free(tally->ids);
	free(tally);
}

static void
assert_child_is_content(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* The child is the proxy here: it has the descriptor and nothing else. */
static void
two_processes_one_file(void **state)
{
	struct tally *tally = tally_begin();
	struct writers writers;
	struct journal journal;

	(void)state;
	journal_init(&journal);
	journal_hold(&journal);
	assert_int_equal(journal_open(&journal, path, 0640), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct journal theirs;
		journal_init(&theirs);
		if (use_fd(&theirs, journal_dup_fd(&journal, 0)) < 0)
			_exit(2);
		writers_begin(&writers, &theirs, WRITERS / 2);
		_exit(writers_end(&writers, &theirs) == 0 ? 0 : 1);
	}
	assert_int_equal(journal_start(&journal), 0);
	writers_begin(&writers, &journal, 0);
	assert_int_equal(writers_end(&writers, &journal), 0);
	assert_child_is_content(child);
	journal_fini(&journal);
	tally_file(tally, path);
	tally_end(tally);
}

static int
send_fd(int channel, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte = 'f';
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};

	control.header = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	};
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(channel, &message, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

static void
send_journal(int channel, struct journal *journal)
{
	int fd = journal_dup_fd(journal, 0);

	assert_int_equal(send_fd(channel, fd), 0);
	assert_int_equal(close(fd), 0);
}

/* The next descriptor, or -1 when the parent has no more. */
static int
receive_fd(int channel)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	int fd;

	if (recvmsg(channel, &message, 0) != 1 ||
	    CMSG_FIRSTHDR(&message) == NULL)
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

struct child_writers {
	struct writers writers;
	struct journal journal;
	int channel;
	int64_t lost;
};

/* Tells the parent when all is written. */
static void *
end_writers(void *context)
{
	struct child_writers *child = context;

	child->lost = writers_end(&child->writers, &child->journal);
	if (send(child->channel, "d", 1, MSG_NOSIGNAL) != 1)
		abort();
	return NULL;
}

/* Writes with several threads, and changes to each descriptor it is given. */
static int
live_as_proxy(int channel)
{
	struct child_writers child = { .channel = channel };
	pthread_t ender;
	int fd;

	journal_init(&child.journal);
	if (use_fd(&child.journal, receive_fd(channel)) < 0)
		return 2;
	writers_begin(&child.writers, &child.journal, WRITERS / 2);
	if (pthread_create(&ender, NULL, end_writers, &child) != 0)
		return 3;
	while ((fd = receive_fd(channel)) >= 0)
		if (use_fd(&child.journal, fd) < 0)
			return 4;
	if (pthread_join(ender, NULL) != 0)
		return 5;
	journal_fini(&child.journal);
	return child.lost == 0 ? 0 : 1;
}

/* All of them are kept; the thread begins some by itself. */
static const struct policy_journal_output small = {
	.kind = POLICY_JOURNAL_FILE,
	.form = POLICY_JOURNAL_JSON,
	.bytes_max = 100000,
	.keep = POLICY_JOURNAL_KEEP_MAX,
};

/* Rotates until the other side says that it has written all. */
static void
rotate_until_done(struct journal *journal, int channel)
{
	struct pollfd wait = { .fd = channel, .events = POLLIN };

	while (poll(&wait, 1, 1) == 0) {
		int rc = journal_output_rotate(
		    journal->outputs[0], clock_now() + 60 * CLOCK_SECOND);
		assert_in_range(rc, 0, 1);
		if (rc == 1)
			send_journal(channel, journal);
	}
}

/* Oldest first, so that what one thread has emitted comes in its order. */
static int
tally_kept(struct tally *tally)
{
	unsigned count = 0;

	while (access(older(count + 1), F_OK) == 0)
		count++;
	for (unsigned i = count; i > 0; i--) {
		tally_file(tally, older(i));
		assert_int_equal(unlink(older(i)), 0);
	}
	return (int)count;
}

static void
rotation_while_all_write(void **state)
{
	struct tally *tally = tally_begin();
	struct writers writers;
	struct journal journal;
	int channel[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, channel), 0);
	journal_init(&journal);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(channel[0]);
		_exit(live_as_proxy(channel[1]));
	}
	(void)close(channel[1]);
	int fd = journal_output_open(&small, path, 0640);
	assert_int_equal(journal_put(&journal, 0, &small, path, fd), 0);
	send_journal(channel[0], &journal);
	writers_begin(&writers, &journal, 0);
	rotate_until_done(&journal, channel[0]);
	(void)close(channel[0]);
	assert_int_equal(writers_end(&writers, &journal), 0);
	assert_child_is_content(child);
	journal_fini(&journal);
	/* How often, the scheduler decides: this side may sleep while they
	 * write all that they have. */
	assert_true(tally_kept(tally) >= 1);
	tally_file(tally, path);
	tally_end(tally);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_processes_one_file),
		TEST(rotation_while_all_write),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
