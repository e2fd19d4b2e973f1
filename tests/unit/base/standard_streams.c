/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No file takes the place of a standard stream. */
#include "base/standard_streams.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* What is opened next, in a process that was started without some of them. */
static int
next_without(unsigned missing)
{
	pid_t child = fork();
	int how = 0;

	if (child == 0) {
		for (int fd = 0; fd <= STDERR_FILENO; fd++)
			if ((missing >> fd & 1) != 0)
				(void)close(fd);
		(void)close(STDERR_FILENO + 1);
		standard_streams_open();
		_exit(open("/", O_PATH));
	}
	assert_true(waitpid(child, &how, 0) == child && WIFEXITED(how));
	return WEXITSTATUS(how);
}

static void
each_has_its_place(void **state)
{
	(void)state;
	for (unsigned missing = 0; missing < 8; missing++)
		assert_int_equal(next_without(missing), STDERR_FILENO + 1);
}

static void
what_is_not_taken_is_seen(void **state)
{
	pid_t child = fork();
	int how = 0;

	(void)state;
	if (child == 0) {
		(void)dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
		bool before = standard_streams_flush();
		(void)fputs("words\n", stdout);
		_exit(before && !standard_streams_flush() ? 0 : 1);
	}
	assert_true(waitpid(child, &how, 0) == child && how == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_place),
		cmocka_unit_test(what_is_not_taken_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
