/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exec/denied_calls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define MACHINE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define MACHINE AUDIT_ARCH_PPC64LE
#elif defined(__loongarch__)
#define MACHINE AUDIT_ARCH_LOONGARCH64
#else
#define MACHINE 0u /* numbers of arguments were not tried there */
#endif

/* x32, whose numbers are those of x86-64 with this bit. */
#define X32_BIT 0x40000000u

/* Not in the headers of Debian 12, or not in all of them. */
#define PROTOCOL_MPTCP 262
#define NEW_TIME       0x00000080u

#define NAMESPACES                                                             \
	((unsigned)CLONE_NEWNS | (unsigned)CLONE_NEWCGROUP |                   \
	    (unsigned)CLONE_NEWUTS | (unsigned)CLONE_NEWIPC |                  \
	    (unsigned)CLONE_NEWUSER | (unsigned)CLONE_NEWPID |                 \
	    (unsigned)CLONE_NEWNET)

/* Of a socket's type, without flags. */
#define TYPE_MASK 0xfu

enum test {
	TEST_ALWAYS,
	TEST_IS,     /* the argument & mask is the value */
	TEST_IS_NOT, /* or is not */
	TEST_BITS,   /* it has any bit of the value */
};

/* Only the lower half of an argument: these are the kernel's ints. */
struct denial {
	int number;
	enum test test;
	unsigned argument;
	uint32_t mask, value;
	int error;
};

static const struct denial denials[] = {
	/* Another network is another namespace away. */
	{ SYS_setns, TEST_ALWAYS, 0, 0, 0, EPERM },
	{ SYS_unshare, TEST_BITS, 0, 0, NAMESPACES | NEW_TIME, EPERM },
	{ SYS_clone, TEST_BITS, 0, 0, NAMESPACES, EPERM },
	/* Its flags lie in memory; C libraries take clone then. */
	{ SYS_clone3, TEST_ALWAYS, 0, 0, 0, ENOSYS },
	/* It makes sockets, past this filter. */
	{ SYS_io_uring_setup, TEST_ALWAYS, 0, 0, 0, ENOSYS },
	{ SYS_io_uring_enter, TEST_ALWAYS, 0, 0, 0, ENOSYS },
	{ SYS_io_uring_register, TEST_ALWAYS, 0, 0, 0, ENOSYS },
	/* A key can be a name that the host is made to resolve. */
	{ SYS_add_key, TEST_ALWAYS, 0, 0, 0, EPERM },
	{ SYS_request_key, TEST_ALWAYS, 0, 0, 0, EPERM },
	{ SYS_keyctl, TEST_ALWAYS, 0, 0, 0, EPERM },
	{ SYS_bpf, TEST_ALWAYS, 0, 0, 0, EPERM },
	{ SYS_perf_event_open, TEST_ALWAYS, 0, 0, 0, EPERM },
	{ SYS_userfaultfd, TEST_ALWAYS, 0, 0, 0, EPERM },
	/* Words put into the terminal are read by the shell, outside. */
	{ SYS_ioctl, TEST_IS, 1, ~0u, TIOCSTI, EPERM },
	{ SYS_ioctl, TEST_IS, 1, ~0u, TIOCLINUX, EPERM },
	/* One that was made as a pair sends to any other; a stream does not.
	 * Raw ones of files are datagrams by another name (unix(7)). */
	{ SYS_socketpair, TEST_IS_NOT, 0, ~0u, AF_UNIX, EAFNOSUPPORT },
	{ SYS_socketpair, TEST_IS, 1, TYPE_MASK, SOCK_DGRAM, EPROTONOSUPPORT },
	{ SYS_socketpair, TEST_IS, 1, TYPE_MASK, SOCK_RAW, EPROTONOSUPPORT },
};

#define DENIALS (sizeof(denials) / sizeof(denials[0]))

/* What is below, and what `socket` takes. */
#define PROGRAM_MAX (8 + DENIALS * 5 + 32)

struct program {
	struct sock_filter items[PROGRAM_MAX];
	unsigned short len;
};

/* ---- instructions ---- */

static void
put(struct program *program, uint16_t code, uint32_t k, unsigned yes,
    unsigned no)
{
	program->items[program->len++] = (struct sock_filter){
		.code = code, .jt = (uint8_t)yes, .jf = (uint8_t)no, .k = k
	};
}

static void
load(struct program *program, size_t offset)
{
	put(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void
load_argument(struct program *program, unsigned which)
{
	size_t low = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0;

	load(program, offsetof(struct seccomp_data, args) +
			  which * sizeof(uint64_t) + low);
}

/* Passes over so many instructions unless (or if) it is this. */
static void
skip_unless(struct program *program, uint32_t value, unsigned count)
{
	put(program, BPF_JMP | BPF_JEQ | BPF_K, value, 0, count);
}

static void
skip_if(struct program *program, uint32_t value, unsigned count)
{
	put(program, BPF_JMP | BPF_JEQ | BPF_K, value, count, 0);
}

static void
give(struct program *program, uint32_t action)
{
	put(program, BPF_RET | BPF_K, action, 0, 0);
}

static void
give_error(struct program *program, int error)
{
	give(program, SECCOMP_RET_ERRNO | (uint32_t)error);
}

/* ---- the filter ---- */

/* Calls of another machine's numbers are a way past all of it. */
static void
put_head(struct program *program)
{
	load(program, offsetof(struct seccomp_data, arch));
	skip_if(program, MACHINE, 1);
	give(program, SECCOMP_RET_KILL_PROCESS);
	load(program, offsetof(struct seccomp_data, nr));
#if defined(__x86_64__)
	put(program, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	give(program, SECCOMP_RET_KILL_PROCESS);
#endif
}

/* Expects the number to be loaded, and leaves it so. */
static void
put_denial(struct program *program, const struct denial *denial)
{
	switch (denial->test) {
	case TEST_ALWAYS:
		skip_unless(program, (uint32_t)denial->number, 1);
		give_error(program, denial->error);
		return;
	case TEST_IS:
	case TEST_IS_NOT:
		skip_unless(program, (uint32_t)denial->number, 5);
		load_argument(program, denial->argument);
		put(program, BPF_ALU | BPF_AND | BPF_K, denial->mask, 0, 0);
		if (denial->test == TEST_IS)
			skip_unless(program, denial->value, 1);
		else
			skip_if(program, denial->value, 1);
		break;
	case TEST_BITS:
		skip_unless(program, (uint32_t)denial->number, 4);
		load_argument(program, denial->argument);
		put(program, BPF_JMP | BPF_JSET | BPF_K, denial->value, 0, 1);
		break;
	}
	give_error(program, denial->error);
	load(program, offsetof(struct seccomp_data, nr));
}

/*
 * The kernel's own words of its interfaces, which may be read, and sockets of
 * files, if they may be used.  Expects the family to be loaded, and leaves it
 * so for others.
 */
static void
put_local_families(struct program *program, bool unix_sockets)
{
	skip_unless(program, AF_UNIX, 1);
	if (unix_sockets)
		give(program, SECCOMP_RET_ALLOW);
	else
		give_error(program, EAFNOSUPPORT);
	skip_unless(program, AF_NETLINK, 4);
	load_argument(program, 2);
	skip_unless(program, NETLINK_ROUTE, 1);
	give(program, SECCOMP_RET_ALLOW);
	give_error(program, EPROTONOSUPPORT);
}

/* TCP and UDP.  Protocol 0 is the one of the type. */
static void
put_protocols(struct program *program)
{
	load_argument(program, 1);
	put(program, BPF_ALU | BPF_AND | BPF_K, TYPE_MASK, 0, 0);
	skip_unless(program, SOCK_STREAM, 5);
	load_argument(program, 2);
	skip_if(program, 0, 7);
	skip_if(program, IPPROTO_TCP, 6);
	skip_if(program, PROTOCOL_MPTCP, 5);
	give_error(program, EPROTONOSUPPORT);
	skip_unless(program, SOCK_DGRAM, 4);
	load_argument(program, 2);
	skip_if(program, 0, 1);
	skip_unless(program, IPPROTO_UDP, 2);
	give(program, SECCOMP_RET_ALLOW);
	give_error(program, EPERM);
	give_error(program, EPROTONOSUPPORT);
}

/*
 * What the namespace leads to the proxy, and little else.  The rest (packets,
 * raw IP, VSOCK, SCTP, ...) is of no protocol that is carried, or of no
 * namespace at all.
 */
static void
put_socket(struct program *program, bool unix_sockets)
{
	skip_if(program, SYS_socket, 1);
	give(program, SECCOMP_RET_ALLOW);
	load_argument(program, 0);
	put_local_families(program, unix_sockets);
	skip_if(program, AF_INET, 2);
	skip_if(program, AF_INET6, 1);
	give_error(program, EAFNOSUPPORT);
	put_protocols(program);
}

int
denied_calls_load(bool unix_sockets)
{
	struct program program = { .len = 0 };

	if (MACHINE == 0)
		return -ENOTSUP;
	put_head(&program);
	for (size_t i = 0; i < DENIALS; i++)
		put_denial(&program, &denials[i]);
	put_socket(&program, unix_sockets);
	const struct sock_fprog filter = { program.len, program.items };
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0 ? -errno
								       : 0;
}
