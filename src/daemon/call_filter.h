/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/call_filter: the system calls that a process may make.
 *
 * A list of what is allowed, by seccomp: rows of a call and of what its
 * arguments must be, where that matters.  Whatever is in no row is refused and
 * told of (daemon/refusal).  Arguments that are pointers cannot be looked at.
 *
 * The kernel keeps, for each filter, which calls are allowed whatever their
 * arguments, and does not run the filter for those: rows without conditions
 * cost 40 ns a call, with both lists over each other, and others 150 (of about
 * 110 for a call that does nothing).  To load a list takes a millisecond.
 *
 * Built with -Dsandbox=disabled, or with a sanitizer, whose threads and maps
 * are none of the list's, there is none, and `gatehouse status` says so.
 */
#ifndef GATEHOUSE_DAEMON_CALL_FILTER_H
#define GATEHOUSE_DAEMON_CALL_FILTER_H

#include "daemon/call_list.h"

/*
 * For all threads of the process and for its children, for good; SIGSYS is
 * handled already and no_new_privs set.  What is in one of the lists is
 * allowed.  0, or a negative errno: -ENOTSUP: it was built without.
 */
int call_filter_load(const struct call_list *lists, size_t count);

/* The name of a call that ends the process, static, or NULL.  Safe in a signal
 * handler. */
const char *call_filter_never(int number);

/* The name of a call, to be freed; NULL if it is not known. */
char *call_filter_name(int number);

#endif
