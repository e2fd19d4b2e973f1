/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/refusal.h"

#include "daemon/call_filter.h"
#include "event/counter.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <ucontext.h>
#include <unistd.h>

/* siginfo_t.si_code (asm-generic/siginfo.h); some C libraries hide it. */
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

/* Above the last number of any kernel of today; what is beyond counts as the
 * last one. */
#define CALLS_MAX 1024

static struct {
	const char *program;
	_Atomic int wake_fd; /* -1: nobody is told */
	bool says;           /* in the handler, without a loop */
	atomic_uint refused[CALLS_MAX];
	bool told[CALLS_MAX]; /* the loop's */
} state = { .wake_fd = -1 };

/* ---- in the handler ---- */

/* False where it is not known how; the call would seem to have succeeded. */
static bool
let_fail(void *context, int error)
{
	ucontext_t *user = context;

#if defined(__x86_64__)
	user->uc_mcontext.gregs[REG_RAX] = -error;
	return true;
#elif defined(__aarch64__)
	user->uc_mcontext.regs[0] = (unsigned long long)-error;
	return true;
#else
	(void)user;
	(void)error;
	return false;
#endif
}

/* Only write(2) and _exit(2) may be called here. */
static void
say(const char *words)
{
	size_t len = 0;

	while (words[len] != '\0')
		len++;
	(void)!write(STDERR_FILENO, words, len);
}

_Noreturn static void
end(const char *call)
{
	say(state.program);
	say(": the system call ");
	say(call);
	say(" is none of this program's: it ends\n");
	_exit(REFUSAL_STATUS);
}

static void
say_refused(unsigned number)
{
	char digits[12];
	size_t at = sizeof(digits);

	digits[--at] = '\0';
	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	say(state.program);
	say(": the system call ");
	say(&digits[at]);
	say(" was refused\n");
}

static void
note(int number)
{
	unsigned at = number >= 0 && number < CALLS_MAX ? (unsigned)number
							: CALLS_MAX - 1;
	int wake_fd = atomic_load(&state.wake_fd);
	uint64_t one = 1;

	atomic_fetch_add(&state.refused[at], 1);
	if (wake_fd >= 0)
		(void)!write(wake_fd, &one, sizeof(one));
	if (state.says)
		say_refused(at);
}

static void
on_refusal(int signo, siginfo_t *info, void *context)
{
	int before = errno;

	(void)signo;
	if (info->si_code != SYS_SECCOMP)
		return; /* somebody's kill(2): no call is refused */
	const char *never = call_filter_never(info->si_syscall);
	if (never != NULL || !let_fail(context, EPERM))
		end(never != NULL ? never : "that was refused");
	note(info->si_syscall);
	errno = before;
}

/* ---- in the loop ---- */

static void
tell(const struct refusal_watch *watch, unsigned number)
{
	char *name = call_filter_name((int)number);
	char digits[16];

	(void)snprintf(digits, sizeof(digits), "%u", number);
	watch->fn(watch->context, name != NULL ? name : digits);
	free(name);
}

static void
on_wake(struct loop_watch *loop_watch, unsigned ready)
{
	struct refusal_watch *watch = loop_watch->context;
	uint64_t some;

	(void)ready;
	(void)!read(loop_watch->fd, &some, sizeof(some));
	for (unsigned i = 0; i < CALLS_MAX; i++) {
		unsigned now = atomic_exchange(&state.refused[i], 0);
		counter_add(COUNTER_CALLS_REFUSED, now);
		if (now == 0 || state.told[i])
			continue;
		state.told[i] = true;
		tell(watch, i);
	}
}

/* ---- life ---- */

static int
handle(void)
{
	struct sigaction action = {
		.sa_sigaction = on_refusal,
		.sa_flags = SA_SIGINFO | SA_RESTART,
	};

	(void)sigemptyset(&action.sa_mask);
	return sigaction(SIGSYS, &action, NULL) < 0 ? -errno : 0;
}

int
refusal_open(struct loop *loop, const char *program,
    struct refusal_watch *watch, refusal_fn fn, void *context)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	*watch = (struct refusal_watch){
		.watch = { .fd = fd,
		    .wanted = LOOP_READ,
		    .fn = on_wake,
		    .context = watch },
		.fn = fn,
		.context = context,
	};
	state.program = program;
	int rc = handle();
	if (rc == 0)
		rc = loop_watch_start(loop, &watch->watch);
	if (rc < 0)
		(void)close(fd);
	else
		atomic_store(&state.wake_fd, fd);
	return rc;
}

int
refusal_say(const char *program)
{
	state.program = program;
	state.says = true;
	return handle();
}

void
refusal_close(struct refusal_watch *watch)
{
	int fd = atomic_exchange(&state.wake_fd, -1);

	if (fd < 0)
		return;
	loop_watch_stop(&watch->watch);
	(void)close(fd);
}
