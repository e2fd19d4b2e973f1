/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy/name_index: a million names that no longer change.
 *
 *	filter  one byte a name: "certainly not" in one look
 *	starts  one offset for each GROUP names
 *	           |
 *	bytes   len data name  len data name ...	ascending by hash
 *
 * The names lie in the order of their hashes, so a hash leads to a group of
 * them, and a group fits in two lines of the cache.  With a million names the
 * filter and the starts stay in a core's own cache: a miss costs no access to
 * memory, a hit costs one.  3.2 bytes a name besides itself and its data.
 *
 * Measured with 1,000,000 names of 16 bytes on a busy machine (bench/lists): a
 * miss 60 to 85 ns, a hit 160 to 270 where one access to memory takes 70 to
 * 230; half and half 140 to 210.  An ordered hash table of slots beside the
 * names took 28.8 bytes a name instead of 21.7, and a miss 100 ns; fetching a
 * group's second line ahead gained nothing.
 *
 * Read by any thread.
 */
#ifndef GATEHOUSE_POLICY_NAME_INDEX_H
#define GATEHOUSE_POLICY_NAME_INDEX_H

#include "policy/name_table.h"

struct name_index {
	uint8_t *bytes;
	uint32_t *starts; /* groups + 1 */
	uint64_t *filter;
	size_t count;
	size_t groups;    /* 0: nothing was built */
	size_t group_max; /* names in the fullest group */
	uint64_t seed;
	uint8_t data_bytes;
};

void name_index_fini(struct name_index *index);

/*
 * Of the table's names, but those whose data are all zero.  0 or -ENOMEM; the
 * table stays.
 */
int name_index_build(struct name_index *ret, const struct name_table *table);

/* The data of the name, or NULL; `hash` is name_hash(index->seed, name). */
const uint8_t *name_index_find(
    const struct name_index *index, struct str name, uint32_t hash);

/* How many slots there are, and the i-th; NULL when it is free. */
size_t name_index_room(const struct name_index *index);
const uint8_t *name_index_slot(
    const struct name_index *index, size_t slot, struct str *ret_name);

/* Puts all names back into an empty table. */
int name_index_reopen(const struct name_index *index, struct name_table *table);

#endif
