/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/name_table: names while they are gathered, each with a few bytes.
 *
 *	slots   hash at | hash at |  free   | hash at | ...   by hash
 *	                    |
 *	bytes   ... len data name  len data name ...
 *
 * A slot's place follows from its hash and grows with it, and a run of taken
 * slots is kept ascending.  So a search stops at the first higher hash (a miss
 * costs what a hit costs), the table grows by one sweep without looking at a
 * name, and name_index packs it by another.
 *
 * The hash has no secret until somebody's names crowd together: a run of
 * RUN_MAX slots draws a seed at random.  So whoever writes a list cannot make
 * it slow, and for all other lists the order of the slots is always the same.
 */
#ifndef GATEHOUSE_POLICY_NAME_TABLE_H
#define GATEHOUSE_POLICY_NAME_TABLE_H

#include "policy/name_hash.h"

#include "base/text.h"

#define NAME_TABLE_RUN_MAX 1024

struct name_slot {
	uint32_t hash;
	uint32_t at; /* offset in bytes, plus one; 0: free */
};

struct name_table {
	struct text bytes;
	struct name_slot *slots;
	size_t count;
	size_t span; /* where a hash may begin; behind it lies room for a run */
	size_t room; /* all slots */
	uint64_t seed;
	uint8_t data_bytes; /* of each name */
};

void name_table_fini(struct name_table *table);

/*
 * Room for so many names more.  To be asked for where names come in the order
 * of another table: without it they would all crowd at the start of this one.
 */
int name_table_reserve(struct name_table *table, size_t count);

/*
 * The data of this name, zeroed if it is new: data_bytes of them, the same at
 * each call.  They lie unaligned and move with the next call.  0, -ENOMEM, or
 * -E2BIG when the names would pass 4 GiB.  The name is not empty and at most
 * DOMAIN_NAME_MAX long.
 */
int name_table_put(struct name_table *table, struct str name,
    uint8_t data_bytes, uint8_t **ret_data);

/* The data of the name, or NULL; `hash` is name_hash(table->seed, name). */
uint8_t *name_table_find(
    const struct name_table *table, struct str name, uint32_t hash);

/* The i-th of `room` slots; NULL when it is free. */
uint8_t *name_table_slot(
    const struct name_table *table, size_t slot, struct str *ret_name);

#endif
