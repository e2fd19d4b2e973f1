/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec/denied_calls: the system calls that a sandboxed command may not make.
 *
 * A list of what is refused, by seccomp, and each with an error that programs
 * know: any program is to run, so what it may call is not known; only what
 * would lead past its network is.  All that is left is the kernel's, whose
 * namespaces and users bound it.
 *
 * By a filter of our own making: it is loaded each time that a command is
 * started, and is built in microseconds.
 */
#ifndef GATEHOUSE_EXEC_DENIED_CALLS_H
#define GATEHOUSE_EXEC_DENIED_CALLS_H

#include <stdbool.h>

/*
 * For this thread and all that comes of it, for good; no_new_privs is set.
 * `unix_sockets`: sockets of files may be used, and with them whatever of the
 * host listens on one.  0, or a negative errno: -ENOTSUP: not of this machine.
 */
int denied_calls_load(bool unix_sockets);

#endif
