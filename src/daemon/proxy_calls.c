/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/proxy_calls: the system calls of gatehouse-proxy, once it has begun.
 *
 * Measured by scripts/calls over tests/story, then argued: each group says what
 * it is there for.  Rows that were never counted there are what other versions
 * of the C library take in the place of one that was (fstat, ppoll, readv), or
 * are taken when something has gone wrong (tgkill, sched_yield).  What is not
 * here the proxy has no need of: no file by its path, no new program or
 * process, no socket but TCP and UDP, no listener, no memory that can be
 * executed, no other process, no key, no device.
 */
#include "daemon/call_row.h"
#include "daemon/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* A thread and nothing else: no process, and no namespace. */
#define CLONE_ALL                                                              \
	(CLONE_VM | CLONE_THREAD | CLONE_NEWNS | CLONE_NEWCGROUP |             \
	    CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |       \
	    CLONE_NEWNET)

#define SOCKET_TYPE (0xffffffffu & ~(unsigned)(SOCK_NONBLOCK | SOCK_CLOEXEC))

#define SOCKETS(family)                                                        \
	CALL_3(socket, IS(0, family), BITS(1, SOCKET_TYPE, SOCK_STREAM),       \
	    IS(2, 0)),                                                         \
	    CALL_3(socket, IS(0, family), BITS(1, SOCKET_TYPE, SOCK_STREAM),   \
		IS(2, IPPROTO_TCP)),                                           \
	    CALL_3(socket, IS(0, family), BITS(1, SOCKET_TYPE, SOCK_DGRAM),    \
		IS(2, 0)),                                                     \
	    CALL_3(socket, IS(0, family), BITS(1, SOCKET_TYPE, SOCK_DGRAM),    \
		IS(2, IPPROTO_UDP))

#define SET(level, option) CALL_2(setsockopt, IS(1, level), IS(2, option))
#define GET(level, option) CALL_2(getsockopt, IS(1, level), IS(2, option))

static const struct call_row rows[] = {
	/* What each request makes.  Without conditions, so that the kernel
	 * does not run the filter for them. */
	CALL(epoll_wait),
	CALL(epoll_pwait),
	CALL(epoll_ctl),
	CALL(accept4),
	CALL(recvfrom),
	CALL(recvmmsg),
	CALL(recvmsg),
	CALL(sendto),
	CALL(sendmmsg),
	CALL(sendmsg),
	CALL(read),
	CALL(readv),
	CALL(write),
	CALL(writev),
	CALL(close),
	CALL(connect),
	CALL(shutdown),
	CALL(getsockname),
	CALL(getpeername),
	CALL(futex),

	/* Sockets: TCP and UDP.  Netlink, packet and Unix sockets are others'
	 * affairs, and so is a listener: they come from gatehoused. */
	SOCKETS(AF_INET),
	SOCKETS(AF_INET6),
	/* Those that rules, keep-alive, tunnels and c-ares ask for.  Never
	 * SO_LINGER: gatehoused closes what it is shown, and would wait for
	 * the peer of who has come in here. */
	SET(SOL_SOCKET, SO_KEEPALIVE),
	SET(SOL_SOCKET, SO_RCVLOWAT),
	SET(SOL_SOCKET, SO_RCVBUF),
	SET(SOL_SOCKET, SO_SNDBUF),
	SET(IPPROTO_TCP, TCP_NODELAY),
	SET(IPPROTO_TCP, TCP_KEEPIDLE),
	SET(IPPROTO_TCP, TCP_KEEPINTVL),
	SET(IPPROTO_TCP, TCP_KEEPCNT),
	SET(IPPROTO_TCP, TCP_USER_TIMEOUT),
	/* A connection from one of the gateway's addresses; the port is the
	 * kernel's choice (daemon/landlock). */
	CALL(bind),
	SET(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
	GET(SOL_SOCKET, SO_ERROR),
	GET(SOL_SOCKET, SO_TYPE),

	/* Tunnels, and bodies that nobody looks at, go by pipes; so does what
	 * the cache has in memory, without being given away. */
	CALL(splice),
	CALL_1(vmsplice, IS(3, SPLICE_F_NONBLOCK)),
	CALL(pipe2),
	CALL_1(fcntl, IS(1, F_SETPIPE_SZ)),
	CALL_1(fcntl, IS(1, F_GETPIPE_SZ)),

	/* Descriptors.  Not F_SETOWN, F_SETSIG, F_NOTIFY or leases. */
	CALL_1(fcntl, IS(1, F_GETFL)),
	CALL_1(fcntl, IS(1, F_SETFL)),
	CALL_1(fcntl, IS(1, F_GETFD)),
	CALL_1(fcntl, IS(1, F_SETFD)),
	CALL_1(fcntl, IS(1, F_DUPFD_CLOEXEC)),
	/* fstat(3) goes by it.  A path may come with it, so this could tell
	 * which files there are, as far as the user may know; no more. */
	CALL_1(newfstatat, IS(3, AT_EMPTY_PATH)),
	CALL(fstat),
	CALL(lseek),
	CALL(pread64),
	/* The host's files, as gatehoused hands them on. */
	CALL_1(dup3, IS(1, CHANNEL_SERVERS_FD)),
	CALL_1(dup3, IS(1, CHANNEL_AUTHORITIES_FD)),

	/* The cache's disk.  Whole paths are refused whichever directory they
	 * come with: by Landlock (daemon/landlock). */
	CALL_1(openat, IS(0, CHANNEL_FOLDER_FD)),
	CALL_1(unlinkat, IS(0, CHANNEL_FOLDER_FD)),
	CALL(getdents64),
	CALL(pwrite64),
	CALL(pwritev),
	CALL(ftruncate),
	CALL(fdatasync),
	CALL(flock),

	/* Memory: none that can be executed.  What is mapped when the filter
	 * comes stays so. */
	CALL(brk),
	CALL(munmap),
	CALL(mremap),
	CALL(madvise),
	CALL_1(mmap, BITS(2, PROT_EXEC, 0)),
	CALL_1(mprotect, BITS(2, PROT_EXEC, 0)),

	/* Threads: workers, readers of the disk, checkers of passwords. */
	CALL_1(clone, BITS(0, CLONE_ALL, CLONE_VM | CLONE_THREAD)),
	/* Its flags lie in memory; the C library then takes clone. */
	CALL_FAILS(clone3, ENOSYS),
	CALL(set_robust_list),
	CALL(rseq),
	CALL(set_tid_address),
	CALL(gettid),
	CALL(getpid),
	CALL(exit),
	CALL(exit_group),
	CALL(sched_getaffinity),
	CALL(sched_yield),
	/* What is compressed with care gives way to all others. */
	CALL_3(setpriority, IS(0, PRIO_PROCESS), IS(1, 0), IS(2, 19)),
	/* Newer C libraries name their maps for /proc/PID/maps. */
	CALL_1(prctl, IS(0, PR_SET_VMA)),

	/* Loops: eventfd(2) and the answer to a lost epoll_wait. */
	CALL(eventfd2),
	CALL(epoll_create1),
	CALL(poll),
	CALL(ppoll),

	/* Signals.  SIGSYS stays as it is: who could change what becomes of a
	 * refused call would not be told of.  SIGPIPE is asked for by
	 * net/pipe. */
	CALL(rt_sigprocmask),
	CALL(rt_sigreturn),
	CALL(restart_syscall),
	CALL_1(rt_sigaction, IS(0, SIGPIPE)),
	/* The C library's own two, taken with the first thread. */
	CALL_1(rt_sigaction, IS(0, 32)),
	CALL_1(rt_sigaction, IS(0, 33)),
	/* abort(3): `must`, and the C library that found its heap broken. */
	CALL_1(rt_sigaction, IS(0, SIGABRT)),
	CALL_1(tgkill, IS(2, SIGABRT)),

	/* The clock, where the kernel has it not mapped; random bytes. */
	CALL(clock_gettime),
	CALL(gettimeofday),
	CALL(clock_nanosleep),
	CALL(getrandom),
	/* OpenSSL and c-ares ask who they are, before they trust the
	 * environment. */
	CALL(getuid),
	CALL(geteuid),
	CALL(getgid),
	CALL(getegid),
	/* yescrypt and the allocator ask how much there is. */
	CALL(sysinfo),
	CALL(uname),
};

const struct call_list proxy_calls = { rows, sizeof(rows) / sizeof(rows[0]) };
