/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/call_filter.h"

#include "version.h"

#include <errno.h>

#if GATEHOUSE_SANDBOX

#include "base/must.h"
#include "daemon/call_program.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* Rows of calls that this machine does not have, or that are newer than the
 * library, are passed over. */
static size_t
find_places(
    const struct call_list *list, struct call_place *places, size_t room)
{
	size_t found = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct call_row *row = &list->rows[i];
		int number = seccomp_syscall_resolve_name(row->name);
		if (number < 0)
			continue;
		must(found < room);
		places[found++] = (struct call_place){ number, row };
	}
	return found;
}

/* Calls of another machine's numbers (32 bits, x32) are a way past lists; of
 * all threads. */
static int
load(const struct sock_fprog *program)
{
	long rc = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_TSYNC, program);

	if (rc < 0)
		return -errno;
	return rc > 0 ? -ECANCELED : 0; /* a thread that has another one */
}

int
call_filter_load(const struct call_list *lists, size_t count)
{
	static struct call_place places[CALL_PLACES_MAX];
	static struct sock_filter filter[CALL_PROGRAM_MAX];
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += find_places(
		    &lists[i], places + found, CALL_PLACES_MAX - found);
	int len =
	    call_program_write(seccomp_arch_native(), places, found, filter);
	if (len < 0)
		return len;
	return load(&(struct sock_fprog){
	    .len = (unsigned short)len, .filter = filter });
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
