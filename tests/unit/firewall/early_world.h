/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Plans by chance, and the naive reading of one: every row, every range.
 */
#ifndef GATEHOUSE_TESTS_FIREWALL_EARLY_WORLD_H
#define GATEHOUSE_TESTS_FIREWALL_EARLY_WORLD_H

#include "bpf/early_drop.h"
#include "firewall/early_plan.h"

#include "base/vec.h"

#include <errno.h>
#include <stdlib.h>

/* xorshift64*: the same numbers on every machine. */
static inline uint64_t
chance(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 2685821657736338717u;
}

static inline uint32_t
chance_below(uint64_t *seed, uint32_t end)
{
	return (uint32_t)(chance(seed) % end);
}

/* Ranges of small gaps and lengths from `at` on, dealt out to the rows. */
static inline void
deal4(struct early_plan *plan, uint64_t *seed, uint64_t at, uint64_t end,
    uint32_t length_max)
{
	while (true) {
		uint64_t first = at + 1 + chance_below(seed, length_max);
		uint64_t last = first + chance_below(seed, length_max);
		size_t row = chance_below(seed, (uint32_t)plan->row_count);
		struct range4 range = { (uint32_t)first, (uint32_t)last };
		if (last > end)
			return;
		if (VEC_ADD(&plan->rows[row].v4, range) < 0)
			abort();
		plan->range_count++;
		at = last + 1;
	}
}

/* The same in the last 32 bits of IPv6 behind `top`. */
static inline void
deal6(struct early_plan *plan, uint64_t *seed, const uint64_t top[static 2],
    uint32_t count, uint32_t length_max)
{
	uint64_t at = top[1];

	for (uint32_t i = 0; i < count; i++) {
		uint64_t first = at + 1 + chance_below(seed, length_max);
		uint64_t last = first + chance_below(seed, length_max);
		size_t row = chance_below(seed, (uint32_t)plan->row_count);
		struct range6 range = { { top[0], first }, { top[0], last } };
		if (VEC_ADD(&plan->rows[row].v6, range) < 0)
			abort();
		plan->range_count++;
		at = last + 1;
	}
}

/* EARLY_ROWS_MAX: none has it. */
static inline uint32_t
naive_row4(const struct early_plan *plan, uint32_t address)
{
	for (size_t i = 0; i < plan->row_count; i++)
		for (size_t j = 0; j < plan->rows[i].v4.count; j++)
			if (plan->rows[i].v4.items[j].first <= address &&
			    address <= plan->rows[i].v4.items[j].last)
				return (uint32_t)i;
	return EARLY_ROWS_MAX;
}

static inline uint32_t
naive_row6(const struct early_plan *plan, const uint64_t address[static 2])
{
	for (size_t i = 0; i < plan->row_count; i++)
		for (size_t j = 0; j < plan->rows[i].v6.count; j++) {
			const struct range6 *one = &plan->rows[i].v6.items[j];
			__extension__ unsigned __int128 at = address[0],
							first = one->first[0],
							last = one->last[0];
			at = at << 64 | address[1];
			first = first << 64 | one->first[1];
			last = last << 64 | one->last[1];
			if (first <= at && at <= last)
				return (uint32_t)i;
		}
	return EARLY_ROWS_MAX;
}

#endif
