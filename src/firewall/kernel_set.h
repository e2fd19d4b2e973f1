/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/kernel_set: a set of addresses in our table, by raw netlink.
 *
 * Each call puts messages into a batch; nothing happens until that is
 * committed.  A set of intervals takes ranges that are disjoint: merging is
 * our affair (policy/address_set), the kernel's sets are never read back.  As
 * the kernel has it, a range is two elements, its first address and the one
 * behind its last.
 *
 * For private use of src/firewall.
 */
#ifndef GATEHOUSE_FIREWALL_KERNEL_SET_H
#define GATEHOUSE_FIREWALL_KERNEL_SET_H

#include "firewall/batch.h"

#include "base/address.h"
#include "policy/address_set.h"

#define KERNEL_SET_NAME_BYTES 128

struct kernel_set {
	const char *name;
	uint8_t family;
	bool has_intervals;
	bool has_timeouts;
	/* Rules add elements to it, at most so many; 0: they do not. */
	uint32_t size;
};

/* What a message does to elements. */
enum kernel_set_change {
	KERNEL_SET_ADD,
	KERNEL_SET_HAVE, /* the same, but what is there stays as it is */
	KERNEL_SET_REMOVE,
};

/* Ranges of one family, disjoint; struct range4 or range6. */
struct kernel_ranges {
	const void *items;
	size_t count;
};

/* All of a frozen set's. */
struct kernel_ranges kernel_ranges_of(
    const struct address_set *set, uint8_t family);

/* Our table, unless it is there. */
void kernel_table_create(struct batch *batch);
void kernel_table_delete(struct batch *batch);

/* Refused if there is one of this name. */
void kernel_set_create(struct batch *batch, const struct kernel_set *set);
void kernel_set_delete(struct batch *batch, const char *name);
void kernel_set_flush(struct batch *batch, const char *name);

/*
 * Puts as many of the ranges into the batch as it should hold
 * (BATCH_BYTES_WANTED), from `at` on, and returns where the next one begins.
 */
size_t kernel_set_put(struct batch *batch, const struct kernel_set *set,
    enum kernel_set_change change, struct kernel_ranges ranges, size_t at);

/* One range (of one address, without has_intervals); ms 0: for ever. */
void kernel_set_put_one(struct batch *batch, const struct kernel_set *set,
    enum kernel_set_change change, const struct address_range *range,
    uint64_t timeout_ms);

#endif
