/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/call_filter.h"

#include "version.h"

#include <errno.h>

#if GATEHOUSE_SANDBOX

#include <seccomp.h>
#include <string.h>

/*
 * What none of our code nor of the libraries' has any reason to try, and what
 * somebody who has come in begins with.  All that may be asked of the kernel
 * and is in no list is refused as well; these end the process.
 */
#define NEVER(ROW)                                                             \
	ROW(acct)                                                              \
	ROW(add_key)                                                           \
	ROW(chroot)                                                            \
	ROW(delete_module)                                                     \
	ROW(finit_module)                                                      \
	ROW(init_module)                                                       \
	ROW(io_uring_setup)                                                    \
	ROW(kcmp)                                                              \
	ROW(kexec_file_load)                                                   \
	ROW(kexec_load)                                                        \
	ROW(keyctl)                                                            \
	ROW(mount)                                                             \
	ROW(move_mount)                                                        \
	ROW(name_to_handle_at)                                                 \
	ROW(open_by_handle_at)                                                 \
	ROW(open_tree)                                                         \
	ROW(perf_event_open)                                                   \
	ROW(pivot_root)                                                        \
	ROW(process_madvise)                                                   \
	ROW(process_vm_readv)                                                  \
	ROW(process_vm_writev)                                                 \
	ROW(ptrace)                                                            \
	ROW(reboot)                                                            \
	ROW(request_key)                                                       \
	ROW(setns)                                                             \
	ROW(swapoff)                                                           \
	ROW(swapon)                                                            \
	ROW(umount2)                                                           \
	ROW(unshare)                                                           \
	ROW(userfaultfd)                                                       \
	/* The proxy's alone: in gatehoused rows allow them. */                \
	ROW(bpf)                                                               \
	ROW(execve)                                                            \
	ROW(execveat)                                                          \
	ROW(fork)                                                              \
	ROW(vfork)

const char *
call_filter_never(int number)
{
	static const struct {
		int number;
		const char *name;
	} never[] = {
#define ROW(name) { SCMP_SYS(name), #name },
		NEVER(ROW)
#undef ROW
	};

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (never[i].number == number)
			return never[i].name;
	return NULL;
}

char *
call_filter_name(int number)
{
	return seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
}

static int
add_row(scmp_filter_ctx filter, const struct call_row *row)
{
	struct scmp_arg_cmp conditions[CALL_CONDITIONS_MAX];
	int number = seccomp_syscall_resolve_name(row->name);
	uint32_t action = row->error != 0 ? SCMP_ACT_ERRNO((uint32_t)row->error)
					  : SCMP_ACT_ALLOW;

	/* Not of this machine, or newer than the library. */
	if (number == __NR_SCMP_ERROR)
		return 0;
	for (unsigned i = 0; i < row->count; i++)
		conditions[i] = (struct scmp_arg_cmp){
			.arg = row->conditions[i].argument,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = row->conditions[i].mask,
			.datum_b = row->conditions[i].value,
		};
	int rc = seccomp_rule_add_array(
	    filter, action, number, row->count, conditions);
	/* Of another architecture. */
	return rc == -EDOM ? 0 : rc;
}

static int
add_list(scmp_filter_ctx filter, const struct call_list *list)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < list->count; i++)
		rc = add_row(filter, &list->rows[i]);
	return rc;
}

/* Calls of another machine's numbers (32 bits, x32) are a way past lists. */
static int
set_up(scmp_filter_ctx filter)
{
	int rc = seccomp_attr_set(
	    filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 1);
	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	/* Where the kernel runs it at all, by halving and not row by row. */
	return rc < 0 ? rc
		      : seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
}

int
call_filter_load(const struct call_list *lists, size_t count)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);

	if (filter == NULL)
		return -ENOMEM;
	int rc = set_up(filter);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = add_list(filter, &lists[i]);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

#else

const char *
call_filter_never(int number)
{
	(void)number;
	return NULL;
}

char *
call_filter_name(int number)
{
	(void)number;
	return NULL;
}

int
call_filter_load(const struct call_list *lists, size_t count)
{
	(void)lists;
	(void)count;
	return -ENOTSUP;
}

#endif
