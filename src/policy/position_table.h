/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/position_table: states of automata that walk many patterns at once: a
 * state is a list of rising positions, kept once, and has a number.
 */
#ifndef GATEHOUSE_POLICY_POSITION_TABLE_H
#define GATEHOUSE_POLICY_POSITION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct position_table {
	struct {
		uint32_t *items;
		size_t count, room;
	} positions; /* of all states, one after the other */
	struct {
		size_t *items; /* where each ends */
		size_t count, room;
	} ends;
	uint32_t *table; /* open addressing; 0: free, else state + 1 */
	size_t table_room;
};

/* 0 or -ENOMEM; fini in any case. */
int position_table_init(struct position_table *table);
void position_table_fini(struct position_table *table);

/* The state of these positions in any order, which are sorted; or -ENOMEM. */
long position_table_add(struct position_table *table, uint32_t *positions,
    size_t count, bool *ret_new);

static inline size_t
position_table_count(const struct position_table *table)
{
	return table->ends.count;
}

/* The positions of a state, lent until the next is added. */
const uint32_t *position_table_at(
    const struct position_table *table, size_t state, size_t *ret_count);

#endif
