/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sandbox of the proxy, in a child that enters it and tries: every call
 * that is never its own ends it, a thread still begins, and the folder is the
 * only one.  From inside of the true processes, tests/story/test_0180_sandbox
 * tries more.
 */
#include "daemon/sandbox.h"

#include "daemon/call_filter.h"
#include "daemon/refusal.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void
nobody(void *context, const char *call)
{
	(void)context;
	(void)call;
}

/* What the child ends with. */
static int
in_sandbox(int (*try)(long number), long number)
{
	static struct loop loop;
	struct refusal_watch watch;
	struct sandbox sandbox;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		if (loop_init(&loop) < 0 ||
		    refusal_open(&loop, "test", &watch, nobody, NULL) < 0)
			_exit(99);
		sandbox_enter_proxy(-1, &sandbox);
		_exit(sandbox.filter == 0 ? 98 : try(number));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* 0, or the errno that it failed with. */
static int
call(long number)
{
	return syscall(number, 0, 0, 0, 0, 0, 0) < 0 ? errno : 0;
}

static void
what_is_never_its_own_ends_it(void **state)
{
	int count = 0;

	(void)state;
	for (int number = 0; number < 512; number++) {
		if (call_filter_never(number) == NULL)
			continue;
		assert_int_equal(in_sandbox(call, number), REFUSAL_STATUS);
		count++;
	}
	assert_true(count > 25);
}

static void
what_it_does_not_need_fails(void **state)
{
	static const long numbers[] = { SYS_openat, SYS_socket, SYS_listen,
		SYS_kill, SYS_setuid, SYS_capset, SYS_memfd_create, SYS_seccomp,
		SYS_landlock_create_ruleset, SYS_sched_setscheduler, SYS_mlock,
		SYS_shmget, SYS_msgget, SYS_semget, SYS_mq_open,
		SYS_inotify_init1, SYS_fanotify_init, SYS_timer_create,
		SYS_prctl, SYS_linkat, SYS_symlinkat, SYS_fchmod, SYS_mknodat };

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		assert_int_equal(in_sandbox(call, numbers[i]), EPERM);
}

static void *
thread(void *context)
{
	*(int *)context = call(SYS_memfd_create);
	return NULL;
}

/* Also where a thread blocks all that it may. */
static int
start_thread(long number)
{
	sigset_t all;
	pthread_t one;
	int rc = -1;

	(void)number;
	(void)sigfillset(&all);
	(void)sigdelset(&all, SIGSYS);
	(void)pthread_sigmask(SIG_SETMASK, &all, NULL);
	if (pthread_create(&one, NULL, thread, &rc) != 0 ||
	    pthread_join(one, NULL) != 0)
		return 97;
	return rc;
}

static void
a_thread_begins_and_is_refused_as_well(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(start_thread, 0), EPERM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_never_its_own_ends_it),
		cmocka_unit_test(what_it_does_not_need_fails),
		cmocka_unit_test(a_thread_begins_and_is_refused_as_well),
	};

	/* Built without it there is nothing to try. */
	return GATEHOUSE_SANDBOX ? cmocka_run_group_tests(tests, NULL, NULL)
				 : 77;
}
