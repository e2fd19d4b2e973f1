/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/control_fds: what is sent in pieces arrives whole and in its order. */
#include "daemon/control_fds.h"

#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void
open_pair(int pair[static 2])
{
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
}

/* A file that holds its number. */
static int
open_file(unsigned number)
{
	char text[16];
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0);
	int len = snprintf(text, sizeof(text), "%u", number);
	assert_int_equal(write(fd, text, (size_t)len), len);
	return fd;
}

static unsigned
number_in(int fd)
{
	char text[16] = "";

	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	return (unsigned)strtoul(text, NULL, 10);
}

static void
open_files(struct control_fds *fds, struct text *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(VEC_ADD(fds, open_file(i)), 0);
		text_addf(names, "%u", i);
		text_addc(names, '\0');
	}
}

static void
check_round(unsigned count)
{
	struct control_fds sent = { 0 }, got = { 0 };
	struct text names = TEXT_EMPTY, answer = TEXT_EMPTY;
	int pair[2];

	open_pair(pair);
	text_addz(&names, "0\n");
	open_files(&sent, &names, count);
	assert_int_equal(control_fds_send(pair[0], text_str(&names), &sent), 0);
	(void)close(pair[0]);
	assert_int_equal(control_fds_receive(pair[1], &answer, &got), 0);
	assert_int_equal(answer.len, names.len);
	assert_memory_equal(answer.at, names.at, names.len);
	assert_int_equal(got.count, count);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(number_in(got.items[i]), i);
		assert_true(fcntl(got.items[i], F_GETFD) & FD_CLOEXEC);
	}
	(void)close(pair[1]);
	control_fds_fini(&sent);
	control_fds_fini(&got);
	text_fini(&names);
	text_fini(&answer);
}

/* One message's worth, one more, and as many as there may be. */
static void
rounds(void **state)
{
	static const unsigned counts[] = { 1, 2, 31, 32, 33, 64, 65, 200,
		CONTROL_FDS_MAX };
	struct rlimit many = { 4 * CONTROL_FDS_MAX, 4 * CONTROL_FDS_MAX };

	(void)state;
	(void)setrlimit(RLIMIT_NOFILE, &many);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		check_round(counts[i]);
}

/* A plain answer comes the same way, and nothing with it. */
static void
without_files(void **state)
{
	struct control_fds got = { 0 };
	struct text answer = TEXT_EMPTY;
	int pair[2];

	(void)state;
	open_pair(pair);
	assert_int_equal(write(pair[0], "2\nno\n", 5), 5);
	(void)close(pair[0]);
	assert_int_equal(control_fds_receive(pair[1], &answer, &got), 0);
	assert_string_equal(answer.at, "2\nno\n");
	assert_int_equal(got.count, 0);
	(void)close(pair[1]);
	text_fini(&answer);
}

/* Who sends more than there may be is not believed; all of it is closed. */
static void
too_many(void **state)
{
	struct control_fds sent = { 0 }, got = { 0 };
	struct text names = TEXT_EMPTY, answer = TEXT_EMPTY;
	int pair[2];

	(void)state;
	open_pair(pair);
	open_files(&sent, &names, CONTROL_FDS_MAX + 1);
	assert_int_equal(control_fds_send(pair[0], text_str(&names), &sent), 0);
	(void)close(pair[0]);
	assert_int_equal(control_fds_receive(pair[1], &answer, &got), -E2BIG);
	assert_true(got.count <= CONTROL_FDS_MAX);
	(void)close(pair[1]);
	control_fds_fini(&sent);
	control_fds_fini(&got);
	text_fini(&names);
	text_fini(&answer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rounds),
		cmocka_unit_test(without_files),
		cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
