/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/counters: how often the kernel's rules were met.
 *
 * The named counters of our table, as the compiler names them (one a rule, and
 * some of its own).  Read from the kernel by one dump; nothing else of the
 * table is read, so large sets cost nothing.
 */
#ifndef GATEHOUSE_FIREWALL_COUNTERS_H
#define GATEHOUSE_FIREWALL_COUNTERS_H

#include "base/text.h"

/* The name is lent for the call. */
typedef void (*counters_fn)(
    void *context, struct str name, uint64_t packets, uint64_t bytes);

/*
 * Calls `each` for every counter, in the kernel's order.  0 (also without a
 * table: no counter), or a negative errno.
 */
int counters_read(counters_fn each, void *context);

#endif
