/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/host_calls: the system calls of gatehoused and of gatehouse-pam alike,
 * which read what the host has in its files, begin processes, and map code.
 */
#include "daemon/call_row.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define CLONE_NAMESPACES                                                       \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |         \
	    CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static const struct call_row rows[] = {
	/* Files by their paths. */
	CALL(openat),
	CALL(newfstatat),
	CALL(stat),
	CALL(lstat),
	CALL(access),
	CALL(faccessat),
	CALL(faccessat2),
	CALL(readlink),
	CALL(readlinkat),
	CALL(getcwd),
	CALL(umask),
	CALL(statfs),
	CALL(fstatfs),
	CALL(fadvise64),
	CALL_1(fcntl, IS(1, F_DUPFD)),
	CALL_1(fcntl, IS(1, F_SETLK)),
	/* Is it a terminal? */
	CALL_1(ioctl, IS(1, TCGETS)),

	/* Other daemons of the host. */
	CALL_1(socket, IS(0, AF_UNIX)),
	CALL_1(socketpair, IS(0, AF_UNIX)),
	CALL(setsockopt),
	CALL(getsockopt),
	CALL(sendmmsg),
	CALL(recvmmsg),
	CALL(select),
	CALL(pselect6),

	/* A process or a thread, in the namespaces of this one. */
	CALL_1(clone, BITS(0, CLONE_NAMESPACES, 0)),
	CALL(wait4),
	CALL(kill),
	CALL(tgkill),
	CALL(rt_sigaction),
	CALL(sigaltstack),
	CALL(getppid),
	CALL(dup),
	CALL(dup2),
	CALL(dup3),
	CALL(getrlimit),
	CALL_1(prctl, IS(0, PR_SET_PDEATHSIG)),

	/* Libraries; one of them is libcap-ng, by way of libaudit. */
	CALL(mmap),
	CALL(mprotect),
	CALL(arch_prctl),
	CALL_1(prctl, IS(0, PR_CAPBSET_READ)),
	CALL_1(prctl, IS(0, PR_GET_DUMPABLE)),
};

const struct call_list host_calls = { rows, sizeof(rows) / sizeof(rows[0]) };
