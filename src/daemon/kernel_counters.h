/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon/kernel_counters: what the kernel has counted, by the counters' names.
 *
 * Read at once for `status`; and before our table is replaced by one for the
 * same policy, which then goes on counting where the old one was.
 */
#ifndef GATEHOUSE_DAEMON_KERNEL_COUNTERS_H
#define GATEHOUSE_DAEMON_KERNEL_COUNTERS_H

#include "base/arena.h"
#include "base/map.h"

struct kernel_counter {
	struct kernel_counter *next;
	uint64_t packets;
	uint64_t bytes;
	struct str name;
};

struct kernel_counters {
	struct arena arena;
	struct map by_name;
	struct kernel_counter *all, **end; /* in the kernel's order */
};

/* What cannot be read is left out; kernel_counters_fini in any case. */
void kernel_counters_read(struct kernel_counters *ret);
void kernel_counters_fini(struct kernel_counters *counters);

/* NULL: there is none of this name. */
const struct kernel_counter *kernel_counters_find(
    const struct kernel_counters *counters, const char *name);

#endif
