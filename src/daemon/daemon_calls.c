/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/daemon_calls: the system calls of gatehoused, beyond those that
 * gatehouse-pam has as well (daemon/host_calls) and the proxy's.
 *
 * Measured and argued as daemon/proxy_calls, which is allowed here as well: the
 * proxy is a child and inherits this list.  It begins as a program does, with
 * the loader, so gatehoused can execute and map code; what it cannot is trace,
 * look into other processes, change namespaces, mounts, modules or keys, or
 * open a socket of a family that is none of its affairs.
 */
#include "daemon/call_row.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static const struct call_row rows[] = {
	/* Files by their paths: the state and runtime folders, /proc/sys. */
	CALL(unlink),
	CALL(unlinkat),
	CALL(rename),
	CALL(renameat),
	CALL(renameat2),
	CALL(mkdir),
	CALL(mkdirat),
	CALL(fchown),
	CALL(fchmod),
	CALL(chmod),
	CALL(fchmodat),
	CALL(fsync),
	CALL(copy_file_range),
	CALL(sendfile),
	CALL(memfd_create),
	CALL(pipe),
	CALL_1(fcntl, IS(1, F_ADD_SEALS)),
	CALL_1(fcntl, IS(1, F_GET_SEALS)),
	/* How wide is the terminal?  Which interface has this number? */
	CALL_1(ioctl, IS(1, TIOCGWINSZ)),
	CALL_1(ioctl, IS(1, SIOCGIFNAME)),
	CALL_1(ioctl, IS(1, SIOCGIFINDEX)),
	/* The drivers of interfaces, for early drop. */
	CALL_1(ioctl, IS(1, SIOCETHTOOL)),

	/* The kernel's tables, by netlink of any protocol: routes, netfilter,
	 * the diagnosis of sockets.  Listeners, and what bears a client's
	 * address. */
	CALL_1(socket, IS(0, AF_NETLINK)),
	CALL(listen),
	CALL(signalfd4),
	CALL(timerfd_create),
	CALL(timerfd_settime),

	/* Programs and maps of early drop. */
	CALL(bpf),

	/* Its children: the proxy and, for the while of a change, libnftables.
	 */
	CALL(waitid),
	CALL(close_range),
	CALL(pidfd_open),
	CALL(pidfd_send_signal),
	/* The child becomes the proxy: its user, nothing of root's, and the
	 * program with its libraries. */
	CALL(setgroups),
	CALL(setresgid),
	CALL(setresuid),
	CALL(setuid),
	CALL(capget),
	CALL(capset),
	CALL(prlimit64),
	CALL(setrlimit),
	CALL(chdir),
	CALL(execveat),
	CALL_1(prctl, IS(0, PR_CAPBSET_DROP)),
	CALL_1(prctl, IS(0, PR_CAP_AMBIENT)),
	CALL_1(prctl, IS(0, PR_SET_NO_NEW_PRIVS)),
	CALL_1(prctl, IS(0, PR_SET_DUMPABLE)),
	/* The proxy's own sandbox, inside of this one. */
	CALL(seccomp),
	CALL_1(prctl, IS(0, PR_SET_SECCOMP)),
	CALL(landlock_create_ruleset),
	CALL(landlock_add_rule),
	CALL(landlock_restrict_self),
};

const struct call_list daemon_calls = { rows, sizeof(rows) / sizeof(rows[0]) };
