/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/console_thread: the console in gatehouse-proxy, with a thread, a loop
 * and a channel to gatehoused of its own.
 */
#ifndef GATEHOUSE_DAEMON_CONSOLE_THREAD_H
#define GATEHOUSE_DAEMON_CONSOLE_THREAD_H

#include "policy/policy.h"

struct console_thread;

/*
 * Another policy is in force; the descriptors are taken.  The first that has a
 * console starts the thread.  0 or a negative errno.
 */
int console_thread_use(struct console_thread **thread, struct policy *policy,
    const int *fds, size_t count);

/* Ends the thread and waits for it; NULL is fine. */
void console_thread_stop(struct console_thread **thread);

#endif
