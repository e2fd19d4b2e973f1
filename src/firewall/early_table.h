/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * firewall/early_table: a plan in the form that the kernel's program reads.
 *
 * Of IPv4 the words, spans and blocks of bpf/early_drop.h, of IPv6 prefixes and
 * the stems that they grow from.  Made in memory of our own and copied into the
 * program's before it runs: 8 MiB for the words, 2 bytes for each /24 of which
 * a part is listed, and 32 more for each of which several are.
 */
#ifndef GATEHOUSE_FIREWALL_EARLY_TABLE_H
#define GATEHOUSE_FIREWALL_EARLY_TABLE_H

#include "bpf/early_drop.h"
#include "firewall/early_plan.h"

/* Of /24s; a million prefixes as they are published need a third of it. */
#define EARLY_TABLE_SPANS_MAX ((size_t)1 << 21)

/* The trie takes 1 us for each when it is filled, and long to be freed. */
#define EARLY_TABLE_PREFIXES_MAX ((size_t)1 << 18)

struct early_table {
	struct {
		struct early_word *items;
		size_t count, room;
	} words; /* 0: nothing of IPv4 */
	struct {
		uint16_t *items;
		size_t count, room;
	} spans;
	struct {
		struct early_block *items;
		size_t count, room;
	} blocks;
	struct {
		struct early_prefix *items;
		size_t count, room;
	} prefixes;
	struct {
		uint32_t *items;
		size_t count, room;
	} prefix_rows; /* one for each prefix */
	uint64_t stems[EARLY_STEM_WORDS];
};

/*
 * 0, -ENOMEM, or -E2BIG: more than the limits above.  early_table_fini in any
 * case.
 */
int early_table_fill(const struct early_plan *plan, struct early_table *ret);
void early_table_fini(struct early_table *table);

#endif
