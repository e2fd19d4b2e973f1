/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/pam_calls: the system calls of gatehouse-pam and of its modules,
 * beyond those of daemon/host_calls.
 *
 * Modules are other people's code, found by name when they are asked: so files
 * can be read and code be mapped.  What they ask another daemon (sssd, nslcd,
 * winbind, the log) goes by a Unix socket; there is no other network, no new
 * program, and nothing is written (daemon/landlock).
 */
#include "daemon/call_row.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/socket.h>

static const struct call_row rows[] = {
	/* Modules, their configuration, and who is known to the host. */
	CALL(fstat),
	CALL(getdents64),
	CALL(read),
	CALL(readv),
	CALL(pread64),
	CALL(lseek),
	CALL(flock),
	CALL(write),
	CALL(writev),
	CALL(close),
	CALL(pipe2),
	CALL_1(fcntl, IS(1, F_GETFL)),
	CALL_1(fcntl, IS(1, F_SETFL)),
	CALL_1(fcntl, IS(1, F_GETFD)),
	CALL_1(fcntl, IS(1, F_SETFD)),
	CALL_1(fcntl, IS(1, F_DUPFD_CLOEXEC)),
	CALL_1(fcntl, IS(1, F_GETLK)),
	CALL_1(fcntl, IS(1, F_SETLKW)),

	/* Memory. */
	CALL(brk),
	CALL(munmap),
	CALL(mremap),
	CALL(madvise),

	/* Daemons of the host. */
	CALL(connect),
	CALL(sendto),
	CALL(sendmsg),
	CALL(recvfrom),
	CALL(recvmsg),
	CALL(shutdown),
	CALL(getsockname),
	CALL(getpeername),
	CALL(poll),
	CALL(ppoll),
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(epoll_wait),
	CALL(epoll_pwait),

	/* A process for each question. */
	CALL_1(prctl, IS(0, PR_SET_VMA)),
	/* libcap-ng, when it is mapped. */
	CALL_1(prctl, IS(0, PR_GET_SECUREBITS)),
	CALL_1(prctl, IS(0, PR_GET_NO_NEW_PRIVS)),
	CALL_2(prctl, IS(0, PR_CAP_AMBIENT), IS(1, PR_CAP_AMBIENT_IS_SET)),
	CALL(exit),
	CALL(exit_group),
	CALL(futex),
	CALL(set_robust_list),
	CALL(set_tid_address),
	CALL(rseq),
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(restart_syscall),
	CALL(sched_yield),
	CALL(sched_getaffinity),

	/* Who and when it is. */
	CALL(getpid),
	CALL(gettid),
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
	CALL(getresuid),
	CALL(getresgid),
	CALL(getgroups),
	CALL(getsid),
	CALL_1(prlimit64, BITS(2, ~0ull, 0)),
	CALL(uname),
	CALL(sysinfo),
	CALL(clock_gettime),
	CALL(clock_nanosleep),
	CALL(nanosleep),
	CALL(gettimeofday),
	CALL(time),
	CALL(getrandom),
};

/* What modules try and do without: to tell the kernel's audit, and to ask a
 * network that is none of theirs. */
static const struct call_row refused[] = {
	{ .name = "socket",
	    .count = 1,
	    .conditions = { IS(0, AF_NETLINK) },
	    .error = EPROTONOSUPPORT },
	{ .name = "socket",
	    .count = 1,
	    .conditions = { IS(0, AF_INET) },
	    .error = EAFNOSUPPORT },
	{ .name = "socket",
	    .count = 1,
	    .conditions = { IS(0, AF_INET6) },
	    .error = EAFNOSUPPORT },
	CALL_FAILS(setpriority, EPERM),
	CALL_FAILS(keyctl, ENOSYS),
	CALL_FAILS(clone3, ENOSYS),
};

const struct call_list pam_calls = { rows, sizeof(rows) / sizeof(rows[0]) };
const struct call_list pam_calls_refused = { refused,
	sizeof(refused) / sizeof(refused[0]) };
