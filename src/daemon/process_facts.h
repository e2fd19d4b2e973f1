/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/process_facts: what the kernel tells of a process in /proc.
 */
#ifndef GATEHOUSE_DAEMON_PROCESS_FACTS_H
#define GATEHOUSE_DAEMON_PROCESS_FACTS_H

#include "console/metrics.h"

#include <sys/types.h>

/*
 * 0, or a negative errno: the process has gone, or /proc is not there.  The
 * descriptors of another user's process cannot be counted, and are -1 then.
 */
int process_facts_read(
    pid_t pid, const char *name, struct metrics_process *ret);

#endif
